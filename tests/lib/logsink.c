/* SPDX-License-Identifier: BSD-3-Clause */
/* logsink: stands in for syslogd. Appends what is sent to a datagram socket to a file, one line
 * each. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int
fail(const char *what)
{
	fprintf(stderr, "logsink: %s: %s\n", what, strerror(errno));
	return 1;
}

int
main(int argc, char **argv)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	static char line[65536];
	int sock, out;

	if (argc != 3 || strlen(argv[1]) >= sizeof(a.sun_path)) {
		fputs("usage: logsink SOCKET FILE\n", stderr);
		return 2;
	}
	strcpy(a.sun_path, argv[1]);
	(void)unlink(argv[1]);
	out = open(argv[2], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (out < 0)
		return fail(argv[2]);
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0 || bind(sock, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    chmod(argv[1], 0666) != 0)
		return fail(argv[1]);
	for (;;) {
		ssize_t n = recv(sock, line, sizeof(line) - 1, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail("recv");
		while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\0'))
			n--;
		line[n++] = '\n';
		if (write(out, line, (size_t)n) != n)
			return fail(argv[2]);
	}
}
