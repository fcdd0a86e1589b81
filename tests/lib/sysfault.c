/* SPDX-License-Identifier: BSD-3-Clause */
/* sysfault: to be preloaded; makes the Nth system or library call of p11-latch's own code go wrong.
 */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/*
 * SYSFAULT_DIR is a folder. In it, fault has at most one line:
 *	PROGRAM INSTANCE GENERATION NTH WAY
 * PROGRAM is p11-latch, p11-latch-helper or p11-latch.so (the module, in whatever program it is);
 * INSTANCE counts its processes, as they are started, from 1 on; GENERATION the forks above it. All
 * calls are counted that its own code makes, and no other: those of libraries and vendor modules
 * are their own. Where there is a file named trace, each call writes a line into it:
 *	PROGRAM INSTANCE GENERATION N CALL PLACE.CALLERS WAYS
 * What came to pass leaves a file done, a program that crashes a file crashed.
 */
#define WORD       32
#define FRAMES     16
#define OBJECT_MAX (16u << 20) /* bytes; a program of ours is smaller */

static struct {
	char program[WORD], way[WORD];
	unsigned instance, generation, nth;
} wanted;

static const char *dir;
static char program[WORD];
static unsigned instance, generation;
static atomic_uint count;
static bool armed, tracing, staying, over;
static unsigned stays_of;
static time_t shift; /* seconds that the clock is wrong by */
static uintptr_t base;

enum call {
#define SYSTEM(name, answer, error, ways) CALL_##name,
#include "tests/lib/sysfault.inc"
#undef SYSTEM
	CALL_asprintf,
	CALL_vasprintf,
	CALL_dlopen,
	CALL_time,
	CALL_clock_gettime,
	CALLS
};

static void *real[CALLS];

static void
path_in_dir(char *path, size_t size, const char *name)
{
	snprintf(path, size, "%s/%s", dir, name);
}

static void
leave_word(const char *name, const char *text)
{
	char path[4096];
	int fd;

	path_in_dir(path, sizeof(path), name);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		errno = 0;
	close(fd);
}

/* One number for all callers above in this program: from elsewhere, the same place is another. */
static unsigned
way_here(void)
{
	void *callers[FRAMES];
	unsigned hash = 5381;
	int n = backtrace(callers, FRAMES), i;

	for (i = 0; i < n; i++)
		if ((uintptr_t)callers[i] >= base && (uintptr_t)callers[i] < base + OBJECT_MAX)
			hash = hash * 33 + (unsigned)((uintptr_t)callers[i] - base);
	return hash;
}

static void
trace(const char *name, const char *ways, uintptr_t from, unsigned n)
{
	char line[256];

	snprintf(line, sizeof(line), "%s %u %u %u %s %lx.%x %s\n", program, instance, generation, n,
	    name, (unsigned long)(from - base), way_here(), ways);
	leave_word("trace", line);
}

void sysfault_stop(void);

/* What a program for coverage counts with as it ends is not ours. */
void __attribute__((visibility("default"))) sysfault_stop(void)
{
	over = true;
}

/* The way in which this very call is to go wrong; NULL: in none. */
static const char *
strikes(enum call call, const char *name, const char *ways, void *from)
{
	unsigned n;
	int saved = errno;
	char line[128];

	if (over)
		return NULL;
	n = atomic_fetch_add(&count, 1) + 1;
	/* As late as this, so that it comes before the destructors. */
	if (n == 1)
		(void)atexit(sysfault_stop);
	if (tracing)
		trace(name, ways, (uintptr_t)from, n);
	errno = saved;
	if (staying && stays_of == call)
		return "fail";
	if (!armed || n != wanted.nth || wanted.generation != generation)
		return NULL;
	snprintf(line, sizeof(line), "%s %s\n", name, wanted.way);
	leave_word("done", line);
	errno = saved;
	if (strcmp(wanted.way, "stays") != 0)
		return wanted.way;
	staying = true;
	stays_of = call;
	return "fail";
}

/* --- The calls --------------------------------------------------------------------------------
 */

/* Six words are what system calls have, and what calling conventions pass in registers. */
typedef long (*six)(long, long, long, long, long, long);

static long
go_short(enum call call, long a, long b, long c, long d, long e, long f)
{
	struct iovec part;
	struct msghdr m;

	if (call != CALL_sendmsg && call != CALL_recvmsg)
		return ((six)real[call])(a, b, c > 1 ? c / 2 : c, d, e, f);
	memcpy(&m, (void *)b, sizeof(m));
	part = m.msg_iov[0];
	part.iov_len = part.iov_len > 1 ? part.iov_len / 2 : part.iov_len;
	m.msg_iov = &part;
	m.msg_iovlen = 1;
	a = ((six)real[call])(a, (long)&m, c, d, e, f);
	((struct msghdr *)b)->msg_controllen = m.msg_controllen;
	((struct msghdr *)b)->msg_flags = m.msg_flags;
	return a;
}

static long
go_wrong(enum call call, const char *way, long answer, int error, long a, long b, long c, long d,
    long e, long f)
{
	if (strcmp(way, "short") == 0)
		return go_short(call, a, b, c, d, e, f);
	if (strcmp(way, "done") == 0)
		(void)((six)real[call])(a, b, c, d, e, f);
	errno = strcmp(way, "intr") == 0 ? EINTR : error;
	return answer;
}

static long
after_fork(enum call call, long answer)
{
	if (call == CALL_fork && (int)answer == 0) {
		generation++;
		atomic_store(&count, 0);
	}
	return answer;
}

#define SYSTEM(name, answer, error, ways)                                                         \
	static long stub_##name(long a, long b, long c, long d, long e, long f)                   \
	{                                                                                         \
		const char *way = strikes(CALL_##name, #name, ways, __builtin_return_address(0)); \
                                                                                                  \
		if (way != NULL)                                                                  \
			return go_wrong(CALL_##name, way, answer, error, a, b, c, d, e, f);       \
		return after_fork(CALL_##name, ((six)real[CALL_##name])(a, b, c, d, e, f));       \
	}
#include "tests/lib/sysfault.inc"
#undef SYSTEM

static int
stub_asprintf(char **to, int flag, const char *fmt, ...)
{
	va_list ap;
	int n;

	(void)flag;
	if (strikes(CALL_asprintf, "asprintf", "fail", __builtin_return_address(0)) != NULL) {
		errno = ENOMEM;
		return -1;
	}
	va_start(ap, fmt);
	n = vasprintf(to, fmt, ap);
	va_end(ap);
	return n;
}

static int
stub_plain_asprintf(char **to, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (strikes(CALL_asprintf, "asprintf", "fail", __builtin_return_address(0)) != NULL) {
		errno = ENOMEM;
		return -1;
	}
	va_start(ap, fmt);
	n = vasprintf(to, fmt, ap);
	va_end(ap);
	return n;
}

static int
stub_vasprintf(char **to, int flag, const char *fmt, va_list ap)
{
	(void)flag;
	if (strikes(CALL_vasprintf, "vasprintf", "fail", __builtin_return_address(0)) == NULL)
		return vasprintf(to, fmt, ap);
	errno = ENOMEM;
	return -1;
}

static int
stub_plain_vasprintf(char **to, const char *fmt, va_list ap)
{
	if (strikes(CALL_vasprintf, "vasprintf", "fail", __builtin_return_address(0)) == NULL)
		return vasprintf(to, fmt, ap);
	errno = ENOMEM;
	return -1;
}

/* dlerror() is to say something then. */
static void *
stub_dlopen(const char *path, int flags)
{
	if (strikes(CALL_dlopen, "dlopen", "fail", __builtin_return_address(0)) != NULL)
		path = "/nonexistent";
	return ((void *(*)(const char *, int))real[CALL_dlopen])(path, flags);
}

static bool
jumps(enum call call, const char *name, void *from)
{
	const char *way = strikes(call, name, "back,forth", from);
	const time_t year = 365 * 24 * 3600;

	if (way != NULL)
		shift += strcmp(way, "back") == 0 ? -year : year;
	return way != NULL;
}

static time_t
stub_time(time_t *out)
{
	time_t now;

	(void)jumps(CALL_time, "time", __builtin_return_address(0));
	now = time(NULL) + shift;
	if (out != NULL)
		*out = now;
	return now;
}

/* The monotonic one does not jump. */
static int
stub_clock_gettime(clockid_t clock, struct timespec *t)
{
	int rc;

	if (clock == CLOCK_REALTIME)
		(void)jumps(CALL_clock_gettime, "clock_gettime", __builtin_return_address(0));
	rc = clock_gettime(clock, t);
	if (rc == 0 && clock == CLOCK_REALTIME)
		t->tv_sec += shift;
	return rc;
}

/* --- Into the tables of one program or module --------------------------------------------------
 */

static const struct {
	const char *name;
	enum call call;
	void *stub;
} stubs[] = {
#define SYSTEM(name, answer, error, ways) {#name, CALL_##name, (void *)stub_##name},
#include "tests/lib/sysfault.inc"
#undef SYSTEM
    {"__asprintf_chk", CALL_asprintf, (void *)stub_asprintf},
    {"asprintf", CALL_asprintf, (void *)stub_plain_asprintf},
    {"__vasprintf_chk", CALL_vasprintf, (void *)stub_vasprintf},
    {"vasprintf", CALL_vasprintf, (void *)stub_plain_vasprintf},
    {"dlopen", CALL_dlopen, (void *)stub_dlopen},
    {"time", CALL_time, (void *)stub_time},
    {"clock_gettime", CALL_clock_gettime, (void *)stub_clock_gettime},
};

static void
put(void **place, enum call call, void *stub)
{
	uintptr_t page = (uintptr_t)place & ~(uintptr_t)4095;

	/* The tables are read-only once they are filled. */
	(void)mprotect((void *)page, 4096, PROT_READ | PROT_WRITE);
	real[call] = *place;
	*place = stub;
}

static void *find_module(const char *path, int flags);

/* Of an application, only how it loads modules. */
static void
patch(void **place, const char *name)
{
	size_t i;

	if (program[0] == '\0') {
		if (strcmp(name, "dlopen") == 0)
			put(place, CALL_dlopen, (void *)find_module);
		return;
	}
	for (i = 0; i < sizeof(stubs) / sizeof(stubs[0]); i++)
		if (strcmp(stubs[i].name, name) == 0)
			put(place, stubs[i].call, stubs[i].stub);
}

static void
patch_table(const struct link_map *map, const ElfW(Rela) * rela, size_t size,
    const ElfW(Sym) * symbols, const char *strings)
{
	size_t i;

	for (i = 0; rela != NULL && i < size / sizeof(*rela); i++) {
		unsigned long symbol = ELF64_R_SYM(rela[i].r_info);

		if (symbol != 0 && rela[i].r_addend == 0 && symbols[symbol].st_shndx == SHN_UNDEF)
			patch((void **)(map->l_addr + rela[i].r_offset),
			    strings + symbols[symbol].st_name);
	}
}

static void
patch_object(const struct link_map *map)
{
	const ElfW(Rela) *plt = NULL, *data = NULL;
	const ElfW(Sym) *symbols = NULL;
	size_t plt_size = 0, data_size = 0;
	const char *strings = NULL;
	const ElfW(Dyn) * d;

	base = map->l_addr;
	for (d = map->l_ld; d->d_tag != DT_NULL; d++) {
		switch (d->d_tag) {
		case DT_JMPREL:
			plt = (const void *)d->d_un.d_ptr;
			break;
		case DT_PLTRELSZ:
			plt_size = d->d_un.d_val;
			break;
		case DT_RELA:
			data = (const void *)d->d_un.d_ptr;
			break;
		case DT_RELASZ:
			data_size = d->d_un.d_val;
			break;
		case DT_SYMTAB:
			symbols = (const void *)d->d_un.d_ptr;
			break;
		case DT_STRTAB:
			strings = (const void *)d->d_un.d_ptr;
			break;
		}
	}
	if (symbols == NULL || strings == NULL)
		return;
	patch_table(map, plt, plt_size, symbols, strings);
	patch_table(map, data, data_size, symbols, strings);
}

/* --- Beginning --------------------------------------------------------------------------------
 */

static void
crash(int sig)
{
	char line[128];

	snprintf(line, sizeof(line), "%s %u %u: signal %d after call %u\n", program, instance,
	    generation, sig, atomic_load(&count));
	leave_word("crashed", line);
	signal(sig, SIG_DFL);
	raise(sig);
}

static void
number_instance(void)
{
	char path[4096], name[WORD + 16];
	int fd;

	for (instance = 1; instance < 1000; instance++) {
		snprintf(name, sizeof(name), "%s.%u", program, instance);
		path_in_dir(path, sizeof(path), name);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd >= 0 || errno != EEXIST)
			break;
	}
	if (fd >= 0)
		close(fd);
}

static void
read_wanted(void)
{
	char path[4096];
	FILE *f;

	path_in_dir(path, sizeof(path), "trace");
	tracing = access(path, W_OK) == 0;
	/* The first time it loads what it needs. */
	(void)way_here();
	path_in_dir(path, sizeof(path), "fault");
	f = fopen(path, "re");
	if (f == NULL)
		return;
	if (fscanf(f, "%31s %u %u %u %31s", wanted.program, &wanted.instance, &wanted.generation,
		&wanted.nth, wanted.way) == 5)
		armed = strcmp(wanted.program, program) == 0 && wanted.instance == instance;
	fclose(f);
}

static void
begin(const char *name, const struct link_map *map)
{
	static const int fatal[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
	size_t i;

	if (program[0] != '\0')
		return;
	snprintf(program, sizeof(program), "%s", name);
	number_instance();
	read_wanted();
	for (i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		if (getenv("SYSFAULT_SANITIZED") == NULL)
			signal(fatal[i], crash);
	patch_object(map);
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* What an application loads its modules by. */
static void *
find_module(const char *path, int flags)
{
	void *handle = ((void *(*)(const char *, int))real[CALL_dlopen])(path, flags);
	struct link_map *map = NULL;

	if (handle != NULL && path != NULL && strcmp(base_name(path), "p11-latch.so") == 0 &&
	    dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0)
		begin("p11-latch.so", map);
	return handle;
}

static void __attribute__((constructor)) at_start(void)
{
	const char *name = program_invocation_short_name;

	dir = getenv("SYSFAULT_DIR");
	if (dir == NULL)
		return;
	if (strcmp(name, "p11-latch") == 0 || strcmp(name, "p11-latch-helper") == 0)
		begin(name, _r_debug.r_map);
	else
		patch_object(_r_debug.r_map);
}
