/* SPDX-License-Identifier: BSD-3-Clause */
/* p11drive's commands on its own process: how it ends, its children, threads, signals, descriptors.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/p11drive.h"

#define THREADS_MAX 64
#define FDS_MAX     65536

static struct drive *driver; /* for exec, which after() reaches without it */
static int *filled;
static size_t n_filled;

static void
pause_ms(unsigned long ms)
{
	struct timespec t = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};

	while (nanosleep(&t, &t) != 0)
		;
}

static CK_RV
do_sleep(struct drive *d, char **words, unsigned n)
{
	(void)d;
	(void)n;
	pause_ms(strtoul(words[0], NULL, 10));
	return CKR_OK;
}

static CK_RV
do_pid(struct drive *d, char **words, unsigned n)
{
	(void)words;
	(void)n;
	detail(d, "%ld", (long)getpid());
	return CKR_OK;
}

/* A child must not keep the control connection open, or nobody would see this process end. */
static void
drop_control(struct drive *d)
{
	if (d->listener >= 0)
		close(d->listener);
	if (d->connection >= 0)
		close(d->connection);
	d->listener = d->connection = -1;
}

static CK_RV
do_fork_hold(struct drive *d, char **words, unsigned n)
{
	pid_t child = fork();

	if (child < 0)
		return CKR_HOST_MEMORY;
	if (child == 0) {
		drop_control(d);
		pause_ms(n > 0 ? strtoul(words[0], NULL, 10) : 60000);
		_exit(0);
	}
	detail(d, "%ld", (long)child);
	return CKR_OK;
}

/* Runs the words as a command in a forked child; its reply becomes the details of this one. */
static CK_RV
do_in_child(struct drive *d, char **words, unsigned n)
{
	char line[REPLY_MAX], *at = line;
	ssize_t got;
	int ends[2];
	unsigned i;
	pid_t child;

	for (i = 0; i < n; i++)
		at += snprintf(at, (size_t)(line + sizeof(line) - at), "\"%s\" ", words[i]);
	if (pipe2(ends, O_CLOEXEC) != 0 || (child = fork()) < 0)
		return CKR_HOST_MEMORY;
	if (child == 0) {
		drop_control(d);
		drive_line(d, line);
		got = write(ends[1], d->reply, d->reply_len - 1);
		_exit(got < 0);
	}
	close(ends[1]);
	got = read(ends[0], line, sizeof(line) - 1);
	close(ends[0]);
	(void)waitpid(child, NULL, 0);
	line[got > 0 ? got : 0] = '\0';
	detail(d, "%s", got > 0 ? line : "DIED");
	return CKR_OK;
}

static void
run_program(int code)
{
	(void)code;
	execvp(driver->exec_words[0], driver->exec_words);
	perror("p11drive: exec");
	_exit(127);
}

static CK_RV
do_exec(struct drive *d, char **words, unsigned n)
{
	static char copies[WORDS_MAX][TEXT_MAX];
	static char *list[WORDS_MAX + 1];
	unsigned i;

	for (i = 0; i < n; i++) {
		snprintf(copies[i], sizeof(copies[i]), "%s", words[i]);
		list[i] = copies[i];
	}
	list[n] = NULL;
	d->exec_words = list;
	driver = d;
	d->dying = true;
	d->after = run_program;
	return CKR_OK;
}

static void
end_by_signal(int code)
{
	(void)kill(getpid(), code);
	_exit(126);
}

static void
end_by_abort(int code)
{
	(void)code;
	abort();
}

static CK_RV
end(struct drive *d, void (*after)(int), int code)
{
	d->dying = true;
	d->after = after;
	d->after_code = code;
	return CKR_OK;
}

static CK_RV
do_exit(struct drive *d, char **words, unsigned n)
{
	return end(d, exit, n > 0 ? atoi(words[0]) : 0);
}

static CK_RV
do_exit_if(struct drive *d, char **words, unsigned n)
{
	(void)n;
	return access(words[0], F_OK) == 0 ? end(d, exit, 0) : CKR_OK;
}

static CK_RV
do_exit_now(struct drive *d, char **words, unsigned n)
{
	return end(d, _exit, n > 0 ? atoi(words[0]) : 0);
}

static CK_RV
do_abort(struct drive *d, char **words, unsigned n)
{
	(void)words;
	(void)n;
	return end(d, end_by_abort, 0);
}

static CK_RV
do_kill9(struct drive *d, char **words, unsigned n)
{
	(void)words;
	(void)n;
	return end(d, end_by_signal, SIGKILL);
}

static CK_RV
do_term(struct drive *d, char **words, unsigned n)
{
	(void)words;
	(void)n;
	return end(d, end_by_signal, SIGTERM);
}

static CK_RV
do_ignore_sigchld(struct drive *d, char **words, unsigned n)
{
	(void)d;
	(void)words;
	(void)n;
	return signal(SIGCHLD, SIG_IGN) == SIG_ERR ? CKR_GENERAL_ERROR : CKR_OK;
}

static void *
reap(void *arg)
{
	for (;;)
		if (wait(NULL) < 0)
			pause_ms(1);
	return arg;
}

/* A thread that takes the exit status of every child, as some event loops do. */
static CK_RV
do_reap(struct drive *d, char **words, unsigned n)
{
	pthread_t thread;

	(void)d;
	(void)words;
	(void)n;
	return pthread_create(&thread, NULL, reap, NULL) == 0 ? CKR_OK : CKR_HOST_MEMORY;
}

static CK_RV
do_close_fds(struct drive *d, char **words, unsigned n)
{
	int fd;

	(void)d;
	(void)words;
	(void)n;
	for (fd = 0; fd < 3; fd++)
		close(fd);
	return CKR_OK;
}

static CK_RV
do_fill_fds(struct drive *d, char **words, unsigned n)
{
	int fd;

	(void)words;
	(void)n;
	if (filled == NULL)
		filled = calloc(FDS_MAX, sizeof(*filled));
	while (filled != NULL && n_filled < FDS_MAX &&
	       (fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		filled[n_filled++] = fd;
	detail(d, "n=%zu", n_filled);
	return CKR_OK;
}

static CK_RV
do_free_fds(struct drive *d, char **words, unsigned n)
{
	(void)d;
	(void)words;
	(void)n;
	while (n_filled > 0)
		close(filled[--n_filled]);
	return CKR_OK;
}

/* How many descriptors are open. */
static CK_RV
do_fds(struct drive *d, char **words, unsigned n)
{
	struct dirent *e;
	unsigned open = 0;
	DIR *folder = opendir("/proc/self/fd");

	(void)words;
	(void)n;
	while (folder != NULL && (e = readdir(folder)) != NULL)
		open += e->d_name[0] != '.';
	if (folder != NULL)
		closedir(folder);
	/* The folder is one of them. */
	detail(d, "n=%u", open - 1);
	return CKR_OK;
}

struct worker {
	pthread_t thread;
	struct drive *d;
	const char *op;
	struct text pin;
	unsigned long rounds, errors;
	CK_RV first; /* error */
};

static CK_RV
work_once(struct worker *w)
{
	CK_FUNCTION_LIST_PTR f = w->d->f;
	CK_SESSION_HANDLE s;
	CK_TOKEN_INFO info;
	CK_RV rv, rv_close;

	if (strcmp(w->op, "info") == 0)
		return f->C_GetTokenInfo(w->d->slot, &info);
	rv = f->C_OpenSession(w->d->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s);
	if (rv != CKR_OK)
		return rv;
	if (strcmp(w->op, "login") == 0) {
		rv = f->C_Login(s, CKU_USER, text_pointer(&w->pin), w->pin.len);
		if (rv == CKR_USER_ALREADY_LOGGED_IN)
			rv = CKR_OK;
	}
	rv_close = f->C_CloseSession(s);
	return rv != CKR_OK ? rv : rv_close;
}

static void *
work(void *arg)
{
	struct worker *w = arg;
	unsigned long i;

	for (i = 0; i < w->rounds; i++) {
		CK_RV rv = work_once(w);

		if (rv == CKR_OK)
			continue;
		if (w->errors++ == 0)
			w->first = rv;
	}
	return NULL;
}

static CK_RV
do_threads(struct drive *d, char **words, unsigned n)
{
	static struct worker workers[THREADS_MAX];
	unsigned long count = strtoul(words[0], NULL, 10), i, started, errors = 0;
	CK_RV first = CKR_OK;

	if (count > THREADS_MAX)
		return CKR_ARGUMENTS_BAD;
	memset(workers, 0, sizeof(workers));
	for (i = 0; i < count; i++) {
		workers[i].d = d;
		workers[i].rounds = strtoul(words[1], NULL, 10);
		workers[i].op = words[2];
		text_read(&workers[i].pin, n > 3 ? words[3] : "empty");
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			break;
	}
	for (started = i, i = 0; i < started; i++) {
		(void)pthread_join(workers[i].thread, NULL);
		if (errors == 0)
			first = workers[i].first;
		errors += workers[i].errors;
		text_wipe(&workers[i].pin);
	}
	detail(d, "threads=%lu errors=%lu", started, errors);
	return first;
}

const struct command process_commands[] = {
    {"sleep", 1, 1, "MILLISECONDS", do_sleep},
    {"pid", 0, 0, "", do_pid},
    {"fork-hold", 0, 1, "[MILLISECONDS]: a child that only keeps the descriptors", do_fork_hold},
    {"in-child", 1, WORDS_MAX, "COMMAND [WORD...]: in a forked child", do_in_child},
    {"exec", 1, WORDS_MAX, "PROGRAM [WORD...]", do_exec},
    {"exit", 0, 1, "[STATUS]", do_exit},
    {"exit-if", 1, 1, "FILE: where it exists", do_exit_if},
    {"_exit", 0, 1, "[STATUS]", do_exit_now},
    {"abort", 0, 0, "", do_abort},
    {"kill9", 0, 0, "", do_kill9},
    {"term", 0, 0, "", do_term},
    {"ignore-sigchld", 0, 0, "", do_ignore_sigchld},
    {"reap", 0, 0, ": a thread that waits for every child", do_reap},
    {"close-fds", 0, 0, ": 0, 1 and 2", do_close_fds},
    {"fill-fds", 0, 0, ": open files until the process may have no more", do_fill_fds},
    {"free-fds", 0, 0, "", do_free_fds},
    {"fds", 0, 0, ": how many are open", do_fds},
    {"threads", 3, 4, "N ROUNDS open|info|login [PIN]", do_threads},
    {NULL, 0, 0, NULL, NULL},
};
