/* SPDX-License-Identifier: BSD-3-Clause */
/* PKCS#11 URIs (RFC 7512) that say which tokens are meant. */
#ifndef POLICY_URI_H
#define POLICY_URI_H

#include <stdbool.h>

#include "policy/diag.h"
#include "policy/identity.h"

/* What a token must have; NULL: anything. */
struct criteria {
	char *manufacturer, *model, *serial, *label;
};

/*
 * Reads a URI with the attributes manufacturer, model, serial and token. False where it is none, or
 * has others: each fault is an error in d, where is the place of its first byte. To be ended by
 * criteria_free whatever the result.
 */
bool uri_parse(const char *text, struct place where, struct diags *d, struct criteria *c);

bool criteria_match(const struct criteria *c, const struct identity *id);

/* How specific: serial before label before model before manufacturer, and any before fewer. */
unsigned criteria_rank(const struct criteria *c);

void criteria_free(struct criteria *c);

#endif
