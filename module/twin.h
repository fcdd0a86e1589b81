/* SPDX-License-Identifier: BSD-3-Clause */
/* Two tokens of one identity, which nobody can tell apart. */
#ifndef MODULE_TWIN_H
#define MODULE_TWIN_H

#include "module/situation.h"

/*
 * Whether another slot has a token of this identity: the helper could not find out later which of
 * them is meant. Logged. Asks the vendor for all slots and their tokens.
 */
bool twin_is_there(const struct situation *s, const char *call);

#endif
