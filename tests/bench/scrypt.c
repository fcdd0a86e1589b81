/* SPDX-License-Identifier: BSD-3-Clause */
/* What the scrypt that R is made by costs on this machine, by OpenSSL as it is: milliseconds. */
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <stdio.h>

#include "tests/bench/bench.h"

/* A process computes R once, and the pages that it needs for that are new to it: so here. */
int
main(void)
{
	static const unsigned char salt[32];
	unsigned char out[256];
	uint64_t start = bench_now();

	if (EVP_PBE_scrypt("12345678", 8, salt, sizeof(salt), 1u << 14, 8, 1, 64u * 1024 * 1024,
		out, sizeof(out)) != 1)
		return 1;
	printf("%.3f\n", (double)(bench_now() - start) / 1e6);
	return 0;
}
