/* SPDX-License-Identifier: BSD-3-Clause */
/* What p11-latch status found out about one card, and how it is printed. */
#ifndef TOOL_STATUS_H
#define TOOL_STATUS_H

#include <stdio.h>

#include "card/census.h"

/* Whether somebody has the token's lock: a watcher, as long as it lives. */
enum watcher { WATCHER_UNKNOWN, WATCHER_NONE, WATCHER_LIVES };

struct standing {
	const struct known *known;
	char uri[IDENTITY_URI_MAX];
	bool policy_known;             /* else binding says nothing */
	const struct binding *binding; /* NULL: nothing governs it */
	const char *profile;           /* NULL: not known */
	bool shows_life;               /* of the profile */
	bool reborn;                   /* the record is of an earlier life of the card */
	enum watcher watcher;
};

/* For people: the first line is URI and state. */
void status_print(const struct standing *s, const char *policy_file, FILE *out);

/* One object, without anything behind it. */
void status_print_json(const struct standing *s, FILE *out);

#endif
