/* SPDX-License-Identifier: BSD-3-Clause */
/* What is done to the PINs of a card, each in one fresh load and seen in another. */
#include <string.h>
#include <time.h>

#include "card/pin.h"
#include "policy/log.h"

#define REPEATS       10 /* of what another process made be lost */
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

#define USER_COUNT_FLAGS (CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED)

/* C_Login; a refusal may be a try that the card counts, whatever it answers. */
static CK_RV
send_login(struct work *w, CK_SESSION_HANDLE session, CK_USER_TYPE user, const struct secret *pin)
{
	const struct profile *p = &w->card->profile;
	bool so = user == CKU_SO, counts = so ? p->so_counter != SO_COUNTER_NONE : p->user_counter;
	CK_RV rv;

	if (so)
		w->card->so_try = counts ? SO_SENT : SO_NOT_SENT;
	rv = w->f->C_Login(session, user, bytes(pin), secret_len(pin));
	/* SmartPGP's word for a wrong one. */
	if (rv == CKR_USER_NOT_LOGGED_IN)
		rv = CKR_PIN_INCORRECT;
	if (so && rv == CKR_OK && p->so_login_proves)
		w->card->so_try = SO_PROVED;
	if (rv != CKR_OK && counts)
		w->spent = so ? SO_COUNT_FLAGS : USER_COUNT_FLAGS;
	return rv;
}

static CK_RV
login_once(struct work *w, CK_USER_TYPE user, const struct secret *pin)
{
	CK_SESSION_HANDLE session;
	CK_RV rv;

	rv = open_session(w, user == CKU_SO, &session);
	if (rv != CKR_OK)
		return rv;
	rv = send_login(w, session, user, pin);
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

static CK_RV
set_so(struct work *w, CK_SESSION_HANDLE session, const struct job *job)
{
	return w->f->C_SetPIN(session, bytes(job->so->pin), secret_len(job->so->pin),
	    bytes(job->new_so->pin), secret_len(job->new_so->pin));
}

static CK_RV
init_pin(struct work *w, CK_SESSION_HANDLE session, const struct job *job)
{
	bool changed = w->card->changed;
	CK_RV rv;

	w->card->changed = true;
	rv = w->f->C_InitPIN(session, bytes(job->pin), secret_len(job->pin));
	if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED || pin_unchanged(rv))
		w->card->changed = changed;
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
	rv = send_login(w, session, CKU_SO, job->so->pin);
	if (rv == CKR_OK) {
		job->proved = true;
		rv = job->new_so != NULL ? set_so(w, session, job) : init_pin(w, session, job);
		/* Where C_Login proves nothing, this was the try. */
		if (rv == CKR_OK)
			w->card->so_try = SO_PROVED;
		else if (w->card->so_try == SO_SENT)
			w->spent = SO_COUNT_FLAGS;
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
