/* SPDX-License-Identifier: BSD-3-Clause */
/* Unblocking a card with an SO secret: the new PIN, the new PUK or key, and the record of both. */
#include <string.h>

#include "card/block.h"
#include "card/clear.h"
#include "card/found.h"
#include "card/pin.h"
#include "card/unblock.h"
#include "policy/log.h"

static bool
all_digits(const struct secret *pin)
{
	const unsigned char *p = secret_bytes(pin);
	size_t i;

	for (i = 0; i < secret_len(pin); i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
	}
	return true;
}

CK_RV
unblock_check_pin(const struct card *c, const struct secret *pin, const struct secret *old)
{
	size_t min, max, len;

	if (pin == NULL)
		return CKR_ARGUMENTS_BAD;
	card_pin_bounds(c, &min, &max);
	len = secret_len(pin);
	if (len == 0 || len < min || len > max)
		return CKR_PIN_LEN_RANGE;
	if (c->profile.pin_digits && !all_digits(pin))
		return CKR_PIN_INVALID;
	return secret_equal(pin, old) ? CKR_PIN_INVALID : CKR_OK;
}

bool
unblock_announce(struct card *c)
{
	c->private.journal = JOURNAL_UNBLOCK;
	return card_note(c);
}

/* The card's word alone, that an SO secret is right, is anybody's who can forge a card. */
static bool
may_follow(const struct card *c, const struct so *so)
{
	return so != NULL && so->pin != NULL && (c->office->caller != CALLER_ANYONE || so->policy);
}

static bool
is_to_follow(const struct card *c)
{
	const struct description *desc = c->binding != NULL ? c->binding->unblock : NULL;

	if (desc == NULL)
		return false;
	return (!description_offline(desc) && description_new_so(desc)->kind != VALUE_NONE) ||
	       desc->n_clear_fields > 0;
}

/* Its SO secret is one that nobody is to know. */
static void
keep_random(const struct card *c, const struct description *desc)
{
	if (desc != NULL && !description_offline(desc) &&
	    description_new_so(desc)->kind != VALUE_NONE)
		log_warning("%s: PIN unblocked, PUK or card manager key unchanged: the card has "
			    "tickets to be unblocked offline with, and its PUK stays random",
		    c->uri);
}

/* What is done with the SO secret once the PIN is set. True: the policy's fields have been used. */
static bool
follow(struct card *c, const struct description *desc, const struct so *so)
{
	bool may = may_follow(c, so), clear = false;

	if (so != NULL && so->box.generation != 0) {
		keep_random(c, desc);
		clear = may && desc != NULL;
	} else if (may) {
		clear = unblock_change_so(c, desc, so) == CKR_OK && desc != NULL;
	}
	if (so != NULL && so->pin != NULL)
		offline_used(c, desc, so, may);
	if (may)
		c->private.pending = false;
	return clear;
}

static CK_RV
finish(struct card *c, const struct so *so, bool raise)
{
	const struct description *desc = c->binding != NULL ? c->binding->unblock : NULL;
	bool clear;

	c->so_changed = false;
	c->private.pending = is_to_follow(c);
	if (so != NULL && so->pad && desc != NULL && description_new_so(desc)->kind != VALUE_NONE)
		log_warning("%s: PIN unblocked, PUK or card manager key unchanged: the one that is "
			    "valid was typed on the reader, and is not known here",
		    c->uri);
	clear = follow(c, desc, so);
	/*
	 * The record first: found with the journal open, an active card is active; found blocked
	 * with no journal, a card whose PIN a person knows would not be.
	 */
	if (!card_record(c, RECORD_ACTIVE, METHOD_NONE, raise))
		return CKR_FUNCTION_FAILED;
	log_info("%s: unblocked", c->uri);
	if (c->private.pending && c->office->caller == CALLER_ANYONE)
		log_info("%s: what else its Unblock description asks for is done by the next "
			 "operator, or by p11-latch recover",
		    c->uri);
	if (clear)
		clear_fields(c, desc);
	c->private.journal = c->so_changed ? JOURNAL_SO : JOURNAL_NONE;
	c->private.has_salt = false;
	c->private.has_next_salt = false;
	c->private.letter_wrong = 0;
	c->private.pin_wrong = 0;
	memset(c->private.salt, 0, SALT_LEN);
	memset(c->private.next_salt, 0, SALT_LEN);
	return card_note(c) ? CKR_OK : CKR_FUNCTION_FAILED;
}

CK_RV
unblock_finish(struct card *c, const struct so *so)
{
	return finish(c, so, true);
}

CK_RV
unblock_found(struct card *c)
{
	return finish(c, NULL, false);
}

static CK_RV
init_undisturbed(struct card *c, const struct so *so, enum so_via via, const struct secret *pin)
{
	CK_RV rv = pin_init(c, so, pin);

	return so_once_more(c, so, via) ? pin_init(c, so, pin) : rv;
}

/*
 * The box that was opened is not that of the card's SO secret. By the policy's key it is not tried
 * at each request, and the card's own PUK is taken; by a response, the next challenge is that of a
 * newer box, where there is one.
 */
static CK_RV
refused_box(struct card *c, const struct so *so)
{
	log_error("%s: the card refuses the SO secret of the box that was opened: box and tickets "
		  "are older than the card, or were put there by somebody. Ask for its challenge "
		  "again; a desk with the card manager key, or the PUK, has to come if there is "
		  "none",
	    c->uri);
	found_note_refused(c, so);
	return so->policy ? CKR_FUNCTION_FAILED : CKR_PIN_INCORRECT;
}

/* The application's answer, where the card does not take the SO secret. */
static CK_RV
refused(struct card *c, const struct so *so, CK_RV rv)
{
	if (rv != CKR_PIN_INCORRECT)
		return rv;
	if (so->box.generation != 0)
		return refused_box(c, so);
	if (!so->policy)
		return rv;
	if (so->given) {
		log_error(
		    "%s: the card refuses the PUK or card manager key that --field gives", c->uri);
		return rv;
	}
	log_error("%s: the card refuses the policy's PUK or card manager key; correct it in the "
		  "policy",
	    c->uri);
	return CKR_FUNCTION_FAILED;
}

CK_RV
unblock_with_pin(struct card *c, const struct so *so, enum so_via via, const struct secret *pin)
{
	enum journal before = c->private.journal;
	CK_RV rv;

	/* Written together with the count. */
	c->private.journal = JOURNAL_UNBLOCK;
	rv = so_begin_try(c, so, via);
	if (rv != CKR_OK) {
		c->private.journal = before;
		return rv;
	}
	c->changed = false;
	rv = init_undisturbed(c, so, via, pin);
	if (rv != CKR_OK) {
		/* The program itself may have set it, with R, before it asked for this. */
		if (!c->changed)
			c->private.journal = before;
		if (!so_tried(c, via, rv) || !card_note(c))
			return CKR_FUNCTION_FAILED;
		return refused(c, so, rv);
	}
	/* Written by unblock_finish(); until then the journal tells. */
	c->private.proved = true;
	so_right(c);
	so_place(c, so);
	return unblock_finish(c, so);
}

static CK_RV
r_of_scrambled(struct card *c, const struct so *so, struct secret **r)
{
	CK_RV rv, user = CKR_PIN_INCORRECT;

	rv = block_r(c, so, r);
	if (rv == CKR_OK)
		rv = pin_logins(c, c->profile.so_login_proves ? so : NULL, *r, &user);
	if (rv == CKR_OK && user == CKR_OK)
		return CKR_OK;
	secret_free(r);
	if (rv != CKR_OK)
		return rv;
	/* The salt is lost, or the PIN was changed elsewhere: a new R. */
	return block_scramble(c, so, r);
}

CK_RV
unblock_r(struct card *c, const struct so *so, enum so_via via, struct secret **r)
{
	CK_RV rv;

	rv = so_begin_try(c, so, via);
	if (rv != CKR_OK)
		return rv;
	if (c->record.method == METHOD_SCRAMBLE && c->private.has_salt)
		rv = r_of_scrambled(c, so, r);
	else
		rv = block_scramble(c, so, r);
	so_tried(c, via, rv);
	return refused(c, so, rv);
}
