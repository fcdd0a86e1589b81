/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening the files of policy, with what is wrong with them in words. */
#include "policy/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif
#include <unistd.h>

#define ASIDE_MOST 512

static int __attribute__((format(printf, 3, 4)))
fail(struct file_fault *fault, const char *remedy, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(fault->what, sizeof(fault->what), fmt, ap);
	va_end(ap);
	fault->remedy = remedy;
	return -1;
}

static int
fail_errno(struct file_fault *fault)
{
	char text[100];

	if (errno == ENOENT || errno == ENOTDIR)
		return fail(fault, "create it, or correct the name", "is not there");
	if (errno == EACCES)
		return fail(fault, "let this user read it, and enter the folders above it",
		    "may not be read by this user (uid %u)", (unsigned)geteuid());
	return fail(fault, NULL, "cannot be read: %s", strerror_r(errno, text, sizeof(text)));
}

static int
check_kind(const struct stat *st, struct file_fault *fault)
{
	static const char remedy[] = "name an ordinary file";

	if (S_ISREG(st->st_mode))
		return 0;
	if (S_ISDIR(st->st_mode))
		return fail(fault, "name a file in it", "is a folder");
	if (S_ISFIFO(st->st_mode))
		return fail(fault, remedy, "is a pipe, not a file");
	return fail(fault, remedy, "is a device or a socket, not a file");
}

static int
check_trust(const struct stat *st, unsigned flags, struct file_fault *fault)
{
	uid_t me = geteuid();

	if ((flags & (FILE_TRUSTED | FILE_OWN)) == 0)
		return 0;
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return fail(fault, "take that away: chmod go-w",
		    "can be written by others (mode %04o)", (unsigned)st->st_mode & 07777);
	if (st->st_uid != 0 && st->st_uid != me && ((flags & FILE_OWN) || me != 0))
		return fail(fault, "chown it to root or to this user",
		    "belongs to user %u, who is neither root nor this user (uid %u)",
		    (unsigned)st->st_uid, (unsigned)me);
	return 0;
}

int
file_check(const struct stat *st, unsigned flags, struct file_fault *fault)
{
	return check_kind(st, fault) == 0 ? check_trust(st, flags, fault) : -1;
}

int
file_open(const char *path, unsigned flags, struct stat *st, struct file_fault *fault)
{
	struct stat own;
	int fd;

	if (st == NULL)
		st = &own;
	/* Looked at first: to open a device may do something. */
	if (stat(path, st) != 0)
		return fail_errno(fault);
	if (check_kind(st, fault) != 0)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return fail_errno(fault);
	if (fstat(fd, st) != 0) {
		fail_errno(fault);
		goto close;
	}
	if (file_check(st, flags, fault) == 0)
		return fd;
close:
	close(fd);
	return -1;
}

ssize_t
file_read(int fd, void *buf, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = read(fd, (char *)buf + done, size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* Numbers are given from the lowest on, so that hardly anybody ever comes to the middle. */
static int
aside_floor(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > 2 * ASIDE_MOST)
		return ASIDE_MOST;
	return (int)(limit.rlim_cur / 2);
}

int
file_aside(int fd)
{
	int high;

	if (fd < 0)
		return fd;
	high = fcntl(fd, F_DUPFD_CLOEXEC, aside_floor());
	if (high < 0)
		return fd;
	close(fd);
	return high;
}

void
file_make_room(void)
{
#if __has_include(<sys/single_threaded.h>)
	int fd;

	if (!__libc_single_threaded)
		return;
	fd = file_aside(open("/", O_PATH | O_CLOEXEC));
	if (fd >= 0)
		close(fd);
#endif
}

int
file_above_2(int fd)
{
	int higher, error;

	if (fd < 0 || fd > 2)
		return fd;
	higher = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	error = errno;
	close(fd);
	errno = error;
	return higher;
}
