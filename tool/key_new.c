/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch key new: a new card manager key, to standard output or a file of its own. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/key.h"
#include "tool/key.h"
#include "tool/tool.h"

/* Its digits and a newline. */
static struct secret *
as_line(const struct secret *key)
{
	struct secret *digits = key_write(key, true), *line = NULL;
	size_t len = 2 * secret_len(key);

	if (digits != NULL && (line = secret_alloc(len + 1)) != NULL) {
		memcpy(secret_data(line), secret_bytes(digits), len);
		secret_data(line)[len] = '\n';
	}
	secret_free(&digits);
	return line;
}

static bool
sync_folder_of(const char *path)
{
	char *copy = strdup(path);
	int fd = copy == NULL ? -1 : open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && fsync(fd) == 0;

	if (fd >= 0)
		close(fd);
	free(copy);
	return ok;
}

static bool
to_file(const char *path, const struct secret *line)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool ok;

	if (fd < 0 && errno == EEXIST) {
		fprintf(stderr,
		    "p11-latch: %s is there already, and no key is ever overwritten; give another "
		    "name\n",
		    path);
		return false;
	}
	ok = fd >= 0 && tool_write(fd, line) && fsync(fd) == 0 && sync_folder_of(path);
	if (!ok) {
		fprintf(stderr, "p11-latch: %s: %s; no key was made\n", path, strerror(errno));
		/* Cut short, it is of no use to anybody. */
		if (fd >= 0)
			unlink(path);
	}
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool
to_stdout(const struct secret *line)
{
	if (tool_write(STDOUT_FILENO, line))
		return true;
	fprintf(stderr, "p11-latch: standard output: %s; no key was made\n", strerror(errno));
	return false;
}

int
key_make(const struct key_words *words)
{
	struct secret *key = key_new(words->kind), *line = NULL;
	char kcv[7];
	bool ok = false;

	if (key == NULL || (line = as_line(key)) == NULL ||
	    !key_check_value(key, key_kind_is_aes(words->kind), kcv)) {
		fputs("p11-latch: no key was made: there is no memory, or OpenSSL has no "
		      "randomness or not the cipher\n",
		    stderr);
		goto out;
	}
	ok = words->out != NULL ? to_file(words->out, line) : to_stdout(line);
	if (ok)
		fprintf(stderr, "p11-latch: %s key, key check value %s\n",
		    key_kind_name(words->kind), kcv);
out:
	secret_free(&line);
	secret_free(&key);
	return ok ? TOOL_DONE : TOOL_FAILED;
}
