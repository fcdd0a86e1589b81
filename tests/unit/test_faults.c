/* SPDX-License-Identifier: BSD-3-Clause */
/* Every call that may fail does, one a run: readers and writers of files, and whole conversations
 * with the helper. */
#include "tests/unit/unit.h"

#include <stdint.h>

#include "card/private.h"
#include "card/record_write.h"
#include "card/state.h"
#include "policy/binding.h"
#include "policy/config.h"
#include "policy/field.h"
#include "policy/log.h"
#include "tests/fuzz/office.h"
#include "tests/lib/wrapfault.h"
#include "tests/unit/conversations.h"

#define CALLS_MOST 20000

static const char config_text[] =
    "[Module]\nPath=/m.so\nProfile=softhsm\nInitReserved=x\n[Latch]\nPolicy=~/p\n"
    "StateDirectory=/s\nHelper=unix:/run/h.sock\nUnknown=1\n[Modul]\n";
static const char description_text[] =
    "[Encoding]\nType=x\n[Fields]\nPUK=\nPIN=1234\nNEW=\n[Description]\nSetPIN=true\nPIN=PIN\n"
    "InitialPUK=PUK\nPUK=NEW\nClearFields=PUK,PIN\nSelectCriteriaIccsn=#12\n"
    "UseSelectCriteriaIccsn=true\nPKCS11LibraryLinux=/x\nUnknown=1\n"
    "[Application_B]\nBlockCard=true\n";
static const char policy_text[] =
    "[pkcs11:manufacturer=M%%20x;model=m]\nPersonalize=all.dsc\nUnblock=all.dsc\n"
    "Field.PUK=file:/k/{serial}\nField.NEW=dialog\nField.PIN=dialog\nProfile=softhsm\n"
    "Profile.Caches=no\nBlockMethod=lock\nUnknown=1\n"
    "[pkcs11:serial=1;token=label]\nUnblock=all.dsc\nField.PUK=file:%s/{serial}\n"
    "Field.NEW=file:%s/new\n";

static const struct identity token = {"M x", "m", "1", "label"};

static char *dir, *path;

static void
write_file(const char *name, const char *text)
{
	free(unit_write(dir, name, text, strlen(text), 0600));
}

static void
set_up(void)
{
	char text[2048], *folder;

	dir = unit_folder();
	log_init();
	write_file("p11-latch.conf", config_text);
	folder = unit_path(dir, "descriptions");
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	free(folder);
	write_file("descriptions/all.dsc", description_text);
	snprintf(text, sizeof(text), policy_text, dir, dir);
	write_file("policy.conf", text);
	write_file("1", "76543210\n");
	write_file("new", "13572468");
	ck_assert(state_prepare(dir));
}

static void
tear_down(void)
{
	unit_remove(dir);
}

/* --- Readers and writers: what they gave, and whether that is right -----------------------------
 */

static struct diags said;
static struct config *config;
static struct description *desc;
static struct policy *policy;
static const struct binding *binding;
static struct record record;
static struct private private;
static uint64_t before, after;
static struct resolved resolved[2];
static bool ok;

static void
read_config(void)
{
	config = config_read(path, &said);
	ok = config != NULL;
}

static bool
config_is_whole(void)
{
	bool whole = !ok || (config->policy != NULL && config->state_dir != NULL &&
				config->profile != NULL && config->init_reserved != NULL &&
				config->helper_socket != NULL);

	config_free(config);
	return whole && (ok || said.n_errors > 0);
}

static void
read_description(void)
{
	desc = description_read(path, 0, &said);
	ok = desc != NULL;
}

static bool
description_is_whole(void)
{
	bool whole = !ok || (desc->block_card && desc->pin.kind == VALUE_FIELD &&
				desc->n_fields == 3 && desc->n_clear_fields == 2);

	description_free(desc);
	return whole && (ok || said.n_errors > 0);
}

static void
read_policy(void)
{
	bool tie;

	policy = policy_read(path, &said);
	binding = policy != NULL ? policy_match(policy, &token, &tie, &said) : NULL;
	ok = binding != NULL;
}

static bool
policy_is_whole(void)
{
	bool whole = !ok || (binding->unblock != NULL && binding->serial != NULL);

	policy_free(policy);
	return whole && (ok || said.n_errors > 0);
}

static void
write_record(void)
{
	const struct record r = {
	    .identity = token, .state = RECORD_BLOCKED, .method = METHOD_LOCK, .why = "x"};
	const struct private p = {.has_salt = true, .proved = true, .so_wrong = 1};

	ok = record_write(dir, true, &r) && private_write(dir, "x", &p);
	/* What is written can be read, whatever becomes of the writing. */
	ok = record_read(dir, &token, true, &record) == RECORD_FOUND && ok;
	ok = private_read(dir, "x", &private) && ok;
}

static bool
record_is_whole(void)
{
	return !ok || (record.state == RECORD_BLOCKED && private.so_wrong == 1);
}

static void
next_sequence(void)
{
	ok = sequence_read(dir, &before) == 0 && state_next_sequence(dir, &after);
}

static bool
sequence_grows(void)
{
	return !ok || after == before + 1;
}

static void
resolve(void)
{
	const struct field_context c = {.binding = binding, .id = &token};

	ok = field_resolve(&c, binding->unblock, &binding->unblock->initial_puk, &resolved[0]) &&
	     field_resolve(&c, binding->unblock, &binding->unblock->puk, &resolved[1]);
}

/* A source that fails is an error, and no empty value. */
static bool
values_are_whole(void)
{
	bool whole =
	    !ok || (resolved[0].kind == VALUE_LITERAL && secret_len(resolved[0].value) == 8 &&
		       resolved[1].kind == VALUE_LITERAL && secret_len(resolved[1].value) == 8);

	resolved_free(&resolved[0]);
	resolved_free(&resolved[1]);
	return whole;
}

static const struct reader {
	const char *name, *file;
	void (*run)(void);
	bool (*whole)(void);
} readers[] = {
    {"configuration", "p11-latch.conf", read_config, config_is_whole},
    {"description", "descriptions/all.dsc", read_description, description_is_whole},
    {"policy", "policy.conf", read_policy, policy_is_whole},
    {"record", "", write_record, record_is_whole},
    {"sequence", "", next_sequence, sequence_grows},
    {"values", "policy.conf", resolve, values_are_whole},
};

/* True: the Nth call is there, and went wrong in each of its ways. */
static bool
goes_wrong(const struct reader *r, unsigned nth)
{
	bool any = false, more = true;
	unsigned turn;

	for (turn = 0; more; turn++) {
		memset(resolved, 0, sizeof(resolved));
		wrapfault_begin(nth, turn);
		r->run();
		any = wrapfault_end(&more) || any;
		ck_assert_msg(r->whole(), "%s: %s", r->name, wrapfault_what());
		diags_free(&said);
		memset(&said, 0, sizeof(said));
	}
	return any;
}

/* Until there is no such call any more, and then it is right. */
START_TEST(test_readers)
{
	const struct reader *r = &readers[_i];
	unsigned nth = 1;

	path = unit_path(dir, r->file);
	if (r->run == resolve)
		read_policy();
	while (nth < CALLS_MOST && goes_wrong(r, nth))
		nth++;
	ck_assert_msg(nth > 10 && nth < CALLS_MOST, "%s: %u calls", r->name, nth);
	ck_assert_msg(ok, "%s: not even undisturbed", r->name);
	free(path);
}
END_TEST

/* --- Conversations -----------------------------------------------------------------------------
 */

static unsigned the_nth, the_turn, calls; /* the_nth 0: none goes wrong, they are counted */
static bool has_more;

void __real_office_converse(const struct scene *s, const char *config_file, int sock);
void __wrap_office_converse(const struct scene *s, const char *config_file, int sock);

/* The card comes into its state undisturbed. */
void
__wrap_office_converse(const struct scene *s, const char *config_file, int sock)
{
	if (the_nth == 0) {
		wrapfault_trace();
		__real_office_converse(s, config_file, sock);
		calls = wrapfault_traced();
		return;
	}
	wrapfault_begin(the_nth, the_turn);
	__real_office_converse(s, config_file, sock);
	(void)wrapfault_end(&has_more);
}

static unsigned
converse(const uint8_t *scene, uint8_t caller, uint8_t what)
{
	const uint8_t input[] = {scene[0], scene[1], scene[2], caller, what};
	unsigned n, nth, runs = 0;

	the_nth = calls = 0;
	(void)LLVMFuzzerTestOneInput(input, sizeof(input));
	n = calls;
	for (nth = 1; nth <= n; nth++) {
		if (!wrapfault_is_new(nth))
			continue;
		the_nth = nth;
		has_more = true;
		for (the_turn = 0; has_more; the_turn++, runs++) {
			has_more = false;
			(void)LLVMFuzzerTestOneInput(input, sizeof(input));
		}
	}
	return runs;
}

/*
 * Each place in the code once: each conversation ends, and leaves no card that nobody knows, and
 * none open (tests/fuzz/fuzz_vendor.c).
 */
START_TEST(test_conversations)
{
	ck_assert_uint_gt(converse_in_each(SCENES_FEW, converse), 300);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("faults");
	TCase *files = tcase_create("files"), *helper = tcase_create("helper");

	tcase_add_checked_fixture(files, set_up, tear_down);
	tcase_add_loop_test(files, test_readers, 0, N_OF(readers));
	suite_add_tcase(suite, files);
	tcase_set_timeout(helper, 120);
	tcase_add_test(helper, test_conversations);
	suite_add_tcase(suite, helper);
	return unit_run(suite);
}
