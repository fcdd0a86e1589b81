/* SPDX-License-Identifier: BSD-3-Clause */
/* Blocking a card: by its own lock, by a PIN that nobody knows, or, where neither can be, by
 * refusal. */
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "card/block.h"
#include "card/pin.h"
#include "card/scramble.h"
#include "card/state.h"
#include "policy/log.h"

#define R_LEN_MOST 32

static CK_RV
compute_r(
    struct card *c, const struct so *so, const unsigned char salt[SALT_LEN], struct secret **r)
{
	size_t min, max;

	card_cool(c);
	card_pin_bounds(c, &min, &max);
	return scramble_pin(
	    so->pin, salt, max < R_LEN_MOST ? max : R_LEN_MOST, c->profile.pin_digits, r);
}

CK_RV
block_r(struct card *c, const struct so *so, struct secret **r)
{
	if (!c->private.has_salt)
		return CKR_FUNCTION_FAILED;
	return compute_r(c, so, c->private.salt, r);
}

/* A card that would be left open is blocked whether that can be written or not: its SO secret is
 * what unblocks it. */
static bool
written(struct card *c, bool ok)
{
	if (!ok)
		c->unwritten = true;
	return ok || c->blind;
}

static bool
record_blocked(struct card *c, enum record_method method)
{
	bool ok = card_note(c) && card_record(c, RECORD_BLOCKED, method, true);

	/* That is what it is, all the same. */
	if (!ok && c->blind) {
		c->record.state = RECORD_BLOCKED;
		c->record.method = method;
	}
	return written(c, ok);
}

/*
 * The record first: between C_InitPIN and the record, a card recorded as locked would be found
 * unlocked, and taken for unblocked elsewhere.
 */
static bool
announce_scramble(struct card *c)
{
	if (RAND_bytes(c->private.next_salt, SALT_LEN) != 1) {
		log_error("no randomness from OpenSSL");
		return false;
	}
	c->private.has_next_salt = true;
	if (!written(c, card_note(c)))
		return false;
	if (c->record.state != RECORD_BLOCKED || c->record.method == METHOD_SCRAMBLE)
		return true;
	return card_record(c, RECORD_BLOCKED, METHOD_SCRAMBLE, false);
}

/* A wrong SO secret changes nothing: a locked card is one again in the record. */
static CK_RV
set_r(struct card *c, const struct so *so, const struct secret *r, enum record_method before)
{
	CK_RV rv = pin_init(c, so, r);

	if ((rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED) && c->record.method != before)
		card_record(c, RECORD_BLOCKED, before, false);
	return rv;
}

CK_RV
block_scramble(struct card *c, const struct so *so, struct secret **r_out)
{
	enum record_method before = c->record.method;
	struct secret *r = NULL;
	CK_RV rv;

	if (!announce_scramble(c))
		return CKR_FUNCTION_FAILED;
	rv = compute_r(c, so, c->private.next_salt, &r);
	if (rv != CKR_OK)
		goto out;
	rv = set_r(c, so, r, before);
	if (rv != CKR_OK)
		goto out;
	memcpy(c->private.salt, c->private.next_salt, SALT_LEN);
	c->private.has_salt = true;
	c->private.has_next_salt = false;
	c->private.proved = true;
	so_right(c);
	c->private.letter_wrong = 0;
	c->private.pin_wrong = 0;
	c->private.journal = JOURNAL_NONE;
	so_place(c, so);
	rv = CKR_FUNCTION_FAILED;
	if (!record_blocked(c, METHOD_SCRAMBLE))
		goto out;
	log_info("%s: blocked by scramble", c->uri);
	if (r_out != NULL) {
		*r_out = r;
		r = NULL;
	}
	rv = CKR_OK;
out:
	secret_free(&r);
	return rv;
}

static CK_RV
lock_it(struct card *c)
{
	CK_RV rv = pin_lock(c);

	if (rv != CKR_OK)
		return rv;
	c->private.letter_wrong = 0;
	c->private.journal = JOURNAL_NONE;
	if (!record_blocked(c, METHOD_LOCK))
		return CKR_FUNCTION_FAILED;
	log_info("%s: blocked by lock", c->uri);
	return CKR_OK;
}

bool
block_may_lock(const struct card *c)
{
	return c->profile.user_counter && !c->profile.never_guess;
}

/*
 * What only an operator may have tried his next request does, and once: what was refused to one, it
 * would cost an SO try each time. A stranger after him has nothing to add.
 */
static void
note_refusal(struct card *c, const char *why)
{
	bool anyone = c->office->caller == CALLER_ANYONE;

	if (anyone && c->record.method == METHOD_REFUSE)
		return;
	snprintf(c->record.why, sizeof(c->record.why), "%s", why);
	if (c->private.for_operator == anyone)
		return;
	c->private.for_operator = anyone;
	card_note(c);
}

/* An order that failed and changed nothing: then the card is neither refused nor blocked later. */
static bool
is_undone(const struct card *c)
{
	return c->undone && !c->changed;
}

/*
 * Where its PUK is random there is nothing but its box; of a begun one nobody here knows, and reset
 * forgets the tries that only this machine counts.
 */
static const char *
what_ends(const struct card *c)
{
	bool known, counted;

	(void)so_tries_left(c, &known);
	counted = known && c->profile.so_counter != SO_COUNTER_HIDDEN;
	if (c->private.n_refused == 0 || (c->private.generation == 0 && c->private.sealed == 0))
		return "p11-latch block --puk - with the right one";
	if (c->private.generation != 0)
		return counted
			   ? "p11-latch reset, and then recover, which sends what is in its box "
			     "once more,"
			   : "p11-latch reset, and then recover, which sends what is in its box "
			     "once more, and may spend the last SO try,";
	return counted
		   ? "p11-latch block --puk - with the PUK that it was made with, where its "
		     "tickets were not made to the end (else p11-latch reset, and then recover, "
		     "which sends what is in its box once more),"
		   : "p11-latch block --puk - with the PUK that it was made with, where its "
		     "tickets were not made to the end,";
}

static CK_RV
refuse(struct card *c, const char *why)
{
	note_refusal(c, why);
	c->record.ending = false;
	card_record(c, RECORD_PERSONALIZING, METHOD_REFUSE, true);
	/* Refused all the same where that could not be written. */
	c->record.state = RECORD_PERSONALIZING;
	c->record.method = METHOD_REFUSE;
	if (is_undone(c))
		return CKR_FUNCTION_FAILED;
	log_error("%s: cannot be blocked and is only refused by p11-latch: %s; %s ends this%s",
	    c->uri, why, what_ends(c), block_may_lock(c) ? ", and so does block --force" : "");
	return CKR_FUNCTION_FAILED;
}

/* No answer of the card's about its SO secret: pulled, or reset, in the middle of it. */
static bool
is_away(CK_RV rv)
{
	return rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_DEVICE_REMOVED || rv == CKR_DEVICE_ERROR ||
	       rv == CKR_GENERAL_ERROR;
}

/* The card is away or its module at fault: whoever finds both well again blocks it before anything
 * else, and by force where that was asked for. */
static CK_RV
postpone(struct card *c, CK_RV answer)
{
	enum record_method method =
	    c->record.state == RECORD_PERSONALIZING && c->record.method == METHOD_LOCK
		? METHOD_LOCK
		: METHOD_NONE;

	snprintf(c->record.why, sizeof(c->record.why), "the card answers %s", rv_name(answer));
	c->record.ending = false;
	card_record(c, RECORD_PERSONALIZING, method, true);
	c->record.state = RECORD_PERSONALIZING;
	c->record.method = method;
	if (is_undone(c))
		return CKR_FUNCTION_FAILED;
	log_error("%s: not blocked, since %s; the next request or p11-latch recover blocks it when "
		  "it is back",
	    c->uri, c->record.why);
	return CKR_FUNCTION_FAILED;
}

static bool
wants_lock(const struct card *c)
{
	enum block_method method = c->binding != NULL ? c->binding->block_method : BLOCK_AUTO;

	if (c->profile.never_guess)
		return false;
	return method == BLOCK_AUTO ? c->profile.lock : method == BLOCK_LOCK;
}

bool
block_needs_so(const struct card *c, bool force)
{
	return !(wants_lock(c) && (c->private.proved || force));
}

/* Then a card that is locked stays so, for its user too. */
static bool
so_is_locked(const struct card *c)
{
	bool known;

	return so_tries_left(c, &known) == 0;
}

/*
 * What unlocks a card that is only locked is what its holder had: it is scrambled nowhere, which
 * would prove it. Which of two it is, nobody knows.
 */
static void
place_sitting(struct card *c, const struct sitting *s)
{
	const struct so *so = s->newer != NULL ? s->newer : s->older;

	/* What somebody gave to an order that had no need of it. */
	if (so == NULL || s->ordered || (s->newer != NULL && s->older != NULL) ||
	    c->office->caller == CALLER_ANYONE || !block_believes(c, s))
		return;
	so_place(c, so);
	card_note(c);
}

/* Not where the card took none of the SO secrets: nobody would unlock it. */
static bool
may_lock_yet(const struct card *c, CK_RV scrambled, bool force)
{
	if (!block_may_lock(c))
		return false;
	if (force)
		return true;
	return c->private.proved && c->so_try != SO_SENT && scrambled != CKR_PIN_INCORRECT &&
	       scrambled != CKR_PIN_LOCKED && !so_is_locked(c);
}

bool
block_can_be(const struct card *c)
{
	if (!c->profile.no_block)
		return true;
	log_error("%s: refused, and the card untouched: nothing can block or unblock a token of "
		  "this module, since its SO PIN is of no use once there is a user PIN "
		  "(Profile.Block=none); take Personalize= out of the binding that governs it, or "
		  "make one without for such tokens",
	    c->uri);
	return false;
}

static CK_RV
block_it(struct card *c, const struct sitting *sitting, bool force)
{
	bool lock = wants_lock(c), proof;
	char why[128] = "";
	CK_RV rv;

	rv = card_look(c);
	if (rv != CKR_OK)
		return postpone(c, rv);
	if (c->record.state == RECORD_NONE && card_reborn(c))
		return CKR_OK;
	if (c->profile.no_block)
		return refuse(c, "nothing can block a token of this module (Profile.Block=none)");
	proof = force || (c->private.proved && !so_is_locked(c));
	if (lock && proof && lock_it(c) == CKR_OK) {
		place_sitting(c, sitting);
		return CKR_OK;
	}
	rv = block_scramble_any(c, sitting, why, sizeof(why));
	if (rv == CKR_OK) {
		/* That was the proof. A lock that fails leaves it scrambled, which is blocked. */
		if (lock && !proof)
			lock_it(c);
		return CKR_OK;
	}
	/* A card that did not lock after proof, or was to be scrambled and cannot: what else is
	 * left. */
	if ((proof || !lock) && may_lock_yet(c, rv, force) && lock_it(c) == CKR_OK)
		return CKR_OK;
	return is_away(rv) ? postpone(c, rv) : refuse(c, why);
}

CK_RV
block_card(struct card *c, const struct sitting *sitting, bool force)
{
	const char *dir = c->office->config->state_dir;
	CK_RV rv;

	c->blind = c->record.state == RECORD_PERSONALIZING;
	c->unwritten = false;
	/* Its folders may have vanished meanwhile; where they cannot be made it says so. */
	if (c->blind)
		(void)state_prepare(dir);
	card_keep(c);
	rv = block_it(c, sitting, force);
	card_cool(c);
	c->blind = false;
	if (rv != CKR_OK || !c->unwritten)
		return rv;
	log_error("%s: blocked, but that cannot be written to %s; correct that, then run p11-latch "
		  "recover",
	    c->uri, dir);
	return CKR_FUNCTION_FAILED;
}
