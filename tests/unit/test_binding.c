/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of policy.conf: bindings, sources, the descriptions they name, and which one governs a
 * token. */
#include "tests/unit/unit.h"

#include <time.h>

#include "policy/binding.h"

#define S "[pkcs11:model=M]\n"

/* What the descriptions folder holds in all cases. */
static const struct {
	const char *name, *text;
} files[] = {
    {"block.dsc", "[Application_B]\nBlockCard=true\n"},
    {"block-puk.dsc", "[Application_B]\nBlockCard=true\n[Description]\nInitialPUK=#12345678\n"},
    {"puk.dsc", "[Fields]\nP=\nNEW=\n[Description]\nSetPIN=true\nPIN=P\n"
		"InitialPUK=!FROM_USER_DIALOG_1_FIELD\nPUK=NEW\n"},
    {"key.dsc", "[Fields]\nK=\nNEWKEY=\nPIN=\n[Description]\nSetPIN=true\nPIN=PIN\n"
		"CardManagerKey=K\nNewCardManagerKey=NEWKEY\n"},
    {"same.dsc", "[Description]\nSetPIN=true\nPIN=#123456\nInitialPUK=#12345678\n"},
    {"init.dsc", "[Fields]\nU=\n[Application_B]\nBlockCard=true\n[Description]\nInitToken=true\n"
		 "InitialPUK=U\n"},
    {"offline.dsc", "[Fields]\nK=\n[Application_B]\nBlockCard=true\n[Description]\n"
		    "InitCRKey=true\nUseCardManagerKey=true\nCardManagerKey=K\n"},
    {"bad.dsc", "[Description]\nSetPIN=maybe\nPIN=#1\nInitialPUK=#1\n"},
};

static const struct {
	const char *name;
	const char *text;
	struct wanted wanted[WANTED_MAX];
} cases[] = {
    {"good",
	S
	"Personalize=block-puk.dsc\nUnblock=puk.dsc\nField.P=dialog\nField.NEW=file:/k/{serial}\n",
	{{0}}},
    {"all elements",
	S "Personalize=block-puk.dsc ; one\nBlockMethod=scramble\nBlockAfter=finalize\n"
	  "PersonalizeOn=command\nUnblockByLogin=yes\nPinLetter=yes\nProfile=softhsm\nProfile.lock="
	  "no\n",
	{{0}}},
    {"pick-up desk",
	S "Unblock=key.dsc\nField.K=file:/k/{serial}\nField.PIN=dialog\n"
	  "Field.NEWKEY=file:/n/{serial}\n",
	{{0}}},
    {"nothing", "", {W(0, 0, "no binding stands here")}},

    /* The URI. */
    {"no URI", "[softhsm]\nPersonalize=block-puk.dsc\n", {E(1, 2, "not a PKCS#11 URI|pkcs11:")}},
    {"label", "[pkcs11:model=M;label=x]\nPersonalize=block-puk.dsc\n",
	{E(1, 17, "label= is no attribute|write token=")}},
    {"object", "[pkcs11:model=M;object=x]\nPersonalize=block-puk.dsc\n",
	{E(1, 17, "attribute object= cannot be matched on|serial, token, model, manufacturer")}},
    {"query", "[pkcs11:model=M?pin-value=1]\nPersonalize=block-puk.dsc\n",
	{E(1, 16, "what follows a ? says nothing of which token")}},
    {"blank", "[pkcs11:model=My Model]\nPersonalize=block-puk.dsc\n",
	{E(1, 17, "white space in a URI|write %20")}},
    {"tab", "[pkcs11:token=a;model=My\tModel]\nPersonalize=block-puk.dsc\n",
	{E(1, 25, "white space in a URI|write %20")}},
    {"ampersand", "[pkcs11:manufacturer=G%20&%20D]\nPersonalize=block-puk.dsc\n", {{0}}},
    {"ampersand for a semicolon",
	"[pkcs11:token=latch&model=SoftHSM%20v2]\nPersonalize=block-puk.dsc\n",
	{E(1, 26, "token= has another = in its value|write ; between attributes, or %3D for =")}},
    {"two of them", "[pkcs11:token=a&model=b;serial=0=]\nPersonalize=block-puk.dsc\n",
	{E(1, 22, "token= has another ="), E(1, 33, "serial= has another =")}},
    {"escaped equals", "[pkcs11:token=latch&model%3DM]\nPersonalize=block-puk.dsc\n", {{0}}},
    {"twice", "[pkcs11:model=M;model=N]\nPersonalize=block-puk.dsc\n",
	{E(1, 17, "model= stands here twice")}},
    {"empty attribute", "[pkcs11:serial=]\nPersonalize=block-puk.dsc\n",
	{E(1, 9, "serial= has no value")}},
    {"no equals", "[pkcs11:model]\nPersonalize=block-puk.dsc\n",
	{E(1, 9, "attribute without a value")}},
    {"end", "[pkcs11:model=M;]\nPersonalize=block-puk.dsc\n",
	{E(1, 16, "nothing stands behind ';'")}},
    {"NUL", "[pkcs11:model=a%00b]\nPersonalize=block-puk.dsc\n", {E(1, 16, "NUL byte")}},
    {"too long", "[pkcs11:serial=12345678901234567]\nPersonalize=block-puk.dsc\n",
	{E(1, 2, "longer than any token's")}},
    {"bad encoding", "[pkcs11:model=%zz]\nPersonalize=block-puk.dsc\n",
	{E(1, 2, "cannot be read")}},
    {"duplicate", S "Personalize=block-puk.dsc\n" S "Personalize=block-puk.dsc\n",
	{E(3, 1, "duplicate section [pkcs11:model=M]|line 1")}},
    {"tie",
	"[pkcs11:model=M;serial=1]\nPersonalize=block-puk.dsc\n[pkcs11:serial=%31;model=M]\n"
	"Personalize=block-puk.dsc\n",
	{E(3, 1, "this binding and the one on line 1 match the same tokens")}},
    {"any twice",
	"[pkcs11:]\nPersonalize=block-puk.dsc\n[pkcs11:model=*]\nPersonalize=block-puk.dsc\n",
	{{0}}},

    /* Elements. */
    {"word", S "BlockMethod=locked\n",
	{E(2, 13, "BlockMethod= is not auto, lock or scramble|did you mean lock?")}},
    {"words", S "PersonalizeOn=always\n", {E(2, 15, "init-pin, set-pin or command")}},
    {"PinLetter", S "PinLetter=true\n", {E(2, 11, "no or yes")}},
    {"empty word", S "BlockAfter=\n", {E(2, 12, "close or finalize")}},
    {"case", S "blockafter=close\n", {W(2, 1, "write BlockAfter=")}},
    {"unknown", S "BlockAftr=close\n",
	{E(2, 1, "unknown element BlockAftr=|did you mean BlockAfter=?")}},
    {"misspelt", S "Personalise=block.dsc\n", {E(2, 1, "did you mean Personalize=?")}},
    {"unlike any", S "Colour=blue\n", {W(2, 1, "unknown element Colour=")}},
    {"twice in another case", S "Unblock=puk.dsc\nunblock=puk.dsc\n",
	{E(3, 1, "duplicate element unblock=, which stands on line 2 already"),
	    W(3, 1, "write Unblock=")}},
    {"field case", S "field.X=dialog\n",
	{E(2, 1, "unknown element field.X=|did you mean Field.NAME=?")}},
    {"column case", S "profile.Block=none\n",
	{E(2, 1, "unknown element profile.Block=|did you mean Profile.COLUMN=?")}},
    {"misspelt column", S "Profil.X=1\n",
	{E(2, 1, "unknown element Profil.X=|did you mean Profile.COLUMN=?")}},
    {"no column", S "Profile.=x\n", {E(2, 1, "Profile. without a column")}},
    {"no field", S "Field.=dialog\n", {E(2, 1, "Field. without a name")}},

    /* Descriptions. */
    {"absent", S "Personalize=none.dsc\n", {E(2, 13, "none.dsc is not there")}},
    {"folder", S "Personalize=folder\n", {E(2, 13, "folder is a folder")}},
    {"fifo", S "Personalize=fifo\n", {E(2, 13, "is a pipe")}},
    {"writable", S "Personalize=open.dsc\n", {E(2, 13, "can be written by others|0666")}},
    {"packed", S "Personalize=x.dsz\n", {E(2, 13, "x.dsz is a packed description|unpack it")}},
    {"no name", S "Unblock=\n", {E(2, 9, "Unblock= has no value")}},
    {"literal for a description", S "Personalize=#777\nUnblock=#778\n",
	{E(2, 13, "Personalize=: a literal is no description|name a file"),
	    E(3, 9, "Unblock=: a literal is no description|name a file")}},
    {"beside", S "Personalize=beside.dsc\n", {{0}}},
    {"blocks nothing", S "Personalize=same.dsc\n", {W(2, 13, "blocks no card")}},
    {"offline", S "Personalize=offline.dsc\nField.K=file:/k\nBlockMethod=lock\nTickets=100\n",
	{{0}}},
    {"offline, key asked for", S "Personalize=offline.dsc\nField.K=dialog\nBlockMethod=lock\n",
	{W(2, 13, "nobody is asked for CardManagerKey=|cards get no tickets")}},
    {"offline, death", S "Personalize=offline.dsc\nField.K=file:/k\n",
	{W(2, 13, "killed during a personalization|p11-latch apply set the first PIN")}},
    {"offline, key by command", S "Personalize=offline.dsc\nField.K=env:K\nBlockMethod=lock\n",
	{{0}}},
    {"no tickets", S "Personalize=block-puk.dsc\nTickets=0\n",
	{E(3, 9, "Tickets= is not a number from 1 to 100")}},
    {"too many tickets", S "Personalize=block-puk.dsc\nTickets=101\n",
	{E(3, 9, "Tickets= is not a number from 1 to 100")}},
    {"many digits of tickets", S "Personalize=block-puk.dsc\nTickets=99999999999999999999\n",
	{E(3, 9, "not a number")}},
    {"tickets in words", S "Personalize=block-puk.dsc\nTickets=ten\n", {E(3, 9, "not a number")}},
    {"tickets without a number", S "Personalize=block-puk.dsc\nTickets=\n",
	{E(3, 9, "not a number")}},
    {"unblocks nothing", S "Unblock=block.dsc\n", {W(2, 9, "unblocks nothing")}},

    /* Sources. */
    {"relative", S "Unblock=key.dsc\nField.K=file:keys/{serial}\n",
	{E(3, 14, "Field.K: file: wants an absolute path")}},
    {"literal", S "Unblock=key.dsc\nField.K=#0123\n", {E(3, 9, "a literal is no source|[Fields]")}},
    {"brace", S "Unblock=key.dsc\nField.K=file:/k/{Serial}\n",
	{E(3, 17, "this brace is not understood|{serial}")}},
    {"open brace", S "Unblock=key.dsc\nField.K=file:/k/{serial\n", {E(3, 17, "brace")}},
    {"env", S "Unblock=key.dsc\nField.K=env:A-B\n", {E(3, 13, "name of an environment variable")}},
    {"command", S "Unblock=key.dsc\nField.K=command:/bin/x\n",
	{E(3, 9, "command: is not available yet|use file:..., env:..., dialog")}},
    {"derive", S "Unblock=key.dsc\nField.NEWKEY=derive:kbkdf?key=x\n",
	{E(3, 14, "derive: is not available yet|use file:..., env:..., dialog")}},
    {"command sets", S "Unblock=key.dsc\nField.NEWKEY=command:/bin/x\n",
	{E(3, 14, "command: for a value that is set as PUK or card manager key|had again later")}},
    {"env sets", S "Unblock=puk.dsc\nField.NEW=env:NEW\n",
	{E(3, 11,
	    "env: for a value that is set as PUK or card manager key|literal, file: or dialog")}},
    {"command sets at init", S "Personalize=init.dsc\nField.U=command:/bin/x\n",
	{E(3, 9, "command: for a value that is set")}},
    {"unknown source", S "Unblock=key.dsc\nField.K=/k/{serial}\n",
	{E(3, 9, "source is not known|file:PATH")}},
    {"undeclared", S "Unblock=key.dsc\nField.NEW_KEY=dialog\n",
	{W(3, 1,
	    "Field.NEW_KEY: no description of this binding declares|did you mean Field.NEWKEY?")}},
    {"notes", S "Unblock=key.dsc\nField.PIN=dialog\n",
	{N(2, 9, "field K of this description has no source"), N(2, 9, "field NEWKEY")}},

    /* Unwise. */
    {"same PIN", S "Unblock=same.dsc\n",
	{W(2, 9, "PIN= (|same.dsc:3) is the same for every card|no PIN letter|PinLetter=yes")}},
    {"same PIN meant", S "Unblock=same.dsc\nPinLetter=yes\n", {{0}}},
    {"same PIN, one card", "[pkcs11:serial=1]\nUnblock=same.dsc\n", {{0}}},
    {"one file",
	S "Unblock=key.dsc\nField.PIN=file:/pins/all\nField.K=dialog\nField.NEWKEY=dialog\n",
	{W(2, 9, "is the same for every card|{serial}")}},
    {"own file",
	S "Unblock=key.dsc\nField.PIN=file:/pins/{serial}\nField.K=dialog\nField.NEWKEY=dialog\n",
	{{0}}},
    {"death", S "Personalize=block.dsc\n",
	{W(2, 13, "killed|refused by p11-latch, but not blocked|InitialPUK=")}},
    {"death, lock", S "Personalize=block.dsc\nBlockMethod=lock\n", {{0}}},
    {"death, dialog", S "Personalize=block.dsc\nUnblock=puk.dsc\nField.P=dialog\n",
	{W(2, 13, "not blocked")}},
    {"death, key by dialog",
	S "Personalize=block.dsc\nUnblock=key.dsc\nField.K=dialog\nField.PIN=dialog\n",
	{W(2, 13, "not blocked")}},
    {"death, key by file",
	S "Personalize=block.dsc\nUnblock=key.dsc\nField.K=file:/k/{serial}\nField.PIN=dialog\n",
	{{0}}},

    {"many", "x\n[pkcs11:bad]\nBlockMethod=x\nPersonalize=none\n[pkcs11:label=1]\nBlockAfter=x\n",
	{E(1, 1, "neither"), E(2, 9, "without a value"), E(4, 13, "is not there"),
	    E(3, 13, "BlockMethod="), E(5, 9, "label="), E(6, 12, "BlockAfter=")}},
};

static char *dir, *policy_file;

static void
setup(void)
{
	char *descriptions, *path;

	dir = unit_folder();
	policy_file = unit_path(dir, "policy.conf");
	descriptions = unit_path(dir, "descriptions");
	ck_assert_int_eq(mkdir(descriptions, 0700), 0);
	for (size_t i = 0; i < N_OF(files); i++)
		free(unit_write(
		    descriptions, files[i].name, files[i].text, strlen(files[i].text), 0600));
	free(unit_write(descriptions, "open.dsc", files[0].text, strlen(files[0].text), 0666));
	free(unit_write(dir, "beside.dsc", files[1].text, strlen(files[1].text), 0600));
	path = unit_path(descriptions, "folder");
	ck_assert_int_eq(mkdir(path, 0700), 0);
	free(path);
	path = unit_path(descriptions, "fifo");
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	free(path);
	free(descriptions);
}

static void
teardown(void)
{
	free(policy_file);
	unit_remove(dir);
}

static struct policy *
parse(const char *text, struct diags *d)
{
	free(unit_write(dir, "policy.conf", text, strlen(text), 0600));
	return policy_read(policy_file, d);
}

START_TEST(test_cases)
{
	struct diags d = {0};
	struct policy *p = parse(cases[_i].text, &d);

	unit_expect(cases[_i].name, policy_file, &d, cases[_i].wanted);
	ck_assert_msg((p == NULL) == (d.n_errors != 0), "%s", cases[_i].name);
	policy_free(p);
	diags_free(&d);
}
END_TEST

/* A description with errors is reported at its own lines, once, and nothing else follows from it.
 */
START_TEST(test_bad_description)
{
	static const struct wanted wanted[WANTED_MAX] = {E(2, 8, "neither true nor false")};
	struct diags d = {0};
	char *path = unit_path(dir, "descriptions/bad.dsc");

	ck_assert_ptr_null(
	    parse(S "Unblock=bad.dsc\nField.X=dialog\n[pkcs11:]\nUnblock=bad.dsc\n", &d));
	unit_expect("bad", path, &d, wanted);
	diags_free(&d);
	free(path);
}
END_TEST

START_TEST(test_contents)
{
	struct diags d = {0};
	struct policy *p = parse(
	    "[pkcs11:manufacturer=SoftHSM%20project;model=SoftHSM%20v2;token=a%3Bb;serial=00ff]\n"
	    "Personalize=block-puk.dsc   ; "
	    "comment\nUnblock=key.dsc\nBlockMethod=lock\nBlockAfter=finalize\n"
	    "PersonalizeOn=set-pin\nUnblockByLogin=no\nPinLetter=yes\nProfile=generic\nProfile.so_"
	    "tries=3\n"
	    "Field.K=file:/k/{serial}\nField.PIN=env:THE_PIN\nField.NEWKEY=dialog\n"
	    "[pkcs11:]\nUnblock=key.dsc\nField.K=dialog\n",
	    &d);
	const struct binding *b;

	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(d.n_warnings, 0);
	ck_assert_uint_eq(p->n, 2);
	ck_assert_uint_eq(p->n_descriptions, 2);
	b = &p->bindings[0];
	ck_assert_str_eq(b->manufacturer, "SoftHSM project");
	ck_assert_str_eq(b->model, "SoftHSM v2");
	ck_assert_str_eq(b->label, "a;b");
	ck_assert_str_eq(b->serial, "00ff");
	ck_assert_ptr_nonnull(b->personalize);
	ck_assert_ptr_eq(b->unblock, p->bindings[1].unblock);
	ck_assert_ptr_nonnull(strstr(b->unblock_path, "/descriptions/key.dsc"));
	ck_assert_int_eq(b->block_method, BLOCK_LOCK);
	ck_assert_int_eq(b->block_after, BLOCK_AFTER_FINALIZE);
	ck_assert_int_eq(b->personalize_on, PERSONALIZE_ON_SET_PIN);
	ck_assert_int_eq(b->unblock_by_login, CHOICE_NO);
	ck_assert(b->pin_letter);
	ck_assert_str_eq(b->profile, "generic");
	ck_assert_uint_eq(b->n_overrides, 1);
	ck_assert_str_eq(b->overrides[0].column, "so_tries");
	ck_assert_str_eq(b->overrides[0].value, "3");
	ck_assert_uint_eq(b->n_sources, 3);
	ck_assert_int_eq(binding_source(b, "K")->kind, SOURCE_FILE);
	ck_assert_str_eq(binding_source(b, "K")->text, "/k/{serial}");
	ck_assert_str_eq(binding_source(b, "PIN")->text, "THE_PIN");
	ck_assert_ptr_null(binding_source(b, "NEWKEY")->text);
	ck_assert_ptr_null(binding_source(b, "X"));
	b = &p->bindings[1];
	ck_assert_ptr_null(b->serial);
	ck_assert_ptr_null(b->personalize);
	ck_assert_int_eq(b->block_method, BLOCK_AUTO);
	ck_assert(!b->pin_letter);
	policy_free(p);
	diags_free(&d);
}
END_TEST

static const struct {
	const char *serial, *label, *model, *manufacturer;
	int binding; /* -1: none */
} matches[] = {
    {"1", "L", "M", "F", 0},
    {"2", "L", "M", "F", 1}, /* label before model and manufacturer */
    {"2", "x", "M", "F", 2},
    {"2", "x", "x", "F", 3},
    {"2", "x", "x", "x", -1},
    {"1", "x", "x", "x", 0},
    {"01", "x", "x", "x", -1},
};

START_TEST(test_match)
{
	struct diags d = {0};
	struct policy *p = parse("[pkcs11:serial=1]\n[pkcs11:token=L]\n[pkcs11:model=M]\n"
				 "[pkcs11:manufacturer=F]\n",
	    &d);
	struct identity id = {0};
	const struct binding *b;
	bool tie;

	ck_assert_ptr_nonnull(p);
	strcpy(id.serial, matches[_i].serial);
	strcpy(id.label, matches[_i].label);
	strcpy(id.model, matches[_i].model);
	strcpy(id.manufacturer, matches[_i].manufacturer);
	b = policy_match(p, &id, &tie, &d);
	ck_assert(!tie);
	if (matches[_i].binding < 0)
		ck_assert_ptr_null(b);
	else
		ck_assert_ptr_eq(b, &p->bindings[matches[_i].binding]);
	policy_free(p);
}
END_TEST

/* Not timed strictly: an order of magnitude above what it should take. */
START_TEST(test_thousand)
{
	size_t size = 256 * 1024, len = 0;
	char *text = malloc(size);
	struct identity id = {"F", "M", "999", ""};
	struct timespec a, b;
	struct diags d = {0};
	struct policy *p;
	bool tie;

	for (int i = 0; i < 1000; i++)
		len += (size_t)snprintf(text + len, size - len,
		    "[pkcs11:model=M;serial=%d]\nPersonalize=block-puk.dsc\nUnblock=key.dsc\n"
		    "Field.K=file:/k/{serial}\nField.PIN=dialog\nField.NEWKEY=dialog\n",
		    i);
	free(unit_write(dir, "policy.conf", text, len, 0600));
	clock_gettime(CLOCK_MONOTONIC, &a);
	p = policy_read(policy_file, &d);
	ck_assert_ptr_nonnull(p);
	ck_assert_ptr_eq(policy_match(p, &id, &tie, &d), &p->bindings[999]);
	clock_gettime(CLOCK_MONOTONIC, &b);
	ck_assert_uint_eq(p->n_descriptions, 2);
	ck_assert_int_lt((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000, 200);
	policy_free(p);
	diags_free(&d);
	free(text);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("binding");
	TCase *tc = tcase_create("binding");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, test_cases, 0, N_OF(cases));
	tcase_add_test(tc, test_bad_description);
	tcase_add_test(tc, test_contents);
	tcase_add_loop_test(tc, test_match, 0, N_OF(matches));
	tcase_add_test(tc, test_thousand);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
