/* SPDX-License-Identifier: BSD-3-Clause */
/* What a large policy costs: reading it, and finding the binding of one token. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/binding.h"
#include "tests/bench/bench.h"

#define ROUNDS       21
#define MANUFACTURER "SoftHSM project"

static void
identity_of(struct identity *id, const char *serial)
{
	unsigned char label[32], manufacturer[32], model[16], number[16];

	memset(label, ' ', sizeof(label));
	memset(manufacturer, ' ', sizeof(manufacturer));
	memset(model, ' ', sizeof(model));
	memcpy(manufacturer, MANUFACTURER, strlen(MANUFACTURER));
	memset(number, ' ', sizeof(number));
	memcpy(number, serial, strlen(serial) < sizeof(number) ? strlen(serial) : sizeof(number));
	identity_set(id, label, manufacturer, model, number);
}

static int
ascending(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* bindings POLICY.conf SERIAL: milliseconds, the median of some rounds. */
int
main(int argc, char **argv)
{
	uint64_t took[ROUNDS], start;
	struct identity id;
	int i;

	if (argc != 3) {
		fputs("usage: bindings POLICY.conf SERIAL\n", stderr);
		return 2;
	}
	identity_of(&id, argv[2]);
	for (i = 0; i < ROUNDS; i++) {
		struct diags d = {0};
		struct policy *p;
		bool tie = false;

		start = bench_now();
		p = policy_read(argv[1], &d);
		if (p == NULL || policy_match(p, &id, &tie, &d) == NULL) {
			fprintf(stderr, "bench: %s governs no token %s\n", argv[1], argv[2]);
			return 1;
		}
		took[i] = bench_now() - start;
		policy_free(p);
		diags_free(&d);
	}
	qsort(took, ROUNDS, sizeof(took[0]), ascending);
	printf("%.3f\n", (double)took[ROUNDS / 2] / 1e6);
	return 0;
}
