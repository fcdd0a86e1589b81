/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of p11-latch.conf. */
#include "tests/unit/unit.h"

#include "policy/config.h"

#define M "[Module]\nPath=/m.so\n"
#define L "[Latch]\nPolicy=/p\nStateDirectory=/s\n"

static const struct {
	const char *name, *text;
	struct wanted wanted[WANTED_MAX];
} cases[] = {
    {"good", M L, {{0}}},
    {"reserved", M "InitReserved=configdir='sql:/d' flags=readOnly ; NSS\n" L, {{0}}},
    {"socket", M L "Helper=unix:/run/h.sock ; socket\n", {{0}}},
    {"empty", "",
	{E(0, 0, "Path= is missing in [Module]"), E(0, 0, "Policy= is missing in [Latch]"),
	    E(0, 0, "StateDirectory= is missing")}},
    {"relative", "[Module]\nPath=m.so\n[Latch]\nPolicy=\nStateDirectory=~x/s\n",
	{E(2, 6, "a relative path|begin it with /"), E(4, 8, "no path"),
	    E(5, 16, "a relative path")}},
    {"helper", M L "Helper=fork\n", {E(6, 8, "neither a program nor a socket|unix:PATH")}},
    {"helper relative", M L "Helper=spawn:helper\n", {E(6, 8, "a relative path")}},
    {"socket too long",
	M L "Helper=unix:/234567890123456789012345678901234567890123456789012345678901234567890"
	    "12345678901234567890123456789\n",
	{E(6, 8, "too long for a socket")}},
    {"timeout", M L "CallTimeout=5\n", {{0}}},
    {"no timeout", M L "CallTimeout=0\n", {E(6, 13, "no number of seconds|1 to 3600")}},
    {"timeout too long", M L "CallTimeout=3601\n", {E(6, 13, "no number of seconds")}},
    {"timeout with unit", M L "CallTimeout=5s\n", {E(6, 13, "no number of seconds")}},
    {"section case", "[module]\nPath=/m\n" L, {W(1, 1, "write [Module]")}},
    {"unknown section", "[Modul]\n" M L,
	{W(1, 1, "unknown section [Modul]|did you mean [Module]?")}},
    {"far section", "[Xyz]\n" M L, {W(1, 1, "unknown section [Xyz]|[Module] and [Latch]")}},
    {"element case", "[Module]\npath=/m\n" L, {W(2, 1, "write Path=")}},
    {"unknown element", M "Profil=x\n" L,
	{W(3, 1, "unknown element Profil=|did you mean Profile=?")}},
    {"far element", M "Xyz=x\n" L, {W(3, 1, "unknown element Xyz=")}},
    {"wrong section", M "Policy=/p\n" L, {E(3, 1, "Policy= does not belong in [Module]|[Latch]")}},
};

static struct config *
read_text(const char *dir, const char *text, struct diags *d, char **path)
{
	*path = unit_write(dir, "p11-latch.conf", text, strlen(text), 0644);
	return config_read(*path, d);
}

START_TEST(test_cases)
{
	char *dir = unit_folder(), *path;
	struct diags d = {0};
	struct config *c = read_text(dir, cases[_i].text, &d, &path);

	unit_expect(cases[_i].name, path, &d, cases[_i].wanted);
	ck_assert_msg((c == NULL) == (d.n_errors != 0), "%s", cases[_i].name);
	config_free(c);
	diags_free(&d);
	free(path);
	unit_remove(dir);
}
END_TEST

START_TEST(test_contents)
{
	static const char text[] =
	    "[Module]\nPath=~/m.so\nProfile=softhsm ; one\n"
	    "[Latch]\nPolicy=/p/policy.conf\nStateDirectory=~/.s\nHelper=unix:~/run/helper.sock\n";
	char *dir = unit_folder(), *path, *operators;
	struct diags d = {0};
	struct config *c;

	setenv("HOME", "/home/u", 1);
	c = read_text(dir, text, &d, &path);
	ck_assert_ptr_nonnull(c);
	ck_assert_str_eq(c->file, path);
	ck_assert_str_eq(c->module_path, "/home/u/m.so");
	ck_assert_str_eq(c->profile, "softhsm");
	ck_assert_str_eq(c->init_reserved, "");
	ck_assert_uint_eq(c->call_timeout, 60);
	ck_assert_str_eq(c->policy, "/p/policy.conf");
	ck_assert_str_eq(c->state_dir, "/home/u/.s");
	ck_assert_ptr_null(c->helper);
	ck_assert_str_eq(c->helper_socket, "/home/u/run/helper.sock");
	operators = config_operators_socket(c);
	ck_assert_str_eq(operators, "/home/u/run/operators.sock");
	free(operators);
	config_free(c);
	free(path);

	c = read_text(dir,
	    M "InitReserved=configdir='sql:/d' flags=x ; NSS\n" L "Helper=spawn:/x\n", &d, &path);
	ck_assert_str_eq(c->init_reserved, "configdir='sql:/d' flags=x");
	ck_assert_str_eq(c->helper, "/x");
	ck_assert_str_eq(c->profile, "auto");
	ck_assert_ptr_null(config_operators_socket(c));
	config_free(c);
	free(path);
	/* Without a HOME the user's own is looked up. */
	unsetenv("HOME");
	c = read_text(dir, text, &d, &path);
	ck_assert_ptr_nonnull(c);
	ck_assert_int_eq(c->module_path[0], '/');
	config_free(c);
	free(path);
	unit_remove(dir);
}
END_TEST

START_TEST(test_files)
{
	static const struct wanted absent[WANTED_MAX] = {E(0, 0, "is not there")};
	static const struct wanted open_[WANTED_MAX] = {E(0, 0, "can be written by others")};
	char *dir = unit_folder(), *path = unit_path(dir, "none");
	struct diags d = {0};

	ck_assert_ptr_null(config_read(path, &d));
	unit_expect("absent", path, &d, absent);
	diags_free(&d);
	free(path);
	path = unit_write(dir, "open", M L, strlen(M L), 0646);
	ck_assert_ptr_null(config_read(path, &d));
	unit_expect("open", path, &d, open_);
	diags_free(&d);
	free(path);
	unit_remove(dir);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("config");
	TCase *tc = tcase_create("config");

	tcase_add_loop_test(tc, test_cases, 0, N_OF(cases));
	tcase_add_test(tc, test_contents);
	tcase_add_test(tc, test_files);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
