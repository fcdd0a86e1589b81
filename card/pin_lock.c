/* SPDX-License-Identifier: BSD-3-Clause */
/* Locking a card's PIN by wrong ones. */
#include "card/pin_part.h"
#include "card/scramble.h"
#include "policy/log.h"

#define LOCK_MOST 32

struct tries {
	unsigned left;
	bool locked; /* the card has said so, or shows it */
	bool no_pin;
};

static size_t
length_for(const struct card *c)
{
	size_t min, max;

	card_pin_bounds(c, &min, &max);
	return max < 8 ? max : 8 < min ? min : 8;
}

/* SmartPGP's word for a wrong one is CKR_USER_NOT_LOGGED_IN. */
static bool
is_wrong(CK_RV rv)
{
	return rv == CKR_PIN_INCORRECT || rv == CKR_USER_NOT_LOGGED_IN;
}

/* Some cards never say CKR_PIN_LOCKED, but show it after a try (IsoApplet under OpenSC 0.23). */
static bool
shows_lock(struct work *w)
{
	CK_TOKEN_INFO info;

	return w->f->C_GetTokenInfo(w->slot, &info) == CKR_OK &&
	       (info.flags & CKF_USER_PIN_LOCKED) != 0;
}

/* The PIN is random, and should it ever be right, drawn again. */
static CK_RV
wrong_login(struct work *w, CK_SESSION_HANDLE session)
{
	struct secret *pin = random_pin(length_for(w->card), w->card->profile.pin_digits);
	CK_RV rv;

	if (pin == NULL)
		return CKR_HOST_MEMORY;
	w->card->changed = true;
	rv = w->f->C_Login(session, CKU_USER, pin_bytes(pin), secret_len(pin));
	secret_free(&pin);
	if (rv == CKR_OK)
		w->f->C_Logout(session);
	return is_wrong(rv) ? CKR_OK : rv;
}

/*
 * One wrong PIN after the other, until the card answers something else than that it is wrong. A
 * flag that was there before the first of them says nothing, until no counter can have any left.
 */
static CK_RV
wrong_logins(struct work *w, void *arg)
{
	bool shown = (w->card->info.flags & CKF_USER_PIN_LOCKED) != 0;
	CK_SESSION_HANDLE session;
	struct tries *t = arg;
	CK_RV rv;

	rv = pin_open_session(w, false, &session);
	if (rv != CKR_OK)
		return rv;
	while (rv == CKR_OK && !t->locked && t->left > 0) {
		t->left--;
		rv = wrong_login(w, session);
		t->locked = rv == CKR_PIN_LOCKED ||
			    (rv == CKR_OK && (!shown || t->left == 0) && shows_lock(w));
	}
	w->f->C_CloseSession(session);
	return rv;
}

/* Believed when a new load sees it. */
static CK_RV
see_locked(struct card *c)
{
	struct tries t = {.left = 1};
	CK_RV rv = card_work(c, wrong_logins, &t);

	if (t.locked || (c->profile.shows_lock && (c->info.flags & CKF_USER_PIN_LOCKED)))
		return CKR_OK;
	log_error(
	    "%s: said that it is locked, but in a fresh load answers %s", c->uri, rv_name(rv));
	return CKR_FUNCTION_FAILED;
}

/* That there is no PIN to be locked is an answer, and no fault to be logged. */
static CK_RV
look_for_lock(struct work *w, void *arg)
{
	struct tries *t = arg;
	CK_RV rv = wrong_logins(w, t);

	t->no_pin = rv == CKR_USER_PIN_NOT_INITIALIZED;
	return t->no_pin ? CKR_OK : rv;
}

CK_RV
pin_is_locked(struct card *c, bool *locked)
{
	struct tries t = {.left = 1};
	CK_RV rv = card_work(c, look_for_lock, &t);

	*locked = t.locked;
	if (t.no_pin)
		return CKR_USER_PIN_NOT_INITIALIZED;
	return t.locked ? CKR_OK : rv;
}

CK_RV
pin_lock(struct card *c)
{
	struct tries t = {.left = LOCK_MOST};
	bool changed = c->changed;
	CK_RV rv;

	rv = card_work(c, wrong_logins, &t);
	if (rv == CKR_ARGUMENTS_BAD && (c->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0)
		log_error("%s: its module takes PINs from the reader's PIN pad only, so that "
			  "nobody but a person can lock it",
		    c->uri);
	if (t.locked)
		return see_locked(c);
	if (rv == CKR_OK)
		c->changed = changed;
	log_error("%s: does not lock: after %u wrong PINs it answers %s", c->uri,
	    LOCK_MOST - t.left, rv_name(rv == CKR_OK ? CKR_PIN_INCORRECT : rv));
	return rv == CKR_OK ? CKR_FUNCTION_FAILED : rv;
}
