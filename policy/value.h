/* SPDX-License-Identifier: BSD-3-Clause */
/* Values of elements: literals, fields, dialogs (design, section 4). */
#ifndef POLICY_VALUE_H
#define POLICY_VALUE_H

#include <stdbool.h>

#include "policy/description.h"
#include "policy/diag.h"
#include "policy/element.h"

#define PIN_LITERAL_MAX 255 /* bytes */

/*
 * Reads what stands behind "NAME=". False where it has no meaning, which is an error in d. A value
 * of one of the secret elements never gets into a message.
 */
bool value_parse(const struct element *e, const char *text, struct place where, struct diags *d,
    struct value *v);

/*
 * Checks text that stands in the file itself, for the element that uses it: lengths, keys. aes: the
 * key may be an AES key of 64 digits too.
 */
void value_check_literal(const struct element *e, const struct secret *literal, bool aes,
    struct place where, struct diags *d);

void value_free(struct value *v);

#endif
