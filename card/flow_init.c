/* SPDX-License-Identifier: BSD-3-Clause */
/* The flow behind C_InitPIN: a personalization begins, or the application unblocks a card by
 * itself. */
#include <stdio.h>
#include <string.h>

#include "card/applies.h"
#include "card/flow.h"
#include "card/personalized.h"
#include "card/pin.h"
#include "card/unblock.h"
#include "policy/log.h"

/* How long a block that is to be done once more waits for whoever has the card. */
#define WAIT_OTHERS_MS 10000

static const char *
who_holds(const struct card *c)
{
	return c->record.state == RECORD_PERSONALIZING ? "is being personalized by another process"
						       : "is in use by another request";
}

static CK_RV
refuse_stranger(const struct card *c)
{
	log_error(
	    "%s: refused: only operators may personalize cards; join the group of operators.sock",
	    c->uri);
	return CKR_FUNCTION_FAILED;
}

static CK_RV
may_personalize(const struct card *c, const char *hold, bool *may)
{
	const struct binding *b = c->binding;

	*may = b != NULL && personalizes(b->personalize) &&
	       (b->personalize_on != PERSONALIZE_ON_COMMAND || hold != NULL);
	if (b != NULL && description_applies(c, b->personalize) != CKR_OK)
		return CKR_FUNCTION_FAILED;
	if (*may && !block_can_be(c))
		return CKR_FUNCTION_FAILED;
	return *may && c->office->caller == CALLER_ANYONE ? refuse_stranger(c) : CKR_OK;
}

CK_RV
flow_personalize(struct card *c, const char *hold)
{
	bool may;
	CK_RV rv;

	rv = may_personalize(c, hold, &may);
	if (rv != CKR_OK)
		return rv;
	if (c->office->caller == CALLER_ANYONE)
		return refuse_stranger(c);
	c->private.journal = JOURNAL_NONE;
	c->private.letter_wrong = 0;
	c->private.pin_wrong = 0;
	c->private.foreign_so = false;
	c->private.so_refused = 0;
	snprintf(c->record.hold, sizeof(c->record.hold), "%s", hold != NULL ? hold : "");
	c->record.ending = false;
	c->record.why[0] = '\0';
	if (!card_note(c) || !card_record(c, RECORD_PERSONALIZING, METHOD_NONE, false))
		return CKR_FUNCTION_FAILED;
	return CKR_OK;
}

static CK_RV
begin_locked(struct card *c, const char *hold, enum init_kind *kind)
{
	const struct request q = {.via = SO_VIA_REQUEST};
	bool may;
	CK_RV rv;

	/* A stranger's false word that the card is new would void its record. */
	if (c->office->caller == CALLER_ANYONE &&
	    (card_reborn(c) || c->record.state == RECORD_NONE)) {
		rv = card_look(c);
		if (rv != CKR_OK)
			return rv;
	}
	if (c->record.state != RECORD_NONE && card_reborn(c) && !card_forget(c))
		return CKR_FUNCTION_FAILED;
	/* What C_InitPIN notes in the journal would take the place of this. */
	if (flow_resolve_so(c, &q) != CKR_OK)
		return CKR_FUNCTION_FAILED;
	if (c->record.state == RECORD_PERSONALIZING) {
		*kind = INIT_PERSONALIZE;
		return flow_personalize(c, hold);
	}
	/* A card without a PIN was not locked at another desk, whatever its module shows. */
	if (c->record.state == RECORD_NONE &&
	    ((c->info.flags & CKF_USER_PIN_LOCKED) == 0 || card_reborn(c))) {
		rv = may_personalize(c, hold, &may);
		if (rv != CKR_OK)
			return rv;
		if (may) {
			*kind = INIT_PERSONALIZE;
			return flow_personalize(c, hold);
		}
		if (c->binding != NULL && c->binding->personalize != NULL) {
			*kind = INIT_PASS;
			return CKR_OK;
		}
	}
	/* Whose word is worth nothing changes no PIN of a card that is active: noted, it would keep
	 * the programs that run from it. */
	if (c->office->caller == CALLER_ANYONE && c->record.state == RECORD_ACTIVE)
		return CKR_OK;
	*kind = INIT_UNBLOCK;
	return unblock_announce(c) ? CKR_OK : CKR_FUNCTION_FAILED;
}

CK_RV
flow_init_begin(struct card *c, const char *hold, enum init_kind *kind)
{
	CK_RV rv;

	*kind = INIT_PASS;
	if (c->binding == NULL && c->record.state == RECORD_NONE)
		return CKR_OK;
	switch (flow_take(c)) {
	case LOCK_TAKEN:
		break;
	case LOCK_BUSY:
		log_error("%s: C_InitPIN is refused: the card %s", c->uri, who_holds(c));
		return CKR_FUNCTION_FAILED;
	default:
		return CKR_FUNCTION_FAILED;
	}
	rv = begin_locked(c, hold, kind);
	if (rv != CKR_OK || *kind == INIT_PASS)
		card_release(c);
	return rv;
}

static CK_RV
nothing_happened(struct card *c, enum init_kind kind, bool fresh)
{
	bool ok;

	if (kind == INIT_PERSONALIZE) {
		if (!fresh)
			return CKR_OK;
		ok = card_forget(c);
	} else {
		c->private.journal = JOURNAL_NONE;
		ok = card_note(c);
	}
	card_release(c);
	return ok ? CKR_OK : CKR_FUNCTION_FAILED;
}

/* The application's C_InitPIN has succeeded. */
static void
note_proof(struct card *c)
{
	c->private.proved = c->profile.unblock_style == UNBLOCK_BY_INIT_PIN;
	so_right(c);
}

/*
 * Whoever settles the card just now may do so too early. One that is another holder's by now is
 * blocked at the end of that one; one that is active may be so by a login with that very PIN. That
 * it cannot be written is no reason to leave it open.
 */
static CK_RV
doubt(struct card *c, bool proof)
{
	if (card_take(c, WAIT_OTHERS_MS) != LOCK_TAKEN) {
		log_error("%s: a PIN was set after its watcher had ended, and the card %s", c->uri,
		    who_holds(c));
		return CKR_FUNCTION_FAILED;
	}
	log_warning(
	    "%s: a PIN was set after its watcher had ended; it is blocked once more", c->uri);
	if (proof)
		note_proof(c);
	c->record.ending = true;
	(void)card_note(c);
	(void)card_record(c, RECORD_PERSONALIZING, METHOD_NONE, false);
	return CKR_OK;
}

CK_RV
flow_set_late(struct card *c, CK_RV rv, bool init_pin)
{
	const struct request q = {.via = SO_VIA_REQUEST};
	CK_RV ready = CKR_OK;

	if (c->binding == NULL && c->record.state == RECORD_NONE)
		return CKR_OK;
	if (!pin_unchanged(c, rv))
		ready = doubt(c, init_pin && rv == CKR_OK);
	else if (c->record.state != RECORD_PERSONALIZING)
		return CKR_OK;
	return ready == CKR_OK ? flow_begin(c, &q) : ready;
}

CK_RV
flow_init_end(struct card *c, enum init_kind kind, CK_RV rv, bool fresh)
{
	if (pin_unchanged(c, rv))
		return nothing_happened(c, kind, fresh);
	if (rv == CKR_OK)
		note_proof(c);
	if (kind == INIT_PERSONALIZE) {
		if (rv != CKR_OK)
			log_warning(
			    "%s: C_InitPIN: %s; taken as if it had succeeded", c->uri, rv_name(rv));
		return card_note(c) ? CKR_OK : CKR_FUNCTION_FAILED;
	}
	if (rv == CKR_OK) {
		rv = unblock_finish(c, NULL);
	} else {
		/* Whether the PIN is the new one is found out at the next login: the journal stays
		 * open. */
		rv = CKR_OK;
	}
	card_release(c);
	return rv;
}
