/* SPDX-License-Identifier: BSD-3-Clause */
/* The budget of SO tries: none is ever wasted, and the last is spent only when asked for. */
#include <string.h>

#include "card/so.h"
#include "policy/log.h"

#define MANY 1000u

/* Cards have three tries or more: so often one may go away in the middle of a try, and come back.
 */
#define GONE_MOST 2u

unsigned
so_tries_left(const struct card *c, bool *known)
{
	const struct profile *p = &c->profile;
	CK_FLAGS flags = c->info.flags;
	unsigned counted = MANY;

	*known = true;
	if (p->so_counter == SO_COUNTER_NONE)
		return MANY;
	if (p->so_counter == SO_COUNTER_HIDDEN && p->so_tries != 0)
		counted = p->so_tries > c->private.so_wrong ? p->so_tries - c->private.so_wrong : 0;
	if (flags & CKF_SO_PIN_LOCKED)
		return 0;
	if (flags & CKF_SO_PIN_FINAL_TRY)
		return counted < 1 ? counted : 1;
	if (flags & CKF_SO_PIN_COUNT_LOW)
		return counted < 2 ? counted : 2;
	*known = p->so_tries != 0;
	if (!*known)
		return c->private.so_wrong == 0 && c->private.so_gone < GONE_MOST ? 2 : 1;
	if (p->so_counter == SO_COUNTER_HIDDEN)
		return counted;
	return p->so_tries;
}

bool
so_is_last_try(const struct card *c)
{
	bool known;

	return so_tries_left(c, &known) == 1;
}

/* Row 4 by C_Login: a program with a stored PIN would else cost each card its tries. */
static bool
login_may_try(const struct card *c)
{
	enum choice by_login = c->binding != NULL ? c->binding->unblock_by_login : CHOICE_AUTO;
	unsigned left;
	bool known;

	if (c->profile.never_guess || by_login == CHOICE_NO)
		return false;
	if (c->profile.so_counter == SO_COUNTER_NONE)
		return true;
	if (by_login != CHOICE_YES)
		return false;
	left = so_tries_left(c, &known);
	return known && left >= 3 && c->private.login_wrong == 0;
}

static void
log_kept(const struct card *c, unsigned left, bool known)
{
	if (left == 0)
		log_error(
		    "%s: the SO PIN is locked: PUK and card manager key are of no use any more",
		    c->uri);
	else if (known)
		log_error(
		    "%s: only the last try of the SO PIN remains and is kept; p11-latch unblock "
		    "--last-try spends it",
		    c->uri);
	else
		log_error("%s: %s, and nobody knows how many "
			  "tries remain: no other is sent; p11-latch unblock --last-try sends one, "
			  "p11-latch reset allows it again, Profile.SoTries= lets know",
		    c->uri,
		    c->private.so_wrong != 0
			? "a wrong PUK or card manager key was sent"
			: "the card was gone each time that a PUK or card manager key was tried");
}

static CK_RV
of_other_form(const struct card *c, const struct so *so)
{
	size_t min = c->info.ulMinPinLen, max = c->info.ulMaxPinLen;

	if (!so_logs_in(c, so))
		card_pin_bounds(c, &min, &max);
	if (so->policy && so->box.generation == 0)
		log_error("%s: %s %s has %zu characters, but this token takes %s of %zu to %zu; "
			  "it was not sent",
		    c->uri, so->given ? "the given" : "the policy's",
		    so->key ? "card manager key" : "PUK", secret_len(so->pin),
		    so_logs_in(c, so) ? "an SO PIN" : "a PUK", min, max);
	return so->policy ? CKR_FUNCTION_FAILED : CKR_PIN_INCORRECT;
}

static CK_RV
may_try(struct card *c, const struct so *so, enum so_via via)
{
	unsigned least = via == SO_VIA_LAST_TRY ? 1 : 2, left;
	bool known;

	if (!so_unblocks(c, so)) {
		log_error("%s: with this module a PUK alone unblocks, and no card manager key: "
			  "nothing was sent; use InitialPUK= and PUK=",
		    c->uri);
		return CKR_FUNCTION_FAILED;
	}
	if (!so_fits(c, so))
		return of_other_form(c, so);
	/* What a box held is no guess. */
	if (via == SO_VIA_LOGIN && !so->policy && so->box.generation == 0 && !login_may_try(c)) {
		log_info("%s: a value given to C_Login is not tried as PUK on this token "
			 "(UnblockByLogin=)",
		    c->uri);
		return CKR_PIN_LOCKED;
	}
	left = so_tries_left(c, &known);
	if (left >= least)
		return CKR_OK;
	log_kept(c, left, known);
	return CKR_PIN_LOCKED;
}

/* Where the card itself shows its count, or nobody counts, and nothing is asked of this one, there
 * is none. */
static bool
counts(const struct card *c, enum so_via via)
{
	if (c->profile.so_counter == SO_COUNTER_NONE)
		return false;
	return via == SO_VIA_LOGIN || c->profile.so_counter == SO_COUNTER_HIDDEN ||
	       c->profile.so_tries == 0;
}

CK_RV
so_begin_try(struct card *c, const struct so *so, enum so_via via)
{
	CK_RV rv = c->so_try == SO_SENT ? card_peek(c) : CKR_OK;

	if (rv == CKR_OK)
		rv = may_try(c, so, via);
	if (rv != CKR_OK)
		return rv;
	c->so_try = SO_NOT_SENT;
	if (counts(c, via)) {
		c->private.so_wrong++;
		if (via == SO_VIA_LOGIN)
			c->private.login_wrong++;
	}
	return card_note(c) || (c->blind && !counts(c, via)) ? CKR_OK : CKR_FUNCTION_FAILED;
}

bool
so_once_more(struct card *c, const struct so *so, enum so_via via)
{
	if (!c->so_lost || c->so_try != SO_SENT || via == SO_VIA_LAST_TRY ||
	    so_begin_try(c, so, via) != CKR_OK)
		return false;
	log_info("%s: another process ended the SO login; once more", c->uri);
	return true;
}

void
so_spent(struct card *c)
{
	if (c->profile.so_counter != SO_COUNTER_HIDDEN || c->profile.so_tries == 0)
		return;
	c->private.so_wrong++;
	card_note(c);
}

static void
count_anew(struct card *c)
{
	c->private.so_wrong = 0;
	c->private.so_gone = 0;
	c->private.login_wrong = 0;
}

void
so_right(struct card *c)
{
	count_anew(c);
	c->private.so_refused = 0;
}

void
so_allow(struct card *c)
{
	count_anew(c);
	c->private.so_refused &= (1u << SO_ELEMENTS) - 1;
}

bool
so_tried(struct card *c, enum so_via via, CK_RV rv)
{
	/* Whether it counted this one before it was pulled shows in its flags, or nowhere. */
	bool gone = (rv == CKR_DEVICE_REMOVED || rv == CKR_TOKEN_NOT_PRESENT) &&
		    c->profile.so_counter != SO_COUNTER_HIDDEN;

	if (rv == CKR_OK && c->so_try == SO_PROVED) {
		count_anew(c);
	} else if (counts(c, via) && (rv == CKR_OK || gone || c->so_try != SO_SENT)) {
		/* It did not come so far as to cost a try, or C_Login alone said yes. */
		if (c->private.so_wrong > 0)
			c->private.so_wrong--;
		if (gone && c->so_try == SO_SENT)
			c->private.so_gone++;
		if (via == SO_VIA_LOGIN && c->private.login_wrong > 0)
			c->private.login_wrong--;
	}
	return card_note(c);
}
