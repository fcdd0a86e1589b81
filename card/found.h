/* SPDX-License-Identifier: BSD-3-Clause */
/* SO secrets out of the boxes of a card, of which one is in force. */
#ifndef CARD_FOUND_H
#define CARD_FOUND_H

#include "card/offline.h"

/* The newest first. */
struct found {
	struct so so[OFFLINE_BOXES];
	size_t n;
};

void found_clear(struct found *f);

/* What tells a box from every other, also of its generation. False: logged. */
bool found_digest(const struct box *b, unsigned char digest[BOX_HASH]);

/* Whether it is the one that was opened. */
bool found_is(const struct box *b, const struct opened *box);

/*
 * The card does not accept what is in the box: it is not opened again from here, or whoever has its
 * response could spend the card's SO tries with it. To be written by the caller.
 */
void found_refused(struct card *c, const struct opened *box);
bool found_was_refused(const struct card *c, const unsigned char digest[BOX_HASH]);

/* The same, written. Where the policy's key opened it, that says nothing of this card any more. */
void found_note_refused(struct card *c, const struct so *so);

/*
 * Opens the box by the private key of its recipient number, and adds what is in it, unless the card
 * refused that already. manager: the card manager key's bytes, where that opens it; else NULL.
 */
void found_open(const struct card *c, const struct box *b, unsigned number,
    const struct secret *private, const struct secret *manager, struct found *f);

/* Takes the newest one out, which is not known to be right: so->several. */
void found_newest(struct found *f, struct so *so);

/*
 * Which one is in force. More than one is what a crash leaves, between the box and C_SetPIN or
 * after it; or a stranger's: each is proved, until one is right, which gives back the tries that
 * the others cost, and the others are removed. One alone is proved by what is done with it. With
 * SO_VIA_LAST_TRY, where one try is left, it is the newest one's.
 * CKR_PIN_INCORRECT: none is; else as so_begin_try(), or the card's answer.
 */
CK_RV found_settle(struct card *c, struct found *f, enum so_via via, struct so *so);

#endif
