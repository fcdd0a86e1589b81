/* SPDX-License-Identifier: BSD-3-Clause */
/* One piece of work on a card: a fresh load, and again where another process disturbed it. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "card/card.h"
#include "card/pin.h"
#include "policy/log.h"

#define ATTEMPTS       12
#define PAUSE_FIRST_MS 4
#define PAUSE_MOST_MS  100

/* A token that is really gone is asked for this many times, so that a person waits for an instant
 * only. */
#define ATTEMPTS_ABSENT 4

static void
pause_ms(unsigned ms)
{
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	nanosleep(&ts, NULL);
}

/*
 * What SoftHSM, openCryptoki and OpenSC were seen to answer because another process worked with the
 * same token at that moment, and not again in a fresh load.
 */
static bool
disturbed(CK_RV rv)
{
	switch (rv) {
	case CKR_GENERAL_ERROR:
	case CKR_FUNCTION_FAILED:
	case CKR_TOKEN_NOT_RECOGNIZED:
	case CKR_TOKEN_NOT_PRESENT:
	case CKR_SLOT_ID_INVALID:
	case CKR_DEVICE_ERROR:
	case CKR_SESSION_HANDLE_INVALID:
	case CKR_SESSION_CLOSED:
	case CKR_USER_NOT_LOGGED_IN:
		return true;
	default:
		return false;
	}
}

/* *dead: the module does not even begin; its service is down, and trying again is of no use. */
static CK_RV
load(struct card *c, struct work *w, bool *dead)
{
	struct vendor *v = c->office->vendor;
	struct token t;
	CK_RV rv;

	rv = vendor_start(v);
	*dead = rv != CKR_OK && !disturbed(rv);
	if (rv != CKR_OK)
		return rv;
	rv = vendor_find(v, &c->id, c->profile.label_identity, c->profile.many_slots, &t);
	if (rv != CKR_OK)
		return rv_without_pin(rv);
	w->slot = t.slot;
	c->info = t.info;
	return card_fits(c) ? CKR_OK : CKR_FUNCTION_REJECTED;
}

/* What one attempt leaves for the next. */
struct attempt {
	bool dead;  /* the module does not even begin */
	bool asked; /* as fn left them, */
	CK_FLAGS spent;
	CK_RV rv;       /* with this answer */
	CK_FLAGS flags; /* of the token before */
};

/*
 * Modules answer a wrong PIN with what they also answer when they are disturbed (SmartPGP:
 * CKR_USER_NOT_LOGGED_IN, OpenSC's PIV: CKR_GENERAL_ERROR). openCryptoki alone was measured to give
 * these two under contention, and CKR_PIN_INCORRECT for a wrong one.
 */
static bool
is_final(const struct card *c, const struct attempt *a)
{
	if (a->asked)
		return true;
	return a->spent != 0 && !(c->profile.so_login_proves &&
				    (a->rv == CKR_FUNCTION_FAILED || a->rv == CKR_SLOT_ID_INVALID));
}

static bool
was_counted(const struct card *c, const struct attempt *a)
{
	return (c->info.flags & ~a->flags & a->spent) != 0;
}

static CK_RV
once(struct card *c, work_fn fn, void *arg, struct attempt *a)
{
	struct vendor *v = c->office->vendor;
	struct work w = {.card = c, .f = v->f, .slot = c->kept_slot};
	CK_RV rv = c->kept ? CKR_OK : load(c, &w, &a->dead);

	c->kept = false;
	if (rv == CKR_OK && was_counted(c, a)) {
		rv = CKR_PIN_INCORRECT;
	} else if (rv == CKR_OK) {
		a->flags = c->info.flags;
		rv = a->rv = fn(&w, arg);
		a->spent = w.spent;
		a->asked = w.asked;
	}
	if (rv == CKR_OK && c->keep) {
		c->keep = false;
		c->kept = true;
		c->kept_slot = w.slot;
	} else {
		vendor_stop(v);
	}
	return rv;
}

void
card_keep(struct card *c)
{
	c->keep = true;
}

void
card_cool(struct card *c)
{
	if (c->kept)
		vendor_stop(c->office->vendor);
	c->keep = c->kept = false;
}

static void
log_fault(const struct card *c, CK_RV rv)
{
	const struct vendor *v = c->office->vendor;

	if (rv != CKR_OK && v->refused)
		log_error("%s: %s: C_Initialize: %s; %s", c->uri, v->path, rv_name(rv),
		    vendor_remedy(v, rv));
	else if (rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_DEVICE_REMOVED)
		log_error("%s: the card or its module answers %s; is it in its reader?", c->uri,
		    rv_name(rv));
	else if (disturbed(rv) || !rv_is_told(rv))
		log_error("%s: the card or its module answers %s", c->uri, rv_name(rv));
}

CK_RV
card_work(struct card *c, work_fn fn, void *arg)
{
	unsigned attempt, pause = PAUSE_FIRST_MS;
	struct attempt a = {0};
	CK_RV rv;

	for (attempt = 1;; attempt++) {
		rv = once(c, fn, arg, &a);
		if (a.dead || !disturbed(rv) || is_final(c, &a) || attempt == ATTEMPTS ||
		    (rv == CKR_TOKEN_NOT_PRESENT && attempt == ATTEMPTS_ABSENT))
			break;
		log_debug("%s: %s, again in %u ms", c->uri, rv_name(rv), pause);
		pause_ms(pause);
		pause = 2 * pause < PAUSE_MOST_MS ? 2 * pause : PAUSE_MOST_MS;
	}
	/* What refuses a token by this word has said why. */
	if (rv != CKR_FUNCTION_REJECTED || a.rv == rv)
		log_fault(c, rv);
	return a.dead || rv == CKR_FUNCTION_REJECTED ? CKR_FUNCTION_FAILED : rv;
}

static CK_RV
nothing(struct work *w, void *arg)
{
	(void)w;
	(void)arg;
	return CKR_OK;
}

CK_RV
card_peek(struct card *c)
{
	return card_work(c, nothing, NULL);
}

bool
card_reborn(const struct card *c)
{
	return c->profile.shows_life && (c->info.flags & CKF_USER_PIN_INITIALIZED) == 0;
}

/* Blocked by its lock, says the record, and the card says otherwise. */
static bool
is_unlocked(const struct card *c)
{
	return c->record.state == RECORD_BLOCKED && c->record.method == METHOD_LOCK &&
	       c->profile.shows_lock && (c->info.flags & CKF_USER_PIN_LOCKED) == 0;
}

CK_RV
card_surely(struct card *c, bool (*shows)(const struct card *c), bool *shown)
{
	unsigned i;
	CK_RV rv;

	*shown = shows(c);
	if (*shown)
		card_cool(c);
	for (i = 0; *shown && i < 2; i++) {
		pause_ms(20);
		rv = card_peek(c);
		if (rv != CKR_OK)
			return rv;
		*shown = shows(c);
	}
	return CKR_OK;
}

/* Where a wrong PIN costs its user nothing: a card without any answers otherwise. */
static bool
has_pin(struct card *c)
{
	bool locked;

	if (c->profile.never_guess || (c->profile.user_counter && !card_blocked(c)))
		return false;
	return pin_is_locked(c, &locked) == CKR_OK;
}

/* An unblocking of p11-latch's own was under way, or its PIN is set already. */
static bool
was_unblocking(const struct card *c)
{
	return c->private.journal == JOURNAL_UNBLOCK || c->private.journal == JOURNAL_SO;
}

/*
 * A module that never shows the flag shows none of a locked card either. Where it shows that tries
 * were lost it shows flags, and no other is lost for this; nor where it is known what unlocked it.
 */
static bool
is_locked_all_the_same(struct card *c)
{
	bool locked = false;

	if (c->profile.never_guess || was_unblocking(c) ||
	    (c->info.flags & (CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY)) != 0)
		return false;
	return pin_is_locked(c, &locked) == CKR_OK && locked;
}

CK_RV
card_look(struct card *c)
{
	bool reborn, unlocked;
	CK_RV rv;

	rv = card_peek(c);
	if (rv != CKR_OK || c->lock < 0 || c->record.state == RECORD_NONE)
		return rv;
	rv = card_surely(c, card_reborn, &reborn);
	if (rv != CKR_OK)
		return rv;
	if (reborn && has_pin(c)) {
		log_error("%s: its module shows that it has no PIN, and it has one: write "
			  "Profile.ShowsLife=false into its binding",
		    c->uri);
		/* Nor is it believed when it is in use, and nobody can look. */
		c->profile.shows_life = reborn = false;
	}
	if (reborn) {
		log_info("%s: the card %s; what was known of it is dropped", c->uri,
		    c->record.state == RECORD_PERSONALIZING ? "has no PIN yet"
							    : "was initialised anew");
		return card_forget(c) ? CKR_OK : CKR_FUNCTION_FAILED;
	}
	rv = card_surely(c, is_unlocked, &unlocked);
	if (rv != CKR_OK || !unlocked)
		return rv;
	if (is_locked_all_the_same(c)) {
		log_error("%s: its module does not show that it is locked: write "
			  "Profile.ShowsLock=false into its binding",
		    c->uri);
		return CKR_OK;
	}
	log_info("%s: the card is not locked any more: %s", c->uri,
	    was_unblocking(c) ? "its unblocking was interrupted" : "it was unblocked elsewhere");
	return card_record(c, RECORD_ACTIVE, METHOD_NONE, true) ? CKR_OK : CKR_FUNCTION_FAILED;
}
