/* SPDX-License-Identifier: BSD-3-Clause */
/* The order apply: what a description says, now. */
#include <string.h>

#include "card/applies.h"
#include "card/block.h"
#include "card/clear.h"
#include "card/flow.h"
#include "card/manager_key.h"
#include "card/order_part.h"
#include "card/pin.h"
#include "card/unblock.h"
#include "policy/log.h"

/* Whether the policy's Unblock description has no say beside this one. */
static bool
replaces_unblock(const struct description *desc)
{
	return desc->set_pin || desc->init_token || description_offline(desc);
}

void
task_take_place(struct task *t)
{
	t->policy = t->c->binding;
	if (t->policy != NULL)
		t->binding = *t->policy;
	if (replaces_unblock(t->desc))
		t->binding.unblock = t->desc;
	if (t->desc->block_card || t->desc->init_token || t->desc->init_cr_key)
		t->binding.personalize = t->desc;
	t->c->binding = &t->binding;
	/* The administrator says which secret is right, whatever the policy's was found to be. */
	t->c->private.foreign_so = false;
	t->c->private.so_refused = 0;
}

/* What a person answered stands in the description from here on. */
static bool
fill_in(
    struct task *t, struct value *v, enum order_answer answer, const char *element, unsigned *asks)
{
	struct secret *value;

	if (v->kind == VALUE_NONE)
		return true;
	if (!order_value(t->c, t->order, t->desc, v, answer, &value, asks))
		return *asks != 0;
	if (value == NULL) {
		log_error("%s:%u: %s=%s: the field has no value; give it by --field %s=- or name "
			  "its source "
			  "in policy.conf",
		    t->desc->file, v->line, element, v->field, v->field);
		return false;
	}
	if (v->kind == VALUE_FIELD && t->order->answers[answer] == NULL) {
		/* Found again whenever it is used, so that ClearFields= knows its store. */
		secret_free(&value);
		return true;
	}
	v->kind = VALUE_LITERAL;
	secret_free(&v->literal);
	v->literal = value;
	return true;
}

static bool
fill_in_all(struct task *t, unsigned *asks)
{
	struct description *d = t->desc;
	bool key = description_uses_key(d);

	return fill_in(t, &d->pin, ANSWER_PIN, "PIN", asks) &&
	       fill_in(t, key ? &d->card_manager_key : &d->initial_puk, ANSWER_SO,
		   key ? "CardManagerKey" : "InitialPUK", asks) &&
	       fill_in(t, key ? &d->new_card_manager_key : &d->puk, ANSWER_NEW_SO,
		   key ? "NewCardManagerKey" : "PUK", asks);
}

CK_RV
task_pin(struct task *t, struct secret **pin)
{
	unsigned asks = 0;

	if (!order_value(t->c, t->order, t->desc, &t->desc->pin, ANSWER_PIN, pin, &asks))
		return CKR_FUNCTION_FAILED;
	return CKR_OK;
}

/* SetPIN=true alone: the PIN, the PUK or card manager key, or both. */
static enum order_status
set(struct task *t)
{
	enum so_via via = order_via(t->order);
	const struct request q = {.via = via, .stale = true};
	struct secret *pin = NULL;
	struct so so = {0};
	CK_RV rv;

	rv = flow_begin(t->c, &q);
	t->c->private.foreign_so = false;
	if (rv == CKR_OK)
		rv = task_pin(t, &pin);
	if (rv == CKR_OK && pin != NULL)
		rv = unblock_check_pin(t->c, pin, NULL);
	if (rv == CKR_OK && !order_so(t->c, via, &so))
		rv = CKR_FUNCTION_FAILED;
	if (rv == CKR_OK)
		rv = pin != NULL              ? unblock_with_pin(t->c, &so, via, pin)
		     : so_unblocks(t->c, &so) ? unblock_so_only(t->c, &so, via)
					      : manager_key_change(t->c, t->desc, &so);
	if (rv != CKR_OK)
		order_refused(t->c, pin != NULL ? "not unblocked" : "not changed", rv);
	else
		fprintf(t->out, "%s: %s\n", t->c->uri,
		    pin != NULL                     ? "unblocked"
		    : description_uses_key(t->desc) ? "card manager key changed"
						    : "PUK changed");
	so_clear(&so);
	secret_free(&pin);
	return rv == CKR_OK ? ORDER_DONE : ORDER_FAILED;
}

static enum order_status
carry_out(struct task *t, unsigned *asks)
{
	const struct description *d = t->desc;
	enum order_status status;

	if (description_applies(t->c, d) != CKR_OK)
		return ORDER_FAILED;
	if (!d->init_token && !d->set_pin && !d->block_card && !d->init_cr_key) {
		log_error("%s: asks for nothing that p11-latch does: neither InitToken=, SetPIN=, "
			  "InitCRKey= nor BlockCard= is true",
		    d->file);
		return ORDER_FAILED;
	}
	if (d->block_card && !block_can_be(t->c))
		return ORDER_FAILED;
	if (!fill_in_all(t, asks) || *asks != 0)
		return *asks != 0 ? ORDER_ASKS : ORDER_FAILED;
	if (d->init_token)
		return task_initialise(t, asks);
	if (description_offline(d))
		return task_offline(t, asks);
	if (!d->set_pin)
		return order_block(t->c, t->order, t->out, asks);
	status = set(t);
	if (status == ORDER_DONE && d->block_card)
		status = order_block(t->c, t->order, t->out, asks);
	return status;
}

/*
 * Which SO secret is the valid one is remembered as the policy has them, and this description may
 * have them otherwise: its PUK= is the valid one where it is the policy's.
 */
static void
place_in_task(struct task *t, const struct so *policys_new)
{
	struct private *p = &t->c->private;
	struct so new = {0};

	if (p->new_valid && policys_new->pin != NULL)
		p->new_valid = so_to_set(t->c, t->desc, &new) &&
			       new.pin != NULL &&so_same(policys_new, new.pin);
	so_clear(&new);
}

/* Then the description was about a key that is nothing to the PUK. */
static bool
key_is_apart(const struct task *t)
{
	return description_uses_key(t->desc) && t->c->profile.so_form == SO_FORM_KEY;
}

/* And the other way round. What failed leaves it as it was. */
static void
place_in_policy(struct task *t, const struct private *before, bool ok)
{
	struct card *c = t->c;
	struct so now = {0};

	if ((!ok && c->private.journal == JOURNAL_NONE) || key_is_apart(t)) {
		c->private.new_valid = before->new_valid;
		c->private.foreign_so = before->foreign_so;
	} else if (ok && so_of_policy(c, false, &now) && now.pin != NULL) {
		c->binding = t->policy;
		so_place(c, &now);
	}
	c->binding = t->policy;
	so_clear(&now);
	if (c->lock >= 0 && c->record.state != RECORD_NONE)
		card_note(c);
}

/* Each value that is given is for a field of what is in force. Before anything is done. */
static bool
fields_are_there(const struct card *c, const struct description *desc)
{
	const struct description *unblock = c->binding != NULL ? c->binding->unblock : NULL;

	return given_declared(c->office->given, desc, replaces_unblock(desc) ? NULL : unblock);
}

/*
 * A PUK that was given is for whatever the description leaves to people; but under
 * UseCardManagerKey=true it is none of the key's. What the policy has comes first.
 */
static void
take_puk(struct task *t, struct order *answered)
{
	const struct description *d = t->desc;
	const struct value *v = description_uses_key(d) ? &d->card_manager_key : &d->initial_puk;

	if (answered->answers[ANSWER_PUK] == NULL || answered->answers[ANSWER_SO] != NULL ||
	    description_offline(d))
		return;
	if (v->kind == VALUE_NONE || so_is_asked(t->c, d))
		answered->answers[ANSWER_SO] = answered->answers[ANSWER_PUK];
}

enum order_status
order_apply(struct card *c, const struct order *order, FILE *out, unsigned *asks)
{
	/* Its answers stay the order's own. */
	struct order answered = *order;
	struct task t = {.c = c, .order = &answered, .out = out};
	enum order_status status = ORDER_FAILED;
	struct private before = c->private;
	struct so policys_new = {0};
	struct diags d = {0};

	t.desc = description_parse(order->file, order->text, order->len, &d);
	diags_log(&d);
	diags_free(&d);
	if (t.desc == NULL || !fields_are_there(c, t.desc)) {
		description_free(t.desc);
		return ORDER_FAILED;
	}
	if (c->binding != NULL && c->binding->unblock != NULL && before.new_valid)
		so_to_set(c, c->binding->unblock, &policys_new);
	task_take_place(&t);
	take_puk(&t, &answered);
	place_in_task(&t, &policys_new);
	so_clear(&policys_new);
	status = carry_out(&t, asks);
	if (status != ORDER_ASKS)
		place_in_policy(&t, &before, status == ORDER_DONE);
	c->binding = t.policy;
	description_free(t.desc);
	explicit_bzero(&before, sizeof(before));
	return status;
}
