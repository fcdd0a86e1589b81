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

/* What the test script says of a flow; all strings are of main()'s arguments. */
struct flow {
	const char *name, *module, *label, *state, *log, *scratch, *hang_conf, *results;
	const char *drive, *latch, *command;        /* programs, and the module under test */
	const char *saved[SAVED_MAX];               /* LIVE:COPY, put back before each step */
	const char *pin[KNOWN_MAX], *so[KNOWN_MAX]; /* those that persons or policy know */
	const char *next[WORDS_MAX];                /* lines of the next ordinary request */
	const char *goes[WORDS_MAX];                /* words of p11-latch that bring back pin[0] */
	const char *done;   /* the PIN that the card takes where the flow said that all went well */
	const char *object; /* label of the private object that is never lost */
	bool must_block;    /* a card that has a PIN is blocked afterwards, whatever was answered */
	bool starts_new;    /* the card has no PIN before, and may have none afterwards */
	bool is_command;    /* words are p11-latch's; else lines of p11drive's */
	const char *words[WORDS_MAX];
	unsigned long sample; /* one of so many steps; 1: all */
	long only;            /* this step alone; -1: as sample says */
	const char *call;     /* at calls of this name alone, all that is a class; "C_*": all lies
			       * at all calls; "hang": that, and sampled */
};

/* One thing that goes wrong, at any call. */
struct fault {
	enum how how;
	CK_RV rv;
	bool is_class; /* one of its class, that the check's sample takes */
	bool everywhere;
	const char *name;
};

/* The card itself, as the vendor's module alone shows it in a process of its own. */
struct seen {
	bool usable;
	CK_FLAGS flags;
	int pin, so; /* which of the known ones it takes; -1: none, or it is locked */
	bool object;
};

/* How a program ended, and what it said. */
struct ended {
	bool in_time, left_behind;
	int status; /* as of waitpid() */
	long ms;
	char out[4096];
};

/* faults.c: all that can go wrong at a call; n of them. */
const struct fault *faults_all(size_t *n);
bool fault_is_lie(enum how how);
const char *how_name(enum how how);

/* stage.c: puts back what was saved. False: it could not. */
bool stage_restore(const struct flow *f);
/* The value of KEY= in the one file of STATE/folder that ends so; "none" where there is none. */
void stage_value(
    const struct flow *f, const char *folder, const char *end, const char *key, char value[64]);
void stage_say_log(const struct flow *f, FILE *to);

/* run.c: the flow itself, with the plan, or honestly where it is NULL. */
void run_begin(const struct flow *f);
struct plan *run_plan(void);
void run_flow(const struct flow *f, bool bent, unsigned limit_ms, struct ended *e);
void run_lines(const struct flow *f, const char *const *lines, struct ended *e);
void run_command(const struct flow *f, const char *const *words, struct ended *e);

/* look.c */
void look(const struct flow *f, struct seen *s);

/* verdict.c: what is wrong, or "" */
void verdict_answer(const struct flow *f, const struct ended *e, char why[WHY_MAX]);
bool verdict_said_done(const struct flow *f, const struct ended *e);
/* forgets: a record may be gone of a card whose PIN a person knows. */
void verdict_card(const struct flow *f, bool forgets, char why[WHY_MAX]);
void verdict_goes_on(const struct flow *f, char why[WHY_MAX]);

/* sweep.c: all of it; the exit status. */
int sweep(const struct flow *f);

#endif
