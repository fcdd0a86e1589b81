/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of the store share: the token's objects, the files, and what lies in either. */
#ifndef CARD_TICKETS_PART_H
#define CARD_TICKETS_PART_H

#include "card/tickets.h"

/* What is to be stored, or kept. */
struct item {
	unsigned char ticket[TICKET_SIZE];
	const unsigned char *bytes; /* of ticket, or of the box */
	size_t len;
	bool is_box;
	unsigned long long number; /* of the ticket, or the box's generation */
	bool there;                /* seen in this load */
};

struct items {
	struct item *list; /* tickets, and at the end the box */
	size_t n;
	bool any_written; /* on the token, as it says */
};

/* To be freed: items->list. False: no memory (logged). */
bool items_of(
    const struct ticket *const *list, size_t n, const struct box *box, struct items *items);

/* Marks the item with these bytes as being there. False: there is none. */
bool items_see(struct items *items, const unsigned char *bytes, size_t len);

/* Whether bytes are of a later version: not to be touched. NULL: no. */
bool item_is_newer(const unsigned char *bytes, size_t len);

/* Adds what lies there to what is read; NULL: it cannot be read. False: no memory. */
bool tickets_add(struct tickets *t, const unsigned char *bytes, size_t len, bool on_token);

/* One object of ours; bytes NULL: its value cannot be had, or is longer than any of ours. */
typedef CK_RV (*object_fn)(struct work *w, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
    const unsigned char *bytes, size_t len, void *arg);

/* fn for each, in one load and one session, until one is not CKR_OK. */
CK_RV objects_each(struct work *w, bool writable, object_fn fn, void *arg, bool *too_many);

/* The handles of those that match, max at most; *n is 0 where the token has no such thing at all.
 */
CK_RV objects_search(struct work *w, CK_SESSION_HANDLE session, CK_ATTRIBUTE *wanted,
    CK_ULONG n_wanted, CK_OBJECT_HANDLE *all, size_t max, size_t *n);

/* Looks for those items that are not seen yet, where there are more objects than are looked at. */
CK_RV objects_find(struct work *w, struct items *items);

CK_RV object_create(struct work *w, CK_SESSION_HANDLE session, const struct item *item);

/* Another process's doing, or the card is gone: says nothing of what the token can do. */
bool object_fault(CK_RV rv);

/* The token's part of tickets_read(), in one load. */
CK_RV objects_read(struct work *w, struct tickets *t);

/*
 * Stores items on the token. *refused: it does not take them, or loses them, whatever it says; some
 * may be there. Else as tickets_put().
 */
CK_RV objects_put(struct card *c, struct items *items, bool *refused);

/* Removes items from the token, as far as it can be; for those that are files now. */
void objects_withdraw(struct card *c, struct items *items);

/* Removes all but items. */
CK_RV objects_keep(struct card *c, struct items *items);

/* The files' part. False: logged. */
bool files_read(const struct card *c, struct tickets *t);
bool files_have(const struct card *c, const struct item *item);
bool files_put(const struct card *c, const struct item *item);
bool files_remove(const struct card *c, const struct item *item);
bool files_keep(const struct card *c, struct items *items);

#endif
