/* SPDX-License-Identifier: BSD-3-Clause */
/* The end of what a caller did as SO: the card is blocked or handed to its hold, or PUK= follows.
 */
#include <string.h>

#include "card/personalized.h"
#include "card/unblock.h"
#include "helper/conversation.h"
#include "policy/log.h"

/* How long PUK= and NewCardManagerKey= wait for another request to be done with the card. */
#define FOLLOW_UP_WAIT_MS 10000
/* And the block of a card that its hold blocked too early. */
#define OVERTAKEN_WAIT_MS 10000

/* The card took what the application logged in with: C_InitPIN succeeded, or C_Login tells. */
static bool
so_is_proved(const struct conversation *k)
{
	return k->so.pin != NULL && (k->unblocked || k->card.profile.so_login_proves);
}

/*
 * PUK= or NewCardManagerKey=, and ClearFields=, after the application itself unblocked the card:
 * this one, or one before it whose user may not have the policy's secrets used.
 */
static void
follow_up(struct conversation *k)
{
	struct card *c = &k->card;
	bool wanted = so_is_proved(k) && !k->personalizing && c->private.pending;

	k->unblocked = false;
	if (!wanted || k->caller == CALLER_ANYONE)
		return;
	if (card_take(c, FOLLOW_UP_WAIT_MS) != LOCK_TAKEN)
		return;
	if (c->record.state == RECORD_ACTIVE && c->private.pending && card_look(c) == CKR_OK) {
		so_place(c, &k->so);
		unblock_follow(c, &k->so);
	}
	card_release(c);
}

/* The PIN that the holder's call sets yet comes after this block: whoever comes next, if its module
 * cannot say so, settles the card once more. */
static void
leave_doubt(struct card *c)
{
	log_warning("%s: told to end while a program sets its PIN; it is to be blocked once more "
		    "when that is done",
	    c->uri);
	card_record(c, RECORD_PERSONALIZING, METHOD_NONE, false);
}

/* What anybody says that his program logged in with is a guess, and would cost the card a try. */
static bool
trusted(const struct conversation *k)
{
	return k->caller != CALLER_ANYONE || k->hold.proved;
}

static CK_RV
block_now(struct conversation *k)
{
	struct sitting sitting = {0};
	CK_RV rv;

	personalized_begin(&k->card);
	if (trusted(k))
		block_sitting(&k->card, &k->so_candidate, &k->so, k->so_proved, &sitting);
	rv = personalized(&k->card, &sitting);
	k->so_refused = rv != CKR_OK;
	if (k->told && (k->awaited == AWAIT_INIT_PIN || k->awaited == AWAIT_SET_PIN))
		leave_doubt(&k->card);
	card_release(&k->card);
	return rv;
}

/*
 * The card was being personalized already when this SO came, and its watcher is gone: what the SO
 * presented blocks it, or at the socket for all the card's own lock.
 */
static CK_RV
settle_left(struct conversation *k)
{
	struct card *c = &k->card;
	CK_RV rv = CKR_OK;

	if (c->record.state != RECORD_PERSONALIZING || card_take(c, 0) != LOCK_TAKEN)
		return CKR_OK;
	if (c->record.state == RECORD_PERSONALIZING)
		rv = block_now(k);
	card_release(c);
	return rv;
}

/* The hold is to block the card with the SO secret that a program of its changed. */
static bool
hold_has_card(const struct conversation *k)
{
	const struct record *r = &k->card.record;

	return k->hold.proved && r->state == RECORD_PERSONALIZING &&
	       strcmp(r->hold, k->hold.id) == 0;
}

/* Without a word about C_SetPIN: it may have succeeded. */
static bool
may_have_changed(const struct conversation *k)
{
	return k->so_changed || k->awaited == AWAIT_SET_SO;
}

/*
 * What this program changed comes before what any other of the hold logged in with; where that is
 * in doubt, with what was in force before. Once: another program may change it again.
 */
static bool
hand_over(struct conversation *k)
{
	const struct so none = {0}, *newer = &none, *older = &k->so;

	if (may_have_changed(k) && k->so_candidate.pin != NULL) {
		newer = &k->so_candidate;
	} else if (may_have_changed(k)) {
		newer = &k->so;
		older = &none;
	}
	if (!hold_hand_over(&k->hold, &k->card, newer, older))
		return false;
	k->so_changed = false;
	return true;
}

void
conversation_tell_hold(struct conversation *k)
{
	if (k->so_changed && k->card.lock < 0 && hold_has_card(k))
		(void)hand_over(k);
}

static CK_RV
end_so_session(struct conversation *k)
{
	/* At the end of a session, and again at that of the program: one SO try, not two. */
	if (k->so.pin == NULL || k->so_refused || k->card.lock >= 0 ||
	    card_read(&k->card) != CKR_OK)
		return CKR_OK;
	if (may_have_changed(k) && hold_has_card(k) && hand_over(k))
		return CKR_OK;
	return settle_left(k);
}

/*
 * A PIN that is set under the hold's lock may come after the hold's block: then the record is no
 * matter, and true is the answer. What others than operators say is believed of a card that is
 * blocked as it was, and of no other.
 */
static bool
doubt(struct conversation *k)
{
	struct record *r = &k->card.record;

	if (r->state == RECORD_PERSONALIZING ||
	    (k->caller == CALLER_ANYONE && r->state != RECORD_BLOCKED))
		return false;
	log_warning("%s: p11-latch personalize ended while a program of its set a PIN; the card is "
		    "blocked once more",
	    k->card.uri);
	r->state = RECORD_PERSONALIZING;
	r->method = METHOD_NONE;
	return true;
}

/* With the lock held. */
static CK_RV
block_left(struct conversation *k)
{
	if (k->card.record.state == RECORD_PERSONALIZING)
		return block_now(k);
	card_release(&k->card);
	return CKR_OK;
}

bool
conversation_overtaken(struct conversation *k, CK_RV rv)
{
	const char *dir = k->office.config->state_dir;
	struct card *c = &k->card;
	bool doubted;

	if (hand_over(k))
		return false;
	/* Another program of a hold that lives may have the lock, and is to hand it over. */
	if (card_take(c, 0) != LOCK_TAKEN &&
	    (hold_lives(&k->hold, dir) || card_take(c, OVERTAKEN_WAIT_MS) != LOCK_TAKEN))
		return false;
	doubted = doubt(k);
	if (c->record.state == RECORD_PERSONALIZING)
		(void)flow_init_end(c, INIT_PERSONALIZE, rv, false);
	if (c->record.state == RECORD_PERSONALIZING && !doubted)
		return false;
	k->personalizing = false;
	(void)block_left(k);
	return true;
}

CK_RV
conversation_end_holding(struct conversation *k)
{
	struct card *c = &k->card;
	/* Without a word about C_InitPIN: as if it had succeeded. */
	bool doubted = k->awaited == AWAIT_INIT_PIN && c->lock < 0;

	follow_up(k);
	if (!k->personalizing)
		return end_so_session(k);
	k->personalizing = false;
	if (k->hold.proved && hand_over(k)) {
		card_release(c);
		return CKR_OK;
	}
	/* The hold had the lock and is gone: it blocks the card itself, or whoever comes next does.
	 */
	if (c->lock < 0 && card_take(c, doubted ? OVERTAKEN_WAIT_MS : 0) != LOCK_TAKEN)
		return CKR_OK;
	if (doubted)
		(void)doubt(k);
	return block_left(k);
}
