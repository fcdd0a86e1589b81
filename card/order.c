/* SPDX-License-Identifier: BSD-3-Clause */
/* What an administrator orders to be done with a card: which card, and who may. */
#include <stdlib.h>
#include <string.h>

#include "card/explain.h"
#include "card/flow.h"
#include "card/order_part.h"
#include "policy/log.h"

/* What has the card's lock ends within this time, or holds it for long. */
#define WAIT_MS 10000

struct run {
	struct office *office;
	const struct order *order;
	FILE *out;
	unsigned *asks;
};

static const char *const names[] = {
    [ORDER_APPLY] = "apply",
    [ORDER_BLOCK] = "block",
    [ORDER_UNBLOCK] = "unblock",
    [ORDER_ADOPT] = "adopt",
    [ORDER_FORGET] = "forget",
    [ORDER_RESET] = "reset",
    [ORDER_RECOVER] = "recover",
    [ORDER_EXPLAIN] = "explain",
};

const char *
order_name(enum order_op op)
{
	return (size_t)op < sizeof(names) / sizeof(names[0]) ? names[op] : NULL;
}

void
order_clear(struct order *order)
{
	struct given *g;
	size_t i;

	while ((g = order->given) != NULL) {
		order->given = g->next;
		free(g->name);
		secret_free(&g->value);
		free(g);
	}
	for (i = 0; i < ANSWERS; i++)
		secret_free(&order->answers[i]);
	if (order->text != NULL)
		explicit_bzero(order->text, order->len);
	free(order->text);
	free(order->file);
	free(order->uri);
	memset(order, 0, sizeof(*order));
}

static enum order_status
recover(struct card *c, const struct known *k, FILE *out)
{
	const struct request q = {.via = SO_VIA_REQUEST, .retry = true};
	enum record_state before = c->record.state;
	CK_RV rv;

	if (before != RECORD_PERSONALIZING && c->private.journal == JOURNAL_NONE)
		return ORDER_DONE;
	if (!k->present) {
		fprintf(out, "%s: %s; it is dealt with when the card comes back\n", c->uri,
		    before == RECORD_PERSONALIZING ? "was pulled while it was personalized"
						   : "was pulled while it was unblocked");
		return ORDER_DONE;
	}
	rv = flow_begin(c, &q);
	if (rv == CKR_PIN_LOCKED && c->lock < 0) {
		fprintf(out, "%s: is being personalized by a program that lives\n", c->uri);
		return ORDER_DONE;
	}
	if (rv == CKR_OK)
		fprintf(out, "%s: %s\n", c->uri,
		    c->record.state == RECORD_NONE ? "initialised anew, nothing to recover"
						   : record_state_name(c->record.state));
	return rv == CKR_OK ? ORDER_DONE : ORDER_FAILED;
}

/* A record that cannot be read is in the way of everything but adopt and forget. */
static bool
may_be_damaged(enum order_op op)
{
	return op == ORDER_ADOPT || op == ORDER_FORGET;
}

static enum order_status
with_lock(struct run *r, struct card *c)
{
	const struct order *order = r->order;
	bool damaged;

	switch (card_lock(c, WAIT_MS)) {
	case LOCK_TAKEN:
		break;
	case LOCK_BUSY:
		log_error("%s: %s, try again when it has ended", c->uri,
		    c->record.state == RECORD_PERSONALIZING
			? "another program is personalizing this card"
			: "another program is working with this card");
		return ORDER_FAILED;
	default:
		return ORDER_FAILED;
	}
	damaged = card_read(c) != CKR_OK;
	if (damaged && !may_be_damaged(order->op))
		return ORDER_FAILED;
	switch (order->op) {
	case ORDER_BLOCK:
		return order_block(c, order, r->out, r->asks);
	case ORDER_UNBLOCK:
		return order_unblock(c, order, r->out, r->asks);
	case ORDER_APPLY:
		return order_apply(c, order, r->out, r->asks);
	case ORDER_RESET:
		return order_reset(c, r->out);
	case ORDER_ADOPT:
		return order_adopt(c, damaged, r->out);
	case ORDER_FORGET:
		return order_forget(c, damaged, r->out);
	default:
		return ORDER_FAILED;
	}
}

static enum order_status
run_one(struct run *r, const struct known *k)
{
	enum order_op op = r->order->op;
	enum order_status status;
	struct card c;
	CK_RV rv;

	if (op == ORDER_EXPLAIN)
		return explain_card(r->office, k, r->out) ? ORDER_DONE : ORDER_FAILED;
	rv = may_be_damaged(op) ? card_identify(&c, r->office, &k->id)
				: card_open(&c, r->office, &k->id);
	if (rv != CKR_OK)
		return ORDER_FAILED;
	if (k->present)
		c.info = k->info;
	status = op == ORDER_RECOVER ? recover(&c, k, r->out) : with_lock(r, &c);
	card_close(&c);
	return status;
}

static bool
wants_presence(enum order_op op)
{
	return op == ORDER_BLOCK || op == ORDER_UNBLOCK || op == ORDER_APPLY;
}

static bool
takes_many(enum order_op op)
{
	return op == ORDER_RECOVER || op == ORDER_ADOPT;
}

/* A card that is not initialised has neither label nor, on some modules, a serial number to be
 * named by. */
static const struct known *
only_fresh(const struct known *list, size_t n)
{
	const struct known *fresh = NULL;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!list[i].present || (list[i].info.flags & CKF_TOKEN_INITIALIZED) != 0)
			continue;
		if (fresh != NULL)
			return NULL;
		fresh = &list[i];
	}
	return fresh;
}

static void
list_matches(const struct known *list, size_t n)
{
	char uri[IDENTITY_URI_MAX];
	size_t i;

	for (i = 0; i < n && i < 10; i++) {
		identity_uri(&list[i].id, uri);
		log_info("  %s%s", uri, list[i].present ? "" : " (not in a reader)");
	}
}

static enum order_status
run_single(struct run *r, const struct known *list, size_t n)
{
	const struct known *chosen = NULL;
	size_t i, candidates = 0;

	for (i = 0; i < n; i++) {
		if (wants_presence(r->order->op) && !list[i].present)
			continue;
		chosen = &list[i];
		candidates++;
	}
	if (candidates > 1 && r->order->op == ORDER_APPLY && only_fresh(list, n) != NULL) {
		chosen = only_fresh(list, n);
		candidates = 1;
	}
	if (candidates == 1)
		return run_one(r, chosen);
	if (candidates == 0 && n > 0)
		log_error("%s: the card is not in a reader", r->order->uri);
	else if (candidates == 0)
		log_error("%s: no card matches; p11-latch status lists those that there are",
		    r->order->uri);
	else
		log_error(
		    "%s: %zu cards match, and one is to be named:", r->order->uri, candidates);
	list_matches(list, n);
	return ORDER_FAILED;
}

static enum order_status
run_all(struct run *r, const struct known *list, size_t n)
{
	enum order_status status = ORDER_DONE;
	size_t i;

	if (n == 0 && r->order->uri != NULL) {
		log_error("%s: no card matches; p11-latch status lists those that there are",
		    r->order->uri);
		return ORDER_FAILED;
	}
	for (i = 0; i < n; i++) {
		if (run_one(r, &list[i]) != ORDER_DONE)
			status = ORDER_FAILED;
	}
	return status;
}

static bool
may_order(const struct office *o, enum order_op op)
{
	if (o->caller != CALLER_ANYONE || op == ORDER_RECOVER)
		return true;
	log_error("p11-latch %s is refused: only operators may; join the group of operators.sock",
	    order_name(op));
	return false;
}

enum order_status
order_run(struct office *o, const struct order *order, FILE *out, unsigned *asks)
{
	struct run r = {.office = o, .order = order, .out = out, .asks = asks};
	struct criteria criteria = {0};
	struct known *list = NULL;
	struct diags d = {0};
	enum order_status status = ORDER_FAILED;
	size_t n = 0;

	*asks = 0;
	if (!may_order(o, order->op))
		return ORDER_FAILED;
	if (order->uri != NULL &&
	    !uri_parse(order->uri, (struct place){.file = "the command line"}, &d, &criteria)) {
		diags_log(&d);
		goto out;
	}
	o->given = order->given;
	if (census_take(o, order->uri != NULL ? &criteria : NULL, &list, &n) != CKR_OK)
		goto out;
	status = takes_many(order->op) ? run_all(&r, list, n) : run_single(&r, list, n);
out:
	o->given = NULL;
	free(list);
	criteria_free(&criteria);
	diags_free(&d);
	return status;
}
