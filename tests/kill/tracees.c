/* SPDX-License-Identifier: BSD-3-Clause */
/* The threads that killer traces. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tests/kill/killer.h"

#define TRACEES_MAX 256

static struct tracee tracees[TRACEES_MAX];
static unsigned made;

static struct tracee *
find(pid_t tid)
{
	size_t i;

	for (i = 0; i < TRACEES_MAX; i++)
		if (tracees[i].tid == tid)
			return &tracees[i];
	return NULL;
}

struct tracee *
tracee_of(pid_t tid)
{
	struct tracee *t = find(tid);

	if (t != NULL)
		return t;
	t = find(0);
	if (t == NULL)
		abort();
	memset(t, 0, sizeof(*t));
	t->tid = t->tgid = tid;
	t->process = ++made;
	t->call = -1;
	return t;
}

void
tracee_gone(pid_t tid)
{
	struct tracee *t = find(tid);

	if (t != NULL)
		memset(t, 0, sizeof(*t));
}

void
tracee_kill(const struct tracee *t)
{
	size_t i;

	for (i = 0; i < TRACEES_MAX; i++)
		if (tracees[i].tgid == t->tgid && &tracees[i] != t)
			step_beside(&tracees[i]);
	(void)kill(t->tgid, SIGKILL);
}

void
tracees_kill(unsigned kinds)
{
	size_t i;

	for (i = 0; i < TRACEES_MAX; i++) {
		if (tracees[i].tid == 0 || (1U << tracees[i].kind & kinds) == 0)
			continue;
		step_beside(&tracees[i]);
		(void)kill(tracees[i].tgid, SIGKILL);
	}
}
