/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of the INI reader: its grammar, and every error with its place. */
#include "tests/unit/unit.h"

#include "policy/ini.h"

static const struct {
	const char *name;
	const char *text;
	size_t len; /* 0: a string */
	unsigned flags;
	struct wanted wanted[WANTED_MAX];
} cases[] = {
    {"empty", "", 0, 0, {{0}}},
    {"plain", "[A]\nx=1\n", 0, 0, {{0}}},
    {"comments", "; one\n# two\n  ; three\n[A]\n#x=1\n", 0, 0, {{0}}},
    {"unclosed", "[A]\n  [Desc\nx=1\n", 0, 0, {E(2, 3, "not closed|write ]")}},
    {"no name", "[ ]\n", 0, 0, {E(1, 1, "without a name")}},
    {"text behind", "[A] x\n", 0, 0, {E(1, 5, "behind a section header")}},
    {"comment is text", "[A] ; x\n", 0, 0, {E(1, 5, "behind a section header")}},
    {"comment", "[A] ; x\n", 0, INI_TRAILING_COMMENTS, {{0}}},
    {"neither", "[A]\n\tSetPIN true\n", 0, 0, {E(2, 2, "neither a section nor an element")}},
    {"no element name", "[A]\n =1\n", 0, 0, {E(2, 2, "without a name")}},
    {"before section", "x=1\n[A]\n", 0, 0, {E(1, 1, "before any section")}},
    {"duplicate element", "[A]\nx=1\ny=2\n x=3\n", 0, 0, {E(4, 2, "duplicate element x=|line 2")}},
    {"other section", "[A]\nx=1\n[B]\nx=3\n", 0, 0, {{0}}},
    {"duplicate section", "[A]\n[B]\n [A]\n", 0, 0, {E(3, 2, "duplicate section [A]|line 1")}},
    {"not UTF-8", "[A]\nx=ab\xff\n", 0, 0, {E(2, 5, "not UTF-8|0xFF")}},
    {"cut off UTF-8", "[A]\nx=\xe2\x82", 0, 0, {E(2, 3, "not UTF-8")}},
    {"overlong UTF-8", "[A]\nx=\xc0\xaf\n", 0, 0, {E(2, 3, "not UTF-8")}},
    {"surrogate", "[A]\nx=\xed\xa0\x80\n", 0, 0, {E(2, 3, "not UTF-8")}},
    {"beyond Unicode", "[A]\nx=\xf4\x90\x80\x80\n", 0, 0, {E(2, 3, "not UTF-8")}},
    {"UTF-8", "[A]\nx=gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\n", 0, 0, {{0}}},
    {"NUL", "[A]\nx=a\0b\n", 10, 0, {E(2, 4, "NUL byte")}},
    {"several", "x\n[A\nq\nz=1\nz=2\n", 0, 0,
	{E(1, 1, "neither"), E(2, 1, "not closed"), E(3, 1, "neither"), E(5, 1, "duplicate")}},
};

START_TEST(test_cases)
{
	struct diags d = {0};
	size_t len = cases[_i].len == 0 ? strlen(cases[_i].text) : cases[_i].len;
	struct ini *ini = ini_parse("x.ini", cases[_i].text, len, cases[_i].flags, &d);

	ck_assert_ptr_nonnull(ini);
	unit_expect(cases[_i].name, "x.ini", &d, cases[_i].wanted);
	ini_free(ini);
	diags_free(&d);
}
END_TEST

static const char *
value_of(const struct ini *ini, const char *section, const char *name)
{
	const struct ini_section *s = ini_section(ini, section);
	const struct ini_entry *e = s == NULL ? NULL : ini_entry(s, name);

	return e == NULL ? NULL : e->value;
}

START_TEST(test_values)
{
	static const char text[] = "\xef\xbb\xbf[ A ]\r\n  PIN \t= #12 34  \r\nempty=\r\nk=a=b\n"
				   "c=#v ; no comment";
	struct diags d = {0};
	struct ini *ini = ini_parse("x", text, sizeof(text) - 1, 0, &d);
	const struct ini_entry *e;
	size_t len;

	ck_assert_ptr_nonnull(ini);
	ck_assert_uint_eq(d.n, 0);
	ck_assert_str_eq(value_of(ini, "A", "PIN"), "#12 34");
	ck_assert_str_eq(value_of(ini, "A", "empty"), "");
	ck_assert_str_eq(value_of(ini, "A", "k"), "a=b");
	ck_assert_str_eq(value_of(ini, "A", "c"), "#v ; no comment");
	ck_assert_ptr_null(value_of(ini, "A", "pin"));
	ck_assert_ptr_null(value_of(ini, "a", "PIN"));
	e = ini_entry(ini_section(ini, "A"), "PIN");
	ck_assert_uint_eq(ini_place_name(ini, e).line, 2);
	ck_assert_uint_eq(ini_place_name(ini, e).column, 3);
	ck_assert_uint_eq(ini_place_value(ini, e).column, 10);
	ck_assert_int_eq(strncmp(ini_line(ini, 1, &len), "[ A ]", 5), 0);
	ck_assert_uint_eq(len, 5);
	ck_assert_int_eq(strncmp(ini_line(ini, 5, &len), "c=#v ; no comment", 17), 0);
	ck_assert_uint_eq(len, 17);
	ck_assert_ptr_null(ini_line(ini, 6, &len));
	ini_free(ini);
}
END_TEST

START_TEST(test_trailing_comments)
{
	static const char text[] = "[M]\na=auto   ; section 7\nb=x;y\nc= ;\nd=;x\ne=1;2 ;3\n";
	struct diags d = {0};
	struct ini *ini = ini_parse("x", text, sizeof(text) - 1, INI_TRAILING_COMMENTS, &d);

	ck_assert_uint_eq(d.n, 0);
	ck_assert_str_eq(value_of(ini, "M", "a"), "auto");
	ck_assert_str_eq(value_of(ini, "M", "b"), "x;y");
	ck_assert_str_eq(value_of(ini, "M", "c"), "");
	ck_assert_str_eq(value_of(ini, "M", "d"), ";x");
	ck_assert_str_eq(value_of(ini, "M", "e"), "1;2");
	ini_free(ini);
}
END_TEST

START_TEST(test_long_line)
{
	static const struct wanted wanted[WANTED_MAX] = {E(2, 65537, "line over 64 KiB")};
	size_t len = 4 + 2 + INI_LINE_MAX;
	char *text = malloc(len);
	struct diags d = {0};

	memset(text, 'a', len);
	memcpy(text, "[A]\nx=", 6);
	ini_free(ini_parse("x.ini", text, len, 0, &d));
	unit_expect("long", "x.ini", &d, wanted);
	diags_free(&d);
	/* Two bytes fewer: as long as it may be. */
	ini_free(ini_parse("x.ini", text, len - 2, 0, &d));
	ck_assert_uint_eq(d.n, 0);
	free(text);
}
END_TEST

START_TEST(test_many_errors)
{
	size_t len = 2 * 100000;
	char *text = malloc(len);
	struct diags d = {0};

	for (size_t i = 0; i < len; i += 2)
		memcpy(text + i, "x\n", 2);
	ini_free(ini_parse("x.ini", text, len, 0, &d));
	ck_assert_uint_eq(d.n_errors, 101);
	ck_assert_ptr_nonnull(strstr(d.list[100].what, "too many errors"));
	diags_free(&d);
	free(text);
}
END_TEST

START_TEST(test_files)
{
	static const struct wanted absent[WANTED_MAX] = {E(0, 0, "is not there")};
	static const struct wanted folder[WANTED_MAX] = {E(0, 0, "is a folder")};
	static const struct wanted fifo[WANTED_MAX] = {E(0, 0, "is a pipe")};
	static const struct wanted device[WANTED_MAX] = {E(0, 0, "is a device")};
	static const struct wanted big[WANTED_MAX] = {E(0, 0, "file over 1024 KiB")};
	static const struct wanted open_[WANTED_MAX] = {
	    E(0, 0, "can be written by others|0666|chmod go-w")};
	char *dir = unit_folder(), *path, *large = calloc(1, INI_FILE_MAX + 1);
	struct diags d = {0};
	struct ini *ini;

	path = unit_path(dir, "none");
	ck_assert_ptr_null(ini_read(path, 0, &d));
	unit_expect("absent", path, &d, absent);
	diags_free(&d);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_ptr_null(ini_read(path, 0, &d));
	unit_expect("fifo", path, &d, fifo);
	diags_free(&d);
	free(path);
	ck_assert_ptr_null(ini_read(dir, 0, &d));
	unit_expect("folder", dir, &d, folder);
	diags_free(&d);
	ck_assert_ptr_null(ini_read("/dev/null", 0, &d));
	unit_expect("device", NULL, &d, device);
	diags_free(&d);

	path = unit_write(dir, "big", large, INI_FILE_MAX + 1, 0600);
	ck_assert_ptr_null(ini_read(path, 0, &d));
	unit_expect("big", path, &d, big);
	diags_free(&d);
	free(path);

	path = unit_write(dir, "open", "[A]\nx=1\n", 8, 0666);
	ck_assert_ptr_null(ini_read(path, INI_TRUSTED, &d));
	unit_expect("writable", path, &d, open_);
	diags_free(&d);
	ini = ini_read(path, 0, &d);
	ck_assert_uint_eq(d.n, 0);
	ck_assert_uint_eq(ini->mode, 0666);
	ck_assert_str_eq(value_of(ini, "A", "x"), "1");
	ini_free(ini);
	free(path);
	free(large);
	unit_remove(dir);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ini");
	TCase *tc = tcase_create("ini");

	tcase_add_loop_test(tc, test_cases, 0, N_OF(cases));
	tcase_add_test(tc, test_values);
	tcase_add_test(tc, test_trailing_comments);
	tcase_add_test(tc, test_long_line);
	tcase_add_test(tc, test_many_errors);
	tcase_add_test(tc, test_files);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
