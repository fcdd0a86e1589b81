/* SPDX-License-Identifier: BSD-3-Clause */
/* Several slots: one card that is two of them, two cards that nobody can tell apart, cards that
 * change, slots and sessions that the vendor does not tell of. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/module/fixture.h"

#define LOGIN_LINE "SO_LOGIN ID=0001 PIN=12345678 TF FD\n"
#define INIT_LINE  "INIT_PIN ID=0001 TF\n"

/* OpenSC shows one card as several slots of its reader. */
static void
load_opensc(void)
{
	char helper[512], module[512];

	snprintf(module, sizeof(module), "%s\nProfile=opensc", fixture_built("vendor_240.so"));
	snprintf(helper, sizeof(helper), "spawn:%s", fixture_built("fake_helper"));
	fixture_config(module, helper, "");
	fixture_load();
	control->one_identity = control->one_reader = true;
}

static CK_SESSION_HANDLE
session_in(CK_SLOT_ID slot)
{
	CK_SESSION_HANDLE h = 0;

	ck_assert_rv(
	    f->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &h), CKR_OK);
	return h;
}

static CK_SESSION_HANDLE
so_session(const char *script)
{
	CK_SESSION_HANDLE h = fixture_session();

	fixture_script(script);
	ck_assert_rv(fixture_login(h, CKU_SO, TEST_PUK), CKR_OK);
	return h;
}

/* A card that this process personalizes by its first slot. */
static CK_SESSION_HANDLE
holder(const char *script)
{
	CK_SESSION_HANDLE h = so_session(script);

	ck_assert_rv(fixture_init_pin(h, "5555"), CKR_OK);
	fixture_record("personalizing", "none", 1, "");
	ck_assert_rv(f->C_Logout(h), CKR_OK);
	return h;
}

static void
shows_locked(CK_SLOT_ID slot, bool locked)
{
	CK_TOKEN_INFO info;

	ck_assert_rv(f->C_GetTokenInfo(slot, &info), CKR_OK);
	ck_assert_int_eq((info.flags & CKF_USER_PIN_LOCKED) != 0, locked);
}

/* What one slot holds, the card holds, until the last session on any of them is closed. */
START_TEST(one_card_two_slots)
{
	CK_SESSION_HANDLE h, other;

	load_opensc();
	h = holder("watching personalizing personalizing personalizing done=0\n");
	other = session_in(SLOT_B);
	shows_locked(SLOT_B, false);
	ck_assert_rv(fixture_login(other, CKU_USER, "5555"), CKR_OK);
	ck_assert_rv(f->C_CloseSession(h), CKR_OK);
	shows_locked(SLOT_B, false);
	fixture_asked(LOGIN_LINE INIT_LINE "RESULT RV=0x0\nLOGOUT\n");
	ck_assert_rv(f->C_CloseSession(other), CKR_OK);
	fixture_asked(LOGIN_LINE INIT_LINE "RESULT RV=0x0\nLOGOUT\nRELEASE\nEND 1\n");
}
END_TEST

/* Its watcher dies: the card's other slot is nobody's either, and a new helper settles. */
START_TEST(watcher_of_the_other_slot_dies)
{
	CK_SESSION_HANDLE h;

	load_opensc();
	h = so_session("watching personalizing personalizing+die\ndone=0\n");
	ck_assert_rv(fixture_init_pin(h, "5555"), CKR_OK);
	fixture_record("personalizing", "none", 1, "");
	free(fixture_wait("END"));
	shows_locked(SLOT_B, true);
	fixture_logged("its watcher ended");
	fixture_asked(LOGIN_LINE INIT_LINE "RESULT RV=0x0\nEND 9\nRELEASE ID=0001 FD\nEND 1\n");
}
END_TEST

/* A slot of another reader, or of a module whose cards are one slot each, is another card. */
START_TEST(twins)
{
	CK_SESSION_HANDLE h;

	if (_i == 0) {
		load_opensc();
		control->one_reader = false;
	} else {
		fixture_load();
		control->one_identity = true;
	}
	h = so_session("watching\n");
	ck_assert_rv(fixture_init_pin(h, "5555"), CKR_FUNCTION_FAILED);
	ck_assert_uint_eq(control->calls[F_INIT_PIN], 0);
	fixture_logged("nothing tells them apart");
}
END_TEST

/* Where the readers cannot be seen, one card is not taken for two. */
START_TEST(readers_unseen)
{
	CK_SESSION_HANDLE h;

	load_opensc();
	control->refuse[F_GET_SLOT_INFO] = CKR_DEVICE_ERROR;
	h = so_session("watching\n");
	ck_assert_rv(fixture_init_pin(h, "5555"), CKR_FUNCTION_FAILED);
	fixture_logged("nothing tells them apart");
}
END_TEST

START_TEST(slots_unseen)
{
	CK_SESSION_HANDLE h;

	fixture_load();
	control->refuse[F_GET_SLOT_LIST] = CKR_DEVICE_ERROR;
	h = so_session("watching\n");
	ck_assert_rv(fixture_init_pin(h, "5555"), CKR_FUNCTION_FAILED);
	ck_assert_uint_eq(control->calls[F_INIT_PIN], 0);
	fixture_logged("whether another token has the same identity cannot be seen: "
		       "C_GetSlotList: 0x30");
}
END_TEST

/* --- Cards that change -------------------------------------------------------------------------
 */

START_TEST(another_card)
{
	CK_SESSION_HANDLE h;

	fixture_load();
	fixture_record("blocked", "lock", 1, "");
	h = so_session("watching\npersonalizing personalizing\n");
	strcpy(control->serial, "0009");
	ck_assert_rv(fixture_init_pin(h, "5555"), CKR_OK);
	fixture_logged("another card is in its slot now");
	fixture_asked(LOGIN_LINE "END 1\nINIT_PIN ID=0009 TF FD\nRESULT RV=0x0\n");
}
END_TEST

/* CKR_OK, since the vendor took it, but then no PIN is set. */
START_TEST(so_on_a_token_without_name)
{
	CK_SESSION_HANDLE h;

	fixture_load();
	h = fixture_session();
	control->refuse[F_GET_TOKEN_INFO] = CKR_DEVICE_ERROR;
	ck_assert_rv(fixture_login(h, CKU_SO, TEST_PUK), CKR_OK);
	fixture_logged("the token cannot be asked who it is");
	control->refuse[F_GET_TOKEN_INFO] = CKR_OK;
	ck_assert_rv(fixture_init_pin(h, "5555"), CKR_FUNCTION_FAILED);
	ck_assert_uint_eq(control->calls[F_INIT_PIN], 0);
	fixture_asked("");
}
END_TEST

/* What the vendor says of a card that cannot be asked who it is; *set: C_SetPIN is made. */
static const struct {
	CK_RV says;
	bool set;
} unseen[] = {{CKR_TOKEN_NOT_PRESENT, true}, {CKR_DEVICE_REMOVED, true}, {CKR_DEVICE_ERROR, false}};

START_TEST(card_unseen)
{
	CK_SESSION_HANDLE h;

	fixture_load();
	fixture_record("blocked", "lock", 1, "");
	h = so_session("watching\n");
	control->refuse[F_GET_TOKEN_INFO] = unseen[_i].says;
	control->refuse[F_SET_PIN] = CKR_TOKEN_NOT_PRESENT;
	ck_assert_rv(fixture_init_pin(h, "5555"), unseen[_i].says);
	ck_assert_uint_eq(control->calls[F_INIT_PIN], 0);
	ck_assert_rv(fixture_set_pin(h, TEST_PUK, "11111111"),
	    unseen[_i].set ? CKR_TOKEN_NOT_PRESENT : unseen[_i].says);
	ck_assert_uint_eq(control->calls[F_SET_PIN], unseen[_i].set);
}
END_TEST

/* Of whom nothing is said is no token that nobody governs. */
START_TEST(card_without_a_word)
{
	CK_SESSION_HANDLE h;

	fixture_load();
	fixture_record("blocked", "lock", 1, "");
	h = so_session("watching\n");
	control->wordless = true;
	ck_assert_rv(fixture_init_pin(h, "5555"), CKR_FUNCTION_FAILED);
	ck_assert_uint_eq(control->calls[F_INIT_PIN], 0);
	ck_assert_rv(fixture_set_pin(h, TEST_PUK, "11111111"), CKR_FUNCTION_FAILED);
	ck_assert_uint_eq(control->calls[F_SET_PIN], 0);
	fixture_logged("does not say who the token is");
}
END_TEST

/* --- Sessions ----------------------------------------------------------------------------------
 */

/* One that was opened behind p11-latch's back is its slot's all the same. */
START_TEST(foreign_session)
{
	CK_SESSION_HANDLE h = 0;

	fixture_load();
	ck_assert_rv(f->C_Initialize(NULL), CKR_OK);
	ck_assert_rv(vendor->C_OpenSession(SLOT_A, CKF_SERIAL_SESSION, NULL, NULL, &h), CKR_OK);
	fixture_record("blocked", "lock", 1, "");
	fixture_script("done=0xA4\n");
	ck_assert_rv(fixture_login(h, CKU_USER, TEST_PIN), CKR_PIN_LOCKED);
	ck_assert_uint_eq(control->calls[F_LOGIN], 0);
}
END_TEST

START_TEST(no_session)
{
	fixture_load();
	fixture_session();
	ck_assert_rv(fixture_init_pin(4000, "5555"), CKR_USER_NOT_LOGGED_IN);
	ck_assert_uint_eq(control->calls[F_INIT_PIN], 1);
	fixture_asked("");
}
END_TEST

/* The helper gives an answer that is none to what was asked. */
START_TEST(another_answer)
{
	CK_SESSION_HANDLE h;

	fixture_load();
	h = so_session("watching use-r=1 done=0\n");
	ck_assert_rv(fixture_init_pin(h, "5555"), CKR_FUNCTION_FAILED);
	ck_assert_uint_eq(control->calls[F_INIT_PIN], 0);
	fixture_logged("the helper's answer is not understood");
}
END_TEST

static void
begin(void)
{
	fixture_begin("vendor_240");
}

static Suite *
suite(void)
{
	Suite *s = suite_create("slots");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, begin, fixture_end);
	tcase_set_timeout(t, 30);
	tcase_add_test(t, one_card_two_slots);
	tcase_add_test(t, watcher_of_the_other_slot_dies);
	tcase_add_loop_test(t, twins, 0, 2);
	tcase_add_test(t, readers_unseen);
	tcase_add_test(t, slots_unseen);
	tcase_add_test(t, another_card);
	tcase_add_test(t, so_on_a_token_without_name);
	tcase_add_loop_test(t, card_unseen, 0, (int)(sizeof(unseen) / sizeof(unseen[0])));
	tcase_add_test(t, card_without_a_word);
	tcase_add_test(t, foreign_session);
	tcase_add_test(t, no_session);
	tcase_add_test(t, another_answer);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return fixture_run(suite());
}
