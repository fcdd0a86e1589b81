/* SPDX-License-Identifier: BSD-3-Clause */
/* What all virtual smart cards do with an APDU before their application sees it, and after. */
#include "tests/card/vcard/card.h"

#include <string.h>

#include "tests/card/vcard/apdu.h"

#define CLA_CHAINED      0x10
#define INS_GET_RESPONSE 0xc0

void
card_power(struct card *card)
{
	struct state state = card->state;

	memset(card, 0, sizeof(*card));
	card->state = state;
}

/* The next piece of what was answered, and how much is left. */
static size_t
fetch(struct card *card, size_t le, unsigned char *out)
{
	struct reply *r = &card->reply;
	size_t left = r->len - card->fetched, n = left < le ? left : le;
	unsigned sw = r->sw;

	memcpy(out, r->data + card->fetched, n);
	card->fetched += n;
	left -= n;
	if (left > 0)
		sw = 0x6100 | (left < 256 ? (unsigned)left : 0);
	out[n] = (unsigned char)(sw >> 8);
	out[n + 1] = (unsigned char)sw;
	return n + 2;
}

static void
run(struct card *card, const struct command *c, struct reply *r)
{
	r->sw = SW_OK;
	if (strcmp(card->state.kind, "openpgp") == 0)
		openpgp_command(card, c, r);
	else
		piv_command(card, c, r);
	/* A warning's data would be lost with some readers: there are none here. */
	if (r->sw != SW_OK)
		r->len = 0;
}

/* Adds this link to the chain. False: it is too long. */
static bool
chain(struct card *card, const struct command *c)
{
	if (c->len > sizeof(card->chain) - card->chain_len)
		return false;
	if (c->len > 0)
		memcpy(card->chain + card->chain_len, c->data, c->len);
	card->chain_len += c->len;
	return true;
}

size_t
card_apdu(struct card *card, const unsigned char *apdu, size_t len, unsigned char *out)
{
	struct reply *r = &card->reply;
	struct command c;
	bool parsed = apdu_parse(apdu, len, &c);

	if (parsed && c.ins == INS_GET_RESPONSE && card->fetched < r->len)
		return fetch(card, c.le, out);
	r->len = card->fetched = 0;
	r->sw = SW_WRONG_LENGTH;
	if (!parsed || !chain(card, &c)) {
		card->chain_len = 0;
		return fetch(card, DATA_MAX, out);
	}
	r->sw = SW_OK;
	if ((c.cla & CLA_CHAINED) != 0)
		return fetch(card, DATA_MAX, out);
	c.data = card->chain;
	c.len = card->chain_len;
	run(card, &c, r);
	card->chain_len = 0;
	return fetch(card, c.le, out);
}
