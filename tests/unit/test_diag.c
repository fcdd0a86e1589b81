/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of diagnostics: counted, put into lines, printed with carets and as JSON. */
#include "tests/unit/unit.h"

#include "policy/report.h"

START_TEST(test_line)
{
	static const struct {
		struct place where;
		enum diag_level level;
		const char *what, *remedy, *line;
	} cases[] = {
	    {{"a.conf", 3, 7}, DIAG_ERROR, "x is wrong", "write y",
		"a.conf:3:7: error: x is wrong; write y"},
	    {{"a.conf", 3, 0}, DIAG_WARNING, "x", NULL, "a.conf:3: warning: x"},
	    {{"a.conf", 0, 0}, DIAG_NOTE, "x", NULL, "a.conf: note: x"},
	    {{NULL, 0, 0}, DIAG_ERROR,
		"x\n\x1b\xc2\x9b"
		"2J \xc3\xa4",
		NULL,
		": error: x???\x9b"
		"2J \xc3\xa4"},
	};
	struct diags d = {0};

	for (size_t i = 0; i < N_OF(cases); i++) {
		char *line;

		diag_add(&d, cases[i].level, cases[i].where, cases[i].remedy, "%s", cases[i].what);
		line = diag_line(&d.list[i]);
		ck_assert_str_eq(line, cases[i].line);
		free(line);
	}
	ck_assert_uint_eq(d.n, 4);
	ck_assert_uint_eq(d.n_errors, 2);
	ck_assert_uint_eq(d.n_warnings, 1);
	diags_free(&d);
	ck_assert_uint_eq(d.n, 0);
}
END_TEST

static char *
print(const struct diags *d, bool json, bool carets)
{
	char *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	diags_print(d, f, json, carets);
	fclose(f);
	return out;
}

START_TEST(test_json)
{
	struct diags d = {0};
	char *out = print(&d, true, false);

	ck_assert_str_eq(out, "[]\n");
	free(out);
	diag_add(&d, DIAG_ERROR, (struct place){"a\"\\\n\xff", 1, 2}, NULL, "x\xc3\xa4");
	diag_add(&d, DIAG_NOTE, (struct place){"b", 0, 0}, "r", "y");
	out = print(&d, true, true);
	ck_assert_str_eq(out,
	    "[\n  {\"level\": \"error\", \"file\": \"a\\\"\\\\\\u000a\\ufffd\", \"line\": 1, "
	    "\"column\": 2, "
	    "\"what\": \"x\xc3\xa4\", \"remedy\": null},\n"
	    "  {\"level\": \"note\", \"file\": \"b\", \"line\": 0, \"column\": 0, \"what\": \"y\", "
	    "\"remedy\": \"r\"}\n]\n");
	free(out);
	diags_free(&d);
}
END_TEST

/* Each line of the file, and what may be seen of it. */
static const struct {
	const char *line, *shown;
	unsigned column;
} carets[] = {
    {"4711 geheim", "    **** ******\n    ^\n", 1},
    {"[Fields]", "    [Fields]\n    ^\n", 1},
    {"A=geheim", "    A=******\n      ^\n", 3},
    {"[Description]", NULL, 0},
    {"\tPIN=#12 34", "    \tPIN=#** **\n    \t    ^\n", 6},
    {"PUK=geheim", "    PUK=******\n    ^\n", 1},
    {"InitialPUK=!FROM_X", "    InitialPUK=!FROM_X\n               ^\n", 12},
    {"SetPIN=maybe", "    SetPIN=maybe\n           ^\n", 8},
    {"Unknown=geheim", "    Unknown=******\n    ^\n", 1},
    {"CardManagerKey=gr\xc3\xbcn", "    CardManagerKey=****\n                      ^\n", 20},
    {"ClearFields=\xc3\xbc,x\x1b", "    ClearFields=\xc3\xbc,x?\n                  ^\n", 16},
    {"[pkcs11:model=M]", "    [pkcs11:model=M]\n            ^\n", 9},
    {"Field.A=file:x", "    Field.A=file:x\n            ^\n", 9},
    {"Field.A=env:X", "    Field.A=env:X\n            ^\n", 9},
    {"Field.A= dialog\t; of the desk", "    Field.A= dialog\t; of the desk\n             ^\n", 10},
    {"Field.A=12345678", "    Field.A=********\n            ^\n", 9},
    {" field.A = 1234 ; x", "     field.A = **** * *\n     ^\n", 2},
    {"Field.A=dialog 1234", "    Field.A=****** ****\n            ^\n", 9},
    {"Fields.A=12345678", "    Fields.A=********\n             ^\n", 10},
    {"Field.=12345678", "    Field.=********\n    ^\n", 1},
    {"Personalize=#777", "    Personalize=#***\n                ^\n", 13},
    {"Personalize=x.dsc", "    Personalize=x.dsc\n                ^\n", 13},
};

START_TEST(test_carets)
{
	char *dir = unit_folder(), *path, *out, *line, *wanted, text[2048] = "";
	struct diags d = {0};

	for (size_t i = 0; i < N_OF(carets); i++) {
		strcat(text, carets[i].line);
		strcat(text, "\r\n");
	}
	path = unit_write(dir, "x", text, strlen(text), 0600);
	for (size_t i = 0; i < N_OF(carets); i++) {
		if (carets[i].shown == NULL)
			continue;
		diag_add(&d, DIAG_ERROR, (struct place){path, (unsigned)i + 1, carets[i].column},
		    NULL, "x");
		line = diag_line(&d.list[0]);
		ck_assert_int_gt(asprintf(&wanted, "%s\n%s", line, carets[i].shown), 0);
		out = print(&d, false, true);
		ck_assert_str_eq(out, wanted);
		free(out);
		free(wanted);
		out = print(&d, false, false);
		ck_assert_uint_eq(strlen(out), strlen(line) + 1);
		free(out);
		free(line);
		diags_free(&d);
	}
	free(path);
	unit_remove(dir);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("diag");
	TCase *tc = tcase_create("diag");

	tcase_add_test(tc, test_line);
	tcase_add_test(tc, test_json);
	tcase_add_test(tc, test_carets);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
