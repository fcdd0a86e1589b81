/* SPDX-License-Identifier: BSD-3-Clause */
/* Random bytes. */
#include <limits.h>
#include <openssl/rand.h>

#include "card/draw.h"
#include "policy/log.h"

bool
draw_bytes(const struct draw *draw, unsigned char *to, size_t len)
{
	bool ok = draw != NULL ? draw->bytes(to, len, draw->arg)
			       : len <= INT_MAX && RAND_priv_bytes(to, (int)len) == 1;

	if (!ok)
		log_error("OpenSSL gives no random bytes");
	return ok;
}
