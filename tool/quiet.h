/* SPDX-License-Identifier: BSD-3-Clause */
/* A terminal without echo, for as long as a person types a secret. */
#ifndef TOOL_QUIET_H
#define TOOL_QUIET_H

#include <signal.h>
#include <stdbool.h>
#include <termios.h>

#define QUIET_SIGNALS 5

/* One at a time: it takes the signals of the process. */
struct quiet {
	int tty;
	int came[2]; /* a pipe: the numbers of the signals that came */
	struct termios before;
	struct sigaction actions[QUIET_SIGNALS];
};

/* Turns echo off. From here on no signal ends or stops the process. False: errno, nothing done. */
bool quiet_begin(struct quiet *q, int tty);

/* Waits until something can be read. False: a signal came, or it cannot be waited for. */
bool quiet_wait(const struct quiet *q);

/*
 * Turns echo on again, and only then lets what came take its course. True: a signal came, and the
 * process goes on, as it does when it was stopped: what was not typed to its end is lost.
 */
bool quiet_end(struct quiet *q);

#endif
