/* SPDX-License-Identifier: BSD-3-Clause */
/* The order verify: whether a card can be unblocked offline, and all that is in the way of it. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "card/applies.h"
#include "card/order_part.h"
#include "card/verify.h"
#include "policy/log.h"

void
verify_say(struct verify_lines *lines, const char *fmt, ...)
{
	va_list ap;

	if (lines->n == VERIFY_LINES)
		return;
	va_start(ap, fmt);
	vsnprintf(lines->text[lines->n++], VERIFY_LINE, fmt, ap);
	va_end(ap);
}

/* Whether a response is taken here at all. */
static void
look_at_policy(struct card *c, struct verified *v)
{
	if (c->binding == NULL && c->record.state == RECORD_NONE)
		verify_say(&v->why, "nothing in the policy governs it, so that p11-latch takes no "
				    "response for it here");
	else if (c->binding != NULL && c->binding->unblock != NULL &&
		 description_applies(c, c->binding->unblock) != CKR_OK)
		verify_say(&v->why, "the description of its binding's Unblock= is not for it");
}

static void
look_at_flags(const struct card *c, struct verified *v)
{
	bool known;
	unsigned left = so_tries_left(c, &known);

	if ((c->info.flags & CKF_TOKEN_INITIALIZED) == 0)
		verify_say(&v->why, "it is not initialised");
	else if (card_reborn(c))
		verify_say(&v->why, "it was initialised anew, and has no PIN so far");
	if (left == 0)
		verify_say(&v->why, "its SO PIN is locked: nothing unblocks it any more");
	else if (left == 1)
		verify_say(&v->why, "only the last try of its SO PIN remains, which p11-latch "
				    "unblock --last-try alone spends");
	if (c->private.foreign_so)
		verify_say(&v->why, "the card refused the SO secrets of its boxes, or was seen to "
				    "have another (p11-latch reset takes that back)");
}

static void
look_at_boxes(const struct card *c, struct verified *v)
{
	const struct offline *o = c->offline;

	if (o->n > 0) {
		v->evidence = EVIDENCE_BOX;
		v->generation = o->boxes[0]->generation;
	} else if (o->all.n_newer > 0) {
		verify_say(&v->why, "its tickets and boxes are of a later version of p11-latch");
	} else if (o->all.n_boxes > 0) {
		verify_say(&v->why,
		    "of the %zu boxes that it has none is believed: they are older "
		    "than the one that the card accepted last, too many, or refused",
		    o->all.n_boxes);
	} else if (c->private.generation != 0 || o->all.n > 0) {
		verify_say(&v->why, "its box is gone: only a new initialisation helps it, unless "
				    "another machine has the box as a file");
	} else {
		verify_say(&v->why, "it has no box, and so was never given tickets "
				    "(InitCRKey=true, and p11-latch apply)");
	}
	if (o->refused)
		verify_say(&v->notes, "there are more boxes than p11-latch or a crash leaves, and "
				      "new ones are not opened: somebody else put them there");
}

/* Tickets of numbers that are no recipients of the newest box. */
static size_t
strays(const struct offline *o)
{
	size_t i, n = 0;

	for (i = 0; o->n > 0 && i < o->all.n; i++)
		n += !box_has(o->boxes[0], o->all.list[i].number);
	return n;
}

static void
look_at_tickets(const struct card *c, struct verified *v)
{
	const struct offline *o = c->offline;
	size_t stray = strays(o);

	v->left = o->left;
	v->on_token = o->all.on_token;
	if (o->n > 0 && o->next == NULL && stray > 0)
		verify_say(&v->why,
		    "the %zu tickets that it has are none of its box's, and open "
		    "nothing: it needs a desk with its card manager key "
		    "(p11-latch apply)",
		    stray);
	else if (o->n > 0 && o->next == NULL)
		verify_say(&v->why, "it has no ticket left: it needs a desk with its card manager "
				    "key (p11-latch apply)");
	else if (stray > 0)
		verify_say(&v->notes, "%zu tickets are none of its box's, and are not used", stray);
	if (o->n > 0 && o->all.n_newer > 0)
		verify_say(
		    &v->notes, "%zu objects are of a later version of p11-latch", o->all.n_newer);
	if (o->all.n_bad > 0)
		verify_say(&v->notes, "%zu objects bear our name, and are neither ticket nor box",
		    o->all.n_bad);
	if (o->all.too_many)
		verify_say(&v->notes, "there are more objects than are looked at");
}

static void
look_at_state(const struct card *c, struct verified *v)
{
	const struct private *p = &c->private;

	if (p->journal != JOURNAL_NONE || p->sealed != 0)
		verify_say(&v->notes,
		    "something was interrupted while its PIN or SO secret was "
		    "changed; p11-latch recover, or the next unblocking, ends it");
	if (p->response_wrong > 0)
		verify_say(
		    &v->notes, "wrong responses since the last right one: %u", p->response_wrong);
}

static bool
find_out(struct card *c, const struct order *order, struct verified *v)
{
	if (secret_keys_read(c, &v->keys) != CKR_OK)
		return false;
	if (v->keys.manager[0] != '\0')
		verify_say(&v->notes, "the secret key in it is of a program of the card's vendor, "
				      "and that alone can use it: PKCS#11 has no call for it");
	if (!offline_possible(c)) {
		verify_say(
		    &v->why, "it can have no tickets: with this module %s", applies_not_offline(c));
		return true;
	}
	if (offline_read(c) != CKR_OK)
		return false;
	look_at_policy(c, v);
	look_at_flags(c, v);
	look_at_boxes(c, v);
	look_at_tickets(c, v);
	look_at_state(c, v);
	return verify_by_key(c, order, v);
}

enum order_status
order_verify(struct card *c, const struct order *order, FILE *out)
{
	struct verified v = {.evidence = EVIDENCE_NONE};

	if (!find_out(c, order, &v))
		return ORDER_FAILED;
	if (order->json)
		verify_print_json(c, &v, out);
	else
		verify_print(c, &v, out);
	return v.why.n == 0 ? ORDER_DONE : ORDER_FAILED;
}
