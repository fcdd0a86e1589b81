/* SPDX-License-Identifier: BSD-3-Clause */
/* One card that is several slots of one reader (profile): what one slot holds, the card holds. */
#ifndef MODULE_SIBLING_H
#define MODULE_SIBLING_H

#include "module/process.h"

/* Whether both slots are of one reader. Asks the vendor. */
bool sibling_reader(const CK_FUNCTION_LIST *v, CK_SLOT_ID a, CK_SLOT_ID b);

/*
 * The other slot by which this process holds the card that is in slot id; NULL: none. Asks the
 * vendor only where there may be one.
 */
struct slot *sibling_holder(struct process *p, const CK_FUNCTION_LIST *v, CK_SLOT_ID id);

/* The next slot that is the holder's card too, and that this process has used; first: NULL. */
struct slot *sibling_next(
    struct process *p, const CK_FUNCTION_LIST *v, struct slot *holder, struct slot *last);

#endif
