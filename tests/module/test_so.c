/* SPDX-License-Identifier: BSD-3-Clause */
/* What an application does as SO: login, C_InitPIN, C_SetPIN, logout, and the ends of a holder. */
#include <signal.h>
#include <stdio.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/module/fixture.h"

#define LOGIN_LINE "SO_LOGIN ID=0001 PIN=12345678 TF FD\n"
#define INIT_LINE  "INIT_PIN ID=0001 TF\n"

static CK_SESSION_HANDLE
so_session(const char *script)
{
	CK_SESSION_HANDLE h = fixture_session();

	fixture_script(script);
	ck_assert_rv(fixture_login(h, CKU_SO, TEST_PUK), CKR_OK);
	return h;
}

/* A card that is being personalized by this process. */
static CK_SESSION_HANDLE
holder(const char *script)
{
	CK_SESSION_HANDLE h = so_session(script);

	control->flags &= ~(CK_FLAGS)CKF_USER_PIN_INITIALIZED;
	ck_assert_rv(fixture_init_pin(h, "5555"), CKR_OK);
	fixture_record("personalizing", "none", 1, "");
	return h;
}

START_TEST(wrong_so_pin)
{
	CK_SESSION_HANDLE h = fixture_session();

	ck_assert_rv(fixture_login(h, CKU_SO, "87654321"), CKR_PIN_INCORRECT);
	fixture_asked("");
}
END_TEST

START_TEST(not_governed)
{
	CK_SESSION_HANDLE h = so_session("done=0\n");

	ck_assert_rv(fixture_init_pin(h, "5555"), CKR_OK);
	ck_assert_rv(fixture_set_pin(h, TEST_PUK, "11111111"), CKR_OK);
	ck_assert_rv(f->C_Logout(h), CKR_OK);
	fixture_asked(LOGIN_LINE "END 1\n");
	/* It was said of that login only. */
	fixture_script("watching done=0xA4 done=0\n");
	ck_assert_rv(fixture_login(h, CKU_SO, "11111111"), CKR_OK);
	ck_assert_rv(fixture_init_pin(h, "6666"), CKR_PIN_LOCKED);
	ck_assert_str_eq(control->user_pin, "5555");
}
END_TEST

START_TEST(watched_and_left)
{
	CK_SESSION_HANDLE h = so_session("watching done=0\n");

	ck_assert_rv(f->C_Logout(h), CKR_OK);
	fixture_asked(LOGIN_LINE "LOGOUT\nEND 1\n");
	/* Nothing is kept now. */
	ck_assert_rv(f->C_CloseSession(h), CKR_OK);
	fixture_asked(LOGIN_LINE "LOGOUT\nEND 1\n");
}
END_TEST

START_TEST(protected_path)
{
	CK_SESSION_HANDLE h = fixture_session();

	memset(control->so_pin, 0, sizeof(control->so_pin));
	fixture_script("watching done=0\n");
	ck_assert_rv(fixture_login(h, CKU_SO, NULL), CKR_OK);
	ck_assert_rv(f->C_Logout(h), CKR_OK);
	fixture_asked("SO_LOGIN ID=0001 TF FD\nLOGOUT\nEND 1\n");
}
END_TEST

/* CKR_OK all the same, but then no PIN is set. */
static const char *const so_failures[] = {
    "die\n", "silence\n", "garbage\n", "", "done=6\n", "use-r=1\n"};

START_TEST(so_login_helper_fails)
{
	CK_SESSION_HANDLE h = so_session(so_failures[_i]);

	ck_assert_rv(fixture_init_pin(h, "5555"), CKR_FUNCTION_FAILED);
	fixture_logged("C_InitPIN");
	ck_assert_uint_eq(control->calls[F_INIT_PIN], 0);
	/* The SO's own PIN is his, while nothing is known of the card. */
	ck_assert_rv(fixture_set_pin(h, TEST_PUK, "11111111"), CKR_OK);
	fixture_record("blocked", "scramble", 1, "");
	ck_assert_rv(fixture_set_pin(h, "11111111", "22222222"), CKR_FUNCTION_FAILED);
	ck_assert_rv(f->C_Logout(h), CKR_OK);
	fixture_not_logged(TEST_PUK);
}
END_TEST

START_TEST(personalize_close)
{
	CK_SESSION_HANDLE h = holder("watching personalizing personalizing personalizing done=0\n");
	CK_TOKEN_INFO info;

	ck_assert_str_eq(control->user_pin, "5555");
	/* As its holder this process sees the card as it is. */
	ck_assert_rv(f->C_GetTokenInfo(SLOT_A, &info), CKR_OK);
	ck_assert_uint_eq(info.flags & CKF_USER_PIN_LOCKED, 0);
	ck_assert_rv(f->C_Logout(h), CKR_OK);
	ck_assert_rv(fixture_login(h, CKU_USER, "5555"), CKR_OK);
	/* Logging the user out is nobody's concern. */
	ck_assert_rv(f->C_Logout(h), CKR_OK);
	ck_assert_rv(f->C_CloseSession(h), CKR_OK);
	fixture_asked(LOGIN_LINE INIT_LINE "RESULT RV=0x0\nLOGOUT\nRELEASE\nEND 1\n");
	ck_assert_rv(f->C_GetTokenInfo(SLOT_A, &info), CKR_OK);
	ck_assert_uint_ne(info.flags & CKF_USER_PIN_LOCKED, 0);
}
END_TEST

/* The last session, not the first; by whatever call. */
START_TEST(last_session)
{
	CK_SESSION_HANDLE first = holder("watching personalizing personalizing done=0\n");
	CK_SESSION_HANDLE second = fixture_session(), other;

	ck_assert_rv(f->C_OpenSession(SLOT_B, CKF_SERIAL_SESSION, NULL, NULL, &other), CKR_OK);
	ck_assert_rv(f->C_CloseSession(first), CKR_OK);
	ck_assert_rv(f->C_CloseSession(first), CKR_SESSION_HANDLE_INVALID);
	ck_assert_rv(f->C_CloseAllSessions(SLOT_B), CKR_OK);
	control->refuse[F_CLOSE_SESSION] = CKR_FUNCTION_FAILED;
	ck_assert_rv(f->C_CloseSession(second), CKR_FUNCTION_FAILED);
	control->refuse[F_CLOSE_SESSION] = CKR_OK;
	fixture_asked(LOGIN_LINE INIT_LINE "RESULT RV=0x0\n");
	control->refuse[F_CLOSE_ALL_SESSIONS] = CKR_FUNCTION_FAILED;
	ck_assert_rv(f->C_CloseAllSessions(SLOT_A), CKR_FUNCTION_FAILED);
	fixture_asked(LOGIN_LINE INIT_LINE "RESULT RV=0x0\n");
	control->refuse[F_CLOSE_ALL_SESSIONS] = CKR_OK;
	ck_assert_rv(f->C_CloseAllSessions(SLOT_A), CKR_OK);
	fixture_asked(LOGIN_LINE INIT_LINE "RESULT RV=0x0\nRELEASE\nEND 1\n");
}
END_TEST

/* Sessions that ended with their card are none any more. */
START_TEST(ghost_sessions)
{
	CK_SESSION_HANDLE ghost = fixture_session();
	CK_SESSION_HANDLE h = holder("watching personalizing personalizing done=0\n");

	(void)ghost;
	control->drop_sessions = true;
	ck_assert_rv(f->C_CloseSession(h), CKR_SESSION_HANDLE_INVALID);
	fixture_asked(LOGIN_LINE INIT_LINE "RESULT RV=0x0\nRELEASE\nEND 1\n");
}
END_TEST

START_TEST(handle_comes_again)
{
	CK_SESSION_HANDLE h, again;

	control->reuse_handles = true;
	h = holder("watching personalizing personalizing done=0\n");
	/* The vendor's table forgot it, ours not yet. */
	vendor->C_CloseSession(h);
	again = fixture_session();
	ck_assert_uint_eq(again, h);
	fixture_asked(LOGIN_LINE INIT_LINE "RESULT RV=0x0\n");
	ck_assert_rv(f->C_CloseSession(again), CKR_OK);
	fixture_asked(LOGIN_LINE INIT_LINE "RESULT RV=0x0\nRELEASE\nEND 1\n");
}
END_TEST

START_TEST(personalize_finalize)
{
	holder("watching personalizing personalizing done=0\n");
	ck_assert_rv(f->C_Finalize((void *)1), CKR_OK);
	fixture_asked(LOGIN_LINE INIT_LINE "RESULT RV=0x0\nRELEASE FLAGS=1\nEND 1\n");
	ck_assert_rv(f->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);
}
END_TEST

START_TEST(finalize_that_fails)
{
	holder("watching personalizing personalizing done=0\n");
	control->refuse[F_FINALIZE] = CKR_GENERAL_ERROR;
	ck_assert_rv(f->C_Finalize(NULL), CKR_GENERAL_ERROR);
	fixture_asked(LOGIN_LINE INIT_LINE "RESULT RV=0x0\n");
}
END_TEST

/* BlockAfter=finalize: closing is not the end. */
START_TEST(kept_after_close)
{
	CK_SESSION_HANDLE h = holder(
	    "watching personalizing personalizing done=0,keep personalizing personalizing,keep "
	    "done=0\n");

	ck_assert_rv(f->C_CloseSession(h), CKR_OK);
	h = fixture_session();
	ck_assert_rv(fixture_login(h, CKU_USER, "5555"), CKR_USER_ALREADY_LOGGED_IN);
	control->logged_in = 0;
	ck_assert_rv(fixture_login(h, CKU_USER, "5555"), CKR_OK);
	ck_assert_rv(f->C_Logout(h), CKR_OK);
	/* A second SO login goes to the watcher that is there. */
	ck_assert_rv(fixture_login(h, CKU_SO, TEST_PUK), CKR_OK);
	ck_assert_rv(f->C_CloseAllSessions(SLOT_A), CKR_OK);
	ck_assert_rv(f->C_Finalize(NULL), CKR_OK);
	fixture_asked(LOGIN_LINE INIT_LINE "RESULT RV=0x0\nRELEASE\nSO_LOGIN ID=0001 PIN=12345678 "
					   "TF\nRELEASE\nRELEASE FLAGS=1\nEND 1\n");
}
END_TEST

START_TEST(init_pin_refused)
{
	CK_SESSION_HANDLE h = so_session("watching done=6 personalizing personalizing\n");

	ck_assert_rv(fixture_init_pin(h, "5555"), CKR_FUNCTION_FAILED);
	ck_assert_uint_eq(control->calls[F_INIT_PIN], 0);
	fixture_logged("C_InitPIN");
	/* The watcher goes on watching. */
	ck_assert_rv(fixture_init_pin(h, "5555"), CKR_OK);
	fixture_asked(LOGIN_LINE INIT_LINE INIT_LINE "RESULT RV=0x0\n");
}
END_TEST

/* A failure that changed nothing: the helper says what the state is then. */
START_TEST(init_pin_that_fails)
{
	CK_SESSION_HANDLE h = so_session("watching personalizing watching done=0\n");

	control->refuse[F_INIT_PIN] = CKR_PIN_LEN_RANGE;
	ck_assert_rv(fixture_init_pin(h, "1"), CKR_PIN_LEN_RANGE);
	ck_assert_rv(f->C_CloseSession(h), CKR_OK);
	fixture_asked(LOGIN_LINE INIT_LINE "RESULT RV=0xa2\nRELEASE\nEND 1\n");
}
END_TEST

/* The application unblocks a card by itself. */
START_TEST(init_pin_unblocks)
{
	CK_SESSION_HANDLE h;

	strcpy(control->manufacturer, "SoftHSM project");
	fixture_record("blocked", "scramble", 3, "");
	h = so_session("watching watching watching,seq=4 done=0\n");
	ck_assert_rv(fixture_init_pin(h, "5555"), CKR_OK);
	fixture_record("active", "none", 4, "");
	ck_assert_rv(f->C_Logout(h), CKR_OK);
	/* It made the change itself, so that it is not stale. */
	ck_assert_rv(fixture_login(h, CKU_USER, "5555"), CKR_OK);
	fixture_asked("SO_LOGIN ID=0001 PIN=12345678 FLAGS=4 TF FD\nINIT_PIN ID=0001 FLAGS=4 TF\n"
		      "RESULT RV=0x0\nLOGOUT\nEND 1\n");
}
END_TEST

START_TEST(init_pin_done_is_the_answer)
{
	CK_SESSION_HANDLE h = so_session("watching watching done=0x30\n");

	ck_assert_rv(fixture_init_pin(h, "5555"), CKR_DEVICE_ERROR);
	fixture_asked(LOGIN_LINE INIT_LINE "RESULT RV=0x0\nEND 1\n");
}
END_TEST

/* The watcher dies between SO login and C_InitPIN: a new one, that has no SO secret. */
START_TEST(watcher_dies_before_init_pin)
{
	CK_SESSION_HANDLE h = so_session("watching die\npersonalizing personalizing\n");

	ck_assert_rv(fixture_init_pin(h, "4444"), CKR_FUNCTION_FAILED);
	ck_assert_rv(fixture_init_pin(h, "5555"), CKR_OK);
	fixture_asked(LOGIN_LINE INIT_LINE "INIT_PIN ID=0001 TF FD\nRESULT RV=0x0\n");
}
END_TEST

START_TEST(watcher_dies_after_init_pin)
{
	CK_SESSION_HANDLE h = so_session("watching personalizing die\ndone\ndone=0xA4\n");

	/* What the vendor did, it did; a new helper settles, and is told of it. */
	ck_assert_rv(fixture_init_pin(h, "5555"), CKR_OK);
	fixture_asked(
	    LOGIN_LINE INIT_LINE "RESULT RV=0x0\nRELEASE ID=0001 RV=0x0 FLAGS=128 TF FD\nEND 1\n");
	fixture_record("personalizing", "none", 1, "");
	ck_assert_rv(f->C_Logout(h), CKR_OK);
	ck_assert_rv(fixture_login(h, CKU_USER, "5555"), CKR_PIN_LOCKED);
}
END_TEST

/* The script is over, so that the helper ends by itself after its last answer. */
static CK_SESSION_HANDLE
abandoned(const char *script)
{
	CK_SESSION_HANDLE h = so_session(script);

	control->flags &= ~(CK_FLAGS)CKF_USER_PIN_INITIALIZED;
	ck_assert_rv(fixture_init_pin(h, "5555"), CKR_OK);
	fixture_record("personalizing", "none", 1, "");
	ck_assert_rv(f->C_Logout(h), CKR_OK);
	return h;
}

START_TEST(watcher_died_login)
{
	CK_SESSION_HANDLE h =
	    abandoned("watching personalizing personalizing die\ndone\ndone=0xA4\n");

	ck_assert_rv(fixture_login(h, CKU_USER, "5555"), CKR_PIN_LOCKED);
	fixture_asked(LOGIN_LINE INIT_LINE "RESULT RV=0x0\nLOGOUT\nRELEASE ID=0001 FD\nEND "
					   "1\nLOGIN ID=0001 PIN=5555 TF FD\nEND 1\n");
}
END_TEST

/* A watcher that is killed while nothing is asked of it. */
static void
killed_watcher(const char *next)
{
	char script[128];

	snprintf(script, sizeof(script), "watching personalizing personalizing+die\n%s", next);
	holder(script);
	free(fixture_wait("END"));
}

START_TEST(watcher_died_info)
{
	CK_TOKEN_INFO info;

	killed_watcher("done=0\n");
	ck_assert_rv(f->C_GetTokenInfo(SLOT_A, &info), CKR_OK);
	ck_assert_uint_ne(info.flags & CKF_USER_PIN_LOCKED, 0);
	fixture_logged("its watcher ended");
	fixture_asked(LOGIN_LINE INIT_LINE "RESULT RV=0x0\nEND 9\nRELEASE ID=0001 TF FD\nEND 1\n");
}
END_TEST

START_TEST(watcher_died_close)
{
	killed_watcher("done=0\n");
	ck_assert_rv(f->C_CloseAllSessions(SLOT_A), CKR_OK);
	fixture_asked(LOGIN_LINE INIT_LINE "RESULT RV=0x0\nEND 9\nRELEASE ID=0001 FD\nEND 1\n");
	fixture_logged("its watcher ended");
}
END_TEST

START_TEST(watcher_died_finalize)
{
	killed_watcher("done=6\n");
	ck_assert_rv(f->C_Finalize(NULL), CKR_OK);
	fixture_asked(LOGIN_LINE INIT_LINE "RESULT RV=0x0\nEND 9\nRELEASE ID=0001 FD\nEND 1\n");
	fixture_logged("not settled");
}
END_TEST

static void *
hanging_init_pin(void *arg)
{
	(void)fixture_init_pin(*(const CK_SESSION_HANDLE *)arg, TEST_PIN);
	return NULL;
}

/* The vendor's module hangs in one thread: another one's C_Finalize comes back all the same. */
START_TEST(finalize_while_one_hangs)
{
	CK_SESSION_HANDLE h = fixture_session();
	pthread_t other;

	fixture_script("watching watching\n");
	ck_assert_rv(fixture_login(h, CKU_SO, TEST_PUK), CKR_OK);
	atomic_store(&control->hang, true);
	ck_assert_int_eq(pthread_create(&other, NULL, hanging_init_pin, &h), 0);
	while (atomic_load(&control->calls[F_INIT_PIN]) == 0)
		usleep(1000);
	ck_assert_rv(f->C_Finalize(NULL), CKR_OK);
	fixture_logged("another thread of this program has been in a call of the vendor's module");
	atomic_store(&control->hang, false);
	ck_assert_int_eq(pthread_join(other, NULL), 0);
}
END_TEST

START_TEST(release_fails)
{
	CK_SESSION_HANDLE h = holder("watching personalizing personalizing silence\n");

	ck_assert_rv(f->C_CloseSession(h), CKR_OK);
	fixture_logged("C_CloseSession, pkcs11:");
	fixture_asked(LOGIN_LINE INIT_LINE "RESULT RV=0x0\nRELEASE\nEND 1\n");
}
END_TEST

START_TEST(set_so_pin)
{
	CK_SESSION_HANDLE h = so_session("watching watching watching done=0xA1 done=0\n");

	ck_assert_rv(fixture_set_pin(h, TEST_PUK, "11111111"), CKR_OK);
	ck_assert_str_eq(control->so_pin, "11111111");
	ck_assert_rv(fixture_set_pin(h, "11111111", "22222222"), CKR_PIN_INVALID);
	ck_assert_str_eq(control->so_pin, "11111111");
	ck_assert_rv(f->C_Logout(h), CKR_OK);
	fixture_asked(LOGIN_LINE "SET_SO ID=0001 NEW=11111111 TF\nRESULT RV=0x0\n"
				 "SET_SO ID=0001 NEW=22222222 TF\nLOGOUT\nEND 1\n");
}
END_TEST

/* What the parent holds is not the child's, and the child's end is not the parent's. */
START_TEST(forked_child)
{
	CK_SESSION_HANDLE h = holder("watching personalizing personalizing done=0\ndone=0xA4\n"),
			  own;
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		/* The vendor module survived the fork, as SoftHSM does. */
		control->logged_in = 0;
		if (fixture_login(h, CKU_USER, "5555") != CKR_PIN_LOCKED)
			_exit(1);
		if (f->C_CloseSession(h) != CKR_OK || f->C_CloseAllSessions(SLOT_A) != CKR_OK ||
		    f->C_Finalize(NULL) != CKR_OK || f->C_Initialize(NULL) != CKR_OK)
			_exit(2);
		if (f->C_OpenSession(SLOT_A, CKF_SERIAL_SESSION, NULL, NULL, &own) != CKR_OK ||
		    f->C_CloseSession(own) != CKR_OK || f->C_Finalize(NULL) != CKR_OK)
			_exit(3);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	fixture_asked(LOGIN_LINE INIT_LINE "RESULT RV=0x0\nLOGIN ID=0001 PIN=5555 TF FD\nEND 1\n");
	ck_assert_rv(f->C_CloseSession(h), CKR_OK);
	fixture_asked(LOGIN_LINE INIT_LINE
	    "RESULT RV=0x0\nLOGIN ID=0001 PIN=5555 TF FD\nEND 1\nRELEASE\nEND 1\n");
}
END_TEST

/* A child that lives on does not keep the watcher waiting for its socket to close. */
START_TEST(child_lets_go)
{
	CK_SESSION_HANDLE h = holder("watching personalizing personalizing\n");
	CK_SESSION_INFO info;
	int ready[2];
	pid_t pid;
	char c;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		/* A child uses PKCS#11 in some way, and stays. */
		f->C_OpenSession(SLOT_A, CKF_SERIAL_SESSION, NULL, NULL, &h);
		(void)!write(ready[1], "x", 1);
		pause();
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	/* The parent's end: as if it were killed. */
	ck_assert_rv(f->C_GetSessionInfo(h, &info), CKR_OK);
	closefrom(3);
	fixture_asked(LOGIN_LINE INIT_LINE "RESULT RV=0x0\nEND 1\n");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
END_TEST

static void
add_ends(TCase *t)
{
	tcase_add_test(t, personalize_close);
	tcase_add_test(t, last_session);
	tcase_add_test(t, ghost_sessions);
	tcase_add_test(t, handle_comes_again);
	tcase_add_test(t, personalize_finalize);
	tcase_add_test(t, finalize_that_fails);
	tcase_add_test(t, kept_after_close);
	tcase_add_test(t, watcher_dies_before_init_pin);
	tcase_add_test(t, watcher_dies_after_init_pin);
	tcase_add_test(t, watcher_died_login);
	tcase_add_test(t, watcher_died_info);
	tcase_add_test(t, watcher_died_close);
	tcase_add_test(t, watcher_died_finalize);
	tcase_add_test(t, finalize_while_one_hangs);
	tcase_add_test(t, release_fails);
	tcase_add_test(t, forked_child);
	tcase_add_test(t, child_lets_go);
}

static Suite *
suite(void)
{
	Suite *s = suite_create("so");
	TCase *t = tcase_create("rows");

	tcase_add_checked_fixture(t, fixture_start, fixture_end);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, wrong_so_pin);
	tcase_add_test(t, not_governed);
	tcase_add_test(t, watched_and_left);
	tcase_add_test(t, protected_path);
	tcase_add_loop_test(
	    t, so_login_helper_fails, 0, (int)(sizeof(so_failures) / sizeof(so_failures[0])));
	tcase_add_test(t, init_pin_refused);
	tcase_add_test(t, init_pin_that_fails);
	tcase_add_test(t, init_pin_unblocks);
	tcase_add_test(t, init_pin_done_is_the_answer);
	tcase_add_test(t, set_so_pin);
	add_ends(t);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return fixture_run(suite());
}
