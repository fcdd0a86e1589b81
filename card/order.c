/* SPDX-License-Identifier: BSD-3-Clause */
/* What an administrator orders to be done with a card: which card, and who may. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "card/explain.h"
#include "card/order_part.h"
#include "policy/log.h"

/* What has the card's lock ends within this time, or holds it for long. */
#define WAIT_MS 10000

/* A card that is really absent is looked for this often, 155 ms in all. */
#define CENSUSES       6
#define PAUSE_FIRST_MS 5

/* A reader that was just plugged in, and its card, take about a second. The pauses double: each
 * look may end the logins of those who work with other cards (OpenSC). */
#define AGAIN_FIRST_MS 1000

struct run {
	struct office *office;
	const struct order *order;
	FILE *out;
	unsigned *asks;
	/* recover: */
	bool last;        /* absent cards are waited for no longer */
	unsigned awaited; /* absent cards that it would have something to do with */
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
    [ORDER_CHALLENGE] = "challenge",
    [ORDER_VERIFY] = "verify",
};

const char *
order_name(enum order_op op)
{
	return (size_t)op < sizeof(names) / sizeof(names[0]) ? names[op] : NULL;
}

void
order_clear(struct order *order)
{
	size_t i;

	given_free(&order->given);
	for (i = 0; i < ANSWERS; i++)
		secret_free(&order->answers[i]);
	if (order->text != NULL)
		explicit_bzero(order->text, order->len);
	free(order->text);
	free(order->file);
	free(order->uri);
	memset(order, 0, sizeof(*order));
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
	case ORDER_CHALLENGE:
		return order_challenge(c, order, r->out);
	case ORDER_VERIFY:
		return order_verify(c, order, r->out);
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

/* What nobody has initialised is nobody's card so far. Some modules show one of these flags only.
 */
static bool
is_blank(const struct known *k)
{
	return k->present &&
	       (k->info.flags & (CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED)) == 0;
}

static enum order_status
recover(struct run *r, struct card *c, const struct known *k)
{
	if (!order_recover_wants(c))
		return ORDER_DONE;
	if (k->present)
		return order_recover(c, r->out);
	r->awaited++;
	if (r->last)
		order_recover_absent(c, r->out);
	return ORDER_DONE;
}

static enum order_status
run_one(struct run *r, const struct known *k)
{
	enum order_op op = r->order->op;
	enum order_status status;
	char uri[IDENTITY_URI_MAX];
	struct card c;
	CK_RV rv;

	if (op == ORDER_ADOPT && is_blank(k)) {
		identity_uri(&k->id, uri);
		fprintf(r->out, "%s: is not initialised; there is nothing to adopt\n", uri);
		return ORDER_DONE;
	}
	if (op == ORDER_EXPLAIN)
		return explain_card(r->office, k, r->out) ? ORDER_DONE : ORDER_FAILED;
	rv = may_be_damaged(op) ? card_identify(&c, r->office, &k->id)
				: card_open(&c, r->office, &k->id);
	if (rv != CKR_OK)
		return ORDER_FAILED;
	if (k->present)
		c.info = k->info;
	status = op == ORDER_RECOVER ? recover(r, &c, k) : with_lock(r, &c);
	card_close(&c);
	return status;
}

struct one {
	struct run run;
	const struct known *known;
};

static enum order_status
run_part(void *arg, FILE *out)
{
	struct one *one = arg;

	one->run.out = out;
	return run_one(&one->run, one->known);
}

/* Of many cards one that hangs, or crashes its module, is not to keep the others waiting. */
static enum order_status
run_apart(const struct run *r, const struct known *k)
{
	struct one one = {.run = *r, .known = k};
	char uri[IDENTITY_URI_MAX];

	identity_uri(&k->id, uri);
	return order_apart(run_part, &one, uri, r->out);
}

static bool
takes_many(enum order_op op)
{
	return op == ORDER_RECOVER || op == ORDER_ADOPT;
}

/* The census before this one, of an order that waits. */
struct earlier {
	struct known *list;
	size_t n;
};

/* What could not be done with a card a moment ago is not tried over and over. */
static bool
was_there(const struct earlier *e, const struct known *k)
{
	size_t i;

	for (i = 0; k->present && i < e->n; i++) {
		if (e->list[i].present && identity_equal(&e->list[i].id, &k->id, true))
			return true;
	}
	return false;
}

static enum order_status
run_all(struct run *r, const struct earlier *e, const struct known *list, size_t n)
{
	enum order_status status = ORDER_DONE, one;
	size_t i;

	if (n == 0 && r->order->uri != NULL) {
		log_error("%s: no card matches; p11-latch status lists those that there are",
		    r->order->uri);
		return ORDER_FAILED;
	}
	for (i = 0; i < n; i++) {
		if (was_there(e, &list[i]))
			continue;
		one = n > 1 && list[i].present ? run_apart(r, &list[i]) : run_one(r, &list[i]);
		if (one != ORDER_DONE)
			status = ORDER_FAILED;
	}
	return status;
}

/* What is public, and what is proved by the helpdesk's response. */
static bool
is_for_all(const struct order *order)
{
	return order->op == ORDER_RECOVER || order->op == ORDER_CHALLENGE ||
	       (order->op == ORDER_VERIFY && order->given == NULL && !order->so_login) ||
	       (order->op == ORDER_UNBLOCK && order->answers[ANSWER_RESPONSE] != NULL);
}

static bool
may_order(const struct office *o, const struct order *order)
{
	if (o->caller != CALLER_ANYONE || is_for_all(order))
		return true;
	log_error("p11-latch %s is refused: only operators may; join the group of operators.sock",
	    order_name(order->op));
	return false;
}

/* A card that another process works with may not show itself for an instant (SoftHSM). */
static CK_RV
take_census(struct office *o, const struct order *order, const struct criteria *criteria,
    struct known **list, size_t *n)
{
	unsigned i, pause_ms = PAUSE_FIRST_MS;
	CK_RV rv;

	for (i = 1;; i++) {
		const struct timespec pause = {.tv_nsec = pause_ms * 1000000L};

		rv = census_take(o, criteria, list, n);
		if (rv != CKR_OK || i == CENSUSES || order_finds(order, *list, *n))
			return rv;
		free(*list);
		*list = NULL;
		nanosleep(&pause, NULL);
		pause_ms *= 2;
	}
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* False: whoever wanted to wait does so no more. */
static bool
waits_on(const struct order *order, unsigned ms)
{
	const int none[2] = {-1, -1}, *until = order->until != NULL ? order->until : none;
	/* A peer that only says no more is there yet. */
	struct pollfd fds[2] = {{.fd = until[0], .events = POLLIN}, {.fd = until[1]}};

	return poll(fds, 2, (int)ms) <= 0;
}

/* Each look may end the logins of others: that is not for whoever likes to. */
static unsigned
wait_of(const struct run *r)
{
	if (r->order->wait == 0 || r->office->caller != CALLER_ANYONE)
		return r->order->wait;
	log_warning("--wait is for operators only: cards that are not there are not waited for");
	return 0;
}

/*
 * All that are there; and, of an order that waits, those that come in its time, as long as
 * something waits for one that has not. No card's lock is held meanwhile.
 */
static enum order_status
run_many(struct run *r, const struct criteria *criteria)
{
	unsigned left_ms = wait_of(r) * 1000, pause_ms;
	int64_t end = now_ms() + left_ms;
	enum order_status status = ORDER_DONE;
	struct earlier earlier = {0};
	CK_RV rv = CKR_OK;

	for (pause_ms = AGAIN_FIRST_MS;; pause_ms *= 2) {
		struct known *list = NULL;
		size_t n = 0;

		/* Each has a limit, whatever the clock or the pauses do. */
		r->last = left_ms == 0 || now_ms() >= end;
		r->awaited = 0;
		rv = take_census(r->office, r->order, criteria, &list, &n);
		/* A module may fail as long as the service of its readers starts. */
		if ((rv == CKR_OK || !r->last) && run_all(r, &earlier, list, n) != ORDER_DONE)
			status = ORDER_FAILED;
		free(earlier.list);
		earlier = (struct earlier){list, n};
		if (r->last || r->awaited == 0)
			break;
		pause_ms = pause_ms < left_ms ? pause_ms : left_ms;
		left_ms -= pause_ms;
		if (!waits_on(r->order, pause_ms)) {
			/* What did not come by now is said, and no card is touched any more. */
			r->last = true;
			(void)run_all(r, &earlier, earlier.list, earlier.n);
			break;
		}
	}
	free(earlier.list);
	return rv == CKR_OK ? status : ORDER_FAILED;
}

static enum order_status
run_chosen(struct run *r, const struct criteria *criteria)
{
	enum order_status status = ORDER_FAILED;
	struct known *list = NULL;
	const struct known *one;
	size_t n = 0;

	if (take_census(r->office, r->order, criteria, &list, &n) == CKR_OK &&
	    (one = order_choose(r->order, list, n)) != NULL)
		status = run_one(r, one);
	free(list);
	return status;
}

enum order_status
order_run(struct office *o, const struct order *order, FILE *out, unsigned *asks)
{
	struct run r = {.office = o, .order = order, .out = out, .asks = asks};
	const struct criteria *which = NULL;
	struct criteria criteria = {0};
	struct diags d = {0};
	enum order_status status = ORDER_FAILED;

	*asks = 0;
	if (!may_order(o, order))
		return ORDER_FAILED;
	if (order->uri != NULL &&
	    !uri_parse(order->uri, (struct place){.file = "the command line"}, &d, &criteria)) {
		diags_log(&d);
		goto out;
	}
	/* What a stranger gives would stand for what the policy holds. */
	o->given = o->caller == CALLER_ANYONE ? NULL : order->given;
	which = order->uri != NULL ? &criteria : NULL;
	status = takes_many(order->op) ? run_many(&r, which) : run_chosen(&r, which);
out:
	o->given = NULL;
	criteria_free(&criteria);
	diags_free(&d);
	return status;
}
