/* SPDX-License-Identifier: BSD-3-Clause */
/* The forms in which a secret may lie about: as it is, in hex, in base64, in UTF-16. */
#ifndef TESTS_LIB_FORMS_H
#define TESTS_LIB_FORMS_H

#include <stddef.h>

#define FORMS_SECRET_MAX 256
#define FORMS            7

struct form {
	const char *name;
	size_t len;
	unsigned char bytes[2 * FORMS_SECRET_MAX];
};

/* As text, or hex:00ff. False: too short to be told from chance (less than 4 bytes), too long, bad
 * digits. */
_Bool forms_make(const char *text, struct form forms[FORMS]);

/* How often any of them stands in memory; *name is that of the last that was found. */
unsigned long forms_count(
    const struct form forms[FORMS], const void *in, size_t len, const char **name);

#endif
