/* SPDX-License-Identifier: BSD-3-Clause */
/* sweep: one flow on a real token again and again, each time with another fault of its vendor's. */
#ifndef TESTS_FAULTS_SWEEP_H
#define TESTS_FAULTS_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <p11-kit/pkcs11.h>

#include "tests/faults/plan.h"

#define WORDS_MAX 48
#define SAVED_MAX 6
#define KNOWN_MAX 5
#define WHY_MAX   400

#define APPLICATION_MS 20000 /* any program has its answer within this time */

/* What the test script says of a flow; all strings are of main()'s arguments. */
struct flow {
	const char *name, *module, *label, *state, *log, *scratch, *hang_conf, *results;
	const char *drive, *latch, *command;        /* programs, and the module under test */
	const char *saved[SAVED_MAX];               /* LIVE:COPY, put back before each step */
	const char *pin[KNOWN_MAX], *so[KNOWN_MAX]; /* those that persons or policy know */
	const char *next[WORDS_MAX];                /* lines of the next ordinary request */
	const char *goes[WORDS_MAX];                /* words of p11-latch that bring back pin[0] */
	const char *else_goes[WORDS_MAX]; /* where those do not: of a card that came not so far */
	const char *done;   /* the PIN that the card takes where the flow said that all went well */
	const char *object; /* label of the private object that is never lost */
	bool must_block;    /* a card that has a PIN is blocked afterwards, whatever was answered */
	bool may_refuse; /* nobody but a person has its SO secret: it may be refused until then */
	bool starts_new; /* the card has no PIN before, and may have none afterwards */
	bool is_command; /* words are p11-latch's; else lines of p11drive's */
	const char *words[WORDS_MAX];
	const char *values;   /* the file of values.sh */
	bool every;           /* equal ones, too */
	bool free_looks;      /* a wrong PIN or SO PIN costs the token nothing */
	bool counts;          /* nothing is tried, but counted */
	bool boxed;           /* its SO secret may be one that only the policy's key has */
	unsigned long sample; /* one of so many steps; 1: all */
	long only;            /* this step alone; -1: as sample says */
	const char *call;     /* at calls of this name alone, all that is a class; "C_*": all lies
			       * at all calls; "hang": that, and sampled */
};

/* One thing that goes wrong, at any call. */
struct fault {
	enum how how;
	CK_RV rv;
	bool everywhere;
	const char *name;
	unsigned group, turn, turns; /* equal ones: equal.c */
};

/* A call of a flow: the how-manieth of its name in this program, and numbers drawn for both. */
struct place {
	const char *call;
	unsigned nth_of_name;
	unsigned long flow, seed;
};

/* One fault at one call of a flow. */
struct step {
	const char *program;
	uint32_t nth, calls;
	char (*names)[PLAN_NAME]; /* of all its calls */
	const char *call;
	unsigned nth_of_name;
	const struct fault *fault;
};

/* The card itself, as the vendor's module alone shows it in a process of its own. */
struct seen {
	bool usable;
	CK_FLAGS flags;
	int pin, so; /* which of the known ones it takes; -1: none, or it is locked */
	bool object;
};

/* What a step left, as two sums of it; variant: how it is judged. */
struct state {
	uint64_t sum[2];
	unsigned variant;
};

/* How a program ended, and what it said. */
struct ended {
	bool in_time, left_behind;
	int status; /* as of waitpid() */
	long ms;
	char out[4096];
};

/* faults.c: all that can go wrong at a call; n of them. */
struct fault *faults_all(size_t *n);
/* The call that this is a lie of; NULL: it is none, and may happen at any. */
const char *fault_call(enum how how);
const char *how_name(enum how how);

/* equal.c. False: the file of values.sh is not to be read, or has a value that faults.c has not. */
bool equal_read(const char *path);
/* The code names its value, or it is none: what the check's sample is taken from. */
bool equal_is_class(const struct fault *f);
/* Of equal ones one is taken at each place, and over many places each. */
bool equal_has_turn(const struct fault *f, const struct place *at);

/* stage.c: puts back what was saved. False: it could not. */
bool stage_restore(const struct flow *f);
/* The value of KEY= in the one file of STATE/folder that ends so; "none" where there is none. */
void stage_value(
    const struct flow *f, const char *folder, const char *end, const char *key, char value[64]);
void stage_say_log(const struct flow *f, FILE *to);

/* state.c: all bytes of the folders but the times of records; variant: how it is to be judged. */
void state_bytes(const struct flow *f, unsigned variant, struct state *now);
/*
 * What the module shows of the card, which was seen, and record and private state but for times
 * and salts. False: it has a journal, or a box, and this is not all there is to it.
 */
bool state_told(const struct flow *f, unsigned variant, const struct seen *s, struct state *now);
bool state_is_good(const struct state *state);
void state_good(const struct state *state);

/* run.c: the flow itself, with the plan, or honestly where it is NULL. */
void run_begin(const struct flow *f);
struct plan *run_plan(void);
/* hangs: it is to be killed soon after its own module hangs. */
void run_flow(const struct flow *f, bool bent, unsigned limit_ms, bool hangs, struct ended *e);
void run_lines(const struct flow *f, const char *const *lines, struct ended *e);
void run_command(const struct flow *f, const char *const *words, struct ended *e);

/* look.c: once, before all others, which do not load the module anew then. */
void look_begin(const struct flow *f);
void look(const struct flow *f, struct seen *s);

/* verdict.c: what is wrong, or "" */
void verdict_answer(const struct flow *f, const struct ended *e, char why[WHY_MAX]);
bool verdict_said_done(const struct flow *f, const struct ended *e);
/* forgets: a record may be gone of a card whose PIN a person knows. */
void verdict_card(const struct flow *f, bool forgets, struct seen *s, char why[WHY_MAX]);
/* refused: the module has refused an SO secret that was right. */
void verdict_goes_on(const struct flow *f, bool refused, const struct seen *s, char why[WHY_MAX]);

/* choose.c: is it one of those that are to be tried; index: of all faults of the flow. */
bool choose(const struct flow *f, const struct step *s, unsigned long index);
bool choose_fits(const struct fault *fault, const struct step *s);
/* Sets the call of a step, and the how-manieth of its name it is. */
void choose_number(struct step *s);

/* judge.c. True: what this step left was judged already, and was good. */
bool judge(const struct flow *f, const struct step *s, const struct ended *e, unsigned long index,
    char why[WHY_MAX]);
/* Its fault is of the module that the application itself loads. */
bool judge_in_application(const struct step *s);
/* What is wrong then is that the application's own module said what is not so. */
bool judge_is_lied_to(const struct step *s);

/* sweep.c: all of it; the exit status. */
int sweep(const struct flow *f);

#endif
