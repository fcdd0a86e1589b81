/* SPDX-License-Identifier: BSD-3-Clause */
/* Values of fields: what was given, else the binding's source, else the description's default. */
#include "policy/field.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/file.h"
#include "policy/log.h"
#include "policy/nearest.h"

#define VALUE_MAX 4096 /* bytes */

#define NEAREST_MAX 64 /* fields that are looked at for "did you mean" */

static bool
out_of_memory(struct resolved *r)
{
	log_error("out of memory");
	resolved_free(r);
	return false;
}

static bool
set_literal(struct resolved *r, const struct secret *value, const char *origin)
{
	r->kind = VALUE_LITERAL;
	r->value = secret_dup(value);
	r->origin = strdup(origin);
	return (r->value != NULL && r->origin != NULL) || out_of_memory(r);
}

/* The value without the newline that editors put at the end, in no more memory than it needs. */
static struct secret *
trim(const struct secret *s, size_t len)
{
	const unsigned char *p = secret_bytes(s);

	if (len > 0 && p[len - 1] == '\n') {
		len--;
		if (len > 0 && p[len - 1] == '\r')
			len--;
	}
	return secret_new(p, len);
}

static void
no_value(struct file_fault *fault, const char *what, const char *remedy)
{
	snprintf(fault->what, sizeof(fault->what), "%s", what);
	fault->remedy = remedy;
}

struct secret *
field_read(int fd, struct file_fault *fault)
{
	struct secret *all = secret_alloc(VALUE_MAX + 1), *value = NULL;
	ssize_t len = all == NULL ? -1 : file_read(fd, secret_data(all), VALUE_MAX + 1);

	if (len < 0) {
		snprintf(fault->what, sizeof(fault->what), "cannot be read: %s", strerror(errno));
		fault->remedy = NULL;
	} else if (len > VALUE_MAX) {
		no_value(fault, "is over 4096 bytes long", "a PIN, PUK or key is to stand there");
	} else if ((value = trim(all, (size_t)len)) == NULL) {
		no_value(fault, "cannot be read: out of memory", NULL);
	} else if (secret_len(value) == 0) {
		no_value(fault, "is empty", "write the value into it");
		secret_free(&value);
	}
	secret_free(&all);
	return value;
}

/* The value that a file holds; NULL, and a line in the log, where it holds none. */
static struct secret *
read_value(const char *field, const char *path)
{
	struct file_fault fault;
	struct secret *value = NULL;
	int fd = file_open(path, FIELD_FILE, NULL, &fault);

	if (fd >= 0) {
		value = field_read(fd, &fault);
		close(fd);
	}
	if (value == NULL)
		log_error("field %s: %s %s%s%s", field, path, fault.what,
		    fault.remedy == NULL ? "" : "; ", fault.remedy == NULL ? "" : fault.remedy);
	return value;
}

static bool
resolve_file(const struct field_context *c, const struct source *s, struct resolved *r)
{
	const char *why;

	r->store = template_expand(s->text, c->id, &why);
	if (r->store == NULL) {
		log_error("field %s: the path %s cannot be made: %s", s->field, s->text, why);
		return false;
	}
	r->kind = VALUE_LITERAL;
	r->own = template_is_own(s->text);
	r->value = read_value(s->field, r->store);
	if (r->value == NULL) {
		resolved_free(r);
		return false;
	}
	if (asprintf(&r->origin, "file %s", r->store) < 0) {
		r->origin = NULL;
		return out_of_memory(r);
	}
	return true;
}

static bool
resolve_env(const struct source *s, struct resolved *r)
{
	const char *text = secure_getenv(s->text);

	if (text == NULL || text[0] == '\0') {
		log_error("field %s: the environment variable %s is %s; set it for the program",
		    s->field, s->text, text == NULL ? "not set" : "empty");
		return false;
	}
	r->kind = VALUE_LITERAL;
	r->value = secret_new(text, strlen(text));
	if (asprintf(&r->origin, "environment variable %s", s->text) < 0)
		r->origin = NULL;
	return (r->value != NULL && r->origin != NULL) || out_of_memory(r);
}

static bool
resolve_dialog(enum value_kind kind, struct resolved *r)
{
	r->kind = kind;
	r->origin = strdup(kind == VALUE_PIN_PAD ? "PIN pad" : "dialog");
	return r->origin != NULL || out_of_memory(r);
}

static bool
resolve_field(const struct field_context *c, const struct description *desc, const char *name,
    struct resolved *r)
{
	const struct source *s = c->binding == NULL ? NULL : binding_source(c->binding, name);
	const struct field *f = description_field(desc, name);

	for (const struct given *g = c->given; g != NULL; g = g->next) {
		if (strcmp(g->name, name) == 0) {
			r->given = true;
			return set_literal(r, g->value, "given on the command line");
		}
	}
	if (s != NULL && s->kind == SOURCE_FILE)
		return resolve_file(c, s, r);
	if (s != NULL && s->kind == SOURCE_ENV)
		return resolve_env(s, r);
	if (s != NULL)
		return resolve_dialog(VALUE_DIALOG, r);
	if (f != NULL && f->preset != NULL)
		return set_literal(r, f->preset, "default in [Fields]");
	r->kind = VALUE_NONE;
	return true;
}

bool
field_resolve(const struct field_context *c, const struct description *desc, const struct value *v,
    struct resolved *r)
{
	memset(r, 0, sizeof(*r));
	switch (v->kind) {
	case VALUE_NONE:
		return true;
	case VALUE_LITERAL:
		return set_literal(r, v->literal, "literal");
	case VALUE_FIELD:
		return resolve_field(c, desc, v->field, r);
	case VALUE_DIALOG:
	case VALUE_PIN_PAD:
		return resolve_dialog(v->kind, r);
	}
	return false;
}

/* Where name and value were swapped, a PIN stands there, which is not to be logged. */
static bool
looks_like_name(const char *name)
{
	if (!isalpha((unsigned char)*name) && *name != '_')
		return false;
	while (isalnum((unsigned char)*name) || (*name != '\0' && strchr("_-.", *name) != NULL))
		name++;
	return *name == '\0';
}

/* "; FILE declares A, B", behind what is in text already. */
static void
list_fields(const struct description *desc, char *text, size_t size)
{
	size_t len = strlen(text);

	len += (size_t)snprintf(text + len, size - len, "; %.200s declares ", desc->file);
	if (desc->n_fields == 0 && len < size)
		snprintf(text + len, size - len, "none");
	for (size_t i = 0; i < desc->n_fields && len < size; i++)
		len += (size_t)snprintf(
		    text + len, size - len, "%s%.60s", i == 0 ? "" : ", ", desc->fields[i].name);
}

static void
log_undeclared(const char *name, const struct description *const descs[2])
{
	char fields[900] = "", near[100] = "";
	struct nearest n;

	nearest_begin(&n, name);
	for (size_t i = 0; i < 2 && descs[i] != NULL; i++) {
		for (size_t k = 0; k < descs[i]->n_fields && k < NEAREST_MAX; k++)
			nearest_offer(&n, descs[i]->fields[k].name);
		list_fields(descs[i], fields, sizeof(fields));
	}
	if (n.best != NULL)
		snprintf(near, sizeof(near), "; did you mean %.60s?", n.best);
	if (looks_like_name(name))
		log_error("--field %.60s: there is no such field%s%s", name, near, fields);
	else
		log_error("--field NAME=VALUE: what stands for NAME is no field%s%s", near, fields);
}

bool
given_declared(
    const struct given *given, const struct description *desc, const struct description *other)
{
	const struct description *const descs[2] = {desc, other};

	for (; given != NULL; given = given->next) {
		if (description_field(desc, given->name) != NULL ||
		    (other != NULL && description_field(other, given->name) != NULL))
			continue;
		log_undeclared(given->name, descs);
		return false;
	}
	return true;
}

void
given_free(struct given **list)
{
	struct given *g;

	while ((g = *list) != NULL) {
		*list = g->next;
		free(g->name);
		secret_free(&g->value);
		free(g);
	}
}

void
resolved_free(struct resolved *r)
{
	secret_free(&r->value);
	free(r->origin);
	free(r->store);
	memset(r, 0, sizeof(*r));
}
