/* SPDX-License-Identifier: BSD-3-Clause */
/* What loading a module costs: from dlopen to the first C_GetSlotList, and resident memory then. */
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define MODULES_MAX 8
#define STACK       (128 * 1024)

struct cost {
	double us;
	long kib;
};

/*
 * Which pages of a library are mapped is the kernel's choice (64 KiB at a touch) and differs from
 * run to run; here all of them are, before and after, and the stack has some depth. So what is
 * counted is the most that it can be.
 */
static int
touch(struct dl_phdr_info *info, size_t size, void *sum)
{
	const volatile char *at;
	size_t i, offset;

	(void)size;
	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];

		at = (const volatile char *)(info->dlpi_addr + p->p_vaddr);
		if (p->p_type != PT_LOAD)
			continue;
		for (offset = 0; offset < p->p_memsz; offset += 4096)
			*(volatile char *)sum = at[offset];
	}
	return 0;
}

static void
warm_up(void)
{
	volatile char stack[STACK];
	size_t i;

	for (i = 0; i < STACK; i += 4096)
		stack[i] = 1;
	dl_iterate_phdr(touch, (void *)&stack[0]);
}

/* Rss of this process in KiB, counted page by page. */
static long
resident(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "re");
	char line[128];
	long kib = -1;

	while (f != NULL && kib < 0 && fgets(line, sizeof(line), f) != NULL)
		(void)sscanf(line, "Rss: %ld kB", &kib);
	if (f != NULL)
		fclose(f);
	return kib;
}

/* In a child, which has loaded nothing yet. */
static void
load_once(const char *path, int to)
{
	const CK_FUNCTION_LIST *f;
	unsigned long count = 0;
	struct cost cost;
	uint64_t start;

	warm_up();
	cost.kib = resident();
	start = bench_now();
	f = bench_load(path);
	bench_must(f->C_Initialize(NULL), "C_Initialize");
	bench_must(f->C_GetSlotList(CK_FALSE, NULL, &count), "C_GetSlotList");
	cost.us = (double)(bench_now() - start) / 1000;
	warm_up();
	cost.kib = resident() - cost.kib;
	if (write(to, &cost, sizeof(cost)) != (ssize_t)sizeof(cost))
		_exit(1);
	_exit(0);
}

static struct cost
measure(const char *path)
{
	struct cost cost = {-1, -1};
	int ends[2], status = 1;
	pid_t pid;

	if (pipe(ends) != 0 || (pid = fork()) < 0)
		exit(1);
	if (pid == 0)
		load_once(path, ends[1]);
	close(ends[1]);
	if (read(ends[0], &cost, sizeof(cost)) != (ssize_t)sizeof(cost) ||
	    waitpid(pid, &status, 0) != pid || status != 0) {
		fprintf(stderr, "bench: %s does not load\n", path);
		exit(1);
	}
	close(ends[0]);
	return cost;
}

static int
by_time(const void *a, const void *b)
{
	const struct cost *x = a, *y = b;

	return (x->us > y->us) - (x->us < y->us);
}

static int
by_size(const void *a, const void *b)
{
	const struct cost *x = a, *y = b;

	return (x->kib > y->kib) - (x->kib < y->kib);
}

/* load ROUNDS MODULE...: a line each, the medians of microseconds and of KiB. In turns. */
int
main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[1]) : 0, modules = argc - 2, i, m;
	struct cost *costs;

	if (rounds < 1 || modules > MODULES_MAX) {
		fputs("usage: load ROUNDS MODULE...\n", stderr);
		return 2;
	}
	costs = calloc((size_t)(rounds * modules), sizeof(*costs));
	for (i = 0; costs != NULL && i < rounds; i++)
		for (m = 0; m < modules; m++)
			costs[m * rounds + i] = measure(argv[2 + m]);
	for (m = 0; costs != NULL && m < modules; m++) {
		struct cost *c = costs + m * rounds;

		qsort(c, (size_t)rounds, sizeof(*c), by_time);
		printf("%.1f ", c[rounds / 2].us);
		qsort(c, (size_t)rounds, sizeof(*c), by_size);
		printf("%ld\n", c[rounds / 2].kib);
	}
	free(costs);
	return 0;
}
