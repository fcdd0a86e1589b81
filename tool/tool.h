/* SPDX-License-Identifier: BSD-3-Clause */
/* What the subcommands of p11-latch share. */
#ifndef TOOL_TOOL_H
#define TOOL_TOOL_H

#include <stdbool.h>
#include <stddef.h>

#include "card/office.h"
#include "card/order.h"
#include "policy/secret.h"

/* Exit statuses. */
enum { TOOL_DONE = 0, TOOL_FAILED = 1, TOOL_USAGE = 2 };

/* Each gets its own words, argv[0] is its name, and gives an exit status. */
int tool_check(int argc, char **argv);
int tool_status(int argc, char **argv);
int tool_explain(int argc, char **argv);
int tool_apply(int argc, char **argv);
int tool_block(int argc, char **argv);
int tool_unblock(int argc, char **argv);
int tool_challenge(int argc, char **argv);
int tool_verify(int argc, char **argv);
int tool_personalize(int argc, char **argv);
int tool_probe(int argc, char **argv);
int tool_adopt(int argc, char **argv);
int tool_forget(int argc, char **argv);
int tool_reset(int argc, char **argv);
int tool_recover(int argc, char **argv);
int tool_respond(int argc, char **argv);
int tool_key(int argc, char **argv);
int tool_add(int argc, char **argv);

/* --config, P11_LATCH_CONF, or the installed one. */
const char *tool_config(void);

/* Says what is wrong with the words, and how they are to be; TOOL_USAGE. */
int tool_usage(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int tool_help(const char *command);

/* What the log says is shown to the person at the command; with quiet only errors are. */
void tool_errors_only(bool quiet);

/* Reads the configuration; errors are printed. NULL: none. To be freed by config_free(). */
struct config *tool_read_config(void);

/*
 * A secret as a word of the command line says: "-" a line of standard input, "@FILE" the first line
 * of a file, else the word itself, with a warning. NULL: printed why.
 */
struct secret *tool_secret(const char *word, const char *what);

/* Puts what a --field says, NAME=SECRET, before a list. An exit status. */
int tool_given(const char *command, const char *word, struct given **list);

/* Writes all of it, past the library's buffers, which would keep it. False: errno. */
bool tool_write(int fd, const struct secret *s);

/*
 * Asks on the terminal, without echo; twice where a new value is to be chosen. instead: the words
 * that have it read from standard input, which is said where there is no terminal; NULL: there are
 * none. NULL: printed why.
 */
struct secret *tool_ask(const char *prompt, bool twice, const char *instead);

/*
 * Carries an order out: here, or where Helper= is a socket that this user is to use, through it;
 * asks on the terminal for what is missing. The order is cleared. An exit status.
 */
int tool_order(struct order *order);

/* The same for the card of this URI. */
int tool_order_for(struct order *order, const char *uri);

/* A connection to the helper's sockets, the operators' first; -1: printed why. */
int tool_connect(const struct config *c);

#endif
