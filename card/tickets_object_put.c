/* SPDX-License-Identifier: BSD-3-Clause */
/* Tickets and boxes become objects of a token, until a new load shows them, and others go. */
#include "card/pin_part.h"
#include "card/tickets_part.h"
#include "policy/log.h"

#define ROUNDS 3 /* of storing or removing what a new load does not show */

/* --- Storing ---------------------------------------------------------------------------------- */

struct store {
	struct items *items;
	CK_RV refused; /* what the token said against it */
	bool all;      /* are there, in a new load */
	size_t others; /* objects that are to go, or went, in this load */
	CK_RV stuck;   /* what C_DestroyObject said of one that stays */
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
write_in(struct work *w, CK_SESSION_HANDLE session, struct store *s)
{
	CK_RV rv = CKR_OK;
	size_t i;

	for (i = 0; rv == CKR_OK && i < s->items->n; i++) {
		if (s->items->list[i].there)
			continue;
		rv = object_create(w, session, &s->items->list[i]);
		s->items->any_written = s->items->any_written || rv == CKR_OK;
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
	rv = objects_each(w, false, see, s, &too_many);
	if (rv == CKR_OK && too_many)
		rv = objects_find(w, s->items);
	s->all = rv == CKR_OK && are_there(s->items);
	if (rv != CKR_OK || s->all)
		return rv;
	rv = pin_open_session(w, true, &session);
	if (rv == CKR_OK) {
		rv = write_in(w, session, s);
		w->f->C_CloseSession(session);
	}
	s->refused = object_fault(rv) ? CKR_OK : rv;
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

	return objects_each(w, true, remove_seen, arg, &too_many);
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
	return CKR_OK;
}

void
objects_withdraw(struct card *c, struct items *items)
{
	struct store s = {.items = items};

	if (items->any_written)
		card_work(c, work_withdraw, &s);
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
	rv = objects_each(w, false, count_other, s, &too_many);
	if (rv == CKR_OK && s->others != 0)
		rv = objects_each(w, true, remove_other, s, &too_many);
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
