/* SPDX-License-Identifier: BSD-3-Clause */
/* The flows behind C_Login and C_SetPIN. */
#include <string.h>

#include "card/block.h"
#include "card/flow.h"
#include "card/offline.h"
#include "card/pad.h"
#include "card/personalized.h"
#include "card/pin.h"
#include "card/unblock.h"
#include "policy/log.h"

void
outcome_clear(struct outcome *o)
{
	secret_free(&o->r);
	secret_free(&o->pin);
	so_clear(&o->so);
	memset(o, 0, sizeof(*o));
}

static void
done(struct outcome *o, CK_RV rv)
{
	o->verdict = VERDICT_DONE;
	o->rv = rv_told(rv);
}

/* Whether R in the application's own process is the better way: modules that cache (design, section
 * 6). */
static bool
by_r(const struct card *c, const struct request *q)
{
	if (q->r_login)
		return true;
	return c->profile.caches && !q->stale && c->record.method == METHOD_SCRAMBLE &&
	       c->private.has_salt;
}

/*
 * Where R was no longer in force, as when another program set the PIN, a new one was set from here:
 * of no use in the application's process, which keeps what it read before, and where each value
 * tried would count on a TPM.
 */
static bool
r_is_too_new(const struct card *c)
{
	return c->profile.caches && c->changed;
}

/*
 * The way that always holds. What the application's own process keeps of the card is wrong
 * afterwards where the module caches: C_SetPIN has done what it is for all the same, C_Login has
 * not.
 */
static CK_RV
unblock_from_here(struct card *c, enum so_via via, const struct secret *new, struct outcome *o)
{
	CK_RV rv = unblock_with_pin(c, &o->so, via, new);

	if (rv != CKR_OK || !c->profile.caches)
		return rv;
	log_warning(
	    "%s: unblocked, but not in the program that asked: restart it before it logs in",
	    c->uri);
	return o->login ? CKR_FUNCTION_FAILED : CKR_OK;
}

/* Unblocks with o->so, and new becomes the PIN: by R in the application's process, or from here. */
static CK_RV
unblock(struct card *c, const struct request *q, const struct secret *new, struct outcome *o)
{
	CK_RV rv;

	if (!by_r(c, q) || o->so.pad || new == NULL)
		return unblock_from_here(c, q->via, new, o);
	rv = unblock_r(c, &o->so, q->via, &o->r);
	if (rv != CKR_OK)
		return rv;
	if (r_is_too_new(c)) {
		secret_free(&o->r);
		return unblock_from_here(c, q->via, new, o);
	}
	o->pin = secret_dup(new);
	if (o->pin == NULL || !unblock_announce(c))
		return CKR_FUNCTION_FAILED;
	o->verdict = VERDICT_SET_WITH_R;
	return CKR_OK;
}

static CK_RV
check_letter(const struct card *c, const struct secret *pin)
{
	CK_RV rv = unblock_check_pin(c, pin, NULL);
	size_t min, max;

	card_pin_bounds(c, &min, &max);
	if (rv != CKR_OK)
		log_error("%s: the PIN letter is no PIN that this card takes, with %zu to %zu "
			  "characters; correct PIN= of its Unblock description",
		    c->uri, min, max);
	return rv;
}

static void
login_letter(struct card *c, const struct request *q, struct outcome *o)
{
	CK_RV rv = check_letter(c, q->value);

	if (rv == CKR_OK)
		rv = unblock(c, q, q->value, o);
	if (rv != CKR_OK)
		done(o, rv);
	else if (o->verdict != VERDICT_SET_WITH_R)
		o->verdict = VERDICT_VENDOR;
}

static void
login_stale(struct card *c, struct outcome *o)
{
	log_error("%s: the program that logs in was started before the card was blocked and keeps "
		  "what it read then; restart it, then unblock the card",
	    c->uri);
	done(o, CKR_FUNCTION_FAILED);
}

/* The value is a right PUK or key: R is lent for this login, and the card stays blocked. */
static void
login_with_r(struct card *c, const struct request *q, enum row row, struct outcome *o)
{
	CK_RV rv;

	if (q->stale) {
		login_stale(c, o);
		return;
	}
	rv = unblock_r(c, &o->so, q->via, &o->r);
	if (rv == CKR_OK && r_is_too_new(c)) {
		secret_free(&o->r);
		login_stale(c, o);
	} else if (rv == CKR_OK) {
		o->verdict = VERDICT_USE_R;
	} else {
		done(o, row == ROW_OTHER && rv == CKR_PIN_INCORRECT ? CKR_PIN_LOCKED : rv);
	}
}

/*
 * A card that was scrambled at another desk shows nothing of it: a right response to the challenge
 * of its tickets says so. Any other value is the vendor's to judge.
 */
static bool
is_answered(struct card *c, const struct request *q, struct so *so)
{
	CK_RV rv;

	return !q->logged_in && offline_form(q->value) &&
	       offline_response(c, q->value, q->via, so, &rv) == OFFLINE_OPENS;
}

/*
 * The record first: from the scrambling on the card takes R alone, and by its record it may be in
 * use here, or not known. Where its SO secret was refused nothing was done, and it is put back.
 */
static void
login_answered(struct card *c, const struct request *q, struct outcome *o)
{
	struct record before = c->record;

	if (q->stale) {
		login_stale(c, o);
		return;
	}
	if (!card_record(c, RECORD_BLOCKED, METHOD_SCRAMBLE, false)) {
		done(o, CKR_FUNCTION_FAILED);
		return;
	}
	login_with_r(c, q, ROW_RESPONSE, o);
	if (o->verdict == VERDICT_DONE && (o->rv == CKR_PIN_INCORRECT || o->rv == CKR_PIN_LOCKED))
		card_record_back(c, &before);
}

void
flow_login(struct card *c, const struct request *q, struct outcome *o)
{
	const struct presented p = {.value = q->value, .via = q->via};
	enum row row;
	bool blocked;
	CK_RV rv;

	memset(o, 0, sizeof(*o));
	o->login = true;
	if (c->binding == NULL && c->record.state == RECORD_NONE) {
		o->verdict = VERDICT_VENDOR;
		if (q->locked)
			done(o, CKR_PIN_LOCKED);
		return;
	}
	blocked = card_blocked(c);
	rv = flow_begin(c, q);
	if (rv != CKR_OK) {
		done(o, rv);
		return;
	}
	if (!card_blocked(c)) {
		o->verdict = VERDICT_VENDOR;
		if (is_answered(c, q, &o->so)) {
			login_answered(c, q, o);
			return;
		}
		/* Presented again after an unblocking that had succeeded; as PIN it costs a try. */
		if (blocked && q->value != NULL && flow_is_policys(c, q->value))
			done(o, CKR_PIN_INCORRECT);
		return;
	}
	rv = row_find(c, &p, &row, &o->so);
	if (rv != CKR_OK)
		done(o, rv);
	else if (row == ROW_LETTER)
		login_letter(c, q, o);
	else
		login_with_r(c, q, row, o);
}

static bool
begins_personalization(const struct card *c, const struct request *q)
{
	const struct binding *b = c->binding;
	bool held;

	if (b == NULL || !personalizes(b->personalize) || !q->logged_in ||
	    c->record.state != RECORD_NONE)
		return false;
	/* Under p11-latch personalize it is meant, where there is no C_InitPIN to begin with. */
	held = q->hold != NULL && (b->personalize_on == PERSONALIZE_ON_COMMAND ||
				      c->profile.unblock_style != UNBLOCK_BY_INIT_PIN);
	return b->personalize_on == PERSONALIZE_ON_SET_PIN || held;
}

static void
set_pin_open(struct card *c, const struct request *q, struct outcome *o)
{
	CK_RV rv;

	o->verdict = VERDICT_VENDOR;
	if (!begins_personalization(c, q))
		return;
	rv = flow_personalize(c, q->hold);
	if (rv != CKR_OK)
		done(o, rv);
	else
		o->verdict = VERDICT_PERSONALIZE;
}

static bool
set_pin_answered(struct card *c, const struct request *q, struct outcome *o)
{
	CK_RV rv;

	if (!is_answered(c, q, &o->so))
		return false;
	rv = unblock_check_pin(c, q->new_pin, q->value);
	if (rv == CKR_OK)
		rv = unblock(c, q, q->new_pin, o);
	if (rv != CKR_OK || o->verdict != VERDICT_SET_WITH_R)
		done(o, rv);
	return true;
}

/* The value without the prefix; NULL where it has none, or there is no memory. */
static struct secret *
without(const struct secret *value, const char *prefix)
{
	size_t n = strlen(prefix);

	if (value == NULL || secret_len(value) <= n || memcmp(secret_bytes(value), prefix, n) != 0)
		return NULL;
	return secret_new(secret_bytes(value) + n, secret_len(value) - n);
}

static void
set_pin(struct card *c, const struct request *q, struct outcome *o)
{
	struct presented p = {.value = q->value, .via = q->via};
	struct pad pad;
	bool again;
	enum row row;
	CK_RV rv;

	if (c->binding == NULL && c->record.state == RECORD_NONE) {
		o->verdict = VERDICT_VENDOR;
		return;
	}
	again = card_blocked(c) && q->value != NULL && flow_is_policys(c, q->value);
	rv = flow_begin(c, q);
	if (rv != CKR_OK) {
		done(o, rv);
		return;
	}
	if (!card_blocked(c)) {
		/* Presented again after an unblocking that had succeeded; as PIN it costs a try. */
		if (again)
			done(o, CKR_PIN_INCORRECT);
		else if (!set_pin_answered(c, q, o))
			set_pin_open(c, q, o);
		return;
	}
	rv = pad_find(c, q->value != NULL && secret_len(q->value) > 0, q->new_pin != NULL, &pad);
	p.pad = pad.so;
	if (rv == CKR_OK && !pad.pin && q->new_pin == NULL) {
		/* The application's own fault, as its vendor's module would have it. */
		o->verdict = VERDICT_DONE;
		o->rv = CKR_ARGUMENTS_BAD;
		return;
	}
	if (rv == CKR_OK && !pad.pin)
		rv = unblock_check_pin(c, q->new_pin, q->value);
	if (rv == CKR_OK)
		rv = row_find(c, &p, &row, &o->so);
	if (rv == CKR_OK)
		rv = unblock(c, q, q->new_pin, o);
	if (rv != CKR_OK || o->verdict != VERDICT_SET_WITH_R)
		done(o, rv);
}

/* With ykcs11 any new value that is not written as PIN becomes the PUK. */
static bool
changes_puk(const struct card *c, const struct request *q)
{
	struct secret *puk, *pin;
	bool is;

	if (c->profile.unblock_style != UNBLOCK_BY_PUK_PIN)
		return false;
	puk = without(q->value, "puk:");
	pin = without(q->new_pin, "pin:");
	is = puk != NULL && pin == NULL;
	secret_free(&puk);
	secret_free(&pin);
	return is;
}

/* That is the card's own business as long as it is not blocked, and begins no personalization. */
static void
set_puk(struct card *c, const struct request *q, struct outcome *o)
{
	CK_RV rv;

	o->verdict = VERDICT_VENDOR;
	if (c->binding == NULL && c->record.state == RECORD_NONE)
		return;
	rv = flow_begin(c, q);
	if (rv == CKR_OK && card_blocked(c)) {
		log_error("%s: is blocked, and its PUK is not changed by a program: PUK= of its "
			  "Unblock description does, or a program when it is unblocked (old value "
			  "\"puk:PUK\", new value \"pin:PIN\")",
		    c->uri);
		rv = CKR_FUNCTION_FAILED;
	}
	if (rv != CKR_OK)
		done(o, rv);
}

/* Programs that know ykcs11 write its prefixes before PUK and PIN; others do not. */
void
flow_set_pin(struct card *c, const struct request *q, struct outcome *o)
{
	struct secret *value = NULL, *new_pin = NULL;
	struct request bare = *q;

	memset(o, 0, sizeof(*o));
	bare.untouched = q->logged_in && !q->locked;
	if (changes_puk(c, q)) {
		set_puk(c, &bare, o);
		return;
	}
	if (c->profile.unblock_style == UNBLOCK_BY_PUK_PIN &&
	    (value = without(q->value, "puk:")) != NULL &&
	    (new_pin = without(q->new_pin, "pin:")) != NULL) {
		bare.value = value;
		bare.new_pin = new_pin;
	}
	set_pin(c, &bare, o);
	secret_free(&value);
	secret_free(&new_pin);
}

/*
 * The new PIN in place of R was refused, and may be in force: where to try it costs the card
 * nothing, or, while it is blocked, one of all its tries, which the next login with R gives back.
 */
static bool
in_force_all_the_same(struct card *c, const struct secret *pin)
{
	const CK_FLAGS lost = CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED;

	if (c->profile.never_guess)
		return false;
	if (c->profile.user_counter &&
	    (!card_blocked(c) || card_peek(c) != CKR_OK || (c->info.flags & lost) != 0))
		return false;
	return pin_login(c, pin) == CKR_OK;
}

void
flow_result(struct card *c, CK_RV rv, struct outcome *o)
{
	if (pin_unchanged(c, rv) && rv != CKR_PIN_EXPIRED && rv != CKR_PIN_LEN_RANGE &&
	    rv != CKR_PIN_INVALID)
		log_debug("%s: C_SetPIN with R: %s", c->uri, rv_name(rv));
	if ((rv == CKR_PIN_LEN_RANGE || rv == CKR_PIN_INVALID) && in_force_all_the_same(c, o->pin))
		rv = CKR_OK;
	if (rv == CKR_PIN_LEN_RANGE || rv == CKR_PIN_INVALID) {
		c->private.journal = JOURNAL_NONE;
		done(o, card_note(c) ? rv : CKR_FUNCTION_FAILED);
		return;
	}
	if (rv == CKR_OK && pin_stays(c, o->pin) == CKR_OK) {
		o->by_caller = true;
		done(o, unblock_finish(c, &o->so));
		return;
	}
	done(o, unblock_from_here(c, SO_VIA_REQUEST, o->pin, o));
}
