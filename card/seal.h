/* SPDX-License-Identifier: BSD-3-Clause */
/* X25519, and AES-256-GCM under keys that are used once: what tickets and boxes are made of. */
#ifndef CARD_SEAL_H
#define CARD_SEAL_H

#include <stdbool.h>
#include <stddef.h>

#include "card/draw.h"
#include "policy/secret.h"

#define SEAL_KEY    32 /* bytes of an X25519 key, private or public (RFC 7748, 5) */
#define SEAL_TAG    16 /* bytes of GCM's tag */
#define SEAL_ONCE   44 /* bytes of a key for one message: AES-256 key 32, GCM nonce 12 */
#define SEAL_HEADER (SEAL_KEY + SEAL_TAG) /* by how much what is sealed to a key is longer */

enum seal_status {
	SEAL_OPEN,
	SEAL_SHUT,  /* another key, another card, or not what was sealed: nobody can tell which */
	SEAL_FAILED /* no memory, or OpenSSL failed (logged) */
};

/* How a stored thing was read. */
enum seal_format {
	FORMAT_GOOD,
	FORMAT_NEWER, /* of a later version: not for this program */
	FORMAT_BAD    /* none, or damaged */
};

/* A random private key; NULL: logged. */
struct secret *seal_private(const struct draw *draw);

/* The public key of a private one. False: logged. */
bool seal_public(const struct secret *private, unsigned char public[SEAL_KEY]);

/*
 * AES-256-GCM of size bytes under once (SEAL_ONCE bytes, for this one message): out has size +
 * SEAL_TAG bytes, the tag at the end. ad: what is authenticated besides. False: logged.
 */
bool seal_close(const struct secret *once, const unsigned char *ad, size_t ad_len,
    const struct secret *content, unsigned char *out);

/* The way back: *content is to be freed, and is NULL unless SEAL_OPEN. len: of sealed, with tag. */
enum seal_status seal_open(const struct secret *once, const unsigned char *ad, size_t ad_len,
    const unsigned char *sealed, size_t len, struct secret **content);

/*
 * Seals content to a public key: out has its size + SEAL_HEADER bytes: ephemeral public key,
 * ciphertext, tag. The key is HKDF-SHA-256 (RFC 5869) of what X25519 gives, with both public keys,
 * the ephemeral one first, as salt, and label as info. False: logged; or the public key is one of
 * those that give zero with every private one.
 */
bool seal_to(const unsigned char public[SEAL_KEY], const char *label, const unsigned char *ad,
    size_t ad_len, const struct secret *content, const struct draw *draw, unsigned char *out);

/* Opens what was sealed to this private key. */
enum seal_status seal_from(const struct secret *private, const char *label, const unsigned char *ad,
    size_t ad_len, const unsigned char *sealed, size_t len, struct secret **content);

#endif
