/* SPDX-License-Identifier: BSD-3-Clause */
/* What is done to the PINs of a card, each in one fresh load and seen in another. */
#include <string.h>
#include <time.h>

#include "card/pad.h"
#include "card/pin_part.h"
#include "policy/log.h"

#define LOOK_AGAIN_MS 10

struct logins {
	const struct so *so;
	const struct secret *pin;
	CK_RV user;
};

CK_BYTE *
pin_bytes(const struct secret *s)
{
	return s != NULL ? (CK_BYTE *)(uintptr_t)secret_bytes(s) : NULL;
}

CK_ULONG
pin_length(const struct secret *s)
{
	return s != NULL ? secret_len(s) : 0;
}

bool
pin_cancelled(const struct card *c, CK_RV rv)
{
	return pad_is_there(c) && (rv == CKR_CANCEL || rv == CKR_FUNCTION_CANCELED);
}

CK_RV
pin_open_session(struct work *w, bool writable, CK_SESSION_HANDLE *session)
{
	CK_FLAGS flags = CKF_SERIAL_SESSION | (writable ? CKF_RW_SESSION : 0);

	return rv_without_pin(w->f->C_OpenSession(w->slot, flags, NULL, NULL, session));
}

#define USER_COUNT_FLAGS (CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED)

/*
 * tpm2-pkcs11 answers CKR_PIN_INCORRECT to a wrong PIN, and nothing else does: a TPM in lockout is
 * CKR_PIN_LOCKED, one that has no room for another session CKR_GENERAL_ERROR.
 */
bool
pin_may_count(const struct card *c, CK_RV rv)
{
	/* Whoever gives up on the reader has tried nothing. */
	return rv != CKR_OK && !pin_cancelled(c, rv) &&
	       (!c->profile.never_guess || rv == CKR_PIN_INCORRECT);
}

CK_RV
pin_send_login(
    struct work *w, CK_SESSION_HANDLE session, CK_USER_TYPE user, const struct secret *pin)
{
	const struct profile *p = &w->card->profile;
	bool so = user == CKU_SO, counts = so ? p->so_counter != SO_COUNTER_NONE : p->user_counter;
	CK_RV rv;

	if (so)
		w->card->so_try = counts ? SO_SENT : SO_NOT_SENT;
	rv = w->f->C_Login(session, user, pin_bytes(pin), pin_length(pin));
	/* SmartPGP's word for a wrong one. */
	if (rv == CKR_USER_NOT_LOGGED_IN)
		rv = CKR_PIN_INCORRECT;
	if (so && rv == CKR_OK && p->so_login_proves)
		w->card->so_try = SO_PROVED;
	else if (so && rv != CKR_OK && !pin_may_count(w->card, rv))
		w->card->so_try = SO_NOT_SENT;
	if (counts && pin_may_count(w->card, rv))
		w->spent = so ? SO_COUNT_FLAGS : USER_COUNT_FLAGS;
	return rv;
}

/* A module that says CKR_OK, and nobody is logged in then: as one that was disturbed. */
static CK_RV
doubt_login(struct work *w, CK_SESSION_HANDLE session)
{
	CK_SESSION_INFO info;

	if (w->f->C_GetSessionInfo(session, &info) != CKR_OK ||
	    (info.state != CKS_RO_PUBLIC_SESSION && info.state != CKS_RW_PUBLIC_SESSION))
		return CKR_OK;
	log_debug("C_Login says CKR_OK, and the session is a public one");
	return CKR_GENERAL_ERROR;
}

static CK_RV
login_once(struct work *w, CK_USER_TYPE user, const struct secret *pin)
{
	CK_SESSION_HANDLE session;
	CK_RV rv;

	rv = pin_open_session(w, user == CKU_SO, &session);
	if (rv != CKR_OK)
		return rv;
	rv = pin_send_login(w, session, user, pin);
	if (rv == CKR_OK && user == CKU_USER)
		rv = doubt_login(w, session);
	if (rv == CKR_OK)
		w->f->C_Logout(session);
	w->f->C_CloseSession(session);
	return rv;
}

CK_RV
work_login_user(struct work *w, void *arg)
{
	return login_once(w, CKU_USER, arg);
}

CK_RV
work_login_so(struct work *w, void *arg)
{
	return login_once(w, CKU_SO, arg);
}

CK_RV
pin_login(struct card *c, const struct secret *pin)
{
	return card_work(c, work_login_user, (void *)(uintptr_t)pin);
}

static CK_RV
so_then_user(struct work *w, void *arg)
{
	struct logins *job = arg;
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
pin_presented(struct card *c, const struct secret *pin)
{
	struct logins job = {.pin = pin, .user = CKR_GENERAL_ERROR};
	CK_RV rv;

	if (c->kept)
		card_keep(c);
	rv = card_work(c, so_then_user, &job);
	c->keep = false;
	return rv == CKR_OK ? job.user : rv;
}

CK_RV
pin_logins(struct card *c, const struct so *so, const struct secret *pin, CK_RV *user)
{
	struct logins job = {.so = so, .pin = pin, .user = CKR_GENERAL_ERROR};
	CK_RV rv = card_work(c, so_then_user, &job);

	*user = job.user;
	return rv;
}

/*
 * SoftHSM 2.6.1: a process that read the token before it was written may write back what it read at
 * the end of its own login; each login from here makes the others read again. A TPM's store is a
 * database, and no login writes to it (tpm2-pkcs11 1.9.0); what a second look found undone would be
 * a wrong value that counts.
 */
CK_RV
pin_stays_by(struct card *c, work_fn login, const struct secret *secret, unsigned looks)
{
	const struct timespec pause = {.tv_nsec = LOOK_AGAIN_MS * 1000000L};
	CK_RV rv = card_work(c, login, (void *)(uintptr_t)secret);

	while (rv == CKR_OK && c->profile.caches && !c->profile.never_guess && --looks > 0) {
		nanosleep(&pause, NULL);
		rv = card_work(c, login, (void *)(uintptr_t)secret);
	}
	return rv;
}

CK_RV
pin_stays(struct card *c, const struct secret *pin)
{
	return pin_stays_by(c, work_login_user, pin, 2);
}

bool
pin_unchanged(const struct card *c, CK_RV rv)
{
	switch (rv) {
	case CKR_CANCEL:
	case CKR_FUNCTION_CANCELED:
		return pin_cancelled(c, rv);
	/* OpenSC's words for a card that refuses a PIN for its length, or for its characters. */
	case CKR_DATA_LEN_RANGE:
	case CKR_DATA_INVALID:
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
