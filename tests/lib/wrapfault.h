/* SPDX-License-Identifier: BSD-3-Clause */
/* Library and system calls that go wrong in this very program, linked with ld's --wrap. */
#ifndef TESTS_LIB_WRAPFAULT_H
#define TESTS_LIB_WRAPFAULT_H

#include <stdbool.h>

/*
 * From now on this thread's calls of those in tests/lib/sysfault.inc are counted, and the Nth goes
 * wrong in the first (turn 0), second, ... of its ways. Until wrapfault_end(): whether it came to
 * pass; *more: it has further ways.
 */
void wrapfault_begin(unsigned nth, unsigned turn);
bool wrapfault_end(bool *more);

/* The same, but nothing goes wrong: how many calls there are, until wrapfault_traced(). */
void wrapfault_trace(void);
unsigned wrapfault_traced(void);

/* Whether the Nth call of that trace is the first of its place in the code; asked once. */
bool wrapfault_is_new(unsigned nth);

/* Nothing goes wrong any more: what a program for coverage counts with as it ends is not ours. */
void wrapfault_stop(void);

/* What went wrong, for people. */
const char *wrapfault_what(void);

#endif
