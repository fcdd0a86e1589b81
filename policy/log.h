/* SPDX-License-Identifier: BSD-3-Clause */
/* The log: syslog's authpriv, and where a person asked for it, standard error or a file. */
#ifndef POLICY_LOG_H
#define POLICY_LOG_H

#include <stdbool.h>
#include <stdio.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/*
 * What is not to go to syslog goes here as well or instead. Given a whole printable line,
 * "p11-latch: " and the message, without newline; never a debug line. Returns true when the line
 * need not go to syslog any more.
 */
typedef bool (*log_sink)(enum log_level level, const char *line, void *arg);

/*
 * Reads P11_LATCH_DEBUG (ignored under AT_SECURE): "1" sends every line to standard error as well,
 * an absolute path appends to that file. Without it debug lines are dropped.
 */
void log_init(void);

/* Whether P11_LATCH_DEBUG asks for standard error. */
bool log_to_stderr(void);

void log_set_sink(log_sink sink, void *arg);

/*
 * One line, of at most 2047 bytes (more is cut off), in which every byte that is not printable
 * ASCII is written as \xNN: names and token strings may be hostile. Safe in threads and after fork;
 * keeps errno. No line may hold a PIN, PUK, key or anything computed from one, at any level.
 */
void log_line(enum log_level level, const char *function, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* What a token or its module says of itself, as a line of the log has it: a terminal obeys it
 * otherwise. */
void log_print_escaped(FILE *out, const char *text);

#define log_error(...)   log_line(LOG_LEVEL_ERROR, __func__, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __func__, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __func__, __VA_ARGS__)
#define log_debug(...)   log_line(LOG_LEVEL_DEBUG, __func__, __VA_ARGS__)

#endif
