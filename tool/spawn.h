/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting programs: a helper of one's own, and what personalize holds for. */
#ifndef TOOL_SPAWN_H
#define TOOL_SPAWN_H

#include "policy/config.h"

/* A helper with the other end of the socket that is returned, as the module starts it; -1: printed
 * why. */
int spawn_helper(const struct config *c);

/*
 * Runs argv with those variables ("NAME=VALUE", a NULL ends them) added to the environment, and
 * waits for its end as a shell does: signals of the terminal are for it alone, SIGTERM and SIGHUP
 * are handed on. Its exit status, 128 + N where signal N ended it; 127 not found, 126 cannot be run
 * (printed why). Meanwhile, should the other end of sock be closed without a word, gone(arg) is
 * called, once.
 */
int spawn_command(
    char **argv, char *const *variables, int sock, void (*gone)(void *arg), void *arg);

#endif
