/* SPDX-License-Identifier: BSD-3-Clause */
/* What a bent vendor module is to do at which of its calls: shared memory of sweep and bent.so. */
#ifndef TESTS_FAULTS_PLAN_H
#define TESTS_FAULTS_PLAN_H

#include <stdatomic.h>
#include <stdint.h>

enum how {
	HOW_NOT,     /* nothing: the calls are counted and noted only */
	HOW_INSTEAD, /* rv, and the call is not made */
	HOW_AFTER,   /* rv, and the call was made, successfully or not */
	HOW_LATE,    /* made rv milliseconds later */
	HOW_HANG,    /* never comes back */
	HOW_SEGV,    /* the process dies by SIGSEGV before the call */
	HOW_SEGV_AFTER,
	HOW_ABORT,
	HOW_ABORT_AFTER,
	HOW_EXIT, /* exit(0) within the call */
	HOW_EXIT_AFTER,
	/* Lies of C_GetTokenInfo; the other calls are made as ever. */
	HOW_FLAGS_SET,   /* those of rv as well */
	HOW_FLAGS_CLEAR, /* without those of rv */
	HOW_FLAGS,       /* rv are all that are shown */
	HOW_LENGTHS,     /* rv: index into bent.c's lengths of PINs */
	/* Lies of C_GetSlotList. */
	HOW_SLOTS_FEWER, /* one slot less the second time that it is asked */
	HOW_SLOTS_MANY,  /* the number is rv, whatever there is room for */
	/* Lies of C_FindObjects. */
	HOW_FOUND_NONE,
	HOW_FOUND_MANY,   /* so many more than there was room for */
	HOW_FOUND_AGAIN,  /* the first ones again and again */
	HOW_FOUND_GHOSTS, /* without end, and none of them exists */
	/* Lies of C_GetAttributeValue, of its first attribute. */
	HOW_VALUE_LENGTH,  /* it is rv */
	HOW_VALUE_SHORTER, /* by rv */
	HOW_VALUE_BYTES,   /* all of them, xor rv */
	HOWS
};

#define PLAN_LENGTHS 7
#define PLAN_CALLS   512
#define PLAN_NAME    24
#define PLAN_PROGRAM 32

struct plan {
	char program[PLAN_PROGRAM]; /* in processes of this program alone */
	uint32_t nth;               /* at its call of this number, counted from 1; 0: at each */
	uint32_t how;
	uint64_t rv;
	_Atomic uint32_t calls; /* so far, in all processes of the program */
	_Atomic uint32_t fired; /* so often it came to pass */
	char names[PLAN_CALLS][PLAN_NAME];
};

#endif
