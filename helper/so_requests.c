/* SPDX-License-Identifier: BSD-3-Clause */
/* What the module tells of an application that works as SO: the watcher's part. */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "card/block.h"
#include "card/pin.h"
#include "card/unblock.h"
#include "helper/conversation.h"
#include "helper/stranger.h"
#include "helper/take.h"
#include "policy/log.h"

/* What is given to a program of the hold that ends to hand its card over. */
#define HANDING_MS      5000
#define HANDING_STEP_MS 50

static bool
governed(const struct conversation *k)
{
	return k->card.binding != NULL || k->card.record.state != RECORD_NONE;
}

void
request_so_login(struct conversation *k, const struct wire *w)
{
	CK_RV rv = conversation_open_card(k, w);

	if (rv == CKR_OK && !governed(k)) {
		answer(k, WIRE_VENDOR, CKR_OK, NULL, 0);
		k->over = true;
		return;
	}
	if (rv == CKR_OK && wire_get(w, WIRE_PIN) != NULL) {
		so_clear(&k->so);
		k->so_proved = k->so_refused = false;
		if (!take_secret(w, WIRE_PIN, &k->so.pin))
			rv = CKR_HOST_MEMORY;
	}
	k->watching = rv == CKR_OK;
	answer(k,
	    k->personalizing ? WIRE_PERSONALIZING
	    : rv == CKR_OK   ? WIRE_WATCHING
			     : WIRE_DONE,
	    rv, NULL, 0);
}

/* The hold has the card and its lock already: this program only goes on with its work. */
static bool
hold_has_card(const struct conversation *k)
{
	const struct record *r = &k->card.record;

	return k->hold.proved && k->card.lock < 0 && r->state == RECORD_PERSONALIZING &&
	       strcmp(r->hold, k->hold.id) == 0 && r->method != METHOD_REFUSE;
}

void
request_init_pin(struct conversation *k, const struct wire *w)
{
	CK_RV rv = conversation_open_card(k, w);
	bool was;

	if (rv == CKR_OK && k->awaited != AWAIT_NOTHING)
		rv = CKR_FUNCTION_FAILED;
	if (rv == CKR_OK && k->card.lock < 0)
		rv = card_read(&k->card);
	was = rv == CKR_OK && k->card.record.state == RECORD_PERSONALIZING;
	if (rv == CKR_OK) {
		if (hold_has_card(k))
			k->kind = INIT_PERSONALIZE;
		else
			rv =
			    flow_init_begin(&k->card, k->hold.proved ? k->hold.id : NULL, &k->kind);
	}
	if (rv != CKR_OK) {
		answer(k, WIRE_DONE, rv_told(rv), NULL, 0);
		return;
	}
	if (k->kind == INIT_PASS) {
		answer(k, WIRE_VENDOR, CKR_OK, NULL, 0);
		return;
	}
	k->fresh = !was;
	if (k->kind == INIT_PERSONALIZE)
		k->personalizing = true;
	k->awaited = AWAIT_INIT_PIN;
	answer(k, k->personalizing ? WIRE_PERSONALIZING : WIRE_WATCHING, CKR_OK, NULL, 0);
}

/* The lock is the hold's, or was: as conversation_overtaken(). */
static bool
result_under_hold(struct conversation *k, CK_RV rv)
{
	if (rv == CKR_OK)
		k->card.private.proved = true;
	return !pin_unchanged(&k->card, rv) && conversation_overtaken(k, rv);
}

void
result_init_pin(struct conversation *k, CK_RV rv)
{
	bool blocked = false;
	CK_RV end = CKR_OK;

	rv = stranger_result(k, rv);
	k->so_proved = k->so_proved || rv == CKR_OK;
	if (k->card.lock >= 0)
		end = flow_init_end(&k->card, k->kind, rv, k->fresh);
	else
		blocked = result_under_hold(k, rv);
	if (k->kind == INIT_PERSONALIZE && k->fresh && pin_unchanged(&k->card, rv))
		k->personalizing = false;
	if (k->kind == INIT_UNBLOCK && rv == CKR_OK)
		k->unblocked = true;
	if (end != CKR_OK) {
		answer(k, WIRE_DONE, rv_told(end), NULL, 0);
		return;
	}
	answer(k, k->personalizing ? WIRE_PERSONALIZING : WIRE_WATCHING, CKR_OK, NULL,
	    rv == CKR_OK && !blocked ? k->card.record.sequence : 0);
}

/* A program of the hold that has just ended may be about to hand its card over. */
static bool
hold_gets_card(struct conversation *k)
{
	const struct timespec pause = {.tv_nsec = HANDING_STEP_MS * 1000000L};
	unsigned waited;

	for (waited = 0; waited < HANDING_MS && hold_has_card(k); waited += HANDING_STEP_MS) {
		if (hold_has(&k->hold, &k->card))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

/*
 * Whoever is to block the card would not know the new SO secret: its own watcher, where another
 * process personalizes it. The hold is told, once it has the card and not one of its programs yet.
 */
static CK_RV
may_set_so(struct conversation *k)
{
	struct card *c = &k->card;
	CK_RV rv;

	if (c->lock >= 0)
		return CKR_OK;
	rv = card_read(c);
	if (rv != CKR_OK || c->record.state != RECORD_PERSONALIZING)
		return rv;
	if (hold_has_card(k) && hold_gets_card(k))
		return CKR_OK;
	/* Or nobody's, and then this one blocks it with what it knows. */
	if (k->caller != CALLER_ANYONE && flow_take(c) == LOCK_TAKEN) {
		card_release(c);
		return CKR_OK;
	}
	if (c->record.state != RECORD_PERSONALIZING)
		return CKR_OK;
	log_error("%s: C_SetPIN as SO is refused: the card is being personalized by another "
		  "process, which blocks it with the SO PIN that it knows; end that first",
	    c->uri);
	return CKR_FUNCTION_FAILED;
}

void
request_set_so(struct conversation *k, const struct wire *w)
{
	CK_RV rv = conversation_open_card(k, w);

	if (rv == CKR_OK && (k->awaited != AWAIT_NOTHING || wire_get(w, WIRE_NEW_PIN) == NULL))
		rv = CKR_FUNCTION_FAILED;
	if (rv == CKR_OK)
		rv = may_set_so(k);
	if (rv == CKR_OK) {
		so_clear(&k->so_candidate);
		if (!take_secret(w, WIRE_NEW_PIN, &k->so_candidate.pin))
			rv = CKR_HOST_MEMORY;
	}
	if (rv == CKR_OK)
		k->awaited = AWAIT_SET_SO;
	answer(k, rv == CKR_OK ? WIRE_WATCHING : WIRE_DONE, rv_told(rv), NULL, 0);
}

void
result_set_so(struct conversation *k, CK_RV rv)
{
	if (rv == CKR_OK) {
		so_clear(&k->so);
		k->so = k->so_candidate;
		memset(&k->so_candidate, 0, sizeof(k->so_candidate));
	} else if (pin_unchanged(&k->card, rv) || rv == CKR_PIN_INCORRECT) {
		so_clear(&k->so_candidate);
	}
	k->so_changed = k->so_changed || rv == CKR_OK || k->so_candidate.pin != NULL;
	conversation_tell_hold(k);
	answer(k, k->personalizing ? WIRE_PERSONALIZING : WIRE_WATCHING, CKR_OK, NULL, 0);
}

void
request_logout(struct conversation *k, const struct wire *w)
{
	(void)w;
	if (k->personalizing) {
		answer(k, WIRE_PERSONALIZING, CKR_OK, NULL, 0);
		return;
	}
	conversation_end_holding(k);
	k->watching = false;
	so_clear(&k->so);
	so_clear(&k->so_candidate);
	answer(k, WIRE_DONE, CKR_OK, NULL, 0);
	k->over = true;
}

/* The watcher died, and the module that it watched for says so. Of a PIN that was set since then a
 * stranger's word is worth nothing: no personalization is a stranger's. */
static void
settle_for(struct conversation *k, const struct wire *w)
{
	const struct request q = {.via = SO_VIA_REQUEST};
	CK_RV rv = conversation_open_card(k, w);
	uint32_t set = CKR_OK, flags = 0;

	wire_get_u32(w, WIRE_FLAGS, &flags);
	if (rv == CKR_OK && k->caller != CALLER_ANYONE && wire_get_u32(w, WIRE_RV, &set))
		rv = flow_set_late(&k->card, set, (flags & WIRE_FLAG_INIT_PIN) != 0);
	else if (rv == CKR_OK && k->card.record.state == RECORD_PERSONALIZING)
		rv = flow_begin(&k->card, &q);
	if (k->card_open)
		card_release(&k->card);
	answer(k, WIRE_DONE, rv_told(rv), NULL, 0);
	k->over = true;
}

void
request_release(struct conversation *k, const struct wire *w)
{
	uint32_t flags = 0;
	CK_RV rv;

	if (!k->card_open) {
		settle_for(k, w);
		return;
	}
	wire_get_u32(w, WIRE_FLAGS, &flags);
	if (k->personalizing && !(flags & WIRE_FLAG_FINALIZE) && k->card.binding != NULL &&
	    k->card.binding->block_after == BLOCK_AFTER_FINALIZE) {
		answer_flags(k, CKR_OK, WIRE_FLAG_KEEP);
		return;
	}
	rv = conversation_end_holding(k);
	answer(k, WIRE_DONE, rv_told(rv), NULL, 0);
	k->over = true;
}
