/* SPDX-License-Identifier: BSD-3-Clause */
/* Card manager keys that answer challenges: the policy's, and one that a person gave. */
#include <string.h>

#include "card/found.h"
#include "policy/key_manager.h"
#include "policy/log.h"

void
manager_clear(struct manager *m)
{
	secret_free(&m->bytes);
	memset(m, 0, sizeof(*m));
}

enum key_fault
offline_manager_of(const struct secret *value, struct manager *m)
{
	enum key_fault fault;
	bool aes;

	memset(m, 0, sizeof(*m));
	fault = key_parse_manager(value, &m->bytes, &aes, NULL);
	m->cipher = aes ? MANAGER_AES : MANAGER_DES;
	return fault;
}

bool
offline_manager(
    struct card *c, const struct description *desc, const struct value *v, struct manager *m)
{
	struct field_context context = {
	    .binding = c->binding, .id = &c->id, .given = c->office->given};
	enum key_fault fault = KEY_GOOD;
	struct resolved r;

	memset(m, 0, sizeof(*m));
	if (!field_resolve(&context, desc, v, &r))
		return false;
	if (r.kind == VALUE_LITERAL)
		fault = offline_manager_of(r.value, m);
	if (fault != KEY_GOOD)
		log_error("%s: the card manager key from %s: %s", c->uri, r.origin,
		    key_fault_text(fault));
	resolved_free(&r);
	return fault == KEY_GOOD;
}

/* Whatever lies there: what opens by this key was written by somebody who had opened a box. */
static void
open_by(const struct card *c, const struct manager *m, struct found *f)
{
	const struct tickets *all = &c->offline->all;
	struct secret *private;
	struct card_name name;
	size_t i;

	offline_name(c, &name);
	private = helpdesk_private(m->bytes, m->cipher, &name);
	for (i = all->n_boxes; private != NULL && i > 0; i--) {
		const struct box *b = all->boxes[i - 1];

		if (b->generation >= c->private.generation)
			found_open(c, b, BOX_HELPDESK, private, m->bytes, f);
	}
	secret_free(&private);
}

/* Of boxes that open, and hold what the card refuses, none is opened again: as refused PUKs are. */
static CK_RV
settle(struct card *c, struct found *f, enum so_via via, struct so *so)
{
	CK_RV rv = CKR_OK;

	if (f->n > 1 && via == SO_VIA_NOTHING)
		found_newest(f, so);
	else if (f->n > 0)
		rv = found_settle(c, f, via, so);
	found_clear(f);
	if (rv != CKR_PIN_INCORRECT)
		return rv;
	log_error("%s: the card refuses the SO secrets of its boxes, which are not used for it any "
		  "more; its PUK unblocks it, if anybody has it",
	    c->uri);
	c->private.foreign_so = true;
	return card_note(c) ? CKR_OK : CKR_FUNCTION_FAILED;
}

static bool
by_managers(struct card *c, const struct manager *now, const struct manager *next, enum so_via via,
    struct so *so)
{
	struct found f = {.n = 0};
	bool any;

	if (offline_read(c) != CKR_OK)
		return false;
	any = c->offline->all.n_boxes > 0;
	if (now->bytes != NULL)
		open_by(c, now, &f);
	if (next->bytes != NULL && !secret_equal(next->bytes, now->bytes))
		open_by(c, next, &f);
	if (f.n == 0 && any)
		log_warning("%s: the policy's card manager key opens no box of this card: it is "
			    "another card's, or was another when its tickets were made%s",
		    c->uri,
		    c->private.n_refused == 0
			? ""
			: ", or the card refused what is in the box; p11-latch reset has it "
			  "tried again");
	return settle(c, &f, via, so) == CKR_OK;
}

bool
offline_of_policy(struct card *c, const struct description *desc, enum so_via via, struct so *so)
{
	struct manager now = {0}, next = {0};
	bool ok;

	memset(so, 0, sizeof(*so));
	ok = offline_manager(c, desc, &desc->card_manager_key, &now) &&
	     offline_manager(c, desc, &desc->new_card_manager_key, &next);
	if (ok && (now.bytes != NULL || next.bytes != NULL) && offline_possible(c))
		ok = by_managers(c, &now, &next, via, so);
	so->policy = so->pin != NULL;
	if (!ok)
		so_clear(so);
	manager_clear(&now);
	manager_clear(&next);
	return ok;
}

bool
offline_opens(struct card *c, const struct description *desc)
{
	const struct value *values[] = {&desc->card_manager_key, &desc->new_card_manager_key};
	struct found f = {.n = 0};
	struct manager m;
	size_t i;

	if (!offline_possible(c) || offline_read(c) != CKR_OK)
		return false;
	for (i = 0; i < 2 && f.n == 0; i++) {
		if (offline_manager(c, desc, values[i], &m) && m.bytes != NULL)
			open_by(c, &m, &f);
		manager_clear(&m);
	}
	i = f.n;
	found_clear(&f);
	return i > 0;
}

bool
offline_by_key(struct card *c, const struct secret *value, enum so_via via, struct so *so)
{
	struct found f = {.n = 0};
	struct manager m;

	memset(so, 0, sizeof(*so));
	if (!offline_possible(c) || offline_manager_of(value, &m) != KEY_GOOD)
		return false;
	if (offline_read(c) == CKR_OK)
		open_by(c, &m, &f);
	manager_clear(&m);
	return settle(c, &f, via, so) == CKR_OK && so->pin != NULL;
}

bool
offline_is_key(struct card *c, const struct secret *value)
{
	const struct private *p = &c->private;

	if (!offline_possible(c) || key_parse_manager(value, NULL, NULL, NULL) != KEY_GOOD)
		return false;
	return p->generation != 0 || p->sealed != 0 ||
	       (offline_read(c) == CKR_OK && c->offline->all.n_boxes > 0);
}

static bool
is_key_of(struct card *c, const struct description *desc, const struct value *v,
    const struct secret *value)
{
	struct manager presented, m = {0};
	bool same = false;

	if (offline_manager_of(value, &presented) == KEY_GOOD && offline_manager(c, desc, v, &m))
		same = secret_equal(m.bytes, presented.bytes);
	manager_clear(&presented);
	manager_clear(&m);
	return same;
}

bool
offline_is_policys_key(struct card *c, const struct secret *value)
{
	const struct binding *b = c->binding;
	const struct description *desc = b->unblock != NULL ? b->unblock : b->personalize;

	return desc != NULL && (is_key_of(c, desc, &desc->card_manager_key, value) ||
				   is_key_of(c, desc, &desc->new_card_manager_key, value));
}
