/* SPDX-License-Identifier: BSD-3-Clause */
/* Measuring a token that nobody knows: the steps, what each costs, and who agrees to it. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "card/probe_part.h"

enum need {
	NEEDS_PIN = 1,      /* the right one, which was seen to be right */
	NEEDS_STYLE = 2,    /* an unblock call, seen to be accepted */
	NEEDS_NO_STYLE = 4, /* the profile's was tried, and not accepted */
	NEEDS_WRONG = 8,    /* sends wrong values: not to a TPM */
	NEEDS_INIT = 16,    /* SO login; what it does is no management key's affair */
	NEEDS_FREE = 32     /* not governed, and no row says that it would be destroyed */
};

enum cost {
	COST_GIVEN_BACK, /* nothing is left of it */
	COST_EXPENDABLE  /* where something goes wrong, the card is lost */
};

#define FINDS 4

static const struct step {
	void (*run)(struct probe *p);
	const char *what, *cost;
	enum cost kind;
	unsigned needs;
	unsigned asks; /* 1 << enum probe_secret */
	const char *finds[FINDS];
} steps[] = {
    {probe_pin, "Log in with the PIN", "if it is wrong, one of the user's tries", COST_GIVEN_BACK,
	0, 1u << PROBE_PIN, {"ShowsLife", "PinDigits"}},
    {probe_wrong_pin, "One wrong PIN",
	"one of the user's tries, given back by the login that follows", COST_GIVEN_BACK,
	NEEDS_PIN | NEEDS_WRONG, 0, {"UserCounter"}},
    {probe_short_pin, "One PIN that is too short",
	"perhaps one of the user's tries, given back by the login that follows", COST_GIVEN_BACK,
	NEEDS_PIN | NEEDS_WRONG, 0, {"short PIN counts"}},
    {probe_so, "The unblock call, setting the PIN that the card has",
	"if the SO secret is wrong, one of its tries", COST_GIVEN_BACK, NEEDS_PIN, 1u << PROBE_SO,
	{"UnblockStyle", "SoForm"}},
    {probe_other_styles, "The other unblock calls",
	"one of the user's tries each, given back by the login that follows; of the PUK's one, "
	"given back when it is used rightly",
	COST_GIVEN_BACK, NEEDS_PIN | NEEDS_WRONG | NEEDS_NO_STYLE, 1u << PROBE_SO,
	{"UnblockStyle"}},
    {probe_wrong_so, "One wrong SO secret",
	"one of its tries, given back by the right one that follows", COST_GIVEN_BACK,
	NEEDS_PIN | NEEDS_STYLE | NEEDS_WRONG, 0, {"SoCounter", "SoLoginProves", "SoTries"}},
    {probe_caches, "The PIN changed to the second one by one process, while another looks",
	"one of the user's tries at most, given back; the PIN is set back at once", COST_GIVEN_BACK,
	NEEDS_PIN | NEEDS_WRONG, 1u << PROBE_NEW_PIN, {"Caches"}},
    {probe_new_so, "The SO secret changed to the second one",
	"it is set back at once; tries, if the card refuses that", COST_GIVEN_BACK,
	NEEDS_PIN | NEEDS_STYLE | NEEDS_INIT | NEEDS_WRONG, 1u << PROBE_NEW_SO, {"SoForm"}},
    {probe_lock, "Wrong PINs until the card locks, 32 at most",
	"all of the user's tries; the unblock call gives them back", COST_EXPENDABLE,
	NEEDS_PIN | NEEDS_STYLE | NEEDS_WRONG, 0, {"Block", "UserCounter", "ShowsLock"}},
    {probe_so_tries, "Wrong SO secrets until one try is left, 16 at most",
	"all tries of the SO secret but one; the right one gives them back", COST_EXPENDABLE,
	NEEDS_PIN | NEEDS_STYLE | NEEDS_INIT | NEEDS_WRONG, 0, {"SoTries", "SoCounter"}},
    {probe_init_token, "C_InitToken",
	"the token itself, where its module breaks it; where it holds objects, nothing is done",
	COST_EXPENDABLE, NEEDS_PIN | NEEDS_STYLE | NEEDS_INIT | NEEDS_WRONG | NEEDS_FREE, 0,
	{"Identity", "ShowsLife", "InitOnce", "InitNew"}},
};

void
probe_tell(struct probe *p, const char *fmt, ...)
{
	char text[160], line[IDENTITY_URI_MAX + 170];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(line, sizeof(line), "%s: %s", p->c->uri, text);
	p->order->person.told(line, p->order->person.arg);
}

const struct secret *
probe_secret(struct probe *p, enum probe_secret which)
{
	const struct probe_person *person = &p->order->person;
	const struct secret *given;

	if (p->secrets[which] == NULL) {
		given = person->gives(which, person->arg);
		if (given != NULL)
			p->secrets[which] = secret_dup(given);
	}
	return p->secrets[which];
}

static void
not_known(struct probe *p, const struct step *s, const char *why)
{
	size_t i;

	for (i = 0; i < FINDS && s->finds[i] != NULL; i++)
		probe_why_not(p, s->finds[i], why);
}

/* Why a step cannot be done, whoever agrees; NULL: it can. */
static const char *
in_the_way(const struct probe *p, const struct step *s)
{
	bool low = (p->found & (USER_FLAGS | SO_COUNT_FLAGS)) != 0;

	if (p->lost)
		return "the card was not to be brought back, and nothing more was done";
	if ((p->found & CKF_USER_PIN_LOCKED) != 0)
		return "the card is locked; unblock it first";
	if (s->kind == COST_EXPENDABLE && !p->order->expendable)
		return "only with --expendable";
	if (low && !p->order->expendable)
		return "flags show that tries were spent already: log in with the right PIN and "
		       "the "
		       "right SO secret first, or use --expendable";
	if (p->tpm && (s->needs & NEEDS_WRONG) != 0)
		return "a TPM is never guessed at";
	if ((s->needs & NEEDS_PIN) != 0 && !p->pin_right)
		return "the right PIN was not given";
	if ((s->needs & NEEDS_STYLE) != 0 && !p->has_style)
		return "no unblock call was accepted";
	if ((s->needs & NEEDS_INIT) != 0 && (p->style != UNBLOCK_BY_INIT_PIN || p->yubico))
		return "the SO secret is not the SO PIN here";
	if ((s->needs & NEEDS_FREE) != 0 && (p->c->binding != NULL || p->c->profile.init_once))
		return p->c->binding != NULL ? "a governed card is not initialised"
					     : "its profile says that it would be destroyed";
	return NULL;
}

/* The secrets of the step, each asked for once; NULL: all are there. */
static const char *
lacks(struct probe *p, const struct step *s)
{
	static const char *const names[PROBE_SECRETS] = {"no PIN was given",
	    "no PUK or card manager key was given", "a second PIN would tell (--new-pin)",
	    "a second PUK or key would tell (--new-puk)"};
	unsigned i;

	for (i = 0; i < PROBE_SECRETS; i++) {
		if ((s->asks & 1u << i) == 0)
			continue;
		if (probe_secret(p, (enum probe_secret)i) == NULL)
			return names[i];
		if (i >= PROBE_NEW_PIN &&
		    secret_equal(p->secrets[i], p->secrets[i - PROBE_NEW_PIN]))
			return "the second one is the first one";
	}
	return NULL;
}

static const char *
refused(struct probe *p, const struct step *s)
{
	const struct probe_person *person = &p->order->person;

	switch (person->agrees(s->what, s->cost, s->kind == COST_GIVEN_BACK, person->arg)) {
	case PROBE_YES:
		return NULL;
	case PROBE_NO:
		return "not done: declined";
	default:
		return "not done: there is no terminal to ask on, and no --yes";
	}
}

/*
 * A step is short, and leaves the card as it was: an interruption waits for its end. Only a module
 * that hangs needs SIGQUIT or kill -9.
 */
static void
run_whole(struct probe *p, const struct step *s)
{
	sigset_t set, before;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, &before);
	s->run(p);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static void
run_step(struct probe *p, const struct step *s)
{
	const char *why;

	if ((s->needs & NEEDS_NO_STYLE) != 0 && (p->has_style || !p->style_tried))
		return;
	why = in_the_way(p, s);
	if (why == NULL)
		why = refused(p, s);
	if (why == NULL)
		why = lacks(p, s);
	if (why != NULL)
		not_known(p, s, why);
	else
		run_whole(p, s);
}

void
probe_steps(struct probe *p)
{
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		run_step(p, &steps[i]);
}
