/* SPDX-License-Identifier: BSD-3-Clause */
/* Applications with habits: closed descriptors, a full table, SIGCHLD, wait(-1), forks; sockets. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/module/fixture.h"

#define ASKED "LOGIN ID=0001 PIN=1234 TF FD\nEND 1\n"

static CK_SESSION_HANDLE
blocked(const char *script)
{
	CK_SESSION_HANDLE h = fixture_session();

	fixture_record("blocked", "lock", 1, "");
	fixture_script(script);
	return h;
}

static void
check_start(const char *text)
{
	char *log = fixture_read("log");

	ck_assert_msg(strstr(log, text) != NULL, "no \"%s\" in: %s", text, log);
	free(log);
}

/* The helper starts with nothing of ours but its socket, and with signals as they are by default.
 */
START_TEST(helper_starts_clean)
{
	CK_SESSION_HANDLE h = blocked("done=0xA4\n");
	sigset_t mask;
	int fd;

	signal(SIGCHLD, SIG_IGN);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	fd = dup(1);
	ck_assert_int_ge(fd, 3);
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_PIN_LOCKED);
	fixture_asked(ASKED);
	/* fds=1: the socket, moved away from 0 by the helper itself. */
	check_start("argc=4 --spawned ");
	check_start(" fds=1 usr1=0 chld=default out=1");
}
END_TEST

START_TEST(sigchld_ignored)
{
	CK_SESSION_HANDLE h = blocked("done=0xA4\n");

	signal(SIGCHLD, SIG_IGN);
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_PIN_LOCKED);
	fixture_asked(ASKED);
}
END_TEST

static atomic_bool stop;

static void *
reap_all(void *arg)
{
	(void)arg;
	while (!atomic_load(&stop))
		if (waitpid(-1, NULL, WNOHANG) <= 0)
			usleep(100);
	return NULL;
}

START_TEST(waits_for_all)
{
	CK_SESSION_HANDLE h = blocked("done=0xA4\ndone=0xA4\ndone=0xA4\n");
	pthread_t thread;
	int i;

	ck_assert_int_eq(pthread_create(&thread, NULL, reap_all, NULL), 0);
	for (i = 0; i < 3; i++)
		ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_PIN_LOCKED);
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	fixture_asked(ASKED ASKED ASKED);
}
END_TEST

/* One exit to reap, and the module does it. */
START_TEST(leaves_no_child)
{
	CK_SESSION_HANDLE h = blocked("done=0xA4\nstay done=0xA4\n");

	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_PIN_LOCKED);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_PIN_LOCKED);
}
END_TEST

/* Whatever is closed stays closed, and nothing of ours gets there. */
START_TEST(standard_descriptors_closed)
{
	CK_SESSION_HANDLE h;
	CK_RV rv;
	int i, out = fcntl(2, F_DUPFD_CLOEXEC, 100);
	bool open = false;

	for (i = 0; i < 3; i++)
		close(i);
	h = blocked("watching personalizing personalizing done=0xA4\n");
	fixture_no_record();
	rv = fixture_login(h, CKU_SO, TEST_PUK);
	if (rv == CKR_OK)
		rv = fixture_init_pin(h, "5555");
	for (i = 0; i < 3; i++)
		open = open || fcntl(i, F_GETFD) >= 0;
	dup2(out, 1);
	dup2(out, 2);
	ck_assert_rv(rv, CKR_OK);
	ck_assert(!open);
	fixture_asked("SO_LOGIN ID=0001 PIN=12345678 TF FD\nINIT_PIN ID=0001 TF\nRESULT RV=0x0\n");
	check_start(" out=1");
}
END_TEST

/* What is said to the log neither stays open nor gets where others are closed. */
START_TEST(log_keeps_no_descriptor)
{
	CK_SESSION_HANDLE h = fixture_session();
	int i, more = 0, out = fcntl(2, F_DUPFD_CLOEXEC, 100);
	CK_RV rv;

	for (i = 0; i < 3; i++)
		close(i);
	fixture_script("");
	fixture_record("blocked", "lock", 1, "");
	rv = fixture_login(h, CKU_USER, TEST_PIN);
	for (i = 0; i < 64; i++)
		more += fcntl(i, F_GETFD) >= 0 && (i < 3 || i > 10);
	dup2(out, 1);
	dup2(out, 2);
	ck_assert_rv(rv, CKR_FUNCTION_FAILED);
	ck_assert_int_eq(more, 0);
	fixture_logged("the helper ended without an answer");
}
END_TEST

/* Every descriptor of ours is CLOEXEC, above 2, and few. */
START_TEST(own_descriptors)
{
	CK_SESSION_HANDLE h = fixture_session();
	int before[1024], fd, more = 0;

	for (fd = 0; fd < 1024; fd++)
		before[fd] = fcntl(fd, F_GETFD);
	fixture_script("watching\n");
	ck_assert_rv(fixture_login(h, CKU_SO, TEST_PUK), CKR_OK);
	for (fd = 0; fd < 1024; fd++) {
		if (before[fd] >= 0 || fcntl(fd, F_GETFD) < 0)
			continue;
		more++;
		ck_assert_int_ge(fd, 3);
		ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	}
	ck_assert_int_eq(more, 1);
}
END_TEST

START_TEST(full_table)
{
	CK_SESSION_HANDLE h = fixture_session();
	struct rlimit limit = {64, 64};
	CK_RV without, with;
	int fd, last = -1;

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while ((fd = dup(0)) >= 0)
		last = fd;
	without = fixture_login(h, CKU_USER, TEST_PIN);
	f->C_Logout(h);
	close(last);
	fixture_record("blocked", "lock", 1, "");
	last = dup(0);
	with = fixture_login(h, CKU_USER, TEST_PIN);
	for (fd = 40; fd < 64; fd++)
		close(fd);
	ck_assert_rv(without, CKR_OK);
	ck_assert_rv(with, CKR_FUNCTION_FAILED);
	/* When there is room again, all is well. */
	fixture_script("done=0xA4\n");
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_PIN_LOCKED);
}
END_TEST

/* The limit says what is wrong, where a descriptor is left for the record, and none for the socket.
 */
START_TEST(nearly_full_table)
{
	CK_SESSION_HANDLE h = fixture_session();
	struct rlimit limit = {64, 64};
	CK_RV rv;
	int fd, last = -1;

	fixture_record("blocked", "lock", 1, "");
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while ((fd = dup(0)) >= 0)
		last = fd;
	close(last);
	rv = fixture_login(h, CKU_USER, TEST_PIN);
	for (fd = 40; fd < 64; fd++)
		close(fd);
	ck_assert_rv(rv, CKR_FUNCTION_FAILED);
	fixture_logged("no socket for the helper: Too many open files");
}
END_TEST

/* A child that initialises for itself, as Apache's and p11-kit's do. */
START_TEST(child_initialises)
{
	CK_SESSION_HANDLE h = fixture_session(), own;
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		control->initialized = false;
		if (f->C_Initialize(NULL) != CKR_OK)
			_exit(1);
		if (f->C_OpenSession(SLOT_A, CKF_SERIAL_SESSION, NULL, NULL, &own) != CKR_OK)
			_exit(2);
		if (fixture_login(own, CKU_USER, TEST_PIN) != CKR_OK)
			_exit(3);
		_exit(f->C_Finalize(NULL) == CKR_OK ? 0 : 4);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_OK);
}
END_TEST

static void *
hammer(void *arg)
{
	CK_SESSION_HANDLE h;

	(void)arg;
	while (!atomic_load(&stop)) {
		f->C_OpenSession(SLOT_A, CKF_SERIAL_SESSION, NULL, NULL, &h);
		f->C_CloseSession(h);
	}
	return NULL;
}

/* Threads of the parent may be anywhere in the module when it forks; a child does not wait for
 * them. */
START_TEST(forks_among_threads)
{
	CK_SESSION_HANDLE h;
	pthread_t threads[4];
	int status, i;
	pid_t pid;

	ck_assert_rv(f->C_Initialize(NULL), CKR_OK);
	for (i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, hammer, NULL), 0);
	for (i = 0; i < 50; i++) {
		pid = fork();
		if (pid == 0) {
			alarm(10);
			/* The vendor's own mutex is not ours to judge. */
			control->refuse[F_CLOSE_SESSION] = CKR_SESSION_HANDLE_INVALID;
			control->refuse[F_LOGOUT] = CKR_OK;
			h = 1;
			f->C_CloseSession(h);
			f->C_Finalize(NULL);
			_exit(0);
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert_int_eq(status, 0);
	}
	atomic_store(&stop, true);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

/* --- The service's sockets
 * ------------------------------------------------------------------------- */

/* Listens at DIR/NAME, and serves one conversation by the script in a child. */
static pid_t
serve(const char *name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char config[128];
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), one;
	pid_t pid;

	snprintf(at.sun_path, sizeof(at.sun_path), "%s/%s", folder, name);
	snprintf(config, sizeof(config), "%s/p11-latch.conf", folder);
	ck_assert_int_eq(bind(sock, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(listen(sock, 4), 0);
	pid = fork();
	if (pid == 0) {
		one = accept(sock, NULL, NULL);
		dup2(one, 0);
		dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 1);
		execl(fixture_built("fake_helper"), "fake_helper", name, "--config", config,
		    (char *)NULL);
		_exit(1);
	}
	close(sock);
	return pid;
}

static void
start_with_socket(void)
{
	char helper[128];

	fixture_begin("vendor_240");
	snprintf(helper, sizeof(helper), "unix:%s/helper.sock", folder);
	fixture_config(fixture_built("vendor_240.so"), helper, "");
	fixture_load();
}

START_TEST(socket_for_all)
{
	CK_SESSION_HANDLE h = blocked("done=0xA4\n");
	pid_t pid = serve("helper.sock");

	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_PIN_LOCKED);
	fixture_asked(ASKED);
	check_start("helper.sock");
	waitpid(pid, NULL, 0);
}
END_TEST

START_TEST(operators_socket_first)
{
	CK_SESSION_HANDLE h = blocked("done=0xA4\n");
	pid_t all = serve("helper.sock"), operators = serve("operators.sock");

	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_PIN_LOCKED);
	fixture_asked(ASKED);
	check_start("operators.sock");
	kill(all, SIGKILL);
	waitpid(all, NULL, 0);
	waitpid(operators, NULL, 0);
}
END_TEST

START_TEST(no_socket)
{
	CK_SESSION_HANDLE h = blocked("");

	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_FUNCTION_FAILED);
	fixture_logged("helper.sock cannot be reached: No such file or directory");
	/* Nor for what needs none. */
	fixture_no_record();
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_OK);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("process");
	TCase *t = tcase_create("spawned"), *u = tcase_create("socket");

	tcase_add_checked_fixture(t, fixture_start, fixture_end);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, helper_starts_clean);
	tcase_add_test(t, sigchld_ignored);
	tcase_add_test(t, waits_for_all);
	tcase_add_test(t, leaves_no_child);
	tcase_add_test(t, standard_descriptors_closed);
	tcase_add_test(t, log_keeps_no_descriptor);
	tcase_add_test(t, own_descriptors);
	tcase_add_test(t, full_table);
	tcase_add_test(t, nearly_full_table);
	tcase_add_test(t, child_initialises);
	tcase_add_test(t, forks_among_threads);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(u, start_with_socket, fixture_end);
	tcase_add_test(u, socket_for_all);
	tcase_add_test(u, operators_socket_first);
	tcase_add_test(u, no_socket);
	suite_add_tcase(s, u);
	return s;
}

int
main(void)
{
	return fixture_run(suite());
}
