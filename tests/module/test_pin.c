/* SPDX-License-Identifier: BSD-3-Clause */
/* C_SetPIN by a user and in public sessions: each row of the design's table, each answer. */
#include <string.h>

#include "tests/module/fixture.h"

#define R "RRRRRRRR"

/* Bit for bit, pointers and all. */
START_TEST(no_record)
{
	CK_SESSION_HANDLE h = fixture_session();
	unsigned char old[] = TEST_PIN, new[] = "5555";

	fixture_script("vendor\nvendor\ndone=0xA0\n");
	ck_assert_rv(f->C_SetPIN(h, old, 4, new, 4), CKR_OK);
	ck_assert_ptr_eq(control->old_pin.pointer, old);
	ck_assert_ptr_eq(control->new_pin.pointer, new);
	ck_assert_rv(f->C_SetPIN(h, NULL, 3, NULL, 5), CKR_PIN_INCORRECT);
	ck_assert_ptr_null(control->old_pin.pointer);
	ck_assert_uint_eq(control->old_pin.len, 3);
	ck_assert_uint_eq(control->new_pin.len, 5);
	ck_assert_rv(fixture_set_pin(h, "5555", "6666"), CKR_PIN_INCORRECT);
	ck_assert_uint_eq(control->calls[F_SET_PIN], 2);
	fixture_asked(
	    "SET_PIN ID=0001 PIN=1234 NEW=5555 TF FD\nEND 1\nSET_PIN ID=0001 TF FD\nEND 1\n"
	    "SET_PIN ID=0001 PIN=5555 NEW=6666 TF FD\nEND 1\n");
	/* No helper: it might have been a personalization. */
	ck_assert_rv(fixture_set_pin(h, "5555", "6666"), CKR_FUNCTION_FAILED);
	ck_assert_rv(f->C_SetPIN(4000, old, 4, new, 4), CKR_PIN_INCORRECT);
}
END_TEST

/* Where nobody can tell whose PIN it is, the vendor is not asked to change it. */
START_TEST(token_not_seen)
{
	CK_SESSION_HANDLE h = fixture_session();

	fixture_record("blocked", "scramble", 1, "");
	control->refuse[F_GET_TOKEN_INFO] = CKR_GENERAL_ERROR;
	ck_assert_rv(fixture_set_pin(h, TEST_PIN, "5555"), CKR_GENERAL_ERROR);
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_GENERAL_ERROR);
	ck_assert_uint_eq(control->calls[F_SET_PIN], 0);
	ck_assert_uint_eq(control->calls[F_LOGIN], 0);
	/* A card that is not there: the vendor says so itself. */
	control->refuse[F_GET_TOKEN_INFO] = CKR_TOKEN_NOT_PRESENT;
	control->refuse[F_SET_PIN] = CKR_DEVICE_REMOVED;
	ck_assert_rv(fixture_set_pin(h, TEST_PIN, "5555"), CKR_DEVICE_REMOVED);
	fixture_asked("");
}
END_TEST

START_TEST(in_a_user_session)
{
	CK_SESSION_HANDLE h = fixture_session();

	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_OK);
	fixture_script("vendor\n");
	ck_assert_rv(fixture_set_pin(h, TEST_PIN, "5555"), CKR_OK);
	fixture_asked("SET_PIN ID=0001 PIN=1234 NEW=5555 FLAGS=16 TF FD\nEND 1\n");
}
END_TEST

START_TEST(active)
{
	CK_SESSION_HANDLE h = fixture_session();

	fixture_record("active", "none", 1, "");
	ck_assert_rv(fixture_set_pin(h, TEST_PIN, "5555"), CKR_OK);
	fixture_asked("");
	/* It says that it is locked, or says so when it is tried. */
	control->flags |= CKF_USER_PIN_LOCKED;
	fixture_script("done=0\ndone=0xA0\n");
	ck_assert_rv(fixture_set_pin(h, TEST_PUK, "6666"), CKR_OK);
	ck_assert_uint_eq(control->calls[F_SET_PIN], 1);
	control->flags &= ~(CK_FLAGS)CKF_USER_PIN_LOCKED;
	control->refuse[F_SET_PIN] = CKR_PIN_LOCKED;
	ck_assert_rv(fixture_set_pin(h, TEST_PUK, "6666"), CKR_PIN_INCORRECT);
	fixture_asked("SET_PIN ID=0001 PIN=12345678 NEW=6666 FLAGS=8 TF FD\nEND 1\n"
		      "SET_PIN ID=0001 PIN=12345678 NEW=6666 FLAGS=8 TF FD\nEND 1\n");
}
END_TEST

START_TEST(active_stale)
{
	CK_SESSION_HANDLE h;

	strcpy(control->manufacturer, "SoftHSM project");
	h = fixture_session();
	fixture_record("active", "none", 1, "");
	ck_assert_rv(fixture_set_pin(h, TEST_PIN, "5555"), CKR_FUNCTION_FAILED);
	ck_assert_uint_eq(control->calls[F_SET_PIN], 0);
	fixture_logged("restart this program");
}
END_TEST

START_TEST(blocked)
{
	CK_SESSION_HANDLE h = fixture_session();

	fixture_record("blocked", "lock", 1, "");
	control->flags |= CKF_USER_PIN_LOCKED;
	fixture_script("done=0\n");
	ck_assert_rv(fixture_set_pin(h, TEST_PUK, "5555"), CKR_OK);
	fixture_asked("SET_PIN ID=0001 PIN=12345678 NEW=5555 FLAGS=8 TF FD\nEND 1\n");
	ck_assert_uint_eq(control->calls[F_SET_PIN], 0);
	ck_assert_rv(fixture_set_pin(h, TEST_PUK, "5555"), CKR_FUNCTION_FAILED);
	fixture_not_logged(TEST_PUK);
	fixture_not_logged("5555");
}
END_TEST

/* In a public session of our own, and this process is not stale afterwards. */
START_TEST(blocked_with_r)
{
	CK_SESSION_HANDLE h;

	strcpy(control->manufacturer, "SoftHSM project");
	h = fixture_session();
	fixture_record("blocked", "scramble", 1, "");
	strcpy(control->user_pin, R);
	fixture_script("set-with-r=" R " done=0,seq=2\n");
	ck_assert_rv(fixture_set_pin(h, TEST_PUK, "5555"), CKR_OK);
	ck_assert_str_eq(control->user_pin, "5555");
	ck_assert_uint_ne(control->session, h);
	fixture_asked(
	    "SET_PIN ID=0001 PIN=12345678 NEW=5555 FLAGS=4 TF FD\nRESULT RV=0x0\nEND 1\n");
	fixture_record("active", "none", 2, "");
	ck_assert_rv(fixture_login(h, CKU_USER, "5555"), CKR_OK);
}
END_TEST

/* R is refused: the helper does it by itself then, and what it says goes. */
START_TEST(blocked_with_r_that_fails)
{
	CK_SESSION_HANDLE h = fixture_session();

	fixture_record("blocked", "scramble", 1, "");
	fixture_script(
	    "set-with-r=" R " done=0\nset-with-r=" R " die\nset-with-r=" R " watching\n");
	ck_assert_rv(fixture_set_pin(h, TEST_PUK, "5555"), CKR_OK);
	fixture_asked("SET_PIN ID=0001 PIN=12345678 NEW=5555 TF FD\nRESULT RV=0xa0\nEND 1\n");
	ck_assert_rv(fixture_set_pin(h, TEST_PUK, "5555"), CKR_FUNCTION_FAILED);
	ck_assert_rv(fixture_set_pin(h, TEST_PUK, "5555"), CKR_FUNCTION_FAILED);
}
END_TEST

/* As desktop applications do: C_Login(PUK), C_SetPIN(PUK, new). */
START_TEST(after_login_with_r)
{
	CK_SESSION_HANDLE h = fixture_session();
	CK_TOKEN_INFO info;

	fixture_record("blocked", "scramble", 1, "");
	strcpy(control->user_pin, R);
	fixture_script("use-r=" R "\nset-with-r=" R " done=0,seq=2\n");
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PUK), CKR_OK);
	ck_assert_rv(fixture_set_pin(h, TEST_PUK, "5555"), CKR_OK);
	ck_assert_uint_eq(control->session, h);
	ck_assert_str_eq(control->user_pin, "5555");
	fixture_asked(
	    "LOGIN ID=0001 PIN=12345678 TF FD\nEND 1\n"
	    "SET_PIN ID=0001 PIN=12345678 NEW=5555 FLAGS=18 TF FD\nRESULT RV=0x0\nEND 1\n");
	fixture_record("active", "none", 2, "");
	ck_assert_rv(f->C_GetTokenInfo(SLOT_A, &info), CKR_OK);
	ck_assert_uint_eq(info.flags & CKF_USER_PIN_TO_BE_CHANGED, 0);
	ck_assert_rv(fixture_login(h, CKU_CONTEXT_SPECIFIC, "5555"), CKR_OK);
}
END_TEST

/* An SO login that we know nothing of must not have its PIN changed to what a user typed. */
START_TEST(never_as_so)
{
	CK_SESSION_HANDLE h = fixture_session();

	fixture_record("blocked", "scramble", 1, "");
	fixture_script("set-with-r=" R " done=6\n");
	/* The application's session is public when it asks, and SO when ours is opened. */
	control->so_on_open = true;
	strcpy(control->so_pin, R);
	ck_assert_rv(fixture_set_pin(h, TEST_PUK, "5555"), CKR_FUNCTION_FAILED);
	ck_assert_str_eq(control->so_pin, R);
	fixture_asked("SET_PIN ID=0001 PIN=12345678 NEW=5555 TF FD\nRESULT RV=0x104\nEND 1\n");
}
END_TEST

START_TEST(personalizing_by_others)
{
	CK_SESSION_HANDLE h = fixture_session();

	fixture_record("personalizing", "none", 1, "");
	fixture_script("done=0xA4\n");
	ck_assert_rv(fixture_set_pin(h, TEST_PIN, "5555"), CKR_PIN_LOCKED);
	ck_assert_uint_eq(control->calls[F_SET_PIN], 0);
}
END_TEST

/* PersonalizeOn=set-pin: this process is the holder from then on. */
START_TEST(personalize_on_set_pin)
{
	CK_SESSION_HANDLE h = fixture_session();

	fixture_script("personalizing personalizing done=0\n");
	ck_assert_rv(fixture_set_pin(h, TEST_PIN, "5555"), CKR_OK);
	fixture_record("personalizing", "none", 2, "");
	/* The holder's calls are the vendor's. */
	ck_assert_rv(fixture_login(h, CKU_USER, "5555"), CKR_OK);
	ck_assert_rv(fixture_set_pin(h, "5555", "6666"), CKR_OK);
	ck_assert_rv(f->C_Logout(h), CKR_OK);
	ck_assert_rv(f->C_CloseSession(h), CKR_OK);
	fixture_asked("SET_PIN ID=0001 PIN=1234 NEW=5555 TF FD\nRESULT RV=0x0\nRELEASE\nEND 1\n");
	fixture_script("done=0xA4\n");
	h = fixture_session();
	ck_assert_rv(fixture_login(h, CKU_USER, "6666"), CKR_PIN_LOCKED);
}
END_TEST

START_TEST(personalize_on_set_pin_fails)
{
	CK_SESSION_HANDLE h = fixture_session();

	fixture_script("personalizing done=0xA0\n");
	ck_assert_rv(fixture_set_pin(h, "9999", "5555"), CKR_PIN_INCORRECT);
	fixture_asked("SET_PIN ID=0001 PIN=9999 NEW=5555 TF FD\nRESULT RV=0xa0\nEND 1\n");
}
END_TEST

/* The watcher dies in it: a new helper settles, and is told how it ended, unless it set no PIN. */
START_TEST(watcher_dies_in_set_pin)
{
	CK_SESSION_HANDLE h = fixture_session();

	fixture_script("personalizing die\ndone=0\npersonalizing die\ndone=0\n");
	ck_assert_rv(fixture_set_pin(h, "9999", "5555"), CKR_PIN_INCORRECT);
	fixture_asked("SET_PIN ID=0001 PIN=9999 NEW=5555 TF FD\nRESULT RV=0xa0\n"
		      "RELEASE ID=0001 TF FD\nEND 1\n");
	ck_assert_rv(fixture_set_pin(h, TEST_PIN, "5555"), CKR_OK);
	fixture_asked("SET_PIN ID=0001 PIN=9999 NEW=5555 TF FD\nRESULT RV=0xa0\n"
		      "RELEASE ID=0001 TF FD\nEND 1\n"
		      "SET_PIN ID=0001 PIN=1234 NEW=5555 TF FD\nRESULT RV=0x0\n"
		      "RELEASE ID=0001 RV=0x0 TF FD\nEND 1\n");
	ck_assert_rv(f->C_CloseSession(h), CKR_OK);
}
END_TEST

START_TEST(record_bad)
{
	CK_SESSION_HANDLE h = fixture_session();

	fixture_record("blocked", "lock", 1, "Hold=zz\n");
	fixture_script("done=0\n");
	ck_assert_rv(fixture_set_pin(h, TEST_PUK, "5555"), CKR_OK);
	ck_assert_rv(fixture_set_pin(h, TEST_PUK, "5555"), CKR_FUNCTION_FAILED);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("set-pin");
	TCase *t = tcase_create("rows");

	tcase_add_checked_fixture(t, fixture_start, fixture_end);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, no_record);
	tcase_add_test(t, in_a_user_session);
	tcase_add_test(t, token_not_seen);
	tcase_add_test(t, active);
	tcase_add_test(t, active_stale);
	tcase_add_test(t, blocked);
	tcase_add_test(t, blocked_with_r);
	tcase_add_test(t, blocked_with_r_that_fails);
	tcase_add_test(t, after_login_with_r);
	tcase_add_test(t, never_as_so);
	tcase_add_test(t, personalizing_by_others);
	tcase_add_test(t, personalize_on_set_pin);
	tcase_add_test(t, personalize_on_set_pin_fails);
	tcase_add_test(t, watcher_dies_in_set_pin);
	tcase_add_test(t, record_bad);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return fixture_run(suite());
}
