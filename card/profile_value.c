/* SPDX-License-Identifier: BSD-3-Clause */
/* The columns of a profile as a binding writes them. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "card/probe_part.h"

enum kind { A_BOOL, A_NUMBER, A_LENGTH };

static const struct {
	const char *column;
	enum kind kind;
	size_t at;
	const char *no, *yes;
} plain[] = {
    {"SoTries", A_NUMBER, offsetof(struct profile, so_tries), NULL, NULL},
    {"UserCounter", A_BOOL, offsetof(struct profile, user_counter), "false", "true"},
    {"Identity", A_BOOL, offsetof(struct profile, label_identity), "serial", "serial+label"},
    {"Caches", A_BOOL, offsetof(struct profile, caches), "false", "true"},
    {"ShowsLife", A_BOOL, offsetof(struct profile, shows_life), "false", "true"},
    {"ShowsLock", A_BOOL, offsetof(struct profile, shows_lock), "false", "true"},
    {"SoLoginProves", A_BOOL, offsetof(struct profile, so_login_proves), "false", "true"},
    {"NeverGuess", A_BOOL, offsetof(struct profile, never_guess), "false", "true"},
    {"InitOnce", A_BOOL, offsetof(struct profile, init_once), "false", "true"},
    {"PinMin", A_LENGTH, offsetof(struct profile, pin_min), NULL, NULL},
    {"PinMax", A_LENGTH, offsetof(struct profile, pin_max), NULL, NULL},
    {"PinDigits", A_BOOL, offsetof(struct profile, pin_digits), "false", "true"},
    {"ManySlots", A_BOOL, offsetof(struct profile, many_slots), "false", "true"},
};

static const char *
word(const struct profile *p, const char *column)
{
	if (strcmp(column, "Block") == 0)
		return p->no_block ? "none" : p->lock ? "lock" : "scramble";
	if (strcmp(column, "SoForm") == 0)
		return p->so_form == SO_FORM_TEXT  ? "text"
		       : p->so_form == SO_FORM_PUK ? "puk"
						   : "raw";
	if (strcmp(column, "SoCounter") == 0)
		return p->so_counter == SO_COUNTER_NONE    ? "none"
		       : p->so_counter == SO_COUNTER_FLAGS ? "flags"
							   : "hidden";
	if (strcmp(column, "UnblockStyle") == 0)
		return p->unblock_style == UNBLOCK_BY_INIT_PIN  ? "init-pin"
		       : p->unblock_style == UNBLOCK_BY_SET_PIN ? "set-pin"
								: "puk-pin";
	return NULL;
}

bool
profile_value(const struct profile *p, const char *column, char *text, size_t size)
{
	const char *text_of = word(p, column);
	const void *at;
	size_t i;

	for (i = 0; text_of == NULL && i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (strcmp(plain[i].column, column) != 0)
			continue;
		at = (const char *)p + plain[i].at;
		if (plain[i].kind == A_BOOL)
			text_of = *(const bool *)at ? plain[i].yes : plain[i].no;
		else if (plain[i].kind == A_NUMBER)
			return snprintf(text, size, "%u", *(const unsigned *)at) > 0;
		else
			return snprintf(text, size, "%zu", *(const size_t *)at) > 0;
	}
	return text_of != NULL && snprintf(text, size, "%s", text_of) > 0;
}
