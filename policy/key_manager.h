/* SPDX-License-Identifier: BSD-3-Clause */
/* A card manager key that answers challenges: DES or AES, told by its length. */
#ifndef POLICY_KEY_MANAGER_H
#define POLICY_KEY_MANAGER_H

#include "policy/key.h"

/*
 * As key_parse(): 32 digits are a 2DES key and 48 a 3DES key, and 64 an AES key, of which *aes
 * tells. bytes, aes and well_known may be NULL.
 */
enum key_fault key_parse_manager(
    const struct secret *written, struct secret **bytes, bool *aes, bool *well_known);

#endif
