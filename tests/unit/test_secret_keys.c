/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of which secret key is a card manager key, by its label. */
#include "tests/unit/unit.h"

#include <string.h>

#include "card/secret_keys.h"

static const char *const manager[] = {
    "Card Manager Key",
    "CardManagerKey",
    "CARD_MANAGER_KEY",
    "card-manager key 2",
    "Challenge/Response Key",
    "challenge response",
    "CRKey",
    "CR Key",
    "Admin Key",
    "Administrator key",
    "CardMgr",
};

static const char *const others[] = {
    "",
    "disk",
    "secret key of the manager",
    "screenkey",
    "ICR key 1",
    "challenge",
    "response",
    "credit card",
    "p11-latch ticket 3",
};

START_TEST(test_manager)
{
	ck_assert_msg(secret_keys_is_manager(manager[_i]), "%s", manager[_i]);
}
END_TEST

START_TEST(test_others)
{
	ck_assert_msg(!secret_keys_is_manager(others[_i]), "%s", others[_i]);
}
END_TEST

/* As long as a label can be, and longer. */
START_TEST(test_long)
{
	char label[SECRET_KEYS_LABEL + 16];

	memset(label, 'x', sizeof(label));
	label[SECRET_KEYS_LABEL] = '\0';
	memcpy(label + SECRET_KEYS_LABEL - 8, "adminkey", 8);
	ck_assert(secret_keys_is_manager(label));
	label[SECRET_KEYS_LABEL] = 'x';
	label[SECRET_KEYS_LABEL + 1] = '\0';
	ck_assert(!secret_keys_is_manager(label));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("secret_keys");
	TCase *tc = tcase_create("secret_keys");

	tcase_add_loop_test(tc, test_manager, 0, N_OF(manager));
	tcase_add_loop_test(tc, test_others, 0, N_OF(others));
	tcase_add_test(tc, test_long);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
