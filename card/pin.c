/* SPDX-License-Identifier: BSD-3-Clause */
/* What is done to the PINs of a card, each in one fresh load and seen in another. */
#include <string.h>
#include <time.h>

#include "card/pin.h"
#include "card/scramble.h"
#include "policy/log.h"

#define REPEATS       10 /* of what another process made be lost */
#define LOCK_MOST     32
#define LOOKS         3
#define LOOK_AGAIN_MS 10

struct job {
	const struct so *so, *new_so;
	const struct secret *pin;
	bool proved; /* a login with so has succeeded */
	CK_RV user;
};

static CK_BYTE *
bytes(const struct secret *s)
{
	return (CK_BYTE *)(uintptr_t)secret_bytes(s);
}

static CK_RV
open_session(struct work *w, bool writable, CK_SESSION_HANDLE *session)
{
	CK_FLAGS flags = CKF_SERIAL_SESSION | (writable ? CKF_RW_SESSION : 0);

	return w->f->C_OpenSession(w->slot, flags, NULL, NULL, session);
}

static CK_RV
login_once(struct work *w, CK_USER_TYPE user, const struct secret *pin)
{
	CK_SESSION_HANDLE session;
	CK_RV rv;

	rv = open_session(w, user == CKU_SO, &session);
	if (rv != CKR_OK)
		return rv;
	rv = w->f->C_Login(session, user, bytes(pin), secret_len(pin));
	if (rv == CKR_OK)
		w->f->C_Logout(session);
	w->f->C_CloseSession(session);
	return rv;
}

static CK_RV
user_login(struct work *w, void *arg)
{
	return login_once(w, CKU_USER, arg);
}

static CK_RV
so_login(struct work *w, void *arg)
{
	return login_once(w, CKU_SO, arg);
}

CK_RV
pin_login(struct card *c, const struct secret *pin)
{
	return card_work(c, user_login, (void *)(uintptr_t)pin);
}

CK_RV
pin_so_login(struct card *c, const struct so *so)
{
	return card_work(c, so_login, so->pin);
}

static CK_RV
so_then_user(struct work *w, void *arg)
{
	struct job *job = arg;
	CK_RV rv = CKR_OK;

	if (job->so != NULL)
		rv = login_once(w, CKU_SO, job->so->pin);
	if (rv != CKR_OK)
		return rv;
	job->user = login_once(w, CKU_USER, job->pin);
	/* A wrong PIN is an answer; anything else is another process's doing, or the card's. */
	return job->user == CKR_PIN_INCORRECT || job->user == CKR_PIN_LOCKED ? CKR_OK : job->user;
}

CK_RV
pin_logins(struct card *c, const struct so *so, const struct secret *pin, CK_RV *user)
{
	struct job job = {.so = so, .pin = pin, .user = CKR_GENERAL_ERROR};
	CK_RV rv = card_work(c, so_then_user, &job);

	*user = job.user;
	return rv;
}

/* C_InitPIN, or with new_so C_SetPIN, in an SO session. */
static CK_RV
as_so(struct work *w, void *arg)
{
	struct job *job = arg;
	CK_SESSION_HANDLE session;
	CK_RV rv;

	rv = open_session(w, true, &session);
	if (rv != CKR_OK)
		return rv;
	rv = w->f->C_Login(session, CKU_SO, bytes(job->so->pin), secret_len(job->so->pin));
	if (rv == CKR_OK) {
		job->proved = true;
		if (job->new_so != NULL)
			rv = w->f->C_SetPIN(session, bytes(job->so->pin), secret_len(job->so->pin),
			    bytes(job->new_so->pin), secret_len(job->new_so->pin));
		else
			rv = w->f->C_InitPIN(session, bytes(job->pin), secret_len(job->pin));
		w->f->C_Logout(session);
	}
	w->f->C_CloseSession(session);
	return rv;
}

/*
 * Whether what was set is in force, and stays. SoftHSM 2.6.1: a process that read the token before
 * it was written may write back what it read at the end of its own login; each login from here
 * makes the others read again.
 */
static CK_RV
stays(struct card *c, work_fn login, const struct secret *secret, unsigned looks)
{
	const struct timespec pause = {.tv_nsec = LOOK_AGAIN_MS * 1000000L};
	CK_RV rv = card_work(c, login, (void *)(uintptr_t)secret);

	while (rv == CKR_OK && c->profile.caches && --looks > 0) {
		nanosleep(&pause, NULL);
		rv = card_work(c, login, (void *)(uintptr_t)secret);
	}
	return rv;
}

CK_RV
pin_stays(struct card *c, const struct secret *pin)
{
	return stays(c, user_login, pin, 2);
}

CK_RV
pin_init(struct card *c, const struct so *so, const struct secret *pin)
{
	struct job job = {.so = so, .pin = pin};
	unsigned i;
	CK_RV rv;

	for (i = 0; i < REPEATS; i++) {
		rv = card_work(c, as_so, &job);
		if (rv != CKR_OK)
			return rv;
		rv = stays(c, user_login, pin, LOOKS);
		if (rv != CKR_PIN_INCORRECT && rv != CKR_PIN_LOCKED)
			return rv;
		log_warning("%s: another process undid C_InitPIN; again", c->uri);
	}
	log_error(
	    "%s: C_InitPIN says CKR_OK, but the PIN does not stay: another program keeps working "
	    "with this token; end it and try again",
	    c->uri);
	return CKR_FUNCTION_FAILED;
}

CK_RV
pin_change_so(struct card *c, const struct so *old, const struct so *new)
{
	struct job job = {.so = old, .new_so = new};
	unsigned i;
	CK_RV rv;

	for (i = 0; i < REPEATS; i++) {
		rv = card_work(c, as_so, &job);
		/* Disturbed after the change, the next attempt finds the new secret in force. */
		if (rv == CKR_PIN_INCORRECT && job.proved)
			return pin_so_login(c, new) == CKR_OK ? CKR_OK : rv;
		if (rv != CKR_OK)
			return rv;
		rv = stays(c, so_login, new->pin, LOOKS);
		if (rv != CKR_PIN_INCORRECT)
			return rv;
		log_warning("%s: another process undid C_SetPIN as SO; again", c->uri);
	}
	return CKR_FUNCTION_FAILED;
}

/* One wrong PIN after the other, until the card answers something else than CKR_PIN_INCORRECT. */
static CK_RV
wrong_logins(struct work *w, void *arg)
{
	CK_SESSION_HANDLE session;
	unsigned *left = arg;
	size_t min, max;
	CK_RV rv;

	card_pin_bounds(w->card, &min, &max);
	rv = open_session(w, false, &session);
	if (rv != CKR_OK)
		return rv;
	while (rv == CKR_OK && *left > 0) {
		struct secret *pin = random_pin(max < 8 ? max : 8 < min ? min : 8);

		if (pin == NULL) {
			rv = CKR_HOST_MEMORY;
			break;
		}
		(*left)--;
		rv = w->f->C_Login(session, CKU_USER, bytes(pin), secret_len(pin));
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
	CK_RV rv;

	rv = card_work(c, wrong_logins, &left);
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

bool
pin_unchanged(CK_RV rv)
{
	switch (rv) {
	case CKR_PIN_LEN_RANGE:
	case CKR_PIN_INVALID:
	case CKR_PIN_EXPIRED:
	case CKR_USER_NOT_LOGGED_IN:
	case CKR_SESSION_CLOSED:
	case CKR_SESSION_COUNT:
	case CKR_SESSION_EXISTS:
	case CKR_SESSION_HANDLE_INVALID:
	case CKR_SESSION_READ_ONLY:
	case CKR_SESSION_READ_ONLY_EXISTS:
	case CKR_SESSION_READ_WRITE_SO_EXISTS:
	case CKR_ARGUMENTS_BAD:
	case CKR_FUNCTION_NOT_SUPPORTED:
		return true;
	default:
		return false;
	}
}
