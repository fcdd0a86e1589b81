/* SPDX-License-Identifier: BSD-3-Clause */
/* The lock of one token: who has it may change its record, and its PIN. */
#ifndef CARD_LOCK_H
#define CARD_LOCK_H

#include <stdbool.h>

enum lock_status { LOCK_TAKEN, LOCK_BUSY, LOCK_FAILED };

/*
 * Takes the flock of DIR/private/NAME.lock, waiting at most wait_ms. *fd is CLOEXEC; closing it (or
 * the end of all processes that have it) frees the lock. goes_first: whoever has it is let know
 * that it is waited for. LOCK_FAILED is logged.
 */
enum lock_status lock_take(
    const char *dir, const char *name, unsigned wait_ms, bool goes_first, int *fd);

/* Whether somebody waits for the lock that fd has, who goes first: operators, before all others. */
bool lock_is_wanted(int fd);

#endif
