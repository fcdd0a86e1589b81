/* SPDX-License-Identifier: BSD-3-Clause */
/* What the reader of INI files and its grammar have in common. */
#ifndef POLICY_INI_TEXT_H
#define POLICY_INI_TEXT_H

#include "policy/ini.h"

/* Parses text, which is malloced and taken over, also where NULL is returned (no memory). */
struct ini *ini_take(const char *name, char *text, size_t len, unsigned flags, struct diags *d);

/* Bytes that a byte order mark takes at the start of the text: 0 or 3. */
size_t ini_bom(const struct ini *ini);

#endif
