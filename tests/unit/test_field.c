/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of fields and path templates: which value a token has, and sources that fail. */
#include "tests/unit/unit.h"

#include "policy/field.h"
#include "policy/log.h"
#include "policy/template.h"

static const struct identity token = {"Maker/..", "M", "../1", ""};

static const struct {
	const char *text, *path, *why;
} templates[] = {
    {"/k/all", "/k/all", NULL},
    {"/k/{serial}", "/k/%2E%2E%2F1", NULL},
    {"/{model}/{manufacturer}-{serial}.key", "/M/Maker%2F%2E%2E-%2E%2E%2F1.key", NULL},
    {"/k/{label}", NULL, "no label"},
    {"/k/{Serial}", NULL, "{serial}"},
    {"/k/{serial", NULL, "{serial}"},
    {"/k/}", NULL, "{serial}"},
    {"/k/{}", NULL, "{serial}"},
};

START_TEST(test_template)
{
	const char *why;
	char *path = template_expand(templates[_i].text, &token, &why);

	if (templates[_i].path == NULL) {
		ck_assert_ptr_null(path);
		ck_assert_ptr_nonnull(strstr(why, templates[_i].why));
	} else {
		ck_assert_ptr_nonnull(path);
		ck_assert_str_eq(path, templates[_i].path);
	}
	free(path);
	ck_assert(template_is_own(templates[_i].text) ==
		  (strstr(templates[_i].text, "{serial}") != NULL));
}
END_TEST

static char *dir, last[8192];

static bool
sink(enum log_level level, const char *line, void *arg)
{
	(void)level;
	(void)arg;
	snprintf(last, sizeof(last), "%s", line);
	return true;
}

static void
setup(void)
{
	dir = unit_folder();
	last[0] = '\0';
	log_set_sink(sink, NULL);
}

static void
teardown(void)
{
	unit_remove(dir);
}

/* A description whose PIN is the field F, and a binding with that source for it. */
static bool
resolve(const char *preset, struct source *s, const struct given *given, struct resolved *r)
{
	char text[200];
	struct diags d = {0};
	struct binding b = {.sources = s, .n_sources = s == NULL ? 0 : 1};
	struct field_context c = {&b, &token, given};
	struct description *desc;
	bool ok;

	snprintf(text, sizeof(text),
	    "[Fields]\nF=%s\n[Description]\nSetPIN=true\nPIN=F\nInitialPUK=#12345678\n", preset);
	desc = description_parse("x", text, strlen(text), &d);
	ck_assert_ptr_nonnull(desc);
	ok = field_resolve(&c, desc, &desc->pin, r);
	description_free(desc);
	diags_free(&d);
	return ok;
}

START_TEST(test_order)
{
	char field[] = "F", variable[] = "LATCH_UNIT_FIELD";
	struct given given = {.name = field, .value = secret_new("given", 5)};
	struct source env = {.field = field, .kind = SOURCE_ENV, .text = variable};
	struct source dialog = {.field = field, .kind = SOURCE_DIALOG};
	struct resolved r;

	setenv(variable, "from env", 1);
	ck_assert(resolve("", NULL, NULL, &r));
	ck_assert_int_eq(r.kind, VALUE_NONE);
	resolved_free(&r);
	ck_assert(resolve("preset", NULL, NULL, &r));
	ck_assert_mem_eq(secret_bytes(r.value), "preset", 6);
	ck_assert_str_eq(r.origin, "default in [Fields]");
	resolved_free(&r);
	ck_assert(resolve("preset", &env, NULL, &r));
	ck_assert_mem_eq(secret_bytes(r.value), "from env", 8);
	ck_assert(!r.own);
	resolved_free(&r);
	ck_assert(resolve("preset", &env, &given, &r));
	ck_assert_mem_eq(secret_bytes(r.value), "given", 5);
	resolved_free(&r);
	ck_assert(resolve("preset", &dialog, NULL, &r));
	ck_assert_int_eq(r.kind, VALUE_DIALOG);
	ck_assert_ptr_null(r.value);
	resolved_free(&r);
	secret_free(&given.value);
}
END_TEST

START_TEST(test_env_fails)
{
	char field[] = "F", variable[] = "LATCH_UNIT_FIELD";
	struct source env = {.field = field, .kind = SOURCE_ENV, .text = variable};
	struct resolved r;

	unsetenv(variable);
	ck_assert(!resolve("preset", &env, NULL, &r));
	ck_assert_ptr_nonnull(
	    strstr(last, "field F: the environment variable LATCH_UNIT_FIELD is not set"));
	setenv(variable, "", 1);
	ck_assert(!resolve("preset", &env, NULL, &r));
	ck_assert_ptr_nonnull(strstr(last, "is empty"));
}
END_TEST

/* Files with what they hold, as values. */
static const struct {
	const char *content;
	size_t len;
	mode_t mode;
	const char *value; /* NULL: fails */
	size_t value_len;
	const char *words; /* in the log */
} contents[] = {
    {"1234", 4, 0600, "1234", 4, NULL},
    {"1234\n", 5, 0400, "1234", 4, NULL},
    {"1234\r\n", 6, 0600, "1234", 4, NULL},
    {" 12 \n\n", 6, 0600, " 12 \n", 5, NULL},
    {"a\0b", 3, 0600, "a\0b", 3, NULL},
    {"", 0, 0600, NULL, 0, "is empty"},
    {"\n", 1, 0600, NULL, 0, "is empty"},
    {"geheim", 6, 0620, NULL, 0, "can be written by others (mode 0620)"},
    {"geheim", 6, 0602, NULL, 0, "can be written by others"},
};

START_TEST(test_file)
{
	char field[] = "F", *text = unit_path(dir, "{serial}");
	char *path = unit_write(
	    dir, "%2E%2E%2F1", contents[_i].content, contents[_i].len, contents[_i].mode);
	struct source s = {.field = field, .kind = SOURCE_FILE, .text = text};
	struct resolved r;
	bool ok = resolve("preset", &s, NULL, &r);

	ck_assert_msg(ok == (contents[_i].value != NULL), "%s", last);
	if (ok) {
		ck_assert_int_eq(r.kind, VALUE_LITERAL);
		ck_assert_uint_eq(secret_len(r.value), contents[_i].value_len);
		ck_assert_mem_eq(secret_bytes(r.value), contents[_i].value, contents[_i].value_len);
		ck_assert(r.own);
		ck_assert_str_eq(r.store, path);
		ck_assert_ptr_nonnull(strstr(r.origin, path));
		resolved_free(&r);
	} else {
		ck_assert_ptr_nonnull(strstr(last, contents[_i].words));
		ck_assert_ptr_nonnull(strstr(last, "field F: /"));
		ck_assert_ptr_null(strstr(last, "geheim"));
	}
	free(text);
	free(path);
}
END_TEST

/* What is no file to read: none may hang or be taken for a value. */
START_TEST(test_no_file)
{
	static const char *const words[] = {"is not there", "is a folder", "is a pipe",
	    "is over 4096 bytes", "no label", "is a device"};
	char field[] = "F", *text = unit_path(dir, _i == 4 ? "{label}" : "x"),
	     device[] = "/dev/zero";
	struct source s = {.field = field, .kind = SOURCE_FILE, .text = _i == 5 ? device : text};
	static char large[4097];
	struct resolved r;

	memset(large, '1', sizeof(large));
	if (_i == 1)
		ck_assert_int_eq(mkdir(text, 0700), 0);
	if (_i == 2)
		ck_assert_int_eq(mkfifo(text, 0600), 0);
	if (_i == 3)
		free(unit_write(dir, "x", large, sizeof(large), 0600));
	ck_assert(!resolve("preset", &s, NULL, &r));
	ck_assert_msg(strstr(last, words[_i]) != NULL, "%s", last);
	free(text);
}
END_TEST

START_TEST(test_owner)
{
	char field[] = "F", *path = unit_write(dir, "x", "1234", 4, 0600);
	struct source s = {.field = field, .kind = SOURCE_FILE, .text = path};
	struct resolved r;

	/* Only root can give files away. */
	if (geteuid() == 0) {
		ck_assert_int_eq(chown(path, 12345, (gid_t)-1), 0);
		ck_assert(!resolve("", &s, NULL, &r));
		ck_assert_ptr_nonnull(strstr(last, "belongs to user 12345"));
		ck_assert_int_eq(chown(path, 0, (gid_t)-1), 0);
	}
	ck_assert(resolve("", &s, NULL, &r));
	ck_assert(!r.own);
	resolved_free(&r);
	free(path);
}
END_TEST

START_TEST(test_other_values)
{
	struct value v = {.kind = VALUE_PIN_PAD};
	struct field_context c = {NULL, &token, NULL};
	struct description desc = {0};
	struct resolved r;

	ck_assert(field_resolve(&c, &desc, &v, &r));
	ck_assert_int_eq(r.kind, VALUE_PIN_PAD);
	resolved_free(&r);
	v.kind = VALUE_LITERAL;
	v.literal = secret_new("1", 1);
	ck_assert(field_resolve(&c, &desc, &v, &r));
	ck_assert(secret_equal(r.value, v.literal));
	ck_assert_str_eq(r.origin, "literal");
	resolved_free(&r);
	secret_free(&v.literal);
	v.kind = VALUE_NONE;
	ck_assert(field_resolve(&c, &desc, &v, &r));
	ck_assert_int_eq(r.kind, VALUE_NONE);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("field");
	TCase *tc = tcase_create("field");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, test_template, 0, N_OF(templates));
	tcase_add_test(tc, test_order);
	tcase_add_test(tc, test_env_fails);
	tcase_add_loop_test(tc, test_file, 0, N_OF(contents));
	tcase_add_loop_test(tc, test_no_file, 0, 6);
	tcase_add_test(tc, test_owner);
	tcase_add_test(tc, test_other_values);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
