/* SPDX-License-Identifier: BSD-3-Clause */
/* What C_SetPIN costs in a program that runs already: prints milliseconds. */
#include <stdio.h>
#include <string.h>

#include "tests/bench/bench.h"

int
main(int argc, char **argv)
{
	CK_SESSION_HANDLE session;
	struct bench b;
	uint64_t start;

	if (argc != 4) {
		fputs("usage: set_pin MODULE OLD NEW\n", stderr);
		return 2;
	}
	bench_begin(&b, argv[1]);
	bench_must(
	    b.f->C_OpenSession(b.slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session),
	    "C_OpenSession");
	start = bench_now();
	bench_must(b.f->C_SetPIN(session, (CK_UTF8CHAR *)argv[2], strlen(argv[2]),
		       (CK_UTF8CHAR *)argv[3], strlen(argv[3])),
	    "C_SetPIN");
	printf("%.3f\n", (double)(bench_now() - start) / 1e6);
	return 0;
}
