/* SPDX-License-Identifier: BSD-3-Clause */
/* One of many cards in a process of its own, so that a module that hangs or crashes ends no more.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "card/order_part.h"
#include "policy/file.h"
#include "policy/log.h"

/* Each line that comes from there begins with the level of a log line, or with one of these. */
#define OUT    'o'
#define DONE   'd' /* the last */
#define PREFIX "p11-latch: "

static void
send_line(int fd, char kind, const char *line, size_t len)
{
	char buf[4096];

	if (len > sizeof(buf) - 2)
		len = sizeof(buf) - 2;
	buf[0] = kind;
	memcpy(buf + 1, line, len);
	buf[len + 1] = '\n';
	/* Whole lines, in one piece. Nobody there any more: nobody to tell. */
	if (write(fd, buf, len + 2) < 0)
		errno = 0;
}

/* The other process writes it, for its person and for the machine's log. */
static bool
send_log(enum log_level level, const char *line, void *arg)
{
	const int *fd = arg;

	send_line(*fd, (char)('0' + (int)level), line, strlen(line));
	return true;
}

static void
send_out(int fd, const char *text)
{
	const char *end;

	for (; *text != '\0'; text = *end == '\n' ? end + 1 : end) {
		end = strchrnul(text, '\n');
		send_line(fd, OUT, text, (size_t)(end - text));
	}
}

static void __attribute__((noreturn)) work_apart(int fd, order_part_fn part, void *arg)
{
	enum order_status status = ORDER_FAILED;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	log_set_sink(send_log, &fd);
	if (out != NULL) {
		status = part(arg, out);
		/* Without memory there is no text, and the work is done all the same. */
		if (fclose(out) == 0 && text != NULL)
			send_out(fd, text);
		send_line(fd, DONE, "", 0);
	}
	/* Nothing of the other process is flushed or ended from here. */
	_exit(status == ORDER_DONE ? 0 : 1);
}

static void
pass_on(const char *line, FILE *out)
{
	const char *text = line + 1;

	if (line[0] == OUT) {
		fprintf(out, "%s\n", text);
	} else if (line[0] >= '0' && line[0] <= '0' + LOG_LEVEL_INFO) {
		if (strncmp(text, PREFIX, strlen(PREFIX)) == 0)
			text += strlen(PREFIX);
		log_line((enum log_level)(line[0] - '0'), __func__, "%s", text);
	}
}

static enum order_status
listen_to(int fd, pid_t pid, const char *uri, FILE *out)
{
	FILE *from = fdopen(fd, "r");
	bool done = false;
	char *line = NULL;
	size_t size = 0;
	ssize_t n;
	int status = 0;

	if (from == NULL)
		close(fd);
	while (from != NULL && (n = getline(&line, &size, from)) > 1) {
		line[n - 1] = '\0';
		done = line[0] == DONE;
		pass_on(line, out);
	}
	if (from != NULL)
		fclose(from);
	free(line);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (!done)
		log_error(
		    "%s: the vendor's module has ended the process that worked with this card, "
		    "before it was dealt with; the other cards go on",
		    uri);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? ORDER_DONE : ORDER_FAILED;
}

enum order_status
order_apart(order_part_fn part, void *arg, const char *uri, FILE *out)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0) {
		log_error("%s: no pipe: %s", uri, strerror(errno));
		return ORDER_FAILED;
	}
	ends[0] = file_aside(ends[0]);
	ends[1] = file_aside(ends[1]);
	fflush(out);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		work_apart(ends[1], part, arg);
	}
	close(ends[1]);
	if (pid < 0) {
		log_error("%s: no process: %s", uri, strerror(errno));
		close(ends[0]);
		return ORDER_FAILED;
	}
	return listen_to(ends[0], pid, uri, out);
}
