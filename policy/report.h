/* SPDX-License-Identifier: BSD-3-Clause */
/* Errors and warnings as people and programs read them. */
#ifndef POLICY_REPORT_H
#define POLICY_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "policy/diag.h"

/*
 * Prints all of d in the order found: a line each, with carets the line of the file and a '^' under
 * the place as well (values that may be secret are masked with '*'); or, with json, one array of
 * objects with level, file, line, column, what and remedy (0 and null where there is none).
 */
void diags_print(const struct diags *d, FILE *out, bool json, bool carets);

#endif
