/* SPDX-License-Identifier: BSD-3-Clause */
/* Offline-unblockable cards: which of the tickets and boxes that lie there count. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card/found.h"
#include "card/state.h"
#include "policy/log.h"

/* A stranger's boxes that the token has without a note of ours: as many as a crash leaves. */
#define UNKNOWN_MOST 2

bool
offline_possible(const struct card *c)
{
	const struct profile *p = &c->profile;

	return p->unblock_style == UNBLOCK_BY_INIT_PIN && p->so_form != SO_FORM_KEY && !p->no_block;
}

void
offline_name(const struct card *c, struct card_name *name)
{
	card_name_set(name, &c->id, c->profile.label_identity);
}

/* --- Boxes --------------------------------------------------------------------------------------
 */

/* As it was written here, where no stranger writes; NULL: it is not there. To be freed. */
static struct box *
read_own(const struct card *c, uint64_t generation)
{
	char suffix[32], *path, *text = NULL;
	struct box *b = NULL;
	size_t len;

	snprintf(suffix, sizeof(suffix), ".box-%" PRIu64, generation);
	path = state_path(c->office->config->state_dir, "private", c->name, suffix);
	if (path != NULL && state_read(path, &text, &len, BOX_SIZE_MAX) == 0)
		(void)box_parse(text, len, &b);
	free(text);
	free(path);
	return b;
}

/* Of several of one generation, that which was written here; without its file nobody can tell. */
static const struct box *
of_generation(const struct card *c, const struct offline *o, uint64_t generation)
{
	struct box *own = read_own(c, generation);
	const struct box *found = NULL;
	size_t i, n = 0;

	for (i = 0; i < o->all.n_boxes; i++) {
		const struct box *b = o->all.boxes[i];

		if (b->generation != generation || (own != NULL && !box_equal(own, b)))
			continue;
		found = b;
		n++;
	}
	box_free(&own);
	return n == 1 ? found : NULL;
}

static void
add(struct offline *o, const struct box *b)
{
	size_t i;

	if (b == NULL || o->n == OFFLINE_BOXES)
		return;
	for (i = o->n; i > 0 && o->boxes[i - 1]->generation < b->generation; i--)
		o->boxes[i] = o->boxes[i - 1];
	o->boxes[i] = b;
	o->n++;
}

static void
choose_noted(const struct card *c, struct offline *o)
{
	const struct private *p = &c->private;
	const struct box *sealed =
	    p->sealed > p->generation ? of_generation(c, o, p->sealed) : NULL;
	const struct box *newer = NULL;
	size_t i, n = 0;

	for (i = 0; i < o->all.n_boxes; i++) {
		const struct box *b = o->all.boxes[i];

		if (b->generation <= p->generation || b == sealed)
			continue;
		newer = b;
		n++;
	}
	o->refused = n > 1;
	if (n == 1)
		add(o, newer);
	add(o, sealed);
	if (p->generation != 0)
		add(o, of_generation(c, o, p->generation));
}

/*
 * What the card refused shows no challenge where there is another box. Never by its generation
 * alone, which is whoever wrote it's to choose, and would shut all that come after it out.
 */
static void
drop_refused(const struct card *c, struct offline *o)
{
	unsigned char digest[BOX_HASH];
	const struct box *kept[OFFLINE_BOXES];
	size_t i, n = 0;

	for (i = 0; i < o->n; i++) {
		if (!found_digest(o->boxes[i], digest) || !found_was_refused(c, digest))
			kept[n++] = o->boxes[i];
	}
	if (n == 0)
		return;
	for (i = 0; i < n; i++)
		o->boxes[i] = kept[i];
	o->n = n;
}

/* --- The ticket whose challenge is shown --------------------------------------------------------
 */

/* By which of the boxes that count a ticket is looked for; what none of them has comes next. */
enum by { BY_ALL, BY_OLDEST, BY_NEWEST, BYS };

/*
 * What a newer box that may be a stranger's says alone comes last. Nothing else is left after all
 * tickets were made anew elsewhere.
 */
static bool
is_usable(const struct offline *o, unsigned number, enum by by)
{
	size_t first = by == BY_OLDEST ? o->n - 1 : 0, end = by == BY_NEWEST ? 1 : o->n, i;

	for (i = first; i < end; i++) {
		if (!box_has(o->boxes[i], number))
			return false;
	}
	return true;
}

static size_t
times(const struct offline *o, unsigned number)
{
	size_t i, n = 0;

	for (i = 0; i < o->all.n; i++)
		n += o->all.list[i].number == number;
	return n;
}

/* Tickets of our own are told from others by the list that is noted; NULL: there is none. */
static bool
is_own(const struct ticket *const *own, size_t n, const struct ticket *t)
{
	size_t i = 0;

	if (own == NULL)
		return true;
	while (i < n && own[i] != t)
		i++;
	return i < n;
}

struct showing {
	const struct ticket **own; /* NULL: all of them */
	size_t n;
	unsigned after;
	enum by by;
};

static bool
may_be_shown(const struct offline *o, const struct showing *ch, const struct ticket *t)
{
	return t->number > ch->after && is_usable(o, t->number, ch->by) &&
	       is_own(ch->own, ch->n, t);
}

static const struct ticket *
lowest(const struct offline *o, const struct showing *ch, bool once)
{
	size_t i;

	for (i = 0; i < o->all.n; i++) {
		const struct ticket *t = &o->all.list[i];

		if (may_be_shown(o, ch, t) && (!once || times(o, t->number) == 1))
			return t;
	}
	return NULL;
}

static size_t
count(const struct offline *o, const struct showing *ch)
{
	unsigned last = 0;
	size_t i, n = 0;

	for (i = 0; i < o->all.n; i++) {
		const struct ticket *t = &o->all.list[i];

		if (t->number == last || !may_be_shown(o, ch, t))
			continue;
		n++;
		last = t->number;
	}
	return n;
}

/*
 * The tickets of the noted box, whatever others lie there: a challenge of a stranger's choice is
 * not to be read out. Where they are not what they were, nobody can tell.
 */
static void
find_own(const struct card *c, const struct offline *o, struct showing *ch)
{
	static const unsigned char unknown[LIST_HASH];
	const struct box *b = o->boxes[o->n - 1];
	struct box_content content = {0};

	if (b->generation != c->private.generation ||
	    memcmp(c->private.list, unknown, LIST_HASH) == 0)
		return;
	memcpy(content.tickets, c->private.list, BOX_HASH);
	(void)box_find_tickets(b, &content, o->all.list, o->all.n, &ch->own, &ch->n);
}

static void
look(struct offline *o, struct showing *ch)
{
	for (ch->by = BY_ALL; ch->by < BYS && o->next == NULL; ch->by++) {
		o->next = lowest(o, ch, ch->own == NULL);
		if (o->next == NULL && ch->own == NULL)
			o->next = lowest(o, ch, false);
		if (o->next != NULL)
			o->left = count(o, ch);
	}
}

/* A used one is shown no more; and one that a stranger added another to only after all others. */
static void
choose_ticket(const struct card *c, struct offline *o)
{
	struct showing ch = {.after = 0};

	if (o->n == 0)
		return;
	/* A newer box has none of those that were used before it. */
	if (o->boxes[0]->generation == c->private.generation)
		ch.after = c->private.ticket;
	find_own(c, o, &ch);
	look(o, &ch);
	free(ch.own);
	ch.own = NULL;
	if (o->next == NULL)
		look(o, &ch);
}

void
offline_choose(const struct card *c, struct offline *o)
{
	size_t i;

	if (c->private.generation != 0 || c->private.sealed != 0)
		choose_noted(c, o);
	else if (o->all.n_boxes > UNKNOWN_MOST)
		o->refused = true;
	else
		for (i = 0; i < o->all.n_boxes; i++)
			add(o, o->all.boxes[i]);
	drop_refused(c, o);
	if (o->refused)
		log_warning("%s: there are more boxes of tickets than this program or a crash of "
			    "it leaves, and those that are new are not opened: somebody else put "
			    "them there. The card manager key, or p11-latch apply with it, "
			    "unblocks the card and removes them",
		    c->uri);
	choose_ticket(c, o);
}

/* --- What is read -------------------------------------------------------------------------------
 */

void
offline_drop(struct card *c)
{
	if (c->offline == NULL)
		return;
	tickets_clear(&c->offline->all);
	free(c->offline);
	c->offline = NULL;
}

CK_RV
offline_read(struct card *c)
{
	CK_RV rv = CKR_OK;

	if (c->offline != NULL)
		return CKR_OK;
	c->offline = calloc(1, sizeof(*c->offline));
	if (c->offline == NULL)
		return CKR_HOST_MEMORY;
	if (offline_possible(c))
		rv = tickets_read(c, &c->offline->all);
	if (rv != CKR_OK) {
		offline_drop(c);
		return rv;
	}
	offline_choose(c, c->offline);
	return CKR_OK;
}

/* --- What is shown ------------------------------------------------------------------------------
 */

CK_RV
offline_show(struct card *c)
{
	struct record *r = &c->record;
	const struct ticket *next;
	size_t i, size;
	CK_RV rv;

	rv = offline_read(c);
	if (rv != CKR_OK)
		return rv;
	next = c->offline->next;
	r->offline = c->offline->all.n_boxes > 0 || c->private.generation != 0;
	r->tickets = (unsigned)c->offline->left;
	r->challenge[0] = '\0';
	size = next != NULL ? manager_block(next->cipher) : 0;
	for (i = 0; i < size && 2 * i + 2 < sizeof(r->challenge); i++)
		snprintf(r->challenge + 2 * i, 3, "%02X", next->challenge[i]);
	return CKR_OK;
}

/* Of most cards it is known that they have none, and they are not asked at each wrong PIN. */
static bool
may_have_any(const struct card *c)
{
	return c->record.offline || c->private.generation != 0 || c->private.sealed != 0;
}

void
offline_tell(struct card *c)
{
	const struct ticket *next;
	char text[SPOKEN_TEXT];

	if (!may_have_any(c) || offline_read(c) != CKR_OK)
		return;
	next = c->offline->next;
	if (next == NULL) {
		log_warning("%s: is blocked, and has no ticket left to unblock it offline: it "
			    "needs a desk with the card manager key",
		    c->uri);
		return;
	}
	spoken_write(next->challenge, manager_block(next->cipher), text);
	log_info("%s: is blocked; to unblock it, read the challenge %s out to the helpdesk, and "
		 "give its response as old PIN or PUK, with a new PIN (%zu ticket%s left)",
	    c->uri, text, c->offline->left, c->offline->left == 1 ? "" : "s");
}
