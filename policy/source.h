/* SPDX-License-Identifier: BSD-3-Clause */
/* Field.NAME= of policy.conf: where a field's value comes from. */
#ifndef POLICY_SOURCE_H
#define POLICY_SOURCE_H

#include <stdbool.h>

#include "policy/binding.h"
#include "policy/diag.h"

/*
 * Reads "file:PATH", "env:NAME" or "dialog" for the field of that name. False, and an error in d,
 * where it is none. so_secret: the value is one that is set as PUK or key, and so must be had again
 * later.
 */
bool source_parse(const char *field, const char *text, bool so_secret, struct place where,
    struct diags *d, struct source *s);

void source_free(struct source *s);

#endif
