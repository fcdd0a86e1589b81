/* SPDX-License-Identifier: BSD-3-Clause */
/* A virtual OpenPGP card 3.4: its passwords PW1 and PW3, and its resetting code. */
#include "tests/card/vcard/openpgp.h"

#include <string.h>

#include "tests/card/vcard/pin.h"
#include "tests/card/vcard/tlv.h"

#define RID_LEN       6
#define PW1_MIN       6
#define PW3_MIN       8
#define FINGERPRINT   20
#define FINGERPRINTS  (3 * FINGERPRINT)
#define LOGOUT        0xff
#define BY_CODE       0x00
#define BY_PW3        0x02
#define MANUFACTURER  "\xff\xff" /* of cards for tests */
#define RSA_2048      "\x01\x08\x00\x00\x20\x00"
#define FACTORY_PW1   "123456"
#define FACTORY_PW3   "12345678"
#define FACTORY_TRIES 3

static const unsigned char rid[RID_LEN] = {0xd2, 0x76, 0x00, 0x01, 0x24, 0x01};

/* As cards of version 3.3 and later have it; extended lengths are announced, chaining is not. */
static const unsigned char atr[] = {0x3b, 0xda, 0x18, 0xff, 0x81, 0xb1, 0xfe, 0x75, 0x1f, 0x03,
    0x00, 0x31, 0xf5, 0x73, 0xc0, 0x01, 0x60, 0x00, 0x90, 0x00, 0x1c};

void
openpgp_aid(const struct state *s, unsigned char *aid)
{
	const struct item *serial = state_item(s, "serial"), *made = state_item(s, "manufacturer");

	memset(aid, 0, OPENPGP_AID_LEN);
	memcpy(aid, rid, sizeof(rid));
	aid[6] = 3;
	aid[7] = 4;
	if (made != NULL && made->len == 2)
		memcpy(aid + 8, made->value, 2);
	if (serial != NULL && serial->len == 4)
		memcpy(aid + 10, serial->value, 4);
}

static void
do_select(struct card *card, const struct command *c, struct reply *r)
{
	unsigned char aid[OPENPGP_AID_LEN];

	openpgp_aid(&card->state, aid);
	if (c->p1 != 4 || c->len < RID_LEN || c->len > sizeof(aid) ||
	    memcmp(c->data, aid, c->len) != 0) {
		r->sw = SW_NOT_FOUND;
		return;
	}
	/* Most cards forget the passwords then; some do not: item "keeps". */
	if (state_byte(&card->state, "keeps", 0) == 0)
		card->verified_sign = card->verified_user = card->verified_so = false;
	card->selected = true;
	card->occurrence = 0;
	tlv_put(r, 0x84, aid, sizeof(aid));
	tlv_wrap(r, 0, 0x6f);
}

/* Which password P2 means, and what it opens. */
static struct pin *
password(struct card *card, unsigned char p2, bool **verified)
{
	switch (p2) {
	case 0x81:
		*verified = &card->verified_sign;
		return state_pin(&card->state, "pw1");
	case 0x82:
		*verified = &card->verified_user;
		return state_pin(&card->state, "pw1");
	case 0x83:
		*verified = &card->verified_so;
		return state_pin(&card->state, "pw3");
	default:
		return NULL;
	}
}

static unsigned
verify(struct card *card, const struct command *c)
{
	bool *verified;
	struct pin *p = password(card, c->p2, &verified);
	unsigned sw;

	if (p == NULL || (c->p1 != 0 && c->p1 != LOGOUT))
		return SW_WRONG_P1P2;
	if (c->p1 == LOGOUT) {
		*verified = false;
		return SW_OK;
	}
	if (c->len == 0)
		return *verified ? SW_OK : pin_left(p);
	sw = pin_check(&card->state, p, c->data, c->len);
	*verified = sw == SW_OK;
	return sw;
}

/* Old and new come as one, without a boundary: what is longer than the old one begins the new one.
 */
static unsigned
change(struct card *card, const struct command *c)
{
	bool *verified;
	struct pin *p = c->p2 != 0x82 ? password(card, c->p2, &verified) : NULL;
	size_t old;
	unsigned sw;

	if (p == NULL || c->p1 != 0)
		return SW_WRONG_P1P2;
	old = p->len < c->len ? p->len : c->len;
	if (c->len < 2 * p->min_len)
		return SW_WRONG_LENGTH;
	sw = pin_check(&card->state, p, c->data, old);
	*verified = false;
	return sw == SW_OK ? pin_set(&card->state, p, c->data + old, c->len - old) : sw;
}

static unsigned
reset_counter(struct card *card, const struct command *c)
{
	struct pin *pw1 = state_pin(&card->state, "pw1"), *code = state_pin(&card->state, "rc");
	unsigned sw;

	if (c->p2 != 0x81 || (c->p1 != BY_CODE && c->p1 != BY_PW3))
		return SW_WRONG_P1P2;
	if (c->p1 == BY_PW3)
		return card->verified_so ? pin_set(&card->state, pw1, c->data, c->len)
					 : SW_NOT_SATISFIED;
	if (code->len == 0)
		return SW_BLOCKED;
	if (c->len < code->len)
		return pin_check(&card->state, code, c->data, c->len);
	sw = pin_check(&card->state, code, c->data, code->len);
	return sw == SW_OK ? pin_set(&card->state, pw1, c->data + code->len, c->len - code->len)
			   : sw;
}

static void
select_data(struct card *card, const struct command *c, struct reply *r)
{
	if (c->p1 > 2)
		r->sw = SW_NO_REFERENCE;
	else
		card->occurrence = c->p1;
}

static void
perform(struct card *card, const struct command *c, struct reply *r)
{
	if (c->p1 != 0x9e || c->p2 != 0x9a) {
		r->sw = SW_WRONG_P1P2;
		return;
	}
	if (!card->verified_sign) {
		r->sw = SW_NOT_SATISFIED;
		return;
	}
	/* The first byte of C4: good for one signature, or for many. */
	if (state_byte(&card->state, "00c4", 0) == 0)
		card->verified_sign = false;
	openpgp_sign(card, "key.b6", c, r);
}

static void
authenticate(struct card *card, const struct command *c, struct reply *r)
{
	if (card->verified_user)
		openpgp_sign(card, "key.a4", c, r);
	else
		r->sw = SW_NOT_SATISFIED;
}

void
openpgp_command(struct card *card, const struct command *c, struct reply *r)
{
	if (c->ins != 0xa4 && !card->selected) {
		r->sw = SW_NO_INSTRUCTION;
		return;
	}
	switch (c->ins) {
	case 0xa4:
		do_select(card, c, r);
		break;
	case 0xca:
		openpgp_get_data(card, c, r);
		break;
	case 0xda:
		openpgp_put_data(card, c, r);
		break;
	case 0xa5:
		select_data(card, c, r);
		break;
	case 0x20:
		r->sw = verify(card, c);
		break;
	case 0x24:
		r->sw = change(card, c);
		break;
	case 0x2c:
		r->sw = reset_counter(card, c);
		break;
	case 0x47:
		openpgp_key_pair(card, c, r);
		break;
	case 0x2a:
		perform(card, c, r);
		break;
	case 0x88:
		authenticate(card, c, r);
		break;
	default:
		r->sw = SW_NO_INSTRUCTION;
	}
}

static bool
put_missing(struct state *s, const char *name, const void *value, size_t len)
{
	return state_item(s, name) != NULL || state_put(s, name, value, len);
}

bool
openpgp_make(struct state *s, const unsigned char *key, size_t key_len)
{
	unsigned char prints[FINGERPRINTS] = {0};

	/* A key without a fingerprint is none to those who look. */
	memset(prints, 0x11, FINGERPRINT);
	memset(prints + 2 * FINGERPRINT, 0x33, FINGERPRINT);
	state_add_pin(s, "pw1", FACTORY_TRIES, PW1_MIN, PIN_MAX, FACTORY_PW1);
	state_add_pin(s, "rc", FACTORY_TRIES, PW3_MIN, PIN_MAX, "");
	state_add_pin(s, "pw3", FACTORY_TRIES, PW3_MIN, PIN_MAX, FACTORY_PW3);
	return put_missing(s, "atr", atr, sizeof(atr)) && put_missing(s, "serial", "\0\0\0\1", 4) &&
	       put_missing(s, "manufacturer", MANUFACTURER, 2) &&
	       put_missing(s, "key.b6", key, key_len) && put_missing(s, "key.a4", key, key_len) &&
	       put_missing(s, "00c1", RSA_2048, 6) && put_missing(s, "00c2", RSA_2048, 6) &&
	       put_missing(s, "00c3", RSA_2048, 6) && put_missing(s, "00c4", "\1", 1) &&
	       put_missing(s, "00c5", prints, sizeof(prints)) &&
	       put_missing(s, "005b", "Card<<Virtual", 13) && put_missing(s, "5f2d", "en", 2) &&
	       put_missing(s, "5f35", "9", 1);
}
