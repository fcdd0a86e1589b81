/* SPDX-License-Identifier: BSD-3-Clause */
/* The state directory: its folders, files written whole or not at all, the sequence number. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "card/record.h"
#include "card/state.h"
#include "policy/log.h"

char *
state_path(const char *dir, const char *folder, const char *name, const char *suffix)
{
	char *path;

	if (asprintf(&path, "%s/%s/%s%s", dir, folder, name, suffix) < 0)
		return NULL;
	return path;
}

static bool
prepare_folder(const char *path, const char *parent, mode_t mode)
{
	struct stat st;

	if (mkdir(path, mode) == 0) {
		/* Like everything here it belongs to whom the folder around it belongs to. */
		if (parent != NULL && geteuid() == 0 && stat(parent, &st) == 0 &&
		    chown(path, st.st_uid, st.st_gid) != 0)
			log_warning("%s: chown: %s", path, strerror(errno));
		if (chmod(path, mode) != 0)
			log_warning("%s: chmod: %s", path, strerror(errno));
	} else if (errno != EEXIST) {
		return false;
	}
	return access(path, R_OK | W_OK | X_OK) == 0;
}

/* The folders above it, as mkdir -p makes them; what cannot be made shows in the next step. */
static void
make_parents(const char *dir)
{
	char *path = strdup(dir), *slash;

	for (slash = path; slash != NULL && (slash = strchr(slash + 1, '/')) != NULL;
	     *slash = '/') {
		*slash = '\0';
		if (mkdir(path, 0755) == 0 && chmod(path, 0755) != 0)
			log_warning("%s: chmod: %s", path, strerror(errno));
	}
	free(path);
}

bool
state_prepare(const char *dir)
{
	char *records = NULL, *private = NULL;
	bool ok = false;

	if (asprintf(&records, "%s/records", dir) < 0 ||
	    asprintf(&private, "%s/private", dir) < 0) {
		log_error("no memory");
		goto out;
	}
	if (access(dir, F_OK) != 0)
		make_parents(dir);
	ok = prepare_folder(dir, NULL, 0755) && prepare_folder(records, dir, 0755) &&
	     prepare_folder(private, dir, 0700);
	if (!ok)
		log_error(
		    "state directory %s cannot be written by user %u: %s; set StateDirectory= in "
		    "p11-latch.conf to a folder of this user, or use the service (Helper=unix:...)",
		    dir, (unsigned)geteuid(), strerror(errno));
out:
	free(records);
	free(private);
	return ok && sequence_mend(dir);
}

static bool
sync_folder_of(const char *path)
{
	char *copy = strdup(path);
	bool ok = false;
	int fd;

	if (copy == NULL)
		return false;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		ok = fsync(fd) == 0;
		close(fd);
	}
	free(copy);
	return ok;
}

static bool
write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

void
state_give(int fd, const char *path)
{
	char *copy;
	struct stat st;

	if (geteuid() != 0 || (copy = strdup(path)) == NULL)
		return;
	if (stat(dirname(copy), &st) != 0 || fchown(fd, st.st_uid, st.st_gid) != 0)
		log_warning("%s: chown: %s", path, strerror(errno));
	free(copy);
}

bool
state_write(const char *path, const void *data, size_t len, mode_t mode)
{
	char *temporary = NULL;
	bool ok = false;
	int fd = -1;

	if (asprintf(&temporary, "%s.new", path) < 0) {
		temporary = NULL;
		goto out;
	}
	/* One writer at a time (the token's lock): what lies there is what a crash left. */
	if (unlink(temporary) != 0 && errno != ENOENT)
		goto out;
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0 || fchmod(fd, mode) != 0)
		goto out;
	state_give(fd, path);
	if (!write_all(fd, data, len) || fsync(fd) != 0)
		goto out;
	if (rename(temporary, path) != 0)
		goto out;
	ok = sync_folder_of(path);
out:
	if (!ok) {
		log_error("%s cannot be written: %s; free space or correct the rights, then run "
			  "p11-latch recover",
		    path, strerror(errno));
		if (fd >= 0)
			unlink(temporary);
	}
	if (fd >= 0)
		close(fd);
	free(temporary);
	return ok;
}

bool
state_remove(const char *path)
{
	if (unlink(path) != 0) {
		if (errno == ENOENT)
			return true;
		log_error("%s cannot be removed: %s", path, strerror(errno));
		return false;
	}
	return sync_folder_of(path);
}

int
state_read(const char *path, char **data, size_t *len, size_t max)
{
	struct stat st;
	char *buf = NULL;
	size_t have = 0;
	ssize_t n;
	int fd, saved;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
	if (fd < 0)
		return -1;
	errno = EINVAL;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (buf = malloc(max + 2)) == NULL)
		goto fail;
	while (have <= max) {
		n = read(fd, buf + have, max + 1 - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			goto fail;
		if (n == 0)
			break;
		have += (size_t)n;
	}
	errno = EFBIG;
	if (have > max)
		goto fail;
	close(fd);
	buf[have] = '\0';
	*data = buf;
	*len = have;
	return 0;
fail:
	saved = errno;
	free(buf);
	close(fd);
	errno = saved;
	return -1;
}
