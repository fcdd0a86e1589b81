/* SPDX-License-Identifier: BSD-3-Clause */
/* What takes time and changes nothing that a fuzzer looks at: pauses, the disk, the system's log.
 */
#ifndef TESTS_FUZZ_STILL_H
#define TESTS_FUZZ_STILL_H

/* No line of the log may hold one of these; NULL, or a list that ends in NULL. */
extern const char *const *still_secrets;

#endif
