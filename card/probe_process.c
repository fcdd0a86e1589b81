/* SPDX-License-Identifier: BSD-3-Clause */
/* Measuring a token: what a process sees of what another one did. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "card/probe_part.h"
#include "policy/file.h"

#define ANSWER_MS 60000
#define END_MS    5000
#define STEP_MS   10

/* One that hangs in the vendor module hears of nothing. */
static void
reap(pid_t pid)
{
	const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
	unsigned i;

	for (i = 0; i < END_MS / STEP_MS; i++) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return;
		nanosleep(&step, NULL);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static bool
hear(int fd, void *answer, size_t len)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	return poll(&ready, 1, ANSWER_MS) > 0 && read(fd, answer, len) == (ssize_t)len;
}

CK_FLAGS
probe_look_elsewhere(struct probe *p)
{
	CK_FLAGS flags = 0;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return 0;
	ends[0] = file_aside(ends[0]);
	ends[1] = file_aside(ends[1]);
	pid = fork();
	if (pid == 0) {
		flags = probe_look(p);
		_exit(write(ends[1], &flags, sizeof(flags)) == sizeof(flags) ? 0 : 1);
	}
	close(ends[1]);
	if (pid < 0 || !hear(ends[0], &flags, sizeof(flags)))
		flags = 0;
	close(ends[0]);
	if (pid > 0)
		reap(pid);
	return flags;
}

/* The other process: it has read the token before the PIN is changed, and tries the old one after.
 */
static void
be_older(struct probe *p, int sock)
{
	const struct secret *pin = p->secrets[PROBE_PIN];
	CK_SESSION_HANDLE session;
	char go;
	CK_RV rv;

	rv = probe_open(p, false, &session);
	if (rv == CKR_OK) {
		rv = p->f->C_Login(session, CKU_USER, probe_bytes(pin), secret_len(pin));
		if (rv == CKR_OK)
			p->f->C_Logout(session);
	}
	if (write(sock, &rv, sizeof(rv)) != sizeof(rv) || rv != CKR_OK || read(sock, &go, 1) != 1) {
		vendor_stop(p->v);
		_exit(1);
	}
	rv = p->f->C_Login(session, CKU_USER, probe_bytes(pin), secret_len(pin));
	if (rv == CKR_OK)
		p->f->C_Logout(session);
	p->f->C_CloseSession(session);
	vendor_stop(p->v);
	_exit(write(sock, &rv, sizeof(rv)) == sizeof(rv) ? 0 : 1);
}

static void
learn_from_second(struct probe *p, CK_RV rv)
{
	bool letters = false;
	size_t i;

	for (i = 0; i < secret_len(p->secrets[PROBE_NEW_PIN]); i++) {
		unsigned char byte = secret_bytes(p->secrets[PROBE_NEW_PIN])[i];

		letters = letters || byte < '0' || byte > '9';
	}
	probe_found(p, "C_SetPIN as user", rv_name(rv), "to the second PIN");
	if (letters && rv == CKR_OK)
		probe_found(p, "PinDigits", "false", "a PIN with other characters was taken");
	else if (letters && (rv == CKR_PIN_INVALID || rv == CKR_DATA_INVALID))
		probe_found(p, "PinDigits", "true", "a PIN with other characters: %s", rv_name(rv));
}

static void
change_under(struct probe *p, int sock)
{
	const struct secret *pin = p->secrets[PROBE_PIN], *other = p->secrets[PROBE_NEW_PIN];
	CK_RV rv;

	if (!hear(sock, &rv, sizeof(rv)) || rv != CKR_OK) {
		probe_found(p, "Caches", NULL, "the other process could not log in");
		return;
	}
	probe_tell(p, "the PIN is the second one from here on");
	rv = probe_change_pin(p, pin, other);
	learn_from_second(p, rv);
	if (rv != CKR_OK) {
		probe_found(p, "Caches", NULL, "the second PIN was not taken: %s", rv_name(rv));
	} else if (send(sock, "", 1, MSG_NOSIGNAL) != 1 || !hear(sock, &rv, sizeof(rv))) {
		probe_found(p, "Caches", NULL, "the other process ended, or gave no answer");
	} else {
		probe_found(p, "Caches", rv == CKR_OK ? "true" : "false",
		    "the PIN changed by another process, the old one is answered %s", rv_name(rv));
	}
	if (probe_pin_back(p))
		probe_tell(p, "the PIN is the first one again");
}

void
probe_caches(struct probe *p)
{
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return;
	ends[0] = file_aside(ends[0]);
	ends[1] = file_aside(ends[1]);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		be_older(p, ends[1]);
	}
	close(ends[1]);
	if (pid > 0)
		change_under(p, ends[0]);
	close(ends[0]);
	if (pid > 0)
		reap(pid);
	if (!p->lost)
		probe_give_back(p);
}
