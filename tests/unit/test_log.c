/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of the log: one printable line a message, errno kept, the debug file. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "policy/log.h"

static char seen[16384];
static enum log_level seen_level;
static int n_seen;

static bool
sink(enum log_level level, const char *line, void *arg)
{
	ck_assert_ptr_eq(arg, seen);
	snprintf(seen, sizeof(seen), "%s", line);
	seen_level = level;
	n_seen++;
	return true;
}

START_TEST(test_escape)
{
	log_set_sink(sink, seen);
	errno = ENOTTY;
	log_error("token %s", "a\nb\x1b[2J\x7f\xc3\xa4%s");
	ck_assert_int_eq(errno, ENOTTY);
	ck_assert_str_eq(seen, "p11-latch: token a\\x0Ab\\x1B[2J\\x7F\\xC3\\xA4%s");
	ck_assert_int_eq(seen_level, LOG_LEVEL_ERROR);
}
END_TEST

START_TEST(test_print_escaped)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(out);
	log_print_escaped(out, " ~a\n\x1b[2J\x07\x7f\xff%s");
	fclose(out);
	ck_assert_str_eq(text, " ~a\\x0A\\x1B[2J\\x07\\x7F\\xFF%s");
	free(text);
}
END_TEST

START_TEST(test_long)
{
	char *text = malloc(100000);

	memset(text, '\n', 99999);
	text[99999] = '\0';
	log_set_sink(sink, seen);
	log_warning("%s", text);
	ck_assert_uint_eq(strlen(seen), strlen("p11-latch: ") + 4 * 2044 + 3);
	ck_assert_str_eq(seen + strlen(seen) - 7, "\\x0A...");
	free(text);
}
END_TEST

static char *
read_all(const char *path)
{
	static char text[4096];
	FILE *f = fopen(path, "r");
	size_t n;

	if (f == NULL)
		return NULL;
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

START_TEST(test_debug_file)
{
	char *dir = unit_folder(), *path = unit_path(dir, "log");

	log_set_sink(sink, seen);
	unsetenv("P11_LATCH_DEBUG");
	log_init();
	log_debug("dropped");
	ck_assert_ptr_null(read_all(path));
	setenv("P11_LATCH_DEBUG", path, 1);
	log_init();
	ck_assert(!log_to_stderr());
	log_debug("one %d", 1);
	ck_assert_int_eq(n_seen, 0);
	log_info("two\n");
	ck_assert_int_eq(n_seen, 1);
	ck_assert_str_eq(read_all(path), "p11-latch: debug: test_debug_file_fn: one 1\n"
					 "p11-latch: info: test_debug_file_fn: two\\x0A\n");
	/* A path that is not absolute, and anything but 1, asks for nothing. */
	setenv("P11_LATCH_DEBUG", "0", 1);
	log_init();
	log_debug("dropped");
	ck_assert(!log_to_stderr());
	ck_assert_ptr_null(strstr(read_all(path), "dropped"));
	setenv("P11_LATCH_DEBUG", "1", 1);
	log_init();
	ck_assert(log_to_stderr());
	free(path);
	unit_remove(dir);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("log");
	TCase *tc = tcase_create("log");

	tcase_add_test(tc, test_escape);
	tcase_add_test(tc, test_print_escaped);
	tcase_add_test(tc, test_long);
	tcase_add_test(tc, test_debug_file);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
