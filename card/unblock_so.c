/* SPDX-License-Identifier: BSD-3-Clause */
/* What is done to the PUK or card manager key while a card is unblocked, or alone. */
#include <string.h>

#include "card/clear.h"
#include "card/pin.h"
#include "card/unblock.h"
#include "policy/log.h"

static const char *
name_of(const struct so *so)
{
	return so->key ? "card manager key" : "PUK";
}

/* Known before anything is sent: no journal of it has to be resolved. */
static CK_RV
may_change(const struct card *c, const struct so *new, const char *pin)
{
	if (!so_logs_in(c, new) && c->profile.unblock_style != UNBLOCK_BY_PUK_PIN) {
		log_warning("%s: %sPUK unchanged: its module has no call for that; change it with "
			    "the card's own tools",
		    c->uri, pin);
		return CKR_FUNCTION_NOT_SUPPORTED;
	}
	if (so_fits(c, new))
		return CKR_OK;
	log_warning("%s: %s%s unchanged: the new one has %zu characters, which this token does not "
		    "take",
	    c->uri, pin, name_of(new), secret_len(new->pin));
	return CKR_PIN_LEN_RANGE;
}

static CK_RV
prove_by(struct card *c, const struct so *so, enum so_via via)
{
	CK_RV rv = so_begin_try(c, so, via);

	if (rv != CKR_OK)
		return rv == CKR_PIN_INCORRECT ? CKR_FUNCTION_FAILED : rv;
	rv = pin_prove_so(c, so);
	so_tried(c, via, rv);
	return rv;
}

static CK_RV
prove(struct card *c, const struct so *so)
{
	return prove_by(c, so, SO_VIA_REQUEST);
}

/*
 * A card that is pulled, or loses its power, may have done what it gave no answer to. Where it has
 * not, the old one gives back the try that the new one has cost; where that one is refused as well,
 * one of the answers was false.
 */
static CK_RV
find_out(struct card *c, const struct so *old, const struct so *new, CK_RV answer)
{
	CK_RV rv = prove(c, new);

	if (rv == CKR_OK)
		c->so_changed = false;
	else if (rv == CKR_PIN_INCORRECT)
		c->so_changed = prove(c, old) == CKR_PIN_INCORRECT;
	return rv == CKR_OK ? CKR_OK : answer;
}

CK_RV
unblock_set_so(struct card *c, const struct so *old, const struct so *new)
{
	CK_RV rv;

	c->so_changed = false;
	rv = pin_change_so(c, old, new);
	if (rv != CKR_OK && c->so_changed)
		rv = find_out(c, old, new, rv);
	return rv;
}

/* The journal stays open where nobody knows what is in force. */
static enum journal
journal_after(const struct card *c, enum journal journal)
{
	return c->so_changed ? journal : JOURNAL_NONE;
}

static void
log_unchanged(const struct card *c, const struct so *new, const char *pin, CK_RV rv)
{
	if (c->so_changed)
		log_error("%s: %swhether the new %s is in force is not known, since the card "
			  "answers %s; p11-latch recover finds it out",
		    c->uri, pin, name_of(new), rv_name(rv));
	else
		log_warning("%s: %s%s unchanged: the card answers %s", c->uri, pin, name_of(new),
		    rv_name(rv));
}

static CK_RV
change_to(struct card *c, const struct so *old, const struct so *new, enum journal journal)
{
	const char *pin = journal == JOURNAL_SO ? "PIN unblocked, " : "";
	CK_RV rv = may_change(c, new, pin);

	if (rv != CKR_OK)
		return rv;
	c->private.journal = journal;
	if (!card_note(c))
		return CKR_FUNCTION_FAILED;
	rv = unblock_set_so(c, old, new);
	if (rv != CKR_OK) {
		log_unchanged(c, new, pin, rv);
		return rv;
	}
	so_place(c, new);
	c->private.new_valid = true;
	c->private.foreign_so = false;
	memcpy(c->private.kcv, new->kcv, sizeof(new->kcv));
	log_info("%s: the new %s is in force", c->uri, name_of(new));
	return CKR_OK;
}

/* *changed: not where the new one is the valid one already. */
static CK_RV
change_so(struct card *c, const struct description *desc, const struct so *so, enum journal journal,
    bool *changed)
{
	CK_RV rv = CKR_OK;
	struct so new;

	*changed = false;
	if (desc == NULL || so == NULL || so->pin == NULL)
		return CKR_OK;
	if (!so_to_set(c, desc, &new)) {
		log_warning(
		    "%s: %sPUK or card manager key unchanged: the new one cannot be had, see above",
		    c->uri, journal == JOURNAL_SO ? "PIN unblocked, " : "");
		so_clear(&new);
		return CKR_FUNCTION_FAILED;
	}
	if (new.pin != NULL) {
		if (so_same(&new, so->pin))
			c->private.new_valid = true;
		else
			rv = change_to(c, so, &new, journal);
		*changed = rv == CKR_OK && !so_same(&new, so->pin);
	}
	so_clear(&new);
	return rv;
}

CK_RV
unblock_change_so(struct card *c, const struct description *desc, const struct so *so)
{
	bool changed;

	return change_so(c, desc, so, JOURNAL_SO, &changed);
}

/*
 * The old one is proved before anything else. Where the card does not show how many tries are left,
 * an interruption of the change would leave one counted that was none, and the new one, if it is
 * tried then and is not in force, would be another.
 */
static CK_RV
begin_change(struct card *c, const struct so *so, enum so_via via, bool *counted)
{
	CK_RV rv = so_begin_try(c, so, via);

	*counted = rv == CKR_OK;
	if (rv != CKR_OK || so->pad)
		return rv;
	rv = pin_prove_so(c, so);
	/* The change itself is the try, then. */
	if (pin_takes_no_same(rv))
		return CKR_OK;
	*counted = false;
	return so_tried(c, via, rv) ? rv : CKR_FUNCTION_FAILED;
}

CK_RV
unblock_so_only(struct card *c, const struct so *so, enum so_via via)
{
	bool counted, changed;
	CK_RV rv;

	c->so_changed = false;
	rv = begin_change(c, so, via, &counted);
	if (rv != CKR_OK)
		return rv;
	rv = change_so(
	    c, c->binding != NULL ? c->binding->unblock : NULL, so, JOURNAL_SO_ONLY, &changed);
	c->private.journal = journal_after(c, JOURNAL_SO_ONLY);
	/* The R of a scrambled card is made of the SO secret that was. */
	if (rv == CKR_OK && changed)
		c->private.has_salt = false;
	if (counted)
		so_tried(c, via, rv);
	return card_note(c) ? rv : CKR_FUNCTION_FAILED;
}

bool
unblock_follow(struct card *c, const struct so *so)
{
	const struct description *desc = c->binding != NULL ? c->binding->unblock : NULL;
	CK_RV rv = unblock_change_so(c, desc, so);

	c->private.journal = journal_after(c, JOURNAL_SO);
	c->private.pending = false;
	if (rv == CKR_OK && desc != NULL)
		clear_fields(c, desc);
	return card_note(c) && rv == CKR_OK;
}

/* --- A change that was interrupted --------------------------------------------------------------
 */

static bool
find_new(struct card *c, struct so *new)
{
	const struct description *desc = c->binding != NULL ? c->binding->unblock : NULL;

	memset(new, 0, sizeof(*new));
	return desc == NULL || so_to_set(c, desc, new);
}

/*
 * Which one is valid stays open as long as neither may be tried. A right login gives the tries
 * back; where the card itself shows what it has left, a count that begins anew here gives none.
 * That none is left is no reason to close it: a flag may be false, and the PIN is not lost.
 */
static void
log_stuck(const struct card *c)
{
	bool shown = (c->info.flags & SO_COUNT_FLAGS) != 0;

	if ((c->info.flags & CKF_SO_PIN_LOCKED) != 0)
		log_error("%s: was interrupted while its PUK or card manager key was changed, and "
			  "its SO PIN is locked since: neither unblocks it any more; to go on with "
			  "the PIN that it has, p11-latch forget, then p11-latch adopt",
		    c->uri);
	else
		log_error("%s: was interrupted while its PUK or card manager key was changed, and "
			  "which one is valid may not be tried: log in as SO with the right one by "
			  "any program, %sthen p11-latch recover; or have p11-latch unblock "
			  "--last-try --puk send the one that you give",
		    c->uri, shown ? "" : "or p11-latch reset, ");
}

static CK_RV
try_new(struct card *c, const struct so *new, enum so_via via)
{
	CK_RV rv = prove_by(c, new, via);

	if (rv == CKR_PIN_LOCKED || rv == CKR_FUNCTION_FAILED)
		log_stuck(c);
	c->private.new_valid = rv == CKR_OK;
	if (rv == CKR_OK)
		so_place(c, new);
	return rv;
}

/*
 * The new one was refused: then the old one is right, and gives back the try that the new one has
 * cost. Where it is not, it was the refusal that was wrong. Asking once more is within the budget,
 * or is not done.
 */
static CK_RV
doubt_refusal(struct card *c, const struct so *new)
{
	struct so old;
	CK_RV rv = CKR_OK;

	if (!so_of_policy(c, false, &old))
		return CKR_PIN_INCORRECT;
	if (old.pin != NULL && !so_same(new, old.pin))
		rv = prove(c, &old);
	so_clear(&old);
	if (rv != CKR_PIN_INCORRECT || prove(c, new) != CKR_OK)
		return CKR_PIN_INCORRECT;
	c->private.new_valid = true;
	so_place(c, new);
	return CKR_OK;
}

/* The one of before, as somebody gives it, where the policy has none or the same. */
static CK_RV
try_old(struct card *c, const struct secret *value)
{
	const struct description *desc = c->binding->unblock;
	CK_RV rv = CKR_FUNCTION_FAILED;
	struct so old = {0};

	if (!so_of_policy(c, false, &old))
		return rv;
	if (old.pin != NULL && !so_same(&old, value)) {
		log_error("%s: what was given is neither the PUK or card manager key that was to "
			  "be set nor the one before: nothing was sent",
		    c->uri);
		rv = CKR_PIN_LOCKED;
	} else if (old.pin != NULL ||
		   so_written(c, value, desc != NULL && description_uses_key(desc), "the terminal",
		       &old)) {
		rv = prove_by(c, &old, SO_VIA_LAST_TRY);
	}
	so_clear(&old);
	return rv;
}

/*
 * One try is left, and may be spent: on what a person says, and no guess. Which one that is he may
 * know from the card's holder, or from the log.
 */
static CK_RV
try_given(struct card *c, const struct so *new, const struct secret *value, bool *is_new)
{
	CK_RV rv;

	if (value == NULL || secret_len(value) == 0) {
		log_stuck(c);
		return CKR_PIN_LOCKED;
	}
	*is_new = so_same(new, value);
	if (*is_new)
		return try_new(c, new, SO_VIA_LAST_TRY);
	rv = try_old(c, value);
	if (rv == CKR_OK)
		c->private.new_valid = false;
	return rv;
}

static CK_RV
find_valid(
    struct card *c, const struct so *new, enum so_via via, const struct secret *value, bool *is_new)
{
	CK_RV rv;

	*is_new = false;
	if (new->pin == NULL)
		return CKR_OK;
	if (via == SO_VIA_LAST_TRY && so_is_last_try(c))
		return try_given(c, new, value, is_new);
	rv = try_new(c, new, SO_VIA_REQUEST);
	if (rv == CKR_PIN_INCORRECT)
		rv = doubt_refusal(c, new);
	*is_new = rv == CKR_OK;
	return rv == CKR_PIN_INCORRECT ? CKR_OK : rv;
}

static CK_RV
end_change(struct card *c, const struct so *new, bool is_new)
{
	log_info("%s: was interrupted while its PUK or card manager key was changed; the %s one is "
		 "valid",
	    c->uri, is_new ? "new" : "old");
	if (c->private.journal == JOURNAL_SO)
		return unblock_finish(c, is_new ? new : NULL);
	c->private.journal = JOURNAL_NONE;
	if (is_new || new->pin == NULL)
		c->private.has_salt = false;
	return card_note(c) ? CKR_OK : CKR_FUNCTION_FAILED;
}

CK_RV
unblock_resolve_by(struct card *c, enum so_via via, const struct secret *value)
{
	struct so new = {0};
	bool is_new;
	CK_RV rv;

	if (c->private.journal != JOURNAL_SO && c->private.journal != JOURNAL_SO_ONLY)
		return CKR_OK;
	if (c->office->caller == CALLER_ANYONE) {
		log_error("%s: was interrupted while its PUK or card manager key was changed; an "
			  "operator has "
			  "to run p11-latch recover",
		    c->uri);
		return CKR_PIN_LOCKED;
	}
	rv = find_new(c, &new) ? CKR_OK : CKR_FUNCTION_FAILED;
	if (rv == CKR_OK)
		rv = find_valid(c, &new, via, value, &is_new);
	if (rv == CKR_OK)
		rv = end_change(c, &new, is_new);
	so_clear(&new);
	return rv;
}

CK_RV
unblock_resolve(struct card *c)
{
	return unblock_resolve_by(c, SO_VIA_REQUEST, NULL);
}
