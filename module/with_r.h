/* SPDX-License-Identifier: BSD-3-Clause */
/* The vendor's calls with R in place of a PIN; R is the answer's, and gone when it ends. */
#ifndef MODULE_WITH_R_H
#define MODULE_WITH_R_H

#include "module/attempt.h"
#include "module/situation.h"

/* The vendor's login with R. One that refuses R is stale: CKR_FUNCTION_FAILED, logged. */
CK_RV with_r_login(
    struct situation *s, const struct attempt *a, const struct answer *answer, const char *call);

/* The vendor's C_SetPIN(R, new) on the session given, or, where that is 0, on a public one of our
 * own. */
CK_RV with_r_set_pin(struct situation *s, CK_SESSION_HANDLE session, const struct answer *answer,
    const struct pin *new);

#endif
