/* SPDX-License-Identifier: BSD-3-Clause */
/* Strings as JSON (RFC 8259) has them. */
#ifndef POLICY_JSON_H
#define POLICY_JSON_H

#include <stdio.h>

/* Writes text as a JSON string, null for NULL; a byte that no UTF-8 begins at becomes U+FFFD. */
void json_string(FILE *out, const char *text);

#endif
