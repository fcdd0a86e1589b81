/* SPDX-License-Identifier: BSD-3-Clause */
/* Tickets and boxes as public data objects of a token. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card/pin_part.h"
#include "card/tickets_part.h"
#include "policy/log.h"

#define CHUNK  32 /* objects that are asked for at once */
#define ROUNDS 3  /* of storing what a new load does not show */

static char application[] = "p11-latch";
static CK_OBJECT_CLASS data_class = CKO_DATA;

/* One object of ours; bytes NULL: its value cannot be had, or is longer than any of ours. */
typedef CK_RV (*object_fn)(struct work *w, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    const unsigned char *bytes, size_t len, void *arg);

/* --- Looking at them -------------------------------------------------------------------------- */

/* What only says that there is nothing to be found without a login, or at all. */
static bool
is_absence(CK_RV rv)
{
	return rv == CKR_USER_NOT_LOGGED_IN || rv == CKR_FUNCTION_NOT_SUPPORTED ||
	       rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID;
}

/* Another process's doing, or the card is gone: says nothing of what the token can do. */
static bool
is_fault(CK_RV rv)
{
	switch (rv) {
	case CKR_HOST_MEMORY:
	case CKR_DEVICE_ERROR:
	case CKR_DEVICE_REMOVED:
	case CKR_TOKEN_NOT_PRESENT:
	case CKR_TOKEN_NOT_RECOGNIZED:
	case CKR_SESSION_CLOSED:
	case CKR_SESSION_HANDLE_INVALID:
		return true;
	default:
		return false;
	}
}

/* The handles of those that match, max at most. */
static CK_RV
search(struct work *w, CK_SESSION_HANDLE session, CK_ATTRIBUTE *wanted, CK_ULONG n_wanted,
    CK_OBJECT_HANDLE *all, size_t max, size_t *n)
{
	CK_ULONG got = 1;
	CK_RV rv;

	*n = 0;
	rv = w->f->C_FindObjectsInit(session, wanted, n_wanted);
	if (rv != CKR_OK)
		return is_absence(rv) ? CKR_OK : rv;
	while (rv == CKR_OK && got > 0 && *n < max) {
		CK_OBJECT_HANDLE some[CHUNK];

		got = 0;
		rv = w->f->C_FindObjects(session, some, CHUNK, &got);
		/* Some modules say that they have more than they were given room for. */
		if (got > CHUNK)
			got = CHUNK;
		if (got > max - *n)
			got = max - *n;
		if (rv == CKR_OK)
			memcpy(all + *n, some, got * sizeof(some[0]));
		*n += rv == CKR_OK ? got : 0;
	}
	w->f->C_FindObjectsFinal(session);
	return rv;
}

static CK_RV
visit(struct work *w, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, object_fn fn, void *arg)
{
	CK_ATTRIBUTE a = {CKA_VALUE, NULL, 0};
	unsigned char *bytes = NULL;
	CK_ULONG room = 0;
	CK_RV rv = w->f->C_GetAttributeValue(session, object, &a, 1);

	if (rv == CKR_OK && a.ulValueLen > 0 && a.ulValueLen <= BOX_SIZE_MAX) {
		room = a.ulValueLen;
		if ((bytes = malloc(room)) == NULL)
			return CKR_HOST_MEMORY;
		a.pValue = bytes;
		rv = w->f->C_GetAttributeValue(session, object, &a, 1);
	}
	if (rv == CKR_OBJECT_HANDLE_INVALID)
		rv = CKR_OK; /* removed in the meantime */
	else if (rv == CKR_OK && bytes != NULL && a.ulValueLen <= room)
		rv = fn(w, session, object, bytes, a.ulValueLen, arg);
	else if (!is_fault(rv) && rv != CKR_GENERAL_ERROR && rv != CKR_FUNCTION_FAILED)
		rv = fn(w, session, object, NULL, 0, arg);
	free(bytes);
	return rv;
}

/* In one load. */
static CK_RV
each(struct work *w, bool writable, object_fn fn, void *arg, bool *too_many)
{
	CK_OBJECT_HANDLE all[TICKETS_OBJECTS_MAX + 1];
	CK_ATTRIBUTE wanted[] = {
	    {CKA_CLASS, &data_class, sizeof(data_class)},
	    {CKA_APPLICATION, application, sizeof(application) - 1},
	};
	CK_SESSION_HANDLE session;
	size_t n = 0, i;
	CK_RV rv = pin_open_session(w, writable, &session);

	*too_many = false;
	if (rv != CKR_OK)
		return rv;
	rv = search(w, session, wanted, 2, all, TICKETS_OBJECTS_MAX + 1, &n);
	if (n > TICKETS_OBJECTS_MAX) {
		*too_many = true;
		n = TICKETS_OBJECTS_MAX;
	}
	for (i = 0; rv == CKR_OK && i < n; i++)
		rv = visit(w, session, all[i], fn, arg);
	w->f->C_CloseSession(session);
	return rv;
}

static CK_RV
add(struct work *w, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, const unsigned char *bytes,
    size_t len, void *arg)
{
	(void)w;
	(void)session;
	(void)object;
	return tickets_add(arg, bytes, len, true) ? CKR_OK : CKR_HOST_MEMORY;
}

CK_RV
objects_read(struct work *w, struct tickets *t)
{
	bool too_many;
	CK_RV rv = each(w, false, add, t, &too_many);

	t->too_many = t->too_many || too_many;
	return rv;
}

/* --- Storing ---------------------------------------------------------------------------------- */

struct store {
	struct items *items;
	CK_RV refused;  /* what the token said against it */
	bool all;       /* are there, in a new load */
	size_t written; /* by C_CreateObject, so it says */
	size_t others;  /* objects that are to go, or went, in this load */
	CK_RV stuck;    /* what C_DestroyObject said of one that stays */
};

static CK_RV
see(struct work *w, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, const unsigned char *bytes,
    size_t len, void *arg)
{
	struct store *s = arg;

	(void)w;
	(void)session;
	(void)object;
	if (bytes != NULL)
		items_see(s->items, bytes, len);
	return CKR_OK;
}

static CK_RV
create(struct work *w, CK_SESSION_HANDLE session, const struct item *item)
{
	char label[sizeof("p11-latch ticket 18446744073709551615")];
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_OBJECT_HANDLE object;
	CK_ATTRIBUTE a[] = {
	    {CKA_CLASS, &data_class, sizeof(data_class)},
	    {CKA_TOKEN, &yes, sizeof(yes)},
	    {CKA_PRIVATE, &no, sizeof(no)},
	    {CKA_APPLICATION, application, sizeof(application) - 1},
	    {CKA_LABEL, label, 0},
	    {CKA_VALUE, (void *)(uintptr_t)item->bytes, item->len},
	};

	a[4].ulValueLen = (CK_ULONG)snprintf(label, sizeof(label), "p11-latch %s %llu",
	    item->is_box ? "box" : "ticket", item->number);
	return w->f->C_CreateObject(session, a, sizeof(a) / sizeof(a[0]), &object);
}

/* Looks for those alone that are not seen yet, when there are more than are looked at. */
static CK_RV
see_each(struct work *w, struct items *items)
{
	CK_ATTRIBUTE wanted[] = {
	    {CKA_CLASS, &data_class, sizeof(data_class)},
	    {CKA_VALUE, NULL, 0},
	};
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE one;
	size_t i, n;
	CK_RV rv = pin_open_session(w, false, &session);

	if (rv != CKR_OK)
		return rv;
	for (i = 0; rv == CKR_OK && i < items->n; i++) {
		if (items->list[i].there)
			continue;
		wanted[1].pValue = (void *)(uintptr_t)items->list[i].bytes;
		wanted[1].ulValueLen = items->list[i].len;
		rv = search(w, session, wanted, 2, &one, 1, &n);
		items->list[i].there = rv == CKR_OK && n == 1;
	}
	w->f->C_CloseSession(session);
	return rv;
}

static CK_RV
write_in(struct work *w, CK_SESSION_HANDLE session, struct store *s)
{
	CK_RV rv = CKR_OK;
	size_t i;

	for (i = 0; rv == CKR_OK && i < s->items->n; i++) {
		if (s->items->list[i].there)
			continue;
		rv = create(w, session, &s->items->list[i]);
		s->written += rv == CKR_OK;
	}
	return rv;
}

static bool
are_there(const struct items *items)
{
	size_t i;

	for (i = 0; i < items->n; i++)
		if (!items->list[i].there)
			return false;
	return true;
}

static CK_RV
write_missing(struct work *w, void *arg)
{
	struct store *s = arg;
	CK_SESSION_HANDLE session;
	bool too_many;
	size_t i;
	CK_RV rv;

	s->refused = CKR_OK;
	for (i = 0; i < s->items->n; i++)
		s->items->list[i].there = false;
	rv = each(w, false, see, s, &too_many);
	if (rv == CKR_OK && too_many)
		rv = see_each(w, s->items);
	s->all = rv == CKR_OK && are_there(s->items);
	if (rv != CKR_OK || s->all)
		return rv;
	rv = pin_open_session(w, true, &session);
	if (rv == CKR_OK) {
		rv = write_in(w, session, s);
		w->f->C_CloseSession(session);
	}
	s->refused = is_fault(rv) ? CKR_OK : rv;
	/* Nobody is logged in here who could have been logged out: to try again is of no use. */
	return rv == CKR_USER_NOT_LOGGED_IN ? CKR_FUNCTION_NOT_SUPPORTED : rv;
}

static CK_RV
remove_seen(struct work *w, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    const unsigned char *bytes, size_t len, void *arg)
{
	struct store *s = arg;

	if (bytes != NULL && items_see(s->items, bytes, len))
		w->f->C_DestroyObject(session, object);
	return CKR_OK;
}

static CK_RV
work_withdraw(struct work *w, void *arg)
{
	bool too_many;

	return each(w, true, remove_seen, arg, &too_many);
}

CK_RV
objects_put(struct card *c, struct items *items, bool *refused)
{
	struct store s = {.items = items};
	unsigned round;
	CK_RV rv;

	*refused = false;
	for (round = 0; round <= ROUNDS; round++) {
		rv = card_work(c, write_missing, &s);
		if (s.refused != CKR_OK)
			break;
		if (rv != CKR_OK || s.all)
			return rv;
	}
	log_info("%s: the token takes no public data objects (%s): tickets and boxes of this card "
		 "are files of this machine",
	    c->uri, s.refused == CKR_OK ? "it loses them" : rv_name(s.refused));
	*refused = true;
	if (s.written != 0)
		card_work(c, work_withdraw, &s);
	return CKR_OK;
}

/* --- Removing --------------------------------------------------------------------------------- */

static bool
is_other(struct store *s, const unsigned char *bytes, size_t len)
{
	return bytes == NULL || (!items_see(s->items, bytes, len) && !item_is_newer(bytes, len));
}

static CK_RV
count_other(struct work *w, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    const unsigned char *bytes, size_t len, void *arg)
{
	struct store *s = arg;

	(void)w;
	(void)session;
	(void)object;
	s->others += is_other(s, bytes, len);
	return CKR_OK;
}

static CK_RV
remove_other(struct work *w, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    const unsigned char *bytes, size_t len, void *arg)
{
	struct store *s = arg;
	CK_RV rv;

	if (!is_other(s, bytes, len))
		return CKR_OK;
	rv = w->f->C_DestroyObject(session, object);
	if (rv != CKR_OK && rv != CKR_OBJECT_HANDLE_INVALID)
		s->stuck = rv;
	return CKR_OK;
}

/* A token that takes no objects may have no session that writes either: only where one is to go. */
static CK_RV
remove_others(struct work *w, void *arg)
{
	struct store *s = arg;
	bool too_many;
	CK_RV rv;

	s->others = 0;
	s->stuck = CKR_OK;
	rv = each(w, false, count_other, s, &too_many);
	if (rv == CKR_OK && s->others != 0)
		rv = each(w, true, remove_other, s, &too_many);
	return rv;
}

CK_RV
objects_keep(struct card *c, struct items *items)
{
	struct store s = {.items = items};
	unsigned round;
	CK_RV rv = CKR_OK;

	for (round = 0; round <= ROUNDS; round++) {
		rv = card_work(c, remove_others, &s);
		if (rv != CKR_OK || s.stuck != CKR_OK || s.others == 0)
			break;
	}
	if (rv == CKR_OK)
		rv = s.stuck;
	if (rv != CKR_OK)
		log_warning("%s: old tickets or boxes cannot be removed from the token (%s); they "
			    "open nothing any more",
		    c->uri, rv_name(rv));
	return rv;
}
