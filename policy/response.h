/* SPDX-License-Identifier: BSD-3-Clause */
/* The response to a challenge under a card manager key (design, section 8). */
#ifndef POLICY_RESPONSE_H
#define POLICY_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/secret.h"

/* Bytes of a challenge, and of its response: one block of the key's cipher. */
#define RESPONSE_DES 8
#define RESPONSE_AES 16

/* Whether a key of that many bytes answers challenges of that many. */
bool response_fits(size_t key_size, size_t challenge_size);

/*
 * Encrypts the challenge under the key, as one block and never more: with 8 bytes of challenge by
 * 3DES (key of 16 bytes, used as K1 K2 K1, or 24), with 16 by AES (16, 24 or 32). *response has as
 * many bytes as the challenge, and is to be freed. False, and *response NULL, where the sizes do
 * not fit, there is no memory, or OpenSSL has not the cipher.
 */
bool response_compute(const struct secret *key, const unsigned char *challenge,
    size_t challenge_size, struct secret **response);

#endif
