/* SPDX-License-Identifier: BSD-3-Clause */
/* The end of a personalization: tickets where they are asked for, and the block. */
#ifndef CARD_PERSONALIZED_H
#define CARD_PERSONALIZED_H

#include "card/block.h"

/*
 * Whether a description makes C_InitPIN on a new card a personalization, at whose end there is
 * something to be done. NULL: no.
 */
bool personalizes(const struct description *desc);

/*
 * Before personalized(): the record tells those who ask meanwhile that the PIN will not last, and a
 * program whose C_SetPIN ends meanwhile that the card is to be blocked once more.
 */
void personalized_begin(struct card *c);

/*
 * The holder of a personalizing card is gone, or its order comes to its end. With InitCRKey=true
 * the card gets its tickets, and an SO secret that nobody knows: where that fails, it keeps the one
 * that it has, and the log says why. Then it is blocked as by block_card(), with BlockCard=true or
 * without InitCRKey=true; else it is active.
 */
CK_RV personalized(struct card *c, const struct sitting *sitting);

#endif
