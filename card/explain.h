/* SPDX-License-Identifier: BSD-3-Clause */
/* What would happen to a card, and why: binding, description, profile, field sources, flows. */
#ifndef CARD_EXPLAIN_H
#define CARD_EXPLAIN_H

#include <stdio.h>

#include "card/census.h"

/* Writes it for people, without any value. False: policy has errors (logged). */
bool explain_card(struct office *o, const struct known *k, FILE *out);

#endif
