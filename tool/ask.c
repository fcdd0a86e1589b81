/* SPDX-License-Identifier: BSD-3-Clause */
/* Secrets from people: the terminal, standard input, files, and words of the command line. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/file.h"
#include "tool/quiet.h"
#include "tool/tool.h"

#define SECRET_MAX 4096 /* bytes */

/* One line, byte by byte, so that what follows stays for the next reader. q: of a terminal. */
static struct secret *
read_line(int fd, const struct quiet *q)
{
	struct secret *s = secret_alloc(SECRET_MAX + 1), *line = NULL;
	unsigned char *at;
	size_t len = 0;
	ssize_t n = 0;

	if (s == NULL)
		return NULL;
	at = secret_data(s);
	while (len <= SECRET_MAX) {
		n = -1;
		if (q != NULL && !quiet_wait(q))
			break;
		n = read(fd, at + len, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || at[len] == '\n')
			break;
		len++;
	}
	if (len > 0 && at[len - 1] == '\r')
		len--;
	if (n >= 0 && len <= SECRET_MAX && (n == 1 || len > 0))
		line = secret_new(at, len);
	secret_free(&s);
	return line;
}

static struct secret *
from_input(const char *what)
{
	struct secret *s = read_line(STDIN_FILENO, NULL);

	if (s == NULL)
		fprintf(stderr, "p11-latch: %s: standard input has no line for it\n", what);
	return s;
}

static struct secret *
from_file(const char *path, const char *what)
{
	struct file_fault fault;
	struct secret *s;
	int fd = file_open(path, 0, NULL, &fault);

	if (fd < 0) {
		fprintf(stderr, "p11-latch: %s: %s %s\n", what, path, fault.what);
		return NULL;
	}
	s = read_line(fd, NULL);
	close(fd);
	if (s == NULL)
		fprintf(stderr, "p11-latch: %s: %s is empty; the value is to be its first line\n",
		    what, path);
	return s;
}

struct secret *
tool_secret(const char *word, const char *what)
{
	if (strcmp(word, "-") == 0)
		return from_input(what);
	if (word[0] == '@')
		return from_file(word + 1, what);
	fprintf(stderr,
	    "p11-latch: warning: %s stands on the command line, where every user of this machine "
	    "can read "
	    "it; use - or @FILE\n",
	    what);
	return secret_new(word, strlen(word));
}

int
tool_given(const char *command, const char *word, struct given **list)
{
	const char *equals = strchr(word, '=');
	struct given *g;
	char what[80];
	size_t len;

	if (equals == NULL || equals == word)
		return tool_usage(command, "--field wants NAME=VALUE, NAME=- or NAME=@FILE");
	len = (size_t)(equals - word);
	for (g = *list; g != NULL; g = g->next) {
		if (strncmp(g->name, word, len) == 0 && g->name[len] == '\0')
			return tool_usage(command, "--field %s is given twice", g->name);
	}
	g = calloc(1, sizeof(*g));
	if (g == NULL)
		return TOOL_FAILED;
	g->next = *list;
	*list = g;
	g->name = strndup(word, len);
	snprintf(what, sizeof(what), "field %.60s", g->name != NULL ? g->name : "");
	g->value = tool_secret(equals + 1, what);
	return g->name != NULL && g->value != NULL ? TOOL_DONE : TOOL_FAILED;
}

static struct secret *
prompt_once(int tty, const char *prompt)
{
	struct secret *s;
	struct quiet q;
	bool again;

	do {
		if (!quiet_begin(&q, tty)) {
			fprintf(stderr, "p11-latch: %s: the terminal cannot be asked on: %s\n",
			    prompt, strerror(errno));
			return NULL;
		}
		dprintf(tty, "%s: ", prompt);
		s = read_line(tty, &q);
		dprintf(tty, "\n");
		again = quiet_end(&q);
	} while (s == NULL && again);
	if (s == NULL)
		fprintf(stderr, "p11-latch: %s: no answer: the terminal's input ended\n", prompt);
	return s;
}

struct secret *
tool_ask(const char *prompt, bool twice, const char *instead)
{
	struct secret *s, *again = NULL;
	int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (tty < 0) {
		fprintf(stderr, "p11-latch: %s: there is no terminal to ask on; %s%s\n", prompt,
		    instead != NULL ? instead : "run this where there is one",
		    instead != NULL ? " and it as a line of standard input" : "");
		return NULL;
	}
	s = prompt_once(tty, prompt);
	if (s != NULL && twice) {
		again = prompt_once(tty, "The same again");
		if (again == NULL) {
			secret_free(&s);
		} else if (!secret_equal(s, again)) {
			fprintf(stderr, "p11-latch: the two are not the same; nothing was done\n");
			secret_free(&s);
		}
	}
	secret_free(&again);
	close(tty);
	return s;
}

bool
tool_write(int fd, const struct secret *s)
{
	size_t done = 0;

	while (done < secret_len(s)) {
		ssize_t n = write(fd, secret_bytes(s) + done, secret_len(s) - done);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			done += (size_t)n;
	}
	return true;
}
