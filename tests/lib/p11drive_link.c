/* SPDX-License-Identifier: BSD-3-Clause */
/* The wire between a shell test and a p11drive that keeps running: a unix socket, one command each
 * time. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/lib/p11drive.h"

#define REPLY_WAIT_MS 90000

static bool
address(struct sockaddr_un *a, const char *path)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(a->sun_path)) {
		fprintf(stderr, "p11drive: %s is too long for a socket\n", path);
		return false;
	}
	strcpy(a->sun_path, path);
	return true;
}

/* Under its name only once it listens, so that whoever sees it can connect. */
static int
listen_at(const char *path)
{
	char early[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct sockaddr_un a;
	int s;

	if ((size_t)snprintf(early, sizeof(early), "%s-", path) >= sizeof(early) ||
	    !address(&a, early))
		return -1;
	s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (s < 0 || bind(s, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(s, 8) != 0 ||
	    rename(early, path) != 0) {
		perror("p11drive: listen");
		return -1;
	}
	return s;
}

int
link_serve(struct drive *d, const char *path)
{
	char line[REPLY_MAX];
	ssize_t n;

	d->listener = listen_at(path);
	if (d->listener < 0)
		return 1;
	for (;;) {
		d->connection = accept4(d->listener, NULL, NULL, SOCK_CLOEXEC);
		if (d->connection < 0 && errno == EINTR)
			continue;
		if (d->connection < 0) {
			perror("p11drive: accept");
			return 1;
		}
		n = recv(d->connection, line, sizeof(line) - 1, 0);
		if (n > 0) {
			line[n] = '\0';
			drive_line(d, line);
			(void)send(d->connection, d->reply, d->reply_len, MSG_NOSIGNAL);
			/* Not closed here: the sender sees the end of the process itself. */
			if (d->dying)
				d->after(d->after_code);
		}
		close(d->connection);
		d->connection = -1;
	}
}

static bool
await(int s)
{
	struct pollfd p = {.fd = s, .events = POLLIN};
	int n;

	do {
		n = poll(&p, 1, REPLY_WAIT_MS);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

static size_t
join(char *line, size_t size, char **words, int n)
{
	size_t at = 0;
	int i;

	for (i = 0; i < n && at < size; i++) {
		const char *quote = strpbrk(words[i], " \t") != NULL ? "\"" : "";

		at += (size_t)snprintf(
		    line + at, size - at, "%s%s%s%s", i > 0 ? " " : "", quote, words[i], quote);
	}
	return at;
}

int
link_send(const char *path, char **words, int n)
{
	char line[REPLY_MAX];
	struct sockaddr_un a;
	size_t len = join(line, sizeof(line), words, n);
	ssize_t got;
	int s;

	if (len >= sizeof(line) || !address(&a, path))
		return 2;
	s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (s < 0 || connect(s, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    send(s, line, len, MSG_NOSIGNAL) < 0) {
		printf("%s GONE\n", words[0]);
		return 1;
	}
	if (!await(s)) {
		printf("%s NO_ANSWER\n", words[0]);
		return 1;
	}
	got = recv(s, line, sizeof(line) - 1, 0);
	if (got <= 0) {
		printf("%s DIED\n", words[0]);
		return 1;
	}
	line[got] = '\0';
	fputs(line, stdout);
	/* The other end closes now, or its process ends: then what the command did is done. */
	if (await(s))
		(void)recv(s, line, 1, 0);
	return 0;
}
