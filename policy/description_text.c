/* SPDX-License-Identifier: BSD-3-Clause */
/* From the lines of an INI file to the elements of a description (design, section 4). */
#include "policy/description_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/consistency.h"
#include "policy/element.h"
#include "policy/nearest.h"
#include "policy/value.h"

#define ENTRIES_MAX 2000 /* elements and fields of a file; real ones have some dozens */
#define CLEAR_MAX   100  /* names in ClearFields= */
#define NEAREST_MAX 64   /* fields that are looked at for "did you mean" */

struct reader {
	const struct ini *ini;
	struct description *desc;
	struct diags *d;
	struct placed_elements at;
};

static void
out_of_memory(struct reader *r)
{
	diag_add(r->d, DIAG_ERROR, (struct place){r->ini->file, 0, 0}, NULL, "out of memory");
}

static void
read_fields(struct reader *r, const struct ini_section *s)
{
	struct description *desc = r->desc;

	if (s->n == 0 || desc->fields != NULL)
		return;
	desc->fields = calloc(s->n, sizeof(*desc->fields));
	if (desc->fields == NULL) {
		out_of_memory(r);
		return;
	}
	for (size_t i = 0; i < s->n; i++) {
		const struct ini_entry *e = &s->entries[i];
		struct field *f = &desc->fields[desc->n_fields];

		f->line = e->line;
		f->name = strdup(e->name);
		if (e->value[0] != '\0')
			f->preset = secret_new(e->value, strlen(e->value));
		if (e->value[0] == '#')
			diag_add(r->d, DIAG_WARNING, ini_place_value(r->ini, e),
			    "write the default without it",
			    "the # belongs to the default of field %.80s", e->name);
		if (f->name == NULL || (f->preset == NULL && e->value[0] != '\0')) {
			out_of_memory(r);
			free(f->name);
			secret_free(&f->preset);
			return;
		}
		desc->n_fields++;
	}
}

static void
read_boolean(struct reader *r, const struct element *e, const struct ini_entry *entry)
{
	bool is_true = strcmp(entry->value, "true") == 0;

	if (!is_true && strcmp(entry->value, "false") != 0) {
		diag_add(r->d, DIAG_ERROR, ini_place_value(r->ini, entry),
		    "write true or false, in small letters", "%s= is neither true nor false",
		    e->name);
		/* Taken for true, so that what depends on it is not reported as missing. */
		is_true = true;
	}
	if (e->offset != ELEMENT_NOWHERE && is_true)
		*(bool *)((char *)r->desc + e->offset) = true;
	if (strcmp(e->name, "DisableDerivation") == 0 && !is_true)
		diag_add(r->d, DIAG_ERROR, ini_place_value(r->ini, entry),
		    "write true, and give the key that the card itself has",
		    "DisableDerivation=false asks for the vendor's derivation of a card's key, "
		    "which is not public");
}

static const struct ini_entry *
field_entry(const struct reader *r, const char *name)
{
	for (size_t i = 0; i < r->ini->n; i++) {
		const struct ini_section *s = &r->ini->sections[i];
		bool exact;

		if (section_find(s->name, &exact) == IN_FIELDS)
			return ini_entry(s, name);
	}
	return NULL;
}

/* The remedy for a field that is not declared. The name itself may be a PIN that lacks its '#'. */
static void
add_undeclared(struct reader *r, const struct element *e, const char *name, struct place where)
{
	struct nearest n;
	char remedy[160];

	nearest_begin(&n, name);
	for (size_t i = 0; i < r->desc->n_fields && i < NEAREST_MAX; i++)
		nearest_offer(&n, r->desc->fields[i].name);
	if (n.best != NULL)
		snprintf(remedy, sizeof(remedy), "did you mean %.80s?", n.best);
	else
		snprintf(remedy, sizeof(remedy),
		    "declare it there (NAME=), or write #TEXT for the text itself");
	diag_add(r->d, DIAG_ERROR, where, remedy,
	    "%s= names a field that [Fields] does not declare", e->name);
}

/* InitialLabel= may be plain text, which is no error where it names no field. */
static void
make_text(struct reader *r, struct value *v, struct place where)
{
	v->literal = secret_new(v->field, strlen(v->field));
	free(v->field);
	v->field = NULL;
	v->kind = v->literal == NULL ? VALUE_NONE : VALUE_LITERAL;
	if (v->literal == NULL)
		out_of_memory(r);
	else
		diag_add(r->d, DIAG_WARNING, where, "write a # before it, or declare the field",
		    "InitialLabel= names no field, and is taken as the label itself");
}

/* With UseCardManagerKey=true, wherever it stands, it answers challenges, which AES can too. */
static bool
may_be_aes(const struct reader *r)
{
	for (size_t i = 0; i < r->ini->n; i++) {
		const struct ini_section *s = &r->ini->sections[i];

		for (size_t k = 0; k < s->n; k++) {
			if (strcasecmp(s->entries[k].name, "UseCardManagerKey") == 0 &&
			    strcasecmp(s->entries[k].value, "true") == 0)
				return true;
		}
	}
	return false;
}

static void
read_value(struct reader *r, const struct element *e, const struct ini_entry *entry)
{
	struct value *v = (struct value *)(void *)((char *)r->desc + e->offset);
	struct place where = ini_place_value(r->ini, entry);
	const struct field *f;

	if (!value_parse(e, entry->value, where, r->d, v))
		return;
	f = v->kind == VALUE_FIELD ? description_field(r->desc, v->field) : NULL;
	if (v->kind == VALUE_FIELD && f == NULL) {
		if (strcmp(e->name, "InitialLabel") == 0)
			make_text(r, v, where);
		else
			add_undeclared(r, e, v->field, where);
	}
	if (v->kind == VALUE_LITERAL)
		value_check_literal(e, v->literal, may_be_aes(r), where, r->d);
	else if (f != NULL && f->preset != NULL && field_entry(r, f->name) != NULL)
		value_check_literal(e, f->preset, may_be_aes(r),
		    ini_place_value(r->ini, field_entry(r, f->name)), r->d);
}

static void
add_clear_field(struct reader *r, const char *name, size_t len, struct place where)
{
	struct description *desc = r->desc;
	char **list = reallocarray(desc->clear_fields, desc->n_clear_fields + 1, sizeof(*list));
	static const struct element clear = {.name = "ClearFields"};

	if (list == NULL) {
		out_of_memory(r);
		return;
	}
	desc->clear_fields = list;
	list[desc->n_clear_fields] = strndup(name, len);
	if (list[desc->n_clear_fields] == NULL) {
		out_of_memory(r);
		return;
	}
	if (description_field(desc, list[desc->n_clear_fields]) == NULL)
		add_undeclared(r, &clear, list[desc->n_clear_fields], where);
	desc->n_clear_fields++;
}

/* ClearFields=A,B */
static void
read_list(struct reader *r, const struct ini_entry *entry)
{
	const char *p = entry->value;

	for (size_t n = 0; n < CLEAR_MAX; n++) {
		size_t blank = strspn(p, " \t"), len = strcspn(p + blank, ","), rest = len;
		struct place where = ini_place_value(r->ini, entry);

		p += blank;
		where.column += (unsigned)(p - entry->value);
		while (len > 0 && (p[len - 1] == ' ' || p[len - 1] == '\t'))
			len--;
		if (len == 0)
			diag_add(r->d, DIAG_ERROR, where, "write NAME,NAME",
			    "ClearFields= lacks a field's name");
		else
			add_clear_field(r, p, len, where);
		if (p[rest] == '\0')
			return;
		p += rest + 1;
	}
	diag_add(r->d, DIAG_ERROR, ini_place_value(r->ini, entry), "name those that hold a secret",
	    "ClearFields= names over %d fields", CLEAR_MAX);
}

static void
read_raw(struct reader *r, const struct element *e, const struct ini_entry *entry)
{
	/* PKCS11LibraryLinux= is the one for this system, wherever it stands. */
	if (r->desc->library == NULL || strcmp(e->name, "PKCS11LibraryLinux") == 0) {
		free(r->desc->library);
		r->desc->library = strdup(entry->value);
	}
	diag_add(r->d, DIAG_NOTE, ini_place_name(r->ini, entry), NULL,
	    "%s= is not acted on: the module that is wrapped stands in p11-latch.conf", e->name);
}

/* Whether the element may stand in this section. */
static bool
check_section(struct reader *r, const struct element *e, const struct ini_entry *entry,
    enum element_section section)
{
	char remedy[60];

	if (e->section == section || !e->acted_on)
		return true;
	snprintf(remedy, sizeof(remedy), "it belongs in [%s]", section_name(e->section));
	diag_add(r->d, DIAG_ERROR, ini_place_name(r->ini, entry), remedy,
	    "%s= does not belong in [%s]", e->name, section_name(section));
	return false;
}

/* Sorts out names that are not known, or not written so. NULL: there is nothing to be read. */
static const struct element *
check_name(struct reader *r, const struct ini_entry *entry)
{
	const struct element *e = element_find(entry->name, true);
	struct place where = ini_place_name(r->ini, entry);
	const char *near;
	char remedy[100];

	if (e == NULL) {
		near = element_nearest(entry->name);
		snprintf(remedy, sizeof(remedy), "did you mean %s=?", near == NULL ? "" : near);
		diag_add(r->d, DIAG_WARNING, where, near == NULL ? NULL : remedy,
		    "unknown element %.80s=", entry->name);
		return NULL;
	}
	if (strcmp(e->name, entry->name) != 0) {
		snprintf(remedy, sizeof(remedy), "write %s=", e->name);
		diag_add(r->d, DIAG_WARNING, where, remedy, "%.80s= is not written like that",
		    entry->name);
	}
	if (!e->acted_on) {
		diag_add(r->d, DIAG_NOTE, where, NULL, "%s= is not acted on", e->name);
		return NULL;
	}
	return e;
}

static void
read_element(struct reader *r, const struct ini_entry *entry, enum element_section section)
{
	const struct element *e = check_name(r, entry);
	const struct ini_entry **at;

	if (e == NULL || !check_section(r, e, entry, section))
		return;
	at = &r->at.entry[e - elements];
	/* Every application may have its BlockCard=; of the others there is one. */
	if (*at != NULL && section != IN_APPLICATION) {
		diag_add(r->d, DIAG_ERROR, ini_place_name(r->ini, entry), "remove one of the two",
		    "duplicate element %s=, which stands on line %u already", e->name, (*at)->line);
		return;
	}
	*at = entry;
	if (e->type == ELEMENT_BOOLEAN)
		read_boolean(r, e, entry);
	else if (e->type == ELEMENT_LIST)
		read_list(r, entry);
	else if (e->type == ELEMENT_RAW)
		read_raw(r, e, entry);
	else
		read_value(r, e, entry);
	if (e->offset == offsetof(struct description, label))
		r->desc->initial_label = strdup(entry->value);
}

static void
check_header(struct reader *r, const struct ini_section *s)
{
	static const char *const known[] = {
	    "Encoding", "Fields", "Description", "Application_X", NULL};
	struct place where = {r->ini->file, s->line, s->column};
	const char *near = nearest_of(s->name, known);
	bool exact;
	enum element_section section = section_find(s->name, &exact);
	char remedy[100];

	if (exact)
		return;
	if (section != IN_NOTHING) {
		snprintf(remedy, sizeof(remedy), "write [%s]", section_name(section));
		diag_add(
		    r->d, DIAG_WARNING, where, remedy, "[%.80s] is not written like that", s->name);
		return;
	}
	if (near != NULL)
		snprintf(remedy, sizeof(remedy), "did you mean [%s]?", near);
	else
		snprintf(remedy, sizeof(remedy),
		    "there are [Encoding], [Fields], [Description] and [Application_X]");
	diag_add(r->d, DIAG_WARNING, where, remedy, "unknown section [%.80s]", s->name);
}

static void
read_sections(struct reader *r)
{
	const struct ini_section *fields = NULL;
	bool exact;

	/* Fields first: the sections may stand in any order. */
	for (size_t i = 0; i < r->ini->n; i++) {
		const struct ini_section *s = &r->ini->sections[i];

		if (section_find(s->name, &exact) != IN_FIELDS)
			continue;
		if (fields != NULL && strcmp(fields->name, s->name) != 0)
			diag_add(r->d, DIAG_ERROR, (struct place){r->ini->file, s->line, s->column},
			    "put all fields under one header",
			    "duplicate section [Fields], which begins on line %u", fields->line);
		if (fields == NULL)
			read_fields(r, s);
		fields = s;
	}
	for (size_t i = 0; i < r->ini->n; i++) {
		const struct ini_section *s = &r->ini->sections[i];
		enum element_section section = section_find(s->name, &exact);

		check_header(r, s);
		if (section == IN_FIELDS || section == IN_NOTHING)
			continue;
		for (size_t k = 0; k < s->n; k++)
			read_element(r, &s->entries[k], section);
	}
}

/* Much more than a description ever has is a file of another kind; it would only take long. */
static bool
check_size(struct reader *r)
{
	size_t n = r->ini->n;

	for (size_t i = 0; i < r->ini->n; i++)
		n += r->ini->sections[i].n;
	if (n <= ENTRIES_MAX)
		return true;
	diag_add(r->d, DIAG_ERROR, (struct place){r->ini->file, 0, 0},
	    "is this an encoding description?", "over %d sections and elements", ENTRIES_MAX);
	return false;
}

void
description_take(struct description *desc, const struct ini *ini, struct diags *d)
{
	struct reader r = {.ini = ini, .desc = desc, .d = d};

	if (!check_size(&r))
		return;
	read_sections(&r);
	consistency_check(desc, ini, &r.at, d);
}
