/* SPDX-License-Identifier: BSD-3-Clause */
/* One encoding description: its elements, and the values that they name. */
#ifndef POLICY_DESCRIPTION_H
#define POLICY_DESCRIPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/diag.h"
#include "policy/secret.h"

/* What an element's value is (design, section 4). */
enum value_kind {
	VALUE_NONE,    /* the element is not there, or its field has no value */
	VALUE_LITERAL, /* #text */
	VALUE_FIELD,   /* the name of a field of [Fields] */
	VALUE_DIALOG,  /* !FROM_USER_DIALOG_n_FIELD[_AUTO] */
	VALUE_PIN_PAD  /* !FROM_PROTECTED_AUTHENTICATION_PATH */
};

struct value {
	enum value_kind kind;
	struct secret *literal;
	char *field;
	unsigned dialog;  /* n: 1, 2 or 3 */
	bool dialog_auto; /* the PIN pad where there is one */
	unsigned line;
	unsigned column;
};

/* A field of [Fields]: NAME= or NAME=default. */
struct field {
	char *name;
	struct secret *preset; /* NULL where no default stands */
	unsigned line;
};

struct description {
	char *file;
	bool block_card; /* BlockCard=true in any [Application_X] */
	bool init_token;
	bool set_pin;
	bool init_cr_key;
	bool use_card_manager_key;
	bool select_by_serial;
	char *initial_label; /* InitialLabel= as written; may be NULL */
	struct value label;  /* what it means: text (with or without '#') or a declared field */
	struct value pin;
	struct value initial_puk;
	struct value puk;
	struct value card_manager_key;
	struct value new_card_manager_key;
	struct value serial; /* SelectCriteriaIccsn= */
	char **clear_fields;
	size_t n_clear_fields;
	struct field *fields;
	size_t n_fields;
	char *library; /* PKCS11LibraryLinux= or PKCS11Library=, for check; may be NULL */
};

/*
 * Reads and checks one file; everything wrong goes into d. NULL where there was an error. flags are
 * those of ini_read (INI_TRUSTED where a helper reads it). Errors and warnings: design, section 4.
 */
struct description *description_read(const char *path, unsigned flags, struct diags *d);
struct description *description_parse(
    const char *name, const char *text, size_t len, struct diags *d);

/*
 * Whether CardManagerKey= and NewCardManagerKey= are no SO secrets, but what the helpdesk answers
 * challenges with, and what opens the box in which the SO secret is (UseCardManagerKey=true).
 */
bool description_offline(const struct description *desc);

/* Whether the SO secret is a key: CardManagerKey=, NewCardManagerKey=; else it is a PUK. */
bool description_uses_key(const struct description *desc);

/* By name; NULL where [Fields] does not declare it. */
const struct field *description_field(const struct description *desc, const char *name);

/* The element whose value is, or opens, the SO secret that is valid now: CardManagerKey= or
 * InitialPUK=. */
const struct value *description_so(const struct description *desc);

/* The element whose value is, or opens, the SO secret to be set: NewCardManagerKey= or PUK=. */
const struct value *description_new_so(const struct description *desc);

void description_free(struct description *desc);

#endif
