/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading the public record and the sequence number; and the table of profiles. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "card/profile.h"
#include "policy/log.h"
#include "tests/module/fixture.h"

/* The token that fixture_record() writes of. */
static struct identity
token(void)
{
	struct identity id = {"Test Works", "M1", "0001", "card"};

	return id;
}

static void
path_of(char path[512])
{
	struct identity id = token();
	char name[IDENTITY_NAME_MAX];

	identity_name(&id, false, name);
	snprintf(path, 512, "%s/records/%s", folder, name);
}

static enum record_status
read_it(struct record *r)
{
	struct identity id = token();

	return record_read(folder, &id, false, r);
}

START_TEST(good)
{
	struct record r;

	ck_assert_int_eq(read_it(&r), RECORD_ABSENT);
	ck_assert_int_eq(r.state, RECORD_NONE);
	fixture_record("personalizing", "refuse", 42,
	    "Ending=true\nByUser=true\nHold=0123456789abcdef\nWhy=no SO secret; see #7\n");
	ck_assert_int_eq(read_it(&r), RECORD_FOUND);
	ck_assert_int_eq(r.state, RECORD_PERSONALIZING);
	ck_assert_int_eq(r.method, METHOD_REFUSE);
	ck_assert_uint_eq(r.sequence, 42);
	ck_assert_int_eq(r.since, 1);
	ck_assert(r.ending && r.by_user);
	ck_assert_str_eq(r.hold, "0123456789abcdef");
	ck_assert_str_eq(r.why, "no SO secret; see #7");
	ck_assert_str_eq(r.identity.serial, "0001");
	fixture_record("active", "none", 4294967295u, "");
	ck_assert_int_eq(read_it(&r), RECORD_FOUND);
	ck_assert(!r.ending && !r.by_user && r.hold[0] == '\0' && r.why[0] == '\0');
	ck_assert_str_eq(record_state_name(r.state), "active");
	ck_assert_str_eq(record_method_name(r.method), "none");
}
END_TEST

/* Any truncation of a record is seen, but one at the end of an optional line. */
START_TEST(truncated)
{
	char path[512], *text;
	struct record r;
	size_t len;

	fixture_record("blocked", "scramble", 7, "");
	path_of(path);
	text = fixture_read(path + strlen(folder) + 1);
	for (len = strlen(text) - 1; len > 0; len--) {
		ck_assert_int_eq(truncate(path, (off_t)len), 0);
		ck_assert_int_eq(read_it(&r), RECORD_BAD);
		ck_assert_int_eq(r.state, RECORD_NONE);
	}
	ck_assert_int_eq(truncate(path, 0), 0);
	ck_assert_int_eq(read_it(&r), RECORD_BAD);
	fixture_logged("truncated or damaged");
	free(text);
}
END_TEST

static const char *const bad[] = {
    "",
    "\n",
    "[Record]\n",
    "[Record]\nVersion=2\nState=active\nMethod=none\nSequence=1\nSince=1\nToken=00\n",
    "Version=1\n",
    "[Other]\nVersion=1\n",
    "[Record\n",
    "\xff\xfe\n",
};

START_TEST(bad_texts)
{
	struct record r;

	ck_assert(!record_parse(bad[_i], strlen(bad[_i]), &r));
	ck_assert_int_eq(r.state, RECORD_NONE);
}
END_TEST

static const char *const bad_lines[] = {"Ending=false\n", "ByUser=\n", "Hold=\n", "Hold=0123\n",
    "Hold=0123456789abcdeg\n", "State=blocked\n", "nonsense\n", "Hold=0123456789abcdef"};

START_TEST(bad_optional)
{
	struct record r;

	fixture_record("active", "none", 1, bad_lines[_i]);
	ck_assert_int_eq(read_it(&r), RECORD_BAD);
}
END_TEST

START_TEST(bad_values)
{
	struct record r;

	fixture_record("none", "none", 1, "");
	ck_assert_int_eq(read_it(&r), RECORD_BAD);
	fixture_record("active", "nonsense", 1, "");
	ck_assert_int_eq(read_it(&r), RECORD_BAD);
	fixture_record("", "none", 1, "");
	ck_assert_int_eq(read_it(&r), RECORD_BAD);
}
END_TEST

START_TEST(of_another_token)
{
	struct identity other = token();
	char from[512], to[512], name[IDENTITY_NAME_MAX];
	struct record r;

	fixture_record("blocked", "lock", 1, "");
	path_of(from);
	strcpy(other.serial, "0009");
	identity_name(&other, false, name);
	snprintf(to, sizeof(to), "%s/records/%s", folder, name);
	ck_assert_int_eq(rename(from, to), 0);
	ck_assert_int_eq(record_read(folder, &other, false, &r), RECORD_BAD);
	fixture_logged("is that of another token");
}
END_TEST

START_TEST(not_a_file)
{
	char path[512], *much;
	struct record r;

	path_of(path);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(read_it(&r), RECORD_BAD);
	ck_assert_int_eq(errno, EISDIR);
	ck_assert_int_eq(rmdir(path), 0);
	/* A pipe does not make anybody wait. */
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	alarm(5);
	ck_assert_int_eq(read_it(&r), RECORD_BAD);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink(path, path), 0);
	ck_assert_int_eq(read_it(&r), RECORD_BAD);
	ck_assert_int_eq(unlink(path), 0);
	much = malloc(RECORD_FILE_MAX + 2);
	memset(much, '\n', RECORD_FILE_MAX + 1);
	much[RECORD_FILE_MAX + 1] = '\0';
	fixture_write(path + strlen(folder) + 1, much);
	ck_assert_int_eq(read_it(&r), RECORD_BAD);
	free(much);
}
END_TEST

START_TEST(no_folder)
{
	struct identity id = token();
	struct record r;
	char *deep;

	ck_assert_int_eq(record_read("/nonexistent/p11-latch", &id, false, &r), RECORD_ABSENT);
	deep = malloc(8000);
	memset(deep, '/', 7999);
	deep[7999] = '\0';
	ck_assert_int_eq(record_read(deep, &id, false, &r), RECORD_BAD);
	free(deep);
}
END_TEST

START_TEST(no_descriptor)
{
	struct rlimit limit = {32, 32};
	struct record r;
	enum record_status absent, there;
	int i;

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	fixture_record("blocked", "lock", 1, "");
	while (dup(0) >= 0)
		;
	there = read_it(&r);
	fixture_no_record();
	absent = read_it(&r);
	for (i = 20; i < 32; i++)
		close(i);
	ck_assert_int_eq(there, RECORD_BAD);
	ck_assert_int_eq(absent, RECORD_ABSENT);
}
END_TEST

static const struct {
	const char *text; /* NULL: no file */
	int result;
	uint64_t value;
} sequences[] = {
    {NULL, 0, 0},
    {"0\n", 0, 0},
    {"17\n", 0, 17},
    {"18446744073709551615\n", 0, UINT64_MAX},
    {"18446744073709551616\n", -1, 0},
    {"17", -1, 0},
    {"", -1, 0},
    {"\n", -1, 0},
    {"-1\n", -1, 0},
    {"1\n2\n", -1, 0},
    {" 1\n", -1, 0},
    {"111111111111111111111111111111111111111\n", -1, 0},
};

START_TEST(sequence)
{
	uint64_t value = 99;

	if (sequences[_i].text != NULL)
		fixture_write("sequence", sequences[_i].text);
	ck_assert_int_eq(sequence_read(folder, &value), sequences[_i].result);
	ck_assert_uint_eq(value, sequences[_i].value);
}
END_TEST

static const struct {
	const char *library, *description, *manufacturer, *model, *label, *profile;
} modules[] = {
    {"SoftHSM", "Implementation of PKCS11", "SoftHSM project", "SoftHSM v2", "", "softhsm"},
    {"p11-kit", "PKCS#11 Proxy", "SoftHSM project", "SoftHSM v2", "", "softhsm"},
    {"IBM", "Meta PKCS11 LIBRARY", "IBM Corp.", "IBM SoftTok", "", "opencryptoki"},
    {"IBM", "Meta PKCS11 LIBRARY", "IBM", "Soft", "", "opencryptoki"},
    /* A TPM that IBM made is not openCryptoki's. */
    {"tpm2-software.github.io", "TPM2.0 Cryptoki", "IBM", "SW   TPM", "", "tpm2"},
    {"Mozilla Foundation", "NSS Internal Crypto Services", "Mozilla Foundation", "NSS 3", "",
	"nss"},
    {"IBM", "Meta PKCS11 LIBRARY", "IBM Corp.", "TPM v1.1 Token", "", "generic"},
    {"", "", "", "", "", "generic"},
    {"OpenSC Project", "OpenSC smartcard framework", "ZeitControl", "PKCS#15 emulated", "",
	"opensc"},
    {"OpenSC Project", "OpenSC smartcard framework", "ZeitControl", "PKCS#15 emulated",
	"OpenPGP card (User PIN)", "opensc-openpgp"},
    {"OpenSC Project", "OpenSC smartcard framework", "ZeitControl", "PKCS#15 emulated",
	"OpenPGP card (User PIN (sig))", "opensc-openpgp"},
    {"OpenSC Project", "OpenSC smartcard framework", "piv_II", "PKCS#15 emulated", "",
	"opensc-piv"},
    {"Yubico (www.yubico.com)", "PKCS#11 PIV Library (SP-800-73)", "Yubico (www.yubico.com)",
	"YubiKey YK5", "", "yubikey"},
    {"p11-kit", "PKCS#11 Proxy", "piv_II", "PKCS#15 emulated", "", "generic"},
};

START_TEST(profile_of_module)
{
	const struct profile *p = profile_match(modules[_i].library, modules[_i].description,
	    modules[_i].manufacturer, modules[_i].model, modules[_i].label);

	ck_assert_str_eq(p->name, modules[_i].profile);
	ck_assert_ptr_eq(profile_named(modules[_i].profile), p);
}
END_TEST

static const struct {
	const char *column, *value;
	bool good;
} overrides[] = {
    {"Block", "lock", true},
    {"Block", "none", true},
    {"Block", "no", false},
    {"SoForm", "puk", true},
    {"SoForm", "text", true},
    {"SoForm", "", false},
    {"SoCounter", "none", true},
    {"SoCounter", "hidden", true},
    {"SoCounter", "many", false},
    {"SoTries", "15", true},
    {"SoTries", "256", false},
    {"SoTries", "-1", false},
    {"UserCounter", "true", true},
    {"UserCounter", "yes", false},
    {"Identity", "serial+label", true},
    {"Identity", "label", false},
    {"Caches", "false", true},
    {"ShowsLife", "true", true},
    {"ShowsLock", "true", true},
    {"SoLoginProves", "false", true},
    {"NeverGuess", "true", true},
    {"InitOnce", "true", true},
    {"InitNew", "true", true},
    {"InitNew", "once", false},
    {"PinMin", "4", true},
    {"PinMax", "255", true},
    {"PinMax", "99999", false},
    {"PinDigits", "true", true},
    {"ManySlots", "true", true},
    {"SoIsKey", "true", true},
    {"SoIsKey", "yes", false},
    {"KeyAnyLength", "true", true},
    {"SoForm", "raw", true},
    {"UnblockStyle", "init-pin", true},
    {"UnblockStyle", "set-pin", true},
    {"UnblockStyle", "puk-pin", true},
    {"UnblockStyle", "login", false},
    {"caches", "true", false},
    {"Nonsense", "1", false},
};

START_TEST(profile_columns_set)
{
	struct profile p = *profile_named("generic");

	ck_assert_int_eq(
	    profile_override(&p, overrides[_i].column, overrides[_i].value), overrides[_i].good);
}
END_TEST

START_TEST(profile_columns_named)
{
	struct profile p = *profile_named("softhsm");
	size_t i;

	for (i = 0; profile_columns[i] != NULL; i++)
		ck_assert(!profile_override(&p, profile_columns[i], "nonsense"));
	ck_assert(profile_override(&p, "Identity", "serial+label") && p.label_identity);
	ck_assert(profile_override(&p, "Block", "lock") && p.lock);
	ck_assert(profile_override(&p, "SoTries", "7") && p.so_tries == 7);
	ck_assert(profile_override(&p, "PinMax", "8") && p.pin_max == 8);
	ck_assert(profile_override(&p, "UnblockStyle", "puk-pin") &&
		  p.unblock_style == UNBLOCK_BY_PUK_PIN);
	ck_assert(profile_override(&p, "SoForm", "raw") && p.so_form == SO_FORM_RAW);
	ck_assert(profile_override(&p, "SoCounter", "hidden") && p.so_counter == SO_COUNTER_HIDDEN);
	ck_assert_ptr_null(profile_named("nonsense"));
}
END_TEST

static void
begin(void)
{
	fixture_begin("vendor_240");
	log_init();
}

#define N_OF(array) ((int)(sizeof(array) / sizeof((array)[0])))

static Suite *
suite(void)
{
	Suite *s = suite_create("record");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, begin, fixture_end);
	tcase_add_test(t, good);
	tcase_add_test(t, truncated);
	tcase_add_loop_test(t, bad_texts, 0, N_OF(bad));
	tcase_add_loop_test(t, bad_optional, 0, N_OF(bad_lines));
	tcase_add_test(t, bad_values);
	tcase_add_test(t, of_another_token);
	tcase_add_test(t, not_a_file);
	tcase_add_test(t, no_folder);
	tcase_add_test(t, no_descriptor);
	tcase_add_loop_test(t, sequence, 0, N_OF(sequences));
	tcase_add_loop_test(t, profile_of_module, 0, N_OF(modules));
	tcase_add_loop_test(t, profile_columns_set, 0, N_OF(overrides));
	tcase_add_test(t, profile_columns_named);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return fixture_run(suite());
}
