/* SPDX-License-Identifier: BSD-3-Clause */
/* filtered: runs a program under the system call filter that a unit asks systemd for; what it
 * forbids kills. */
#include <errno.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEPTH_MAX   8
#define CALLS_MAX   1024
#define LINE_LEN    1024
#define COMMAND_LEN 128

static bool allowed[CALLS_MAX];

static void
fail(const char *what)
{
	fprintf(stderr, "filtered: %s\n", what);
	exit(125);
}

static void set_group(const char *group, bool allow, unsigned depth);

static void
set_name(const char *name, bool allow, unsigned depth)
{
	int number;

	if (name[0] == '@') {
		set_group(name, allow, depth);
		return;
	}
	number = seccomp_syscall_resolve_name(name);
	/* Names of other machines, and of newer kernels than the library knows, have none here. */
	if (number < 0)
		return;
	if (number >= CALLS_MAX)
		fail("a system call's number is beyond the table");
	allowed[number] = allow;
}

/* What systemd itself says that is in it: lines that are indented. */
static void
set_group(const char *group, bool allow, unsigned depth)
{
	char command[COMMAND_LEN], line[LINE_LEN], name[LINE_LEN];
	size_t n = 0;
	FILE *f;

	if (depth > DEPTH_MAX ||
	    strspn(group + 1, "abcdefghijklmnopqrstuvwxyz-") + 1 != strlen(group))
		fail("no name of a group of system calls");
	snprintf(command, sizeof(command), "systemd-analyze syscall-filter %s", group);
	f = popen(command, "r");
	if (f == NULL)
		fail("systemd-analyze does not start");
	while (fgets(line, sizeof(line), f) != NULL) {
		if (line[0] != ' ' || sscanf(line, " %1023s", name) != 1 || name[0] == '#')
			continue;
		set_name(name, allow, depth + 1);
		n++;
	}
	if (pclose(f) != 0 || n == 0)
		fail("systemd-analyze does not know a group of the unit");
}

/* One line's words; the first line says whether it is a list of what is allowed. */
static void
set_words(char *words, bool *any)
{
	bool allow = words[0] != '~';
	char *word, *rest = words + !allow;

	if (!*any && !allow)
		fail("SystemCallFilter= begins with what is forbidden");
	if (!*any)
		set_group("@default", true, 0);
	*any = true;
	while ((word = strsep(&rest, " \t\n")) != NULL)
		if (word[0] != '\0')
			set_name(word, allow, 0);
}

/* Instead of the call as such: with arguments whose masked value is one of these. */
static void
allow_masked(scmp_filter_ctx ctx, int number, unsigned arg, uint64_t mask, uint64_t value)
{
	struct scmp_arg_cmp c = SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, mask, value);

	allowed[number] = false;
	if (seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, number, 1, &c) != 0)
		fail("seccomp_rule_add: arguments");
}

static void
no_exec_memory(scmp_filter_ctx ctx)
{
	const uint64_t both = PROT_WRITE | PROT_EXEC;

	allow_masked(ctx, SCMP_SYS(mmap), 2, both, 0);
	allow_masked(ctx, SCMP_SYS(mmap), 2, both, PROT_WRITE);
	allow_masked(ctx, SCMP_SYS(mmap), 2, both, PROT_EXEC);
	allow_masked(ctx, SCMP_SYS(mprotect), 2, PROT_EXEC, 0);
	allow_masked(ctx, SCMP_SYS(shmat), 2, SHM_EXEC, 0);
}

static void
read_unit(const char *file, scmp_filter_ctx ctx)
{
	char line[LINE_LEN];
	bool any = false;
	FILE *f = fopen(file, "r");

	if (f == NULL)
		fail("the unit cannot be read");
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "SystemCallFilter=", 17) == 0)
			set_words(line + 17, &any);
	}
	if (!any)
		fail("the unit has no SystemCallFilter=");
	rewind(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strcmp(line, "MemoryDenyWriteExecute=yes\n") == 0)
			no_exec_memory(ctx);
		if (strcmp(line, "RestrictAddressFamilies=AF_UNIX\n") == 0)
			allow_masked(ctx, SCMP_SYS(socket), 0, UINT64_MAX, AF_UNIX);
	}
	fclose(f);
}

/* Its end is looked at by a process without the filter, which has nothing else of it. */
static int
run(scmp_filter_ctx ctx, char **argv)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		fail("fork");
	if (pid == 0) {
		if (seccomp_load(ctx) != 0)
			fail("the kernel takes no filter");
		execv(argv[0], argv);
		fail(strerror(errno));
	}
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	fprintf(stderr, "filtered: %s: %s\n", argv[0], strsignal(WTERMSIG(status)));
	return 128 + WTERMSIG(status);
}

int
main(int argc, char **argv)
{
	scmp_filter_ctx ctx;
	int number;

	if (argc < 3) {
		fputs("usage: filtered UNIT PROGRAM [ARG...]\n", stderr);
		return 2;
	}
	ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (ctx == NULL)
		fail("seccomp_init");
	read_unit(argv[1], ctx);
	for (number = 0; number < CALLS_MAX; number++)
		if (allowed[number] && seccomp_rule_add(ctx, SCMP_ACT_ALLOW, number, 0) != 0)
			fail("seccomp_rule_add");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) != 0)
		fail("the kernel takes no filter");
	return run(ctx, argv + 2);
}
