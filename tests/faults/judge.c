/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether a step went well: what was answered, and what became of the card, now and later. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/faults/sweep.h"

bool
judge_in_application(const struct step *s)
{
	return strcmp(s->program, "p11drive") == 0;
}

/* Who loads a module that crashes dies with it. */
static bool
may_die(const struct flow *f, const struct step *s)
{
	bool loads = f->is_command ? strcmp(s->program, "p11-latch") == 0 : judge_in_application(s);

	return loads && s->fault->how >= HOW_SEGV && s->fault->how <= HOW_ABORT_AFTER;
}

/* By the standard's words nothing was changed then. */
static bool
says_unchanged(CK_RV rv)
{
	static const CK_RV all[] = {CKR_CANCEL, CKR_FUNCTION_CANCELED, CKR_DATA_LEN_RANGE,
	    CKR_DATA_INVALID, CKR_PIN_LEN_RANGE, CKR_PIN_INVALID, CKR_PIN_EXPIRED,
	    CKR_USER_NOT_LOGGED_IN, CKR_SESSION_CLOSED, CKR_SESSION_COUNT, CKR_SESSION_EXISTS,
	    CKR_SESSION_HANDLE_INVALID, CKR_SESSION_READ_ONLY, CKR_SESSION_READ_ONLY_EXISTS,
	    CKR_SESSION_READ_WRITE_SO_EXISTS, CKR_ARGUMENTS_BAD, CKR_FUNCTION_NOT_SUPPORTED};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] == rv)
			return true;
	return false;
}

/*
 * In the application's own process its own module has set the PIN and says that it has not, or has
 * not and says that it has. It is believed by the application as by p11-latch.
 */
bool
judge_is_lied_to(const struct step *s)
{
	if (!judge_in_application(s))
		return false;
	/* A new card that it shows with a PIN, and locked, is one that C_InitPIN unblocks. */
	if (s->fault->how == HOW_FLAGS)
		return (~s->fault->rv & (CKF_USER_PIN_LOCKED | CKF_USER_PIN_INITIALIZED)) == 0;
	if (strcmp(s->call, "C_InitPIN") != 0)
		return false;
	return s->fault->how == HOW_AFTER ? says_unchanged(s->fault->rv)
					  : s->fault->how == HOW_INSTEAD && s->fault->rv == CKR_OK;
}

/*
 * Against its profile, which has it shown truly. A card in use is then forgotten, as one that was
 * initialised anew: a look by a wrong PIN would cost its user a try.
 */
static bool
shows_no_pin(const struct fault *fault)
{
	if (fault->how == HOW_FLAGS_CLEAR)
		return (fault->rv & CKF_USER_PIN_INITIALIZED) != 0;
	return fault->how == HOW_FLAGS && (fault->rv & CKF_USER_PIN_INITIALIZED) == 0;
}

/* SmartPGP's word for a wrong PIN is CKR_USER_NOT_LOGGED_IN. */
static bool
refuses(const struct step *s)
{
	return (s->fault->how == HOW_INSTEAD || s->fault->how == HOW_AFTER) &&
	       strcmp(s->call, "C_Login") == 0 &&
	       (s->fault->rv == CKR_PIN_INCORRECT || s->fault->rv == CKR_USER_NOT_LOGGED_IN);
}

/*
 * Whether the new PIN was set nobody but its person can tell, where policy does not hold the PUK:
 * it is their next login that ends what was interrupted.
 */
static void
log_in(const struct flow *f, struct ended *e)
{
	char line[80], journal[64];
	const char *const lines[] = {line, NULL};

	stage_value(f, "private", ".state", "Journal", journal);
	if (f->done == NULL || strcmp(journal, "unblock") != 0)
		return;
	snprintf(line, sizeof(line), "login user %s", f->done);
	run_lines(f, lines, e);
}

/* Every second step nobody recovers, and the next request comes at once. */
static void
recover(const struct flow *f, unsigned long index, struct ended *e)
{
	static const char *const words[] = {"recover", NULL};

	if (f->next[0] != NULL && index % 2 == 1)
		run_lines(f, f->next, e);
	run_command(f, words, e);
	log_in(f, e);
}

/* What is wrong with how the program ended, and with what it was told. */
static void
judge_answer(const struct flow *f, const struct step *s, const struct ended *e, char why[WHY_MAX])
{
	bool app_hangs = judge_in_application(s) && s->fault->how == HOW_HANG;

	if (!e->in_time && !app_hangs)
		snprintf(why, WHY_MAX, "no answer in %d ms", APPLICATION_MS);
	if (e->left_behind && !app_hangs)
		snprintf(why, WHY_MAX, "a process is left behind");
	if (WIFSIGNALED(e->status) && !app_hangs && !may_die(f, s) && why[0] == '\0')
		snprintf(why, WHY_MAX, "its program dies by signal %d", WTERMSIG(e->status));
	/* What its own module answers in its own process is the application's to see. */
	if (!judge_in_application(s) && why[0] == '\0')
		verdict_answer(f, e, why);
}

bool
judge(const struct flow *f, const struct step *s, const struct ended *e, unsigned long index,
    char why[WHY_MAX])
{
	bool forgets = shows_no_pin(s->fault), told = false;
	unsigned variant = (f->next[0] != NULL && index % 2 == 1 ? 1u : 0u) + (forgets ? 2u : 0u);
	struct state bytes, as_told;
	struct ended later;
	struct seen seen;

	state_bytes(f, variant, &bytes);
	judge_answer(f, s, e, why);
	if (f->only < 0 && why[0] == '\0') {
		if (state_is_good(&bytes))
			return true;
		if (f->free_looks) {
			look(f, &seen);
			told = state_told(f, variant, &seen, &as_told);
		}
		if (told && state_is_good(&as_told))
			return true;
	}
	recover(f, index, &later);
	verdict_card(f, forgets, &seen, why);
	if (why[0] == '\0')
		verdict_goes_on(f, f->boxed && refuses(s), &seen, why);
	if (why[0] == '\0')
		state_good(&bytes);
	if (why[0] == '\0' && told)
		state_good(&as_told);
	return false;
}
