/* SPDX-License-Identifier: BSD-3-Clause */
/* The RSA key of a virtual smart card. */
#ifndef TESTS_CARD_VCARD_KEY_H
#define TESTS_CARD_VCARD_KEY_H

#include <stdbool.h>
#include <stddef.h>

#define KEY_BYTES   256 /* of the modulus */
#define KEY_DER_MAX 2048

/* False where libcrypto fails. Private keys are DER. */
bool key_generate(unsigned char *der, size_t size, size_t *len);

/* modulus has KEY_BYTES; the exponent is 010001. */
bool key_modulus(const unsigned char *der, size_t len, unsigned char *modulus);

/* The private operation alone, on KEY_BYTES bytes. */
bool key_raw(const unsigned char *der, size_t len, const unsigned char *in, unsigned char *out);

/* With PKCS#1 padding of type 1 around it: what OpenPGP cards do with a DigestInfo. */
bool key_sign(const unsigned char *der, size_t len, const unsigned char *in, size_t in_len,
    unsigned char *out);

/* A certificate of its own for the key. */
bool key_certificate(const unsigned char *der, size_t len, const char *name, unsigned char *out,
    size_t size, size_t *out_len);

#endif
