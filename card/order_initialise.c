/* SPDX-License-Identifier: BSD-3-Clause */
/* The order apply, InitToken=true: a new life of the card, its first PUK and PIN, and the block. */
#include <string.h>

#include "card/block.h"
#include "card/clear.h"
#include "card/offline.h"
#include "card/order_part.h"
#include "card/pin.h"
#include "card/unblock.h"
#include "policy/log.h"

static CK_RV
make_tickets(struct task *t, struct so *so)
{
	struct so new;
	CK_RV rv = offline_make(t->c, t->desc, so, &new);

	if (rv != CKR_OK)
		return rv;
	so_clear(so);
	*so = new;
	return CKR_OK;
}

static CK_RV
change_first_so(struct task *t, struct so *so)
{
	struct card *c = t->c;
	struct so new;
	CK_RV rv;

	if (description_offline(t->desc))
		return make_tickets(t, so);
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
	const struct sitting sitting = {.newer = so, .proved = true};
	struct card *c = t->c;
	CK_RV rv, blocked;

	if (!card_record(c, RECORD_PERSONALIZING, METHOD_NONE, false))
		return CKR_FUNCTION_FAILED;
	c->changed = false;
	rv = change_first_so(t, so);
	if (rv == CKR_OK)
		rv = pin_init(c, so, pin);
	c->private.proved = rv == CKR_OK;
	if (rv == CKR_OK && !card_note(c))
		rv = CKR_FUNCTION_FAILED;
	/*
	 * A PIN that may be set is not left open, whatever the module says of it; a card that shows
	 * none is forgotten there, too.
	 */
	if (t->desc->block_card && (rv == CKR_OK || c->changed || c->profile.shows_life)) {
		blocked = block_card(c, &sitting, false);
		return rv != CKR_OK ? rv : blocked;
	}
	if (rv != CKR_OK) {
		card_forget(c);
		return rv;
	}
	return card_record(c, RECORD_ACTIVE, METHOD_NONE, true) ? CKR_OK : CKR_FUNCTION_FAILED;
}

static CK_RV
after_initialising(struct task *t, struct so *so)
{
	struct secret *pin = NULL;
	CK_RV rv = CKR_OK;

	task_take_place(t);
	if (t->desc->set_pin)
		rv = task_pin(t, &pin);
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

static CK_RV
find_so(struct task *t, const struct secret *label, struct so *so, unsigned *asks)
{
	CK_RV rv;

	if (!description_offline(t->desc))
		return order_so(t->c, order_via(t->order), so) ? CKR_OK : CKR_FUNCTION_FAILED;
	rv = task_offline_so(t, true, label, so, asks);
	return rv == CKR_OK ? task_initial_so(t, label, so) : rv;
}

/* What can be known to fail is found out while the card has its old life. */
static CK_RV
check_first(struct task *t, const struct secret *label)
{
	struct secret *pin = NULL;
	CK_RV rv = CKR_OK;

	if (!initialise_may(t->c, label))
		return CKR_FUNCTION_FAILED;
	/* Of a blank one it is not known that the lengths that it shows are those that it takes. */
	if (t->desc->set_pin && (t->c->info.flags & CKF_TOKEN_INITIALIZED) != 0)
		rv = task_pin(t, &pin);
	if (rv == CKR_OK && pin != NULL)
		rv = unblock_check_pin(t->c, pin, NULL);
	secret_free(&pin);
	return rv;
}

enum order_status
task_initialise(struct task *t, unsigned *asks)
{
	struct secret *label;
	struct so so = {0};
	CK_RV rv;

	if (!label_of(t, &label))
		return ORDER_FAILED;
	t->c->private.new_valid = false;
	rv = check_first(t, label);
	if (rv == CKR_OK)
		rv = find_so(t, label, &so, asks);
	if (*asks != 0) {
		secret_free(&label);
		return ORDER_ASKS;
	}
	if (rv == CKR_OK) {
		rv = initialise_card(t->c, &so, order_via(t->order), label);
		if (rv != CKR_OK)
			task_random_so(t, &so);
	}
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
