/* SPDX-License-Identifier: BSD-3-Clause */
/* What R's scrypt costs on this machine: prints milliseconds, the median of some rounds. */
#include <stdio.h>
#include <stdlib.h>

#include "card/scramble.h"
#include "policy/secret.h"
#include "tests/bench/bench.h"

#define ROUNDS 9
#define R_LEN  32

static int
ascending(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int
main(void)
{
	static const unsigned char salt[SALT_LEN];
	uint64_t took[ROUNDS], start;
	struct secret *so, *r = NULL;
	int i;

	secret_init();
	so = secret_new((const unsigned char *)"12345678", 8);
	for (i = 0; so != NULL && i < ROUNDS; i++) {
		start = bench_now();
		bench_must(scramble_pin(so, salt, R_LEN, &r), "scrypt");
		took[i] = bench_now() - start;
		secret_free(&r);
	}
	secret_free(&so);
	qsort(took, ROUNDS, sizeof(took[0]), ascending);
	printf("%.3f\n", (double)took[ROUNDS / 2] / 1e6);
	return 0;
}
