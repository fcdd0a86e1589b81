/* SPDX-License-Identifier: BSD-3-Clause */
/* The store: the tickets and boxes of one card, on the token itself, else as files here. */
#ifndef CARD_TICKETS_H
#define CARD_TICKETS_H

#include "card/box.h"
#include "card/card.h"

/*
 * On the token: public data objects (CKO_DATA; CKA_TOKEN, not CKA_PRIVATE), CKA_APPLICATION
 * "p11-latch", CKA_LABEL "p11-latch ticket 3" or "p11-latch box 7", CKA_VALUE. Anybody may read,
 * write and remove them. Where a token refuses them, files of the state directory:
 * private/NAME.ticket-3 and private/NAME.box-7; the newest box is always there as well, since a
 * stranger who removes the one on the token must not cost the card.
 *
 * What something is, its bytes say: labels and names of files are for people.
 */
#define TICKETS_OBJECTS_MAX 256 /* looked at; and as many files */

struct tickets {
	struct ticket *list; /* ascending by number; the same bytes once only, but a number may be
				there several times */
	size_t n;
	struct box **boxes; /* ascending by generation; the same holds */
	size_t n_boxes;
	size_t n_newer; /* objects and files of a later version */
	size_t n_bad;   /* those that bear our name, and are neither ticket nor box */
	bool too_many;  /* there are more objects or files than are looked at */
	bool on_token;  /* at least one good object lies on the token */
};

/*
 * Reads all of them, in a fresh load, without logging in; needs no lock. A token that has none, or
 * no such objects at all, is no error. What is bad, newer or too much is counted and left alone,
 * whoever put it there. *t is to be cleared. CKR_OK; CKR_HOST_MEMORY; CKR_FUNCTION_FAILED: the
 * folder cannot be read (logged); else the card's answer (logged).
 */
CK_RV tickets_read(struct card *c, struct tickets *t);

void tickets_clear(struct tickets *t);

/*
 * Stores n tickets, and after them box, where they are not NULL, until a new load shows them: on
 * the token, or as files where it refuses (all of one call in one place); the box as a file
 * besides. With the lock held. What was there stays. CKR_OK: all of it is there, and stays over a
 * crash. Else (logged) some of it may be there.
 */
CK_RV tickets_put(
    struct card *c, const struct ticket *const *list, size_t n, const struct box *box);

/*
 * Removes all objects and files of ours but these n tickets and this box (NULL: none), what is bad
 * too, but nothing of a later version; some TICKETS_OBJECTS_MAX at a time, and no more than four
 * times. With the lock held. CKR_OK: gone, as a new load shows. Else logged: what is left does no
 * harm, since it opens nothing that the card accepts.
 */
CK_RV tickets_keep(
    struct card *c, const struct ticket *const *list, size_t n, const struct box *box);

/*
 * Removes the files alone, for a card whose life is over: who knows that no box of it is of any use
 * may do so. Not part of card_forget(), which is for records that are wrong, too: there the box in
 * the file may be all that knows the SO secret. False: logged.
 */
bool tickets_forget(struct card *c);

#endif
