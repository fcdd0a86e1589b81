/* SPDX-License-Identifier: BSD-3-Clause */
/* What a value is that somebody presents on a blocked card (design, section 6, "Unblock"). */
#include <string.h>
#include <time.h>

#include "card/applies.h"
#include "card/offline.h"
#include "card/pad.h"
#include "card/row.h"
#include "policy/key_manager.h"
#include "policy/log.h"

/* Behind the socket for all, what a wrong guess costs: one guess a second, of all who come there.
 */
#define GUESS_PAUSE_S 1

/* The PIN letter of the card, NULL where none is in force. */
static struct secret *
letter(struct card *c)
{
	struct field_context context = {
	    .binding = c->binding, .id = &c->id, .given = c->office->given};
	struct secret *pin = NULL;
	struct resolved r;

	if (c->binding == NULL || c->binding->unblock == NULL || c->record.by_user ||
	    c->private.letter_wrong >= LETTER_TRIES)
		return NULL;
	if (!field_resolve(&context, c->binding->unblock, &c->binding->unblock->pin, &r))
		return NULL;
	if (r.kind == VALUE_LITERAL && (r.own || c->binding->pin_letter))
		pin = secret_dup(r.value);
	resolved_free(&r);
	return pin;
}

bool
row_letter_in_force(struct card *c)
{
	struct secret *pin = letter(c);
	bool in_force = pin != NULL;

	secret_free(&pin);
	return in_force;
}

/* Row 4 is for a policy that leaves the SO secret to people. */
static bool
may_be_other(const struct card *c, enum so_via via)
{
	const struct description *unblock = c->binding != NULL ? c->binding->unblock : NULL;

	if (c->private.foreign_so)
		return true;
	if (unblock == NULL)
		return via != SO_VIA_LOGIN;
	/* Its tickets were not made to the end, or by nobody: what it has is a PUK of a person's.
	 */
	if (description_offline(unblock) && c->private.generation == 0 && c->offline != NULL &&
	    c->offline->all.n_boxes == 0)
		return via != SO_VIA_LOGIN;
	return so_is_asked(c, unblock);
}

static CK_RV
nothing_matches(struct card *c, const struct presented *p, bool policy_holds)
{
	bool in_force;

	if (p->via != SO_VIA_LOGIN) {
		if (policy_holds)
			return CKR_PIN_INCORRECT;
		log_error(
		    "%s: nothing presented can unblock this card, since its Unblock description "
		    "has "
		    "no value for InitialPUK= or CardManagerKey=; p11-latch explain shows why",
		    c->uri);
		return CKR_FUNCTION_FAILED;
	}
	in_force = row_letter_in_force(c);
	if (!in_force)
		return CKR_PIN_LOCKED;
	c->private.letter_wrong++;
	if (!card_note(c))
		return CKR_FUNCTION_FAILED;
	if (c->private.letter_wrong == LETTER_TRIES)
		log_warning(
		    "%s: %d wrong PIN letters: it is not taken any more; p11-latch reset opens it "
		    "again",
		    c->uri, LETTER_TRIES);
	return CKR_PIN_INCORRECT;
}

/* Counted already, whatever ends this process now. Operators do not wait for a guess. */
static void
pause_after_guess(struct card *c)
{
	struct timespec ts = {.tv_sec = GUESS_PAUSE_S};

	if (c->office->caller != CALLER_ANYONE)
		return;
	card_let_go(c);
	nanosleep(&ts, NULL);
}

static bool
is_letter(struct card *c, const struct secret *value)
{
	struct secret *pin = letter(c);
	bool same = secret_equal(pin, value);

	secret_free(&pin);
	return same;
}

/*
 * Of a card whose SO secret nobody knows, what people type is none: nothing is sent to the card.
 */
static CK_RV
typed_for_tickets(const struct card *c, const struct presented *p)
{
	log_info("%s: its PUK is random and nobody's to know, and what was given is neither the "
		 "response to its challenge nor its card manager key: nothing is sent to the card "
		 "(if it was made anew elsewhere, without tickets: p11-latch forget)",
	    c->uri);
	return p->via == SO_VIA_LOGIN ? CKR_PIN_LOCKED : CKR_PIN_INCORRECT;
}

/* Which of several boxes is right costs no count of logins: no guess is sent. */
static enum so_via
to_settle(const struct presented *p)
{
	return p->via == SO_VIA_LAST_TRY ? SO_VIA_LAST_TRY : SO_VIA_REQUEST;
}

/* What a person typed as PUK, or as card manager key, which is to be one. */
static CK_RV
typed(struct card *c, const struct presented *p, struct so *so)
{
	const struct description *unblock = c->binding != NULL ? c->binding->unblock : NULL;
	bool login = p->via == SO_VIA_LOGIN, is_key;

	if (offline_by_key(c, p->value, to_settle(p), so)) {
		offline_right(c);
		return CKR_OK;
	}
	if (c->private.generation != 0)
		return typed_for_tickets(c, p);
	/* A card manager key that opens nothing is no SO secret: it is never sent to a card. */
	if (offline_is_key(c, p->value))
		return login ? CKR_PIN_LOCKED : CKR_PIN_INCORRECT;
	if (unblock != NULL && description_offline(unblock)) {
		if (key_parse_manager(p->value, NULL, NULL, NULL) == KEY_GOOD)
			return login ? CKR_PIN_LOCKED : CKR_PIN_INCORRECT;
		return so_presented(so, p->value) ? CKR_OK : CKR_HOST_MEMORY;
	}
	if (!c->profile.so_is_key && (unblock == NULL || !description_uses_key(unblock)))
		return so_presented(so, p->value) ? CKR_OK : CKR_HOST_MEMORY;
	is_key = key_parse(p->value, false, NULL, NULL) == KEY_GOOD;
	if (login && (!is_key || c->profile.so_form == SO_FORM_PUK))
		return CKR_PIN_LOCKED;
	if (!is_key && c->profile.so_form != SO_FORM_PUK)
		return CKR_PIN_INCORRECT;
	return so_written(c, p->value, true, "the program", so) ? CKR_OK : CKR_FUNCTION_FAILED;
}

static CK_RV
nothing_presented(
    struct card *c, const struct presented *p, const struct so *so, bool no_login, enum row *row)
{
	/* On such a token a login without a value is a login like any other: it presents nothing.
	 */
	if (p->via == SO_VIA_LOGIN && pad_is_there(c))
		no_login = true;
	if (so->pin != NULL && c->office->caller != CALLER_ANYONE && !no_login) {
		*row = ROW_ASKED;
		return CKR_OK;
	}
	/* A program's login without a value is an everyday matter, a person's empty line is not. */
	if (p->via == SO_VIA_LOGIN)
		log_info(
		    "%s: nothing was presented, and nothing of the policy's may be used", c->uri);
	else
		log_error("%s: no PUK or card manager key was given (an empty line is none), and "
			  "none of the policy's may be used; give the card's",
		    c->uri);
	return p->via == SO_VIA_LOGIN && row_letter_in_force(c) ? CKR_PIN_INCORRECT
								: CKR_PIN_LOCKED;
}

/*
 * Where tickets were not made to the end the box is there, and the PUK still a person's; but the
 * same is seen where the card was made elsewhere, and a wrong PUK would cost it an SO try.
 */
static bool
is_unproved_box(const struct card *c, const struct so *so)
{
	return so->box.generation != 0 && c->private.generation == 0;
}

/* Which of the two it is nobody here can tell: that is for whoever knows how the card was made. */
static void
say_box_is_first(const struct card *c)
{
	static const char opens[] = "the policy's card manager key opens a box of this card, and "
				    "what was given is not what is in it";
	bool known;
	unsigned left = so_tries_left(c, &known);

	if (left >= 2)
		log_error("%s: %s; p11-latch unblock without --puk tries the box, and where the "
			  "card refuses that, its PUK is taken the next time",
		    c->uri, opens);
	else if (left == 1)
		log_error("%s: %s; nothing was sent, since a wrong one may lock its SO PIN for "
			  "ever: p11-latch unblock --last-try without --puk sends what is in the "
			  "box, which is right where its tickets were made to the end; unblock "
			  "--last-try --puk what is given, which is right where they were not",
		    c->uri, opens);
	else
		log_error("%s: the SO PIN is locked: nothing was sent", c->uri);
}

/* A box that was begun here was refused once, which may have been a false answer. */
static void
say_box_was_refused(const struct card *c)
{
	const struct private *p = &c->private;

	if (p->sealed == 0 || p->generation != 0 || p->n_refused == 0 || !so_is_last_try(c))
		return;
	log_warning(
	    "%s: a box that was begun here was refused once: where its tickets were made to "
	    "the end it is right all the same, and p11-latch reset, then unblock --last-try "
	    "without --puk, sends it",
	    c->uri);
}

/* Rows 3 and 4, and none of them. holds: the policy has the SO secret of this card. */
static CK_RV
row_of_person(struct card *c, const struct presented *p, bool holds, enum row *row, struct so *so)
{
	struct so opened;
	CK_RV rv;

	switch (offline_response(c, p->value, p->via, &opened, &rv)) {
	case OFFLINE_OPENS:
		so_clear(so);
		*so = opened;
		*row = ROW_RESPONSE;
		return CKR_OK;
	case OFFLINE_REFUSED:
		return rv;
	case OFFLINE_WRONG:
		/* No PUK, but a card manager key may have as many digits. */
		if (!holds && offline_by_key(c, p->value, to_settle(p), so)) {
			*row = ROW_OTHER;
			offline_right(c);
			return CKR_OK;
		}
		return nothing_matches(c, p, true);
	case OFFLINE_NO_RESPONSE:
		break;
	}
	if (holds && is_unproved_box(c, so)) {
		/* Whoever says so has nothing left for the box. */
		if (p->via == SO_VIA_LAST_TRY && so_is_last_try(c)) {
			so_clear(so);
			*row = ROW_OTHER;
			return typed(c, p, so);
		}
		say_box_is_first(c);
	}
	if (holds || !may_be_other(c, p->via))
		return nothing_matches(c, p, holds);
	if (p->via == SO_VIA_REQUEST)
		say_box_was_refused(c);
	*row = ROW_OTHER;
	return typed(c, p, so);
}

static const char *
why_no_response(const struct card *c, const struct secret *value)
{
	/* Then the card was not even looked at. */
	if (offline_possible(c) && !offline_form(value))
		return "this is no response: one has 16 or 32 digits, from 0 to 9 and from A to F; "
		       "have it read out again";
	if (c->offline == NULL || c->offline->next == NULL)
		return "has no ticket that a response could open";
	return "this is no response to its challenge, which would have as many digits as that";
}

/* What is only meant as a response; the policy's secret and its SO tries are not in question. */
static CK_RV
row_response(struct card *c, const struct presented *p, enum row *row, struct so *so)
{
	CK_RV rv;

	*row = ROW_RESPONSE;
	switch (offline_response(c, p->value, p->via, so, &rv)) {
	case OFFLINE_OPENS:
		return CKR_OK;
	case OFFLINE_REFUSED:
		return rv;
	case OFFLINE_NO_RESPONSE:
		log_error("%s: %s", c->uri, why_no_response(c, p->value));
		break;
	case OFFLINE_WRONG:
		break;
	}
	return CKR_PIN_INCORRECT;
}

static bool
is_wrong(CK_RV rv)
{
	return rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED;
}

/* Only now: whoever can forge a card would else have it asked with what is another card's. */
static CK_RV
which_of_several(struct card *c, const struct presented *p, struct so *so)
{
	so_clear(so);
	return so_of_policy_by(c, to_settle(p), so) && so->pin != NULL ? CKR_OK
								       : CKR_FUNCTION_FAILED;
}

CK_RV
row_find(struct card *c, const struct presented *p, enum row *row, struct so *so)
{
	bool no_login = p->via == SO_VIA_LOGIN && c->binding != NULL &&
			c->binding->unblock_by_login == CHOICE_NO;
	bool holds, guess = false;
	CK_RV rv = CKR_OK;

	memset(so, 0, sizeof(*so));
	*row = ROW_POLICY;
	if (c->binding != NULL && description_applies(c, c->binding->unblock) != CKR_OK)
		return CKR_FUNCTION_FAILED;
	if (!p->response && !so_of_policy_by(c, SO_VIA_NOTHING, so))
		return CKR_FUNCTION_FAILED;
	holds = so->pin != NULL;
	if (p->response) {
		rv = row_response(c, p, row, so);
		guess = is_wrong(rv);
	} else if (p->pad && !holds) {
		*row = ROW_PAD;
		so->pad = true;
	} else if (p->value == NULL || secret_len(p->value) == 0) {
		rv = nothing_presented(c, p, so, no_login, row);
	} else if (holds && !no_login && so_is_presented(so, p->value)) {
		*row = ROW_POLICY;
	} else if (holds && p->via == SO_VIA_LOGIN && is_letter(c, p->value)) {
		*row = ROW_LETTER;
	} else {
		rv = no_login ? nothing_matches(c, p, holds) : row_of_person(c, p, holds, row, so);
		guess = rv != CKR_OK && *row != ROW_OTHER;
	}
	if (rv == CKR_OK && so->several)
		rv = which_of_several(c, p, so);
	if (is_wrong(rv))
		offline_tell(c);
	if (guess)
		pause_after_guess(c);
	if (rv != CKR_OK)
		so_clear(so);
	return rv;
}
