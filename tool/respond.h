/* SPDX-License-Identifier: BSD-3-Clause */
/* Where p11-latch respond has the card manager key from. */
#ifndef TOOL_RESPOND_H
#define TOOL_RESPOND_H

#include "policy/field.h"
#include "policy/secret.h"

/*
 * The card manager key of the card that uri names, which need not be in a reader, as the policy of
 * this machine has it: CardManagerKey= of the Unblock description, else of the Personalize
 * description, with the values that are given for its fields; asked for on the terminal where the
 * policy asks for it. As it is written; to be freed. NULL: printed why.
 */
struct secret *respond_key_of(const char *uri, const struct given *given);

#endif
