/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether bytes are UTF-8. Links libc only. */
#ifndef POLICY_UTF8_H
#define POLICY_UTF8_H

#include <stddef.h>

/* The offset of the first byte that no UTF-8 sequence (RFC 3629, section 4) begins at; len: all is
 * well. */
size_t utf8_valid(const char *text, size_t len);

#endif
