/* SPDX-License-Identifier: BSD-3-Clause */
/* Library and system calls that go wrong in this very program, linked with ld's --wrap. */
#include "tests/lib/wrapfault.h"

#include <errno.h>
#include <execinfo.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define CALLS_MOST 20000
#define SEEN_BITS  22
#define FRAMES     9

/* Six words are what calling conventions pass in registers. */
typedef long (*six)(long, long, long, long, long, long);

static __thread bool counting, struck, more_ways;
static __thread unsigned count, wanted, turn;
static __thread const char *staying;
static char what[64];

static __thread bool tracing;
static unsigned keys[CALLS_MOST], n_keys;
static bool seen[1u << SEEN_BITS];

/* The Nth of the ways, of "fail,intr,short"; false: there are fewer. */
static bool
pick(const char *ways, unsigned n, char *way, size_t size)
{
	const char *comma;
	size_t len;

	while (n-- > 0) {
		comma = strchr(ways, ',');
		if (comma == NULL)
			return false;
		ways = comma + 1;
	}
	len = strcspn(ways, ",");
	more_ways = ways[len] != '\0';
	if (len >= size)
		return false;
	memcpy(way, ways, len);
	way[len] = '\0';
	return true;
}

/* One number for the place and those above it. */
static void
remember(void)
{
	void *callers[FRAMES];
	unsigned long key = 5381;
	int n = backtrace(callers, FRAMES), i;

	for (i = 0; i < n; i++)
		key = key * 0x9e3779b97f4a7c15ul + (unsigned long)callers[i];
	if (n_keys < CALLS_MOST)
		keys[n_keys++] = (unsigned)(key >> (64 - SEEN_BITS));
}

void
wrapfault_trace(void)
{
	void *none[1];

	/* The first time it loads what it needs. */
	(void)backtrace(none, 1);
	n_keys = 0;
	tracing = true;
}

unsigned
wrapfault_traced(void)
{
	tracing = false;
	return n_keys;
}

bool
wrapfault_is_new(unsigned nth)
{
	bool before = seen[keys[nth - 1]];

	seen[keys[nth - 1]] = true;
	return !before;
}

/* NULL: this call is a good one. */
static const char *
strikes(const char *name, const char *ways)
{
	static __thread char way[16];

	if (tracing)
		remember();
	if (!counting)
		return NULL;
	if (staying != NULL && strcmp(staying, name) == 0)
		return "fail";
	if (++count != wanted || !pick(ways, turn, way, sizeof(way)))
		return NULL;
	struck = true;
	snprintf(what, sizeof(what), "%s number %u: %s", name, count, way);
	if (strcmp(way, "stays") != 0)
		return way;
	staying = name;
	return "fail";
}

static long
go_short(const char *name, six real, long a, long b, long c, long d, long e, long f)
{
	struct iovec part;
	struct msghdr m;

	if (strcmp(name, "sendmsg") != 0 && strcmp(name, "recvmsg") != 0)
		return real(a, b, c > 1 ? c / 2 : c, d, e, f);
	memcpy(&m, (void *)b, sizeof(m));
	part = m.msg_iov[0];
	part.iov_len = part.iov_len > 1 ? part.iov_len / 2 : part.iov_len;
	m.msg_iov = &part;
	m.msg_iovlen = 1;
	a = real(a, (long)&m, c, d, e, f);
	((struct msghdr *)b)->msg_controllen = m.msg_controllen;
	return a;
}

#define SYSTEM(name, answer, error, ways)                                        \
	long __real_##name(long, long, long, long, long, long);                  \
	long __wrap_##name(long, long, long, long, long, long);                  \
	long __wrap_##name(long a, long b, long c, long d, long e, long f)       \
	{                                                                        \
		const char *way = strikes(#name, ways);                          \
                                                                                 \
		if (way == NULL)                                                 \
			return __real_##name(a, b, c, d, e, f);                  \
		if (strcmp(way, "short") == 0)                                   \
			return go_short(#name, __real_##name, a, b, c, d, e, f); \
		if (strcmp(way, "done") == 0)                                    \
			(void)__real_##name(a, b, c, d, e, f);                   \
		errno = strcmp(way, "intr") == 0 ? EINTR : error;                \
		return answer;                                                   \
	}
#include "tests/lib/sysfault.inc"
#undef SYSTEM

int __wrap_asprintf(char **to, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int __wrap___asprintf_chk(char **to, int flag, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int
print(char **to, const char *fmt, va_list ap)
{
	if (strikes("asprintf", "fail") == NULL)
		return vasprintf(to, fmt, ap);
	errno = ENOMEM;
	return -1;
}

int
__wrap_asprintf(char **to, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = print(to, fmt, ap);
	va_end(ap);
	return n;
}

int
__wrap___asprintf_chk(char **to, int flag, const char *fmt, ...)
{
	va_list ap;
	int n;

	(void)flag;
	va_start(ap, fmt);
	n = print(to, fmt, ap);
	va_end(ap);
	return n;
}

void
wrapfault_begin(unsigned nth, unsigned way)
{
	count = 0;
	wanted = nth;
	turn = way;
	struck = more_ways = false;
	staying = NULL;
	counting = true;
}

bool
wrapfault_end(bool *more)
{
	counting = false;
	*more = more_ways;
	return struck;
}

void
wrapfault_stop(void)
{
	counting = tracing = false;
}

const char *
wrapfault_what(void)
{
	return what;
}
