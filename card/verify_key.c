/* SPDX-License-Identifier: BSD-3-Clause */
/* What the card manager key proves of an offline-unblockable card, and an SO login on top of it. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "card/pin.h"
#include "card/verify.h"
#include "policy/log.h"
#include "policy/response.h"

/* As for responses: a stranger may have added more tickets of one number. */
#define COPIES_MOST 4

/* --- The key ------------------------------------------------------------------------------------
 */

static const struct description *
offline_description(const struct card *c)
{
	const struct binding *b = c->binding;

	if (b != NULL && b->unblock != NULL && description_offline(b->unblock))
		return b->unblock;
	return b != NULL && b->personalize != NULL && description_offline(b->personalize)
		   ? b->personalize
		   : NULL;
}

static bool
given_key(const struct card *c, const struct given *given, struct manager *m)
{
	enum key_fault fault = offline_manager_of(given->value, m);

	if (fault != KEY_GOOD)
		log_error(
		    "%s: the card manager key that was given: %s", c->uri, key_fault_text(fault));
	return fault == KEY_GOOD;
}

/* Of a policy's two either may be in force. *any: there was a key at hand. */
static bool
keys_at_hand(struct card *c, const struct order *order, struct manager keys[2], bool *any)
{
	const struct description *desc = offline_description(c);

	memset(keys, 0, 2 * sizeof(keys[0]));
	*any = false;
	/* What the policy holds is not used for strangers; they have given none. */
	if (c->office->caller == CALLER_ANYONE)
		return true;
	if (order->given != NULL) {
		*any = given_key(c, order->given, &keys[0]);
		return *any;
	}
	if (desc == NULL)
		return true;
	if (!offline_manager(c, desc, &desc->card_manager_key, &keys[0]) ||
	    !offline_manager(c, desc, &desc->new_card_manager_key, &keys[1]))
		return false;
	*any = keys[0].bytes != NULL || keys[1].bytes != NULL;
	return true;
}

static void
open_boxes(const struct card *c, const struct manager *m, struct found *f)
{
	struct secret *private;
	struct card_name name;
	size_t i;

	if (m->bytes == NULL)
		return;
	offline_name(c, &name);
	private = helpdesk_private(m->bytes, m->cipher, &name);
	for (i = 0; private != NULL && i < c->offline->n; i++)
		found_open(c, c->offline->boxes[i], BOX_HELPDESK, private, m->bytes, f);
	secret_free(&private);
}

/* --- The login ----------------------------------------------------------------------------------
 */

/* *at: which of those found is the card's. False: it cannot be told (logged). */
static bool
log_in(struct card *c, const struct found *f, struct verified *v, size_t *at)
{
	CK_RV rv = CKR_PIN_INCORRECT;
	size_t i;

	for (i = 0; i < f->n && rv == CKR_PIN_INCORRECT; i++) {
		rv = pin_try_so(c, &f->so[i], SO_VIA_REQUEST);
		*at = i;
	}
	if (rv == CKR_OK) {
		v->evidence = EVIDENCE_LOGIN;
		return true;
	}
	if (rv != CKR_PIN_INCORRECT) {
		log_error("%s: the login as SO was not possible: %s", c->uri, rv_name(rv));
		return false;
	}
	*at = 0;
	v->evidence = EVIDENCE_NONE;
	verify_say(&v->why, "the card refuses the SO secret of its box: it has another, which "
			    "somebody set since");
	return true;
}

/* --- Tickets ------------------------------------------------------------------------------------
 */

static const struct box *
box_of(const struct offline *o, const struct so *so)
{
	size_t i;

	for (i = 0; i < o->n; i++) {
		if (found_is(o->boxes[i], &so->box))
			return o->boxes[i];
	}
	return NULL;
}

/* As the holder and the helpdesk would: challenge, response, ticket, box. */
static bool
opens(const struct card *c, const struct manager *m, const struct ticket *t, const struct box *b,
    const struct so *so)
{
	size_t size = manager_block(t->cipher);
	struct secret *response = NULL, *private = NULL;
	struct box_content content = {0};
	struct card_name name;
	bool same = false;

	if (t->cipher != m->cipher || !response_compute(m->bytes, t->challenge, size, &response))
		return false;
	offline_name(c, &name);
	if (ticket_open(t, &name, response, &private) == SEAL_OPEN &&
	    box_open(b, &name, t->number, private, &content) == SEAL_OPEN)
		same = secret_equal(content.so, so->pin);
	box_clear(&content);
	secret_free(&private);
	secret_free(&response);
	return same;
}

/* Of each number one is enough. */
static void
open_tickets(const struct card *c, const struct manager *m, const struct box *b,
    const struct so *so, struct verified *v, bool *next_opens)
{
	const struct offline *o = c->offline;
	unsigned number = 0, copies = 0;
	bool had = false;
	size_t i;

	*next_opens = false;
	for (i = 0; i < o->all.n; i++) {
		const struct ticket *t = &o->all.list[i];

		if (t->number != number) {
			number = t->number;
			copies = 0;
			had = false;
		}
		if (had || !box_has(b, number) || copies == COPIES_MOST)
			continue;
		copies++;
		had = opens(c, m, t, b, so);
		v->opened += had;
		*next_opens = *next_opens || (had && number == o->next->number);
	}
}

/* Whether they are what the box was sealed to: else the next one is sealed to none of them. */
static bool
are_complete(const struct offline *o, const struct box *b, const struct so *so)
{
	struct box_content content = {0};
	const struct ticket **list = NULL;
	size_t n;
	bool complete;

	memcpy(content.tickets, so->box.tickets, BOX_HASH);
	complete = box_find_tickets(b, &content, o->all.list, o->all.n, &list, &n);
	free(list);
	return complete;
}

/* Which of the two keys opened the box. */
static const struct manager *
key_of(const struct manager keys[2], const struct so *so)
{
	return secret_equal(keys[0].bytes, so->manager) ? &keys[0] : &keys[1];
}

static void
look_at_tickets(struct card *c, const struct manager *m, const struct so *so, struct verified *v)
{
	const struct offline *o = c->offline;
	const struct box *b = box_of(o, so);
	bool next_opens;

	v->generation = so->box.generation;
	if (b == NULL)
		return;
	if (b != o->boxes[0])
		verify_say(&v->notes,
		    "the newest box, of generation %" PRIu64 ", is not the one "
		    "that holds the SO secret: it is a crash's, or a stranger's",
		    o->boxes[0]->generation);
	if (o->next == NULL)
		return;
	v->tried = true;
	open_tickets(c, m, b, so, v, &next_opens);
	if (!next_opens)
		verify_say(&v->why, "the ticket whose challenge is shown does not open by the "
				    "key's response: somebody changed it; it needs a desk with its "
				    "card manager key (p11-latch apply)");
	if (!are_complete(o, b, so))
		verify_say(&v->notes, "somebody changed its tickets, or took some away: the next "
				      "unblocking uses them all up, and then it needs a desk");
}

/* --- All of it ----------------------------------------------------------------------------------
 */

/* From here on nothing but time is needed, and 100 tickets take seconds. */
static void
release(struct card *c)
{
	struct offline *o = c->offline;

	c->offline = NULL;
	card_release(c);
	c->offline = o;
}

static bool
prove_by(struct card *c, const struct order *order, const struct manager keys[2],
    const struct found *f, struct verified *v)
{
	size_t at = 0;

	v->evidence = EVIDENCE_KEY;
	if (order->so_login && !log_in(c, f, v, &at))
		return false;
	if (f->n > 1 && v->evidence == EVIDENCE_KEY)
		verify_say(&v->notes,
		    "%zu boxes open by the key, as after a crash; which of them "
		    "holds the SO secret, a login shows (--so-login)",
		    f->n);
	release(c);
	if (v->evidence != EVIDENCE_NONE)
		look_at_tickets(c, key_of(keys, &f->so[at]), &f->so[at], v);
	return true;
}

static void
opens_none(const struct card *c, struct verified *v)
{
	if (c->offline->n == 0)
		return;
	v->evidence = EVIDENCE_NONE;
	verify_say(&v->why, "the card manager key opens no box that counts: it is another card's, "
			    "or was another when the tickets were made, or the box is a "
			    "stranger's");
}

bool
verify_by_key(struct card *c, const struct order *order, struct verified *v)
{
	struct found f = {.n = 0};
	struct manager keys[2];
	bool any, ok;

	ok = keys_at_hand(c, order, keys, &any);
	if (ok && !any && order->so_login) {
		log_error("%s: --so-login wants the card manager key, and the policy has none; "
			  "give it as --field CARD_MANAGER_KEY=-",
		    c->uri);
		ok = false;
	}
	if (!ok || !any)
		goto out;
	open_boxes(c, &keys[0], &f);
	if (!secret_equal(keys[0].bytes, keys[1].bytes))
		open_boxes(c, &keys[1], &f);
	if (f.n == 0)
		opens_none(c, v);
	else
		ok = prove_by(c, order, keys, &f, v);
out:
	found_clear(&f);
	manager_clear(&keys[0]);
	manager_clear(&keys[1]);
	return ok;
}
