/* SPDX-License-Identifier: BSD-3-Clause */
/* What the programs of make bench share: loading a module, its token, the time. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/bench.h"

#define SLOTS_MAX 64

void
bench_must(CK_RV rv, const char *what)
{
	if (rv == CKR_OK)
		return;
	fprintf(stderr, "bench: %s: 0x%lx\n", what, rv);
	exit(1);
}

uint64_t
bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

const CK_FUNCTION_LIST *
bench_load(const char *path)
{
	CK_FUNCTION_LIST *f = NULL;
	CK_C_GetFunctionList get_list = NULL;
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (handle != NULL)
		*(void **)&get_list = dlsym(handle, "C_GetFunctionList");
	if (get_list == NULL) {
		fprintf(stderr, "bench: %s\n", dlerror());
		exit(1);
	}
	bench_must(get_list(&f), path);
	return f;
}

/* Padded with blanks to the end. */
static int
has_label(const CK_TOKEN_INFO *info, const char *label)
{
	size_t len = strlen(label), i;

	if (len > sizeof(info->label) || memcmp(info->label, label, len) != 0)
		return 0;
	for (i = len; i < sizeof(info->label); i++)
		if (info->label[i] != ' ')
			return 0;
	return 1;
}

void
bench_begin(struct bench *b, const char *path)
{
	const char *label = getenv("BENCH_TOKEN");
	unsigned long count = SLOTS_MAX, i;
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_TOKEN_INFO info;

	b->f = bench_load(path);
	bench_must(b->f->C_Initialize(NULL), "C_Initialize");
	bench_must(b->f->C_GetSlotList(CK_TRUE, slots, &count), "C_GetSlotList");
	for (i = 0; i < count; i++) {
		if (b->f->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
		    has_label(&info, label != NULL ? label : BENCH_LABEL)) {
			b->slot = slots[i];
			return;
		}
	}
	fprintf(stderr, "bench: %s shows no token %s\n", path, label != NULL ? label : BENCH_LABEL);
	exit(1);
}
