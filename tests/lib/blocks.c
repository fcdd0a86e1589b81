/* SPDX-License-Identifier: BSD-3-Clause */
/* How many blocks of memory this program has, by a malloc that counts in front of glibc's own. */
#include "tests/lib/blocks.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

static atomic_ulong blocks;

unsigned long
blocks_count(void)
{
	return atomic_load(&blocks);
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#endif

#ifndef SANITIZED
/* Or those of libraries would not be these. */
#pragma GCC visibility push(default)
/* glibc's names of its own functions, for those who stand in front of them. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t align, size_t size);
void __libc_free(void *p);

static void *
counted(void *p)
{
	if (p != NULL)
		atomic_fetch_add(&blocks, 1);
	return p;
}

void *
malloc(size_t size)
{
	return counted(__libc_malloc(size));
}

void *
calloc(size_t n, size_t size)
{
	return counted(__libc_calloc(n, size));
}

void *
realloc(void *old, size_t size)
{
	void *p;

	if (old != NULL && size == 0) {
		free(old);
		return NULL;
	}
	p = __libc_realloc(old, size);
	return old == NULL ? counted(p) : p;
}

void
free(void *p)
{
	if (p != NULL)
		atomic_fetch_sub(&blocks, 1);
	__libc_free(p);
}

void *
memalign(size_t align, size_t size)
{
	return counted(__libc_memalign(align, size));
}

void *
aligned_alloc(size_t align, size_t size)
{
	return memalign(align, size);
}

int
posix_memalign(void **p, size_t align, size_t size)
{
	void *got = memalign(align, size);

	if (got == NULL)
		return ENOMEM;
	*p = got;
	return 0;
}
#endif
