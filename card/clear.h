/* SPDX-License-Identifier: BSD-3-Clause */
/* ClearFields=: values that are wiped from their stores once they were used. */
#ifndef CARD_CLEAR_H
#define CARD_CLEAR_H

#include "card/card.h"

/* Overwrites and removes the files that hold this card's own values of those fields; faults are
 * logged. */
void clear_fields(struct card *c, const struct description *desc);

#endif
