/* SPDX-License-Identifier: BSD-3-Clause */
/* What the programs of make bench share: loading a module, its token, the time. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdint.h>

#include <p11-kit/pkcs11.h>

#define BENCH_LABEL "latch"

struct bench {
	const CK_FUNCTION_LIST *f;
	CK_SLOT_ID slot;
};

/* Ends the program with a message where rv is not CKR_OK. */
void bench_must(CK_RV rv, const char *what);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t bench_now(void);

/* dlopen and C_GetFunctionList. */
const CK_FUNCTION_LIST *bench_load(const char *path);

/* The same, C_Initialize, and the slot of the token BENCH_LABEL, or that of $BENCH_TOKEN. */
void bench_begin(struct bench *b, const char *path);

#endif
