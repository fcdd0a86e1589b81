/* SPDX-License-Identifier: BSD-3-Clause */
/* How many blocks of memory this program has: one that is not freed is one more, whatever malloc
 * makes of its room.
 */
#ifndef TESTS_LIB_BLOCKS_H
#define TESTS_LIB_BLOCKS_H

/* Those of all libraries too. 0 in a sanitized program, whose malloc is the sanitizer's. */
unsigned long blocks_count(void);

#endif
