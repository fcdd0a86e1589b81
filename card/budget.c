/* SPDX-License-Identifier: BSD-3-Clause */
/* The budget of SO tries: none is ever wasted, and the last is spent only when asked for. */
#include <string.h>

#include "card/so.h"
#include "policy/log.h"

#define MANY 1000u

unsigned
so_tries_left(const struct card *c, bool *known)
{
	const struct profile *p = &c->profile;
	CK_FLAGS flags = c->info.flags;

	*known = true;
	if (p->so_counter == SO_COUNTER_NONE)
		return MANY;
	if (flags & CKF_SO_PIN_LOCKED)
		return 0;
	if (flags & CKF_SO_PIN_FINAL_TRY)
		return 1;
	if (flags & CKF_SO_PIN_COUNT_LOW)
		return 2;
	if (p->so_counter == SO_COUNTER_HIDDEN && p->so_tries != 0)
		return p->so_tries > c->private.so_wrong ? p->so_tries - c->private.so_wrong : 0;
	*known = p->so_tries != 0;
	return *known ? p->so_tries : 2;
}

static bool
fits(const struct card *c, const struct so *so)
{
	size_t len = secret_len(so->pin);
	CK_ULONG min = c->info.ulMinPinLen, max = c->info.ulMaxPinLen;

	if (max == 0 || max > 255 || min > max)
		return len > 0;
	return len >= min && len <= max;
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

CK_RV
so_may_try(struct card *c, const struct so *so, enum so_via via)
{
	unsigned least = via == SO_VIA_LAST_TRY ? 1 : 2, left;
	bool known;

	if (!fits(c, so)) {
		if (so->policy)
			log_error("%s: the policy's %s has %zu characters, but this token takes an "
				  "SO PIN of "
				  "%lu to %lu; it was not sent",
			    c->uri, so->key ? "card manager key" : "PUK", secret_len(so->pin),
			    c->info.ulMinPinLen, c->info.ulMaxPinLen);
		return so->policy ? CKR_FUNCTION_FAILED : CKR_PIN_INCORRECT;
	}
	if (via == SO_VIA_LOGIN && !so->policy && !login_may_try(c)) {
		log_info("%s: a value given to C_Login is not tried as PUK on this token "
			 "(UnblockByLogin=)",
		    c->uri);
		return CKR_PIN_LOCKED;
	}
	left = so_tries_left(c, &known);
	if (left >= least)
		return CKR_OK;
	if (left == 0)
		log_error(
		    "%s: the SO PIN is locked: PUK and card manager key are of no use any more",
		    c->uri);
	else
		log_error(
		    "%s: only the last try of the SO PIN remains and is kept; p11-latch unblock "
		    "--last-try spends it",
		    c->uri);
	return CKR_PIN_LOCKED;
}

/* Where the card itself counts, or nobody does, and nothing is asked of this count, there is none.
 */
static bool
counts(const struct card *c, enum so_via via)
{
	if (c->profile.so_counter == SO_COUNTER_NONE)
		return false;
	return via == SO_VIA_LOGIN || c->profile.so_counter == SO_COUNTER_HIDDEN;
}

bool
so_count_try(struct card *c, enum so_via via)
{
	if (counts(c, via)) {
		c->private.so_wrong++;
		if (via == SO_VIA_LOGIN)
			c->private.login_wrong++;
	}
	return card_note(c);
}

bool
so_tried(struct card *c, enum so_via via, CK_RV rv)
{
	if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED)
		return true;
	if (rv == CKR_OK) {
		c->private.so_wrong = 0;
		c->private.login_wrong = 0;
	} else if (counts(c, via)) {
		/* It did not come so far as to cost a try. */
		if (c->private.so_wrong > 0)
			c->private.so_wrong--;
		if (via == SO_VIA_LOGIN && c->private.login_wrong > 0)
			c->private.login_wrong--;
	}
	return card_note(c);
}
