/* SPDX-License-Identifier: BSD-3-Clause */
/* The vendor's calls with a limit: one that never returns ends this process. */
#ifndef CARD_PATIENCE_H
#define CARD_PATIENCE_H

#include <p11-kit/pkcs11.h>

/*
 * A copy of the vendor's list, whose calls that touch a card may take limit_s seconds each, or
 * PATIENCE_PAD_S where a person types on the reader (a NULL PIN) and that is longer. Beyond that
 * this is logged, and the process exits with status 1: whoever asked sees that at once, the lock of
 * the card is free for others, and what was interrupted is found as after a kill -9. A module that
 * calls exit() ends it in the same way. One list in a process; never NULL.
 */
CK_FUNCTION_LIST *patience_list(CK_FUNCTION_LIST *vendor, unsigned limit_s);

/* The same for the call that gives the vendor's list. */
CK_RV patience_get_list(CK_C_GetFunctionList get, CK_FUNCTION_LIST **vendor, unsigned limit_s);

#define PATIENCE_PAD_S 120

#endif
