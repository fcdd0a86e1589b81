/* SPDX-License-Identifier: BSD-3-Clause */
/* A virtual PIV card: its data objects, and Yubico's own commands. */
#include <stdio.h>
#include <string.h>

#include "tests/card/vcard/key.h"
#include "tests/card/vcard/pin.h"
#include "tests/card/vcard/piv.h"
#include "tests/card/vcard/tlv.h"

#define DISCOVERY    0x7e
#define MGM_LEN      24
#define MGM_HEADER   3
#define ALG_3DES     0x03
#define KEY_MGM      0x9b
#define FACTORY_PIN  "123456"
#define FACTORY_PUK  "12345678"
#define CERT_MAX     2048
#define CERT_TAG     "5fc105"
#define CERT_SUBJECT "Virtual card"

/* Those that the PIN opens: printed information, fingerprints, face, iris. */
static const char *const behind_pin[] = {"5fc109", "5fc103", "5fc108", "5fc121"};

/* The tag that is asked for, as the name of an item. False: it is not one of PIV. */
static bool
object_name(const struct command *c, char *name, size_t size, struct tlv *list)
{
	size_t i, at = 0;

	if (c->p1 != 0x3f || c->p2 != 0xff || !tlv_find(c->data, c->len, 0x5c, list) ||
	    list->len == 0 || list->len > 3)
		return false;
	for (i = 0; i < list->len; i++)
		at += (size_t)snprintf(name + at, size - at, "%02x", list->value[i]);
	return true;
}

static bool
closed(const struct card *card, const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(behind_pin) / sizeof(behind_pin[0]); i++)
		if (strcmp(name, behind_pin[i]) == 0)
			return !card->verified_user;
	return false;
}

void
piv_get_data(struct card *card, const struct command *c, struct reply *r)
{
	const struct item *item;
	char name[ITEM_NAME];
	struct tlv list;

	if (!object_name(c, name, sizeof(name), &list)) {
		r->sw = SW_WRONG_DATA;
		return;
	}
	item = state_item(&card->state, name);
	if (closed(card, name))
		r->sw = SW_NOT_SATISFIED;
	else if (item == NULL)
		r->sw = SW_NOT_FOUND;
	else
		tlv_put(r, list.value[0] == DISCOVERY ? DISCOVERY : 0x53, item->value, item->len);
}

void
piv_put_data(struct card *card, const struct command *c, struct reply *r)
{
	char name[ITEM_NAME];
	struct tlv list, value;

	if (!card->verified_so)
		r->sw = SW_NOT_SATISFIED;
	else if (!object_name(c, name, sizeof(name), &list) ||
		 !tlv_find(c->data, c->len, 0x53, &value))
		r->sw = SW_WRONG_DATA;
	else if (value.len == 0)
		state_drop(&card->state, name);
	else if (!state_put(&card->state, name, value.value, value.len))
		r->sw = SW_WRONG_DATA;
}

bool
piv_put_certificate(struct state *s, const unsigned char *key, size_t len)
{
	static unsigned char der[CERT_MAX];
	static struct reply r;
	size_t der_len;

	if (state_item(s, CERT_TAG) != NULL)
		return true;
	if (!key_certificate(key, len, CERT_SUBJECT, der, sizeof(der), &der_len))
		return false;
	r.len = 0;
	tlv_put(&r, 0x70, der, der_len);
	tlv_put(&r, 0x71, "", 1);
	tlv_put(&r, 0xfe, "", 0);
	return state_put(s, CERT_TAG, r.data, r.len);
}

static unsigned
set_management_key(struct card *card, const struct command *c)
{
	if (!card->verified_so)
		return SW_NOT_SATISFIED;
	if (c->p1 != 0xff || c->len != MGM_HEADER + MGM_LEN || c->data[0] != ALG_3DES ||
	    c->data[1] != KEY_MGM || c->data[2] != MGM_LEN)
		return SW_WRONG_DATA;
	return state_put(&card->state, "mgm", c->data + MGM_HEADER, MGM_LEN) ? SW_OK : SW_FAILED;
}

static void
factory(struct card *card, const char *name, unsigned tries, const char *value)
{
	struct pin *p = state_pin(&card->state, name);

	p->max = tries;
	(void)pin_set(&card->state, p, (const unsigned char *)value, strlen(value));
}

/* Both go back to what the factory had. */
static unsigned
set_retries(struct card *card, const struct command *c)
{
	if (!card->verified_so || !card->verified_user)
		return SW_NOT_SATISFIED;
	if (c->p1 == 0 || c->p1 > 15 || c->p2 == 0 || c->p2 > 15)
		return SW_WRONG_P1P2;
	factory(card, "pin", c->p1, FACTORY_PIN);
	factory(card, "puk", c->p2, FACTORY_PUK);
	return SW_OK;
}

static void
answer_item(const struct card *card, const char *name, struct reply *r)
{
	const struct item *item = state_item(&card->state, name);

	if (item == NULL || item->len > sizeof(r->data)) {
		r->sw = SW_FAILED;
		return;
	}
	memcpy(r->data, item->value, item->len);
	r->len = item->len;
}

void
piv_yubico(struct card *card, const struct command *c, struct reply *r)
{
	unsigned char ins = piv_is_yubico(card) ? c->ins : 0;

	switch (ins) {
	case 0xfd:
		answer_item(card, "version", r);
		break;
	case 0xf8:
		answer_item(card, "serial", r);
		break;
	case 0xff:
		r->sw = set_management_key(card, c);
		break;
	case 0xfa:
		r->sw = set_retries(card, c);
		break;
	default: /* metadata and attestation too: older ones have neither */
		r->sw = SW_NO_INSTRUCTION;
	}
}
