/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes the virtual smart cards: the first byte is the kind, then APDUs, each behind two bytes of
 * length. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/card/vcard/card.h"
#include "tests/card/vcard/key.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Making a key takes long: both cards are made once, and copied for each input. */
static struct state made[2];

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static unsigned char key[KEY_DER_MAX];
	size_t len;

	(void)argc;
	(void)argv;
	strcpy(made[0].kind, "openpgp");
	strcpy(made[1].kind, "piv");
	if (!key_generate(key, sizeof(key), &len) || !openpgp_make(&made[0], key, len) ||
	    !piv_make(&made[1], key, len))
		abort();
	return 0;
}

static void
copy(struct state *to, const struct state *from)
{
	size_t i;

	*to = *from;
	for (i = 0; i < to->n_items; i++) {
		to->items[i].value = malloc(from->items[i].len + 1);
		if (to->items[i].value == NULL)
			abort();
		memcpy(to->items[i].value, from->items[i].value, from->items[i].len);
	}
}

/* A counter never rises but to its full number, and only a reset or a right PIN does that. */
static void
check(const struct card *card)
{
	size_t i;

	for (i = 0; i < card->state.n_pins; i++) {
		const struct pin *p = &card->state.pins[i];

		if (p->tries > p->max || p->len > p->max_len || p->max_len > PIN_MAX)
			abort();
	}
	if (card->state.n_items > ITEMS_MAX || card->chain_len > sizeof(card->chain) ||
	    card->reply.len > sizeof(card->reply.data) || card->fetched > card->reply.len)
		abort();
}

static void
one_apdu(struct card *card, const uint8_t *data, size_t size)
{
	/* Of the very sizes that are promised, so that a byte more is seen. */
	unsigned char *apdu = malloc(size > 0 ? size : 1), *answer = malloc(DATA_MAX + 2);
	size_t n;

	if (apdu == NULL || answer == NULL)
		abort();
	memcpy(apdu, data, size);
	n = card_apdu(card, apdu, size, answer);
	if (n < 2 || n > DATA_MAX + 2)
		abort();
	check(card);
	free(apdu);
	free(answer);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct card card;
	size_t i;

	if (size == 0)
		return 0;
	memset(&card, 0, sizeof(card));
	copy(&card.state, &made[data[0] & 1]);
	for (data++, size--; size >= 2;) {
		size_t len = (size_t)data[0] << 8 | data[1];

		data += 2;
		size -= 2;
		/* More than there is: the card loses its power. */
		if (len > size) {
			card_power(&card);
			continue;
		}
		one_apdu(&card, data, len);
		data += len;
		size -= len;
	}
	for (i = 0; i < card.state.n_items; i++)
		free(card.state.items[i].value);
	return 0;
}
