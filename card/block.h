/* SPDX-License-Identifier: BSD-3-Clause */
/* Blocking a card: by its own lock, by a PIN that nobody knows, or, where neither can be, by
 * refusal. */
#ifndef CARD_BLOCK_H
#define CARD_BLOCK_H

#include "card/card.h"
#include "card/so.h"

/* SO secrets that the holder had, either may be NULL: the newer is tried first. */
struct sitting {
	const struct so *newer, *older;
	bool proved;  /* a C_InitPIN of the holder's has succeeded with them */
	bool ordered; /* by a person: what the card refused before is tried again, as the last */
};

/*
 * What the holder logged in with as SO, and what it was changing it to, each may hold nothing. None
 * of them where the SO PIN is not what unblocks the card (profile).
 */
void block_sitting(const struct card *c, const struct so *newer, const struct so *older,
    bool proved, struct sitting *s);

/*
 * Blocks the card (design, section 6), with the token's lock held. The record says blocked only
 * after a fresh load has seen it; where it cannot be blocked, the record stays personalizing under
 * refusal and says why, and the rv is CKR_FUNCTION_FAILED. CKR_OK too where the card has no PIN
 * yet: then there is nothing to block, and no record. force: lock even without proof that it can be
 * undone.
 */
CK_RV block_card(struct card *c, const struct sitting *sitting, bool force);

/* Whether tokens of this profile can be blocked at all; if not, the log says why, and what to do.
 */
bool block_can_be(const struct card *c);

/* Whether card_block() will need an SO secret: to scramble, or to prove that a lock can be undone.
 */
bool block_needs_so(const struct card *c, bool force);

/* Whether it has a lock of its own that wrong PINs may close. */
bool block_may_lock(const struct card *c);

/*
 * Gives the card a new R under a fresh salt, and the record says so: blocked by scramble from then
 * on. *r, if not NULL, gets it. CKR_PIN_INCORRECT, CKR_PIN_LOCKED: so is not the card's secret.
 */
CK_RV block_scramble(struct card *c, const struct so *so, struct secret **r);

/*
 * The same with each SO secret that can be had, until one is right; as the card's tries allow. why:
 * for people, where none was. The rv is the last one's; CKR_FUNCTION_FAILED where there is none.
 */
CK_RV block_scramble_any(struct card *c, const struct sitting *sitting, char *why, size_t size);

/* Whether more than a C_Login that proves nothing speaks for the sitting's secrets. */
bool block_believes(const struct card *c, const struct sitting *s);

/* The R of a scrambled card by its salt; CKR_FUNCTION_FAILED where there is no salt. */
CK_RV block_r(struct card *c, const struct so *so, struct secret **r);

#endif
