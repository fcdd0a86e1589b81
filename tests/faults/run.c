/* SPDX-License-Identifier: BSD-3-Clause */
/* Programs run to their end, with all that they leave behind, within a time. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/faults/sweep.h"

/* A helper that nobody talks to any more has this long for what is left to do. */
#define LEFT_MS    25000
#define COMMAND_MS 30000
#define HUNG_MS    150

static struct plan *plan;
static char plan_path[256], out_path[256], slot[128];

static long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
fail(const char *what)
{
	perror(what);
	exit(2);
}

void
run_begin(const struct flow *f)
{
	const struct rlimit none = {0, 0};
	sigset_t set;
	int fd;

	snprintf(plan_path, sizeof(plan_path), "%s/sweep.plan", f->scratch);
	snprintf(out_path, sizeof(out_path), "%s/sweep.out", f->scratch);
	snprintf(slot, sizeof(slot), "slot-label %s", f->label);
	fd = open(plan_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(*plan)) != 0)
		fail(plan_path);
	plan = mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (plan == MAP_FAILED)
		fail(plan_path);
	/* Watchers are nobody's children, and so this process's. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
		fail("prctl");
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	look_begin(f);
}

struct plan *
run_plan(void)
{
	return plan;
}

static bool
runs(pid_t pid, const char *program)
{
	char path[64], name[PLAN_PROGRAM] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	if (fscanf(file, "%31s", name) != 1)
		name[0] = '\0';
	fclose(file);
	return strcmp(name, program) == 0;
}

/* Those that are nobody else's: what dies leaves its own to this process. NULL: any program. */
static void
kill_children(const char *program)
{
	char path[64], line[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	file = fopen(path, "re");
	while (file != NULL && fscanf(file, "%63s", line) == 1)
		if (program == NULL || runs((pid_t)atol(line), program))
			kill((pid_t)atol(line), SIGKILL);
	if (file != NULL)
		fclose(file);
}

static void
wait_a_little(void)
{
	const struct timespec most = {.tv_nsec = 20000000};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigtimedwait(&set, NULL, &most);
}

/* Its own module hangs since then, in its own process: nothing more comes of it. */
static bool
is_hung(bool hangs, long now)
{
	static long since;

	if (!hangs || plan->fired == 0)
		since = 0;
	else if (since == 0)
		since = now;
	return since != 0 && now - since > HUNG_MS;
}

/* Until no process is left of it. */
static void
bury(pid_t first, unsigned limit_ms, bool hangs, struct ended *e)
{
	long begun = now_ms(), ended = 0, now;
	int status;
	pid_t pid;

	e->in_time = true;
	for (;;) {
		pid = waitpid(-1, &status, WNOHANG);
		if (pid < 0)
			return;
		now = now_ms();
		if (pid == first) {
			e->status = status;
			e->ms = now - begun;
			ended = now;
		}
		if (pid > 0)
			continue;
		if (ended == 0 && e->in_time &&
		    (now - begun > (long)limit_ms || is_hung(hangs, now))) {
			e->in_time = false;
			kill(first, SIGKILL);
		}
		if (ended != 0 && now - ended > LEFT_MS) {
			e->left_behind = true;
			kill_children(NULL);
		}
		/* The one that hangs outlives whoever started it. */
		if (ended != 0 && is_hung(hangs, now))
			kill_children(plan->program);
		wait_a_little();
	}
}

static void
read_out(struct ended *e)
{
	int fd = open(out_path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, e->out, sizeof(e->out) - 1) : 0;

	e->out[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

static void __attribute__((noreturn)) become(const char *const *words, const char *conf, bool bent)
{
	int in = open("/dev/null", O_RDONLY),
	    out = open(out_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	sigset_t set;

	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	if (bent)
		setenv("BENT_PLAN", plan_path, 1);
	if (conf != NULL)
		setenv("P11_LATCH_CONF", conf, 1);
	if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(127);
	execv(words[0], (char *const *)(uintptr_t)words);
	_exit(127);
}

static void
run(const char *const *words, const char *conf, bool bent, unsigned limit_ms, bool hangs,
    struct ended *e)
{
	pid_t child;

	memset(e, 0, sizeof(*e));
	child = fork();
	if (child == 0)
		become(words, conf, bent);
	if (child < 0)
		fail("fork");
	bury(child, limit_ms, hangs, e);
	read_out(e);
}

/* p11drive with the module under test, and these lines in a session. */
static void
drive(const struct flow *f, const char *const *lines, const char *conf, bool bent, unsigned limit,
    bool hangs, struct ended *e)
{
	const char *words[WORDS_MAX + 6] = {f->drive, f->latch, "initialize", slot, "open rw"};
	size_t i;

	for (i = 0; i < WORDS_MAX && lines[i] != NULL; i++)
		words[i + 5] = lines[i];
	run(words, conf, bent, limit, hangs, e);
}

static void
command(const struct flow *f, const char *const *given, const char *conf, bool bent, unsigned limit,
    bool hangs, struct ended *e)
{
	const char *words[WORDS_MAX + 2] = {f->command};
	size_t i;

	for (i = 0; i < WORDS_MAX && given[i] != NULL; i++)
		words[i + 1] = given[i];
	run(words, conf, bent, limit, hangs, e);
}

void
run_flow(const struct flow *f, bool bent, unsigned limit_ms, bool hangs, struct ended *e)
{
	const char *conf = bent && plan->how == HOW_HANG ? f->hang_conf : NULL;

	if (f->is_command)
		command(f, f->words, conf, bent, limit_ms, hangs, e);
	else
		drive(f, f->words, conf, bent, limit_ms, hangs, e);
}

void
run_lines(const struct flow *f, const char *const *lines, struct ended *e)
{
	drive(f, lines, NULL, false, COMMAND_MS, false, e);
}

void
run_command(const struct flow *f, const char *const *words, struct ended *e)
{
	command(f, words, NULL, false, COMMAND_MS, false, e);
}
