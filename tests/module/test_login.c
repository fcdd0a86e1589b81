/* SPDX-License-Identifier: BSD-3-Clause */
/* C_Login as user: each row of the design's table, each answer of the helper, each failure. */
#include <stdlib.h>
#include <string.h>

#include "tests/module/fixture.h"

#define R "RRRRRRRR"

START_TEST(no_record)
{
	CK_SESSION_HANDLE h = fixture_session();

	ck_assert_rv(fixture_login(h, CKU_USER, "9999"), CKR_PIN_INCORRECT);
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_OK);
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_USER_ALREADY_LOGGED_IN);
	ck_assert_rv(f->C_Logout(h), CKR_OK);
	/* Bit for bit: the application's own pointer. */
	ck_assert_rv(f->C_Login(h, CKU_USER, NULL, 77), CKR_PIN_INCORRECT);
	ck_assert_ptr_null(control->pin.pointer);
	ck_assert_uint_eq(control->pin.len, 77);
	ck_assert_rv(f->C_Login(4000, CKU_USER, NULL, 0), CKR_SESSION_HANDLE_INVALID);
	ck_assert_rv(f->C_Login(h, 99, (unsigned char *)TEST_PIN, 4), CKR_OK);
	fixture_asked("");
}
END_TEST

/* C_GetTokenInfo once for as long as sessions are open. */
START_TEST(identity_is_kept)
{
	CK_SESSION_HANDLE h = fixture_session(), other;
	int i;

	for (i = 0; i < 3; i++) {
		ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_OK);
		ck_assert_rv(f->C_Logout(h), CKR_OK);
	}
	ck_assert_uint_eq(control->calls[F_GET_TOKEN_INFO], 1);
	/* A session that is opened may be on another card. */
	strcpy(control->serial, "0003");
	other = fixture_session();
	fixture_record("blocked", "lock", 1, "");
	ck_assert_rv(fixture_login(other, CKU_USER, TEST_PIN), CKR_OK);
	ck_assert_uint_eq(control->calls[F_GET_TOKEN_INFO], 2);
}
END_TEST

START_TEST(locked_without_record)
{
	CK_SESSION_HANDLE h = fixture_session();

	control->refuse[F_LOGIN] = CKR_PIN_LOCKED;
	fixture_script("done=0xA4\nvendor\n");
	ck_assert_rv(fixture_login(h, CKU_USER, "9999"), CKR_PIN_LOCKED);
	fixture_asked("LOGIN ID=0001 PIN=9999 FLAGS=8 TF FD\nEND 1\n");
	ck_assert_rv(fixture_login(h, CKU_USER, "9999"), CKR_PIN_LOCKED);
	ck_assert_uint_eq(control->calls[F_LOGIN], 3);
	/* No helper (the script is over): the vendor's answer stands. */
	ck_assert_rv(fixture_login(h, CKU_USER, "9999"), CKR_PIN_LOCKED);
	fixture_logged("the helper ended without an answer");
}
END_TEST

START_TEST(active)
{
	CK_SESSION_HANDLE h = fixture_session();

	fixture_record("active", "none", 1, "");
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_OK);
	ck_assert_rv(f->C_Logout(h), CKR_OK);
	fixture_asked("");
	control->refuse[F_LOGIN] = CKR_PIN_LOCKED;
	fixture_script("done=0xA0\n");
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_PIN_INCORRECT);
	fixture_asked("LOGIN ID=0001 PIN=1234 FLAGS=8 TF FD\nEND 1\n");
	/* Its record says that it is ours: without a helper nothing is promised. */
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_FUNCTION_FAILED);
}
END_TEST

START_TEST(blocked_done)
{
	CK_SESSION_HANDLE h = fixture_session();

	fixture_record("blocked", "lock", 1, "");
	fixture_script("done=0xA4\ndone=0\n");
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_PIN_LOCKED);
	ck_assert_rv(fixture_login(h, CKU_USER, NULL), CKR_OK);
	fixture_asked("LOGIN ID=0001 PIN=1234 TF FD\nEND 1\nLOGIN ID=0001 TF FD\nEND 1\n");
	ck_assert_uint_eq(control->calls[F_LOGIN], 0);
}
END_TEST

START_TEST(blocked_vendor)
{
	CK_SESSION_HANDLE h = fixture_session();

	fixture_record("blocked", "lock", 1, "");
	fixture_script("vendor\n");
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_OK);
	ck_assert_ptr_nonnull(control->pin.pointer);
}
END_TEST

START_TEST(blocked_use_r)
{
	CK_SESSION_HANDLE h = fixture_session();
	CK_TOKEN_INFO info;

	fixture_record("blocked", "scramble", 1, "");
	strcpy(control->user_pin, R);
	ck_assert_rv(f->C_GetTokenInfo(SLOT_A, &info), CKR_OK);
	ck_assert_uint_eq(
	    info.flags & (CKF_USER_PIN_LOCKED | CKF_USER_PIN_TO_BE_CHANGED), CKF_USER_PIN_LOCKED);
	fixture_script("use-r=" R "\nuse-r=" R "\n");
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PUK), CKR_OK);
	ck_assert_str_eq(control->pin.text, R);
	ck_assert_rv(f->C_GetTokenInfo(SLOT_A, &info), CKR_OK);
	ck_assert_uint_eq(info.flags & (CKF_USER_PIN_LOCKED | CKF_USER_PIN_TO_BE_CHANGED),
	    CKF_USER_PIN_TO_BE_CHANGED);
	/* Logged in already: the vendor says so, and nobody else is asked. */
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PUK), CKR_USER_ALREADY_LOGGED_IN);
	/* The value that gave R gives it for the next context, too. */
	ck_assert_rv(fixture_login(h, CKU_CONTEXT_SPECIFIC, TEST_PUK), CKR_OK);
	ck_assert_uint_eq(control->user, CKU_CONTEXT_SPECIFIC);
	fixture_asked("LOGIN ID=0001 PIN=12345678 TF FD\nEND 1\n"
		      "LOGIN ID=0001 PIN=12345678 FLAGS=34 TF FD\nEND 1\n");
	ck_assert_rv(f->C_Logout(h), CKR_OK);
	ck_assert_rv(f->C_GetTokenInfo(SLOT_A, &info), CKR_OK);
	ck_assert_uint_ne(info.flags & CKF_USER_PIN_LOCKED, 0);
	/* And no longer, where there is no such login. */
	ck_assert_rv(fixture_login(h, CKU_CONTEXT_SPECIFIC, TEST_PUK), CKR_PIN_INCORRECT);
	fixture_not_logged(R);
	fixture_not_logged(TEST_PUK);
}
END_TEST

START_TEST(r_is_forgotten_with_the_last_session)
{
	CK_SESSION_HANDLE h = fixture_session();
	CK_TOKEN_INFO info;

	fixture_record("blocked", "scramble", 1, "");
	strcpy(control->user_pin, R);
	fixture_script("use-r=" R "\nuse-r=" R "\n");
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PUK), CKR_OK);
	ck_assert_rv(f->C_CloseSession(h), CKR_OK);
	ck_assert_rv(f->C_GetTokenInfo(SLOT_A, &info), CKR_OK);
	ck_assert_uint_eq(info.flags & CKF_USER_PIN_TO_BE_CHANGED, 0);
	control->logged_in = 0;
	h = fixture_session();
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PUK), CKR_OK);
	ck_assert_rv(f->C_Finalize(NULL), CKR_OK);
	ck_assert_rv(f->C_Initialize(NULL), CKR_OK);
	ck_assert_rv(f->C_GetTokenInfo(SLOT_A, &info), CKR_OK);
	ck_assert_uint_eq(info.flags & CKF_USER_PIN_TO_BE_CHANGED, 0);
}
END_TEST

START_TEST(vendor_refuses_r)
{
	CK_SESSION_HANDLE h = fixture_session();

	fixture_record("blocked", "scramble", 1, "");
	fixture_script("use-r=" R "\nuse-r=" R "\n");
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PUK), CKR_FUNCTION_FAILED);
	fixture_logged("restart this program");
	/* Another failure is not for us to explain. */
	control->refuse[F_LOGIN] = CKR_DEVICE_REMOVED;
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PUK), CKR_DEVICE_REMOVED);
}
END_TEST

/* A PIN letter on a module that caches: this process itself makes it the PIN. */
START_TEST(blocked_set_with_r)
{
	CK_SESSION_HANDLE h = fixture_session();
	unsigned long open = control->calls[F_OPEN_SESSION];

	fixture_record("blocked", "scramble", 1, "");
	strcpy(control->user_pin, R);
	fixture_script("set-with-r=" R " vendor,seq=9\n");
	ck_assert_rv(fixture_login(h, CKU_USER, "5555"), CKR_OK);
	ck_assert_str_eq(control->user_pin, "5555");
	ck_assert_str_eq(control->pin.text, "5555");
	fixture_asked("LOGIN ID=0001 PIN=5555 TF FD\nRESULT RV=0x0\nEND 1\n");
	ck_assert_uint_eq(control->calls[F_OPEN_SESSION], open + 1);
	ck_assert_uint_eq(control->calls[F_CLOSE_SESSION], 1);
}
END_TEST

START_TEST(set_with_r_fails)
{
	CK_SESSION_HANDLE h = fixture_session();

	fixture_record("blocked", "scramble", 1, "");
	fixture_script("set-with-r=" R " done=0x6\nset-with-r=" R " done=0xA4\n");
	ck_assert_rv(fixture_login(h, CKU_USER, "5555"), CKR_FUNCTION_FAILED);
	fixture_asked("LOGIN ID=0001 PIN=5555 TF FD\nRESULT RV=0xa0\nEND 1\n");
	control->refuse[F_OPEN_SESSION] = CKR_SESSION_COUNT;
	ck_assert_rv(fixture_login(h, CKU_USER, "5555"), CKR_PIN_LOCKED);
}
END_TEST

static const struct {
	const char *script;
	const char *log;
} failures[] = {
    {"die\n", "the helper ended without an answer"},
    {"garbage\n", "do not understand each other"},
    {"short\n", "the helper ended without an answer"},
    {"silence\n", "did not answer within"},
    {"other\n", "do not understand each other"},
    {"no-r\n", "do not understand each other"},
    {"watching\n", "is not understood"},
    {"personalizing\n", "is not understood"},
    {"set-with-r=" R " die\n", "the helper ended without an answer"},
    {"set-with-r=" R " set-with-r=" R " set-with-r=" R " set-with-r=" R " set-with-r=" R "\n",
	"is not understood"},
    {"use-r="
     "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901"
     "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901"
     "01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901"
     "\n",
	"is not understood"},
    {"", "the helper ended without an answer"},
};

START_TEST(helper_fails)
{
	CK_SESSION_HANDLE h = fixture_session();

	fixture_record("blocked", "lock", 1, "");
	fixture_script(failures[_i].script);
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_FUNCTION_FAILED);
	fixture_logged(failures[_i].log);
	fixture_not_logged(TEST_PIN);
	ck_assert_uint_eq(control->calls[F_LOGIN], 0);
}
END_TEST

START_TEST(helper_missing)
{
	CK_SESSION_HANDLE h;

	fixture_config(fixture_built("vendor_240.so"), "spawn:/nonexistent/helper", "");
	fixture_load();
	h = fixture_session();
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_OK);
	ck_assert_rv(f->C_Logout(h), CKR_OK);
	fixture_record("blocked", "lock", 1, "");
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_FUNCTION_FAILED);
	fixture_logged("/nonexistent/helper cannot be started: No such file or directory");
}
END_TEST

START_TEST(personalizing_by_others)
{
	CK_SESSION_HANDLE h = fixture_session();

	fixture_record("personalizing", "none", 1, "Hold=0123456789abcdef\n");
	fixture_script("done=0xA4\n");
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_PIN_LOCKED);
	ck_assert_uint_eq(control->calls[F_LOGIN], 0);
}
END_TEST

START_TEST(under_the_hold)
{
	CK_SESSION_HANDLE h;

	setenv("P11_LATCH_HOLD", "0123456789abcdef:secret", 1);
	fixture_load();
	h = fixture_session();
	fixture_record("personalizing", "none", 1, "Hold=0123456789abcdef\n");
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_OK);
	ck_assert_rv(f->C_Logout(h), CKR_OK);
	fixture_record("personalizing", "none", 1, "Hold=1123456789abcdef\n");
	fixture_script("done=0xA4\n");
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_PIN_LOCKED);
	fixture_asked("LOGIN ID=0001 PIN=1234 COOKIE=0123456789abcdef:secret TF FD\nEND 1\n");
}
END_TEST

static void
be_softhsm(void)
{
	strcpy(control->manufacturer, "SoftHSM project");
	fixture_config(fixture_built("vendor_240.so"), "spawn:/nonexistent", "");
}

START_TEST(stale)
{
	CK_SESSION_HANDLE h;

	be_softhsm();
	fixture_write("sequence", "5\n");
	h = fixture_session();
	fixture_record("active", "none", 5, "");
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_OK);
	ck_assert_rv(f->C_Logout(h), CKR_OK);
	fixture_record("active", "none", 6, "");
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_FUNCTION_FAILED);
	fixture_logged("restart this program");
	ck_assert_uint_eq(control->calls[F_LOGIN], 1);
	fixture_record("blocked", "scramble", 6, "");
	fixture_script("done=0xA4\n");
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_PIN_LOCKED);
	fixture_asked("LOGIN ID=0001 PIN=1234 FLAGS=4 TF FD\nEND 1\n");
	/* C_Initialize anew, and all is well. */
	fixture_record("active", "none", 6, "");
	fixture_write("sequence", "6\n");
	ck_assert_rv(f->C_Finalize(NULL), CKR_OK);
	ck_assert_rv(fixture_login(fixture_session(), CKU_USER, TEST_PIN), CKR_OK);
}
END_TEST

/* This process itself made the change: it is not stale. */
START_TEST(own_change_is_not_stale)
{
	CK_SESSION_HANDLE h;

	be_softhsm();
	h = fixture_session();
	fixture_record("blocked", "scramble", 3, "");
	strcpy(control->user_pin, R);
	fixture_script("set-with-r=" R " vendor,seq=4\n");
	ck_assert_rv(fixture_login(h, CKU_USER, "5555"), CKR_OK);
	fixture_record("active", "none", 4, "");
	ck_assert_rv(f->C_Logout(h), CKR_OK);
	ck_assert_rv(fixture_login(h, CKU_USER, "5555"), CKR_OK);
	ck_assert_rv(f->C_Logout(h), CKR_OK);
	fixture_record("active", "none", 5, "");
	ck_assert_rv(fixture_login(h, CKU_USER, "5555"), CKR_FUNCTION_FAILED);
}
END_TEST

/* Only modules that cache can be stale. */
START_TEST(others_are_never_stale)
{
	CK_SESSION_HANDLE h = fixture_session();

	fixture_record("active", "none", 7, "");
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_OK);
}
END_TEST

START_TEST(new_life)
{
	CK_SESSION_HANDLE h;

	be_softhsm();
	h = fixture_session();
	fixture_record("blocked", "scramble", 3, "");
	control->flags &= ~(CK_FLAGS)CKF_USER_PIN_INITIALIZED;
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_OK);
	fixture_asked("");
}
END_TEST

START_TEST(record_bad)
{
	CK_SESSION_HANDLE h = fixture_session();

	fixture_record("nonsense", "lock", 1, "");
	fixture_script("done=0xA4\n");
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_PIN_LOCKED);
	fixture_logged("truncated or damaged");
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_FUNCTION_FAILED);
	ck_assert_uint_eq(control->calls[F_LOGIN], 0);
}
END_TEST

START_TEST(before_initialize)
{
	fixture_record("blocked", "lock", 1, "");
	ck_assert_rv(f->C_Login(1, CKU_USER, NULL, 0), CKR_CRYPTOKI_NOT_INITIALIZED);
	ck_assert_uint_eq(control->calls[F_LOGIN], 1);
	fixture_asked("");
}
END_TEST

START_TEST(long_pin)
{
	CK_SESSION_HANDLE h = fixture_session();
	static unsigned char pin[200000];

	fixture_record("blocked", "lock", 1, "");
	ck_assert_rv(f->C_Login(h, CKU_USER, pin, sizeof(pin)), CKR_PIN_LEN_RANGE);
	fixture_script("done=0xA0\n");
	ck_assert_rv(f->C_Login(h, CKU_USER, pin, 255), CKR_PIN_INCORRECT);
	fixture_script("done=0xA0\n");
	ck_assert_rv(f->C_Login(h, CKU_USER, pin, 0), CKR_PIN_INCORRECT);
}
END_TEST

static CK_RV
login_user(CK_SESSION_HANDLE h, CK_USER_TYPE user, const char *text)
{
	struct any_list *list = fixture_interface(3, 0);
	unsigned char name[] = "somebody", pin[32];
	login_user_fn function;

	ck_assert_ptr_nonnull(list);
	strcpy((char *)pin, text);
	memcpy(&function, &list->entry[AT_LOGIN_USER], sizeof(function));
	return function(h, user, pin, strlen(text), name, 8);
}

/* C_LoginUser is C_Login with a name. */
START_TEST(with_a_name)
{
	CK_SESSION_HANDLE h = fixture_session();

	ck_assert_rv(login_user(h, CKU_USER, TEST_PIN), CKR_OK);
	ck_assert_str_eq(control->name.text, "somebody");
	ck_assert_rv(f->C_Logout(h), CKR_OK);
	fixture_record("blocked", "scramble", 1, "");
	strcpy(control->user_pin, R);
	fixture_script("done=0xA4\nuse-r=" R "\ndone=0\n");
	ck_assert_rv(login_user(h, CKU_USER, TEST_PIN), CKR_PIN_LOCKED);
	ck_assert_rv(login_user(h, CKU_USER, TEST_PUK), CKR_OK);
	ck_assert_str_eq(control->pin.text, R);
	ck_assert_rv(f->C_Logout(h), CKR_OK);
	ck_assert_rv(login_user(h, CKU_SO, TEST_PUK), CKR_OK);
	fixture_asked("LOGIN ID=0001 PIN=1234 TF FD\nEND 1\n"
		      "LOGIN ID=0001 PIN=12345678 TF FD\nEND 1\n"
		      "SO_LOGIN ID=0001 PIN=12345678 TF FD\nEND 1\n");
	ck_assert_uint_eq(control->calls[F_LOGIN], 0);
	ck_assert_uint_eq(control->calls[F_LOGIN_USER], 3);
}
END_TEST

static void
begin_240(void)
{
	fixture_begin("vendor_240");
}

static void
start_30(void)
{
	fixture_begin("vendor_30");
	fixture_load();
}

static Suite *
suite(void)
{
	Suite *s = suite_create("login");
	TCase *t = tcase_create("loaded"), *u = tcase_create("not loaded"),
	      *n = tcase_create("3.0");

	tcase_add_checked_fixture(t, fixture_start, fixture_end);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, no_record);
	tcase_add_test(t, identity_is_kept);
	tcase_add_test(t, locked_without_record);
	tcase_add_test(t, active);
	tcase_add_test(t, blocked_done);
	tcase_add_test(t, blocked_vendor);
	tcase_add_test(t, blocked_use_r);
	tcase_add_test(t, r_is_forgotten_with_the_last_session);
	tcase_add_test(t, vendor_refuses_r);
	tcase_add_test(t, blocked_set_with_r);
	tcase_add_test(t, set_with_r_fails);
	tcase_add_loop_test(t, helper_fails, 0, (int)(sizeof(failures) / sizeof(failures[0])));
	tcase_add_test(t, personalizing_by_others);
	tcase_add_test(t, stale);
	tcase_add_test(t, own_change_is_not_stale);
	tcase_add_test(t, others_are_never_stale);
	tcase_add_test(t, new_life);
	tcase_add_test(t, record_bad);
	tcase_add_test(t, before_initialize);
	tcase_add_test(t, long_pin);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(u, begin_240, fixture_end);
	tcase_add_test(u, helper_missing);
	tcase_add_test(u, under_the_hold);
	suite_add_tcase(s, u);
	tcase_add_checked_fixture(n, start_30, fixture_end);
	tcase_add_test(n, with_a_name);
	suite_add_tcase(s, n);
	return s;
}

int
main(void)
{
	return fixture_run(suite());
}
