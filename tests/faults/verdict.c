/* SPDX-License-Identifier: BSD-3-Clause */
/* What a step must leave: an answer that the design knows, and a card that is no loss and not open.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "tests/faults/sweep.h"

static void __attribute__((format(printf, 2, 3))) say(char why[WHY_MAX], const char *fmt, ...)
{
	size_t at = strlen(why);
	va_list args;

	if (at > 0)
		at += (size_t)snprintf(why + at, WHY_MAX - at, "; ");
	va_start(args, fmt);
	if (at < WHY_MAX)
		vsnprintf(why + at, WHY_MAX - at, fmt, args);
	va_end(args);
}

/* Section 6 of the design, "outcome | CK_RV to the application". */
static bool
is_of_table(const char *rv)
{
	static const char *const table[] = {"CKR_OK", "CKR_PIN_INCORRECT", "CKR_PIN_LOCKED",
	    "CKR_PIN_LEN_RANGE", "CKR_PIN_INVALID", "CKR_FUNCTION_CANCELED", "CKR_FUNCTION_FAILED",
	    "CKR_TOKEN_NOT_PRESENT", "CKR_DEVICE_REMOVED",
	    /* The vendor's own, of a card that no C_InitPIN has reached. */
	    "CKR_USER_PIN_NOT_INITIALIZED"};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(rv, table[i]) == 0)
			return true;
	return false;
}

/* What p11-latch answers; all else is the vendor's own. */
static bool
is_answered(const char *line)
{
	static const char *const calls[] = {"login CKR", "set-pin ", "init-pin ", "close "};
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strncmp(line, calls[i], strlen(calls[i])) == 0)
			return true;
	return false;
}

static bool
is_asked(const char *word)
{
	return strncmp(word, "login ", 6) == 0 || strncmp(word, "set-pin ", 8) == 0 ||
	       strncmp(word, "init-pin ", 9) == 0 || strcmp(word, "close") == 0;
}

/* Of the last login or change; false where there is none. */
static bool
last_answer(const char *out, char call[32], char rv[64])
{
	const char *line = out;
	bool found = false;

	while (line != NULL && *line != '\0') {
		if (is_answered(line) && strncmp(line, "close ", 6) != 0)
			found = sscanf(line, "%31s %63s", call, rv) == 2;
		line = strchr(line, '\n');
		line = line != NULL ? line + 1 : NULL;
	}
	return found;
}

bool
verdict_said_done(const struct flow *f, const struct ended *e)
{
	char call[32], rv[64];

	if (f->is_command)
		return WIFEXITED(e->status) && WEXITSTATUS(e->status) == 0;
	return last_answer(e->out, call, rv) && strcmp(rv, "CKR_OK") == 0;
}

static void
each_answer(const struct flow *f, const char *out, char why[WHY_MAX])
{
	char call[32], rv[64];
	const char *line = out;
	unsigned asked = 0, answered = 0, i;

	for (i = 0; f->words[i] != NULL; i++)
		asked += is_asked(f->words[i]);
	while (line != NULL && *line != '\0') {
		if (is_answered(line) && sscanf(line, "%31s %63s", call, rv) == 2) {
			answered++;
			if (!is_of_table(rv))
				say(why, "%s answers %s", call, rv);
		}
		line = strchr(line, '\n');
		line = line != NULL ? line + 1 : NULL;
	}
	if (answered != asked)
		say(why, "%u calls, and %u answers", asked, answered);
}

void
verdict_answer(const struct flow *f, const struct ended *e, char why[WHY_MAX])
{
	struct seen s;

	if (!f->is_command)
		each_answer(f, e->out, why);
	else if (WIFEXITED(e->status) && WEXITSTATUS(e->status) > 1)
		say(why, "the command ends with %d", WEXITSTATUS(e->status));
	if (f->done == NULL || !verdict_said_done(f, e))
		return;
	look(f, &s);
	if (s.pin < 0 || strcmp(f->pin[s.pin], f->done) != 0)
		say(why, "it says that all went well, but the PIN is not the new one");
}

/* An honest word that nothing came of it leaves a new card new. */
static void
judge_none(const struct flow *f, const struct seen *s, bool forgets, char why[WHY_MAX])
{
	if (!f->starts_new && !(forgets && !f->must_block && s->pin >= 0))
		say(why, "its record is gone");
	else if (f->starts_new && (s->flags & CKF_USER_PIN_INITIALIZED) != 0)
		say(why, "it has a PIN and no record");
}

static void
judge_state(
    const struct flow *f, const struct seen *s, const char *state, bool forgets, char why[WHY_MAX])
{
	if (strcmp(state, "none") == 0) {
		judge_none(f, s, forgets, why);
	} else if (strcmp(state, "blocked") == 0) {
		if (s->pin >= 0)
			say(why, "its record says blocked, but it takes PIN %d", s->pin);
	} else if (strcmp(state, "active") == 0) {
		if (f->must_block)
			say(why, "it is open");
		if (s->pin < 0)
			say(why, "its record says active, but its PIN is nobody's");
		else if (f->object != NULL && !s->object)
			say(why, "its private objects are gone");
	} else if (strcmp(state, "personalizing") != 0 || !f->may_refuse) {
		say(why, "its record says %s", state);
	}
}

void
verdict_card(const struct flow *f, bool forgets, struct seen *s, char why[WHY_MAX])
{
	char state[64], journal[64];

	look(f, s);
	if (!s->usable) {
		say(why, "its own module cannot use it any more");
		return;
	}
	stage_value(f, "records", "", "State", state);
	stage_value(f, "private", ".state", "Journal", journal);
	judge_state(f, s, state, forgets, why);
	if (strcmp(journal, "none") != 0 && strcmp(state, "personalizing") != 0)
		say(why, "its journal says %s", journal);
	/* Whether the policy's key still has it shows when it is unblocked by it. */
	if (s->so < 0 && !f->boxed)
		say(why, "its SO secret is nobody's");
	if ((s->flags & CKF_SO_PIN_LOCKED) != 0)
		say(why, "its last SO try is gone");
}

/* A card that has no PIN so far is personalized, with the SO secret that it has. */
static void
goes_on_new(const struct flow *f, const struct seen *s, char why[WHY_MAX])
{
	char login[80], init[80], state[64];
	const char *const lines[] = {login, init, "close", NULL};
	struct seen after;
	struct ended e;

	snprintf(login, sizeof(login), "login so %s", f->so[s->so < 0 ? 0 : s->so]);
	snprintf(init, sizeof(init), "init-pin %s", f->pin[0]);
	run_lines(f, lines, &e);
	look(f, &after);
	stage_value(f, "records", "", "State", state);
	if (strcmp(state, "blocked") != 0 || after.pin >= 0)
		say(why, "personalized once more, it is %s: %s", state, e.out);
}

/* A box that the card refused once is not opened again before an administrator says so. */
static void
reset(const struct flow *f, struct ended *e)
{
	const char *words[] = {"reset", NULL, NULL};
	size_t i;

	for (i = 0; f->goes[i] != NULL; i++)
		words[1] = f->goes[i];
	run_command(f, words, e);
	if (e->status == 0)
		run_command(f, f->goes, e);
}

/* What an office does with it next, of which nothing is in the way. */
void
verdict_goes_on(const struct flow *f, bool refused, const struct seen *before, char why[WHY_MAX])
{
	struct ended e;
	char state[64];
	struct seen s;

	if (f->starts_new && (before->flags & CKF_USER_PIN_INITIALIZED) == 0) {
		goes_on_new(f, before, why);
		return;
	}
	run_command(f, f->goes, &e);
	if (e.status != 0 && f->else_goes[0] != NULL)
		run_command(f, f->else_goes, &e);
	if (e.status != 0 && refused)
		reset(f, &e);
	look(f, &s);
	stage_value(f, "records", "", "State", state);
	if (e.status != 0 || strcmp(state, "active") != 0 || s.pin != 0)
		say(why, "p11-latch %s does not make it active but %s: %s", f->goes[0], state,
		    e.out);
	else if (f->object != NULL && !s.object && !f->starts_new)
		say(why, "its private objects are gone");
	if (s.so < 0 && !f->boxed)
		say(why, "then its SO secret is nobody's");
}
