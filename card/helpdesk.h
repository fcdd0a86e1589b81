/* SPDX-License-Identifier: BSD-3-Clause */
/* What is derived from the card manager key of an offline-unblockable card. */
#ifndef CARD_HELPDESK_H
#define CARD_HELPDESK_H

#include "card/card_name.h"
#include "policy/secret.h"

/* What a card manager key is for: 8-byte challenges by 3DES, or 16-byte ones by AES. */
enum manager_cipher { MANAGER_DES = 1, MANAGER_AES = 2 };

/* Bytes of its challenges and responses (policy/response.h). */
size_t manager_block(enum manager_cipher cipher);

/*
 * len bytes derived from the key: KBKDF (SP 800-108) in counter mode with HMAC-SHA-256, label and
 * context as there, both the standard's. Never CMAC or the cipher itself, under which the
 * helpdesk's answers are. A DES key is taken as 24 bytes (K1 K2 as K1 K2 K1) with odd parity, so
 * that keys that give the same responses give the same here. NULL: logged; or the key has no length
 * of this cipher.
 */
struct secret *manager_derive(const struct secret *key, enum manager_cipher cipher,
    const char *label, const void *context, size_t context_len, size_t len);

/*
 * The helpdesk's private X25519 key for this card: every box is sealed to it, so that whoever has
 * the card manager key can open them all. 32 bytes; its public key is seal_public()'s.
 */
struct secret *helpdesk_private(
    const struct secret *key, enum manager_cipher cipher, const struct card_name *name);

#endif
