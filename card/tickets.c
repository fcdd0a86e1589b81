/* SPDX-License-Identifier: BSD-3-Clause */
/* The store of tickets and boxes: what lies on the token and in files, as one. */
#include <stdlib.h>
#include <string.h>

#include "card/tickets_part.h"
#include "policy/log.h"

/* --- What lies there -------------------------------------------------------------------------- */

static bool
add_ticket(struct tickets *t, const struct ticket *ticket)
{
	struct ticket *list;
	size_t i;

	for (i = 0; i < t->n; i++)
		if (ticket_equal(&t->list[i], ticket))
			return true;
	list = reallocarray(t->list, t->n + 1, sizeof(*list));
	if (list == NULL)
		return false;
	t->list = list;
	t->list[t->n++] = *ticket;
	return true;
}

/* Takes the box. */
static bool
add_box(struct tickets *t, struct box *box)
{
	struct box **boxes;
	size_t i;

	for (i = 0; i < t->n_boxes; i++) {
		if (box_equal(t->boxes[i], box)) {
			box_free(&box);
			return true;
		}
	}
	boxes = reallocarray(t->boxes, t->n_boxes + 1, sizeof(struct box *));
	if (boxes == NULL) {
		box_free(&box);
		return false;
	}
	t->boxes = boxes;
	t->boxes[t->n_boxes++] = box;
	return true;
}

bool
tickets_add(struct tickets *t, const unsigned char *bytes, size_t len, bool on_token)
{
	struct ticket ticket;
	struct box *box = NULL;
	enum seal_format is_ticket = FORMAT_BAD, is_box = FORMAT_BAD;

	if (bytes != NULL) {
		is_ticket = ticket_parse(bytes, len, &ticket);
		is_box = box_parse(bytes, len, &box);
	}
	if (is_ticket == FORMAT_GOOD || is_box == FORMAT_GOOD) {
		t->on_token = t->on_token || on_token;
		return is_ticket == FORMAT_GOOD ? add_ticket(t, &ticket) : add_box(t, box);
	}
	if (is_ticket == FORMAT_NEWER || is_box == FORMAT_NEWER)
		t->n_newer++;
	else
		t->n_bad++;
	return true;
}

bool
item_is_newer(const unsigned char *bytes, size_t len)
{
	struct tickets t = {0};
	bool newer = tickets_add(&t, bytes, len, false) && t.n_newer != 0;

	tickets_clear(&t);
	return newer;
}

static int
compare_tickets(const void *a, const void *b)
{
	const struct ticket *x = a, *y = b;
	unsigned char first[TICKET_SIZE], second[TICKET_SIZE];

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	ticket_write(x, first);
	ticket_write(y, second);
	return memcmp(first, second, TICKET_SIZE);
}

static int
compare_boxes(const void *a, const void *b)
{
	const struct box *x = *(struct box *const *)a, *y = *(struct box *const *)b;

	if (x->generation != y->generation)
		return x->generation < y->generation ? -1 : 1;
	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->bytes, y->bytes, x->len);
}

void
tickets_clear(struct tickets *t)
{
	size_t i;

	for (i = 0; i < t->n_boxes; i++)
		box_free(&t->boxes[i]);
	free(t->boxes);
	free(t->list);
	memset(t, 0, sizeof(*t));
}

/* A load that follows another that was disturbed begins anew. */
static CK_RV
work_read(struct work *w, void *arg)
{
	tickets_clear(arg);
	return objects_read(w, arg);
}

CK_RV
tickets_read(struct card *c, struct tickets *t)
{
	CK_RV rv;

	memset(t, 0, sizeof(*t));
	rv = card_work(c, work_read, t);
	if (rv == CKR_OK && !files_read(c, t))
		rv = CKR_FUNCTION_FAILED;
	if (rv != CKR_OK) {
		log_error("%s: tickets and boxes cannot be read: %s", c->uri, rv_name(rv));
		tickets_clear(t);
		return rv;
	}
	if (t->n != 0)
		qsort(t->list, t->n, sizeof(t->list[0]), compare_tickets);
	if (t->n_boxes != 0)
		qsort(t->boxes, t->n_boxes, sizeof(struct box *), compare_boxes);
	if (t->n_bad != 0 || t->n_newer != 0 || t->too_many)
		log_debug("%s: of what bears our name %zu are no tickets or boxes, %zu of a later "
			  "version%s",
		    c->uri, t->n_bad, t->n_newer, t->too_many ? ", and there are too many" : "");
	return CKR_OK;
}

/* --- What is to lie there --------------------------------------------------------------------- */

bool
items_of(const struct ticket *const *list, size_t n, const struct box *box, struct items *items)
{
	struct item *item;
	size_t i;

	memset(items, 0, sizeof(*items));
	items->n = n + (box != NULL);
	items->list = calloc(items->n + 1, sizeof(items->list[0]));
	if (items->list == NULL) {
		log_error("no memory");
		return false;
	}
	for (i = 0; i < n; i++) {
		item = &items->list[i];
		ticket_write(list[i], item->ticket);
		item->bytes = item->ticket;
		item->len = TICKET_SIZE;
		item->number = list[i]->number;
	}
	if (box != NULL) {
		item = &items->list[n];
		item->bytes = box->bytes;
		item->len = box->len;
		item->is_box = true;
		item->number = box->generation;
	}
	return true;
}

bool
items_see(struct items *items, const unsigned char *bytes, size_t len)
{
	bool seen = false;
	size_t i;

	for (i = 0; i < items->n; i++) {
		struct item *item = &items->list[i];

		if (item->len == len && memcmp(item->bytes, bytes, len) == 0)
			seen = item->there = true;
	}
	return seen;
}

/* All as files, the box last. */
static CK_RV
put_files(const struct card *c, const struct items *items)
{
	size_t i;

	for (i = 0; i < items->n; i++)
		if (!files_put(c, &items->list[i]))
			return CKR_FUNCTION_FAILED;
	return CKR_OK;
}

CK_RV
tickets_put(struct card *c, const struct ticket *const *list, size_t n, const struct box *box)
{
	const struct item *last;
	struct items items;
	bool refused = false, had;
	CK_RV rv = CKR_OK;

	if (!items_of(list, n, box, &items))
		return CKR_HOST_MEMORY;
	/* The box's copy first: it is of use without the tickets, and they are not without it. */
	last = box != NULL ? &items.list[n] : NULL;
	had = last == NULL || files_have(c, last);
	if (!had && !files_put(c, last))
		rv = CKR_FUNCTION_FAILED;
	if (rv == CKR_OK)
		rv = objects_put(c, &items, &refused);
	if (rv == CKR_OK && refused) {
		rv = put_files(c, &items);
		if (rv == CKR_OK)
			objects_withdraw(c, &items);
	}
	if (rv != CKR_OK) {
		log_error("%s: tickets and boxes cannot be stored: %s", c->uri, rv_name(rv));
		/* A box of an SO secret that is never set would cost a try later. */
		if (!had)
			files_remove(c, last);
	}
	free(items.list);
	return rv;
}

CK_RV
tickets_keep(struct card *c, const struct ticket *const *list, size_t n, const struct box *box)
{
	struct items items;
	CK_RV rv;

	if (!items_of(list, n, box, &items))
		return CKR_HOST_MEMORY;
	rv = objects_keep(c, &items);
	if (!files_keep(c, &items) && rv == CKR_OK)
		rv = CKR_FUNCTION_FAILED;
	free(items.list);
	return rv;
}

bool
tickets_forget(struct card *c)
{
	struct items none = {0};

	return files_keep(c, &none);
}
