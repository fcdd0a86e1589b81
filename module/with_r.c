/* SPDX-License-Identifier: BSD-3-Clause */
/* The vendor's calls with R in place of a PIN. */
#include <string.h>

#include "module/slot.h"
#include "module/with_r.h"
#include "policy/log.h"

#define R_MAX 255

/* PKCS#11 takes PINs as not const, and a vendor module may write there: it gets a copy. */
struct r_copy {
	unsigned char bytes[R_MAX];
	unsigned long len;
};

static bool
copy_r(struct r_copy *r, const struct situation *s, const struct answer *answer)
{
	const struct wire_field *f = wire_get(&answer->wire, WIRE_R);

	if (f == NULL || f->len > sizeof(r->bytes)) {
		log_error(
		    "%s: the helper's answer is not understood; install helper and module from one "
		    "version",
		    s->uri);
		return false;
	}
	memcpy(r->bytes, f->bytes, f->len);
	r->len = f->len;
	return true;
}

/* A module that says CKR_OK, and nobody is logged in: C_SetPIN would be that of a public session.
 */
static bool
is_public(const struct situation *s, CK_SESSION_HANDLE session)
{
	CK_SESSION_INFO info = {0};

	return s->v->C_GetSessionInfo(session, &info) == CKR_OK &&
	       (info.state == CKS_RO_PUBLIC_SESSION || info.state == CKS_RW_PUBLIC_SESSION);
}

CK_RV
with_r_login(
    struct situation *s, const struct attempt *a, const struct answer *answer, const char *call)
{
	struct r_copy r;
	CK_RV rv;

	if (!copy_r(&r, s, answer))
		return CKR_FUNCTION_FAILED;
	rv = attempt_login_with(a, r.bytes, r.len);
	explicit_bzero(&r, sizeof(r));
	if (rv == CKR_OK && is_public(s, a->session)) {
		log_error("%s, %s: the vendor's module says CKR_OK, and nobody is logged in: "
			  "try again, in a new process if need be",
		    call, s->uri);
		return CKR_FUNCTION_FAILED;
	}
	if (rv == CKR_OK && a->user != CKU_CONTEXT_SPECIFIC)
		slot_set_r_login(s->process, s->slot, true);
	if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED || rv == CKR_PIN_INVALID ||
	    rv == CKR_PIN_LEN_RANGE) {
		situation_log_stale(s, call);
		return CKR_FUNCTION_FAILED;
	}
	return rv;
}

static CK_RV
open_public(struct situation *s, CK_SESSION_HANDLE *session)
{
	CK_SESSION_INFO info = {0};
	CK_RV rv;

	rv = s->v->C_OpenSession(
	    s->slot->id, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, session);
	if (rv != CKR_OK)
		return rv;
	rv = s->v->C_GetSessionInfo(*session, &info);
	/* As SO it would change the SO PIN. */
	if (rv == CKR_OK && info.state == CKS_RW_SO_FUNCTIONS)
		rv = CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
	if (rv != CKR_OK)
		s->v->C_CloseSession(*session);
	return rv;
}

CK_RV
with_r_set_pin(struct situation *s, CK_SESSION_HANDLE session, const struct answer *answer,
    const struct pin *new)
{
	CK_SESSION_HANDLE own = 0;
	struct r_copy r;
	CK_RV rv = CKR_OK;

	if (!copy_r(&r, s, answer))
		return CKR_FUNCTION_FAILED;
	if (session == 0) {
		rv = open_public(s, &own);
		session = own;
	}
	if (rv == CKR_OK)
		rv = s->v->C_SetPIN(session, r.bytes, r.len, new->bytes, new->len);
	explicit_bzero(&r, sizeof(r));
	if (own != 0)
		s->v->C_CloseSession(own);
	return rv;
}
