/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of where descriptors go: out of the way of applications, and of vendor modules. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "policy/file.h"

static int
open_null(void)
{
	int fd = open("/dev/null", O_RDWR);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* What is there now has another number than what a vendor module may have had. */
START_TEST(test_aside)
{
	int low = open_null(), high = file_aside(low);

	ck_assert_int_ge(high, 512);
	ck_assert_int_eq(fcntl(high, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(low, F_GETFD), -1);
	ck_assert_int_eq(close(high), 0);
	ck_assert_int_eq(file_aside(-1), -1);
}
END_TEST

START_TEST(test_aside_without_room)
{
	struct rlimit limit = {32, 32};
	int low, fd;

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	low = open_null();
	fd = file_aside(low);
	ck_assert_int_ge(fd, 16);
	while (open("/dev/null", O_RDWR) >= 0)
		continue;
	/* The table is full: it stays, and stays open. */
	ck_assert_int_eq(file_aside(fd), fd);
	ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
	while (fd > 2)
		close(fd--);
}
END_TEST

START_TEST(test_above_2)
{
	int fd, out = dup(1);

	ck_assert_int_ge(out, 3);
	close(0);
	fd = file_above_2(open_null());
	ck_assert_int_ge(fd, 3);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(fcntl(0, F_GETFD), -1);
	ck_assert_int_eq(file_above_2(fd), fd);
	ck_assert_int_eq(file_above_2(-1), -1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("file");
	TCase *tc = tcase_create("file");

	tcase_add_test(tc, test_aside);
	tcase_add_test(tc, test_aside_without_room);
	tcase_add_test(tc, test_above_2);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
