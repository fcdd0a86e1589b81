/* SPDX-License-Identifier: BSD-3-Clause */
/* Command APDUs, short and extended: ISO 7816-4, 5.1. */
#include "tests/card/vcard/apdu.h"

#include <string.h>

#define LE_SHORT    256
#define LE_EXTENDED 65536

static size_t
two(const unsigned char *at)
{
	return (size_t)at[0] << 8 | at[1];
}

/* body begins after the four bytes of the header, and is at least two bytes long. */
static bool
parse_short(const unsigned char *body, size_t len, struct command *c)
{
	size_t lc = body[0];

	if (lc == 0 || len < 1 + lc || len > 2 + lc)
		return false;
	c->data = body + 1;
	c->len = lc;
	if (len == 2 + lc && body[1 + lc] != 0)
		c->le = body[1 + lc];
	return true;
}

/* body begins with the zero that says that lengths are of two bytes. */
static bool
parse_extended(const unsigned char *body, size_t len, struct command *c)
{
	size_t n;

	if (len < 3)
		return false;
	c->le = LE_EXTENDED;
	n = two(body + 1);
	if (len == 3) {
		c->le = n != 0 ? n : LE_EXTENDED;
		return true;
	}
	if (n == 0 || (len != 3 + n && len != 5 + n))
		return false;
	c->data = body + 3;
	c->len = n;
	if (len == 5 + n && two(body + 3 + n) != 0)
		c->le = two(body + 3 + n);
	return true;
}

bool
apdu_parse(const unsigned char *apdu, size_t len, struct command *c)
{
	memset(c, 0, sizeof(*c));
	if (len < 4)
		return false;
	c->cla = apdu[0];
	c->ins = apdu[1];
	c->p1 = apdu[2];
	c->p2 = apdu[3];
	c->le = LE_SHORT;
	if (len == 4)
		return true;
	if (len == 5) {
		if (apdu[4] != 0)
			c->le = apdu[4];
		return true;
	}
	return apdu[4] == 0 ? parse_extended(apdu + 4, len - 4, c)
			    : parse_short(apdu + 4, len - 4, c);
}
