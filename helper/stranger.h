/* SPDX-License-Identifier: BSD-3-Clause */
/* What those tell who come through the socket for all: it is believed when the card shows it. */
#ifndef HELPER_STRANGER_H
#define HELPER_STRANGER_H

#include "helper/conversation.h"

/*
 * How the caller's C_InitPIN on a blocked or active card ended, by what it says and by what the
 * card shows: rv, or CKR_GENERAL_ERROR (logged) where a CKR_OK cannot be seen. Then the journal
 * stays open, and the next login with the right PIN tells.
 */
CK_RV stranger_result(struct conversation *k, CK_RV rv);

#endif
