/* SPDX-License-Identifier: BSD-3-Clause */
/* Orders about tickets: the challenge, and what apply does where the key answers challenges. */
#include <string.h>

#include "card/flow.h"
#include "card/found.h"
#include "card/offline.h"
#include "card/order_part.h"
#include "card/pin.h"
#include "card/record_write.h"
#include "card/unblock.h"
#include "policy/json.h"
#include "policy/log.h"

/* --- challenge ----------------------------------------------------------------------------------
 */

/* Of a card that has a record, everybody can see it there afterwards. */
static void
write_record(struct card *c, const struct record *before)
{
	const struct record *r = &c->record;

	/* What a stranger's card says is not to be everybody's. */
	if (c->office->caller == CALLER_ANYONE || r->state == RECORD_NONE ||
	    (r->offline == before->offline && r->tickets == before->tickets &&
		strcmp(r->challenge, before->challenge) == 0))
		return;
	record_write(c->office->config->state_dir, c->profile.label_identity, r);
}

static void
print_json(const struct card *c, FILE *out)
{
	const struct record *r = &c->record;

	fputs("{\"uri\": ", out);
	json_string(out, c->uri);
	fputs(", \"challenge\": ", out);
	json_string(out, r->challenge[0] != '\0' ? r->challenge : NULL);
	fprintf(out, ", \"tickets\": %u}\n", r->tickets);
}

enum order_status
order_challenge(struct card *c, const struct order *order, FILE *out)
{
	struct record before = c->record;
	const struct ticket *next;
	char text[SPOKEN_TEXT];

	if (offline_show(c) != CKR_OK)
		return ORDER_FAILED;
	write_record(c, &before);
	if (order->json)
		print_json(c, out);
	next = c->offline->next;
	if (next == NULL) {
		log_error("%s: %s", c->uri,
		    !offline_possible(c)
			? "a token of this module can have no tickets to be unblocked offline with"
		    : c->record.offline
			? "has no ticket left; a desk with its card manager key unblocks it, and "
			  "p11-latch apply makes new ones"
			: "has no tickets to be unblocked offline with");
		return ORDER_FAILED;
	}
	spoken_write(next->challenge, manager_block(next->cipher), text);
	if (!order->json)
		fprintf(out, "%s\n", text);
	log_info(
	    "%s: %u ticket%s left", c->uri, c->record.tickets, c->record.tickets == 1 ? "" : "s");
	return ORDER_DONE;
}

/* --- apply --------------------------------------------------------------------------------------
 */

bool
order_so(struct card *c, enum so_via via, struct so *so)
{
	if (!so_of_policy_by(c, via, so))
		return false;
	if (so->pin == NULL && c->private.generation != 0)
		log_error("%s: has, or had, tickets to be unblocked offline with, and its PUK is "
			  "random: a description with UseCardManagerKey=true is wanted, or, if the "
			  "card was made anew elsewhere, p11-latch forget",
		    c->uri);
	return so->pin != NULL;
}

/* Boxes open by it, or should. Where SO secrets are keys it may be one all the same. */
static bool
opens_boxes(struct card *c, const struct secret *puk)
{
	struct so so;
	bool opens;

	if (c->profile.so_is_key)
		return false;
	opens = offline_by_key(c, puk, SO_VIA_NOTHING, &so);
	so_clear(&so);
	return opens || offline_is_policys_key(c, puk);
}

static CK_RV
by_person(struct task *t, bool to_prove, enum so_via via, struct so *so, unsigned *asks)
{
	const struct secret *puk = t->order->answers[ANSWER_PUK];
	CK_RV rv;

	if (puk == NULL) {
		*asks |= 1u << ANSWER_PUK;
		return CKR_FUNCTION_FAILED;
	}
	if (opens_boxes(t->c, puk)) {
		log_error("%s: what was given is a card manager key, which is sent to no card: "
			  "give its PUK, or nothing where what is in its box is meant",
		    t->c->uri);
		return CKR_FUNCTION_FAILED;
	}
	if (!so_presented(so, puk))
		return CKR_HOST_MEMORY;
	rv = to_prove ? pin_try_so(t->c, so, via) : CKR_OK;
	if (rv != CKR_OK)
		so_clear(so);
	return rv;
}

/* Whoever gives a PUK for the last try has nothing left for a box that nobody has proved. */
static bool
is_given_first(const struct task *t)
{
	return t->order->last_try && t->order->answers[ANSWER_PUK] != NULL &&
	       t->c->private.generation == 0 && so_is_last_try(t->c);
}

/* Else the next order, which a person has given the PUK by then, would spend another try on it. */
static void
refused_once(struct card *c, const struct so *so)
{
	if (c->profile.so_counter == SO_COUNTER_NONE)
		return;
	found_refused(c, &so->box);
	card_note(c);
	offline_drop(c);
}

/*
 * A new card's, or one whose initialisation was interrupted before it had tickets: what boxes of it
 * are left here are of its last life.
 */
static bool
may_be_initial(const struct card *c, bool new, bool refused)
{
	return new && (c->info.flags & CKF_SO_PIN_TO_BE_CHANGED) == 0 &&
	       (refused || card_reborn(c));
}

/*
 * The label that the card has is the one that it was initialised with, whatever the order is given
 * another for. Where the module shows labels otherwise than they were given, it is the order's.
 */
static CK_RV
by_label(struct task *t, const struct secret *label, enum so_via via, struct so *so)
{
	struct card *c = t->c;
	struct so other;
	CK_RV rv;

	if (!offline_initial(c, t->desc, NULL, so))
		return CKR_FUNCTION_FAILED;
	rv = pin_try_so(c, so, via);
	/* Whoever gives a PUK is asked before another guess. */
	if (rv != CKR_PIN_INCORRECT || t->order->answers[ANSWER_PUK] != NULL)
		return rv;
	if (!offline_initial(c, t->desc, label, &other))
		return CKR_FUNCTION_FAILED;
	if (!so_same(&other, so->pin)) {
		so_clear(so);
		*so = other;
		return pin_try_so(c, so, SO_VIA_REQUEST);
	}
	so_clear(&other);
	return rv;
}

CK_RV
task_offline_so(struct task *t, bool new, const struct secret *label, struct so *so, unsigned *asks)
{
	struct card *c = t->c;
	enum so_via via = order_via(t->order);
	bool refused = false, is_blank = new && (c->info.flags & CKF_TOKEN_INITIALIZED) == 0;
	CK_RV rv;

	memset(so, 0, sizeof(*so));
	/* Some have an SO PIN from the factory, which C_InitToken wants. */
	if (is_blank && (c->profile.init_once || t->order->answers[ANSWER_PUK] != NULL))
		return by_person(t, false, via, so, asks);
	if (is_blank)
		return offline_initial(c, t->desc, label, so) ? CKR_OK : CKR_FUNCTION_FAILED;
	if (is_given_first(t))
		return by_person(t, true, via, so, asks);
	if (!offline_of_policy(c, t->desc, via, so))
		return CKR_FUNCTION_FAILED;
	/* None of several was right. */
	refused = c->private.foreign_so;
	if (so->pin != NULL) {
		rv = pin_try_so(c, so, via);
		if (rv != CKR_PIN_INCORRECT)
			return rv;
		refused_once(c, so);
		so_clear(so);
		refused = true;
	}
	/* The last try is for one of them. */
	if (refused)
		via = SO_VIA_REQUEST;
	if (may_be_initial(c, new, refused)) {
		rv = by_label(t, label, via, so);
		if (rv != CKR_PIN_INCORRECT)
			return rv;
		so_clear(so);
		via = SO_VIA_REQUEST;
	}
	/* Of a card that has tickets no person knows it. */
	if (c->private.generation != 0)
		via = SO_VIA_REQUEST;
	return by_person(t, true, via, so, asks);
}

/*
 * C_InitToken takes the boxes away. Interrupted after it, the card has a secret that the key alone
 * tells, or one that a person knows; before it, or where the module refuses it, the one that is in
 * a box.
 */
CK_RV
task_initial_so(struct task *t, const struct secret *label, struct so *so)
{
	struct so initial, new;
	CK_RV rv = CKR_OK;

	if (so->box.generation == 0)
		return CKR_OK;
	if (!offline_initial(t->c, t->desc, label, &initial))
		return CKR_FUNCTION_FAILED;
	if (!so_same(&initial, so->pin)) {
		rv = offline_reseal(t->c, so, &initial, &new);
		if (rv == CKR_OK) {
			so_clear(so);
			*so = new;
		}
	}
	so_clear(&initial);
	return rv;
}

/*
 * Other cards have the same secret while they are initialised. A new life that the module did not
 * tell of shows: then it is the secret that the same order goes on with.
 */
void
task_random_so(struct task *t, const struct so *so)
{
	struct card *c = t->c;
	struct so new = {0};

	if (so->box.generation == 0)
		return;
	if (card_peek(c) == CKR_OK && !card_reborn(c) &&
	    pin_try_so(c, so, SO_VIA_REQUEST) == CKR_OK &&
	    offline_reseal(c, so, NULL, &new) == CKR_OK)
		log_warning("%s: was not initialised, and is as it was: its card manager key and "
			    "the responses to its challenges unblock it",
		    c->uri);
	else
		log_error("%s: was perhaps initialised: give the same order once more, which "
			  "finishes it; until then its card manager key unblocks it, if it has "
			  "a PIN",
		    c->uri);
	so_clear(&new);
}

/* No new PIN: the SO secret alone is another afterwards. */
static CK_RV
make_only(struct task *t, const struct so *so)
{
	struct card *c = t->c;
	struct so new = {0};
	CK_RV rv;

	rv = offline_make(c, t->desc, so, &new);
	so_clear(&new);
	if (rv != CKR_OK || c->record.state == RECORD_NONE)
		return rv;
	return card_record(c, c->record.state, c->record.method, false) ? CKR_OK
									: CKR_FUNCTION_FAILED;
}

static bool
makes_any(const struct task *t)
{
	return t->desc->init_cr_key || t->desc->new_card_manager_key.kind != VALUE_NONE;
}

static CK_RV
carry_out(struct task *t, enum so_via via, const struct secret *pin, unsigned *asks)
{
	struct card *c = t->c;
	struct so so;
	CK_RV rv;

	rv = task_offline_so(t, false, NULL, &so, asks);
	if (rv == CKR_OK && pin != NULL)
		rv = unblock_with_pin(c, &so, via, pin);
	else if (rv == CKR_OK && makes_any(t))
		rv = make_only(t, &so);
	so_clear(&so);
	return rv;
}

enum order_status
task_offline(struct task *t, unsigned *asks)
{
	enum so_via via = order_via(t->order);
	const struct request q = {.via = via, .stale = true};
	struct card *c = t->c;
	struct secret *pin = NULL;
	CK_RV rv;

	rv = flow_begin(c, &q);
	if (rv == CKR_OK && t->desc->set_pin)
		rv = task_pin(t, &pin);
	if (rv == CKR_OK && pin != NULL)
		rv = unblock_check_pin(c, pin, NULL);
	if (rv == CKR_OK)
		rv = carry_out(t, via, pin, asks);
	if (*asks != 0) {
		secret_free(&pin);
		return ORDER_ASKS;
	}
	if (rv != CKR_OK) {
		order_refused(c, pin != NULL ? "not unblocked" : "no tickets made", rv);
	} else {
		if (pin != NULL)
			fprintf(t->out, "%s: unblocked\n", c->uri);
		fprintf(t->out, "%s: %u tickets\n", c->uri, c->record.tickets);
	}
	secret_free(&pin);
	if (rv != CKR_OK)
		return ORDER_FAILED;
	return t->desc->block_card ? order_block(c, t->order, t->out, asks) : ORDER_DONE;
}
