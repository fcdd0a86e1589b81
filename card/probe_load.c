/* SPDX-License-Identifier: BSD-3-Clause */
/* Measuring a token: loads of the vendor module, and one value sent in each. */
#include <string.h>
#include <time.h>

#include <openssl/rand.h>

#include "card/probe_part.h"
#include "policy/log.h"

#define LOADS    4
#define PAUSE_MS 20

CK_BYTE *
probe_bytes(const struct secret *s)
{
	return (CK_BYTE *)(uintptr_t)secret_bytes(s);
}

static CK_RV
load_once(struct probe *p)
{
	struct token t;
	CK_RV rv;

	rv = vendor_start(p->v);
	if (rv != CKR_OK)
		return rv;
	rv = vendor_find(p->v, &p->id, true, p->c->profile.many_slots, &t);
	if (rv != CKR_OK) {
		vendor_stop(p->v);
		return rv;
	}
	p->slot = t.slot;
	p->info = p->c->info = t.info;
	if (card_fits(p->c))
		return CKR_OK;
	vendor_stop(p->v);
	return CKR_FUNCTION_REJECTED;
}

CK_RV
probe_load(struct probe *p)
{
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
	unsigned i;
	CK_RV rv = CKR_OK;

	for (i = 0; i < LOADS; i++) {
		rv = load_once(p);
		if (rv == CKR_OK || rv == CKR_FUNCTION_REJECTED)
			break;
		nanosleep(&pause, NULL);
	}
	if (rv != CKR_OK && !p->lost) {
		log_error("%s: the card is not to be had any more: %s", p->c->uri, rv_name(rv));
		p->lost = true;
	}
	return rv;
}

CK_RV
probe_open(struct probe *p, bool writable, CK_SESSION_HANDLE *session)
{
	CK_RV rv;

	rv = probe_load(p);
	if (rv != CKR_OK)
		return rv;
	rv = p->f->C_OpenSession(
	    p->slot, CKF_SERIAL_SESSION | (writable ? CKF_RW_SESSION : 0), NULL, NULL, session);
	if (rv != CKR_OK)
		vendor_stop(p->v);
	return rv;
}

CK_FLAGS
probe_look(struct probe *p)
{
	if (probe_load(p) != CKR_OK)
		return 0;
	vendor_stop(p->v);
	return p->info.flags;
}

struct probe_reply
probe_login(struct probe *p, CK_USER_TYPE user, const struct secret *pin)
{
	struct probe_reply reply = {.login = CKR_OK};
	CK_SESSION_HANDLE session;
	CK_TOKEN_INFO token;

	reply.rv = probe_open(p, user == CKU_SO, &session);
	if (reply.rv != CKR_OK)
		return reply;
	reply.rv = p->f->C_Login(session, user, probe_bytes(pin), secret_len(pin));
	if (reply.rv == CKR_OK)
		p->f->C_Logout(session);
	memset(&token, 0, sizeof(token));
	if (p->f->C_GetTokenInfo(p->slot, &token) == CKR_OK)
		reply.same = token.flags;
	p->f->C_CloseSession(session);
	vendor_stop(p->v);
	reply.fresh = probe_look(p);
	return reply;
}

/*
 * Digits, which every card takes as a PIN and as a key. An OpenPGP card joins the old value and the
 * new one without a boundary, so that none that begins with the PIN is drawn.
 */
struct secret *
probe_wrong(const struct probe *p, const struct secret *right)
{
	const struct secret *pin = p->secrets[PROBE_PIN];
	size_t len = secret_len(right), i;
	struct secret *wrong = secret_alloc(len == 0 ? 1 : len);
	unsigned tries;

	for (tries = 0; wrong != NULL && tries < 32; tries++) {
		unsigned char *at = secret_data(wrong);
		bool same = false;

		if (RAND_bytes(at, (int)secret_len(wrong)) != 1)
			break;
		for (i = 0; i < secret_len(wrong); i++)
			at[i] = (unsigned char)('0' + at[i] % 10);
		for (i = 0; i < PROBE_SECRETS; i++)
			same = same || secret_equal(wrong, p->secrets[i]);
		same =
		    same || (pin != NULL && secret_len(pin) > 0 && at[0] == secret_bytes(pin)[0]);
		if (!same)
			return wrong;
	}
	secret_free(&wrong);
	return NULL;
}

bool
probe_give_back(struct probe *p)
{
	struct probe_reply reply = probe_login(p, CKU_USER, p->secrets[PROBE_PIN]);

	if (reply.rv == CKR_OK)
		return true;
	log_error("%s: the PIN that was given is not taken any more: %s; nothing more is done",
	    p->c->uri, rv_name(reply.rv));
	p->lost = true;
	return false;
}

void
probe_count_so(struct probe *p, bool sent)
{
	struct card *c = p->c;

	if (c->lock < 0 || (c->binding == NULL && c->record.state == RECORD_NONE))
		return;
	if (sent)
		c->private.so_wrong++;
	else
		so_right(c);
	if (!card_note(c))
		p->lost = true;
}
