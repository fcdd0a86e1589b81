/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs a command with its output thrown away, and prints how many milliseconds it took. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/bench.h"

static void
child(char **command)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execvp(command[0], command);
	_exit(127);
}

int
main(int argc, char **argv)
{
	uint64_t start = bench_now();
	int status = 1;
	pid_t pid;

	if (argc < 2) {
		fputs("usage: run COMMAND [ARG...]\n", stderr);
		return 2;
	}
	pid = fork();
	if (pid == 0)
		child(argv + 1);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
		fprintf(stderr, "bench: %s failed (status 0x%x)\n", argv[1], (unsigned)status);
		return 1;
	}
	printf("%.3f\n", (double)(bench_now() - start) / 1e6);
	return 0;
}
