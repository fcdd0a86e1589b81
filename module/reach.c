/* SPDX-License-Identifier: BSD-3-Clause */
/* Reaching the helper: spawned with a socket as its standard input, or behind a unix socket. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "module/provider.h"
#include "module/reach.h"
#include "policy/file.h"
#include "policy/log.h"

#define CONNECT_S  5
#define REAP_TRIES 200
#define REAP_MS    5

extern char **environ;

/* Two ends, both CLOEXEC and above 2: an application may run with its standard descriptors closed.
 */
static int
socket_pair(int ends[2])
{
	int error;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return -1;
	ends[0] = file_aside(file_above_2(ends[0]));
	error = errno;
	ends[1] = file_above_2(ends[1]);
	if (ends[0] >= 0 && ends[1] >= 0)
		return 0;
	if (ends[0] >= 0) {
		error = errno;
		close(ends[0]);
	}
	if (ends[1] >= 0)
		close(ends[1]);
	errno = error;
	return -1;
}

/*
 * The helper gets its socket as standard input and nothing else of ours: a watcher that kept an
 * application's pipe open would keep the reader of that pipe waiting. Vendor modules print.
 */
static int
prepare_files(posix_spawn_file_actions_t *files, int sock)
{
	int error;

	error = posix_spawn_file_actions_adddup2(files, sock, 0);
	if (error == 0)
		error = posix_spawn_file_actions_addopen(files, 1, "/dev/null", O_RDWR, 0);
	if (error == 0 && !log_to_stderr())
		error = posix_spawn_file_actions_addopen(files, 2, "/dev/null", O_RDWR, 0);
#if __GLIBC_PREREQ(2, 34)
	if (error == 0)
		error = posix_spawn_file_actions_addclosefrom_np(files, 3);
#endif
	return error;
}

static int
prepare_signals(posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	int error;

	sigemptyset(&none);
	sigfillset(&all);
	error = posix_spawnattr_setsigmask(attributes, &none);
	if (error == 0)
		error = posix_spawnattr_setsigdefault(attributes, &all);
	if (error == 0)
		error = posix_spawnattr_setflags(
		    attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	return error;
}

static int
spawn(pid_t *child, int sock)
{
	const struct config *c = provider.config;
	char spawned[] = "--spawned", option[] = "--config",
	     path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *argv[] = {c->helper, spawned, option, c->file, NULL};
	char *minimal[] = {path, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int error;

	error = posix_spawn_file_actions_init(&files);
	if (error != 0)
		return error;
	error = posix_spawnattr_init(&attributes);
	if (error != 0)
		goto out;
	error = prepare_files(&files, sock);
	if (error == 0)
		error = prepare_signals(&attributes);
	if (error == 0)
		error = posix_spawn(child, c->helper, &files, &attributes, argv,
		    provider.secure ? minimal : environ);
	posix_spawnattr_destroy(&attributes);
out:
	posix_spawn_file_actions_destroy(&files);
	return error;
}

int
reach_spawn(pid_t *child, const char *call)
{
	int ends[2], error;

	*child = 0;
	if (socket_pair(ends) != 0) {
		log_error(
		    "%s: no socket for the helper: %s; close files or raise the limit (ulimit -n)",
		    call, strerror(errno));
		return -1;
	}
	error = spawn(child, ends[1]);
	close(ends[1]);
	if (error != 0) {
		log_error(
		    "%s: the helper %s cannot be started: %s; install it, or correct Helper= in %s",
		    call, provider.config->helper, strerror(error), provider.config->file);
		close(ends[0]);
		*child = 0;
		return -1;
	}
	return ends[0];
}

void
reach_reap(pid_t child)
{
	const struct timespec pause = {0, REAP_MS * 1000000L};
	pid_t reaped;
	int i;

	/* The helper leaves its child behind at once; one that does not is not waited for. */
	for (i = 0; i < REAP_TRIES; i++) {
		reaped = waitpid(child, NULL, WNOHANG);
		if (reaped == child || (reaped < 0 && errno != EINTR))
			return;
		nanosleep(&pause, NULL);
	}
	log_debug("the helper (pid %ld) did not leave its child behind", (long)child);
}

static int
connect_to(const char *path)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = CONNECT_S};
	int sock, error;

	if (strlen(path) >= sizeof(to.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(to.sun_path, path, strlen(path) + 1);
	sock = file_above_2(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	if (sock < 0)
		return -1;
	/* A service whose queue is full makes connect() wait; this is its limit. */
	(void)setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(sock, (struct sockaddr *)&to, sizeof(to)) != 0) {
		error = errno;
		close(sock);
		errno = error;
		return -1;
	}
	return file_aside(sock);
}

int
reach_connect(const char *call)
{
	const struct config *c = provider.config;
	char *operators = config_operators_socket(c);
	int sock = -1;

	if (operators != NULL)
		sock = connect_to(operators);
	free(operators);
	if (sock < 0)
		sock = connect_to(c->helper_socket);
	if (sock < 0)
		log_error(
		    "%s: the helper at %s cannot be reached: %s; start p11-latch-helper.socket, or "
		    "correct Helper= in %s",
		    call, c->helper_socket, strerror(errno), c->file);
	return sock;
}
