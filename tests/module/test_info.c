/* SPDX-License-Identifier: BSD-3-Clause */
/* C_GetTokenInfo: which flags an application sees in each state. */
#include <string.h>

#include "tests/module/fixture.h"

#define LOW     CKF_USER_PIN_COUNT_LOW
#define FINAL   CKF_USER_PIN_FINAL_TRY
#define LOCKED  CKF_USER_PIN_LOCKED
#define CHANGE  CKF_USER_PIN_TO_BE_CHANGED
#define ALL     (LOW | FINAL | LOCKED | CHANGE)
#define SOFTHSM "SoftHSM project"

static const struct {
	const char *state; /* NULL: no record */
	const char *method;
	const char *manufacturer; /* NULL: a token that no profile knows */
	bool initialized;         /* CKF_USER_PIN_INITIALIZED */
	CK_FLAGS vendor, seen;
} rows[] = {
    {NULL, NULL, NULL, true, LOW | FINAL, LOW | FINAL},
    {"active", "none", NULL, true, LOW, LOW},
    {"active", "none", NULL, true, LOCKED, LOCKED},
    {"blocked", "scramble", NULL, true, LOW | FINAL, LOCKED},
    {"blocked", "scramble", NULL, true, CHANGE, LOCKED | CHANGE},
    {"personalizing", "none", NULL, true, LOW, LOCKED},
    {"personalizing", "refuse", NULL, true, 0, LOCKED},
    /* Blocked by lock: the card's own flags are the truth. */
    {"blocked", "lock", NULL, true, LOW, LOW},
    {"blocked", "lock", NULL, true, LOCKED, LOCKED},
    /* A new life, on a module that shows it, and on one that does not. */
    {"blocked", "scramble", SOFTHSM, false, 0, 0},
    {"personalizing", "none", SOFTHSM, false, 0, 0},
    {"blocked", "scramble", SOFTHSM, true, 0, LOCKED},
    {"blocked", "scramble", NULL, false, 0, LOCKED},
    /* A record that cannot be read. */
    {"blocked", "nonsense", NULL, true, LOW, LOW},
};

START_TEST(row)
{
	CK_TOKEN_INFO info;

	if (rows[_i].manufacturer != NULL)
		strcpy(control->manufacturer, rows[_i].manufacturer);
	control->flags |= rows[_i].vendor;
	if (!rows[_i].initialized)
		control->flags &= ~(CK_FLAGS)CKF_USER_PIN_INITIALIZED;
	if (rows[_i].state != NULL)
		fixture_record(rows[_i].state, rows[_i].method, 1, "");
	/* Before C_Initialize, the vendor's answer. */
	ck_assert_rv(f->C_GetTokenInfo(SLOT_A, &info), CKR_CRYPTOKI_NOT_INITIALIZED);
	ck_assert_rv(f->C_Initialize(NULL), CKR_OK);
	ck_assert_rv(f->C_GetTokenInfo(SLOT_A, &info), CKR_OK);
	ck_assert_uint_eq(info.flags & ALL, rows[_i].seen);
	ck_assert_uint_eq(info.flags & ~(CK_FLAGS)ALL, control->flags & ~(CK_FLAGS)ALL);
	/* The other token is another token. */
	ck_assert_rv(f->C_GetTokenInfo(SLOT_B, &info), CKR_OK);
	ck_assert_uint_eq(info.flags, control->flags);
	fixture_asked("");
}
END_TEST

START_TEST(errors_are_the_vendors)
{
	CK_TOKEN_INFO info;

	ck_assert_rv(f->C_Initialize(NULL), CKR_OK);
	ck_assert_rv(f->C_GetTokenInfo(99, &info), CKR_SLOT_ID_INVALID);
	control->refuse[F_GET_TOKEN_INFO] = CKR_TOKEN_NOT_PRESENT;
	ck_assert_rv(f->C_GetTokenInfo(SLOT_A, NULL), CKR_TOKEN_NOT_PRESENT);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("token-info");
	TCase *t = tcase_create("rows");

	tcase_add_checked_fixture(t, fixture_start, fixture_end);
	tcase_add_loop_test(t, row, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(t, errors_are_the_vendors);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return fixture_run(suite());
}
