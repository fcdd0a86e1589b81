/* SPDX-License-Identifier: BSD-3-Clause */
/* policy.conf: which descriptions govern which tokens, and where their fields' values come from. */
#ifndef POLICY_BINDING_H
#define POLICY_BINDING_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/description.h"
#include "policy/diag.h"
#include "policy/identity.h"

enum block_method { BLOCK_AUTO, BLOCK_LOCK, BLOCK_SCRAMBLE };
enum block_after { BLOCK_AFTER_CLOSE, BLOCK_AFTER_FINALIZE };
enum personalize_on { PERSONALIZE_ON_INIT_PIN, PERSONALIZE_ON_SET_PIN, PERSONALIZE_ON_COMMAND };
enum choice { CHOICE_AUTO, CHOICE_YES, CHOICE_NO };

enum source_kind { SOURCE_FILE, SOURCE_ENV, SOURCE_DIALOG };

/* Field.NAME=: where the value of a description's field comes from. */
struct source {
	char *field;
	enum source_kind kind;
	char *text; /* path template or name of the variable; NULL for dialog */
	unsigned line;
	unsigned column;
};

/* A column of the profile (design, section 7) that the binding says otherwise; see card/profile.h.
 */
struct override {
	char *column;
	char *value;
	unsigned line;
	unsigned column_number;
};

#define TICKETS_DEFAULT 10u
#define TICKETS_MOST    100u

struct binding {
	char *uri; /* as written */
	unsigned line;
	/* What it matches on; NULL: anything. */
	char *manufacturer, *model, *serial, *label;
	struct description *personalize; /* NULL where it does not personalize */
	struct description *unblock;     /* may be NULL */
	char *personalize_path, *unblock_path;
	enum block_method block_method;
	enum block_after block_after;
	enum personalize_on personalize_on;
	enum choice unblock_by_login;
	bool pin_letter;
	unsigned tickets; /* Tickets=, 1 to 100: how many challenges a card gets */
	char *profile;    /* Profile=; NULL: the configuration's, or matched */
	struct source *sources;
	size_t n_sources;
	struct override *overrides;
	size_t n_overrides;
};

struct policy {
	char *file;
	struct binding *bindings;
	size_t n;
	/* Every description once; bindings that name the same file share it. */
	struct description **descriptions;
	size_t n_descriptions;
};

/*
 * Reads policy.conf and every description that it names (relative names: in descriptions/ beside
 * it, else beside it). NULL where there is any error in any of them, all of which are in d.
 */
struct policy *policy_read(const char *path, struct diags *d);

/* The same for text in memory; name stands for the file, also where its folder counts. */
struct policy *policy_parse(const char *name, const char *text, size_t len, struct diags *d);

/*
 * The binding that governs a token: the most specific that matches (serial before label before
 * model before manufacturer). NULL where none does; *tie is set, and both are named in d, where two
 * equal ones match.
 */
const struct binding *policy_match(
    const struct policy *p, const struct identity *id, bool *tie, struct diags *d);

/* Whether the binding's URI matches the token; another binding may govern it all the same. */
bool binding_matches(const struct binding *b, const struct identity *id);

/* The source of a field; NULL where the binding has none for it. */
const struct source *binding_source(const struct binding *b, const char *field);

void policy_free(struct policy *p);

#endif
