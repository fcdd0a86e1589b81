/* SPDX-License-Identifier: BSD-3-Clause */
/* A virtual OpenPGP card 3.4: its data objects and its keys. */
#include <stdio.h>
#include <string.h>

#include "tests/card/vcard/key.h"
#include "tests/card/vcard/openpgp.h"
#include "tests/card/vcard/pin.h"
#include "tests/card/vcard/tlv.h"

#define FINGERPRINT 20
#define DATE        4
#define CERTIFICATE 0x7f21

/* Historical bytes; capabilities: C4 and private data may be changed; lengths of APDUs: 2048. */
static const unsigned char historical[] = {
    0x00, 0x31, 0xf5, 0x73, 0xc0, 0x01, 0x60, 0x05, 0x90, 0x00};
static const unsigned char capabilities[] = {
    0x18, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0xff, 0x00, 0x00};
static const unsigned char lengths[] = {0x02, 0x02, 0x08, 0x00, 0x02, 0x02, 0x08, 0x00};

enum who { ANYBODY, PW1, PW3, NOBODY };

/* What GET DATA and PUT DATA know beside what is made of other things. */
static const struct {
	unsigned tag;
	enum who read, write;
} simple[] = {
    {0x005b, NOBODY, PW3},
    {0x5f2d, NOBODY, PW3},
    {0x5f35, NOBODY, PW3},
    {0x5f50, ANYBODY, PW3},
    {0x005e, ANYBODY, PW3},
    {0x0101, ANYBODY, PW1},
    {0x0102, ANYBODY, PW3},
    {0x0103, PW1, PW1},
    {0x0104, PW3, PW3},
    {CERTIFICATE, ANYBODY, PW3},
};

static bool
allowed(const struct card *card, enum who who)
{
	switch (who) {
	case ANYBODY:
		return true;
	case PW1:
		return card->verified_user;
	case PW3:
		return card->verified_so;
	case NOBODY:
	default:
		return false;
	}
}

static const char *
item_name(const struct card *card, unsigned tag)
{
	static char name[ITEM_NAME];

	if (tag == CERTIFICATE)
		snprintf(name, sizeof(name), "%04x.%u", tag, card->occurrence);
	else
		snprintf(name, sizeof(name), "%04x", tag);
	return name;
}

static void
put_item(const struct card *card, struct reply *r, unsigned tag, size_t len_if_none)
{
	static const unsigned char zeros[64];
	const struct item *item = state_item(&card->state, item_name(card, tag));

	if (item != NULL)
		tlv_put(r, tag, item->value, item->len);
	else
		tlv_put(r, tag, zeros, len_if_none);
}

static void
password_status(struct state *s, unsigned char *status)
{
	static const char *const names[] = {"pw1", "rc", "pw3"};
	size_t i;

	status[0] = (unsigned char)state_byte(s, "00c4", 0);
	for (i = 0; i < 3; i++) {
		const struct pin *p = state_pin(s, names[i]);

		status[1 + i] = (unsigned char)p->max_len;
		status[4 + i] = (unsigned char)(p->len > 0 ? p->tries : 0);
	}
}

static void
get_application(struct card *card, struct reply *r)
{
	unsigned char aid[OPENPGP_AID_LEN], status[7];
	size_t start;

	openpgp_aid(&card->state, aid);
	password_status(&card->state, status);
	tlv_put(r, 0x4f, aid, sizeof(aid));
	tlv_put(r, 0x5f52, historical, sizeof(historical));
	tlv_put(r, 0x7f66, lengths, sizeof(lengths));
	start = r->len;
	tlv_put(r, 0xc0, capabilities, sizeof(capabilities));
	put_item(card, r, 0xc1, 0);
	put_item(card, r, 0xc2, 0);
	put_item(card, r, 0xc3, 0);
	tlv_put(r, 0xc4, status, sizeof(status));
	put_item(card, r, 0xc5, 3 * FINGERPRINT);
	put_item(card, r, 0xc6, 3 * FINGERPRINT);
	put_item(card, r, 0xcd, 3 * DATE);
	tlv_wrap(r, start, 0x73);
	tlv_wrap(r, 0, 0x6e);
}

static void
get_bytes(struct reply *r, const void *value, size_t len)
{
	if (len > sizeof(r->data)) {
		r->sw = SW_FAILED;
		return;
	}
	memcpy(r->data, value, len);
	r->len = len;
}

static void
get_simple(struct card *card, unsigned tag, struct reply *r)
{
	const struct item *item = state_item(&card->state, item_name(card, tag));
	size_t i;

	for (i = 0; i < sizeof(simple) / sizeof(simple[0]); i++) {
		if (simple[i].tag != tag || simple[i].read == NOBODY)
			continue;
		if (!allowed(card, simple[i].read))
			r->sw = SW_NOT_SATISFIED;
		else if (item != NULL)
			get_bytes(r, item->value, item->len);
		return;
	}
	r->sw = SW_NO_REFERENCE;
}

void
openpgp_get_data(struct card *card, const struct command *c, struct reply *r)
{
	unsigned char aid[OPENPGP_AID_LEN], status[7];
	unsigned tag = (unsigned)c->p1 << 8 | c->p2;

	switch (tag) {
	case 0x4f:
		openpgp_aid(&card->state, aid);
		get_bytes(r, aid, sizeof(aid));
		break;
	case 0x5f52:
		get_bytes(r, historical, sizeof(historical));
		break;
	case 0x6e:
		get_application(card, r);
		break;
	case 0x65:
		put_item(card, r, 0x5b, 0);
		put_item(card, r, 0x5f2d, 0);
		put_item(card, r, 0x5f35, 0);
		tlv_wrap(r, 0, 0x65);
		break;
	case 0x7a:
		put_item(card, r, 0x93, 3);
		tlv_wrap(r, 0, 0x7a);
		break;
	case 0xc4:
		password_status(&card->state, status);
		get_bytes(r, status, sizeof(status));
		break;
	default:
		get_simple(card, tag, r);
	}
}

/* C7 to D0 are written one by one, and read as thirds of C5, C6 and CD. */
static unsigned
put_third(struct card *card, unsigned first, const char *whole, size_t size, unsigned tag,
    const struct command *c)
{
	unsigned char all[3 * FINGERPRINT] = {0};
	const struct item *item = state_item(&card->state, whole);

	if (c->len != size)
		return SW_WRONG_DATA;
	if (item != NULL && item->len == 3 * size)
		memcpy(all, item->value, item->len);
	memcpy(all + (tag - first) * size, c->data, size);
	return state_put(&card->state, whole, all, 3 * size) ? SW_OK : SW_FAILED;
}

/* Of length 0 it is taken away. */
static unsigned
put_code(struct card *card, const struct command *c)
{
	struct pin *p = state_pin(&card->state, "rc");

	if (c->len > 0)
		return pin_set(&card->state, p, c->data, c->len);
	p->len = 0;
	p->tries = p->max;
	card->state.changed = true;
	return SW_OK;
}

static unsigned
put_simple(struct card *card, unsigned tag, const struct command *c)
{
	size_t i;

	for (i = 0; i < sizeof(simple) / sizeof(simple[0]); i++) {
		if (simple[i].tag != tag)
			continue;
		if (!allowed(card, simple[i].write))
			return SW_NOT_SATISFIED;
		return state_put(&card->state, item_name(card, tag), c->data, c->len)
			   ? SW_OK
			   : SW_WRONG_DATA;
	}
	return SW_NO_REFERENCE;
}

void
openpgp_put_data(struct card *card, const struct command *c, struct reply *r)
{
	unsigned tag = (unsigned)c->p1 << 8 | c->p2;
	bool special = tag == 0xc4 || tag == 0xd3 || (tag >= 0xc7 && tag <= 0xd0 && tag != 0xcd);

	if (!special)
		r->sw = put_simple(card, tag, c);
	else if (!card->verified_so)
		r->sw = SW_NOT_SATISFIED;
	else if (tag == 0xd3)
		r->sw = put_code(card, c);
	else if (tag == 0xc4)
		r->sw = c->len >= 1 && state_put(&card->state, "00c4", c->data, 1) ? SW_OK
										   : SW_WRONG_DATA;
	else if (tag <= 0xc9)
		r->sw = put_third(card, 0xc7, "00c5", FINGERPRINT, tag, c);
	else if (tag <= 0xcc)
		r->sw = put_third(card, 0xca, "00c6", FINGERPRINT, tag, c);
	else
		r->sw = put_third(card, 0xce, "00cd", DATE, tag, c);
}

static void
put_public(const struct item *key, struct reply *r)
{
	unsigned char modulus[KEY_BYTES];

	if (!key_modulus(key->value, key->len, modulus)) {
		r->sw = SW_FAILED;
		return;
	}
	tlv_put(r, 0x81, modulus, sizeof(modulus));
	tlv_put(r, 0x82, "\x01\x00\x01", 3);
	tlv_wrap(r, 0, 0x7f49);
}

void
openpgp_key_pair(struct card *card, const struct command *c, struct reply *r)
{
	static unsigned char der[KEY_DER_MAX];
	char name[ITEM_NAME];
	size_t len;

	if (c->len < 2 || (c->data[0] != 0xb6 && c->data[0] != 0xb8 && c->data[0] != 0xa4)) {
		r->sw = SW_WRONG_DATA;
		return;
	}
	snprintf(name, sizeof(name), "key.%02x", c->data[0]);
	if (c->p1 != 0x80 && c->p1 != 0x81)
		r->sw = SW_WRONG_P1P2;
	else if (c->p1 == 0x80 && !card->verified_so)
		r->sw = SW_NOT_SATISFIED;
	else if (c->p1 == 0x80 && (!key_generate(der, sizeof(der), &len) ||
				      !state_put(&card->state, name, der, len)))
		r->sw = SW_FAILED;
	else if (state_item(&card->state, name) == NULL)
		r->sw = SW_NO_REFERENCE;
	else
		put_public(state_item(&card->state, name), r);
}

void
openpgp_sign(struct card *card, const char *name, const struct command *c, struct reply *r)
{
	const struct item *key = state_item(&card->state, name);

	if (key == NULL)
		r->sw = SW_NO_REFERENCE;
	else if (c->len == 0 || !key_sign(key->value, key->len, c->data, c->len, r->data))
		r->sw = SW_WRONG_DATA;
	else
		r->len = KEY_BYTES;
}
