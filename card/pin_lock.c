/* SPDX-License-Identifier: BSD-3-Clause */
/* Locking a card's PIN by wrong ones. */
#include "card/pin.h"
#include "card/scramble.h"
#include "policy/log.h"

#define LOCK_MOST 32

/* One wrong PIN after the other, until the card answers something else than CKR_PIN_INCORRECT. */
static CK_RV
wrong_logins(struct work *w, void *arg)
{
	CK_SESSION_HANDLE session;
	unsigned *left = arg;
	size_t min, max;
	CK_RV rv;

	card_pin_bounds(w->card, &min, &max);
	rv = w->f->C_OpenSession(w->slot, CKF_SERIAL_SESSION, NULL, NULL, &session);
	if (rv != CKR_OK)
		return rv;
	while (rv == CKR_OK && *left > 0) {
		struct secret *pin = random_pin(max < 8 ? max : 8 < min ? min : 8);

		if (pin == NULL) {
			rv = CKR_HOST_MEMORY;
			break;
		}
		(*left)--;
		w->card->changed = true;
		rv = w->f->C_Login(session, CKU_USER, secret_data(pin), secret_len(pin));
		secret_free(&pin);
		if (rv == CKR_OK)
			w->f->C_Logout(session);
		else if (rv == CKR_PIN_INCORRECT)
			rv = CKR_OK;
	}
	w->f->C_CloseSession(session);
	return rv;
}

CK_RV
pin_lock(struct card *c)
{
	unsigned left = LOCK_MOST;
	bool changed = c->changed;
	CK_RV rv;

	rv = card_work(c, wrong_logins, &left);
	if (rv == CKR_OK)
		c->changed = changed;
	if (rv != CKR_PIN_LOCKED) {
		log_error("%s: does not lock: after %u wrong PINs it answers %s", c->uri,
		    LOCK_MOST - left, rv_name(rv));
		return rv == CKR_OK ? CKR_FUNCTION_FAILED : rv;
	}
	/* Believed when a new load sees it. */
	left = 1;
	rv = card_work(c, wrong_logins, &left);
	if (rv == CKR_PIN_LOCKED ||
	    (c->profile.shows_lock && (c->info.flags & CKF_USER_PIN_LOCKED)))
		return CKR_OK;
	log_error(
	    "%s: said that it is locked, but in a fresh load answers %s", c->uri, rv_name(rv));
	return CKR_FUNCTION_FAILED;
}
