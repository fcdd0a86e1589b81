/* SPDX-License-Identifier: BSD-3-Clause */
/* Secret key objects of a token, as far as they are shown without a login. */
#ifndef CARD_SECRET_KEYS_H
#define CARD_SECRET_KEYS_H

#include "card/card.h"

#define SECRET_KEYS_MAX   64 /* looked at */
#define SECRET_KEYS_LABEL 64 /* characters, and NUL */

struct secret_keys {
	size_t n;
	/* Of one that is, by its label, for challenge and response: printable ASCII, "" for none.
	 */
	char manager[SECRET_KEYS_LABEL + 1];
};

/* Looks in a fresh load. A token that has no such objects is no error. Else the card's answer
 * (logged). */
CK_RV secret_keys_read(struct card *c, struct secret_keys *keys);

/* Whether a key of this label is a card manager key, as vendors' programs call theirs. */
bool secret_keys_is_manager(const char *label);

#endif
