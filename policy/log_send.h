/* SPDX-License-Identifier: BSD-3-Clause */
/* The way of a log line to the system's log. */
#ifndef POLICY_LOG_SEND_H
#define POLICY_LOG_SEND_H

/*
 * Sends one line to /dev/log, and keeps nothing open. priority is facility | level as in syslog(3).
 * Not syslog(3) itself: that keeps a descriptor for ever (the application's last one, or one of 0
 * to 2 where it has these closed), waits for ever, takes a lock that a forked child may find taken,
 * and prints to standard error if the application asked for that by openlog(3). A line that cannot
 * be sent is lost.
 */
void log_send(int priority, const char *line);

#endif
