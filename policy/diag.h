/* SPDX-License-Identifier: BSD-3-Clause */
/* Errors and warnings about files, as a compiler gives them: file:line:column, what, what instead.
 */
#ifndef POLICY_DIAG_H
#define POLICY_DIAG_H

#include <stdbool.h>
#include <stddef.h>

enum diag_level { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE };

struct diag {
	enum diag_level level;
	char *file;
	unsigned line;   /* from 1; 0: the file as a whole */
	unsigned column; /* in bytes, from 1; 0: the line as a whole */
	char *what;      /* what is wrong; never holds a value that may be secret */
	char *remedy;    /* what would be right; may be NULL */
};

/* All that was found, in the order found. Starts as all zeroes. */
struct diags {
	struct diag *list;
	size_t n;
	size_t n_errors;
	size_t n_warnings;
};

struct place {
	const char *file;
	unsigned line;
	unsigned column;
};

/* Adds one. fmt makes `what`; remedy may be NULL. Out of memory: counted all the same. */
void diag_add(struct diags *d, enum diag_level level, struct place where, const char *remedy,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* "error", "warning" or "note". */
const char *diag_level_name(enum diag_level level);

/* One line "file:line:column: error: what; remedy", without newline; to be freed. NULL: no memory.
 */
char *diag_line(const struct diag *d);

/*
 * Sends each line to the log (policy/log.h): errors as errors, all else for who debugs only. What
 * reads a policy at each request would else repeat its warnings at each; they are for p11-latch
 * check.
 */
void diags_log(const struct diags *d);

void diags_free(struct diags *d);

#endif
