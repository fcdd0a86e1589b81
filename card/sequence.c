/* SPDX-License-Identifier: BSD-3-Clause */
/* The state directory's sequence number, which tells stale processes: it only ever grows. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "card/record.h"
#include "card/state.h"
#include "policy/log.h"

/* All tokens share the number, so that it has a lock of its own. */
static int
lock_sequence(const char *dir)
{
	char *path = state_path(dir, "private", "sequence", ".lock");
	int fd;

	if (path == NULL)
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0) {
		state_give(fd, path);
		while (flock(fd, LOCK_EX) != 0) {
			if (errno == EINTR)
				continue;
			close(fd);
			fd = -1;
			break;
		}
	}
	if (fd < 0)
		log_error("%s: %s", path, strerror(errno));
	free(path);
	return fd;
}

static uint64_t
sequence_of_record(const char *dir, const char *name)
{
	char *path = state_path(dir, "records", name, ""), *text = NULL;
	struct record r = {0};
	size_t len;

	if (path != NULL && state_read(path, &text, &len, RECORD_FILE_MAX) == 0 &&
	    !record_parse(text, len, &r))
		r.sequence = 0;
	free(text);
	free(path);
	return r.sequence;
}

static uint64_t
newest_record(const char *dir)
{
	char *path = state_path(dir, "records", "", "");
	uint64_t newest = 0, one;
	struct dirent *e;
	DIR *d;

	d = path != NULL ? opendir(path) : NULL;
	while (d != NULL && (e = readdir(d)) != NULL) {
		one = e->d_name[0] == '.' ? 0 : sequence_of_record(dir, e->d_name);
		newest = one > newest ? one : newest;
	}
	if (d != NULL)
		closedir(d);
	free(path);
	return newest;
}

static bool
write_sequence(const char *dir, uint64_t sequence)
{
	char *path = NULL, text[32];
	bool ok;
	int len;

	if (asprintf(&path, "%s/sequence", dir) < 0)
		return false;
	len = snprintf(text, sizeof(text), "%" PRIu64 "\n", sequence);
	ok = state_write(path, text, (size_t)len, 0644);
	free(path);
	return ok;
}

/* A file that is lost reads as 0. */
static bool
read_sequence(const char *dir, uint64_t *now)
{
	if (sequence_read(dir, now) == 0) {
		if (*now == 0)
			*now = newest_record(dir);
		return true;
	}
	if (errno != EINVAL && errno != EFBIG) {
		log_error("%s/sequence cannot be read: %s; remove it", dir, strerror(errno));
		return false;
	}
	*now = newest_record(dir);
	log_warning(
	    "%s/sequence is damaged; it begins again with the newest record's number, %" PRIu64,
	    dir, *now);
	return true;
}

bool
state_next_sequence(const char *dir, uint64_t *next)
{
	uint64_t now;
	bool ok;
	int fd;

	fd = lock_sequence(dir);
	if (fd < 0)
		return false;
	ok = read_sequence(dir, &now) && write_sequence(dir, now + 1);
	*next = now + 1;
	close(fd);
	return ok;
}

bool
sequence_mend(const char *dir)
{
	uint64_t now;
	bool ok;
	int fd;

	if (sequence_read(dir, &now) == 0 && (now > 0 || newest_record(dir) == 0))
		return true;
	fd = lock_sequence(dir);
	if (fd < 0)
		return false;
	ok = read_sequence(dir, &now) && write_sequence(dir, now);
	close(fd);
	return ok;
}
