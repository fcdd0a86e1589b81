/* SPDX-License-Identifier: BSD-3-Clause */
/* What an application does as SO, told to the helper that stays as the card's watcher. */
#ifndef MODULE_SO_H
#define MODULE_SO_H

#include "module/attempt.h"
#include "module/situation.h"

/* The vendor's C_Login as SO said CKR_OK. A helper that fails is logged and remembered. */
void so_logged_in(
    const CK_FUNCTION_LIST *v, CK_SESSION_HANDLE session, const struct pin *pin, const char *call);

/* C_SetPIN in an SO session. */
CK_RV so_set_pin(const CK_FUNCTION_LIST *v, CK_SESSION_HANDLE session, const struct pin *old,
    const struct pin *new);

#endif
