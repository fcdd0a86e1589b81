/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of p11-latch key. */
#ifndef TOOL_KEY_H
#define TOOL_KEY_H

#include <stdbool.h>

#include "policy/key_kind.h"

/* The words behind "key new" and "key check". */
struct key_words {
	bool kind_given;
	enum key_kind kind; /* 3DES where none was given */
	const char *out;    /* --out; NULL: standard output */
	bool json;
};

/* Each gives an exit status. */
int key_make(const struct key_words *words);
int key_look_at(const struct key_words *words);

#endif
