/* SPDX-License-Identifier: BSD-3-Clause */
/* All cards that there are: those in their readers, and those that only a record tells of. */
#ifndef CARD_CENSUS_H
#define CARD_CENSUS_H

#include "card/office.h"
#include "card/record.h"
#include "policy/uri.h"

struct known {
	struct identity id;
	bool present; /* in a reader: slot and info are known */
	CK_SLOT_ID slot;
	CK_TOKEN_INFO info;
	bool damaged;         /* it has a record that cannot be read */
	struct record record; /* RECORD_NONE where it has none */
};

/*
 * Every card that matches c (NULL: all), the present ones first, in the order of their slots. A
 * card that is several slots of one reader (profile) is one, the first. *list is to be freed
 * whatever the result. An error is the vendor module's, and logged: the records were read all the
 * same.
 */
CK_RV census_take(struct office *o, const struct criteria *c, struct known **list, size_t *n);

#endif
