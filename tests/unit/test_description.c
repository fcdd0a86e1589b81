/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of the reader of encoding descriptions: what it understands, and every error and warning.
 */
#include "tests/unit/unit.h"

#include "policy/description.h"
#include "policy/ini.h"

#define K16 "00112233445566778899aabbccddeeff"
#define D   "[Description]\n"
#define F   "[Fields]\nA=\nB=x\n"

/* Complete but for what stands before it on line 2 and later. */
#define UNBLOCK "SetPIN=true\nInitialPUK=#12345678\n"

static const struct {
	const char *name;
	const char *text;
	struct wanted wanted[WANTED_MAX];
} cases[] = {
    /* The four code blocks of the vendor's documentation. */
    {"block", "[Application_B]\nBlockCard=true\n", {{0}}},
    {"PUK", D "SetPIN=true\nPIN=#123456\nInitialPUK=#12345678\nPUK=#13579\n", {{0}}},
    {"key",
	"[Fields]\nADMIN_KEY=\nNEW_ADMIN_KEY=\nPIN=\n\n" D
	"SetPIN=true\nPIN=PIN\nCardManagerKey=ADMIN_KEY\nNewCardManagerKey=NEW_ADMIN_KEY\n",
	{{0}}},
    {"offline",
	"[Fields]\nCARD_MANAGER_KEY=\n\n" D
	"InitCRKey=true\nUseCardManagerKey=true\nCardManagerKey=CARD_MANAGER_KEY\n",
	{{0}}},
    /* Others that are good. */
    {"PUK only", D UNBLOCK "PUK=#24680\n", {{0}}},
    {"key only",
	D "SetPIN=true\nCardManagerKey=#" K16 "\nNewCardManagerKey=!FROM_USER_DIALOG_2_FIELD\n",
	{{0}}},
    {"dialog", D UNBLOCK "PIN=!FROM_USER_DIALOG_2_FIELD\n", {{0}}},
    {"PIN pad", D UNBLOCK "PIN=!FROM_PROTECTED_AUTHENTICATION_PATH\n", {{0}}},
    {"auto", D UNBLOCK "PIN=!FROM_USER_DIALOG_1_FIELD_AUTO\n", {{0}}},
    {"change PIN", D "SetPIN=true\nPIN=!FROM_USER_DIALOG_3_FIELD\n", {{0}}},
    {"init",
	F D "InitToken=true\nInitialPUK=A\nInitialLabel=#My Token\nSetPIN=true\nPIN=A\n"
	    "ClearFields=A, B\n",
	{{0}}},
    {"serial", D UNBLOCK "PIN=#1234\nUseSelectCriteriaIccsn=true\nSelectCriteriaIccsn=#123\n",
	{{0}}},
    {"derivation", D UNBLOCK "PIN=#1234\nDisableDerivation=true\n", {{0}}},
    {"fields last", D UNBLOCK "PIN=A\n[Fields]\nA=\n", {{0}}},
    {"keys with separators",
	D "SetPIN=true\nPIN=#1234\nCardManagerKey=#00:11 22-33445566778899aabbccddeeff\n", {{0}}},
    {"AES-256", D "SetPIN=true\nPIN=#1234\nCardManagerKey=#" K16 K16 "\n",
	{E(4, 16, "CardManagerKey= is a key of wrong length|32 digits")}},
    {"AES-256 for challenges",
	D "SetPIN=true\nPIN=#1234\nCardManagerKey=#" K16 K16 "\nUseCardManagerKey=true\n", {{0}}},
    {"odd length for challenges",
	D "SetPIN=true\nPIN=#1234\nCardManagerKey=#" K16 "00\nUseCardManagerKey=true\n",
	{E(4, 16, "CardManagerKey= is a key of wrong length")}},
    {"equal halves for challenges",
	D "SetPIN=true\nPIN=#1234\nUseCardManagerKey=true\nCardManagerKey=#"
	  "00:11:22:33:44:55:66:77:00:11:22:33:44:55:66:77:00:11:22:33:44:55:66:77\n",
	{E(5, 16, "K1=K2")}},
    {"key rotated",
	"[Fields]\nK=\nN=\n" D "SetPIN=true\nUseCardManagerKey=true\n"
	"CardManagerKey=K\nNewCardManagerKey=N\n",
	{{0}}},
    {"false", "[Application_A]\nBlockCard=false\n[Application_B]\nBlockCard=true\n", {{0}}},

    /* Sections and names. */
    {"block in description", D "BlockCard=true\n" UNBLOCK "PIN=#1234\n",
	{E(2, 1, "BlockCard= does not belong in [Description]|belongs in [Application_X]")}},
    {"PIN in application", "[Application_A]\nBlockCard=true\nPIN=#1234\n",
	{E(3, 1, "PIN= does not belong in [Application_X]|belongs in [Description]")}},
    {"PIN in encoding", "[Encoding]\nPUK=#1234\n[Application_A]\nBlockCard=true\n",
	{E(2, 1, "PUK= does not belong in [Encoding]")}},
    {"element case", D "setpin=true\nPIN=#1234\nInitialPUK=#12345678\n",
	{W(2, 1, "setpin= is not written like that|write SetPIN=")}},
    {"both cases", D UNBLOCK "PIN=#1234\npin=#4321\n",
	{W(5, 1, "write PIN="), E(5, 1, "duplicate element PIN=|line 4")}},
    {"section case", "[description]\n" UNBLOCK "PIN=#1234\n",
	{W(1, 1, "[description] is not written like that|write [Description]")}},
    {"application case", "[APPLICATION_B]\nBlockCard=true\n", {W(1, 1, "write [Application_X]")}},
    {"two cases of fields", F "[fields]\nC=\n" D UNBLOCK "PIN=#1234\n",
	{E(4, 1, "duplicate section [Fields]|line 1"), W(4, 1, "write [Fields]")}},
    {"unknown element", D UNBLOCK "PIN=#1234\nIntialPUK=x\n",
	{W(5, 1, "unknown element IntialPUK=|did you mean InitialPUK=?")}},
    {"far from all", D UNBLOCK "PIN=#1234\nQwertzuiop=x\n",
	{W(5, 1, "unknown element Qwertzuiop=")}},
    {"unknown section", "[Descripton]\nSetPIN=true\n[Application_A]\nBlockCard=true\n",
	{W(1, 1, "unknown section [Descripton]|did you mean [Description]?")}},
    {"application without name", "[Application]\n[Application_A]\nBlockCard=true\n",
	{W(1, 1, "unknown section [Application]|[Application_X]")}},
    {"not acted on",
	"[Encoding]\nType=1024,Chip\nDevices=8710\n[Application_A]\nWriteCertificate=true\n"
	"BlockCard=true\n",
	{N(2, 1, "Type= is not acted on"), N(3, 1, "Devices= is not acted on"),
	    N(5, 1, "WriteCertificate= is not acted on")}},
    {"library", D "PKCS11Library=cvP11.dll\n" UNBLOCK "PIN=#1234\n",
	{N(2, 1, "PKCS11Library=|p11-latch.conf")}},

    /* Values. */
    {"boolean", D "SetPIN=True\nPIN=#1234\nInitialPUK=#12345678\n",
	{E(2, 8, "SetPIN= is neither true nor false|small letters")}},
    {"boolean yes", "[Application_A]\nBlockCard=yes\n[Application_B]\nBlockCard=true\n",
	{E(2, 11, "BlockCard= is neither true nor false|small letters")}},
    {"boolean empty", "[Application_A]\nBlockCard=\n[Application_B]\nBlockCard=true\n",
	{E(2, 11, "neither true nor false")}},
    {"undeclared", F D UNBLOCK "PIN=PINFIELD\n",
	{E(7, 5, "PIN= names a field that [Fields] does not declare|#TEXT")}},
    {"undeclared, near",
	"[Fields]\nADMIN_KEY=\n" D "SetPIN=true\nPIN=#1234\nCardManagerKey=ADMINKEY\n",
	{E(6, 16, "does not declare|did you mean ADMIN_KEY?")}},
    {"undeclared, no fields", D UNBLOCK "PIN=123456\n", {E(4, 5, "does not declare")}},
    {"no value", D UNBLOCK "PIN=\nPUK=#12345\n", {E(4, 5, "PIN= has no value")}},
    {"empty PIN", D UNBLOCK "PIN=#\n", {E(4, 5, "PIN= is empty")}},
    {"empty PUK", D "SetPIN=true\nPIN=#1234\nInitialPUK=#\n", {E(4, 12, "InitialPUK= is empty")}},
    {"dialog unknown", D UNBLOCK "PIN=!FROM_USER_DIALOG_4_FIELD\n",
	{E(4, 5, "PIN= names a dialog that is not known|_2_FIELD")}},
    {"dialog of old and new PUK",
	D "SetPIN=true\nPIN=#1234\nInitialPUK=!FROM_USER_DIALOG_3_FIELD\n",
	{W(4, 12, "InitialPUK= asks for an old and a new value")}},
    {"default empty is none", "[Fields]\nA=\n" D UNBLOCK "PIN=A\n", {{0}}},
    {"default with #", "[Fields]\nA=#1234\n" D UNBLOCK "PIN=A\n",
	{W(2, 3, "the # belongs to the default of field A")}},
    {"default key", "[Fields]\nA=0011\n" D "SetPIN=true\nPIN=#1234\nCardManagerKey=A\n",
	{E(2, 3, "CardManagerKey= is a key of wrong length")}},
    {"label is no field", D "InitToken=true\nInitialPUK=#12345678\nInitialLabel=Mine\n",
	{W(4, 14, "InitialLabel= names no field")}},
    {"label too long",
	D "InitToken=true\nInitialPUK=#12345678\nInitialLabel=#123456789012345678901234567890123\n",
	{E(4, 14, "InitialLabel= is over 32 bytes")}},

    /* What cannot be read may be what would else be missing. */
    {"unreadable PIN", D "SetPIN=true\nPIN=#12\xff\nInitialPUK=#12345678\n",
	{E(3, 8, "not UTF-8")}},
    {"unreadable PUK", D "SetPIN=true\nPIN=#1234\nInitialPUK=#12\xff\n", {E(4, 15, "not UTF-8")}},
    {"no element", D "SetPIN=true\nPIN #1234\nInitialPUK=#12345678\n",
	{E(3, 1, "neither a section nor an element")}},

    /* Keys. */
    {"short key", D "SetPIN=true\nPIN=#1234\nCardManagerKey=#0011\n",
	{E(4, 16, "CardManagerKey= is a key of wrong length|32 digits")}},
    {"2DES key of one half",
	D "SetPIN=true\nPIN=#1234\nCardManagerKey=#0123456789abcdef0123456789abcdef\n",
	{E(4, 16, "CardManagerKey= is a 2DES or 3DES key with K1=K2 or K2=K3")}},
    {"bad digit", D "SetPIN=true\nPIN=#1234\nCardManagerKey=#0g112233445566778899aabbccddeeff\n",
	{E(4, 16, "no hexadecimal digit")}},
    {"separator within byte",
	D "SetPIN=true\nPIN=#1234\nCardManagerKey=#0 0112233445566778899aabbccddeeff\n",
	{E(4, 16, "no hexadecimal digit")}},
    {"K1=K2", D "SetPIN=true\nPIN=#1234\nCardManagerKey=#00112233445566770011223344556677\n",
	{E(4, 16, "K1=K2")}},
    {"K1=K2 but for parity",
	D "SetPIN=true\nPIN=#1234\nCardManagerKey=#00112233445566770110233245546776\n",
	{E(4, 16, "K1=K2")}},
    {"K2=K3",
	D "SetPIN=true\nPIN=#1234\nNewCardManagerKey=#" K16 "8899aabbccddeeff\nCardManagerKey=#" K16
	  "\n",
	{E(4, 19, "NewCardManagerKey=|K2=K3")}},
    {"default key zero",
	D "SetPIN=true\nPIN=#1234\nCardManagerKey=#"
	  "000000000000000000000000000000000000000000000000\n",
	{W(4, 16, "well-known default key")}},
    {"default key 01..08",
	D "SetPIN=true\nPIN=#1234\nCardManagerKey=#"
	  "010203040506070801020304050607080102030405060708\n",
	{W(4, 16, "well-known default key")}},

    /* What does not go together. */
    {"PUK beside key", D UNBLOCK "PIN=#1234\nCardManagerKey=#" K16 "\n",
	{E(3, 1, "InitialPUK= beside CardManagerKey= on line 5|remove the other")}},
    {"new PUK beside new key", D UNBLOCK "PUK=#12345\nNewCardManagerKey=#" K16 "\n",
	{E(3, 1, "InitialPUK= beside NewCardManagerKey="),
	    E(4, 1, "PUK= beside NewCardManagerKey=")}},
    {"nothing to set", D UNBLOCK, {E(2, 1, "SetPIN=true with nothing to set|add PIN=")}},
    {"nothing at all", D "SetPIN=true\n", {E(2, 1, "nothing to set")}},
    {"no PUK", D "SetPIN=true\nPIN=#1234\n",
	{E(2, 1, "InitialPUK= and CardManagerKey= are both missing")}},
    {"no PUK for dialog 2", D "SetPIN=true\nPIN=!FROM_USER_DIALOG_2_FIELD\n",
	{E(2, 1, "both missing")}},
    {"new PUK without old", D "SetPIN=true\nPIN=!FROM_USER_DIALOG_3_FIELD\nPUK=#12345\n",
	{E(2, 1, "both missing")}},
    {"init without PUK", D "InitToken=true\nSetPIN=true\nPIN=#1234\n",
	{E(2, 1, "InitToken=true without InitialPUK=")}},
    {"PIN without SetPIN", "[Application_A]\nBlockCard=true\n" D "PIN=#1234\nPUK=#12345\n",
	{W(4, 1, "PIN= has no effect without SetPIN=true"), W(5, 1, "PUK= has no effect")}},
    {"label without InitToken", D UNBLOCK "PIN=#1234\nInitialLabel=#x\n",
	{W(5, 1, "InitialLabel= has no effect")}},
    {"derivation false", D UNBLOCK "PIN=#1234\nDisableDerivation=false\n",
	{E(5, 19, "DisableDerivation=false|not public|write true")}},
    {"offline without use", "[Fields]\nK=\n" D "InitCRKey=true\nCardManagerKey=K\n",
	{E(4, 1, "InitCRKey=true without UseCardManagerKey=true")}},
    {"offline without key", D "InitCRKey=true\nUseCardManagerKey=true\n",
	{E(2, 1, "InitCRKey=true without CardManagerKey=")}},
    {"use without offline", D UNBLOCK "PIN=#1234\nUseCardManagerKey=true\n",
	{E(5, 1, "UseCardManagerKey=true without CardManagerKey=")}},
    {"use for nothing", "[Fields]\nK=\n" D "UseCardManagerKey=true\nCardManagerKey=K\n",
	{W(4, 1, "no effect without InitCRKey=true or SetPIN=true"),
	    W(0, 0, "nothing in this file does anything")}},
    {"new card with a new key",
	"[Fields]\nK=\nN=\n" D
	"InitToken=true\nSetPIN=true\nPIN=#1234\nInitCRKey=true\nUseCardManagerKey=true\n"
	"CardManagerKey=K\nNewCardManagerKey=N\n",
	{E(11, 1, "a new card has no older key")}},
    {"no serial", D UNBLOCK "PIN=#1234\nUseSelectCriteriaIccsn=true\n",
	{E(5, 1, "without SelectCriteriaIccsn=")}},
    {"serial unused", D UNBLOCK "PIN=#1234\nSelectCriteriaIccsn=#1\n",
	{W(5, 1, "no effect without UseSelectCriteriaIccsn=true")}},
    {"clear undeclared", F D UNBLOCK "PIN=A\nClearFields=A, PINN\n",
	{E(8, 16, "ClearFields= names a field that [Fields] does not declare")}},
    {"clear nothing", F D UNBLOCK "PIN=A\nClearFields=A,\n", {E(8, 15, "lacks a field's name")}},
    {"does nothing", "[Application_A]\nBlockCard=false\n",
	{W(0, 0, "nothing in this file does anything")}},
    {"empty file", "", {W(0, 0, "nothing in this file does anything|BlockCard=true")}},

    /* All of them in one run. */
    {"many",
	D "SetPIN=maybe\nPIN=#\nCardManagerKey=#12\nBlockCard=true\nDisableDerivation=false\nfoo\n",
	{E(7, 1, "neither a section nor an element"), E(2, 8, "neither true nor false"),
	    E(3, 5, "empty"), E(4, 16, "wrong length"), E(5, 1, "does not belong"),
	    E(6, 19, "DisableDerivation=false")}},
};

START_TEST(test_cases)
{
	struct diags d = {0};
	struct description *desc =
	    description_parse("x.dsc", cases[_i].text, strlen(cases[_i].text), &d);

	unit_expect(cases[_i].name, "x.dsc", &d, cases[_i].wanted);
	ck_assert_msg((desc == NULL) == (d.n_errors != 0), "%s", cases[_i].name);
	description_free(desc);
	diags_free(&d);
}
END_TEST

START_TEST(test_long_literal)
{
	static const struct wanted wanted[WANTED_MAX] = {E(4, 5, "PIN= is over 255 bytes")};
	struct description *desc;
	struct diags d = {0};
	char text[400];

	for (int len = 255; len <= 256; len++) {
		snprintf(text, sizeof(text), D UNBLOCK "PIN=#%0*d\n", len, 1);
		desc = description_parse("x.dsc", text, strlen(text), &d);
		ck_assert_int_eq(desc != NULL, len == 255);
		description_free(desc);
	}
	unit_expect("256", "x.dsc", &d, wanted);
	diags_free(&d);
}
END_TEST

START_TEST(test_nul_literal)
{
	static const struct wanted wanted[WANTED_MAX] = {E(4, 8, "NUL byte")};
	static const char text[] = D UNBLOCK "PIN=#12\0"
					     "34\nPUK=#12345\n";
	struct diags d = {0};

	ck_assert_ptr_null(description_parse("x.dsc", text, sizeof(text) - 1, &d));
	unit_expect("NUL", "x.dsc", &d, wanted);
	diags_free(&d);
}
END_TEST

/* No value of a secret element gets into a message, however wrong it is. */
START_TEST(test_no_secret_told)
{
	static const char text[] =
	    "s3cret0\n" D "SetPIN=true\nPIN=s3cret1\nInitialPUK=!s3cret2\nPUK=#\n"
	    "CardManagerKey=#s3cret3\nNewCardManagerKey=s3cret4\nClearFields=s3cret5\n";
	struct diags d = {0};

	ck_assert_ptr_null(description_parse("x.dsc", text, sizeof(text) - 1, &d));
	ck_assert_uint_ge(d.n_errors, 7);
	for (size_t i = 0; i < d.n; i++) {
		char *line = diag_line(&d.list[i]);

		ck_assert_msg(strstr(line, "s3cret") == NULL, "%s", line);
		free(line);
	}
	diags_free(&d);
}
END_TEST

START_TEST(test_contents)
{
	static const char text[] =
	    "\xef\xbb\xbf[Fields]\r\nKEY=\r\nPIN=4711\r\n" D "SetPIN=true\r\nPIN=PIN\r\n"
	    "CardManagerKey = KEY\r\nNewCardManagerKey=!FROM_USER_DIALOG_2_FIELD_AUTO\r\n"
	    "ClearFields=KEY , PIN\r\nPKCS11Library=a.dll\r\nPKCS11LibraryLinux=a.so\r\n"
	    "UseSelectCriteriaIccsn=true\nSelectCriteriaIccsn=# 12 "
	    "3\n[Application_1]\nBlockCard=true\n";
	struct diags d = {0};
	struct description *desc = description_parse("x.dsc", text, sizeof(text) - 1, &d);

	ck_assert_ptr_nonnull(desc);
	ck_assert_uint_eq(d.n_warnings, 0);
	ck_assert(desc->block_card && desc->set_pin && !desc->init_token && desc->select_by_serial);
	ck_assert_int_eq(desc->pin.kind, VALUE_FIELD);
	ck_assert_str_eq(desc->pin.field, "PIN");
	ck_assert_uint_eq(desc->pin.line, 6);
	ck_assert_uint_eq(desc->pin.column, 5);
	ck_assert_int_eq(desc->initial_puk.kind, VALUE_NONE);
	ck_assert_int_eq(desc->new_card_manager_key.kind, VALUE_DIALOG);
	ck_assert_uint_eq(desc->new_card_manager_key.dialog, 2);
	ck_assert(desc->new_card_manager_key.dialog_auto);
	ck_assert_int_eq(desc->serial.kind, VALUE_LITERAL);
	ck_assert_uint_eq(secret_len(desc->serial.literal), 5);
	ck_assert_mem_eq(secret_bytes(desc->serial.literal), " 12 3", 5);
	ck_assert_uint_eq(desc->n_fields, 2);
	ck_assert_ptr_null(desc->fields[0].preset);
	ck_assert_uint_eq(secret_len(desc->fields[1].preset), 4);
	ck_assert_uint_eq(desc->n_clear_fields, 2);
	ck_assert_str_eq(desc->clear_fields[1], "PIN");
	diags_free(&d);
	ck_assert_str_eq(desc->library, "a.so");
	ck_assert(description_uses_key(desc));
	ck_assert_ptr_eq(description_so(desc), &desc->card_manager_key);
	ck_assert_ptr_eq(description_new_so(desc), &desc->new_card_manager_key);
	description_free(desc);
}
END_TEST

START_TEST(test_readable)
{
	static const struct wanted literal[WANTED_MAX] = {
	    W(4, 5, "a secret stands here|0644|chmod o-r")};
	static const struct wanted preset[WANTED_MAX] = {W(2, 0, "a secret stands here")};
	static const struct wanted none[WANTED_MAX] = {{0}};
	static const char with_literal[] = D UNBLOCK "PIN=#1234\n";
	static const char with_preset[] =
	    "[Fields]\nP=1234\n" D "SetPIN=true\nPIN=P\nInitialPUK=!FROM_USER_DIALOG_1_FIELD\n";
	char *dir = unit_folder(), *path;
	struct diags d = {0};

	path = unit_write(dir, "a.dsc", with_literal, sizeof(with_literal) - 1, 0644);
	description_free(description_read(path, INI_TRUSTED, &d));
	unit_expect("literal", path, &d, literal);
	diags_free(&d);
	ck_assert_int_eq(chmod(path, 0640), 0);
	description_free(description_read(path, INI_TRUSTED, &d));
	unit_expect("closed", path, &d, none);
	diags_free(&d);
	free(path);
	path = unit_write(dir, "b.dsc", with_preset, sizeof(with_preset) - 1, 0644);
	description_free(description_read(path, INI_TRUSTED, &d));
	unit_expect("preset", path, &d, preset);
	diags_free(&d);
	free(path);
	unit_remove(dir);
}
END_TEST

START_TEST(test_too_many)
{
	size_t size = 64 * 1024, len = 0;
	char *text = malloc(size);
	struct diags d = {0};

	len += (size_t)snprintf(text, size, "[Fields]\n");
	for (int i = 0; i < 3000; i++)
		len += (size_t)snprintf(text + len, size - len, "F%d=\n", i);
	ck_assert_ptr_null(description_parse("x.dsc", text, len, &d));
	ck_assert_uint_eq(d.n_errors, 1);
	ck_assert_ptr_nonnull(strstr(d.list[0].what, "over 2000"));
	diags_free(&d);
	free(text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("description");
	TCase *tc = tcase_create("description");

	tcase_add_loop_test(tc, test_cases, 0, N_OF(cases));
	tcase_add_test(tc, test_long_literal);
	tcase_add_test(tc, test_nul_literal);
	tcase_add_test(tc, test_no_secret_told);
	tcase_add_test(tc, test_contents);
	tcase_add_test(tc, test_readable);
	tcase_add_test(tc, test_too_many);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
