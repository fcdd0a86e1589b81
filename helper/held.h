/* SPDX-License-Identifier: BSD-3-Clause */
/* The cards that a hold has: handed over by its programs, with their locks, to be blocked at its
 * end. */
#ifndef HELPER_HELD_H
#define HELPER_HELD_H

#include "card/card.h"
#include "card/so.h"
#include "helper/wire.h"

struct held {
	struct card card;
	bool personalizing;     /* as it came; to be blocked, whatever becomes of its record */
	struct so newer, older; /* SO secrets, the newer to be tried first */
	bool changed;           /* the newer was set by a program of this hold, */
	bool doubted;           /* of which it got no word: else it is the older that is in force */
	struct held *next;
};

/* Takes the card of a WIRE_HAND_OVER, or what another program leaves of one that is held already.
 */
CK_RV held_take(struct held **list, struct office *o, struct wire *w);

/* Whether a card of the hold is still with a program that is about to hand it over. */
bool held_is_awaited(const struct held *list, const char *state_dir, const char *hold);

/* Blocks all of them that are still personalizing, and lets them go. Not CKR_OK: one could not be
 * (logged). */
CK_RV held_block(struct held **list);

#endif
