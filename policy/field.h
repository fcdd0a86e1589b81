/* SPDX-License-Identifier: BSD-3-Clause */
/* From an element of a description to the value that it has for one token. */
#ifndef POLICY_FIELD_H
#define POLICY_FIELD_H

#include "policy/binding.h"
#include "policy/description.h"
#include "policy/identity.h"
#include "policy/secret.h"
#include "policy/template.h"

/* --field NAME=VALUE of the command, and answers that a terminal gave. */
struct given {
	char *name;
	struct secret *value;
	struct given *next;
};

/* Frees all of a list, and sets it to NULL. */
void given_free(struct given **list);

/*
 * Whether each of them is for a field that one of the two declares (other may be NULL): what is
 * given for no field would have another value used in its place. False: logged.
 */
bool given_declared(
    const struct given *given, const struct description *desc, const struct description *other);

/* What is needed to find values: never NULL but for given and binding. */
struct field_context {
	const struct binding *binding; /* NULL: no sources */
	const struct identity *id;
	const struct given *given;
};

struct resolved {
	enum value_kind kind; /* NONE, LITERAL (value holds it), DIALOG or PIN_PAD */
	struct secret *value; /* to be freed; only with LITERAL */
	bool own;             /* the source is this card's own ({serial}) */
	bool given;           /* it is what was given */
	char *origin; /* for people: "literal", "file /etc/...", "dialog"; never the value */
	char *store;  /* path of the file it came from, where there is one: for ClearFields */
};

/*
 * The value in a file of secrets, which was opened by FIELD_FILE: without one newline at its end.
 * NULL where it holds none: fault says why.
 */
#define FIELD_FILE (FILE_TRUSTED | FILE_OWN)
struct file_fault;
struct secret *field_read(int fd, struct file_fault *fault);

/*
 * Finds the value of v for the token of the context. A field takes, in this order, what was given,
 * its source in the binding, its default in the description; without any it is VALUE_NONE. A source
 * that fails is an error: false, and the log says what, where and why. An empty file is an error,
 * one newline at the end of the file is dropped; at most 4096 bytes.
 */
bool field_resolve(const struct field_context *c, const struct description *desc,
    const struct value *v, struct resolved *r);

void resolved_free(struct resolved *r);

#endif
