/* SPDX-License-Identifier: BSD-3-Clause */
/* Reaching the helper: spawned with a socket as its standard input, or behind a unix socket. */
#ifndef MODULE_REACH_H
#define MODULE_REACH_H

#include <sys/types.h>

/*
 * A socket to a new helper of our own, CLOEXEC and above 2; *child is to be given to reach_reap()
 * once it answered or failed. -1: logged; call is what it was for.
 */
int reach_spawn(pid_t *child, const char *call);

/* A socket to the helper's service: the operators', where we may, else that for all. -1: logged. */
int reach_connect(const char *call);

/* Takes the exit of a child that is about to end; others (SIGCHLD ignored, wait(-1)) may have been
 * faster. */
void reach_reap(pid_t child);

#endif
