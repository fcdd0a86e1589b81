/* SPDX-License-Identifier: BSD-3-Clause */
/* The forms in which a secret may lie about: as it is, in hex, in base64, in UTF-16. */
#include "tests/lib/forms.h"

#include <stdbool.h>
#include <string.h>

static int
digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c != '\0' ? strchr(digits, c | 0x20) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

static bool
plain(const char *text, struct form *f)
{
	f->name = "plain";
	f->len = 0;
	if (strncmp(text, "hex:", 4) != 0) {
		f->len = strlen(text);
		if (f->len < 4 || f->len > FORMS_SECRET_MAX)
			return false;
		memcpy(f->bytes, text, f->len);
		return true;
	}
	for (text += 4; *text != '\0'; text += 2) {
		int high = digit(text[0]), low = high < 0 ? -1 : digit(text[1]);

		if (low < 0 || f->len == FORMS_SECRET_MAX)
			return false;
		f->bytes[f->len++] = (unsigned char)(high << 4 | low);
	}
	return f->len >= 4;
}

static void
hex(const struct form *from, const char *digits, struct form *to)
{
	to->name = "hex";
	to->len = 2 * from->len;
	for (size_t i = 0; i < from->len; i++) {
		to->bytes[2 * i] = (unsigned char)digits[from->bytes[i] >> 4];
		to->bytes[2 * i + 1] = (unsigned char)digits[from->bytes[i] & 15];
	}
}

/* One byte in two; of the first and the last zero byte nothing is said, so that both orders are
 * found. */
static void
utf16(const struct form *from, struct form *to)
{
	to->name = "UTF-16";
	to->len = 2 * from->len - 1;
	memset(to->bytes, 0, sizeof(to->bytes));
	for (size_t i = 0; i < from->len; i++)
		to->bytes[2 * i] = from->bytes[i];
}

/* Those letters that depend on the secret alone, where skip bytes of something else stand before
 * it. */
static void
base64(const struct form *from, size_t skip, struct form *to)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t bits = 8 * (skip + from->len), at = 8 * skip;

	to->name = "base64";
	to->len = 0;
	for (at = (at + 5) / 6 * 6; at + 6 <= bits; at += 6) {
		unsigned value = 0;

		for (size_t i = at - 8 * skip; i < at - 8 * skip + 6; i++)
			value = value << 1 | (from->bytes[i / 8] >> (7 - i % 8) & 1);
		to->bytes[to->len++] = (unsigned char)letters[value];
	}
}

bool
forms_make(const char *text, struct form forms[FORMS])
{
	if (!plain(text, &forms[0]))
		return false;
	hex(&forms[0], "0123456789abcdef", &forms[1]);
	hex(&forms[0], "0123456789ABCDEF", &forms[2]);
	utf16(&forms[0], &forms[3]);
	base64(&forms[0], 0, &forms[4]);
	base64(&forms[0], 1, &forms[5]);
	base64(&forms[0], 2, &forms[6]);
	return true;
}

unsigned long
forms_count(const struct form forms[FORMS], const void *in, size_t len, const char **name)
{
	unsigned long found = 0;

	for (size_t i = 0; i < FORMS; i++) {
		const char *at = in, *end = at + len;

		/* Digits without a letter in them are the same in both. */
		if (i == 2 && memcmp(forms[1].bytes, forms[2].bytes, forms[1].len) == 0)
			continue;
		while (
		    (at = memmem(at, (size_t)(end - at), forms[i].bytes, forms[i].len)) != NULL) {
			*name = forms[i].name;
			found++;
			at++;
		}
	}
	return found;
}
