/* SPDX-License-Identifier: BSD-3-Clause */
/* Files and folders that are made, and taken back where not all of them could be. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/add.h"

static bool
fail(const char *path)
{
	fprintf(stderr, "p11-latch: %s: %s\n", path, strerror(errno));
	return false;
}

static bool
note(struct changes *c, const char *path, bool folder)
{
	struct change *list = reallocarray(c->list, c->n + 1, sizeof(*list));

	if (list == NULL)
		return false;
	c->list = list;
	list[c->n].path = strdup(path);
	list[c->n].folder = folder;
	if (list[c->n].path == NULL)
		return false;
	c->n++;
	return true;
}

bool
change_folder(struct changes *c, const char *path, mode_t mode)
{
	char *parent, *slash;
	bool ok;

	if (access(path, F_OK) == 0)
		return true;
	parent = strdup(path);
	slash = parent != NULL ? strrchr(parent, '/') : NULL;
	if (slash == NULL) {
		free(parent);
		return fail(path);
	}
	*slash = '\0';
	ok = parent[0] == '\0' || change_folder(c, parent, mode);
	free(parent);
	if (!ok)
		return false;
	if (mkdir(path, mode) != 0)
		return fail(path);
	if (chmod(path, mode) == 0 && note(c, path, true))
		return true;
	fail(path);
	rmdir(path);
	return false;
}

/* A file that is not there yet; -1: printed why. */
static int
create(const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

	if (fd < 0)
		fail(path);
	return fd;
}

static bool
finish(struct changes *c, int fd, const char *path, mode_t mode, bool ok)
{
	ok = ok && fchmod(fd, mode) == 0 && fsync(fd) == 0 && note(c, path, false);
	if (!ok) {
		fail(path);
		unlink(path);
	}
	close(fd);
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

bool
change_write(struct changes *c, const char *path, const char *text, mode_t mode)
{
	int fd = create(path, mode);

	return fd >= 0 && finish(c, fd, path, mode, write_all(fd, text, strlen(text)));
}

bool
change_copy(struct changes *c, const char *from, const char *path, mode_t mode)
{
	char buf[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC), fd;
	ssize_t n = -1;

	if (in < 0)
		return fail(from);
	fd = create(path, mode);
	while (fd >= 0 && (n = read(in, buf, sizeof(buf))) > 0) {
		if (!write_all(fd, buf, (size_t)n)) {
			n = -1;
			break;
		}
	}
	close(in);
	return fd >= 0 && finish(c, fd, path, mode, n == 0);
}

void
changes_undo(struct changes *c)
{
	while (c->n > 0) {
		struct change *one = &c->list[--c->n];

		if ((one->folder ? rmdir(one->path) : unlink(one->path)) != 0)
			fail(one->path);
		free(one->path);
	}
}

void
changes_free(struct changes *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->list[i].path);
	free(c->list);
	memset(c, 0, sizeof(*c));
}
