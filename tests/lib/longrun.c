/* SPDX-License-Identifier: BSD-3-Clause */
/* longrun: one application that logs in, or has its card blocked and unblocks it, many times; what
 * it grows by.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

#include "card/vendor.h"
#include "tests/lib/blocks.h"

#define SLOTS_MAX   64
#define THREADS_MAX 16
#define SAMPLES     20
#define STACK       (256 * 1024)

extern char **environ;

/* What the program was told: two PINs, the SO PIN, and what C_SetPIN presents as the old one. */
struct run {
	CK_FUNCTION_LIST_PTR f;
	char *so, *pin, *old, *new;
	char *forget; /* p11-latch, or "-": there is nothing to forget */
};

/* One token, and the rounds that one thread makes on it. */
struct worker {
	const struct run *run;
	char label[32];
	unsigned long rounds;
	pthread_t thread;
};

static void
must(CK_RV rv, const char *label, const char *what, unsigned long round)
{
	if (rv == CKR_OK)
		return;
	fprintf(stderr, "longrun: %s, round %lu: %s: %s\n", label, round, what, rv_name(rv));
	exit(1);
}

static CK_UTF8CHAR_PTR
text(char *s)
{
	return (CK_UTF8CHAR_PTR)s;
}

static unsigned long
open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned long n = 0;

	while (dir != NULL && readdir(dir) != NULL)
		n++;
	if (dir != NULL)
		closedir(dir);
	return n - 3; /* ".", ".." and the folder's own */
}

/* Of a file's pages the kernel takes back, and brings back, what it likes; nobody's are lost. */
static unsigned long
anonymous_kib(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "re");
	unsigned long kib = 0;
	char line[128];

	while (f != NULL && kib == 0 && fgets(line, sizeof(line), f) != NULL)
		(void)sscanf(line, "Anonymous: %lu kB", &kib);
	if (f != NULL)
		fclose(f);
	return kib;
}

/* The same in every sample: what is counted is not what counting costs. */
static void
sample(unsigned long round)
{
	printf("%lu memory=%lu blocks=%lu files=%lu\n", round, anonymous_kib(), blocks_count(),
	    open_files());
	fflush(stdout);
}

static CK_SLOT_ID
slot_of(const struct run *r, const char *label)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG count = SLOTS_MAX, i;
	CK_TOKEN_INFO info;

	must(r->f->C_GetSlotList(CK_TRUE, slots, &count), label, "C_GetSlotList", 0);
	for (i = 0; i < count; i++) {
		size_t len = strlen(label);

		if (r->f->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
		    memcmp(info.label, label, len) == 0 && info.label[len] == ' ')
			return slots[i];
	}
	fprintf(stderr, "longrun: no token %s\n", label);
	exit(1);
}

static CK_SESSION_HANDLE
session_on(const struct run *r, const char *label, unsigned long round)
{
	CK_SESSION_HANDLE s;

	must(r->f->C_OpenSession(
		 slot_of(r, label), CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s),
	    label, "C_OpenSession", round);
	return s;
}

/* p11-latch forget: the next C_InitPIN is a personalization again. */
static void
forget(const struct run *r, const char *label, unsigned long round)
{
	char uri[64], *argv[] = {r->forget, (char[]){"forget"}, uri, NULL};
	posix_spawn_file_actions_t quiet;
	int status = 1;
	pid_t pid;

	if (strcmp(r->forget, "-") == 0)
		return;
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	snprintf(uri, sizeof(uri), "pkcs11:token=%s", label);
	if (posix_spawn(&pid, r->forget, &quiet, NULL, argv, environ) == 0)
		(void)waitpid(pid, &status, 0);
	posix_spawn_file_actions_destroy(&quiet);
	if (status == 0)
		return;
	fprintf(stderr, "longrun: %s, round %lu: forget: status 0x%x\n", label, round,
	    (unsigned)status);
	exit(1);
}

/* Personalized, and blocked as the last session closes. */
static void
personalize(const struct run *r, const char *label, unsigned long round)
{
	CK_SESSION_HANDLE s = session_on(r, label, round);

	must(r->f->C_Login(s, CKU_SO, text(r->so), strlen(r->so)), label, "C_Login as SO", round);
	must(r->f->C_InitPIN(s, text(r->pin), strlen(r->pin)), label, "C_InitPIN", round);
	must(r->f->C_CloseSession(s), label, "C_CloseSession", round);
}

static CK_SESSION_HANDLE
unblock(const struct run *r, const char *label, unsigned long round)
{
	CK_SESSION_HANDLE s = session_on(r, label, round);

	must(r->f->C_SetPIN(s, text(r->old), strlen(r->old), text(r->new), strlen(r->new)), label,
	    "C_SetPIN", round);
	return s;
}

static void
log_in_and_out(
    const struct run *r, CK_SESSION_HANDLE s, char *pin, const char *label, unsigned long round)
{
	must(r->f->C_Login(s, CKU_USER, text(pin), strlen(pin)), label, "C_Login", round);
	must(r->f->C_Logout(s), label, "C_Logout", round);
}

static void
logins(const struct run *r, const char *label, unsigned long count)
{
	CK_SESSION_HANDLE s = session_on(r, label, 0);
	unsigned long i;

	for (i = 0; i < count; i++) {
		if (i % (count / SAMPLES) == 0)
			sample(i);
		log_in_and_out(r, s, r->pin, label, i);
	}
	sample(count);
}

/* C_Finalize and C_Initialize in between, since the vendor's module has read the card before it was
 * blocked. */
static void
rounds(const struct run *r, const char *label, unsigned long count)
{
	CK_SESSION_HANDLE s;
	unsigned long i;

	for (i = 0; i < count; i++) {
		if (i % (count / SAMPLES) == 0)
			sample(i);
		forget(r, label, i);
		personalize(r, label, i);
		must(r->f->C_Finalize(NULL), label, "C_Finalize", i);
		must(r->f->C_Initialize(NULL), label, "C_Initialize", i);
		s = unblock(r, label, i);
		log_in_and_out(r, s, r->new, label, i);
		must(r->f->C_CloseSession(s), label, "C_CloseSession", i);
	}
	sample(count);
}

/* As deep as it may ever be, from the first round on: what grows later is not the stack. */
static void
touch_stack(void)
{
	volatile char stack[STACK];
	size_t i;

	for (i = 0; i < sizeof(stack); i += 1024)
		stack[i] = 1;
}

static void *
work(void *arg)
{
	const struct worker *w = arg;
	unsigned long i;

	touch_stack();
	for (i = 0; i < w->rounds; i++) {
		forget(w->run, w->label, i);
		personalize(w->run, w->label, i);
		must(w->run->f->C_CloseSession(unblock(w->run, w->label, i)), w->label,
		    "C_CloseSession", i);
	}
	return NULL;
}

/* Each on a token of its own, LABEL1, LABEL2 and so on; in SAMPLES turns, between which all threads
 * have ended. */
static void
threads(const struct run *r, const char *label, unsigned long count, unsigned long n)
{
	static struct worker workers[THREADS_MAX];
	unsigned long turn, i;

	for (turn = 0; turn < SAMPLES; turn++) {
		sample(turn * count / SAMPLES);
		for (i = 0; i < n; i++) {
			struct worker *w = &workers[i];

			w->run = r;
			w->rounds = (count / SAMPLES + n - 1) / n;
			snprintf(w->label, sizeof(w->label), "%s%lu", label, i + 1);
			if (pthread_create(&w->thread, NULL, work, w) != 0)
				exit(1);
		}
		for (i = 0; i < n; i++)
			pthread_join(workers[i].thread, NULL);
	}
	sample(count);
}

int
main(int argc, char **argv)
{
	CK_C_GetFunctionList get_list = NULL;
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
	struct run r = {0};
	unsigned long count;
	void *library;

	if (argc != 10 || (count = strtoul(argv[4], NULL, 10)) < SAMPLES) {
		fprintf(stderr,
		    "usage: longrun MODULE logins|rounds|N LABEL COUNT SO PIN OLD NEW FORGET\n"
		    "COUNT is at least %d; N: so many threads; FORGET: p11-latch, or -\n",
		    SAMPLES);
		return 2;
	}
	/* One heap: eight threads' own would be so large as to hide a loss. */
	mallopt(M_ARENA_MAX, 1);
	/* SoftHSM's errors, as another process at its token makes them, go there, and leave a
	 * socket open. */
	openlog("longrun", LOG_NDELAY, LOG_USER);
	r.so = argv[5], r.pin = argv[6], r.old = argv[7], r.new = argv[8], r.forget = argv[9];
	library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
	if (library != NULL)
		*(void **)&get_list = dlsym(library, "C_GetFunctionList");
	if (get_list == NULL || get_list(&r.f) != CKR_OK) {
		fprintf(stderr, "longrun: %s does not load\n", argv[1]);
		return 1;
	}
	must(r.f->C_Initialize(&args), argv[3], "C_Initialize", 0);
	if (strcmp(argv[2], "logins") == 0)
		logins(&r, argv[3], count);
	else if (strcmp(argv[2], "rounds") == 0)
		rounds(&r, argv[3], count);
	else
		threads(&r, argv[3], count, strtoul(argv[2], NULL, 10) % (THREADS_MAX + 1));
	return 0;
}
