/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch-helper: one process a request, or a watcher as long as its holder. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "helper/conversation.h"
#include "policy/log.h"
#include "policy/secret.h"

struct options {
	const char *config_file;
	bool spawned;
	bool operators;
};

static void
usage(FILE *to)
{
	fputs(
	    "usage: p11-latch-helper [--config FILE] [--spawned | --operators]\n"
	    "It is started by p11-latch.so, or by systemd with a connection on standard input; see "
	    "p11-latch-helper(8).\n",
	    to);
}

static bool
parse_options(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"spawned", no_argument, NULL, 's'},
	    {"operators", no_argument, NULL, 'o'},
	    {"version", no_argument, NULL, 'V'},
	    {"help", no_argument, NULL, 'h'},
	    {0},
	};
	int c;

	o->config_file = P11_LATCH_CONF_FILE;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->config_file = optarg;
			break;
		case 's':
			o->spawned = true;
			break;
		case 'o':
			o->operators = true;
			break;
		case 'V':
			puts("p11-latch-helper " P11_LATCH_VERSION);
			exit(0);
		case 'h':
			usage(stdout);
			exit(0);
		default:
			return false;
		}
	}
	return optind == argc && !(o->spawned && o->operators);
}

/*
 * Vendor modules print, and applications leave descriptors open that a watcher must not keep: the
 * socket goes away from 0 to 2, which become /dev/null, and all else is closed. Standard error
 * stays where a person debugs.
 */
static int
arrange_descriptors(bool spawned)
{
	int sock, null, fd;

	sock = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (sock < 0)
		return -1;
	if (spawned) {
		if (dup3(sock, 3, O_CLOEXEC) < 0 && sock != 3)
			return -1;
		sock = 3;
		close_range(4, ~0u, 0);
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return -1;
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fd == STDERR_FILENO && (log_to_stderr() || !spawned))
			continue;
		dup2(null, fd);
	}
	close(null);
	return sock;
}

/* Nobody's child, in a session of its own: it survives Ctrl-C, and the application has one exit to
 * reap. */
static bool
detach(void)
{
	pid_t pid = fork();

	if (pid < 0) {
		log_error("fork: %s", strerror(errno));
		return false;
	}
	if (pid > 0)
		_exit(0);
	setsid();
	return true;
}

static int
block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static enum caller
who_calls(int sock, const struct options *o)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (o->spawned)
		return CALLER_SELF;
	if (o->operators)
		return CALLER_OPERATOR;
	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == 0)
		return CALLER_OPERATOR;
	return CALLER_ANYONE;
}

int
main(int argc, char **argv)
{
	struct conversation k = {.holder = -1, .card = {.lock = -1}};
	struct options o = {0};
	struct stat st;

	if (!parse_options(argc, argv, &o)) {
		usage(stderr);
		return 2;
	}
	if (fstat(STDIN_FILENO, &st) != 0 || !S_ISSOCK(st.st_mode)) {
		usage(stderr);
		return 2;
	}
	log_init();
	umask(077);
	k.sock = arrange_descriptors(o.spawned);
	if (k.sock < 0) {
		log_error("descriptors: %s", strerror(errno));
		return 1;
	}
	if (o.spawned && !detach())
		return 1;
	secret_init();
	k.signals = block_signals();
	k.config_file = o.config_file;
	k.spawned = o.spawned;
	k.caller = who_calls(k.sock, &o);
	conversation_run(&k);
	conversation_close(&k);
	return 0;
}
