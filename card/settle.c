/* SPDX-License-Identifier: BSD-3-Clause */
/* Before a flow: the lock, what a dead watcher or an interruption left, and what the card shows. */
#include <string.h>
#include <time.h>

#include "card/block.h"
#include "card/flow.h"
#include "card/offline.h"
#include "card/personalized.h"
#include "card/pin.h"
#include "card/unblock.h"
#include "policy/log.h"

/* Wrong PINs after a new one was announced, of a card that is else sent no guess. TPMs have been
 * seen that lock out at three. */
#define GUESSES 2

/* How long a request waits for another that works with the same card; a card in a reader may take
 * its time. */
#define WAIT_WORK_MS 30000
/* A holder that lives on is given this long to show that it is just ending. */
#define WAIT_HOLDER_MS 300
/* And one that is, this long to have the card blocked. */
#define WAIT_ENDING_MS 10000

CK_RV
flow_settle(struct card *c)
{
	const struct sitting nobody = {0};

	if (c->record.state != RECORD_PERSONALIZING)
		return CKR_OK;
	log_warning("%s: was being personalized, and both its holder and its watcher are gone; it "
		    "is to be blocked now",
	    c->uri);
	/* p11-latch block --force was interrupted. */
	if (c->record.method == METHOD_LOCK)
		return block_card(c, &nobody, true);
	personalized_begin(c);
	return personalized(c, &nobody);
}

enum lock_status
flow_take(struct card *c)
{
	enum lock_status status;

	if (c->record.state != RECORD_PERSONALIZING)
		return card_take(c, WAIT_WORK_MS);
	status = card_take(c, WAIT_HOLDER_MS);
	if (status != LOCK_BUSY)
		return status;
	if (card_read(c) != CKR_OK)
		return LOCK_FAILED;
	if (c->record.state == RECORD_PERSONALIZING && !c->record.ending)
		return LOCK_BUSY;
	return card_take(c, WAIT_ENDING_MS);
}

static bool
shows_locked(const struct card *c)
{
	return (c->info.flags & CKF_USER_PIN_LOCKED) != 0;
}

/* One false answer among several is none, whichever it is: of those that differ the last decides.
 */
static CK_RV
surely_locked(struct card *c, bool *locked)
{
	bool seen = shows_locked(c);
	CK_RV rv = card_surely(c, shows_locked, locked);

	if (rv == CKR_OK && seen && !*locked) {
		rv = card_peek(c);
		*locked = rv == CKR_OK && shows_locked(c);
	}
	return rv;
}

/* A card that shows itself locked was locked by its user, or, without any record here, at another
 * desk. */
static CK_RV
note_locked(struct card *c, const struct request *q)
{
	bool locked = false;
	CK_RV rv;

	if (card_blocked(c) || c->record.state == RECORD_PERSONALIZING)
		return CKR_OK;
	rv = surely_locked(c, &locked);
	if (rv != CKR_OK || (!locked && (!q->locked || c->profile.shows_lock)))
		return rv;
	c->record.by_user = c->record.state == RECORD_ACTIVE;
	(void)offline_show(c);
	log_info("%s: its PIN is locked, %s", c->uri,
	    c->record.by_user ? "by wrong PINs" : "though not from here");
	return card_record(c, RECORD_BLOCKED, METHOD_LOCK, true) ? CKR_OK : CKR_FUNCTION_FAILED;
}

bool
flow_is_policys(struct card *c, const struct secret *value)
{
	return so_is_policys(c, value);
}

/*
 * Where no guess is to be sent (a TPM locks out all of its keys) it is after a new PIN was
 * announced only, which anybody may say: so an operator's login is, and so often. Counted before.
 */
static bool
may_guess(struct card *c, const struct request *q)
{
	if (!c->profile.never_guess)
		return true;
	if (c->private.journal != JOURNAL_UNBLOCK || c->office->caller == CALLER_ANYONE ||
	    q->via != SO_VIA_LOGIN || c->private.pin_wrong >= GUESSES)
		return false;
	c->private.pin_wrong++;
	return card_note(c);
}

/* Its answer. What was no try is given back. */
static void
guessed(struct card *c, CK_RV rv)
{
	if (!c->profile.never_guess || rv == CKR_OK)
		return;
	if (!pin_may_count(c, rv)) {
		c->private.pin_wrong--;
		card_note(c);
	} else if (c->private.pin_wrong == GUESSES) {
		log_warning("%s: %d wrong PINs after a new one was announced: no other is sent to "
			    "it; p11-latch reset allows it again",
		    c->uri, GUESSES);
	}
}

/*
 * Blocked by the record, but the value presented is the PIN: it was unblocked elsewhere, or its
 * unblocking was interrupted. A wrong one costs a scrambled card nothing that a new R would not
 * give back; one that shows its lock takes none.
 */
static CK_RV
unblocked_elsewhere(struct card *c, const struct request *q)
{
	CK_RV rv;

	if (c->record.state != RECORD_BLOCKED || q->value == NULL || secret_len(q->value) == 0 ||
	    q->r_login)
		return CKR_OK;
	if (c->record.method == METHOD_LOCK && c->profile.shows_lock)
		return CKR_OK;
	if (flow_is_policys(c, q->value) || offline_is_key(c, q->value) || !may_guess(c, q))
		return CKR_OK;
	rv = pin_presented(c, q->value);
	guessed(c, rv);
	if (rv != CKR_OK)
		return CKR_OK;
	log_info("%s: the PIN presented is right: the card was unblocked elsewhere", c->uri);
	c->pin_seen = true;
	return c->private.journal == JOURNAL_UNBLOCK ? unblock_finish(c, NULL) : unblock_found(c);
}

CK_RV
flow_resolve_so(struct card *c, const struct request *q)
{
	CK_RV rv = CKR_OK;

	if (c->private.journal != JOURNAL_SO && c->private.journal != JOURNAL_SO_ONLY)
		return CKR_OK;
	if (c->office->caller != CALLER_ANYONE)
		rv = card_look(c);
	return rv == CKR_OK ? unblock_resolve_by(c, q->via, q->value) : rv;
}

/* What is only refused is not tried again at each request, but where an operator was wanted. */
static bool
may_settle(const struct card *c, const struct request *q)
{
	return c->record.method != METHOD_REFUSE || q->retry ||
	       (c->private.for_operator && c->office->caller != CALLER_ANYONE);
}

CK_RV
flow_begin(struct card *c, const struct request *q)
{
	enum lock_status status = flow_take(c);
	CK_RV rv;

	if (status == LOCK_BUSY) {
		log_info("%s: another process %s", c->uri,
		    c->record.state == RECORD_PERSONALIZING ? "is personalizing this card"
							    : "is working with this card");
		return c->record.state == RECORD_PERSONALIZING ? CKR_PIN_LOCKED
							       : CKR_FUNCTION_FAILED;
	}
	if (status != LOCK_TAKEN)
		return CKR_FUNCTION_FAILED;
	/* Which SO secret is valid comes before a block with it. */
	rv = flow_resolve_so(c, q);
	if (rv != CKR_OK)
		return rv;
	if (c->record.state == RECORD_PERSONALIZING && may_settle(c, q))
		flow_settle(c);
	/* Some modules' logins end when another process so much as looks at the card. */
	if (q->untouched && c->record.state == RECORD_NONE)
		return CKR_OK;
	if (q->at_once)
		card_keep(c);
	rv = card_look(c);
	if (rv == CKR_OK)
		rv = note_locked(c, q);
	if (rv == CKR_OK)
		rv = unblocked_elsewhere(c, q);
	if (rv == CKR_OK)
		rv = unblock_resolve_pin(c);
	return rv;
}
