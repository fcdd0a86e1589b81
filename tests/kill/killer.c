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
	    "usage: killer [-k KIND CLASS STEP] [-a KIND | -i KIND]... [-l FILE] [-f PATH]...\n"
	    "              [-t SECONDS] REPORT PROGRAM [ARG...]\n"
	    "KIND: helper, command, application. CLASS: own, a system call of its own; vendor,\n"
	    "one within a call of the vendor's module; call, such a call before or after it (by\n"
	    "marks.so). -a: these are killed at the same moment; -i: these instead. -l: every\n"
	    "step goes to FILE, as \"KIND CLASS STEP NAME CALL PLACE PROCESS\", with another\n"
	    "place whenever the files and folders of -f are not what they were, or somebody was\n"
	    "told something. REPORT is a file: \"killed KIND CLASS STEP NAME CALL BESIDE\", with\n"
	    "the call that one of -a or -i was killed within; \"whole KIND CLASS STEPS\" where it\n"
	    "ended before; \"late\" where it did not end.\n",
	    stderr);
	return 2;
}

static bool
read_step(struct order *order, char **words)
{
	return kind_read(words[0], &order->kind) && class_read(words[1], &order->class) &&
	       (order->step = (unsigned)strtoul(words[2], NULL, 10)) > 0;
}

static bool
read_word(struct order *order, char option, const char *word)
{
	enum kind kind;

	switch (option) {
	case 'a':
	case 'i':
		if (!kind_read(word, &kind))
			return false;
		order->also |= 1U << kind;
		order->spared = option == 'i';
		return true;
	case 'f':
		return outside_add(word);
	case 'l':
		order->list = fopen(word, "we");
		return order->list != NULL;
	case 't':
		order->limit = (unsigned)strtoul(word, NULL, 10);
		return true;
	default:
		return false;
	}
}

/* How many words it takes; 0: not understood. */
static int
read_option(struct order *order, char **words, int n)
{
	if (strcmp(words[0], "-k") == 0 && n > 3)
		return read_step(order, words + 1) ? 4 : 0;
	return n > 1 && read_word(order, words[0][1], words[1]) ? 2 : 0;
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
