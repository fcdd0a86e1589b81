/* SPDX-License-Identifier: BSD-3-Clause */
/* A new SO secret in a new box, and the end of a ticket that was used. */
#include <stdlib.h>
#include <string.h>

#include "card/found.h"
#include "card/pin.h"
#include "card/unblock.h"
#include "policy/log.h"

/* --- What is kept of what lies there ------------------------------------------------------------
 */

/* The tickets that box b was sealed to, as so says who opened it; NULL: they are not all there. */
static const struct ticket **
sealed_to(const struct offline *o, const struct box *b, const struct opened *box, size_t *n)
{
	struct box_content content = {0};
	const struct ticket **list = NULL;

	memcpy(content.tickets, box->tickets, BOX_HASH);
	if (!box_find_tickets(b, &content, o->all.list, o->all.n, &list, n))
		*n = 0;
	return list;
}

/* Every ticket of a recipient's number, whose ever it is. To be freed. */
static const struct ticket **
by_number(const struct offline *o, const struct box *b, size_t *n)
{
	/* Pointers it is. NOLINTNEXTLINE(bugprone-sizeof-expression) */
	const struct ticket **list = calloc(o->all.n + 1, sizeof(*list));
	size_t i;

	*n = 0;
	for (i = 0; list != NULL && i < o->all.n; i++) {
		if (box_has(b, o->all.list[i].number))
			list[(*n)++] = &o->all.list[i];
	}
	return list;
}

/* The box that the secret came from, and no other of its generation. NULL: it is gone. */
static const struct box *
find_box(const struct offline *o, const struct opened *box)
{
	size_t i;

	for (i = 0; i < o->all.n_boxes; i++) {
		if (found_is(o->all.boxes[i], box))
			return o->all.boxes[i];
	}
	return NULL;
}

static size_t
without(const struct ticket **list, size_t n, unsigned number)
{
	size_t i, kept = 0;

	for (i = 0; i < n; i++) {
		if (list[i]->number != number)
			list[kept++] = list[i];
	}
	return kept;
}

/* All goes but this box and its tickets, without the one that was used (0: none was). */
static void
keep(struct card *c, const struct opened *box, unsigned used)
{
	const struct ticket **list;
	const struct box *b;
	size_t n;

	if (c->lock < 0 || offline_read(c) != CKR_OK)
		return;
	b = find_box(c->offline, box);
	if (b == NULL)
		return;
	list = sealed_to(c->offline, b, box, &n);
	if (list == NULL)
		list = by_number(c->offline, b, &n);
	if (list != NULL)
		(void)tickets_keep(c, list, without(list, n, used), b);
	free(list);
	offline_drop(c);
}

void
offline_accepted(struct card *c, const struct so *so)
{
	struct private *p = &c->private;

	p->generation = so->box.generation;
	memcpy(p->list, so->box.tickets, LIST_HASH);
	p->n_refused = 0;
	p->foreign_so = false;
	card_note(c);
	if (c->offline != NULL && c->offline->all.n_boxes > 1)
		keep(c, &so->box, 0);
	p->sealed = 0;
	card_note(c);
}

/* --- A new secret -------------------------------------------------------------------------------
 */

/* From here on the new one is the card's: what came before is gone from what is remembered. */
static void
note_new(struct card *c, const struct renewal *r, const struct box *b, struct so *new)
{
	struct private *p = &c->private;

	new->box.generation = r->generation;
	new->box.number = BOX_HELPDESK;
	memcpy(new->box.helpdesk, r->helpdesk, SEAL_KEY);
	if (!box_hash(r->list, r->n, new->box.tickets) || !found_digest(b, new->box.digest))
		new->box.generation = 0;
	p->generation = r->generation;
	memcpy(p->list, new->box.tickets, LIST_HASH);
	p->n_refused = 0;
	p->foreign_so = false;
	p->new_valid = false;
	p->kcv[0] = '\0';
	/* The R of a scrambled card was made of the old one. */
	p->has_salt = false;
	card_note(c);
	(void)tickets_keep(c, r->list, r->n, b);
	p->sealed = 0;
	card_note(c);
}

/* The box first: whatever happens then, the card's secret is in one of those that lie there. */
static CK_RV
renew(struct card *c, const struct renewal *r, const struct box *b, struct so *new)
{
	CK_RV rv;

	c->private.sealed = r->generation;
	if (!card_note(c))
		return CKR_FUNCTION_FAILED;
	rv = tickets_put(c, r->fresh ? r->list : NULL, r->fresh ? r->n : 0, b);
	if (rv != CKR_OK)
		return rv;
	rv = unblock_set_so(c, r->old, new);
	if (rv == CKR_OK)
		note_new(c, r, b, new);
	else if (c->so_changed)
		log_error("%s: whether its new SO secret is in force is not known, since the card "
			  "answers %s; it is found out when it is unblocked next",
		    c->uri, rv_name(rv));
	else
		log_error("%s: its SO secret stays what it was: the card answers %s", c->uri,
		    rv_name(rv));
	return rv;
}

/* The new box is that of no secret. */
static void
undo(struct card *c, const struct renewal *r)
{
	if (r->old->box.generation != 0)
		keep(c, &r->old->box, r->used);
	else
		(void)tickets_keep(c, NULL, 0, NULL);
	c->private.sealed = 0;
	card_note(c);
}

CK_RV
offline_renew(struct card *c, const struct renewal *r, struct so *new)
{
	struct card_name name;
	struct box *b = NULL;
	CK_RV rv = CKR_FUNCTION_FAILED;

	offline_name(c, &name);
	c->so_changed = false;
	if (r->set != NULL ? !so_copy(new, r->set) : !so_draw(c, new))
		goto out;
	b = box_seal(new->pin, r->helpdesk, r->list, r->n, r->generation, r->last, &name, NULL);
	if (b != NULL)
		rv = renew(c, r, b, new);
	if (rv != CKR_OK && !c->so_changed)
		undo(c, r);
out:
	c->so_changed = false;
	offline_drop(c);
	box_free(&b);
	if (rv != CKR_OK)
		so_clear(new);
	return rv;
}

/* --- For the tickets that a box has -------------------------------------------------------------
 */

/* What was sealed to a stranger's key would be his. */
static void
log_replaced(const struct card *c)
{
	log_error("%s: its tickets are not those that its box was made for: somebody replaced or "
		  "removed one. None of them is used any more; a desk with the card manager key "
		  "makes new ones (p11-latch apply)",
	    c->uri);
}

/* The renewal of the box that so came from. Its tickets are to be freed; NULL: there are none. */
static const struct ticket **
begin(struct card *c, const struct so *so, struct renewal *r)
{
	const struct box *b = find_box(c->offline, &so->box);
	const struct ticket **list = b != NULL ? sealed_to(c->offline, b, &so->box, &r->n) : NULL;

	if (list == NULL)
		log_replaced(c);
	r->old = so;
	r->list = list;
	r->helpdesk = so->box.helpdesk;
	r->last = b != NULL ? b->last : so->box.number;
	r->generation = so->box.generation + 1;
	return list;
}

CK_RV
offline_reseal(struct card *c, const struct so *now, const struct so *set, struct so *new)
{
	struct renewal r = {.set = set};
	const struct ticket **list;
	CK_RV rv = offline_read(c);

	memset(new, 0, sizeof(*new));
	if (rv != CKR_OK)
		return rv;
	if (now->box.generation == UINT64_MAX)
		return CKR_FUNCTION_FAILED;
	list = begin(c, now, &r);
	rv = offline_renew(c, &r, new);
	free(list);
	return rv;
}

static void
use_ticket(struct card *c, const struct so *so)
{
	const struct ticket **list;
	struct renewal r = {.used = so->box.number};
	struct so new = {0};
	CK_RV rv;

	if (offline_read(c) != CKR_OK)
		return;
	if (so->box.generation == UINT64_MAX)
		return;
	list = begin(c, so, &r);
	if (list != NULL)
		r.n = without(list, r.n, so->box.number);
	c->private.ticket = so->box.number;
	rv = offline_renew(c, &r, &new);
	free(list);
	if (rv != CKR_OK && c->private.sealed == 0)
		log_warning("%s: the response that was given goes on opening copies of its "
			    "ticket, until another one is used",
		    c->uri);
	so_clear(&new);
}

/* --- After an interruption ----------------------------------------------------------------------
 */

void
offline_tidy(struct card *c)
{
	struct so so = {0};
	CK_RV rv;

	if (c->private.sealed == 0 || !so_of_policy(c, false, &so))
		return;
	/* Of several boxes the right one was found already, and all others are gone. */
	if (c->private.sealed != 0 && so.box.generation != 0) {
		rv = pin_try_so(c, &so, SO_VIA_REQUEST);
		if (rv == CKR_OK)
			offline_accepted(c, &so);
		/* Each recovery would send it again. */
		else if (rv == CKR_PIN_INCORRECT && c->profile.so_counter != SO_COUNTER_NONE)
			found_note_refused(c, &so);
	}
	so_clear(&so);
}

/* --- After an unblocking ------------------------------------------------------------------------
 */

/* Whether all tickets are to be made anew: they are asked for, or are another key's from now on. */
static bool
wants_new(struct card *c, const struct description *desc, const struct so *so)
{
	struct manager next = {0};
	bool wants;

	if (desc == NULL || !description_offline(desc))
		return false;
	if (desc->init_cr_key)
		return true;
	if (so->box.generation == 0 ||
	    !offline_manager(c, desc, &desc->new_card_manager_key, &next))
		return false;
	wants = next.bytes != NULL && !secret_equal(next.bytes, so->manager);
	manager_clear(&next);
	return wants;
}

static void
log_left(struct card *c)
{
	if (offline_show(c) != CKR_OK)
		return;
	if (c->record.tickets == 0)
		log_warning("%s: its last ticket is used up: next time it needs a desk with the "
			    "card manager key; p11-latch apply makes new ones",
		    c->uri);
	else
		log_info("%s: a ticket is used up, %u left", c->uri, c->record.tickets);
}

void
offline_used(struct card *c, const struct description *desc, const struct so *so, bool may)
{
	struct so new = {0};
	CK_RV rv;

	if (may && wants_new(c, desc, so)) {
		rv = offline_make(c, desc, so, &new);
		if (rv != CKR_OK && so->box.generation != 0 && c->private.sealed == 0)
			offline_accepted(c, so);
		so_clear(&new);
	} else if (so->box.generation == 0) {
		return;
	} else if (so->box.number != BOX_HELPDESK) {
		use_ticket(c, so);
		log_left(c);
		return;
	} else {
		offline_accepted(c, so);
	}
	(void)offline_show(c);
}
