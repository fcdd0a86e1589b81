/* SPDX-License-Identifier: BSD-3-Clause */
/* What elements need of each other, and what they exclude (design, section 4). */
#include "policy/consistency.h"

#include <sys/stat.h>

#include "policy/element.h"

struct check {
	const struct description *desc;
	const struct ini *ini;
	const struct placed_elements *at;
	struct diags *d;
};

static const struct ini_entry *
entry(const struct check *c, const char *name)
{
	const struct element *e = element_find(name, false);

	return e == NULL ? NULL : c->at->entry[e - elements];
}

static struct place
place_of(const struct check *c, const char *name)
{
	return ini_place_name(c->ini, entry(c, name));
}

/* InitialPUK= and PUK= beside CardManagerKey= and NewCardManagerKey=: which one is the card's? */
static void
check_exclusion(const struct check *c)
{
	static const char *const puks[] = {"InitialPUK", "PUK"};
	static const char *const keys[] = {"CardManagerKey", "NewCardManagerKey"};
	const struct ini_entry *key = entry(c, keys[0]) ? entry(c, keys[0]) : entry(c, keys[1]);

	for (size_t i = 0; key != NULL && i < 2; i++) {
		if (entry(c, puks[i]) != NULL)
			diag_add(c->d, DIAG_ERROR, place_of(c, puks[i]),
			    "a card has either a PUK or a card manager key: remove the other",
			    "%s= beside %s= on line %u", puks[i],
			    entry(c, keys[0]) ? keys[0] : keys[1], key->line);
	}
}

/* SetPIN=true, without which PIN=, PUK= and NewCardManagerKey= do nothing. */
static void
check_set_pin(const struct check *c)
{
	static const char *const settable[] = {"PIN", "PUK", "NewCardManagerKey"};
	const struct description *desc = c->desc;
	bool any = false, so;

	for (size_t i = 0; i < 3; i++) {
		any = any || entry(c, settable[i]) != NULL;
		if (entry(c, settable[i]) != NULL && !desc->set_pin)
			diag_add(c->d, DIAG_WARNING, place_of(c, settable[i]), "add SetPIN=true",
			    "%s= has no effect without SetPIN=true", settable[i]);
	}
	if (!desc->set_pin || c->ini->unread)
		return;
	if (!any)
		diag_add(c->d, DIAG_ERROR, place_of(c, "SetPIN"),
		    "add PIN=, PUK= or NewCardManagerKey=", "SetPIN=true with nothing to set");
	so = entry(c, "InitialPUK") != NULL || entry(c, "CardManagerKey") != NULL;
	/* A dialog for old and new PIN is a change of the PIN, which needs the old one only. */
	if (so || !any || desc->init_token ||
	    (desc->pin.dialog == 3 && entry(c, "PUK") == NULL &&
		entry(c, "NewCardManagerKey") == NULL))
		return;
	diag_add(c->d, DIAG_ERROR, place_of(c, "SetPIN"),
	    "add InitialPUK= or CardManagerKey=, the one that the card has now",
	    "InitialPUK= and CardManagerKey= are both missing, and an unblock needs one");
}

static void
check_init_token(const struct check *c)
{
	if (entry(c, "InitialLabel") != NULL && !c->desc->init_token)
		diag_add(c->d, DIAG_WARNING, place_of(c, "InitialLabel"), "add InitToken=true",
		    "InitialLabel= has no effect without InitToken=true");
	if (c->desc->init_token && entry(c, "InitialPUK") == NULL &&
	    entry(c, "CardManagerKey") == NULL)
		diag_add(c->d, DIAG_ERROR, place_of(c, "InitToken"),
		    "add InitialPUK=, the PUK that the card gets",
		    "InitToken=true without InitialPUK=");
}

static void
check_offline(const struct check *c)
{
	const struct description *desc = c->desc;

	if (desc->init_cr_key && !desc->use_card_manager_key)
		diag_add(c->d, DIAG_ERROR, place_of(c, "InitCRKey"),
		    "add UseCardManagerKey=true and CardManagerKey=",
		    "InitCRKey=true without UseCardManagerKey=true");
	else if (desc->init_cr_key && entry(c, "CardManagerKey") == NULL)
		diag_add(c->d, DIAG_ERROR, place_of(c, "InitCRKey"),
		    "add CardManagerKey=, the key that the helpdesk answers with",
		    "InitCRKey=true without CardManagerKey=");
	else if (desc->use_card_manager_key && entry(c, "CardManagerKey") == NULL)
		diag_add(c->d, DIAG_ERROR, place_of(c, "UseCardManagerKey"),
		    "add CardManagerKey=, the key that the helpdesk answers with",
		    "UseCardManagerKey=true without CardManagerKey=");
	else if (desc->use_card_manager_key && !desc->init_cr_key && !desc->set_pin)
		diag_add(c->d, DIAG_WARNING, place_of(c, "UseCardManagerKey"),
		    "add InitCRKey=true, which makes a card unblockable offline, or SetPIN=true, "
		    "which unblocks one",
		    "UseCardManagerKey=true has no effect without InitCRKey=true or SetPIN=true");
	if (desc->use_card_manager_key && desc->init_token && !desc->init_cr_key)
		diag_add(c->d, DIAG_ERROR, place_of(c, "InitToken"),
		    "add InitCRKey=true, or leave UseCardManagerKey= out",
		    "InitToken=true with UseCardManagerKey=true and without InitCRKey=true: "
		    "nobody would know its PUK");
	if (desc->use_card_manager_key && desc->init_token && entry(c, "NewCardManagerKey") != NULL)
		diag_add(c->d, DIAG_ERROR, place_of(c, "NewCardManagerKey"),
		    "write that key as CardManagerKey=, and leave this element out",
		    "NewCardManagerKey= with InitToken=true: a new card has no older key");
}

static void
check_selection(const struct check *c)
{
	if (c->desc->select_by_serial && entry(c, "SelectCriteriaIccsn") == NULL)
		diag_add(c->d, DIAG_ERROR, place_of(c, "UseSelectCriteriaIccsn"),
		    "add SelectCriteriaIccsn=, the serial number of the card",
		    "UseSelectCriteriaIccsn=true without SelectCriteriaIccsn=");
	if (entry(c, "SelectCriteriaIccsn") != NULL && !c->desc->select_by_serial)
		diag_add(c->d, DIAG_WARNING, place_of(c, "SelectCriteriaIccsn"),
		    "add UseSelectCriteriaIccsn=true",
		    "SelectCriteriaIccsn= has no effect without UseSelectCriteriaIccsn=true");
}

/* Secrets in the file itself are everybody's who may read it. */
static void
check_readers(const struct check *c)
{
	const struct description *desc = c->desc;
	const struct value *values[] = {&desc->pin, &desc->initial_puk, &desc->puk,
	    &desc->card_manager_key, &desc->new_card_manager_key};

	if ((c->ini->mode & S_IROTH) == 0)
		return;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		const struct value *v = values[i];
		const struct field *f =
		    v->kind == VALUE_FIELD ? description_field(desc, v->field) : NULL;

		if (v->kind != VALUE_LITERAL && (f == NULL || f->preset == NULL))
			continue;
		diag_add(c->d, DIAG_WARNING,
		    (struct place){
			desc->file, f == NULL ? v->line : f->line, f == NULL ? v->column : 0},
		    "take that away: chmod o-r",
		    "a secret stands here, and others can read this "
		    "file (mode %04o)",
		    c->ini->mode);
		return;
	}
}

static void
check_use(const struct check *c)
{
	const struct description *desc = c->desc;

	if (!desc->block_card && !desc->set_pin && !desc->init_token && !desc->init_cr_key)
		diag_add(c->d, DIAG_WARNING, (struct place){desc->file, 0, 0},
		    "write BlockCard=true in [Application_B], or SetPIN=true or InitToken=true in "
		    "[Description]",
		    "nothing in this file does anything");
}

void
consistency_check(const struct description *desc, const struct ini *ini,
    const struct placed_elements *at, struct diags *d)
{
	const struct check c = {desc, ini, at, d};

	check_exclusion(&c);
	check_set_pin(&c);
	check_init_token(&c);
	check_offline(&c);
	check_selection(&c);
	check_readers(&c);
	check_use(&c);
}
