/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of the secret type. */
#include "tests/unit/unit.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include "policy/secret.h"

START_TEST(test_content)
{
	struct secret *a = secret_new("12\0"
				      "34",
			  5),
		      *b = secret_dup(a), *empty = secret_new(NULL, 0);
	struct secret *zero = secret_alloc(5);

	ck_assert_uint_eq(secret_len(a), 5);
	ck_assert_mem_eq(secret_bytes(a),
	    "12\0"
	    "34",
	    5);
	ck_assert_uint_eq(secret_len(empty), 0);
	ck_assert_mem_eq(secret_bytes(zero), "\0\0\0\0\0", 5);
	ck_assert(secret_equal(a, b));
	secret_data(b)[4] = '5';
	ck_assert(!secret_equal(a, b));
	ck_assert(!secret_equal(a, zero));
	ck_assert(!secret_equal(a, empty));
	ck_assert(secret_equal(empty, empty));
	ck_assert(!secret_equal(a, NULL));
	ck_assert(!secret_equal(NULL, NULL));
	secret_free(&a);
	ck_assert_ptr_null(a);
	secret_free(&a);
	secret_free(&b);
	secret_free(&empty);
	secret_free(&zero);
	ck_assert_ptr_null(secret_dup(NULL));
	ck_assert_ptr_null(secret_alloc((size_t)-1));
}
END_TEST

START_TEST(test_truncate)
{
	struct secret *a = secret_new("123456", 6);

	secret_truncate(a, 4);
	ck_assert_uint_eq(secret_len(a), 4);
	ck_assert_mem_eq(secret_bytes(a), "1234\0\0", 6);
	secret_truncate(a, 10);
	ck_assert_uint_eq(secret_len(a), 4);
	secret_free(&a);
}
END_TEST

START_TEST(test_init)
{
	struct rlimit core;

	secret_init();
	secret_init();
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE, 0L, 0L, 0L, 0L), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &core), 0);
	ck_assert_uint_eq(core.rlim_cur, 0);
}
END_TEST

/* More than fits into locked memory, and no locked memory at all. */
START_TEST(test_exhausted)
{
	const struct rlimit none = {0, 0};
	struct secret *s[100];

	if (_i == 1)
		ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	secret_init();
	for (size_t i = 0; i < N_OF(s); i++) {
		s[i] = secret_alloc(4096);
		ck_assert_ptr_nonnull(s[i]);
		memset(secret_data(s[i]), (int)i, 4096);
	}
	for (size_t i = 0; i < N_OF(s); i++) {
		ck_assert_uint_eq(secret_bytes(s[i])[4095], i);
		secret_free(&s[i]);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("secret");
	TCase *tc = tcase_create("secret");

	tcase_add_test(tc, test_content);
	tcase_add_test(tc, test_truncate);
	tcase_add_test(tc, test_init);
	tcase_add_loop_test(tc, test_exhausted, 0, 2);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
