/* SPDX-License-Identifier: BSD-3-Clause */
/* A card manager key that is nothing to the PUK: with ykcs11, the management key. */
#ifndef CARD_MANAGER_KEY_H
#define CARD_MANAGER_KEY_H

#include "card/so.h"

/*
 * Changes it from key to NewCardManagerKey= of desc. Wrong ones cost nothing, so that no journal is
 * needed: where the new one is the valid one already, that is found out, and right.
 * CKR_PIN_INCORRECT: neither is.
 */
CK_RV manager_key_change(struct card *c, const struct description *desc, const struct so *key);

#endif
