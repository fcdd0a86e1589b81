/* SPDX-License-Identifier: BSD-3-Clause */
/* The columns of a profile: how a binding writes them, and changes one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card/profile.h"

#define N_COLUMNS  (sizeof(columns) / sizeof(columns[0]))
#define NUMBER_MAX 255

const char *const profile_columns[] = {
    "Block",
    "SoForm",
    "SoCounter",
    "SoTries",
    "UnblockStyle",
    "UserCounter",
    "Identity",
    "Caches",
    "ShowsLife",
    "ShowsLock",
    "SoLoginProves",
    "NeverGuess",
    "InitOnce",
    "InitNew",
    "PinMin",
    "PinMax",
    "PinDigits",
    "ManySlots",
    "SoIsKey",
    "KeyAnyLength",
    NULL,
};

/* In the order of false and true, or of the enum. */
static const char *const truth[] = {"false", "true", NULL};
static const char *const identities[] = {"serial", "serial+label", NULL};
static const char *const blocks[] = {"scramble", "lock", "none", NULL};
static const char *const forms[] = {"text", "puk", "raw", "key", NULL};
static const char *const counters[] = {"none", "flags", "hidden", NULL};
static const char *const styles[] = {"init-pin", "set-pin", "puk-pin", NULL};

enum kind { A_BOOL, A_BLOCK, A_FORM, A_COUNTER, A_STYLE, A_NUMBER, A_LENGTH };

#define COLUMN(kind, member, words)                           \
	{                                                     \
		kind, offsetof(struct profile, member), words \
	}

/* In the order of their names above. */
static const struct column {
	enum kind kind;
	size_t at;
	const char *const *words; /* NULL: a number */
} columns[] = {
    COLUMN(A_BLOCK, lock, blocks),
    COLUMN(A_FORM, so_form, forms),
    COLUMN(A_COUNTER, so_counter, counters),
    COLUMN(A_NUMBER, so_tries, NULL),
    COLUMN(A_STYLE, unblock_style, styles),
    COLUMN(A_BOOL, user_counter, truth),
    COLUMN(A_BOOL, label_identity, identities),
    COLUMN(A_BOOL, caches, truth),
    COLUMN(A_BOOL, shows_life, truth),
    COLUMN(A_BOOL, shows_lock, truth),
    COLUMN(A_BOOL, so_login_proves, truth),
    COLUMN(A_BOOL, never_guess, truth),
    COLUMN(A_BOOL, init_once, truth),
    COLUMN(A_BOOL, init_new, truth),
    COLUMN(A_LENGTH, pin_min, NULL),
    COLUMN(A_LENGTH, pin_max, NULL),
    COLUMN(A_BOOL, pin_digits, truth),
    COLUMN(A_BOOL, many_slots, truth),
    COLUMN(A_BOOL, so_is_key, truth),
    COLUMN(A_BOOL, key_any_length, truth),
};

_Static_assert(N_COLUMNS + 1 == sizeof(profile_columns) / sizeof(profile_columns[0]),
    "each column has a name");

static const struct column *
find(const char *name)
{
	size_t i;

	for (i = 0; i < N_COLUMNS; i++)
		if (strcmp(profile_columns[i], name) == 0)
			return &columns[i];
	return NULL;
}

/* The number that stands there, or of the word; -1 where there is none. */
static int
number_of(const struct column *c, const char *value)
{
	size_t len = strspn(value, "0123456789");
	int i;

	for (i = 0; c->words != NULL && c->words[i] != NULL; i++)
		if (strcmp(value, c->words[i]) == 0)
			return i;
	if (c->words != NULL || len == 0 || len > 3 || value[len] != '\0')
		return -1;
	i = atoi(value);
	return i <= NUMBER_MAX ? i : -1;
}

bool
profile_override(struct profile *p, const char *name, const char *value)
{
	const struct column *c = find(name);
	int number = c != NULL ? number_of(c, value) : -1;
	void *at = c != NULL ? (char *)p + c->at : NULL;

	if (number < 0)
		return false;
	switch (c->kind) {
	case A_BOOL:
		*(bool *)at = number != 0;
		break;
	case A_BLOCK:
		p->lock = number == 1;
		p->no_block = number == 2;
		break;
	case A_FORM:
		p->so_form = (enum so_form)number;
		break;
	case A_COUNTER:
		p->so_counter = (enum so_counter)number;
		break;
	case A_STYLE:
		p->unblock_style = (enum unblock_style)number;
		break;
	case A_NUMBER:
		*(unsigned *)at = (unsigned)number;
		break;
	case A_LENGTH:
		*(size_t *)at = (size_t)number;
		break;
	}
	return true;
}

static size_t
number_in(const struct profile *p, const struct column *c)
{
	const void *at = (const char *)p + c->at;

	switch (c->kind) {
	case A_BLOCK:
		return p->no_block ? 2 : p->lock;
	case A_FORM:
		return (size_t)p->so_form;
	case A_COUNTER:
		return (size_t)p->so_counter;
	case A_STYLE:
		return (size_t)p->unblock_style;
	case A_NUMBER:
		return *(const unsigned *)at;
	case A_LENGTH:
		return *(const size_t *)at;
	case A_BOOL:
		break;
	}
	return *(const bool *)at;
}

bool
profile_value(const struct profile *p, const char *name, char *text, size_t size)
{
	const struct column *c = find(name);
	size_t number;

	if (c == NULL)
		return false;
	number = number_in(p, c);
	if (c->words != NULL)
		snprintf(text, size, "%s", c->words[number]);
	else
		snprintf(text, size, "%zu", number);
	return true;
}

bool
profile_values(const char *name, char *text, size_t size)
{
	const struct column *c = find(name);
	size_t i, len = 0;

	if (c == NULL)
		return false;
	if (c->words == NULL)
		snprintf(text, size, "a number from 0 to %d", NUMBER_MAX);
	for (i = 0; c->words != NULL && c->words[i] != NULL; i++) {
		snprintf(text + len, size - len, "%s%s",
		    i == 0                    ? ""
		    : c->words[i + 1] == NULL ? " or "
					      : ", ",
		    c->words[i]);
		len = strlen(text);
	}
	return true;
}
