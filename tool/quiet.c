/* SPDX-License-Identifier: BSD-3-Clause */
/* A terminal without echo, which has it again whatever signal comes meanwhile. */
#include "tool/quiet.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

static const int numbers[QUIET_SIGNALS] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

/* For the handler, which may run in a thread of a vendor's module: so a pipe, and no masks. */
static int came_write = -1;

static void
note_signal(int number)
{
	unsigned char byte = (unsigned char)number;
	int error = errno;
	ssize_t n = write(came_write, &byte, 1);

	(void)n;
	errno = error;
}

/* What is ignored, as under nohup, stays so. */
static void
take_signals(struct quiet *q)
{
	struct sigaction now = {.sa_handler = note_signal, .sa_flags = SA_RESTART};

	sigemptyset(&now.sa_mask);
	for (int i = 0; i < QUIET_SIGNALS; i++) {
		sigaction(numbers[i], NULL, &q->actions[i]);
		if (q->actions[i].sa_handler != SIG_IGN)
			sigaction(numbers[i], &now, NULL);
	}
}

static void
give_signals_back(const struct quiet *q)
{
	for (int i = 0; i < QUIET_SIGNALS; i++)
		sigaction(numbers[i], &q->actions[i], NULL);
}

static void
close_pipe(struct quiet *q)
{
	close(q->came[0]);
	close(q->came[1]);
}

bool
quiet_begin(struct quiet *q, int tty)
{
	struct termios quiet;
	int error;

	q->tty = tty;
	/* Stops in the background: the modes of who is in front there are not to be given back. */
	(void)tcflush(tty, TCIFLUSH);
	if (tcgetattr(tty, &q->before) != 0 || pipe2(q->came, O_CLOEXEC | O_NONBLOCK) != 0)
		return false;
	came_write = q->came[1];
	take_signals(q);
	quiet = q->before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (tcsetattr(tty, TCSAFLUSH, &quiet) == 0)
		return true;
	error = errno;
	quiet_end(q);
	errno = error;
	return false;
}

bool
quiet_wait(const struct quiet *q)
{
	struct pollfd fds[2] = {
	    {.fd = q->tty, .events = POLLIN}, {.fd = q->came[0], .events = POLLIN}};
	int n;

	do
		n = poll(fds, 2, -1);
	while (n < 0 && errno == EINTR);
	return n > 0 && fds[1].revents == 0;
}

bool
quiet_end(struct quiet *q)
{
	unsigned char number;
	bool came = false;

	tcsetattr(q->tty, TCSAFLUSH, &q->before);
	give_signals_back(q);
	while (read(q->came[0], &number, 1) == 1) {
		came = true;
		raise(number);
	}
	close_pipe(q);
	return came;
}
