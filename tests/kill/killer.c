/* SPDX-License-Identifier: BSD-3-Clause */
/* killer: runs a program, and kills one of its processes at one step, which is counted. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/kill/killer.h"

#define LIMIT_S 120

static int
usage(void)
{
	fputs(
	    "usage: killer [-k KIND CLASS STEP] [-a KIND]... [-l FILE] [-t SECONDS] REPORT "
	    "PROGRAM\n"
	    "              [ARG...]\n"
	    "KIND: helper, command, application. CLASS: own, a system call of its own; vendor, "
	    "one\n"
	    "within a call of the vendor's module; call, such a call before or after it (by\n"
	    "marks.so). -a: these are killed at the same moment. -l: every step goes to FILE, as\n"
	    "\"KIND CLASS STEP NAME CALL\". REPORT is a file: \"killed KIND CLASS STEP NAME "
	    "CALL\";\n"
	    "\"whole KIND CLASS STEPS\" where it ended before; \"late\" where it did not end.\n",
	    stderr);
	return 2;
}

static bool
read_step(struct order *order, char **words)
{
	return kind_read(words[0], &order->kind) && class_read(words[1], &order->class) &&
	       (order->step = (unsigned)strtoul(words[2], NULL, 10)) > 0;
}

/* How many words it takes; 0: not understood. */
static int
read_option(struct order *order, char **words, int n)
{
	enum kind kind;

	if (strcmp(words[0], "-k") == 0 && n > 3)
		return read_step(order, words + 1) ? 4 : 0;
	if (n < 2)
		return 0;
	if (strcmp(words[0], "-a") == 0 && kind_read(words[1], &kind))
		order->also |= 1U << kind;
	else if (strcmp(words[0], "-t") == 0)
		order->limit = (unsigned)strtoul(words[1], NULL, 10);
	else if (strcmp(words[0], "-l") != 0 || (order->list = fopen(words[1], "we")) == NULL)
		return 0;
	return 2;
}

static bool
report(const struct order *order, const char *path, bool ended)
{
	FILE *f = fopen(path, "we");

	if (f == NULL) {
		perror(path);
		return false;
	}
	if (ended)
		step_report(order, f);
	else
		fputs("late\n", f);
	return fclose(f) == 0;
}

int
main(int argc, char **argv)
{
	struct order order = {.limit = LIMIT_S};
	bool ended;
	int at = 1, n;

	for (; at < argc && argv[at][0] == '-'; at += n) {
		n = read_option(&order, argv + at, argc - at);
		if (n == 0)
			return usage();
	}
	if (argc - at < 2)
		return usage();
	ended = trace_run(&order, argv + at + 1);
	if (order.list != NULL && fclose(order.list) != 0)
		return 1;
	return report(&order, argv[at], ended) ? 0 : 1;
}
