/* SPDX-License-Identifier: BSD-3-Clause */
/* Kinds of card manager keys: making one, and what is to be said of one that there is. */
#ifndef POLICY_KEY_KIND_H
#define POLICY_KEY_KIND_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/secret.h"

enum key_kind { KEY_2DES, KEY_3DES, KEY_AES128, KEY_AES192, KEY_AES256 };
#define KEY_KINDS 5

/* "2DES", "3DES", "AES-128", ... */
const char *key_kind_name(enum key_kind kind);
size_t key_kind_size(enum key_kind kind); /* bytes */
bool key_kind_is_aes(enum key_kind kind);

/*
 * A random key of that kind; of DES keys the parity is odd, no part is weak or semi-weak, and all
 * parts differ. To be freed. NULL: no memory, or no randomness.
 */
struct secret *key_new(enum key_kind kind);

/* Sets the lowest bit of each byte so that the number of ones is odd (FIPS 46-3). In constant time.
 */
void key_make_odd(unsigned char *key, size_t len);

/* What is to be known of the parts of a DES key: K1 and K2, or K1, K2 and K3. */
struct key_parts {
	bool odd_parity;
	/* Of part i, parity apart: DES under it undoes itself, or what another such key does. */
	bool weak[3], semi_weak[3];
	bool k1_is_k2, k2_is_k3, k1_is_k3;
};

/* bytes: 16 or 24. */
void key_judge(const struct secret *bytes, struct key_parts *parts);

#endif
