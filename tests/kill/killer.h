/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of killer, which kills a program's processes at a step, share. */
#ifndef TESTS_KILL_KILLER_H
#define TESTS_KILL_KILLER_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* Whose step it is, by the program that the process executes. */
enum kind { KIND_NONE, KIND_HELPER, KIND_COMMAND, KIND_APPLICATION, KINDS };

/*
 * What kind of step: a system call of p11-latch's or the application's own; one within a call of
 * the vendor's module; such a call, before and after it. They are counted from 1; those within a
 * call from STEPS_WITHIN times the number of the step before it, since modules do not make the same
 * number of system calls each time. A child that is made there counts from half way on.
 */
#define STEPS_WITHIN 100000

enum class { CLASS_OWN, CLASS_VENDOR, CLASS_CALL, CLASSES };

/* One thread that is traced. */
struct tracee {
	pid_t tid, tgid;
	unsigned process; /* a number of its own, and the same in each run */
	enum kind kind;
	int call;        /* number of the vendor's call that it is in; -1: none */
	unsigned within; /* the last step within it */
	bool known;      /* its parent has told of it */
	bool waiting;    /* stopped, until its parent does */
};

struct order {
	enum kind kind; /* KIND_NONE: nobody is killed */
	enum class class;
	unsigned step;
	unsigned also;  /* 1 << kind of those that are killed at the same moment */
	bool spared;    /* the one that comes to the step goes on: the others alone are killed */
	unsigned limit; /* seconds */
	FILE *list;     /* every step, or NULL */
};

/* --- steps.c: counting them ----------------------------------------------------------------------
 */

/* A thread is about to make this system call. True: this is the step at which it is to be killed.
 */
bool step_at(
    const struct order *order, struct tracee *t, unsigned long nr, const unsigned long long *args);

/* Another thread is killed at the same moment, within the vendor's call t->call (-1: in none). */
void step_beside(const struct tracee *t);

/*
 * "killed KIND CLASS STEP NAME CALL BESIDE", or "whole KIND CLASS STEPS" where there was no such
 * step. BESIDE: the vendor's call that another was killed within, or "-".
 */
void step_report(const struct order *order, FILE *to);

bool kind_read(const char *word, enum kind *kind);
bool class_read(const char *word, enum class *class);
enum kind kind_of(pid_t pid);

/* --- outside.c: what is left where a process is killed -------------------------------------------
 */

/* A file or folder that outlives the processes. False: there are too many. */
bool outside_add(const char *path);

/* A system call that is about to be made, not within the vendor's module; fd: its first argument.
 */
void outside_tell(pid_t tid, const char *name, unsigned long long fd);

/*
 * Another number whenever the files are not what they were at the call before, or something was
 * told meanwhile. Between two steps of one process with the same number nothing has happened
 * outside: where it is killed at either, the same is left.
 */
unsigned outside_place(void);

/* --- tracees.c: which there are ------------------------------------------------------------------
 */

struct tracee *tracee_of(pid_t tid); /* made where there was none */
void tracee_gone(pid_t tid);
void tracee_kill(const struct tracee *t); /* with all threads of its process */
void tracees_kill(unsigned kinds);

/* --- trace.c
 * --------------------------------------------------------------------------------------
 */

/* Runs the program, until it and all its descendants have ended. False: not within the limit. */
bool trace_run(const struct order *order, char **argv);

#endif
