/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of "did you mean", over the table of elements. */
#include "tests/unit/unit.h"

#include "policy/element.h"
#include "policy/nearest.h"

static const struct {
	const char *name, *nearest;
} cases[] = {
    {"IntialPUK", "InitialPUK"},
    {"BlockCrad", "BlockCard"},
    {"CardManageKey", "CardManagerKey"},
    {"DisableDerivations", "DisableDerivation"},
    {"setpni", "SetPIN"},
    {"PKU", "PUK"},
    {"X", NULL},
    {"", NULL},
    {"Completely", NULL},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
};

START_TEST(test_cases)
{
	const char *near = element_nearest(cases[_i].name);

	if (cases[_i].nearest == NULL)
		ck_assert_msg(near == NULL, "%s: %s", cases[_i].name, near);
	else
		ck_assert_msg(near != NULL && strcmp(near, cases[_i].nearest) == 0, "%s: %s",
		    cases[_i].name, near == NULL ? "none" : near);
}
END_TEST

START_TEST(test_elements)
{
	bool exact;

	ck_assert_ptr_null(element_find("setpin", false));
	ck_assert_str_eq(element_find("setpin", true)->name, "SetPIN");
	ck_assert(element_is_secret(element_find("PUK", false)));
	ck_assert(!element_is_secret(element_find("ClearFields", false)));
	ck_assert_int_eq(section_find("Application_", &exact), IN_NOTHING);
	ck_assert_int_eq(section_find("Application_B", &exact), IN_APPLICATION);
	ck_assert(exact);
	ck_assert_int_eq(section_find("application_B", &exact), IN_APPLICATION);
	ck_assert(!exact);
	ck_assert_int_eq(section_find("FIELDS", &exact), IN_FIELDS);
	for (size_t i = 0; i < n_elements; i++)
		ck_assert_ptr_eq(element_find(elements[i].name, false), &elements[i]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nearest");
	TCase *tc = tcase_create("nearest");

	tcase_add_loop_test(tc, test_cases, 0, N_OF(cases));
	tcase_add_test(tc, test_elements);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
