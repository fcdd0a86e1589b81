/* SPDX-License-Identifier: BSD-3-Clause */
/* Many threads at once, the module linked in, so that ThreadSanitizer sees all (test_tsan). */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/module/fixture.h"

#define WORKERS 8
#define SIGNERS 4
#define ROUNDS  400

/* What went wrong first; threads do not assert. */
static _Atomic(const char *) wrong;
static atomic_bool stop;

/* The vendor modules of the tests are not instrumented, and steered from outside. */
const char *__tsan_default_options(void);
const char *
__tsan_default_options(void)
{
	return "ignore_noninstrumented_modules=1 halt_on_error=1 exitcode=66";
}

static void
expect(bool good, const char *what)
{
	const char *none = NULL;

	if (!good)
		atomic_compare_exchange_strong(&wrong, &none, what);
}

static void *
work(void *arg)
{
	CK_SLOT_ID slot = *(const CK_SLOT_ID *)arg;
	CK_SESSION_HANDLE one, two;
	CK_TOKEN_INFO info;
	CK_RV rv;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		expect(f->C_OpenSession(slot, 6, NULL, NULL, &one) == CKR_OK, "open");
		expect(f->C_OpenSession(slot, 6, NULL, NULL, &two) == CKR_OK, "open two");
		rv = fixture_login(one, CKU_USER, TEST_PIN);
		expect(rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN, "login");
		expect(f->C_GetTokenInfo(slot, &info) == CKR_OK, "token info");
		rv = f->C_Logout(two);
		expect(rv == CKR_OK || rv == CKR_USER_NOT_LOGGED_IN, "logout");
		expect(f->C_CloseSession(one) == CKR_OK, "close");
		expect(f->C_CloseSession(two) == CKR_OK, "close two");
	}
	return NULL;
}

static void *
sign(void *arg)
{
	unsigned char data[8] = {0}, signature[8];
	unsigned long len;

	(void)arg;
	while (!atomic_load(&stop)) {
		len = sizeof(signature);
		expect(f->C_Sign(1, data, sizeof(data), signature, &len) == CKR_OK, "sign");
	}
	return NULL;
}

static void
run(void *(*other)(void *))
{
	static const CK_SLOT_ID slots[] = {SLOT_A, SLOT_B};
	pthread_t workers[WORKERS], others[SIGNERS];
	int i;

	for (i = 0; i < SIGNERS; i++)
		ck_assert_int_eq(pthread_create(&others[i], NULL, other, NULL), 0);
	for (i = 0; i < WORKERS; i++)
		ck_assert_int_eq(
		    pthread_create(&workers[i], NULL, work, (void *)(size_t)&slots[i % 2]), 0);
	for (i = 0; i < WORKERS; i++)
		pthread_join(workers[i], NULL);
	atomic_store(&stop, true);
	for (i = 0; i < SIGNERS; i++)
		pthread_join(others[i], NULL);
	atomic_store(&stop, false);
	ck_assert_msg(atomic_load(&wrong) == NULL, "%s", atomic_load(&wrong));
}

START_TEST(sessions_and_logins)
{
	ck_assert_rv(f->C_Initialize(NULL), CKR_OK);
	run(sign);
	ck_assert_rv(f->C_Finalize(NULL), CKR_OK);
	fixture_asked("");
}
END_TEST

static void *
ask(void *arg)
{
	CK_SESSION_HANDLE h;
	int i;

	(void)arg;
	for (i = 0; i < 10; i++) {
		expect(f->C_OpenSession(SLOT_A, 6, NULL, NULL, &h) == CKR_OK, "open");
		expect(fixture_set_pin(h, "0000", "5555") == CKR_PIN_LOCKED, "set pin");
		expect(f->C_CloseSession(h) == CKR_OK, "close");
	}
	return NULL;
}

/* Requests to the helper, and a holder, while others go on. */
START_TEST(requests)
{
	CK_SESSION_HANDLE h;
	char script[8192] = "watching personalizing personalizing done=0\n";
	int i;

	for (i = 0; i < 10 * SIGNERS; i++)
		strcat(script, "done=0xA4\n");
	fixture_script(script);
	ck_assert_rv(f->C_Initialize(NULL), CKR_OK);
	ck_assert_rv(f->C_OpenSession(SLOT_B, 6, NULL, NULL, &h), CKR_OK);
	ck_assert_rv(fixture_login(h, CKU_SO, TEST_PUK), CKR_OK);
	ck_assert_rv(fixture_init_pin(h, TEST_PIN), CKR_OK);
	ck_assert_rv(f->C_Logout(h), CKR_OK);
	run(ask);
	ck_assert_rv(f->C_Finalize(NULL), CKR_OK);
}
END_TEST

/* One configuration for all: the module reads it once. */
static void
start(void)
{
	fixture_begin("vendor_240");
	fixture_load_with(C_GetFunctionList);
}

int
main(void)
{
	Suite *s = suite_create("threads");
	TCase *t = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_unchecked_fixture(t, start, fixture_end);
	tcase_set_timeout(t, 300);
	tcase_add_test(t, sessions_and_logins);
	tcase_add_test(t, requests);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
