/* SPDX-License-Identifier: BSD-3-Clause */
/* A virtual PIV card (NIST SP 800-73-4): its PIN and its PUK. */
#include "tests/card/vcard/piv.h"

#include <string.h>

#include "tests/card/vcard/pin.h"
#include "tests/card/vcard/tlv.h"

#define FIELD         8 /* of a PIN, padded with FF */
#define PIN_MIN       6
#define LOGOUT        0xff
#define SIGNATURE_KEY 0x9c
#define FACTORY_PIN   "123456"
#define FACTORY_PUK   "12345678"
#define FACTORY_TRIES 3

static const unsigned char aid[] = {
    0xa0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00};
#define RID_LEN 5

/* Yubico's management and OTP applications: a YubiKey has them beside PIV. */
static const unsigned char management[] = {0xa0, 0x00, 0x00, 0x05, 0x27, 0x47, 0x11, 0x17};
static const unsigned char otp[] = {0xa0, 0x00, 0x00, 0x05, 0x27, 0x20, 0x01};

/* T=1, "PIVtest1" as historical bytes; and a YubiKey 5's. */
static const unsigned char plain_atr[] = {
    0x3b, 0x88, 0x81, 0x31, 0xfe, 0x45, 'P', 'I', 'V', 't', 'e', 's', 't', '1', 0x00};
static const unsigned char yubico_atr[] = {0x3b, 0xfd, 0x13, 0x00, 0x00, 0x81, 0x31, 0xfe, 0x15,
    0x80, 0x73, 0xc0, 0x21, 0xc0, 0x57, 0x59, 0x75, 0x62, 0x69, 0x4b, 0x65, 0x79, 0x40};

/* The agency code 9999 says that the GUID is the card's number: SP 800-73-4, part 1, 3.1.2. */
static const unsigned char fascn[] = {0xd4, 0xe7, 0x39, 0xda, 0x73, 0x9c, 0xed, 0x39, 0xce, 0x73,
    0x9d, 0x83, 0x68, 0x58, 0x21, 0x08, 0x42, 0x10, 0x84, 0x21, 0xc8, 0x42, 0x10, 0xc3, 0xeb};
static const unsigned char discovery[] = {0x4f, 0x0b, 0xa0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00,
    0x10, 0x00, 0x01, 0x00, 0x5f, 0x2f, 0x02, 0x40, 0x00};
static const unsigned char capabilities[] = {0xf0, 0x15, 0xa0, 0x00, 0x00, 0x01, 0x16, 0xff, 0x02,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf1, 0x01, 0x21, 0xf2, 0x01, 0x21, 0xf3, 0x00, 0xf4,
    0x01, 0x00, 0xf5, 0x01, 0x10, 0xf6, 0x00, 0xf7, 0x00, 0xfa, 0x00, 0xfb, 0x00, 0xfc, 0x00, 0xfd,
    0x00, 0xfe, 0x00};

/* The management key that every card comes with. */
static const unsigned char factory_key[] = {
    1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8};

bool
piv_is_yubico(const struct card *card)
{
	return state_item(&card->state, "version") != NULL;
}

static bool
is_aid(const struct command *c, const unsigned char *name, size_t len, size_t least)
{
	return c->len >= least && c->len <= len && memcmp(c->data, name, c->len) == 0;
}

static void
leave_application(struct card *card)
{
	card->verified_user = card->verified_sign = card->verified_so = false;
	card->witnessed = card->challenged = false;
	card->selected = false;
}

/*
 * SP 800-73-4, part 2, 3.1.1: selecting PIV once more changes nothing, nor does what is not there.
 * A YubiKey has other applications, and forgets what was verified whenever another one is asked
 * for.
 */
static void
do_select(struct card *card, const struct command *c, struct reply *r)
{
	bool yubico = piv_is_yubico(card);
	bool other = yubico && (is_aid(c, management, sizeof(management), sizeof(management)) ||
				   is_aid(c, otp, sizeof(otp), sizeof(otp)));

	if (other || c->p1 != 4 || !is_aid(c, aid, sizeof(aid), RID_LEN)) {
		if (yubico)
			leave_application(card);
		r->sw = other ? SW_OK : SW_NOT_FOUND;
		return;
	}
	card->selected = true;
	tlv_put(r, 0x4f, aid + RID_LEN, sizeof(aid) - RID_LEN);
	tlv_put(r, 0x4f, aid, RID_LEN);
	tlv_wrap(r, sizeof(aid) - RID_LEN + 2, 0x79);
	tlv_wrap(r, 0, 0x61);
}

static size_t
unpadded(const unsigned char *field)
{
	size_t len = FIELD;

	while (len > 0 && field[len - 1] == 0xff)
		len--;
	return len;
}

static unsigned
verify(struct card *card, const struct command *c)
{
	struct pin *p = state_pin(&card->state, "pin");
	unsigned sw;

	if (c->p2 != 0x80)
		return SW_NO_REFERENCE;
	if (c->p1 == LOGOUT) {
		card->verified_user = card->verified_sign = false;
		return SW_OK;
	}
	if (c->p1 != 0)
		return SW_WRONG_P1P2;
	if (c->len == 0)
		return card->verified_user ? SW_OK : pin_left(p);
	if (c->len != FIELD)
		return SW_WRONG_DATA;
	sw = pin_check(&card->state, p, c->data, unpadded(c->data));
	card->verified_user = card->verified_sign = sw == SW_OK;
	return sw;
}

/* Old one, new one, in two fields: by the PUK, or each by itself. */
static unsigned
change(struct card *card, const struct command *c, struct pin *proof, struct pin *p)
{
	size_t len;
	unsigned sw;

	if (c->p1 != 0 || c->len != 2 * FIELD)
		return c->p1 != 0 ? SW_WRONG_P1P2 : SW_WRONG_DATA;
	len = unpadded(c->data + FIELD);
	if (len < p->min_len)
		return SW_WRONG_DATA;
	sw = pin_check(&card->state, proof, c->data, unpadded(c->data));
	return sw == SW_OK ? pin_set(&card->state, p, c->data + FIELD, len) : sw;
}

static unsigned
change_reference(struct card *card, const struct command *c)
{
	struct pin *pin = state_pin(&card->state, "pin"), *puk = state_pin(&card->state, "puk");

	if (c->p2 != 0x80 && c->p2 != 0x81)
		return SW_NO_REFERENCE;
	return c->p2 == 0x80 ? change(card, c, pin, pin) : change(card, c, puk, puk);
}

static unsigned
reset_counter(struct card *card, const struct command *c)
{
	if (c->p2 != 0x80)
		return SW_NO_REFERENCE;
	return change(card, c, state_pin(&card->state, "puk"), state_pin(&card->state, "pin"));
}

static void
run(struct card *card, const struct command *c, struct reply *r)
{
	switch (c->ins) {
	case 0xcb:
		piv_get_data(card, c, r);
		break;
	case 0xdb:
		piv_put_data(card, c, r);
		break;
	case 0x20:
		r->sw = verify(card, c);
		break;
	case 0x24:
		r->sw = change_reference(card, c);
		break;
	case 0x2c:
		r->sw = reset_counter(card, c);
		break;
	case 0x47:
		piv_generate(card, c, r);
		break;
	case 0x87:
		piv_authenticate(card, c, r);
		break;
	default:
		piv_yubico(card, c, r);
	}
}

void
piv_command(struct card *card, const struct command *c, struct reply *r)
{
	if (c->ins == 0xa4) {
		do_select(card, c, r);
		return;
	}
	/* PIV is the application of a card that has no other. */
	if (piv_is_yubico(card) && !card->selected) {
		r->sw = SW_NO_INSTRUCTION;
		return;
	}
	run(card, c, r);
	/* The key of 9C wants the PIN immediately before: SP 800-73-4, part 1, 3.2.2. */
	if (c->ins != 0x20 && !(c->ins == 0x87 && c->p2 == SIGNATURE_KEY))
		card->verified_sign = false;
}

static bool
put_missing(struct state *s, const char *name, const void *value, size_t len)
{
	return state_item(s, name) != NULL || state_put(s, name, value, len);
}

static bool
put_number(struct state *s)
{
	static struct reply r;
	unsigned char guid[16] = "latch-vcard-";
	const struct item *serial = state_item(s, "serial");

	if (serial == NULL || serial->len != 4)
		return false;
	memcpy(guid + 12, serial->value, 4);
	r.len = 0;
	tlv_put(&r, 0x30, fascn, sizeof(fascn));
	tlv_put(&r, 0x34, guid, sizeof(guid));
	tlv_put(&r, 0x35, "20400101", 8);
	tlv_put(&r, 0x3e, "", 0);
	tlv_put(&r, 0xfe, "", 0);
	return put_missing(s, "5fc102", r.data, r.len);
}

static bool
put_atr(struct state *s)
{
	unsigned char atr[sizeof(plain_atr)];
	size_t i;

	if (state_item(s, "version") != NULL)
		return put_missing(s, "atr", yubico_atr, sizeof(yubico_atr));
	memcpy(atr, plain_atr, sizeof(atr));
	/* ISO 7816-3, 8.2.5: the last byte makes the sum of all but the first zero. */
	for (i = 1; i < sizeof(atr) - 1; i++)
		atr[sizeof(atr) - 1] ^= atr[i];
	return put_missing(s, "atr", atr, sizeof(atr));
}

bool
piv_make(struct state *s, const unsigned char *key, size_t key_len)
{
	state_add_pin(s, "pin", FACTORY_TRIES, PIN_MIN, FIELD, FACTORY_PIN);
	state_add_pin(s, "puk", FACTORY_TRIES, PIN_MIN, FIELD, FACTORY_PUK);
	return put_missing(s, "serial", "\0\0\0\1", 4) && put_atr(s) && put_number(s) &&
	       put_missing(s, "mgm", factory_key, sizeof(factory_key)) &&
	       put_missing(s, "7e", discovery, sizeof(discovery)) &&
	       put_missing(s, "5fc107", capabilities, sizeof(capabilities)) &&
	       put_missing(s, "key.9a", key, key_len) && piv_put_certificate(s, key, key_len);
}
