/* SPDX-License-Identifier: BSD-3-Clause */
/* What the two halves of the reader of descriptions have in common. */
#ifndef POLICY_DESCRIPTION_TEXT_H
#define POLICY_DESCRIPTION_TEXT_H

#include "policy/description.h"
#include "policy/ini.h"

/* Fills desc, which is all zero, from ini; all that is wrong goes into d. */
void description_take(struct description *desc, const struct ini *ini, struct diags *d);

#endif
