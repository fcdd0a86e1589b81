/* SPDX-License-Identifier: BSD-3-Clause */
/* Where random bytes come from: OpenSSL, or for a test vector a stream that is always the same. */
#ifndef CARD_DRAW_H
#define CARD_DRAW_H

#include <stdbool.h>
#include <stddef.h>

/* Writes len random bytes; false: there is no randomness. */
struct draw {
	bool (*bytes)(unsigned char *to, size_t len, void *arg);
	void *arg;
};

/* NULL: OpenSSL's generator for secrets, as it always is but in tests. False: logged. */
bool draw_bytes(const struct draw *draw, unsigned char *to, size_t len);

#endif
