/* SPDX-License-Identifier: BSD-3-Clause */
/* A full set of tickets for a card: new, filled up again, or under another card manager key. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

#include "card/found.h"
#include "card/scramble.h"
#include "policy/key.h"
#include "policy/key_kind.h"
#include "policy/log.h"

#define LABEL_LEN 32 /* bytes, blank-padded (PKCS#11 2.40, C_InitToken) */
#define TEXT_MAX  32 /* characters of an SO PIN */
#define KEY       24 /* bytes of a 3DES key */

static unsigned
how_many(const struct card *c)
{
	unsigned n = c->binding != NULL ? c->binding->tickets : 0;

	return n != 0 ? n : TICKETS_DEFAULT;
}

/* The key that answers challenges from now on. False: logged. */
static bool
find_manager(struct card *c, const struct description *desc, struct manager *m)
{
	if (!offline_manager(c, desc, &desc->new_card_manager_key, m))
		return false;
	if (m->bytes == NULL && !offline_manager(c, desc, &desc->card_manager_key, m))
		return false;
	if (m->bytes == NULL)
		log_error("%s: CardManagerKey= of %s has no value that can be had without asking "
			  "a person; name a file in policy.conf, or use p11-latch apply",
		    c->uri, desc->file);
	return m->bytes != NULL;
}

static bool
is_of_key(const struct box *b, const struct card_name *name, const struct secret *private)
{
	struct box_content content;
	bool opens = box_open(b, name, BOX_HELPDESK, private, &content) == SEAL_OPEN;

	box_clear(&content);
	return opens;
}

/* Since 1970; 0: the clock says nothing. */
static uint64_t
milliseconds(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0 || now.tv_sec <= 0)
		return 0;
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/*
 * Beyond all that were before, as far as it can be known: the box that the secret came from, and
 * those that the key itself opens. A stranger's box says nothing. The first of a life of the card
 * is the time: other machines may know of a life before, and take nothing older; in milliseconds,
 * so that no card has had as many changes as its age.
 */
static void
find_begin(struct card *c, const struct so *now, const struct secret *private, struct renewal *r)
{
	const struct private *p = &c->private;
	const struct tickets *all = &c->offline->all;
	struct card_name name;
	size_t i;

	offline_name(c, &name);
	r->generation = p->generation > p->sealed ? p->generation : p->sealed;
	r->last = p->ticket;
	for (i = 0; i < all->n_boxes; i++) {
		const struct box *b = all->boxes[i];

		if (!found_is(b, &now->box) && !is_of_key(b, &name, private))
			continue;
		if (b->generation > r->generation)
			r->generation = b->generation;
		if (b->last > r->last)
			r->last = b->last;
	}
	if (now->box.generation == 0 && milliseconds() > r->generation)
		r->generation = milliseconds();
}

static CK_RV
make(struct card *c, const struct manager *m, struct ticket *tickets, const struct ticket **list,
    struct renewal *r, struct so *new)
{
	struct card_name name;
	size_t i;

	offline_name(c, &name);
	for (i = 0; i < r->n; i++) {
		if (!ticket_make(m->bytes, m->cipher, ++r->last, &name, NULL, &tickets[i]))
			return CKR_FUNCTION_FAILED;
		list[i] = &tickets[i];
	}
	r->list = list;
	r->fresh = true;
	r->generation++;
	return offline_renew(c, r, new);
}

static CK_RV
with_manager(struct card *c, const struct manager *m, const struct so *now, struct so *new)
{
	struct renewal r = {.old = now, .n = how_many(c)};
	struct ticket *tickets = calloc(r.n, sizeof(*tickets));
	/* Pointers it is. NOLINTNEXTLINE(bugprone-sizeof-expression) */
	const struct ticket **list = calloc(r.n, sizeof(*list));
	unsigned char public[SEAL_KEY];
	struct secret *private = NULL;
	struct card_name name;
	CK_RV rv = CKR_HOST_MEMORY;

	if (tickets == NULL || list == NULL)
		goto out;
	rv = CKR_FUNCTION_FAILED;
	offline_name(c, &name);
	private = helpdesk_private(m->bytes, m->cipher, &name);
	if (private == NULL || !seal_public(private, public))
		goto out;
	r.helpdesk = public;
	find_begin(c, now, private, &r);
	if (r.last + r.n > TICKET_LAST || r.generation >= UINT64_MAX - 1) {
		log_error("%s: has had all tickets that there can be; initialise it anew", c->uri);
		goto out;
	}
	rv = make(c, m, tickets, list, &r, new);
out:
	free(list);
	free(tickets);
	secret_free(&private);
	return rv;
}

CK_RV
offline_make(struct card *c, const struct description *desc, const struct so *now, struct so *new)
{
	struct manager m = {0};
	CK_RV rv = CKR_FUNCTION_FAILED;

	memset(new, 0, sizeof(*new));
	card_cool(c);
	if (find_manager(c, desc, &m))
		rv = offline_read(c);
	if (rv == CKR_OK)
		rv = with_manager(c, &m, now, new);
	if (rv == CKR_OK) {
		offline_drop(c);
		rv = offline_show(c);
		new->policy = true;
		new->manager = secret_dup(m.bytes);
		log_info(
		    "%s: has %u tickets to be unblocked offline with", c->uri, c->record.tickets);
	} else {
		log_error("%s: gets no new tickets, see above", c->uri);
		offline_drop(c);
	}
	manager_clear(&m);
	return rv;
}

/* --- The SO PIN of a new card, until then -------------------------------------------------------
 */

/* *derived is 32 bytes, and is spent. */
static struct secret *
as_so_pin(const struct card *c, struct secret *derived, const unsigned char label[LABEL_LEN])
{
	struct secret *pin = NULL;
	size_t min, max;

	if (c->profile.so_is_key) {
		secret_truncate(derived, KEY);
		key_make_odd(secret_data(derived), KEY);
		return key_write(derived, false);
	}
	card_pin_bounds(c, &min, &max);
	(void)scramble_pin(
	    derived, label, max < TEXT_MAX ? max : TEXT_MAX, c->profile.pin_digits, &pin);
	return pin;
}

bool
offline_initial(
    struct card *c, const struct description *desc, const struct secret *label, struct so *so)
{
	unsigned char context[LABEL_LEN];
	const char *old = c->id.label;
	size_t len = label != NULL ? secret_len(label) : strlen(old);
	struct secret *derived = NULL;
	struct manager m;

	memset(so, 0, sizeof(*so));
	memset(context, ' ', sizeof(context));
	memcpy(context, label != NULL ? (const void *)secret_bytes(label) : old,
	    len < sizeof(context) ? len : sizeof(context));
	if (!find_manager(c, desc, &m))
		return false;
	derived = manager_derive(
	    m.bytes, m.cipher, "p11-latch initial", context, sizeof(context), sizeof(context));
	manager_clear(&m);
	if (derived != NULL)
		so->pin = as_so_pin(c, derived, context);
	secret_free(&derived);
	so->policy = so->pin != NULL;
	return so->pin != NULL;
}
