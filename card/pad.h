/* SPDX-License-Identifier: BSD-3-Clause */
/* The reader's PIN pad: which values a person types there, and none of our processes sees. */
#ifndef CARD_PAD_H
#define CARD_PAD_H

#include "card/so.h"

/* What is typed on the reader while a card is unblocked: a NULL PIN to the vendor's module. */
struct pad {
	bool so;  /* the PUK or key that is valid now */
	bool pin; /* the new PIN */
};

/*
 * By the Unblock description and what c->info shows. has_so, has_pin: a value was given, which
 * goes before !FROM_USER_DIALOG_n_FIELD_AUTO, and is refused for
 * !FROM_PROTECTED_AUTHENTICATION_PATH. CKR_FUNCTION_FAILED (logged): that, or the reader has no PIN
 * pad.
 */
CK_RV pad_find(const struct card *c, bool has_so, bool has_pin, struct pad *pad);

/* Whether a NULL PIN given to C_Login means that it is typed on the reader. */
bool pad_is_there(const struct card *c);

#endif
