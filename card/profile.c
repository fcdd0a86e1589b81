/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of profiles, how a row is found, and how a binding changes a column of it. */
#include <stdlib.h>
#include <string.h>

#include "card/profile.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Measured on SoftHSM 2.6.1 and openCryptoki 3.8.1; generic promises nothing that was not seen. */
static const struct profile profiles[] = {
    {
	.name = "generic",
	.so_form = SO_FORM_TEXT,
	.lock = false,
	.so_counter = SO_COUNTER_FLAGS,
	.so_tries = 0,
	.user_counter = true,
	.label_identity = false,
	.caches = false,
	.shows_life = false,
	.shows_lock = true,
	.so_login_proves = false,
	.never_guess = false,
	.init_once = false,
	.pin_min = 0,
	.pin_max = 255,
    },
    {
	.name = "softhsm",
	.so_form = SO_FORM_TEXT,
	.lock = false,
	.so_counter = SO_COUNTER_NONE,
	.so_tries = 0,
	.user_counter = false,
	.label_identity = false,
	.caches = true,
	.shows_life = true,
	.shows_lock = true,
	.so_login_proves = true,
	.never_guess = false,
	.init_once = false,
	.pin_min = 4,
	.pin_max = 255,
    },
    {
	.name = "opencryptoki",
	.so_form = SO_FORM_PUK,
	.lock = true,
	.so_counter = SO_COUNTER_FLAGS,
	.so_tries = 3,
	.user_counter = true,
	.label_identity = true,
	.caches = false,
	.shows_life = true,
	.shows_lock = true,
	.so_login_proves = true,
	.never_guess = false,
	.init_once = true,
	.pin_min = 4,
	.pin_max = 8,
    },
};

/* Which row a module is; NULL: anything. The first that matches in all of its strings counts. */
static const struct match {
	const char *profile;
	const char *library_manufacturer;
	const char *library_description;
	const char *token_manufacturer;
	const char *token_model;
} matches[] = {
    {"softhsm", NULL, NULL, "SoftHSM project", NULL},
    {"opencryptoki", NULL, NULL, "IBM Corp.", "IBM SoftTok"},
    {"opencryptoki", NULL, NULL, "IBM", "Soft"},
};

const struct profile *
profile_named(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(profiles); i++)
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i];
	return NULL;
}

static bool
agrees(const char *wanted, const char *is)
{
	return wanted == NULL || strcmp(wanted, is) == 0;
}

const struct profile *
profile_match(const char *library_manufacturer, const char *library_description,
    const char *token_manufacturer, const char *token_model)
{
	size_t i;

	for (i = 0; i < COUNT(matches); i++) {
		const struct match *m = &matches[i];

		if (agrees(m->library_manufacturer, library_manufacturer) &&
		    agrees(m->library_description, library_description) &&
		    agrees(m->token_manufacturer, token_manufacturer) &&
		    agrees(m->token_model, token_model))
			return profile_named(m->profile);
	}
	return &profiles[0];
}

const struct profile *
profile_of_token(const char *token_manufacturer, const char *token_model)
{
	size_t i;

	for (i = 0; i < COUNT(matches); i++) {
		const struct match *m = &matches[i];

		if (!agrees(m->token_manufacturer, token_manufacturer) ||
		    !agrees(m->token_model, token_model))
			continue;
		if (m->library_manufacturer != NULL || m->library_description != NULL)
			return NULL;
		return profile_named(m->profile);
	}
	return NULL;
}

/* --- Columns
 * -------------------------------------------------------------------------------------- */

enum column {
	COLUMN_BLOCK,
	COLUMN_SO_FORM,
	COLUMN_SO_COUNTER,
	COLUMN_SO_TRIES,
	COLUMN_USER_COUNTER,
	COLUMN_IDENTITY,
	COLUMN_CACHES,
	COLUMN_SHOWS_LIFE,
	COLUMN_SHOWS_LOCK,
	COLUMN_SO_LOGIN_PROVES,
	COLUMN_NEVER_GUESS,
	COLUMN_INIT_ONCE,
	COLUMN_PIN_MIN,
	COLUMN_PIN_MAX,
	N_COLUMNS
};

const char *const profile_columns[] = {
    "Block",
    "SoForm",
    "SoCounter",
    "SoTries",
    "UserCounter",
    "Identity",
    "Caches",
    "ShowsLife",
    "ShowsLock",
    "SoLoginProves",
    "NeverGuess",
    "InitOnce",
    "PinMin",
    "PinMax",
    NULL,
};

/* Which of two words value is: false for the first, true for the second. */
static bool
set_bool(bool *to, const char *value, const char *no, const char *yes)
{
	if (strcmp(value, yes) != 0 && strcmp(value, no) != 0)
		return false;
	*to = strcmp(value, yes) == 0;
	return true;
}

static bool
set_number(unsigned *to, const char *value, unsigned max)
{
	size_t len = strspn(value, "0123456789");
	unsigned long number;

	if (len == 0 || len > 4 || value[len] != '\0')
		return false;
	number = strtoul(value, NULL, 10);
	if (number > max)
		return false;
	*to = (unsigned)number;
	return true;
}

static bool
set_length(size_t *to, const char *value)
{
	unsigned number;

	if (!set_number(&number, value, 255))
		return false;
	*to = number;
	return true;
}

static bool
set_so_form(struct profile *p, const char *value)
{
	bool puk;

	if (!set_bool(&puk, value, "text", "puk"))
		return false;
	p->so_form = puk ? SO_FORM_PUK : SO_FORM_TEXT;
	return true;
}

static bool
set_so_counter(struct profile *p, const char *value)
{
	static const char *const names[] = {"none", "flags", "hidden"};
	size_t i;

	for (i = 0; i < COUNT(names); i++)
		if (strcmp(value, names[i]) == 0) {
			p->so_counter = (enum so_counter)i;
			return true;
		}
	return false;
}

static bool
set_column(struct profile *p, enum column column, const char *value)
{
	switch (column) {
	case COLUMN_BLOCK:
		return set_bool(&p->lock, value, "scramble", "lock");
	case COLUMN_SO_FORM:
		return set_so_form(p, value);
	case COLUMN_SO_COUNTER:
		return set_so_counter(p, value);
	case COLUMN_SO_TRIES:
		return set_number(&p->so_tries, value, 255);
	case COLUMN_USER_COUNTER:
		return set_bool(&p->user_counter, value, "false", "true");
	case COLUMN_IDENTITY:
		return set_bool(&p->label_identity, value, "serial", "serial+label");
	case COLUMN_CACHES:
		return set_bool(&p->caches, value, "false", "true");
	case COLUMN_SHOWS_LIFE:
		return set_bool(&p->shows_life, value, "false", "true");
	case COLUMN_SHOWS_LOCK:
		return set_bool(&p->shows_lock, value, "false", "true");
	case COLUMN_SO_LOGIN_PROVES:
		return set_bool(&p->so_login_proves, value, "false", "true");
	case COLUMN_NEVER_GUESS:
		return set_bool(&p->never_guess, value, "false", "true");
	case COLUMN_INIT_ONCE:
		return set_bool(&p->init_once, value, "false", "true");
	case COLUMN_PIN_MIN:
		return set_length(&p->pin_min, value);
	case COLUMN_PIN_MAX:
		return set_length(&p->pin_max, value);
	case N_COLUMNS:
		break;
	}
	return false;
}

bool
profile_override(struct profile *p, const char *column, const char *value)
{
	unsigned i;

	for (i = 0; i < N_COLUMNS; i++)
		if (strcmp(profile_columns[i], column) == 0)
			return set_column(p, (enum column)i, value);
	return false;
}
