/* SPDX-License-Identifier: BSD-3-Clause */
/* What may be known of a secret, such as whether it equals another: for the test that watches time.
 */
#ifndef POLICY_DECLASSIFY_H
#define POLICY_DECLASSIFY_H

/*
 * That test (tests/unit/constant.c) has valgrind take secrets for memory that is not initialised,
 * and so finds each branch and each address that depends on one. At p are len bytes that were
 * computed from a secret, and are none. Nothing in all other programs.
 */
#ifdef CONSTANT_TIME_TEST
#include <valgrind/memcheck.h>
#define declassify(p, len) VALGRIND_MAKE_MEM_DEFINED(p, len)
#else
#define declassify(p, len) ((void)0)
#endif

#endif
