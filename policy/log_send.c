/* SPDX-License-Identifier: BSD-3-Clause */
/* The way of a log line to the system's log: one message on /dev/log (RFC 3164). */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "policy/file.h"
#include "policy/log_send.h"

#define LIMIT_S      2 /* a log that hangs does not hang the application */
#define NAME_MAX_LEN 48

/* argv[0] may hold anything. */
static void
printable(char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text > '~')
			*text = '?';
}

/* -1: there is none of this type. */
static int
connect_log(int type)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	struct timeval limit = {.tv_sec = LIMIT_S};
	int sock = file_above_2(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));

	if (sock < 0)
		return -1;
	(void)setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(sock, (struct sockaddr *)&to, sizeof(to)) == 0)
		return sock;
	close(sock);
	return -1;
}

void
log_send(int priority, const char *line)
{
	char name[NAME_MAX_LEN + 1], header[NAME_MAX_LEN + 48];
	struct iovec parts[2];
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	int sock;

	/* Without a time: who receives it puts it in (RFC 3164, 4.3.2), and the time zone has a
	 * lock. */
	snprintf(name, sizeof(name), "%s", program_invocation_short_name);
	printable(name);
	snprintf(header, sizeof(header), "<%d>%s[%ld]: ", priority, name, (long)getpid());
	parts[0].iov_base = header;
	parts[0].iov_len = strlen(header);
	parts[1].iov_base = (char *)(size_t)line;
	parts[1].iov_len = strlen(line);
	sock = connect_log(SOCK_DGRAM);
	if (sock < 0) {
		/* On a stream the NUL byte ends a message. */
		parts[1].iov_len++;
		sock = connect_log(SOCK_STREAM);
	}
	if (sock < 0)
		return;
	(void)sendmsg(sock, &message, MSG_NOSIGNAL);
	close(sock);
}
