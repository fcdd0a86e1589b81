/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether the elements of a description make sense together. */
#ifndef POLICY_CONSISTENCY_H
#define POLICY_CONSISTENCY_H

#include "policy/description.h"
#include "policy/ini.h"

#define ELEMENTS_MAX 64 /* at least as many as there are in the table of policy/element.c */

/* Where each element of the table stands; NULL: nowhere. */
struct placed_elements {
	const struct ini_entry *entry[ELEMENTS_MAX];
};

void consistency_check(const struct description *desc, const struct ini *ini,
    const struct placed_elements *at, struct diags *d);

#endif
