/* SPDX-License-Identifier: BSD-3-Clause */
/* R, the long PIN that nobody knows, computed from the SO secret and a salt. */
#ifndef CARD_SCRAMBLE_H
#define CARD_SCRAMBLE_H

#include <stdbool.h>
#include <stddef.h>

#include <p11-kit/pkcs11.h>

#include "card/private.h"
#include "policy/secret.h"

/*
 * scrypt (RFC 7914; N=2^14, r=8, p=1) of the SO secret and the salt, mapped without bias to len
 * letters and digits, or digits only. *r is to be freed. The same in, the same out, on every
 * machine.
 */
CK_RV scramble_pin(const struct secret *so, const unsigned char salt[SALT_LEN], size_t len,
    bool digits, struct secret **r);

/* len random letters and digits (or digits only), without bias. NULL: no memory or no randomness.
 */
struct secret *random_pin(size_t len, bool digits);

#endif
