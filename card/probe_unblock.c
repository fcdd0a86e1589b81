/* SPDX-License-Identifier: BSD-3-Clause */
/* Measuring a token: the calls that set a PIN, each seen in a fresh load. */
#include <string.h>

#include "card/probe_part.h"
#include "policy/log.h"

/* A PUK of ykcs11 has 8 characters at most, a management key 48 digits. */
#define YUBICO_PUK_MOST 8
#define YUBICO_KEY_LEN  48

static struct secret *
with_prefix(const char *prefix, const struct secret *value)
{
	size_t n = strlen(prefix);
	struct secret *s = secret_alloc(n + secret_len(value));

	if (s == NULL)
		return NULL;
	memcpy(secret_data(s), prefix, n);
	memcpy(secret_data(s) + n, secret_bytes(value), secret_len(value));
	return s;
}

static bool
is_hex(const struct secret *s)
{
	size_t i;

	for (i = 0; i < secret_len(s); i++) {
		if (strchr("0123456789abcdefABCDEF", secret_bytes(s)[i]) == NULL ||
		    secret_bytes(s)[i] == '\0')
			return false;
	}
	return true;
}

/* Whether what a card joins of both values begins with its PIN, which would make another of it. */
static bool
joins(const struct secret *so, const struct secret *pin)
{
	size_t n = secret_len(pin), i;
	bool begins = true;

	for (i = 0; i < n; i++) {
		const unsigned char *from = secret_bytes(i < secret_len(so) ? so : pin);
		size_t at = i < secret_len(so) ? i : i - secret_len(so);

		begins = begins && from[at] == secret_bytes(pin)[i];
	}
	return begins;
}

bool
probe_forbids(
    const struct probe *p, enum unblock_style style, const struct secret *so, const char **why)
{
	const struct secret *pin = p->secrets[PROBE_PIN];

	*why = NULL;
	if (style == UNBLOCK_BY_INIT_PIN) {
		if (p->yubico && (secret_len(so) != YUBICO_KEY_LEN || !is_hex(so)))
			*why = "not sent: this module checks an SO PIN other than 48 hexadecimal "
			       "digits as user PIN";
		return *why != NULL;
	}
	if (pin == NULL || joins(so, pin))
		*why = "not sent: the PUK begins with the PIN, and a card may join both";
	else if (p->yubico && secret_len(so) > YUBICO_PUK_MOST)
		*why = "not sent: longer than a PUK of this module";
	return *why != NULL;
}

static CK_RV
init_pin(struct probe *p, CK_SESSION_HANDLE session, const struct secret *so,
    const struct secret *pin, CK_RV *login)
{
	CK_RV rv;

	*login = p->f->C_Login(session, CKU_SO, probe_bytes(so), secret_len(so));
	if (*login != CKR_OK)
		return *login;
	rv = p->f->C_InitPIN(session, probe_bytes(pin), secret_len(pin));
	p->f->C_Logout(session);
	return rv;
}

static CK_RV
set_pin(struct probe *p, CK_SESSION_HANDLE session, const struct secret *so,
    const struct secret *pin, bool prefixes)
{
	struct secret *old = prefixes ? with_prefix("puk:", so) : secret_dup(so);
	struct secret *new = prefixes ? with_prefix("pin:", pin) : secret_dup(pin);
	CK_RV rv = CKR_HOST_MEMORY;

	if (old != NULL && new != NULL)
		rv = p->f->C_SetPIN(
		    session, probe_bytes(old), secret_len(old), probe_bytes(new), secret_len(new));
	secret_free(&old);
	secret_free(&new);
	return rv;
}

struct probe_reply
probe_unblock(struct probe *p, enum unblock_style style, const struct secret *so)
{
	const struct secret *pin = p->secrets[PROBE_PIN];
	struct probe_reply reply = {.login = CKR_OK};
	CK_SESSION_HANDLE session;
	CK_TOKEN_INFO token;

	reply.rv = probe_open(p, true, &session);
	if (reply.rv != CKR_OK)
		return reply;
	if (style == UNBLOCK_BY_INIT_PIN)
		reply.rv = init_pin(p, session, so, pin, &reply.login);
	else
		reply.rv = set_pin(p, session, so, pin, style == UNBLOCK_BY_PUK_PIN);
	memset(&token, 0, sizeof(token));
	if (p->f->C_GetTokenInfo(p->slot, &token) == CKR_OK)
		reply.same = token.flags;
	p->f->C_CloseSession(session);
	vendor_stop(p->v);
	reply.fresh = probe_look(p);
	return reply;
}

CK_RV
probe_change_pin(struct probe *p, const struct secret *from, const struct secret *to)
{
	CK_SESSION_HANDLE session;
	CK_RV rv;

	rv = probe_open(p, true, &session);
	if (rv != CKR_OK)
		return rv;
	rv = p->f->C_Login(session, CKU_USER, probe_bytes(from), secret_len(from));
	if (rv == CKR_OK) {
		rv = p->f->C_SetPIN(
		    session, probe_bytes(from), secret_len(from), probe_bytes(to), secret_len(to));
		p->f->C_Logout(session);
	}
	p->f->C_CloseSession(session);
	vendor_stop(p->v);
	return rv == CKR_OK ? probe_login(p, CKU_USER, to).rv : rv;
}

/*
 * By C_SetPIN from the second PIN; where that is refused, by the unblock call. A process that read
 * the token earlier may have written the first one back already (SoftHSM).
 */
bool
probe_pin_back(struct probe *p)
{
	const struct secret *pin = p->secrets[PROBE_PIN], *other = p->secrets[PROBE_NEW_PIN];

	if (probe_change_pin(p, other, pin) == CKR_OK || probe_login(p, CKU_USER, pin).rv == CKR_OK)
		return true;
	if (p->has_style && probe_unblock(p, p->style, p->so).rv == CKR_OK &&
	    probe_login(p, CKU_USER, pin).rv == CKR_OK)
		return true;
	log_error("%s: the first PIN could not be set again: the card may have the second one now. "
		  "Try that, and change it by a program of yours",
	    p->c->uri);
	p->lost = true;
	return false;
}
