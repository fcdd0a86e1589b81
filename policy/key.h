/* SPDX-License-Identifier: BSD-3-Clause */
/* Card manager keys as people write them: hexadecimal digits, and what makes a key bad. */
#ifndef POLICY_KEY_H
#define POLICY_KEY_H

#include <stdbool.h>

#include "policy/secret.h"

enum key_fault { KEY_GOOD, KEY_BAD_DIGIT, KEY_BAD_LENGTH, KEY_HALVES_EQUAL, KEY_NO_MEMORY };

/*
 * Checks a key as written (spaces, ':' and '-' between bytes are allowed) and gives its bytes: 16
 * (2DES), 24 (3DES), with aes also 32. bytes may be NULL where only the verdict is wanted, which
 * takes no memory; *bytes is to be freed. *well_known, if not NULL: a default key that anybody
 * knows.
 */
enum key_fault key_parse(
    const struct secret *written, bool aes, struct secret **bytes, bool *well_known);

/* The digits as written, separators dropped, upper and lower case kept. NULL: no memory. */
struct secret *key_digits(const struct secret *written);

/* The way back: a key's bytes as hexadecimal digits, two for each, to be freed. NULL: no memory. */
struct secret *key_write(const struct secret *bytes, bool upper);

/* For people: what is wrong with such a key, and what would be right. */
const char *key_fault_text(enum key_fault fault);

/* The same where an AES key would be right too. */
const char *key_fault_text_aes(enum key_fault fault);

/*
 * Key check value as six hexadecimal digits and NUL: the first three bytes of a block of zeroes
 * under a DES key (bytes: 16 or 24), of a block of ones, 01, under an AES key (16, 24 or 32).
 * GlobalPlatform Card Specification 2.3, B.5. False where it cannot be computed.
 */
bool key_check_value(const struct secret *bytes, bool aes, char kcv[7]);

#endif
