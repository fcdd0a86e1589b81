/* SPDX-License-Identifier: BSD-3-Clause */
/* What lies outside the traced processes: files that outlive them, and what they told others. */
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/kill/killer.h"

#define PATHS_MAX   8
#define DESCRIPTORS 16

/* FNV-1a: nobody forges these files while they are looked at. */
#define FNV_BASIS 0xcbf29ce484222325U
#define FNV_PRIME 0x100000001b3U

/*
 * What other processes notice when it is made by p11-latch's or the application's own code. Files
 * are looked at; what a module tells a daemon is seen by what becomes of the token.
 */
static const char *const telling[] = {"clone", "clone3", "connect", "execve", "exit", "exit_group",
    "fork", "kill", "sendmsg", "sendto", "setsid", "shutdown", "tgkill", "vfork"};
static const char *const telling_if_heard[] = {"close", "write", "writev"};

static const char *paths[PATHS_MAX];
static size_t n_paths;
static uint64_t digest, last;
static unsigned place = 1;
static bool told;

bool
outside_add(const char *path)
{
	if (n_paths == PATHS_MAX)
		return false;
	paths[n_paths++] = path;
	return true;
}

static void
add(const void *bytes, size_t n)
{
	const unsigned char *at = bytes;
	size_t i;

	for (i = 0; i < n; i++)
		digest = (digest ^ at[i]) * FNV_PRIME;
}

static void
add_content(const char *path)
{
	char bytes[16384];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return;
	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		add(bytes, (size_t)n);
	close(fd);
}

static int
add_file(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)where;
	add(path, strlen(path) + 1);
	add(&st->st_mode, sizeof(st->st_mode));
	add(&st->st_uid, sizeof(st->st_uid));
	if (type != FTW_F)
		return 0;
	add(&st->st_size, sizeof(st->st_size));
	if (S_ISREG(st->st_mode))
		add_content(path);
	return 0;
}

static bool
is_one_of(const char *name, const char *const *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* At the other end of a socket or pipe somebody reads, or waits for its end. */
static bool
is_heard(pid_t tid, unsigned long long fd)
{
	char link[64], what[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/fd/%llu", (int)tid, fd);
	n = readlink(link, what, sizeof(what) - 1);
	if (n <= 0)
		return false;
	what[n] = '\0';
	return strncmp(what, "socket:", 7) == 0 || strncmp(what, "pipe:", 5) == 0;
}

void
outside_tell(pid_t tid, const char *name, unsigned long long fd)
{
	if (is_one_of(name, telling, sizeof(telling) / sizeof(telling[0])))
		told = true;
	else if (is_one_of(name, telling_if_heard,
		     sizeof(telling_if_heard) / sizeof(telling_if_heard[0])))
		told = told || is_heard(tid, fd);
}

unsigned
outside_place(void)
{
	size_t i;

	digest = FNV_BASIS;
	for (i = 0; i < n_paths; i++)
		(void)nftw(paths[i], add_file, DESCRIPTORS, FTW_PHYS);
	if (digest != last || told)
		place++;
	last = digest;
	told = false;
	return place;
}
