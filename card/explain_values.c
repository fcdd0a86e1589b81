/* SPDX-License-Identifier: BSD-3-Clause */
/* The descriptions of a card: each element, and whether it has a value; never the value. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "card/explain_part.h"
#include "card/offline.h"
#include "policy/file.h"
#include "policy/key_manager.h"

#define VALUE_MAX 4096 /* bytes of a file, as policy/field.h has it */

static void __attribute__((format(printf, 3, 4)))
say(struct origin *o, enum have have, const char *fmt, ...)
{
	size_t len = strlen(o->text);
	va_list ap;

	o->have = have;
	va_start(ap, fmt);
	vsnprintf(o->text + len, sizeof(o->text) - len, fmt, ap);
	va_end(ap);
}

/* Whether anything stands in the file but the newline at its end. */
static void
look_into(int fd, const struct stat *st, struct origin *o)
{
	char first[3] = "";
	ssize_t len = file_read(fd, first, 2);

	if (st->st_size > VALUE_MAX)
		say(o, HAVE_FAULT, "is over %d bytes long", VALUE_MAX);
	else if (len < 0)
		say(o, HAVE_FAULT, "cannot be read");
	else if (len == 0 || strcmp(first, "\n") == 0 ||
		 (st->st_size == 2 && strcmp(first, "\r\n") == 0))
		say(o, HAVE_FAULT, "is empty");
	else
		say(o, HAVE_VALUE, "there");
	explicit_bzero(first, sizeof(first));
}

static void
look_at_file(struct card *c, const struct source *s, struct origin *o)
{
	struct file_fault fault;
	const char *why;
	struct stat st;
	char *path;
	int fd;

	say(o, HAVE_FAULT, "file:%s", s->text);
	path = template_expand(s->text, &c->id, &why);
	if (path == NULL) {
		say(o, HAVE_FAULT, ": %s", why);
		return;
	}
	if (strcmp(path, s->text) != 0)
		say(o, HAVE_FAULT, " -> %s", path);
	say(o, HAVE_FAULT, ": ");
	fd = file_open(path, FILE_TRUSTED | FILE_OWN, &st, &fault);
	if (fd < 0) {
		say(o, HAVE_FAULT, "%s%s%s", fault.what, fault.remedy != NULL ? "; " : "",
		    fault.remedy != NULL ? fault.remedy : "");
	} else {
		look_into(fd, &st, o);
		close(fd);
	}
	o->own = template_is_own(s->text);
	free(path);
}

static void
look_at_field(struct card *c, const struct description *desc, const char *name, struct origin *o)
{
	const struct source *s = c->binding != NULL ? binding_source(c->binding, name) : NULL;
	const struct field *f = description_field(desc, name);
	const char *env;

	say(o, HAVE_NONE, "field %.80s, ", name);
	if (s == NULL && f != NULL && f->preset != NULL) {
		say(o, HAVE_VALUE, "default on line %u", f->line);
	} else if (s == NULL) {
		say(o, HAVE_NONE, "which has neither a source in the binding nor a default");
	} else if (s->kind == SOURCE_DIALOG) {
		say(o, HAVE_ASKED, "dialog: a person is asked, or the application is");
	} else if (s->kind == SOURCE_ENV) {
		env = secure_getenv(s->text);
		say(o, env != NULL && env[0] != '\0' ? HAVE_VALUE : HAVE_FAULT,
		    "environment variable %s: %s here", s->text,
		    env == NULL      ? "not set"
		    : env[0] != '\0' ? "set"
				     : "empty");
	} else {
		look_at_file(c, s, o);
	}
}

/* A key that is none would be refused when it is used. */
static void
look_at_key(struct card *c, const struct description *desc, const struct value *v, struct origin *o)
{
	struct field_context context = {.binding = c->binding, .id = &c->id};
	enum key_fault fault;
	struct resolved r;

	if (!field_resolve(&context, desc, v, &r))
		return;
	if (r.kind == VALUE_LITERAL) {
		fault = description_offline(desc) ? key_parse_manager(r.value, NULL, NULL, NULL)
						  : key_parse(r.value, false, NULL, NULL);
		if (description_offline(desc) && fault == KEY_GOOD)
			say(o, HAVE_VALUE, ", which answers challenges and opens the card's box");
		else if (fault != KEY_GOOD)
			say(o, HAVE_FAULT, ", but no good key: %s", key_fault_text(fault));
		else if (c->profile.so_form == SO_FORM_PUK)
			say(o, HAVE_FAULT, ", but this module takes a PUK, no card manager key");
		else if (c->profile.so_form == SO_FORM_KEY)
			say(o, HAVE_FAULT,
			    ", but a PUK alone unblocks this card; its key can be changed by "
			    "p11-latch apply");
	}
	resolved_free(&r);
}

void
explain_origin(struct card *c, const struct description *desc, const struct value *v, bool key,
    struct origin *o)
{
	memset(o, 0, sizeof(*o));
	switch (v->kind) {
	case VALUE_NONE:
		say(o, HAVE_NONE, "not there");
		break;
	case VALUE_LITERAL:
		say(o, HAVE_VALUE, "literal on line %u", v->line);
		break;
	case VALUE_DIALOG:
		say(o, HAVE_ASKED, "%sdialog: a person is asked, or the application is",
		    v->dialog_auto ? "the reader's PIN pad where there is one, else a " : "");
		break;
	case VALUE_PIN_PAD:
		say(o, HAVE_ASKED, "the reader's PIN pad");
		break;
	case VALUE_FIELD:
		look_at_field(c, desc, v->field, o);
		break;
	}
	if (key && o->have == HAVE_VALUE)
		look_at_key(c, desc, v, o);
}

static void
print_element(struct card *c, const struct description *desc, const char *name,
    const struct value *v, FILE *out)
{
	struct origin o;

	if (v->kind == VALUE_NONE)
		return;
	explain_origin(c, desc, v, strstr(name, "Key") != NULL, &o);
	fprintf(out, "    %-20s %s%s%s\n", name, o.have == HAVE_FAULT ? "FAILS: " : "", o.text,
	    o.own ? " (this card's own)" : "");
}

static void
print_description(struct card *c, const char *element, const struct description *desc, FILE *out)
{
	const struct {
		const char *name;
		bool is;
	} switches[] = {{"BlockCard=true", desc->block_card}, {"InitToken=true", desc->init_token},
	    {"SetPIN=true", desc->set_pin}, {"InitCRKey=true", desc->init_cr_key},
	    {"UseCardManagerKey=true", desc->use_card_manager_key}};
	size_t i;

	fprintf(out, "  %s=%s\n", element, desc->file);
	for (i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		if (switches[i].is)
			fprintf(out, "    %s\n", switches[i].name);
	}
	print_element(c, desc, "InitialLabel=", &desc->label, out);
	print_element(c, desc, "PIN=", &desc->pin, out);
	print_element(c, desc, "InitialPUK=", &desc->initial_puk, out);
	print_element(c, desc, "PUK=", &desc->puk, out);
	print_element(c, desc, "CardManagerKey=", &desc->card_manager_key, out);
	print_element(c, desc, "NewCardManagerKey=", &desc->new_card_manager_key, out);
	if (desc->select_by_serial)
		print_element(c, desc, "SelectCriteriaIccsn=", &desc->serial, out);
	for (i = 0; i < desc->n_clear_fields; i++)
		fprintf(out, "%s%s%s", i == 0 ? "    ClearFields=         " : ",",
		    desc->clear_fields[i],
		    i + 1 == desc->n_clear_fields ? ", wiped from their files after success\n"
						  : "");
	if (!description_offline(desc))
		return;
	if (!offline_possible(c))
		fputs(
		    "    REFUSED: with this module no SO PIN unblocks a card, and there is nothing "
		    "that tickets could hold\n",
		    out);
	else if (desc->init_cr_key)
		fprintf(
		    out, "    Tickets=%-12u that a card gets (policy.conf)\n", c->binding->tickets);
}

void
explain_descriptions(struct card *c, FILE *out)
{
	const struct binding *b = c->binding;

	fputs("Descriptions\n", out);
	if (b->personalize != NULL)
		print_description(c, "Personalize", b->personalize, out);
	else
		fputs("  Personalize= is not there: no card is personalized under this binding\n",
		    out);
	if (b->unblock != NULL)
		print_description(c, "Unblock", b->unblock, out);
	else
		fputs("  Unblock= is not there: a card is unblocked by its PUK, presented\n", out);
}
