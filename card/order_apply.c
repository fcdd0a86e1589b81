/* SPDX-License-Identifier: BSD-3-Clause */
/* The order apply: what a description says, now. */
#include <string.h>

#include "card/block.h"
#include "card/clear.h"
#include "card/flow.h"
#include "card/order_part.h"
#include "card/pin.h"
#include "card/unblock.h"
#include "policy/log.h"

/* One description at work on one card. It is in the place of the policy's own. */
struct task {
	struct card *c;
	const struct order *order;
	struct description *desc;
	struct binding binding;
	FILE *out;
};

static void
take_place(struct task *t)
{
	if (t->c->binding != NULL)
		t->binding = *t->c->binding;
	t->binding.unblock = t->desc;
	if (t->desc->block_card || t->desc->init_token)
		t->binding.personalize = t->desc;
	t->c->binding = &t->binding;
	/* The administrator says which secret is right, whatever the policy's was found to be. */
	t->c->private.foreign_so = false;
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

static bool
is_selected(struct task *t)
{
	struct secret *serial = NULL;
	unsigned asks = 0;
	bool same;

	if (!t->desc->select_by_serial)
		return true;
	if (!order_value(t->c, t->order, t->desc, &t->desc->serial, ANSWER_PIN, &serial, &asks) ||
	    serial == NULL) {
		log_error(
		    "%s: SelectCriteriaIccsn= has no value; give it by --field", t->desc->file);
		return false;
	}
	same = secret_len(serial) == strlen(t->c->id.serial) &&
	       memcmp(secret_bytes(serial), t->c->id.serial, secret_len(serial)) == 0;
	secret_free(&serial);
	if (!same)
		log_error("%s: is not the card that SelectCriteriaIccsn= of %s names", t->c->uri,
		    t->desc->file);
	return same;
}

static CK_RV
pin_of(struct task *t, struct secret **pin)
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
	enum so_via via = t->order->last_try ? SO_VIA_LAST_TRY : SO_VIA_REQUEST;
	const struct request q = {.via = via, .stale = true};
	struct secret *pin = NULL;
	struct so so = {0};
	CK_RV rv;

	rv = flow_begin(t->c, &q);
	t->c->private.foreign_so = false;
	if (rv == CKR_OK)
		rv = pin_of(t, &pin);
	if (rv == CKR_OK && pin != NULL)
		rv = unblock_check_pin(t->c, pin, NULL);
	if (rv == CKR_OK && (!so_of_policy(t->c, false, &so) || so.pin == NULL))
		rv = CKR_FUNCTION_FAILED;
	if (rv == CKR_OK)
		rv = pin != NULL ? unblock_with_pin(t->c, &so, via, pin)
				 : unblock_so_only(t->c, &so, via);
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

static CK_RV
change_first_so(struct task *t, struct so *so)
{
	struct card *c = t->c;
	struct so new;
	CK_RV rv;

	if (!so_to_set(c, t->desc, &new))
		return CKR_FUNCTION_FAILED;
	if (new.pin == NULL || so_same(&new, so->pin)) {
		so_clear(&new);
		return CKR_OK;
	}
	so_clear(&new);
	rv = unblock_so_only(c, so, SO_VIA_REQUEST);
	if (rv == CKR_OK && (!so_to_set(c, t->desc, &new) || new.pin == NULL))
		rv = CKR_FUNCTION_FAILED;
	if (rv == CKR_OK) {
		so_clear(so);
		*so = new;
	}
	return rv;
}

/* The first PIN, and with BlockCard=true the block: what a holder's program and its watcher do
 * else. */
static CK_RV
first_pin(struct task *t, struct so *so, const struct secret *pin)
{
	const struct sitting sitting = {.newer = so};
	struct card *c = t->c;
	CK_RV rv;

	if (!card_record(c, RECORD_PERSONALIZING, METHOD_NONE, false))
		return CKR_FUNCTION_FAILED;
	rv = change_first_so(t, so);
	if (rv != CKR_OK)
		return rv;
	rv = pin_init(c, so, pin);
	if (rv != CKR_OK) {
		card_forget(c);
		return rv;
	}
	c->private.proved = true;
	if (!card_note(c))
		return CKR_FUNCTION_FAILED;
	if (t->desc->block_card)
		return block_card(c, &sitting, false);
	return card_record(c, RECORD_ACTIVE, METHOD_NONE, true) ? CKR_OK : CKR_FUNCTION_FAILED;
}

static CK_RV
after_initialising(struct task *t, struct so *so)
{
	struct secret *pin = NULL;
	CK_RV rv = CKR_OK;

	take_place(t);
	if (t->desc->set_pin)
		rv = pin_of(t, &pin);
	if (rv == CKR_OK && pin != NULL)
		rv = unblock_check_pin(t->c, pin, NULL);
	if (rv == CKR_OK)
		rv = pin != NULL ? first_pin(t, so, pin) : change_first_so(t, so);
	if (rv == CKR_OK)
		clear_fields(t->c, t->desc);
	if (rv != CKR_OK && (t->c->info.flags & CKF_SO_PIN_TO_BE_CHANGED) != 0 &&
	    t->desc->puk.kind == VALUE_NONE)
		log_error("%s: this token wants its PUK to be changed before a PIN is set: write "
			  "PUK= into %s",
		    t->c->uri, t->desc->file);
	secret_free(&pin);
	return rv;
}

static bool
label_of(struct task *t, struct secret **label)
{
	struct field_context context = {
	    .binding = t->c->binding, .id = &t->c->id, .given = t->c->office->given};
	struct resolved r;
	bool ok;

	*label = NULL;
	if (!field_resolve(&context, t->desc, &t->desc->label, &r))
		return false;
	ok = r.kind != VALUE_DIALOG && r.kind != VALUE_PIN_PAD;
	if (!ok)
		log_error(
		    "%s: InitialLabel= cannot be asked for; give it by --field", t->desc->file);
	if (r.kind == VALUE_LITERAL)
		*label = secret_dup(r.value);
	resolved_free(&r);
	return ok;
}

static enum order_status
initialise(struct task *t)
{
	struct secret *label;
	struct so so = {0};
	CK_RV rv;

	if (!label_of(t, &label))
		return ORDER_FAILED;
	t->c->private.new_valid = false;
	rv = so_of_policy(t->c, false, &so) && so.pin != NULL ? CKR_OK : CKR_FUNCTION_FAILED;
	if (rv == CKR_OK)
		rv = initialise_card(t->c, &so, label);
	if (rv == CKR_OK)
		rv = after_initialising(t, &so);
	if (rv != CKR_OK)
		order_refused(t->c, "not initialised and personalized", rv);
	else
		fprintf(t->out, "%s: initialised, %s\n", t->c->uri,
		    t->c->record.state == RECORD_NONE ? "no PIN set"
						      : record_state_name(t->c->record.state));
	so_clear(&so);
	secret_free(&label);
	return rv == CKR_OK ? ORDER_DONE : ORDER_FAILED;
}

static enum order_status
carry_out(struct task *t, unsigned *asks)
{
	const struct description *d = t->desc;
	enum order_status status;

	if (d->init_cr_key || d->use_card_manager_key) {
		log_error("%s: InitCRKey= and UseCardManagerKey= ask for an offline-unblockable "
			  "card, which "
			  "this version cannot make yet",
		    d->file);
		return ORDER_FAILED;
	}
	if (!d->init_token && !d->set_pin && !d->block_card) {
		log_error(
		    "%s: asks for nothing that p11-latch does: neither InitToken=, SetPIN= nor "
		    "BlockCard= is true",
		    d->file);
		return ORDER_FAILED;
	}
	if (!is_selected(t) || !fill_in_all(t, asks) || *asks != 0)
		return *asks != 0 ? ORDER_ASKS : ORDER_FAILED;
	if (d->init_token)
		return initialise(t);
	if (!d->set_pin)
		return order_block(t->c, t->order, t->out, asks);
	status = set(t);
	if (status == ORDER_DONE && d->block_card)
		status = order_block(t->c, t->order, t->out, asks);
	return status;
}

enum order_status
order_apply(struct card *c, const struct order *order, FILE *out, unsigned *asks)
{
	struct task t = {.c = c, .order = order, .out = out};
	enum order_status status = ORDER_FAILED;
	const struct binding *policy = c->binding;
	struct diags d = {0};

	t.desc = description_parse(order->file, order->text, order->len, &d);
	diags_log(&d);
	diags_free(&d);
	if (t.desc == NULL)
		return ORDER_FAILED;
	take_place(&t);
	status = carry_out(&t, asks);
	c->binding = policy;
	description_free(t.desc);
	return status;
}
