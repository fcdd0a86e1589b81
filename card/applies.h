/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether a description can be carried out on this card. */
#ifndef CARD_APPLIES_H
#define CARD_APPLIES_H

#include "card/card.h"

/*
 * CKR_OK, or CKR_FUNCTION_FAILED (logged): it asks for tickets, which such a card cannot have, or
 * SelectCriteriaIccsn= names another card. desc may be NULL, which asks for nothing.
 */
CK_RV description_applies(const struct card *c, const struct description *desc);

/* Why cards of this profile can have no tickets; goes on from "with this module ". */
const char *applies_not_offline(const struct card *c);

#endif
