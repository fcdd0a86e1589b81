/* SPDX-License-Identifier: BSD-3-Clause */
/* What is read out over the phone, written down and typed again: how it is read, and what is wrong.
 */
#include "policy/spoken.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#define GROUP      4
#define DIGITS_MAX (2 * SPOKEN_MAX)
#define GROUPS_MAX (DIGITS_MAX + 1)

/* Where a text is, and what was seen of it. */
struct scan {
	size_t digits;
	size_t place; /* in characters, from 1 */
	size_t n_groups;
	size_t groups[GROUPS_MAX]; /* digits of each; the last one has all that is too much */
	bool in_group;
};

/* Bytes of the separator that p begins with; 0: none. */
static size_t
separator(const char *p, size_t len)
{
	const unsigned char *u = (const unsigned char *)p;

	if (*p == ' ' || *p == '\t' || *p == '-' || *p == ':' || *p == '.')
		return 1;
	/* U+00A0; U+2000 to U+2015 and U+202F: blanks and dashes, and what cannot be seen. */
	if (len >= 2 && u[0] == 0xc2 && u[1] == 0xa0)
		return 2;
	if (len >= 3 && u[0] == 0xe2 && u[1] == 0x80 &&
	    ((u[2] >= 0x80 && u[2] <= 0x95) || u[2] == 0xaf))
		return 3;
	return 0;
}

/* The digit that a letter is often written or heard for; NUL: none. */
static char
meant(char c)
{
	static const char letters[] = "OoQIiLl|!ZzSsGg";
	static const char digits[] = "000111111225566";
	const char *at = strchr(letters, c);

	return c != '\0' && at != NULL ? digits[at - letters] : '\0';
}

/* What is no digit is no secret, but a person has to find it. */
static void
bad_character(const struct scan *s, const char *p, struct spoken_fault *fault)
{
	char digit = meant(*p);

	if (digit != '\0')
		snprintf(fault->what, sizeof(fault->what),
		    "character %zu is \"%c\", which is no digit from 0 to 9 or letter from A to F; "
		    "was it a %c?",
		    s->place, *p, digit);
	else if (isgraph((unsigned char)*p) && (*p & 0x80) == 0)
		snprintf(fault->what, sizeof(fault->what),
		    "character %zu is \"%c\", which is no digit from 0 to 9 or letter from A to F; "
		    "have it read out again",
		    s->place, *p);
	else
		snprintf(fault->what, sizeof(fault->what),
		    "character %zu is no digit from 0 to 9 or letter from A to F; have it read out "
		    "again",
		    s->place);
}

/* The one group that has not `usual` digits as all others have; 0: none, or more than one. */
static size_t
odd_group(const struct scan *s, size_t usual)
{
	size_t odd = 0;

	for (size_t i = 0; i < s->n_groups; i++) {
		if (s->groups[i] == usual)
			continue;
		if (odd != 0)
			return 0;
		odd = i + 1;
	}
	return odd;
}

static void
bad_length(const struct scan *s, struct spoken_fault *fault)
{
	static const size_t usual[] = {4, 2, 8};
	int n = snprintf(fault->what, sizeof(fault->what),
	    "%zu digit%s, where there are to be 16 (2DES and 3DES keys) or 32 (AES keys)",
	    s->digits, s->digits == 1 ? "" : "s");

	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]) && s->n_groups > 2; i++) {
		size_t odd = odd_group(s, usual[i]);

		if (odd == 0)
			continue;
		snprintf(fault->what + n, sizeof(fault->what) - (size_t)n,
		    "; group %zu has %zu, the others have %zu", odd, s->groups[odd - 1], usual[i]);
		return;
	}
}

static void
take_digit(struct scan *s, char c, unsigned char bytes[SPOKEN_MAX])
{
	unsigned value = (unsigned)(isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10);

	if (!s->in_group && s->n_groups < GROUPS_MAX)
		s->n_groups++;
	s->in_group = true;
	s->groups[s->n_groups - 1]++;
	if (s->digits < DIGITS_MAX) {
		unsigned char *byte = &bytes[s->digits / 2];

		*byte = (unsigned char)(s->digits % 2 == 0 ? value << 4 : *byte | value);
	}
	s->digits++;
}

size_t
spoken_read(
    const char *text, size_t len, unsigned char bytes[SPOKEN_MAX], struct spoken_fault *fault)
{
	struct scan s = {0};
	struct spoken_fault ignored;
	size_t i = 0, skip;

	if (fault == NULL)
		fault = &ignored;
	fault->what[0] = '\0';
	while (i < len) {
		s.place++;
		skip = separator(text + i, len - i);
		if (skip != 0) {
			s.in_group = false;
			i += skip;
			continue;
		}
		if (!isxdigit((unsigned char)text[i])) {
			bad_character(&s, text + i, fault);
			goto none;
		}
		take_digit(&s, text[i++], bytes);
	}
	if (s.digits == 16 || s.digits == 32)
		return s.digits / 2;
	bad_length(&s, fault);
none:
	OPENSSL_cleanse(bytes, SPOKEN_MAX);
	return 0;
}

void
spoken_write(const unsigned char *bytes, size_t size, char text[SPOKEN_TEXT])
{
	static const char digits[] = "0123456789ABCDEF";
	char *to = text;

	for (size_t i = 0; i < size; i++) {
		if (i != 0 && i % (GROUP / 2) == 0)
			*to++ = ' ';
		*to++ = digits[bytes[i] >> 4];
		*to++ = digits[bytes[i] & 0xf];
	}
	*to = '\0';
}
