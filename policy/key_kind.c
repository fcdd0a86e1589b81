/* SPDX-License-Identifier: BSD-3-Clause */
/* New card manager keys, and the parts of DES keys that are no good. */
#include "policy/key_kind.h"

#include <string.h>

#include <openssl/rand.h>

#include "policy/declassify.h"

#define PART  8    /* bytes of a single DES key */
#define DRAWS 1000 /* one in 2^50 is no good, so that this is a broken source of randomness */

static const struct {
	const char *name;
	size_t size;
	bool aes;
} kinds[KEY_KINDS] = {
    [KEY_2DES] = {"2DES", 16, false},
    [KEY_3DES] = {"3DES", 24, false},
    [KEY_AES128] = {"AES-128", 16, true},
    [KEY_AES192] = {"AES-192", 24, true},
    [KEY_AES256] = {"AES-256", 32, true},
};

/* SP 800-67, 3.4.2, where they are also in pairs: each undoes what the other does. */
static const unsigned char weak[][PART] = {
    {0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01},
    {0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe, 0xfe},
    {0xe0, 0xe0, 0xe0, 0xe0, 0xf1, 0xf1, 0xf1, 0xf1},
    {0x1f, 0x1f, 0x1f, 0x1f, 0x0e, 0x0e, 0x0e, 0x0e},
};
static const unsigned char semi_weak[][PART] = {
    {0x01, 0xfe, 0x01, 0xfe, 0x01, 0xfe, 0x01, 0xfe},
    {0xfe, 0x01, 0xfe, 0x01, 0xfe, 0x01, 0xfe, 0x01},
    {0x1f, 0xe0, 0x1f, 0xe0, 0x0e, 0xf1, 0x0e, 0xf1},
    {0xe0, 0x1f, 0xe0, 0x1f, 0xf1, 0x0e, 0xf1, 0x0e},
    {0x01, 0xe0, 0x01, 0xe0, 0x01, 0xf1, 0x01, 0xf1},
    {0xe0, 0x01, 0xe0, 0x01, 0xf1, 0x01, 0xf1, 0x01},
    {0x1f, 0xfe, 0x1f, 0xfe, 0x0e, 0xfe, 0x0e, 0xfe},
    {0xfe, 0x1f, 0xfe, 0x1f, 0xfe, 0x0e, 0xfe, 0x0e},
    {0x01, 0x1f, 0x01, 0x1f, 0x01, 0x0e, 0x01, 0x0e},
    {0x1f, 0x01, 0x1f, 0x01, 0x0e, 0x01, 0x0e, 0x01},
    {0xe0, 0xfe, 0xe0, 0xfe, 0xf1, 0xfe, 0xf1, 0xfe},
    {0xfe, 0xe0, 0xfe, 0xe0, 0xfe, 0xf1, 0xfe, 0xf1},
};

const char *
key_kind_name(enum key_kind kind)
{
	return kinds[kind].name;
}

size_t
key_kind_size(enum key_kind kind)
{
	return kinds[kind].size;
}

bool
key_kind_is_aes(enum key_kind kind)
{
	return kinds[kind].aes;
}

/* Apart from parity, the lowest bit of each byte. */
static bool
equal(const unsigned char *a, const unsigned char *b)
{
	unsigned difference = 0;

	for (size_t i = 0; i < PART; i++)
		difference |= (unsigned)(a[i] ^ b[i]) & 0xfe;
	return difference == 0;
}

static bool
is_one_of(const unsigned char (*list)[PART], size_t n, const unsigned char *part)
{
	unsigned found = 0;

	for (size_t i = 0; i < n; i++)
		found |= equal(list[i], part);
	return found != 0;
}

/* The lowest bit of the number of bits. */
static unsigned
parity(unsigned byte)
{
	byte ^= byte >> 4;
	byte ^= byte >> 2;
	return (byte ^ byte >> 1) & 1;
}

void
key_judge(const struct secret *bytes, struct key_parts *parts)
{
	const unsigned char *key = secret_bytes(bytes);
	size_t len = secret_len(bytes);
	unsigned odd = 1;

	memset(parts, 0, sizeof(*parts));
	for (size_t i = 0; i < len; i++)
		odd &= parity(key[i]);
	parts->odd_parity = odd != 0;
	for (size_t i = 0; i < len / PART; i++) {
		parts->weak[i] = is_one_of(weak, sizeof(weak) / sizeof(weak[0]), key + i * PART);
		parts->semi_weak[i] =
		    is_one_of(semi_weak, sizeof(semi_weak) / sizeof(semi_weak[0]), key + i * PART);
	}
	parts->k1_is_k2 = equal(key, key + PART);
	if (len == (size_t)3 * PART) {
		parts->k2_is_k3 = equal(key + PART, key + (size_t)2 * PART);
		parts->k1_is_k3 = equal(key, key + (size_t)2 * PART);
	}
	declassify(parts, sizeof(*parts));
}

static bool
is_good(const struct key_parts *p)
{
	for (size_t i = 0; i < 3; i++) {
		if (p->weak[i] || p->semi_weak[i])
			return false;
	}
	return p->odd_parity && !p->k1_is_k2 && !p->k2_is_k3 && !p->k1_is_k3;
}

void
key_make_odd(unsigned char *key, size_t len)
{
	for (size_t i = 0; i < len; i++)
		key[i] = (unsigned char)(key[i] ^ parity(key[i]) ^ 1);
}

struct secret *
key_new(enum key_kind kind)
{
	struct secret *key = secret_alloc(kinds[kind].size);
	struct key_parts parts;

	for (int i = 0; key != NULL && i < DRAWS; i++) {
		if (RAND_priv_bytes(secret_data(key), (int)kinds[kind].size) != 1)
			break;
		if (kinds[kind].aes)
			return key;
		key_make_odd(secret_data(key), kinds[kind].size);
		key_judge(key, &parts);
		if (is_good(&parts))
			return key;
	}
	secret_free(&key);
	return NULL;
}
