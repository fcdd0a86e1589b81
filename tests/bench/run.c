/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs commands with their output thrown away, and prints how many milliseconds they took. */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/bench.h"

#define FILE_MAX 4096
#define LIMIT_MS 60000

/* Until a file of dir, with part in its name, has text. */
struct until {
	const char *dir, *part, *text;
	int watch;
};

static void
child(char **command)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execvp(command[0], command);
	_exit(127);
}

/* Its words up to ";"; one that begins with "!" is to fail. */
static void
run_one(char **command)
{
	bool fails = strcmp(command[0], "!") == 0, failed;
	int status = 1;
	pid_t pid;

	command += fails;
	pid = fork();
	if (pid == 0)
		child(command);
	failed = pid < 0 || waitpid(pid, &status, 0) != pid || status != 0;
	if (failed == fails && status != 127 << 8)
		return;
	fprintf(stderr, "bench: %s %s (status 0x%x)\n", command[0], failed ? "failed" : "succeeded",
	    (unsigned)status);
	exit(1);
}

static void
run_all(char **words)
{
	char **end;

	while (*words != NULL) {
		for (end = words; *end != NULL && strcmp(*end, ";") != 0; end++)
			;
		if (*end == NULL) {
			run_one(words);
			return;
		}
		*end = NULL;
		run_one(words);
		words = end + 1;
	}
}

static bool
has_text(const struct until *u, const char *name)
{
	char path[1024], text[FILE_MAX];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", u->dir, name);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return strstr(text, u->text) != NULL;
}

static bool
has_come(const struct until *u)
{
	bool come = false;
	struct dirent *e;
	DIR *d;

	d = opendir(u->dir);
	while (d != NULL && !come && (e = readdir(d)) != NULL)
		come = strstr(e->d_name, u->part) != NULL && has_text(u, e->d_name);
	if (d != NULL)
		closedir(d);
	return come;
}

/* The folder is told of by the kernel: nothing is polled, which would be a load by itself. */
static void
wait_until(const struct until *u)
{
	struct pollfd p = {.fd = u->watch, .events = POLLIN};
	char events[FILE_MAX];

	while (!has_come(u)) {
		if (poll(&p, 1, LIMIT_MS) != 1 || read(u->watch, events, sizeof(events)) <= 0) {
			fprintf(stderr, "bench: no %s in %s/*%s*\n", u->text, u->dir, u->part);
			exit(1);
		}
	}
}

int
main(int argc, char **argv)
{
	struct until until = {.watch = -1};
	uint64_t start;

	if (argc > 5 && strcmp(argv[1], "--until") == 0) {
		until = (struct until){.dir = argv[2], .part = argv[3], .text = argv[4]};
		until.watch = inotify_init1(IN_CLOEXEC);
		if (inotify_add_watch(until.watch, until.dir, IN_MOVED_TO) < 0) {
			perror(until.dir);
			return 1;
		}
		argv += 4;
	} else if (argc < 2) {
		fputs("usage: run [--until DIR PART TEXT] [!] COMMAND [ARG...] [; ...]\n", stderr);
		return 2;
	}
	start = bench_now();
	run_all(argv + 1);
	if (until.watch >= 0)
		wait_until(&until);
	printf("%.3f\n", (double)(bench_now() - start) / 1e6);
	return 0;
}
