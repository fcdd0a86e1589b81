/* SPDX-License-Identifier: BSD-3-Clause */
/* The elements of one section of policy.conf (design, section 5). */
#include "policy/binding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/binding_read.h"
#include "policy/nearest.h"
#include "policy/source.h"

/* The words that an element takes, in the order of its enum; NULL ends them. */
static const char *const methods[] = {"auto", "lock", "scramble", NULL};
static const char *const afters[] = {"close", "finalize", NULL};
static const char *const occasions[] = {"init-pin", "set-pin", "command", NULL};
static const char *const choices[] = {"auto", "yes", "no", NULL};
static const char *const answers[] = {"no", "yes", NULL};

static const char *const names[] = {"Personalize", "Unblock", "BlockMethod", "BlockAfter",
    "PersonalizeOn", "UnblockByLogin", "PinLetter", "Tickets", "Profile", NULL};

/* The number of the word that stands there; 0, and an error, where none does. */
static int
read_word(struct binding_reader *r, const struct ini_entry *e, const char *const *words)
{
	const char *near = nearest_of(e->value, words);
	char list[80] = "", remedy[120];

	for (int i = 0; words[i] != NULL; i++) {
		if (strcmp(e->value, words[i]) == 0)
			return i;
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
		    i == 0 ? "" : (words[i + 1] == NULL ? " or " : ", "), words[i]);
	}
	if (near != NULL)
		snprintf(remedy, sizeof(remedy), "did you mean %s?", near);
	else
		snprintf(remedy, sizeof(remedy), "write %s", list);
	diag_add(
	    r->d, DIAG_ERROR, ini_place_value(r->ini, e), remedy, "%s= is not %s", e->name, list);
	return 0;
}

/* A number of two or three digits; the default, and an error, where it is none. */
static unsigned
read_tickets(struct binding_reader *r, const struct ini_entry *e)
{
	size_t len = strspn(e->value, "0123456789");
	unsigned long n =
	    len > 0 && len <= 3 && e->value[len] == '\0' ? strtoul(e->value, NULL, 10) : 0;

	if (n >= 1 && n <= TICKETS_MOST)
		return (unsigned)n;
	diag_add(r->d, DIAG_ERROR, ini_place_value(r->ini, e),
	    "each ticket unblocks the card once, and takes a moment to make",
	    "%s= is not a number from 1 to %u", e->name, TICKETS_MOST);
	return TICKETS_DEFAULT;
}

static void
out_of_memory(struct binding_reader *r)
{
	diag_add(r->d, DIAG_ERROR, (struct place){r->ini->file, 0, 0}, NULL, "out of memory");
}

static char *
copy(struct binding_reader *r, const char *text)
{
	char *new = strdup(text);

	if (new == NULL)
		out_of_memory(r);
	return new;
}

/* Profile.COLUMN=: the columns are known to card/profile.c, which checks them. */
static void
read_override(struct binding_reader *r, const struct ini_entry *e)
{
	struct binding *b = r->binding;
	struct override *list = reallocarray(b->overrides, b->n_overrides + 1, sizeof(*list));
	struct override *o;

	if (list == NULL) {
		out_of_memory(r);
		return;
	}
	b->overrides = list;
	o = &list[b->n_overrides++];
	o->column = copy(r, strchr(e->name, '.') + 1);
	o->value = copy(r, e->value);
	o->line = e->line;
	o->column_number = e->value_column;
	if (e->name[strlen("Profile.")] == '\0')
		diag_add(r->d, DIAG_ERROR, ini_place_name(r->ini, e), "write Profile.COLUMN=VALUE",
		    "Profile. without a column");
}

static bool
sets_from(const struct description *desc, const char *field)
{
	const struct value *set[2];

	if (desc == NULL)
		return false;
	/* A key that opens boxes is had again from its source, wherever that is. */
	if (desc->use_card_manager_key)
		return false;
	set[0] = description_new_so(desc);
	/* InitToken sets the SO secret that the card has from then on. */
	set[1] = desc->init_token ? description_so(desc) : set[0];
	for (size_t i = 0; i < 2; i++) {
		if (set[i]->kind == VALUE_FIELD && strcmp(set[i]->field, field) == 0)
			return true;
	}
	return false;
}

static bool
has_source(const struct ini_section *section, const char *field)
{
	for (size_t i = 0; i < section->n; i++) {
		const char *name = section->entries[i].name;

		if (strncmp(name, "Field.", 6) == 0 && strcmp(name + 6, field) == 0)
			return true;
	}
	return false;
}

static void
check_declared(struct binding_reader *r, const struct ini_entry *e, const char *field)
{
	const struct description *both[] = {r->binding->personalize, r->binding->unblock};
	struct nearest n;
	char remedy[120];

	/* A description with errors declares nothing here, and has been reported. */
	if (r->incomplete)
		return;
	nearest_begin(&n, field);
	for (size_t i = 0; i < 2; i++) {
		if (both[i] != NULL && description_field(both[i], field) != NULL)
			return;
		for (size_t k = 0; both[i] != NULL && k < both[i]->n_fields && k < 64; k++)
			nearest_offer(&n, both[i]->fields[k].name);
	}
	if (n.best != NULL && !has_source(r->section, n.best))
		snprintf(remedy, sizeof(remedy), "did you mean Field.%.60s?", n.best);
	else
		snprintf(remedy, sizeof(remedy),
		    "right if a description that p11-latch apply is given declares it");
	diag_add(r->d, DIAG_WARNING, ini_place_name(r->ini, e), remedy,
	    "Field.%.80s: no description of this binding declares that field", field);
}

static void
read_source(struct binding_reader *r, const struct ini_entry *e)
{
	const char *field = e->name + strlen("Field.");
	struct binding *b = r->binding;
	bool so = sets_from(b->personalize, field) || sets_from(b->unblock, field);
	struct source *list;

	if (field[0] == '\0') {
		diag_add(r->d, DIAG_ERROR, ini_place_name(r->ini, e), "write Field.NAME=SOURCE",
		    "Field. without a name");
		return;
	}
	check_declared(r, e, field);
	list = reallocarray(b->sources, b->n_sources + 1, sizeof(*list));
	if (list == NULL) {
		out_of_memory(r);
		return;
	}
	b->sources = list;
	if (source_parse(
		field, e->value, so, ini_place_value(r->ini, e), r->d, &list[b->n_sources]))
		b->n_sources++;
}

static void
check_unknown(struct binding_reader *r, const struct ini_entry *e)
{
	const char *near = nearest_of(e->name, names);
	char remedy[60];

	if (strncasecmp(e->name, "Field", 5) == 0)
		near = "Field.NAME";
	if (strncasecmp(e->name, "Profil", 6) == 0 && strchr(e->name, '.') != NULL)
		near = "Profile.COLUMN";
	snprintf(remedy, sizeof(remedy), "did you mean %s=?", near == NULL ? "" : near);
	/* What Personalise= was to block would go out open. */
	diag_add(r->d, near == NULL ? DIAG_WARNING : DIAG_ERROR, ini_place_name(r->ini, e),
	    near == NULL ? NULL : remedy, "unknown element %.80s=", e->name);
}

/* The name as it should be written; NULL where nobody knows it. */
static const char *
known_name(struct binding_reader *r, const struct ini_entry *e)
{
	char remedy[60];

	for (size_t i = 0; names[i] != NULL; i++) {
		if (strcmp(e->name, names[i]) == 0)
			return names[i];
		if (strcasecmp(e->name, names[i]) != 0)
			continue;
		snprintf(remedy, sizeof(remedy), "write %s=", names[i]);
		diag_add(r->d, DIAG_WARNING, ini_place_name(r->ini, e), remedy,
		    "%.80s= is not written like that", e->name);
		return names[i];
	}
	return NULL;
}

static void
read_element(struct binding_reader *r, const struct ini_entry *e)
{
	struct binding *b = r->binding;
	const char *name = known_name(r, e);

	if (name == NULL && strncmp(e->name, "Profile.", 8) == 0)
		read_override(r, e);
	else if (name == NULL && strncmp(e->name, "Field.", 6) == 0)
		read_source(r, e);
	else if (name == NULL)
		check_unknown(r, e);
	else if (strcmp(name, "BlockMethod") == 0)
		b->block_method = (enum block_method)read_word(r, e, methods);
	else if (strcmp(name, "BlockAfter") == 0)
		b->block_after = (enum block_after)read_word(r, e, afters);
	else if (strcmp(name, "PersonalizeOn") == 0)
		b->personalize_on = (enum personalize_on)read_word(r, e, occasions);
	else if (strcmp(name, "UnblockByLogin") == 0)
		b->unblock_by_login = (enum choice)read_word(r, e, choices);
	else if (strcmp(name, "PinLetter") == 0)
		b->pin_letter = read_word(r, e, answers) == 1;
	else if (strcmp(name, "Tickets") == 0)
		b->tickets = read_tickets(r, e);
	else if (strcmp(name, "Profile") == 0) {
		free(b->profile);
		b->profile = e->value[0] == '\0' ? NULL : copy(r, e->value);
	}
}

static void
read_description(struct binding_reader *r, const struct ini_entry *e)
{
	struct binding *b = r->binding;
	bool personalize = strcasecmp(e->name, "Personalize") == 0;
	struct description **desc = personalize ? &b->personalize : &b->unblock;
	char **path = personalize ? &b->personalize_path : &b->unblock_path;

	free(*path);
	*path = NULL;
	*desc = r->load(r, e, path);
	if (*desc == NULL)
		r->incomplete = true;
}

/* The same twice is an error of the reader's; written otherwise it is the same element, too. */
static void
check_twice(struct binding_reader *r, size_t at)
{
	const struct ini_entry *e = &r->section->entries[at];

	for (size_t i = 0; i < at; i++) {
		const struct ini_entry *before = &r->section->entries[i];

		if (strcasecmp(before->name, e->name) != 0 || strncmp(e->name, "Field.", 6) == 0)
			continue;
		diag_add(r->d, DIAG_ERROR, ini_place_name(r->ini, e), "remove one of the two",
		    "duplicate element %.80s=, which stands on line %u already", e->name,
		    before->line);
		return;
	}
}

void
binding_read(struct binding_reader *r, const struct ini_section *section)
{
	r->section = section;
	r->binding->tickets = TICKETS_DEFAULT;
	/* Descriptions first: what is said of a field's source depends on what the field is for. */
	for (size_t i = 0; i < section->n; i++) {
		const struct ini_entry *e = &section->entries[i];

		if (strcasecmp(e->name, "Personalize") == 0 || strcasecmp(e->name, "Unblock") == 0)
			read_description(r, e);
	}
	for (size_t i = 0; i < section->n; i++) {
		check_twice(r, i);
		read_element(r, &section->entries[i]);
	}
}

bool
binding_matches(const struct binding *b, const struct identity *id)
{
	const struct criteria c = {b->manufacturer, b->model, b->serial, b->label};

	return criteria_match(&c, id);
}

const struct source *
binding_source(const struct binding *b, const char *field)
{
	for (size_t i = 0; i < b->n_sources; i++) {
		if (strcmp(b->sources[i].field, field) == 0)
			return &b->sources[i];
	}
	return NULL;
}

void
binding_clear(struct binding *b)
{
	for (size_t i = 0; i < b->n_sources; i++)
		source_free(&b->sources[i]);
	for (size_t i = 0; i < b->n_overrides; i++) {
		free(b->overrides[i].column);
		free(b->overrides[i].value);
	}
	free(b->sources);
	free(b->overrides);
	free(b->uri);
	free(b->manufacturer);
	free(b->model);
	free(b->serial);
	free(b->label);
	free(b->personalize_path);
	free(b->unblock_path);
	free(b->profile);
}
