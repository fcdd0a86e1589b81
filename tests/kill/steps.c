/* SPDX-License-Identifier: BSD-3-Clause */
/* Counting the steps of each kind of process, and finding the one that a process is to die at. */
#include <limits.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/kill/killer.h"
#include "tests/kill/mark.h"

#define WORD 64

static const char *const kinds[KINDS] = {"none", "helper", "command", "application"};
static const char *const classes[CLASSES] = {"own", "vendor", "call"};

#define MARK_NAME(name) #name,
static const char *const calls[MARKS] = {MARKED_CALLS(MARK_NAME)};

static unsigned counts[KINDS][CLASSES];
static char killed_at[2 * WORD + 2]; /* "NAME CALL" */
static const char *beside = "-";

static bool
find_word(const char *word, const char *const *words, int n, int *at)
{
	for (*at = 0; *at < n; (*at)++)
		if (strcmp(words[*at], word) == 0)
			return true;
	return false;
}

bool
kind_read(const char *word, enum kind *kind)
{
	int at;
	bool found = find_word(word, kinds, KINDS, &at);

	*kind = found ? (enum kind)at : KIND_NONE;
	return found;
}

bool
class_read(const char *word, enum class *class)
{
	int at;
	bool found = find_word(word, classes, CLASSES, &at);

	*class = found ? (enum class)at : CLASS_OWN;
	return found;
}

enum kind
kind_of(pid_t pid)
{
	char link[WORD], path[PATH_MAX];
	const char *base;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return KIND_NONE;
	path[n] = '\0';
	base = strrchr(path, '/');
	base = base != NULL ? base + 1 : path;
	if (strcmp(base, "p11-latch-helper") == 0)
		return KIND_HELPER;
	if (strcmp(base, "p11-latch") == 0)
		return KIND_COMMAND;
	/* A shell and its programs, and systemd's, set the scene. */
	return strcmp(base, "p11drive") == 0 ? KIND_APPLICATION : KIND_NONE;
}

static void
name_of(unsigned long nr, char *name)
{
	char *known = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)nr);

	if (known != NULL)
		snprintf(name, WORD, "%s", known);
	else
		snprintf(name, WORD, "system-call-%lu", nr);
	free(known);
}

static bool
count(const struct order *order, struct tracee *t, enum class class, const char *name,
    const char *call)
{
	unsigned n = ++counts[t->kind][class];

	if (class == CLASS_VENDOR)
		n = ++t->within;
	if (order->list != NULL)
		fprintf(order->list, "%s %s %u %s %s %u %u\n", kinds[t->kind], classes[class], n,
		    name, call, outside_place(), t->process);
	if (order->kind != t->kind || order->class != class || order->step != n)
		return false;
	snprintf(killed_at, sizeof(killed_at), "%s %s", name, call);
	return true;
}

static bool
mark(const struct order *order, struct tracee *t, const unsigned long long *args)
{
	bool before = args[1] == MARK_BEFORE;

	t->call = before ? (int)args[2] : -1;
	t->within = STEPS_WITHIN * (counts[t->kind][CLASS_CALL] + 1);
	return count(order, t, CLASS_CALL, before ? "before" : "after", calls[args[2]]);
}

bool
step_at(
    const struct order *order, struct tracee *t, unsigned long nr, const unsigned long long *args)
{
	char name[WORD];
	bool is_it;

	/* Before its exec it is a piece of this program. */
	if (t->kind == KIND_NONE)
		return false;
	if (nr == MARK_CALL && args[0] == MARK && args[2] < MARKS)
		return mark(order, t, args);
	/* Names are looked up for nobody else. */
	name[0] = '\0';
	if (order->list != NULL || order->kind == t->kind)
		name_of(nr, name);
	if (t->call >= 0)
		return count(order, t, CLASS_VENDOR, name, calls[t->call]);
	is_it = count(order, t, CLASS_OWN, name, "-");
	if (order->list != NULL)
		outside_tell(t->tid, name, args[0]);
	return is_it;
}

void
step_beside(const struct tracee *t)
{
	if (t->call >= 0)
		beside = calls[t->call];
}

void
step_report(const struct order *order, FILE *to)
{
	if (order->kind == KIND_NONE)
		fprintf(to, "whole\n");
	else if (killed_at[0] != '\0')
		fprintf(to, "killed %s %s %u %s %s\n", kinds[order->kind], classes[order->class],
		    order->step, killed_at, beside);
	else
		fprintf(to, "whole %s %s %u\n", kinds[order->kind], classes[order->class],
		    counts[order->kind][order->class]);
}
