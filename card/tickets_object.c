/* SPDX-License-Identifier: BSD-3-Clause */
/* Tickets and boxes as public data objects of a token. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card/pin_part.h"
#include "card/tickets_part.h"
#include "policy/log.h"

#define CHUNK 32 /* objects that are asked for at once */

static char application[] = "p11-latch";
static CK_OBJECT_CLASS data_class = CKO_DATA;

/* What only says that there is nothing to be found without a login, or at all. */
static bool
is_absence(CK_RV rv)
{
	return rv == CKR_USER_NOT_LOGGED_IN || rv == CKR_FUNCTION_NOT_SUPPORTED ||
	       rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID;
}

bool
object_fault(CK_RV rv)
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

CK_RV
objects_search(struct work *w, CK_SESSION_HANDLE session, CK_ATTRIBUTE *wanted, CK_ULONG n_wanted,
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
	else if (!object_fault(rv) && rv != CKR_GENERAL_ERROR && rv != CKR_FUNCTION_FAILED)
		rv = fn(w, session, object, NULL, 0, arg);
	free(bytes);
	return rv;
}

CK_RV
objects_each(struct work *w, bool writable, object_fn fn, void *arg, bool *too_many)
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
	rv = objects_search(w, session, wanted, 2, all, TICKETS_OBJECTS_MAX + 1, &n);
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
	CK_RV rv = objects_each(w, false, add, t, &too_many);

	t->too_many = t->too_many || too_many;
	return rv;
}

CK_RV
object_create(struct work *w, CK_SESSION_HANDLE session, const struct item *item)
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

CK_RV
objects_find(struct work *w, struct items *items)
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
		rv = objects_search(w, session, wanted, 2, &one, 1, &n);
		items->list[i].there = rv == CKR_OK && n == 1;
	}
	w->f->C_CloseSession(session);
	return rv;
}
