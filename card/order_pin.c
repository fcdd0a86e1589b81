/* SPDX-License-Identifier: BSD-3-Clause */
/* Orders about the PIN: block and unblock. */
#include "card/applies.h"
#include "card/block.h"
#include "card/flow.h"
#include "card/offline.h"
#include "card/order_part.h"
#include "card/pad.h"
#include "card/pin.h"
#include "card/record_write.h"
#include "card/unblock.h"
#include "policy/key_manager.h"
#include "policy/log.h"

static const char *
why(const struct card *c, CK_RV rv, char *text, size_t size)
{
	size_t min, max;

	switch (rv) {
	case CKR_PIN_INCORRECT:
		return "the PUK or card manager key is wrong";
	case CKR_PIN_LOCKED:
		return "nothing presented may be tried on this card; p11-latch explain says why";
	case CKR_PIN_INVALID:
		return c->profile.pin_digits
			   ? "the card does not take this new PIN; it is to be of digits only"
			   : "the card does not take this new PIN";
	case CKR_PIN_LEN_RANGE:
		card_pin_bounds(c, &min, &max);
		snprintf(text, size, "its PIN is to have %zu to %zu characters", min, max);
		return text;
	default:
		snprintf(text, size, "%s", rv_name(rv));
		return text;
	}
}

enum order_status
order_refused(const struct card *c, const char *what, CK_RV rv)
{
	char text[80];

	log_error("%s: %s: %s", c->uri, what, why(c, rv, text, sizeof(text)));
	return ORDER_FAILED;
}

enum so_via
order_via(const struct order *order)
{
	return order->last_try ? SO_VIA_LAST_TRY : SO_VIA_REQUEST;
}

static bool
ask(const struct order *order, enum order_answer answer, struct secret **value, unsigned *asks)
{
	if (order->answers[answer] == NULL) {
		*asks |= 1u << answer;
		return false;
	}
	*value = secret_dup(order->answers[answer]);
	return *value != NULL;
}

bool
order_value(struct card *c, const struct order *order, const struct description *desc,
    const struct value *v, enum order_answer answer, struct secret **value, unsigned *asks)
{
	struct field_context context = {
	    .binding = c->binding, .id = &c->id, .given = c->office->given};
	struct resolved r;
	bool ok = true;

	*value = NULL;
	if (!field_resolve(&context, desc, v, &r))
		return false;
	if (r.kind == VALUE_LITERAL) {
		*value = secret_dup(r.value);
		ok = *value != NULL;
	} else if (r.kind == VALUE_PIN_PAD) {
		log_error("%s: a value is to be typed on the reader's PIN pad, which p11-latch "
			  "unblock and applications can have done; this order cannot",
		    c->uri);
		ok = false;
	} else if (r.kind != VALUE_NONE) {
		ok = ask(order, answer, value, asks);
	}
	resolved_free(&r);
	return ok;
}

/*
 * As long as the record says so, whoever comes next ends what was interrupted: without proof that
 * the card can be unlocked, where that was asked for.
 */
static bool
announce_block(struct card *c, bool force)
{
	struct record *r = &c->record;

	if (r->state == RECORD_BLOCKED || r->state == RECORD_PERSONALIZING)
		return true;
	r->ending = false;
	r->hold[0] = '\0';
	r->why[0] = '\0';
	return card_record(c, RECORD_PERSONALIZING, force ? METHOD_LOCK : METHOD_NONE, false);
}

/* What was before is put back: a card in use is not to be refused because an order failed. */
static void
restore(struct card *c, const struct record *before)
{
	unsigned so_wrong = c->private.so_wrong, so_gone = c->private.so_gone;

	if (before->state == RECORD_PERSONALIZING)
		return;
	if (before->state != RECORD_NONE) {
		card_record_back(c, before);
		return;
	}
	/* The count of wrong SO secrets is kept: the next order may bring another. */
	if (card_forget(c) && (so_wrong != 0 || so_gone != 0)) {
		c->private.so_wrong = so_wrong;
		c->private.so_gone = so_gone;
		card_note(c);
	}
}

static void
undo_announced(struct card *c, const struct record *before, bool force)
{
	char why[sizeof(c->record.why)];

	if (before->state == RECORD_PERSONALIZING)
		return;
	snprintf(why, sizeof(why), "%s", c->record.why);
	restore(c, before);
	log_error("%s: not blocked%s%s; its PIN is as before%s", c->uri,
	    why[0] != '\0' ? ", since " : "", why,
	    !force && block_may_lock(c) ? " (p11-latch block --force locks it all the same)" : "");
}

static enum order_status
block_now(struct card *c, const struct order *order, const struct sitting *sitting, FILE *out)
{
	struct record before = c->record;
	CK_RV rv;

	c->changed = false;
	if (!announce_block(c, order->force))
		return ORDER_FAILED;
	c->undone = before.state != RECORD_PERSONALIZING;
	rv = block_card(c, sitting, order->force);
	c->undone = false;
	if (rv != CKR_OK) {
		if (c->changed)
			log_error("%s: its PIN may be another than before, and it is refused until "
				  "it is blocked; p11-latch block, or recover, tries again",
			    c->uri);
		else
			undo_announced(c, &before, order->force);
		return ORDER_FAILED;
	}
	if (c->record.state != RECORD_BLOCKED) {
		if (c->record.state != RECORD_NONE)
			restore(c, &before);
		log_error("%s: has no PIN so far, there is nothing to block", c->uri);
		return ORDER_FAILED;
	}
	fprintf(out, "%s: blocked by %s\n", c->uri, record_method_name(c->record.method));
	return ORDER_DONE;
}

/*
 * A PUK, or a key; one that answers challenges opens a box, and is sent to no card. so->pin stays
 * NULL where a value is nothing that the card could have.
 */
static bool
take_so(struct card *c, const struct secret *value, struct so *so)
{
	const struct description *desc = c->binding != NULL ? c->binding->unblock : NULL;
	bool offline = desc != NULL && description_offline(desc);

	if (offline_by_key(c, value, SO_VIA_REQUEST, so))
		return true;
	if (offline_is_key(c, value) ||
	    (offline && key_parse_manager(value, NULL, NULL, NULL) == KEY_GOOD)) {
		log_error("%s: this card manager key opens no box of the card%s", c->uri,
		    c->private.generation == 0 ? "; give its PUK" : "");
		return false;
	}
	if (c->private.generation != 0) {
		log_warning(
		    "%s: its PUK is random and nobody's to know: what was given is not sent to "
		    "the card (if it was made anew elsewhere, without tickets: p11-latch "
		    "forget, and at once block --puk)",
		    c->uri);
		return true;
	}
	if (offline)
		return so_presented(so, value);
	return so_written(c, value, desc != NULL && description_uses_key(desc), "the terminal", so);
}

/* The record alone is no proof: the card may have been unblocked elsewhere. */
static bool
is_surely_blocked(struct card *c)
{
	bool locked = false;

	if (c->record.state != RECORD_BLOCKED || c->record.method != METHOD_LOCK)
		return false;
	return c->profile.shows_lock ||
	       (!c->profile.never_guess && pin_is_locked(c, &locked) == CKR_OK && locked);
}

/* Not because of what is most probably so. */
static enum order_status
ask_so(const struct card *c, FILE *out, unsigned *asks)
{
	if (c->record.state != RECORD_BLOCKED) {
		*asks |= 1u << ANSWER_SO;
		return ORDER_ASKS;
	}
	fprintf(out,
	    "%s: is blocked already, as its record says; in case that it was unblocked elsewhere "
	    "since, p11-latch block --puk blocks it anew\n",
	    c->uri);
	return ORDER_DONE;
}

/*
 * What a person gives goes before what the policy has, which the card may have refused. What apply
 * was given may be what it has just changed: that is for a policy that has none.
 */
static bool
take_given(
    struct card *c, const struct order *order, bool is_held, struct so *so, struct sitting *sitting)
{
	const struct secret *given = order->answers[ANSWER_SO];
	bool first = order->op == ORDER_BLOCK;

	if (given == NULL || (is_held && !first))
		return true;
	if (!take_so(c, given, so))
		return false;
	if (so->pin == NULL)
		return true;
	sitting->newer = so;
	sitting->proved = first;
	return true;
}

/* Whether the policy has a PUK or key for it. False in *known: a source failed (logged). */
static bool
is_held_by_policy(struct card *c, bool *known)
{
	struct so so = {0};
	bool held;

	*known = so_of_policy(c, true, &so);
	held = so.pin != NULL;
	so_clear(&so);
	return held;
}

enum order_status
order_block(struct card *c, const struct order *order, FILE *out, unsigned *asks)
{
	struct sitting sitting = {.ordered = true};
	struct so so = {0};
	enum order_status status = ORDER_FAILED;
	bool needs, held = false, known = true;

	if (!block_can_be(c) || card_look(c) != CKR_OK || unblock_resolve(c) != CKR_OK)
		return ORDER_FAILED;
	if (!order->force && is_surely_blocked(c)) {
		fprintf(out, "%s: is blocked already\n", c->uri);
		return ORDER_DONE;
	}
	/* By force it is locked at last, whatever there is to scramble it with. */
	needs = block_needs_so(c, order->force) && !(order->force && block_may_lock(c));
	if (needs)
		held = is_held_by_policy(c, &known);
	if (!known && order->answers[ANSWER_SO] == NULL)
		return ORDER_FAILED;
	if (needs && !held && order->answers[ANSWER_SO] == NULL)
		return ask_so(c, out, asks);
	/* A card that does not lock has need of it, too. */
	if ((!needs && order->op != ORDER_BLOCK) || take_given(c, order, held, &so, &sitting) ||
	    !needs)
		status = block_now(c, order, &sitting, out);
	so_clear(&so);
	return status;
}

/* The new PIN: of the Unblock description, else of a person. */
static bool
new_pin(struct card *c, const struct order *order, struct secret **pin, unsigned *asks)
{
	const struct description *desc = c->binding != NULL ? c->binding->unblock : NULL;

	*pin = NULL;
	/* The policy's is nothing to whoever comes with a response. */
	if (order->answers[ANSWER_PIN] == NULL && desc != NULL &&
	    c->office->caller != CALLER_ANYONE &&
	    !order_value(c, order, desc, &desc->pin, ANSWER_PIN, pin, asks))
		return false;
	return *pin != NULL || ask(order, ANSWER_PIN, pin, asks);
}

static bool
must_present(struct card *c, const struct order *order, const struct pad *pad, unsigned *asks)
{
	struct so so;

	if (order->answers[ANSWER_RESPONSE] != NULL)
		return true;
	if (!so_of_policy_by(c, SO_VIA_NOTHING, &so))
		return false;
	if (so.pin == NULL && !pad->so && order->answers[ANSWER_SO] == NULL)
		*asks |= 1u << ANSWER_SO;
	so_clear(&so);
	return true;
}

static CK_RV
unblock(struct card *c, const struct order *order, const struct pad *pad, const struct secret *pin)
{
	enum so_via via = order_via(order);
	const struct secret *response = order->answers[ANSWER_RESPONSE];
	const struct request q = {.value = response != NULL ? NULL : order->answers[ANSWER_SO],
	    .via = via,
	    .stale = true};
	const struct presented p = {.value = response != NULL ? response : q.value,
	    .via = via,
	    .pad = pad->so && response == NULL,
	    .response = response != NULL};
	struct so so = {0};
	enum row row;
	CK_RV rv;

	rv = flow_begin(c, &q);
	if (rv == CKR_OK && !pad->pin)
		rv = unblock_check_pin(c, pin, q.value);
	if (rv == CKR_OK)
		rv = row_find(c, &p, &row, &so);
	if (rv == CKR_OK)
		rv = unblock_with_pin(c, &so, via, pin);
	so_clear(&so);
	return rv;
}

/* It may be another than the one that was read out: the next call is to begin with this one. */
static void
say_response_wrong(const struct card *c)
{
	const struct ticket *next = c->offline != NULL ? c->offline->next : NULL;
	char text[SPOKEN_TEXT] = "";

	if (next != NULL)
		spoken_write(next->challenge, manager_block(next->cipher), text);
	log_error("%s: not unblocked: the response is wrong%s%s", c->uri,
	    next != NULL ? "; the card's challenge is now " : "", text);
}

static void
say_what_is_typed(const struct card *c, const struct pad *pad, FILE *out)
{
	if (!pad->so && !pad->pin)
		return;
	fprintf(out, "%s: on the reader are to be typed:%s%s%s\n", c->uri,
	    pad->so ? " the PUK or card manager key" : "", pad->so && pad->pin ? ", then" : "",
	    pad->pin ? " the new PIN" : "");
	fflush(out);
}

enum order_status
order_unblock(struct card *c, const struct order *order, FILE *out, unsigned *asks)
{
	enum order_status status = ORDER_FAILED;
	struct secret *pin = NULL;
	struct pad pad;
	CK_RV rv;

	if (c->binding != NULL && description_applies(c, c->binding->unblock) != CKR_OK)
		return ORDER_FAILED;
	if (pad_find(c,
		order->answers[ANSWER_SO] != NULL || order->answers[ANSWER_RESPONSE] != NULL,
		order->answers[ANSWER_PIN] != NULL, &pad) != CKR_OK ||
	    !must_present(c, order, &pad, asks))
		return ORDER_FAILED;
	if ((!pad.pin && !new_pin(c, order, &pin, asks)) || *asks != 0) {
		status = *asks != 0 ? ORDER_ASKS : ORDER_FAILED;
		goto out;
	}
	say_what_is_typed(c, &pad, out);
	rv = unblock(c, order, &pad, pin);
	if (rv == CKR_PIN_INCORRECT && order->answers[ANSWER_RESPONSE] != NULL) {
		say_response_wrong(c);
		goto out;
	}
	if (rv != CKR_OK) {
		order_refused(c, "not unblocked", rv);
		goto out;
	}
	fprintf(out, "%s: unblocked\n", c->uri);
	status = ORDER_DONE;
out:
	secret_free(&pin);
	return status;
}
