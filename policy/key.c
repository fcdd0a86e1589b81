/* SPDX-License-Identifier: BSD-3-Clause */
/* Card manager keys: their digits, their bytes, and what makes one bad. */
#include "policy/key.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "policy/declassify.h"
#include "policy/response.h"

#define KEY_MAX   32 /* bytes */
#define DES_BLOCK 8

/* The value of a digit without a branch or a table that depends on it; -1: no digit. */
static int
digit_value(unsigned char c)
{
	int n = c, lower = n | 0x20;
	/* All ones where it lies within the range. */
	int is_number = ((0x2f - n) & (n - 0x3a)) >> 8;
	int is_letter = ((0x60 - lower) & (lower - 0x67)) >> 8;

	return (is_number & (n - '0')) | (is_letter & (lower - 'a' + 10)) |
	       (~(is_number | is_letter) & -1);
}

/*
 * Where they stand is how a key is written, not what it is. One comparison, since compilers make
 * branches of three.
 */
static bool
is_separator(unsigned char c)
{
	bool separates = (c ^ ' ') * (c ^ ':') * (c ^ '-') == 0;

	declassify(&separates, sizeof(separates));
	return separates;
}

/*
 * Copies digits, as they are, without separators, which may stand between two bytes only. *n is
 * their number, counted beyond max too. Which character is no digit makes no difference in time.
 */
static enum key_fault
collect(const struct secret *written, unsigned char *digits, size_t max, size_t *n)
{
	const unsigned char *p = secret_bytes(written);
	bool bad = false;

	*n = 0;
	for (size_t i = 0; i < secret_len(written); i++) {
		if (is_separator(p[i]) && *n != 0 && *n % 2 == 0)
			continue;
		bad |= digit_value(p[i]) < 0;
		if (*n < max)
			digits[*n] = p[i];
		++*n;
	}
	declassify(&bad, sizeof(bad));
	return bad ? KEY_BAD_DIGIT : KEY_GOOD;
}

/* Compares two DES keys without their parity bits (FIPS 46-3: the lowest of each byte). */
static bool
des_equal(const unsigned char a[DES_BLOCK], const unsigned char b[DES_BLOCK])
{
	unsigned difference = 0;

	for (size_t i = 0; i < DES_BLOCK; i++)
		difference |= (unsigned)(a[i] ^ b[i]) & 0xfe;
	return difference == 0;
}

/*
 * The default keys that vendors' manuals print, and GlobalPlatform's test key. The first two are
 * repeated as long as the key is; as a 2DES key they have equal halves, which is an error anyhow.
 */
static bool
is_well_known(const unsigned char *key, size_t len, bool aes)
{
	static const unsigned char defaults[][2 * DES_BLOCK] = {
	    {0},
	    {1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8},
	    {0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d,
		0x4e, 0x4f},
	};
	size_t first = len == 2 * DES_BLOCK && !aes ? 2 : 0;
	bool known = false;

	for (size_t i = first; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		unsigned equal = 1;

		/* Numbers, or clang wants && here, which would be a branch. */
		for (size_t at = 0; at < len; at += DES_BLOCK)
			equal &= des_equal(key + at, defaults[i] + at % (2 * DES_BLOCK));
		known |= equal != 0;
	}
	declassify(&known, sizeof(known));
	return known;
}

/* A 3DES key with two equal neighbours is a DES key: whoever has a default one has been warned. */
static bool
halves_equal(const unsigned char *key, size_t len)
{
	bool equal = des_equal(key, key + DES_BLOCK);

	if (len == 3 * DES_BLOCK)
		equal |= des_equal(key + DES_BLOCK, key + 2 * DES_BLOCK);
	declassify(&equal, sizeof(equal));
	return equal;
}

enum key_fault
key_parse(const struct secret *written, bool aes, struct secret **bytes, bool *well_known)
{
	unsigned char digits[2 * KEY_MAX], key[KEY_MAX];
	bool known = false;
	enum key_fault fault;
	size_t n, len;

	if (bytes != NULL)
		*bytes = NULL;
	fault = collect(written, digits, sizeof(digits), &n);
	if (fault == KEY_GOOD && n != 32 && n != 48 && !(aes && n == 64))
		fault = KEY_BAD_LENGTH;
	if (fault != KEY_GOOD)
		goto out;
	len = n / 2;
	for (size_t i = 0; i < len; i++)
		key[i] = (unsigned char)(digit_value(digits[2 * i]) << 4 |
					 digit_value(digits[2 * i + 1]));
	known = is_well_known(key, len, aes);
	if (!aes && !known && halves_equal(key, len))
		fault = KEY_HALVES_EQUAL;
	if (fault == KEY_GOOD && bytes != NULL) {
		*bytes = secret_new(key, len);
		if (*bytes == NULL)
			fault = KEY_NO_MEMORY;
	}
out:
	if (well_known != NULL)
		*well_known = known;
	OPENSSL_cleanse(digits, sizeof(digits));
	OPENSSL_cleanse(key, sizeof(key));
	return fault;
}

struct secret *
key_digits(const struct secret *written)
{
	struct secret *s = secret_alloc(secret_len(written));
	const unsigned char *p = secret_bytes(written);
	size_t n = 0;

	if (s == NULL)
		return NULL;
	for (size_t i = 0; i < secret_len(written); i++) {
		if (!is_separator(p[i]))
			secret_data(s)[n++] = p[i];
	}
	secret_truncate(s, n);
	return s;
}

/* Without a branch or a table that depends on it. letter: of ten. */
static unsigned char
digit(int n, int letter)
{
	return (unsigned char)(n + '0' + (((9 - n) >> 8) & (letter - '0' - 10)));
}

struct secret *
key_write(const struct secret *bytes, bool upper)
{
	struct secret *s = secret_alloc(2 * secret_len(bytes));
	const unsigned char *p = secret_bytes(bytes);
	int letter = upper ? 'A' : 'a';

	for (size_t i = 0; s != NULL && i < secret_len(bytes); i++) {
		secret_data(s)[2 * i] = digit(p[i] >> 4, letter);
		secret_data(s)[2 * i + 1] = digit(p[i] & 15, letter);
	}
	return s;
}

const char *
key_fault_text(enum key_fault fault)
{
	switch (fault) {
	case KEY_BAD_DIGIT:
		return "a key is written in hexadecimal digits (spaces, ':' and '-' may stand "
		       "between "
		       "bytes)";
	case KEY_BAD_LENGTH:
		return "a key has 32 digits (2DES) or 48 (3DES)";
	case KEY_HALVES_EQUAL:
		return "a 3DES key whose parts are equal is no stronger than DES: make a new one";
	case KEY_NO_MEMORY:
		return "out of memory";
	case KEY_GOOD:
		break;
	}
	return "good";
}

const char *
key_fault_text_aes(enum key_fault fault)
{
	if (fault == KEY_BAD_LENGTH)
		return "a key has 32 digits (2DES, AES-128), 48 (3DES, AES-192) or 64 (AES-256)";
	return key_fault_text(fault);
}

bool
key_check_value(const struct secret *bytes, bool aes, char kcv[7])
{
	unsigned char block[RESPONSE_AES];
	struct secret *encrypted = NULL;
	const unsigned char *p;

	memset(block, aes ? 1 : 0, sizeof(block));
	if (!response_compute(bytes, block, aes ? RESPONSE_AES : RESPONSE_DES, &encrypted))
		return false;
	p = secret_bytes(encrypted);
	snprintf(kcv, 7, "%02X%02X%02X", p[0], p[1], p[2]);
	secret_free(&encrypted);
	return true;
}
