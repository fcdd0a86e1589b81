/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether bytes are UTF-8: RFC 3629, without surrogates and overlong forms. */
#include "policy/utf8.h"

#include <stdbool.h>

static bool
tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* Length of the sequence that begins at p; 0: none does. */
static size_t
sequence(const unsigned char *p, size_t len)
{
	unsigned char low = 0x80, high = 0xbf; /* bounds of the second byte */

	if (p[0] < 0x80)
		return 1;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[0] < 0xc2 || p[0] > 0xf4 || len < 2 || p[1] < low || p[1] > high)
		return 0;
	if (p[0] < 0xe0)
		return 2;
	if (len < 3 || !tail(p[2]))
		return 0;
	if (p[0] < 0xf0)
		return 3;
	return len >= 4 && tail(p[3]) ? 4 : 0;
}

size_t
utf8_valid(const char *text, size_t len)
{
	size_t i = 0, n;

	while (i < len) {
		n = sequence((const unsigned char *)text + i, len - i);
		if (n == 0)
			return i;
		i += n;
	}
	return len;
}
