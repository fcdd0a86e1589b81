/* SPDX-License-Identifier: BSD-3-Clause */
/* sweep: one flow on a real token again and again, each time with another fault of its vendor's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/faults/sweep.h"

/* Its own module hangs in its own process, which is nobody's business but whoever kills it. */
#define HUNG_MS   3000
#define SHOW_MOST 30

static const char *const programs[] = {"p11-latch-helper", "p11drive", "p11-latch"};
#define PROGRAMS (sizeof(programs) / sizeof(programs[0]))

struct sum {
	unsigned long index, chosen, run, same, not_reached, excused, failed;
	long longest_ms;
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
	bool app_hangs = judge_in_application(s) && s->fault->how == HOW_HANG;
	char why[WHY_MAX] = "";
	struct ended e;

	if (!stage_restore(f)) {
		printf("not ok - %s: what was saved cannot be put back\n", f->name);
		exit(2);
	}
	plan_step(s);
	run_flow(f, true, app_hangs ? HUNG_MS : APPLICATION_MS, app_hangs, &e);
	if (run_plan()->fired == 0) {
		sum->not_reached++;
		return;
	}
	sum->run++;
	if (e.ms > sum->longest_ms && !app_hangs)
		sum->longest_ms = e.ms;
	sum->same += judge(f, s, &e, sum->index, why);
	if (why[0] != '\0' && judge_is_lied_to(s)) {
		sum->excused++;
		return;
	}
	if (why[0] != '\0' && sum->failed++ < SHOW_MOST)
		show(f, s, &e, sum->index, why);
	else if (f->only >= 0)
		show(f, s, &e, sum->index, why[0] != '\0' ? why : "good");
}

/* Where an interrupted run goes on. */
static unsigned long
read_at(const struct flow *f, struct sum *sum)
{
	FILE *file = f->results != NULL ? fopen(f->results, "re") : NULL;
	unsigned long at = 0;

	if (file == NULL)
		return 0;
	if (fscanf(file, "%lu %lu %lu %lu %lu %lu %ld", &at, &sum->run, &sum->same,
		&sum->not_reached, &sum->excused, &sum->failed, &sum->longest_ms) != 7)
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
	fprintf(file, "%lu %lu %lu %lu %lu %lu %ld\n", sum->index, sum->run, sum->same,
	    sum->not_reached, sum->excused, sum->failed, sum->longest_ms);
	if (fclose(file) == 0)
		(void)rename(temporary, f->results);
}

static void
sweep_call(const struct flow *f, struct step *s, unsigned long from, struct sum *sum)
{
	struct fault *all;
	size_t n, i;

	all = faults_all(&n);
	for (i = 0; i < n; i++) {
		if (!choose_fits(&all[i], s))
			continue;
		s->fault = &all[i];
		sum->index++;
		if (!choose(f, s, sum->index))
			continue;
		sum->chosen++;
		if (sum->index <= from || f->counts)
			continue;
		run_step(f, s, sum);
		write_at(f, sum);
	}
}

/* Without a fault: how many calls it makes, which, and that all is well then, first. */
static bool
rehearse(const struct flow *f, struct step *s, bool first)
{
	char why[WHY_MAX] = "";
	struct seen seen;
	struct ended e;

	s->fault = NULL;
	if (!stage_restore(f))
		return false;
	plan_step(s);
	run_flow(f, true, APPLICATION_MS, false, &e);
	s->calls = run_plan()->calls < PLAN_CALLS ? run_plan()->calls : PLAN_CALLS;
	memcpy(s->names, run_plan()->names, sizeof(run_plan()->names));
	verdict_answer(f, &e, why);
	if (why[0] == '\0' && !verdict_said_done(f, &e))
		snprintf(why, WHY_MAX, "it fails");
	if (first)
		verdict_card(f, false, &seen, why);
	if (first && why[0] == '\0')
		verdict_goes_on(f, false, &seen, why);
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

	if (!equal_read(f->values)) {
		printf("not ok - %s: %s is no list of what the code names\n", f->name, f->values);
		return 1;
	}
	run_begin(f);
	for (i = 0; i < PROGRAMS; i++) {
		struct step s = {.program = programs[i], .names = names};

		if (!rehearse(f, &s, i == 0))
			return 1;
		calls += s.calls;
		for (s.nth = 1; s.nth <= s.calls; s.nth++) {
			choose_number(&s);
			sweep_call(f, &s, from, &sum);
		}
	}
	if (f->counts) {
		printf("ok - %s: %lu of %lu faults at %lu calls are to be tried\n", f->name,
		    sum.chosen, sum.index, calls);
		return 0;
	}
	printf("%s - %s: %lu of %lu faults at %lu calls of its vendor's module, %lu not well\n",
	    sum.failed == 0 && (sum.run > 0 || f->call != NULL) ? "ok" : "not ok", f->name, sum.run,
	    sum.index, calls, sum.failed);
	printf("# %s: longest answer %ld ms, %lu left what was judged already, %lu not reached, "
	       "%lu where the application's own module lied to it\n",
	    f->name, sum.longest_ms, sum.same, sum.not_reached, sum.excused);
	return sum.failed == 0 ? 0 : 1;
}
