/* SPDX-License-Identifier: BSD-3-Clause */
/* Paths with {serial}, {model}, {manufacturer} and {label} in them. */
#ifndef POLICY_TEMPLATE_H
#define POLICY_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/identity.h"

/*
 * Replaces {serial}, {model}, {manufacturer} and {label} in a path template, every byte of them but
 * [A-Za-z0-9_-] percent-encoded, so that no token can name a path of its own choosing. NULL where
 * one is empty or unknown (*why says which; static), or no memory. To be freed.
 */
char *template_expand(const char *text, const struct identity *id, const char **why);

/* Whether the template names {serial}, so that the value is one card's own. */
bool template_is_own(const char *text);

/* Checks a template without a token: NULL if it is good, else what is wrong, and where (*offset,
 * bytes). */
const char *template_check(const char *text, size_t *offset);

#endif
