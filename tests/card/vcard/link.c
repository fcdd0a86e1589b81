/* SPDX-License-Identifier: BSD-3-Clause */
/* The wire between a virtual smart card and vpcd, its reader. */
#include "tests/card/vcard/link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

int
link_connect(unsigned port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
		close(fd);
		return -1;
	}
	/* Length and answer are two small packets otherwise. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static bool
receive_all(int fd, unsigned char *to, size_t len)
{
	int on = 1;

	while (len > 0) {
		ssize_t n = recv(fd, to, len, MSG_WAITALL);

		/* vpcd sends a length alone, and the rest after our ACK: not 40 ms later. */
		(void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		to += n;
		len -= (size_t)n;
	}
	return true;
}

ssize_t
link_receive(int fd, unsigned char *message)
{
	unsigned char head[2];
	size_t len;

	if (!receive_all(fd, head, sizeof(head)))
		return -1;
	len = (size_t)head[0] << 8 | head[1];
	return receive_all(fd, message, len) ? (ssize_t)len : -1;
}

static bool
send_all(int fd, const unsigned char *from, size_t len, int flags)
{
	while (len > 0) {
		ssize_t n = send(fd, from, len, MSG_NOSIGNAL | flags);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		from += n;
		len -= (size_t)n;
	}
	return true;
}

bool
link_send(int fd, const unsigned char *message, size_t len)
{
	unsigned char head[2] = {(unsigned char)(len >> 8), (unsigned char)len};

	return send_all(fd, head, sizeof(head), MSG_MORE) && send_all(fd, message, len, 0);
}
