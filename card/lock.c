/* SPDX-License-Identifier: BSD-3-Clause */
/* The lock of one token: who has it may change its record, and its PIN. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "card/lock.h"
#include "card/state.h"
#include "policy/file.h"
#include "policy/log.h"

#define STEP_MS 10

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int
open_lock(const char *path, const char *dir)
{
	struct stat st;
	int fd;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	/* A service of its own user must be able to open what root made first. */
	if (geteuid() == 0 && stat(dir, &st) == 0 && fchown(fd, st.st_uid, st.st_gid) != 0)
		log_warning("%s: chown: %s", path, strerror(errno));
	return fd;
}

/*
 * A mark on the file that others can see, beside its flock, with which it has nothing to do. Where
 * a file system takes none, nobody is hurried.
 */
static void
mark(int fd, short type)
{
	struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_len = 1};

	(void)fcntl(fd, F_OFD_SETLK, &l);
}

bool
lock_is_wanted(int fd)
{
	struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};

	return fcntl(fd, F_OFD_GETLK, &l) == 0 && l.l_type != F_UNLCK;
}

enum lock_status
lock_take(const char *dir, const char *name, unsigned wait_ms, bool goes_first, int *out)
{
	const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
	enum lock_status status = LOCK_FAILED;
	int64_t until = now_ms() + wait_ms;
	char *path;
	int fd = -1;

	path = state_path(dir, "private", name, ".lock");
	if (path == NULL || (fd = open_lock(path, dir)) < 0) {
		log_error("lock of token %s in %s: %s", name, dir, strerror(errno));
		goto out;
	}
	for (;;) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
			if (goes_first)
				mark(fd, F_UNLCK);
			*out = file_aside(fd);
			free(path);
			return LOCK_TAKEN;
		}
		if (errno != EWOULDBLOCK && errno != EINTR) {
			log_error("%s: flock: %s", path, strerror(errno));
			goto out;
		}
		if (now_ms() >= until)
			break;
		if (goes_first)
			mark(fd, F_RDLCK);
		nanosleep(&step, NULL);
	}
	status = LOCK_BUSY;
out:
	if (fd >= 0)
		close(fd);
	free(path);
	return status;
}
