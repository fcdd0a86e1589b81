/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs a program with all its descendants under ptrace: each system call of theirs stops before it
 * is made. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/kill/killer.h"

#define OPTIONS                                                                                \
	(PTRACE_O_EXITKILL | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | \
	    PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE)
#define ALL_KINDS (~0U)

static volatile sig_atomic_t late;

static void
alarmed(int sig)
{
	late = sig;
}

/* It is inherited over fork and exec, so every system call of every descendant is seen, once. */
static bool
stop_at_each(void)
{
	struct sock_filter filter[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE)};
	struct sock_fprog program = {.len = 1, .filter = filter};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

static void __attribute__((noreturn)) become(int gate, char **argv)
{
	char go;

	/* Not before it is traced. */
	if (read(gate, &go, 1) == 1 && stop_at_each())
		execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

static pid_t
begin(char **argv)
{
	int gate[2];
	pid_t pid;

	if (pipe(gate) != 0 || (pid = fork()) < 0)
		return -1;
	if (pid == 0) {
		close(gate[1]);
		become(gate[0], argv);
	}
	close(gate[0]);
	tracee_of(pid)->known = true;
	if (ptrace(PTRACE_SEIZE, pid, 0, OPTIONS) != 0 || write(gate[1], "", 1) != 1) {
		perror("killer: ptrace");
		(void)kill(pid, SIGKILL);
		pid = -1;
	}
	close(gate[1]);
	return pid;
}

static void
go_on(pid_t tid, int sig)
{
	/* ESRCH: it was killed meanwhile. */
	(void)ptrace(PTRACE_CONT, tid, 0, sig);
}

static void
system_call(const struct order *order, struct tracee *t)
{
	struct __ptrace_syscall_info info;
	unsigned long long args[6];
	size_t i;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, t->tid, sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_SECCOMP)
		return;
	for (i = 0; i < 6; i++)
		args[i] = info.seccomp.args[i];
	if (!step_at(order, t, (unsigned long)info.seccomp.nr, args))
		return;
	if (!order->spared)
		tracee_kill(t);
	tracees_kill(order->also);
}

/* A child is stopped at its first instruction, and this may be seen before its parent tells of it.
 */
static void
born(const struct tracee *parent, bool thread)
{
	unsigned long tid;
	struct tracee *t;

	if (ptrace(PTRACE_GETEVENTMSG, parent->tid, 0, &tid) != 0)
		return;
	t = tracee_of((pid_t)tid);
	t->known = true;
	t->kind = parent->kind;
	t->tgid = thread ? parent->tgid : (pid_t)tid;
	if (thread)
		t->process = parent->process;
	t->call = parent->call;
	t->within = parent->within + (thread ? 0 : STEPS_WITHIN / 2);
	if (t->waiting)
		go_on(t->tid, 0);
	t->waiting = false;
}

/* False: it is to stay stopped. */
static bool
stopped(struct tracee *t, int sig)
{
	if (!t->known) {
		t->waiting = true;
		return false;
	}
	if (sig != SIGSTOP && sig != SIGTSTP && sig != SIGTTIN && sig != SIGTTOU)
		return true;
	(void)ptrace(PTRACE_LISTEN, t->tid, 0, 0);
	return false;
}

static void
handle(const struct order *order, pid_t tid, int status)
{
	struct tracee *t = tracee_of(tid);
	int event = status >> 16, sig = 0;

	switch (event) {
	case PTRACE_EVENT_SECCOMP:
		system_call(order, t);
		break;
	case PTRACE_EVENT_EXEC:
		t->tgid = tid;
		t->call = -1;
		t->kind = kind_of(tid);
		break;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
		born(t, false);
		break;
	case PTRACE_EVENT_CLONE:
		born(t, true);
		break;
	case PTRACE_EVENT_STOP:
		if (!stopped(t, WSTOPSIG(status)))
			return;
		break;
	default:
		sig = WSTOPSIG(status);
		break;
	}
	go_on(tid, sig);
}

bool
trace_run(const struct order *order, char **argv)
{
	struct sigaction action = {.sa_handler = alarmed};
	int status;
	pid_t tid;

	if (begin(argv) < 0)
		exit(2);
	(void)sigaction(SIGALRM, &action, NULL);
	alarm(order->limit);
	for (;;) {
		tid = waitpid(-1, &status, __WALL);
		if (late)
			break;
		if (tid < 0 && errno == ECHILD)
			return true;
		if (tid < 0)
			continue;
		if (WIFSTOPPED(status))
			handle(order, tid, status);
		else
			tracee_gone(tid);
	}
	tracees_kill(ALL_KINDS);
	while (waitpid(-1, &status, __WALL) > 0 || errno == EINTR)
		continue;
	return false;
}
