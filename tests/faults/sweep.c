/* SPDX-License-Identifier: BSD-3-Clause */
/* sweep: one flow on a real token again and again, each time with another fault of its vendor's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/faults/sweep.h"

#define APPLICATION_MS 20000
/* Its own module hangs in its own process, which is nobody's business but whoever kills it. */
#define HUNG_MS   1500
#define SHOW_MOST 30

static const char *const programs[] = {"p11-latch-helper", "p11drive", "p11-latch"};
#define PROGRAMS (sizeof(programs) / sizeof(programs[0]))

struct sum {
	unsigned long index, run, not_reached, excused, failed;
	long longest_ms;
};

struct step {
	const char *program;
	uint32_t nth, calls;
	const char *call;
	const struct fault *fault;
};

static void
plan_step(const struct step *s)
{
	struct plan *p = run_plan();

	memset(p, 0, sizeof(*p));
	snprintf(p->program, sizeof(p->program), "%s", s->program);
	if (s->fault == NULL)
		return;
	p->nth = s->fault->everywhere ? 0 : s->nth;
	p->how = s->fault->how;
	p->rv = s->fault->rv;
}

static bool
in_application(const struct step *s)
{
	return strcmp(s->program, "p11drive") == 0;
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
static bool
is_lied_to(const struct step *s)
{
	if (!in_application(s))
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

static void
judge(const struct flow *f, const struct step *s, const struct ended *e, unsigned long index,
    char why[WHY_MAX])
{
	bool app_hangs = in_application(s) && s->fault->how == HOW_HANG;
	struct ended later;

	if (!e->in_time && !app_hangs)
		snprintf(why, WHY_MAX, "no answer in %d ms", APPLICATION_MS);
	if (e->left_behind && !app_hangs)
		snprintf(why, WHY_MAX, "a process is left behind");
	/* What its own module answers in its own process is the application's to see. */
	if (!in_application(s) && why[0] == '\0')
		verdict_answer(f, e, why);
	recover(f, index, &later);
	verdict_card(f, shows_no_pin(s->fault), why);
	if (why[0] == '\0')
		verdict_goes_on(f, why);
}

static void
show_to(FILE *to, const struct flow *f, const struct step *s, const struct ended *e,
    unsigned long index, const char *why)
{
	const char *line = e->out, *end;

	fprintf(to, "# %s, step %lu: in %s, call %u%s, %s %s %s: %s\n", f->name, index, s->program,
	    s->nth, s->fault->everywhere ? " and all" : "", s->call, how_name(s->fault->how),
	    s->fault->name, why);
	while (*line != '\0') {
		end = strchrnul(line, '\n');
		fprintf(to, "#   %.*s\n", (int)(end - line), line);
		line = *end == '\0' ? end : end + 1;
	}
	stage_say_log(f, to);
}

/* What an interrupted run has found is not lost with it. */
static void
show(const struct flow *f, const struct step *s, const struct ended *e, unsigned long index,
    const char *why)
{
	char path[1024];
	FILE *file;

	show_to(stdout, f, s, e, index, why);
	fflush(stdout);
	if (f->results == NULL)
		return;
	snprintf(path, sizeof(path), "%s.failed", f->results);
	file = fopen(path, "ae");
	if (file == NULL)
		return;
	show_to(file, f, s, e, index, why);
	fclose(file);
}

static void
run_step(const struct flow *f, const struct step *s, struct sum *sum)
{
	bool app_hangs = in_application(s) && s->fault->how == HOW_HANG;
	char why[WHY_MAX] = "";
	struct ended e;

	if (!stage_restore(f)) {
		printf("not ok - %s: what was saved cannot be put back\n", f->name);
		exit(2);
	}
	plan_step(s);
	run_flow(f, true, app_hangs ? HUNG_MS : APPLICATION_MS, &e);
	if (run_plan()->fired == 0) {
		sum->not_reached++;
		return;
	}
	sum->run++;
	if (e.ms > sum->longest_ms && !app_hangs)
		sum->longest_ms = e.ms;
	judge(f, s, &e, sum->index, why);
	if (why[0] != '\0' && is_lied_to(s)) {
		sum->excused++;
		return;
	}
	if (why[0] != '\0' && sum->failed++ < SHOW_MOST)
		show(f, s, &e, sum->index, why);
	else if (f->only >= 0)
		show(f, s, &e, sum->index, why[0] != '\0' ? why : "good");
}

static bool
changes_card(const char *call)
{
	return strcmp(call, "C_InitPIN") == 0 || strcmp(call, "C_SetPIN") == 0 ||
	       strcmp(call, "C_InitToken") == 0;
}

/* Neighbours are of one call: the sample goes through all calls and all faults. */
static bool
is_chosen(const struct flow *f, const struct step *s, unsigned long index)
{
	unsigned long mixed = (index * 2654435761UL & 0xffffffffUL) >> 12;
	const struct fault *fault = s->fault;

	if (f->only >= 0)
		return (unsigned long)f->only == index;
	if (f->call != NULL && strcmp(f->call, "C_*") == 0)
		return fault->everywhere;
	if (f->call != NULL && strcmp(f->call, "hang") == 0)
		return fault->how == HOW_HANG && mixed % f->sample == 0;
	if (f->call != NULL)
		return fault->is_class && strcmp(s->call, f->call) == 0;
	if (f->sample <= 1)
		return true;
	if (changes_card(s->call))
		return mixed % (fault->is_class ? (f->sample + 3) / 4 : 4 * f->sample) == 0;
	return mixed % (fault->is_class ? f->sample : 10 * f->sample) == 0;
}

static bool
fits(const struct fault *fault, uint32_t nth, const char *call)
{
	if (!fault_is_lie(fault->how))
		return !fault->everywhere;
	if (fault->everywhere)
		return nth == 1;
	return strcmp(call, fault->how >= HOW_SLOTS_FEWER ? "C_GetSlotList" : "C_GetTokenInfo") ==
	       0;
}

/* Where an interrupted run goes on. */
static unsigned long
read_at(const struct flow *f, struct sum *sum)
{
	FILE *file = f->results != NULL ? fopen(f->results, "re") : NULL;
	unsigned long at = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%lu %lu %lu %lu %lu %ld", &at, &sum->run, &sum->not_reached,
		&sum->excused, &sum->failed, &sum->longest_ms) != 6)
		at = 0;
	fclose(file);
	return at;
}

static void
write_at(const struct flow *f, const struct sum *sum)
{
	char temporary[1024];
	FILE *file;

	if (f->results == NULL)
		return;
	snprintf(temporary, sizeof(temporary), "%s.new", f->results);
	file = fopen(temporary, "we");
	if (file == NULL)
		return;
	fprintf(file, "%lu %lu %lu %lu %lu %ld\n", sum->index, sum->run, sum->not_reached,
	    sum->excused, sum->failed, sum->longest_ms);
	if (fclose(file) == 0)
		(void)rename(temporary, f->results);
}

static void
sweep_call(const struct flow *f, struct step *s, unsigned long from, struct sum *sum)
{
	const struct fault *all;
	size_t n, i;

	all = faults_all(&n);
	for (i = 0; i < n; i++) {
		if (!fits(&all[i], s->nth, s->call))
			continue;
		s->fault = &all[i];
		sum->index++;
		if (sum->index <= from || !is_chosen(f, s, sum->index))
			continue;
		run_step(f, s, sum);
		write_at(f, sum);
	}
}

/* Without a fault: how many calls it makes, which, and that all is well then. */
static bool
rehearse(const struct flow *f, struct step *s, char (*names)[PLAN_NAME])
{
	char why[WHY_MAX] = "";
	struct ended e;

	s->fault = NULL;
	if (!stage_restore(f))
		return false;
	plan_step(s);
	run_flow(f, true, APPLICATION_MS, &e);
	s->calls = run_plan()->calls < PLAN_CALLS ? run_plan()->calls : PLAN_CALLS;
	memcpy(names, run_plan()->names, sizeof(run_plan()->names));
	verdict_answer(f, &e, why);
	if (why[0] == '\0' && !verdict_said_done(f, &e))
		snprintf(why, WHY_MAX, "it fails");
	verdict_card(f, false, why);
	if (why[0] == '\0')
		verdict_goes_on(f, why);
	if (why[0] == '\0')
		return true;
	printf("not ok - %s, without a fault: %s\n# %s\n", f->name, why, e.out);
	stage_say_log(f, stdout);
	return false;
}

int
sweep(const struct flow *f)
{
	static char names[PLAN_CALLS][PLAN_NAME];
	struct sum sum = {0};
	unsigned long from = read_at(f, &sum), calls = 0;
	size_t i;

	run_begin(f);
	for (i = 0; i < PROGRAMS; i++) {
		struct step s = {.program = programs[i]};

		if (!rehearse(f, &s, names))
			return 1;
		calls += s.calls;
		for (s.nth = 1; s.nth <= s.calls; s.nth++) {
			s.call = names[s.nth - 1];
			sweep_call(f, &s, from, &sum);
		}
	}
	printf("%s - %s: %lu of %lu faults at %lu calls of its vendor's module, %lu not well\n",
	    sum.failed == 0 && (sum.run > 0 || f->call != NULL) ? "ok" : "not ok", f->name, sum.run,
	    sum.index, calls, sum.failed);
	printf("# %s: longest answer %ld ms, %lu not reached, %lu where the application's own "
	       "module lied to it\n",
	    f->name, sum.longest_ms, sum.not_reached, sum.excused);
	return sum.failed == 0 ? 0 : 1;
}
