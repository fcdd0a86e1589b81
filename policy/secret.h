/* SPDX-License-Identifier: BSD-3-Clause */
/* The one type for PINs, PUKs, keys and what is derived from them: locked memory, wiped when freed.
 */
#ifndef POLICY_SECRET_H
#define POLICY_SECRET_H

#include <stdbool.h>
#include <stddef.h>

struct secret;

/*
 * Prepares locked memory for all secrets of this process, forbids core dumps and reading by other
 * processes of the same user. To be called once, before the first secret. Never fails: where the
 * limits of the process allow no locked memory, secrets are still wiped and kept out of dumps.
 */
void secret_init(void);

/* A copy of len bytes (0 is allowed: an empty PIN). NULL when there is no memory. */
struct secret *secret_new(const void *bytes, size_t len);

/* len zero bytes, to be written through secret_data(). NULL when there is no memory. */
struct secret *secret_alloc(size_t len);

struct secret *secret_dup(const struct secret *s);

/* Wipes and frees *s, and sets it to NULL. A NULL *s is allowed. */
void secret_free(struct secret **s);

/* Wipes bytes beyond len away: afterwards the secret is len long (len <= its length before). */
void secret_truncate(struct secret *s, size_t len);

const unsigned char *secret_bytes(const struct secret *s);
unsigned char *secret_data(struct secret *s);
size_t secret_len(const struct secret *s);

/* Equal in length and content, in time that depends on the lengths only. NULL equals nothing. */
bool secret_equal(const struct secret *a, const struct secret *b);

#endif
