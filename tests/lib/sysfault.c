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
#include <sys/stat.h>
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
 * NTH may be 0, and CALL PLACE.CALLERS stand behind WAY: the process's first call from there, in
 * whichever process it is if INSTANCE is 0.
 * What came to pass leaves a file done, a program that crashes a file crashed. WAYs that begin with
 * "no-" last: a file of that name is left, and as long as it is there all calls that need what is
 * lacking fail in all of these programs, and lasted has a dot for each.
 *
 * A file clock has two numbers: by how many seconds the time of day and the monotonic clock are
 * wrong from then on, in all of them.
 */
#define WORD       32
#define FRAMES     16
#define OBJECT_MAX (16u << 20) /* bytes; a program of ours is smaller */

static struct {
	char program[WORD], way[WORD], place[WORD];
	unsigned instance, generation, nth;
} wanted;

static const char *dir;
static char program[WORD];
static unsigned instance, generation;
static atomic_uint count;
static bool armed, tracing, staying, over;
static unsigned stays_of;
static time_t shift;  /* seconds that the clock is wrong by */
static int lack = -1; /* what this run may come to lack */
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

enum lack {
	NO_MEMORY,
	NO_DESCRIPTORS,
	NO_DISK,
	NO_PROCESSES,
	LACKS,
};

static const struct {
	const char *way;
	int error;
} lacks[LACKS] = {
    [NO_MEMORY] = {"no-memory", ENOMEM},
    [NO_DESCRIPTORS] = {"no-descriptors", EMFILE},
    [NO_DISK] = {"no-disk", ENOSPC},
    [NO_PROCESSES] = {"no-processes", EAGAIN},
};

static int
lack_of_way(const char *way)
{
	int i;

	for (i = 0; i < LACKS; i++)
		if (strcmp(lacks[i].way, way) == 0)
			return i;
	return -1;
}

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

/* What is on a disk; pipes and sockets take what they took before. */
static bool
is_file(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* A bit for each thing that this very call needs. */
static unsigned
needs(enum call call, const long *words)
{
	switch (call) {
	case CALL_malloc:
	case CALL_calloc:
	case CALL_reallocarray:
	case CALL_strdup:
	case CALL_strndup:
	case CALL_open_memstream:
	case CALL_asprintf:
	case CALL_vasprintf:
	case CALL_mmap:
	case CALL_CRYPTO_zalloc:
	case CALL_CRYPTO_secure_zalloc:
	case CALL_CRYPTO_secure_malloc_init:
	case CALL_p11_kit_uri_new:
	case CALL_EVP_KDF_CTX_new:
	case CALL_EVP_CIPHER_CTX_new:
		return 1u << NO_MEMORY;
	case CALL_open:
		return 1u << NO_DESCRIPTORS | ((words[1] & O_CREAT) != 0 ? 1u << NO_DISK : 0);
	case CALL_fopen:
	case CALL_opendir:
	case CALL_scandir:
	case CALL_dlopen:
	case CALL_pipe2:
	case CALL_socket:
	case CALL_socketpair:
	case CALL_accept4:
	case CALL_signalfd:
		return 1u << NO_DESCRIPTORS;
	case CALL_fcntl:
		return words[1] == F_DUPFD_CLOEXEC || words[1] == F_DUPFD ? 1u << NO_DESCRIPTORS
									  : 0;
	case CALL_write:
		return is_file((int)words[0]) ? 1u << NO_DISK : 0;
	case CALL_mkdir:
	case CALL_rename:
		return 1u << NO_DISK;
	case CALL_fork:
	case CALL_posix_spawn:
	case CALL_posix_spawnp:
		return 1u << NO_PROCESSES;
	default:
		return 0;
	}
}

static void
name_place(char *place, size_t size, const void *from)
{
	snprintf(place, size, "%lx.%x", (unsigned long)((uintptr_t)from - base), way_here());
}

static void
trace(const char *name, const char *ways, unsigned need, const void *from, unsigned n)
{
	char line[256], place[WORD], lasting[64] = "";
	int i;

	for (i = 0; i < LACKS; i++)
		if ((need & 1u << i) != 0)
			snprintf(lasting + strlen(lasting), sizeof(lasting) - strlen(lasting),
			    ",%s", lacks[i].way);
	name_place(place, sizeof(place), from);
	snprintf(line, sizeof(line), "%s %u %u %u %s %s %s%s\n", program, instance, generation, n,
	    name, place, ways, lasting);
	leave_word("trace", line);
}

/* It lacks already, here or in another of these programs. */
static bool
is_lacking(unsigned need)
{
	char path[4096];

	if (lack < 0 || (need & 1u << lack) == 0)
		return false;
	path_in_dir(path, sizeof(path), lacks[lack].way);
	return access(path, F_OK) == 0;
}

/* The call that is to go wrong. */
static bool
is_wanted(unsigned n, const void *from)
{
	char place[WORD];

	if (!armed || wanted.generation != generation)
		return false;
	if (wanted.place[0] == '\0')
		return n == wanted.nth;
	name_place(place, sizeof(place), from);
	if (strcmp(place, wanted.place) != 0)
		return false;
	armed = false;
	return true;
}

void sysfault_stop(void);

/* What a program for coverage counts with as it ends is not ours. */
void __attribute__((visibility("default"))) sysfault_stop(void)
{
	over = true;
}

/* The way in which this very call is to go wrong; NULL: in none. */
static const char *
strikes(enum call call, const char *name, const char *ways, void *from, const long *words)
{
	unsigned n, need;
	int saved = errno;
	char line[128];

	if (over)
		return NULL;
	n = atomic_fetch_add(&count, 1) + 1;
	/* As late as this, so that it comes before the destructors. */
	if (n == 1)
		(void)atexit(sysfault_stop);
	need = needs(call, words);
	if (tracing)
		trace(name, ways, need, from, n);
	if (is_lacking(need)) {
		leave_word("lasted", ".");
		errno = saved;
		return lacks[lack].way;
	}
	errno = saved;
	if (staying && stays_of == call)
		return "fail";
	if (!is_wanted(n, from))
		return NULL;
	/* One of several forks comes to another call there, which may not need what lacks. */
	if (lack >= 0 && (need & 1u << lack) == 0)
		return NULL;
	snprintf(line, sizeof(line), "%s %s\n", name, wanted.way);
	leave_word("done", line);
	if (lack >= 0)
		leave_word(wanted.way, "");
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
	if (lack_of_way(way) >= 0)
		errno = lacks[lack_of_way(way)].error;
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

#define SYSTEM(name, answer, error, ways)                                                   \
	static long stub_##name(long a, long b, long c, long d, long e, long f)             \
	{                                                                                   \
		const long words[] = {a, b, c};                                             \
		const char *way =                                                           \
		    strikes(CALL_##name, #name, ways, __builtin_return_address(0), words);  \
                                                                                            \
		if (way != NULL)                                                            \
			return go_wrong(CALL_##name, way, answer, error, a, b, c, d, e, f); \
		return after_fork(CALL_##name, ((six)real[CALL_##name])(a, b, c, d, e, f)); \
	}
#include "tests/lib/sysfault.inc"
#undef SYSTEM

static int
stub_asprintf(char **to, int flag, const char *fmt, ...)
{
	va_list ap;
	int n;

	(void)flag;
	if (strikes(CALL_asprintf, "asprintf", "fail", __builtin_return_address(0), NULL) != NULL) {
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

	if (strikes(CALL_asprintf, "asprintf", "fail", __builtin_return_address(0), NULL) != NULL) {
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
	if (strikes(CALL_vasprintf, "vasprintf", "fail", __builtin_return_address(0), NULL) == NULL)
		return vasprintf(to, fmt, ap);
	errno = ENOMEM;
	return -1;
}

static int
stub_plain_vasprintf(char **to, const char *fmt, va_list ap)
{
	if (strikes(CALL_vasprintf, "vasprintf", "fail", __builtin_return_address(0), NULL) == NULL)
		return vasprintf(to, fmt, ap);
	errno = ENOMEM;
	return -1;
}

/* dlerror() is to say something then. */
static void *
stub_dlopen(const char *path, int flags)
{
	if (strikes(CALL_dlopen, "dlopen", "fail", __builtin_return_address(0), NULL) != NULL)
		path = "/nonexistent";
	return ((void *(*)(const char *, int))real[CALL_dlopen])(path, flags);
}

/* What the file clock says now. */
static void
read_clock(long *day, long *monotonic)
{
	char path[4096];
	FILE *f;

	*day = *monotonic = 0;
	path_in_dir(path, sizeof(path), "clock");
	f = fopen(path, "re");
	if (f == NULL)
		return;
	if (fscanf(f, "%ld %ld", day, monotonic) != 2)
		*day = *monotonic = 0;
	fclose(f);
}

static bool
jumps(enum call call, const char *name, void *from)
{
	const char *way = strikes(call, name, "back,forth", from, NULL);
	const time_t year = 365 * 24 * 3600;

	if (way != NULL)
		shift += strcmp(way, "back") == 0 ? -year : year;
	return way != NULL;
}

static time_t
stub_time(time_t *out)
{
	long day, monotonic;
	time_t now;

	read_clock(&day, &monotonic);
	(void)jumps(CALL_time, "time", __builtin_return_address(0));
	now = time(NULL) + shift + day;
	if (out != NULL)
		*out = now;
	return now;
}

/* The monotonic one does not jump by itself. */
static int
stub_clock_gettime(clockid_t clock, struct timespec *t)
{
	long day, monotonic;
	int rc;

	read_clock(&day, &monotonic);
	if (clock == CLOCK_REALTIME)
		(void)jumps(CALL_clock_gettime, "clock_gettime", __builtin_return_address(0));
	rc = clock_gettime(clock, t);
	if (rc == 0 && clock == CLOCK_REALTIME)
		t->tv_sec += shift + day;
	if (rc == 0 && clock == CLOCK_MONOTONIC)
		t->tv_sec += monotonic;
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
	if (fscanf(f, "%31s %u %u %u %31s %*s %31s", wanted.program, &wanted.instance,
		&wanted.generation, &wanted.nth, wanted.way, wanted.place) >= 5) {
		armed = strcmp(wanted.program, program) == 0 &&
			(wanted.instance == 0 || wanted.instance == instance);
		if (wanted.nth != 0)
			wanted.place[0] = '\0';
		lack = lack_of_way(wanted.way);
	}
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
