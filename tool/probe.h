/* SPDX-License-Identifier: BSD-3-Clause */
/* How what p11-latch probe measured is printed. */
#ifndef TOOL_PROBE_H
#define TOOL_PROBE_H

#include <stdio.h>

#include "card/probe.h"

/* For people: the table, and the binding to paste. */
void probe_print(const struct probe_result *r, FILE *out);

/* One object. */
void probe_print_json(const struct probe_result *r, FILE *out);

#endif
