/* SPDX-License-Identifier: BSD-3-Clause */
/* What is wrong with a policy.conf beyond its own grammar: profiles, and what the module makes of
 * them. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "policy/binding.h"
#include "policy/ini.h"
#include "policy/nearest.h"
#include "tool/check.h"

/* Columns that the module itself goes by, which knows the row of p11-latch.conf only. */
static const char *const module_columns[] = {"Identity", "Caches", "ShowsLife", "ShowsLock", NULL};

struct context {
	const struct ini *ini;
	const char *profile; /* p11-latch.conf's; NULL: auto */
	struct diags *d;
};

/* --- Profiles -----------------------------------------------------------------------------------
 */

static bool
is_known_column(const char *name)
{
	for (size_t i = 0; profile_columns[i] != NULL; i++) {
		if (strcmp(profile_columns[i], name) == 0)
			return true;
	}
	return false;
}

static void
unknown_column(const struct context *c, const struct ini_entry *e, const char *column)
{
	const char *near = nearest_of(column, profile_columns);
	struct place where = ini_place_name(c->ini, e);
	char remedy[400] = "there are";

	if (near != NULL)
		snprintf(remedy, sizeof(remedy), "did you mean Profile.%s?", near);
	for (size_t i = 0; near == NULL && profile_columns[i] != NULL; i++) {
		size_t len = strlen(remedy);

		snprintf(remedy + len, sizeof(remedy) - len, "%s %s", i == 0 ? "" : ",",
		    profile_columns[i]);
	}
	diag_add(c->d, DIAG_ERROR, where, remedy, "a profile has no column %.60s", column);
}

/* What the module takes the column for, as a profile that the override changes or not. */
static void
check_column(const struct context *c, const struct ini_entry *e, const struct profile *base)
{
	const char *column = e->name + strlen("Profile.");
	const struct profile *own = c->profile != NULL ? profile_named(c->profile) : NULL;
	struct profile p, same;
	char values[80], remedy[100];

	if (base == NULL)
		base = profile_named("generic");
	if (base == NULL || column[0] == '\0')
		return;
	p = *base;
	if (!is_known_column(column)) {
		unknown_column(c, e, column);
		return;
	}
	if (!profile_override(&p, column, e->value)) {
		profile_values(column, values, sizeof(values));
		snprintf(remedy, sizeof(remedy), "write %s", values);
		diag_add(c->d, DIAG_ERROR, ini_place_value(c->ini, e), remedy,
		    "Profile.%s= has no such value", column);
		return;
	}
	for (size_t i = 0; module_columns[i] != NULL; i++) {
		if (strcmp(module_columns[i], column) != 0)
			continue;
		if (own != NULL) {
			same = *own;
			profile_override(&same, column, e->value);
			/* Copied whole, padding too. NOLINTNEXTLINE(*-memory-comparison,cert-*) */
			if (memcmp(&same, own, sizeof(same)) == 0)
				return;
		}
		diag_add(c->d, DIAG_WARNING, ini_place_name(c->ini, e),
		    "write Profile= of one that has it into p11-latch.conf",
		    "Profile.%s= is for the helper only: the module itself does not read the "
		    "policy, and goes by the profile of p11-latch.conf",
		    column);
	}
}

static bool
module_would_differ(const struct profile *a, const struct profile *b)
{
	return a->label_identity != b->label_identity || a->caches != b->caches ||
	       a->shows_life != b->shows_life || a->shows_lock != b->shows_lock;
}

static const struct profile *
check_binding_profile(const struct context *c, const struct ini_entry *e)
{
	const struct profile *p, *own = c->profile != NULL ? profile_named(c->profile) : NULL;
	struct place where = ini_place_value(c->ini, e);
	char remedy[100];

	if (e->value[0] == '\0' || strcmp(e->value, "auto") == 0)
		return NULL;
	p = check_profile(e->value, where, c->d);
	if (p == NULL || (own != NULL && !module_would_differ(p, own)))
		return p;
	snprintf(remedy, sizeof(remedy), "write Profile=%s into p11-latch.conf", p->name);
	if (own != NULL)
		diag_add(c->d, DIAG_WARNING, where, remedy,
		    "the module itself does not read the policy, and takes these cards for %s, as "
		    "p11-latch.conf says",
		    own->name);
	else
		diag_add(c->d, DIAG_NOTE, where, remedy,
		    "the module itself does not read the policy, and finds the profile out by "
		    "what the cards say of themselves");
	return p;
}

static void
check_section(const struct context *c, const struct ini_section *s)
{
	const struct profile *base = c->profile != NULL ? profile_named(c->profile) : NULL;

	for (size_t i = 0; i < s->n; i++) {
		if (strcasecmp(s->entries[i].name, "Profile") == 0)
			base = check_binding_profile(c, &s->entries[i]);
	}
	for (size_t i = 0; i < s->n; i++) {
		if (strncmp(s->entries[i].name, "Profile.", 8) == 0)
			check_column(c, &s->entries[i], base);
	}
}

void
check_policy(const char *path, const char *profile, struct diags *d)
{
	struct context c = {.profile = profile, .d = d};
	struct policy *p = policy_read(path, d);
	struct diags again = {0};
	struct ini *ini = ini_read(path, INI_TRAILING_COMMENTS, &again);

	diags_free(&again);
	c.ini = ini;
	for (size_t i = 0; ini != NULL && i < ini->n; i++)
		check_section(&c, &ini->sections[i]);
	for (size_t i = 0; p != NULL && i < p->n; i++)
		check_secrets(p, &p->bindings[i], d);
	ini_free(ini);
	policy_free(p);
}
