/* SPDX-License-Identifier: BSD-3-Clause */
/* What is allowed in a binding, but probably not meant. */
#include <strings.h>

#include "policy/binding_read.h"
#include "policy/template.h"

/* The element of the section, or the header where it does not stand there. */
static struct place
place_of(const struct binding_reader *r, const struct ini_section *section, const char *name)
{
	for (size_t i = 0; i < section->n; i++) {
		if (strcasecmp(section->entries[i].name, name) == 0)
			return ini_place_value(r->ini, &section->entries[i]);
	}
	return (struct place){r->ini->file, section->line, section->column};
}

/* Whether the value can be had without anybody being asked. */
static bool
is_held(const struct binding *b, const struct description *desc, const struct value *v)
{
	const struct source *s;
	const struct field *f;

	if (v->kind == VALUE_LITERAL)
		return true;
	if (v->kind != VALUE_FIELD)
		return false;
	s = binding_source(b, v->field);
	if (s != NULL)
		return s->kind != SOURCE_DIALOG;
	f = description_field(desc, v->field);
	return f != NULL && f->preset != NULL;
}

/* Whether one value serves every card. */
static bool
is_same_for_all(const struct binding *b, const struct description *desc, const struct value *v)
{
	const struct source *s = v->kind == VALUE_FIELD ? binding_source(b, v->field) : NULL;

	if (!is_held(b, desc, v))
		return false;
	return s == NULL || s->kind != SOURCE_FILE || !template_is_own(s->text);
}

static void
advise_letter(struct binding_reader *r, const struct ini_section *section)
{
	const struct binding *b = r->binding;
	const struct description *desc = b->unblock;

	/* A binding for one card has one value for all the cards that it governs. */
	if (desc == NULL || b->pin_letter || b->serial != NULL || !desc->set_pin ||
	    !is_same_for_all(b, desc, &desc->pin))
		return;
	diag_add(r->d, DIAG_WARNING, place_of(r, section, "Unblock"),
	    "give each card its own (Field.PIN=file:/...{serial}), or write PinLetter=yes if it is "
	    "meant so",
	    "PIN= (%s:%u) is the same for every card, and therefore no PIN letter", desc->file,
	    desc->pin.line);
}

/* Whether the policy holds what a card can be scrambled with before it has tickets. */
static bool
holds_so(const struct binding *b, const struct description *desc)
{
	return desc != NULL && !description_offline(desc) && is_held(b, desc, description_so(desc));
}

static const char *
remedy_of_death(const struct binding *b)
{
	if (description_offline(b->personalize))
		return "have p11-latch apply set the first PIN (InitToken=true, SetPIN=true), "
		       "which needs no PUK of a program's";
	return "give a description of this binding InitialPUK= or CardManagerKey= with a value or "
	       "a file";
}

static void
advise_death(struct binding_reader *r, const struct ini_section *section)
{
	const struct binding *b = r->binding;

	if (b->personalize == NULL || !b->personalize->block_card ||
	    b->block_method == BLOCK_LOCK || holds_so(b, b->personalize) || holds_so(b, b->unblock))
		return;
	diag_add(r->d, DIAG_WARNING, place_of(r, section, "Personalize"), remedy_of_death(b),
	    "if program and watcher are both killed during a personalization, a card that does not "
	    "lock by itself is refused by p11-latch, but not blocked: no PUK or key stands here to "
	    "block it with");
}

static void
advise_use(struct binding_reader *r, const struct ini_section *section)
{
	const struct binding *b = r->binding;

	if (b->personalize != NULL && !b->personalize->block_card && !b->personalize->init_cr_key)
		diag_add(r->d, DIAG_WARNING, place_of(r, section, "Personalize"),
		    "write BlockCard=true in its [Application_B]",
		    "this description blocks no card after personalization");
	if (b->personalize != NULL && b->personalize->init_cr_key &&
	    !is_held(b, b->personalize, &b->personalize->card_manager_key))
		diag_add(r->d, DIAG_WARNING, place_of(r, section, "Personalize"),
		    "name a file in which the key is: Field.NAME=file:/...",
		    "nobody is asked for CardManagerKey= at the end of a personalization: cards "
		    "get no tickets");
	if (b->unblock != NULL && description_offline(b->unblock) &&
	    description_new_so(b->unblock)->kind == VALUE_NONE && b->unblock->init_cr_key)
		diag_add(r->d, DIAG_NOTE, place_of(r, section, "Unblock"),
		    "leave InitCRKey= out there, if they are to go on with what is left of theirs",
		    "each unblocking with the card manager key makes all tickets of a card anew");
	if (b->unblock != NULL && !b->unblock->set_pin)
		diag_add(r->d, DIAG_WARNING, place_of(r, section, "Unblock"),
		    "write SetPIN=true and PIN= in its [Description]",
		    "this description unblocks nothing");
}

static void
advise_fields(struct binding_reader *r, const struct ini_section *section, const char *element,
    const struct description *desc)
{
	const struct value *values[] = {&desc->pin, &desc->initial_puk, &desc->puk,
	    &desc->card_manager_key, &desc->new_card_manager_key, &desc->serial, &desc->label};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		const char *name = values[i]->kind == VALUE_FIELD ? values[i]->field : NULL;
		const struct field *f = name == NULL ? NULL : description_field(desc, name);

		if (f == NULL || f->preset != NULL || binding_source(r->binding, name) != NULL)
			continue;
		diag_add(r->d, DIAG_NOTE, place_of(r, section, element),
		    "if it should have one, write Field.NAME=SOURCE",
		    "field %.80s of this description has no source here and no default", name);
	}
}

void
binding_advise(struct binding_reader *r, const struct ini_section *section)
{
	const struct binding *b = r->binding;

	advise_use(r, section);
	advise_death(r, section);
	advise_letter(r, section);
	if (b->personalize != NULL)
		advise_fields(r, section, "Personalize", b->personalize);
	if (b->unblock != NULL && b->unblock != b->personalize)
		advise_fields(r, section, "Unblock", b->unblock);
}
