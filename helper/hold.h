/* SPDX-License-Identifier: BSD-3-Clause */
/* A hold: several programs that personalize one card one after the other, and what they hand on. */
#ifndef HELPER_HOLD_H
#define HELPER_HOLD_H

#include <stdbool.h>

#include "card/card.h"
#include "card/so.h"

#define HOLD_SECRET_LEN 32 /* hexadecimal digits */

/* The hold that a caller is under, once it has proved it by its cookie. Starts as all zeroes. */
struct hold_link {
	bool proved;
	char id[HOLD_ID_LEN + 1];
	char cookie[HOLD_ID_LEN + 1 + HOLD_SECRET_LEN + 1];
};

/* Takes the cookie ID:SECRET, and asks the hold's watcher whether it is right. */
void hold_prove(
    struct hold_link *link, const char *state_dir, const unsigned char *cookie, size_t len);

/* Whether its watcher is there, and not yet at the cards that it is to block. */
bool hold_lives(const struct hold_link *link, const char *state_dir);

/*
 * Hands a personalizing card to the hold's watcher: the SO secrets (either may be without a value;
 * a newer one is what its program has changed it to, or may have), and the card's lock unless the
 * hold has it already. True: the hold answers for the card now, and c->lock may be closed.
 */
bool hold_hand_over(
    const struct hold_link *link, struct card *c, const struct so *newer, const struct so *older);

/* Whether the hold has the card and its lock, so that what it is told of its SO secrets stays. */
bool hold_has(const struct hold_link *link, const struct card *c);

struct conversation;

/* Serves WIRE_HOLD: the watcher of all cards that are handed over, until its own holder ends. */
void hold_run(struct conversation *k);

#endif
