/* SPDX-License-Identifier: BSD-3-Clause */
/* The PINs of virtual smart cards and their counters. */
#include "tests/card/vcard/pin.h"

#include <string.h>

#include "tests/card/vcard/card.h"

unsigned
pin_left(const struct pin *p)
{
	return p->tries > 0 && p->len > 0 ? 0x63c0 | (p->tries & 0x0f) : SW_BLOCKED;
}

/* Some cards say 6982 instead of 63Cx: item "wrong". */
static unsigned
wrong(const struct state *s, const struct pin *p)
{
	const struct item *word = state_item(s, "wrong");

	if (word == NULL || word->len != 2)
		return p->tries > 0 ? pin_left(p) : 0x63c0;
	return (unsigned)word->value[0] << 8 | word->value[1];
}

unsigned
pin_check(struct state *s, struct pin *p, const unsigned char *value, size_t len)
{
	if (p->len == 0 || p->tries == 0)
		return SW_BLOCKED;
	if (len == p->len && memcmp(value, p->value, len) == 0) {
		s->changed |= p->tries != p->max;
		p->tries = p->max;
		return SW_OK;
	}
	p->tries--;
	s->changed = true;
	return wrong(s, p);
}

unsigned
pin_set(struct state *s, struct pin *p, const unsigned char *value, size_t len)
{
	if (len < p->min_len || len > p->max_len)
		return SW_WRONG_DATA;
	memcpy(p->value, value, len);
	p->len = len;
	p->tries = p->max;
	s->changed = true;
	return SW_OK;
}
