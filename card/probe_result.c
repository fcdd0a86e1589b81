/* SPDX-License-Identifier: BSD-3-Clause */
/* Measuring a token: what was found, and how it stands to the built-in rows. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "card/probe_part.h"

/* So many columns must be known before another row is called alike. */
#define ALIKE_LEAST 5

/*
 * What a row promises for all cards of its module, and one card may do better: then the row stays.
 * The value that promises less.
 */
static const struct {
	const char *column, *careful;
} careful[] = {
    {"SoLoginProves", "false"},
    {"ShowsLife", "false"},
    {"ShowsLock", "false"},
    {"UserCounter", "true"},
    {"SoCounter", "hidden"},
    {"SoTries", "0"},
    {"InitOnce", "true"},
    {"InitNew", "true"},
    {"Caches", "true"},
    {"PinDigits", "true"},
    {"ManySlots", "true"},
};

static bool
is_column(const char *name)
{
	size_t i;

	for (i = 0; profile_columns[i] != NULL; i++) {
		if (strcmp(profile_columns[i], name) == 0)
			return true;
	}
	return false;
}

static struct probe_finding *
find(const struct probe *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->r->n; i++) {
		if (strcmp(p->r->findings[i].name, name) == 0)
			return &p->r->findings[i];
	}
	return NULL;
}

void
probe_found(struct probe *p, const char *name, const char *value, const char *how, ...)
{
	struct probe_finding *f = find(p, name);
	va_list ap;

	if (f == NULL) {
		if (p->r->n == PROBE_FINDINGS)
			return;
		f = &p->r->findings[p->r->n++];
		f->name = name;
		f->column = is_column(name);
	} else if (value == NULL && f->value[0] != '\0') {
		return;
	}
	snprintf(f->value, sizeof(f->value), "%s", value != NULL ? value : "");
	va_start(ap, how);
	vsnprintf(f->how, sizeof(f->how), how, ap);
	va_end(ap);
}

void
probe_why_not(struct probe *p, const char *name, const char *why)
{
	const struct probe_finding *f = find(p, name);

	if (f == NULL || f->how[0] == '\0')
		probe_found(p, name, NULL, "%s", why);
}

const char *
probe_flags(CK_FLAGS flags, bool so)
{
	static char texts[4][48];
	static unsigned next;
	const struct {
		CK_FLAGS user, so;
		const char *name;
	} names[] = {
	    {CKF_USER_PIN_COUNT_LOW, CKF_SO_PIN_COUNT_LOW, "COUNT_LOW"},
	    {CKF_USER_PIN_FINAL_TRY, CKF_SO_PIN_FINAL_TRY, "FINAL_TRY"},
	    {CKF_USER_PIN_LOCKED, CKF_SO_PIN_LOCKED, "LOCKED"},
	};
	char *text = texts[next++ % 4];
	size_t i;

	text[0] = '\0';
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if ((flags & (so ? names[i].so : names[i].user)) == 0)
			continue;
		if (text[0] != '\0')
			strcat(text, " ");
		strcat(text, names[i].name);
	}
	return text[0] != '\0' ? text : "none";
}

/* Whether it is better than the row promises to all cards of its module. */
static bool
is_better(const char *column, const char *row)
{
	size_t i;

	for (i = 0; i < sizeof(careful) / sizeof(careful[0]); i++) {
		if (strcmp(careful[i].column, column) == 0)
			return strcmp(careful[i].careful, row) == 0;
	}
	return false;
}

/* No row of its own: then what another says is of use. */
static bool
is_alike(const struct probe *p, const struct profile *other)
{
	char value[16];
	size_t i, known = 0;

	for (i = 0; i < p->r->n; i++) {
		const struct probe_finding *f = &p->r->findings[i];

		if (!f->column || f->value[0] == '\0')
			continue;
		if (!profile_value(other, f->name, value, sizeof(value)) ||
		    strcmp(value, f->value) != 0)
			return false;
		known++;
	}
	return known >= ALIKE_LEAST;
}

void
probe_compare(struct probe *p)
{
	static const char *const others[] = {"opensc", "cardos", "gemalto", "cryptovision",
	    "yubikey", "opensc-piv", "opencryptoki", "softhsm"};
	const struct profile *row = profile_named(p->r->row);
	bool generic = strcmp(row->name, "generic") == 0;
	size_t i;

	for (i = 0; i < p->r->n; i++) {
		struct probe_finding *f = &p->r->findings[i];

		if (f->how[0] == '\0')
			probe_found(p, f->name, NULL, "nothing that was done tells");
		if (!f->column || !profile_value(row, f->name, f->row, sizeof(f->row)))
			continue;
		f->differs = f->value[0] != '\0' && strcmp(f->value, f->row) != 0 &&
			     (generic || !is_better(f->name, f->row));
	}
	for (i = 0; generic && i < sizeof(others) / sizeof(others[0]); i++) {
		const struct profile *other = profile_named(others[i]);

		if (other != NULL && is_alike(p, other)) {
			p->r->alike = other->name;
			break;
		}
	}
}
