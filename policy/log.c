/* SPDX-License-Identifier: BSD-3-Clause */
/* The log: one printable line a message, to syslog and where P11_LATCH_DEBUG says. Links libc only.
 */
#include "policy/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "policy/file.h"
#include "policy/log_send.h"

#define PREFIX       "p11-latch: "
#define MESSAGE_MAX  2048 /* bytes, with NUL, before escaping */
#define LOG_LINE_MAX (sizeof(PREFIX) + 64 + 4 * MESSAGE_MAX + 1) /* level, function, "\n" */

static const struct {
	int priority;
	const char *name;
} levels[] = {
    [LOG_LEVEL_ERROR] = {LOG_ERR, "error"},
    [LOG_LEVEL_WARNING] = {LOG_WARNING, "warning"},
    [LOG_LEVEL_INFO] = {LOG_INFO, "info"},
    [LOG_LEVEL_DEBUG] = {LOG_DEBUG, "debug"},
};

/* Where P11_LATCH_DEBUG points, and where it did: another thread may be reading the old one. */
struct debug_file {
	struct debug_file *old;
	char path[];
};

/* Atomics, not a lock: a child forked while another thread logs must be able to log too. */
static atomic_bool to_stderr, to_file;
static _Atomic(struct debug_file *) debug_file;
static _Atomic(log_sink) the_sink;
static _Atomic(void *) the_sink_arg;

static bool
set_file(const char *path)
{
	struct debug_file *old = atomic_load(&debug_file), *new;

	if (old != NULL && strcmp(old->path, path) == 0)
		return true;
	new = malloc(sizeof(*new) + strlen(path) + 1);
	if (new == NULL)
		return false;
	strcpy(new->path, path);
	new->old = old;
	atomic_store(&debug_file, new);
	return true;
}

void
log_init(void)
{
	const char *want = secure_getenv("P11_LATCH_DEBUG");

	atomic_store(&to_stderr, want != NULL && strcmp(want, "1") == 0);
	atomic_store(&to_file, want != NULL && want[0] == '/' && set_file(want));
}

bool
log_to_stderr(void)
{
	return atomic_load(&to_stderr);
}

void
log_set_sink(log_sink sink, void *arg)
{
	atomic_store(&the_sink_arg, arg);
	atomic_store(&the_sink, sink);
}

/* Four bytes at most; returns the end. */
static char *
escape_one(char *out, unsigned char c)
{
	static const char digits[] = "0123456789ABCDEF";

	if (c >= 0x20 && c < 0x7f) {
		*out++ = (char)c;
		return out;
	}
	*out++ = '\\';
	*out++ = 'x';
	*out++ = digits[c >> 4];
	*out++ = digits[c & 15];
	return out;
}

/* Copies text to out, which has room for 4 * strlen(text) + 1 bytes; returns the end. */
static char *
escape(char *out, const char *text)
{
	for (; *text != '\0'; text++)
		out = escape_one(out, (unsigned char)*text);
	*out = '\0';
	return out;
}

void
log_print_escaped(FILE *out, const char *text)
{
	char one[5] = "";

	for (; *text != '\0'; text++) {
		*escape_one(one, (unsigned char)*text) = '\0';
		fputs(one, out);
	}
}

static void
write_line(int fd, char *line, size_t len)
{
	line[len] = '\n';
	/* One write, so that lines of several processes do not mix; nothing to be done if it fails.
	 */
	if (write(fd, line, len + 1) < 0)
		errno = 0;
	line[len] = '\0';
}

static void
write_debug(char *line, size_t len)
{
	int fd;

	if (atomic_load(&to_stderr))
		write_line(STDERR_FILENO, line, len);
	if (!atomic_load(&to_file))
		return;
	fd = file_above_2(open(atomic_load(&debug_file)->path,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600));
	if (fd < 0)
		return;
	write_line(fd, line, len);
	close(fd);
}

void
log_line(enum log_level level, const char *function, const char *fmt, ...)
{
	char message[MESSAGE_MAX], line[LOG_LINE_MAX];
	log_sink sink = atomic_load(&the_sink);
	bool debugging = atomic_load(&to_stderr) || atomic_load(&to_file);
	char *start = line + sizeof(PREFIX) - 1, *end = start;
	int saved = errno;
	va_list ap;
	int n;

	if (level == LOG_LEVEL_DEBUG && !debugging)
		return;
	va_start(ap, fmt);
	n = vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if (n < 0)
		goto out;
	if ((size_t)n >= sizeof(message))
		memcpy(message + sizeof(message) - 4, "...", 4);

	memcpy(line, PREFIX, sizeof(PREFIX));
	escape(start, message);
	if (level == LOG_LEVEL_DEBUG || sink == NULL ||
	    !sink(level, line, atomic_load(&the_sink_arg)))
		log_send(LOG_AUTHPRIV | levels[level].priority, line);
	if (debugging) {
		end += snprintf(start, 64, "%s: %.40s: ", levels[level].name, function);
		end = escape(end, message);
		write_debug(line, (size_t)(end - line));
	}
out:
	errno = saved;
}
