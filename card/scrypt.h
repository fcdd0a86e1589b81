/* SPDX-License-Identifier: BSD-3-Clause */
/* scrypt, which makes guessing what a PUK or a response is as costly as what is right. */
#ifndef CARD_SCRYPT_H
#define CARD_SCRYPT_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/secret.h"

/* RFC 7914, with N=2^14, r=8, p=1: fills out. False: OpenSSL failed, most likely for memory
 * (logged).
 */
bool scrypt_derive(
    const struct secret *password, const unsigned char *salt, size_t salt_len, struct secret *out);

#endif
