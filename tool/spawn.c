/* SPDX-License-Identifier: BSD-3-Clause */
/* Starting programs: a helper of one's own, and what personalize holds for. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy/log.h"
#include "tool/spawn.h"

extern char **environ;

/* Its socket is its standard input, and it keeps nothing else of ours: vendor modules print. */
static int
start_helper(const struct config *c, int sock, pid_t *child)
{
	char spawned[] = "--spawned", option[] = "--config";
	char *argv[] = {c->helper, spawned, option, c->file, NULL};
	posix_spawn_file_actions_t files;
	int error = posix_spawn_file_actions_init(&files);

	if (error != 0)
		return error;
	error = posix_spawn_file_actions_adddup2(&files, sock, STDIN_FILENO);
	if (error == 0)
		error =
		    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_RDWR, 0);
	if (error == 0 && !log_to_stderr())
		error =
		    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_RDWR, 0);
	if (error == 0)
		error = posix_spawn(child, c->helper, &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	return error;
}

int
spawn_helper(const struct config *c)
{
	int ends[2], error;
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
		fprintf(stderr, "p11-latch: no socket for the helper: %s\n", strerror(errno));
		return -1;
	}
	error = start_helper(c, ends[1], &child);
	close(ends[1]);
	if (error != 0) {
		fprintf(stderr,
		    "p11-latch: the helper %s cannot be started: %s; install it, or correct "
		    "Helper= in %s\n",
		    c->helper, strerror(error), c->file);
		close(ends[0]);
		return -1;
	}
	/* It leaves a child of its own behind, and ends at once. */
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return ends[0];
}

/* --- The command --------------------------------------------------------------------------------
 */

static volatile pid_t running;

static void
hand_on(int number)
{
	int saved = errno;

	if (running > 0)
		kill(running, number);
	errno = saved;
}

static const struct {
	int number;
	void (*handler)(int);
} signals[] = {
    {SIGINT, SIG_IGN},
    {SIGQUIT, SIG_IGN},
    {SIGTERM, hand_on},
    {SIGHUP, hand_on},
};

#define N_SIGNALS (sizeof(signals) / sizeof(signals[0]))

/* What was ignored stays ignored, here and there (nohup); *ours are those that were not. */
static void
take_signals(struct sigaction before[N_SIGNALS], sigset_t *ours)
{
	struct sigaction now = {.sa_flags = SA_RESTART};
	size_t i;

	sigemptyset(ours);
	sigemptyset(&now.sa_mask);
	for (i = 0; i < N_SIGNALS; i++) {
		sigaction(signals[i].number, NULL, &before[i]);
		if (before[i].sa_handler == SIG_IGN)
			continue;
		now.sa_handler = signals[i].handler;
		sigaction(signals[i].number, &now, NULL);
		sigaddset(ours, signals[i].number);
	}
}

static void
give_signals_back(const struct sigaction before[N_SIGNALS])
{
	size_t i;

	for (i = 0; i < N_SIGNALS; i++)
		sigaction(signals[i].number, &before[i], NULL);
}

/* Whether entry sets the variable that the text "NAME=VALUE" sets. */
static bool
same_name(const char *entry, const char *text)
{
	size_t len = (size_t)(strchr(text, '=') - text) + 1;

	return strncmp(entry, text, len) == 0;
}

/* environ with the variables in it; the array is to be freed. NULL: no memory. */
static char **
environment(char *const *variables)
{
	size_t n = 0, more = 0, i, k;
	char **all;

	while (environ[n] != NULL)
		n++;
	while (variables[more] != NULL)
		more++;
	all = calloc(n + more + 1, sizeof(*all));
	if (all == NULL)
		return NULL;
	for (i = 0; i < more; i++)
		all[i] = variables[i];
	for (k = 0; k < n; k++) {
		size_t v = 0;

		while (v < more && !same_name(environ[k], variables[v]))
			v++;
		if (v == more)
			all[i++] = environ[k];
	}
	return all;
}

static int
start(char **argv, char **env, const sigset_t *defaults)
{
	posix_spawnattr_t attributes;
	pid_t child;
	int error;

	error = posix_spawnattr_init(&attributes);
	if (error != 0)
		return error;
	error = posix_spawnattr_setsigdefault(&attributes, defaults);
	if (error == 0)
		error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	if (error == 0)
		error = posix_spawnp(&child, argv[0], NULL, &attributes, argv, env);
	if (error == 0)
		running = child;
	posix_spawnattr_destroy(&attributes);
	return error;
}

/* Where the system has no pidfd it is seen at the command's end. */
static void
wait_watching(int sock, void (*gone)(void *arg), void *arg)
{
#ifdef SYS_pidfd_open
	struct pollfd p[2] = {
	    {.fd = (int)syscall(SYS_pidfd_open, running, 0), .events = POLLIN},
	    {.fd = sock, .events = POLLIN},
	};
	char byte;

	while (p[0].fd >= 0) {
		if (poll(p, 2, -1) < 0 && errno == EINTR)
			continue;
		if (p[0].revents != 0 || p[1].revents == 0)
			break;
		if (recv(sock, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0)
			gone(arg);
		p[1].fd = -1;
	}
	if (p[0].fd >= 0)
		close(p[0].fd);
#else
	(void)sock;
	(void)gone;
	(void)arg;
#endif
}

static int
wait_for_end(void)
{
	int status;

	while (waitpid(running, &status, 0) < 0) {
		if (errno != EINTR)
			return 1;
	}
	running = 0;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int
spawn_command(char **argv, char *const *variables, int sock, void (*gone)(void *arg), void *arg)
{
	struct sigaction before[N_SIGNALS];
	char **env = environment(variables);
	sigset_t ours;
	int error, status;

	if (env == NULL) {
		fputs("p11-latch: no memory\n", stderr);
		return 126;
	}
	take_signals(before, &ours);
	error = start(argv, env, &ours);
	if (error == 0)
		wait_watching(sock, gone, arg);
	status = error == 0 ? wait_for_end() : error == ENOENT ? 127 : 126;
	if (error != 0)
		fprintf(stderr, "p11-latch: %s: %s\n", argv[0], strerror(error));
	give_signals_back(before);
	free(env);
	return status;
}
