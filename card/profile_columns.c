/* SPDX-License-Identifier: BSD-3-Clause */
/* The columns of a profile, and how a binding changes one. */
#include <stdlib.h>
#include <string.h>

#include "card/profile.h"

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
	COLUMN_PIN_DIGITS,
	COLUMN_UNBLOCK_STYLE,
	COLUMN_MANY_SLOTS,
	COLUMN_SO_IS_KEY,
	COLUMN_KEY_ANY_LENGTH,
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
    "PinDigits",
    "UnblockStyle",
    "ManySlots",
    "SoIsKey",
    "KeyAnyLength",
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

/* The number of the word, -1 where it is none of them. */
static int
word_of(const char *value, const char *const *words)
{
	int i;

	for (i = 0; words[i] != NULL; i++)
		if (strcmp(value, words[i]) == 0)
			return i;
	return -1;
}

static bool
set_so_form(struct profile *p, const char *value)
{
	static const char *const names[] = {"text", "puk", "raw", NULL};
	int form = word_of(value, names);

	if (form >= 0)
		p->so_form = (enum so_form)form;
	return form >= 0;
}

static bool
set_so_counter(struct profile *p, const char *value)
{
	static const char *const names[] = {"none", "flags", "hidden", NULL};
	int counter = word_of(value, names);

	if (counter >= 0)
		p->so_counter = (enum so_counter)counter;
	return counter >= 0;
}

static bool
set_block(struct profile *p, const char *value)
{
	static const char *const names[] = {"scramble", "lock", "none", NULL};
	int block = word_of(value, names);

	if (block < 0)
		return false;
	p->lock = block == 1;
	p->no_block = block == 2;
	return true;
}

static bool
set_unblock_style(struct profile *p, const char *value)
{
	static const char *const names[] = {"init-pin", "set-pin", "puk-pin", NULL};
	int style = word_of(value, names);

	if (style >= 0)
		p->unblock_style = (enum unblock_style)style;
	return style >= 0;
}

static bool
set_column(struct profile *p, enum column column, const char *value)
{
	switch (column) {
	case COLUMN_BLOCK:
		return set_block(p, value);
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
	case COLUMN_PIN_DIGITS:
		return set_bool(&p->pin_digits, value, "false", "true");
	case COLUMN_UNBLOCK_STYLE:
		return set_unblock_style(p, value);
	case COLUMN_MANY_SLOTS:
		return set_bool(&p->many_slots, value, "false", "true");
	case COLUMN_SO_IS_KEY:
		return set_bool(&p->so_is_key, value, "false", "true");
	case COLUMN_KEY_ANY_LENGTH:
		return set_bool(&p->key_any_length, value, "false", "true");
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
