/* SPDX-License-Identifier: BSD-3-Clause */
/* An unblocking that was interrupted while the PIN was set: how far it came. */
#include <string.h>

#include "card/block.h"
#include "card/pin.h"
#include "card/unblock.h"
#include "policy/log.h"

static CK_RV
log_in_with_r(struct card *c, const struct so *so)
{
	struct secret *r = NULL;
	CK_RV rv = block_r(c, so, &r);

	if (rv == CKR_OK)
		rv = pin_login(c, r);
	secret_free(&r);
	return rv;
}

/* Whether R is the card's PIN: the one of before, or the one that was just being set. */
static CK_RV
try_r(struct card *c, const struct so *so)
{
	struct private *p = &c->private;
	unsigned char salt[SALT_LEN];
	bool has_salt = p->has_salt;
	CK_RV rv = CKR_PIN_INCORRECT;

	if (has_salt)
		rv = log_in_with_r(c, so);
	if (rv != CKR_PIN_INCORRECT || !p->has_next_salt)
		return rv;
	memcpy(salt, p->salt, SALT_LEN);
	memcpy(p->salt, p->next_salt, SALT_LEN);
	p->has_salt = true;
	rv = log_in_with_r(c, so);
	if (rv != CKR_OK) {
		memcpy(p->salt, salt, SALT_LEN);
		p->has_salt = has_salt;
	}
	return rv;
}

/* Nobody can tell what the PIN is: it is R from now on. */
static CK_RV
undo(struct card *c, const struct so *so)
{
	CK_RV rv = so_begin_try(c, so, SO_VIA_REQUEST);

	if (rv != CKR_OK)
		return rv;
	rv = block_scramble(c, so, NULL);
	so_tried(c, SO_VIA_REQUEST, rv);
	return rv;
}

static CK_RV
close_journal(struct card *c)
{
	log_info("%s: its unblocking was interrupted before the new PIN was set", c->uri);
	c->private.journal = JOURNAL_NONE;
	return card_note(c) ? CKR_OK : CKR_FUNCTION_FAILED;
}

/* One that is not is the policy's no more for this card, so that it is not tried at each request.
 */
static bool
is_right(struct card *c, const struct so *so)
{
	CK_RV rv;

	bool proves = c->profile.so_login_proves || c->profile.unblock_style == UNBLOCK_BY_PUK_PIN;

	if (!proves || so_begin_try(c, so, SO_VIA_REQUEST) != CKR_OK)
		return false;
	rv = pin_prove_so(c, so);
	if (rv == CKR_PIN_INCORRECT) {
		so_say_foreign(c);
		c->private.foreign_so = true;
		card_note(c);
	}
	so_tried(c, SO_VIA_REQUEST, rv);
	return rv == CKR_OK;
}

static CK_RV
resolve_with(struct card *c, const struct so *so)
{
	CK_RV rv;

	if (!c->private.has_salt && !c->private.has_next_salt) {
		undo(c, so);
		return CKR_OK;
	}
	rv = try_r(c, so);
	if (rv == CKR_OK || rv == CKR_PIN_LOCKED)
		return close_journal(c);
	if (rv == CKR_PIN_INCORRECT && c->profile.unblock_style == UNBLOCK_BY_SET_PIN) {
		/* A PUK is proved there by setting a PIN and by nothing else. */
		undo(c, so);
		return CKR_OK;
	}
	/* Of a wrong secret R would be wrong too, and tell nothing. */
	if (rv != CKR_PIN_INCORRECT || !is_right(c, so))
		return CKR_OK;
	log_info("%s: its unblocking was interrupted after the new PIN was set", c->uri);
	return unblock_finish(c, NULL);
}

/*
 * A card that was locked is scrambled, and recorded so, before anything else could set its PIN: it
 * is locked yet, or has the new one.
 */
static CK_RV
resolve_locked(struct card *c)
{
	bool locked = (c->info.flags & CKF_USER_PIN_LOCKED) != 0;

	if (!locked && (c->profile.never_guess || pin_is_locked(c, &locked) != CKR_OK))
		return CKR_OK;
	if (locked)
		return close_journal(c);
	log_info("%s: its unblocking was interrupted after the new PIN was set", c->uri);
	return unblock_finish(c, NULL);
}

/* Else it stays in the journal, until somebody comes who may, or a right PUK is presented. */
static CK_RV
resolve_blocked(struct card *c)
{
	struct so so = {0};
	CK_RV rv = CKR_OK;

	if (c->record.method == METHOD_LOCK)
		return resolve_locked(c);
	/* Not every module shows it; one that does is right. */
	if ((c->info.flags & CKF_USER_PIN_LOCKED) != 0)
		return close_journal(c);
	if (c->record.method != METHOD_SCRAMBLE || c->profile.never_guess ||
	    c->office->caller == CALLER_ANYONE)
		return CKR_OK;
	if (so_of_policy(c, false, &so) && so.pin != NULL)
		rv = resolve_with(c, &so);
	so_clear(&so);
	return rv;
}

CK_RV
unblock_resolve_pin(struct card *c)
{
	if (c->private.journal != JOURNAL_UNBLOCK)
		return CKR_OK;
	switch (c->record.state) {
	case RECORD_ACTIVE:
		return unblock_finish(c, NULL);
	case RECORD_BLOCKED:
		return resolve_blocked(c);
	default:
		c->private.journal = JOURNAL_NONE;
		return card_note(c) ? CKR_OK : CKR_FUNCTION_FAILED;
	}
}
