/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration, and the way to the helper's sockets. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "policy/report.h"
#include "tool/tool.h"

struct config *
tool_read_config(void)
{
	struct diags d = {0};
	struct config *c = config_read(tool_config(), &d);

	diags_print(&d, stderr, false, false);
	diags_free(&d);
	return c;
}

static int
connect_to(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int sock;

	if (path == NULL || strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(a.sun_path, path);
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sock < 0 || connect(sock, (struct sockaddr *)&a, sizeof(a)) == 0)
		return sock;
	close(sock);
	return -1;
}

int
tool_connect(const struct config *c)
{
	char *operators = config_operators_socket(c);
	int sock = connect_to(operators);

	if (sock < 0)
		sock = connect_to(c->helper_socket);
	if (sock < 0)
		fprintf(stderr, "p11-latch: %s: %s; is p11-latch-helper.socket started?\n",
		    c->helper_socket, strerror(errno));
	free(operators);
	return sock;
}
