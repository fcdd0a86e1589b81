/* SPDX-License-Identifier: BSD-3-Clause */
/* What would happen to a card, and why: its binding and its profile; the rest is in the parts. */
#include <string.h>

#include "card/explain.h"
#include "card/explain_part.h"
#include "policy/log.h"

#define OTHERS_MOST 20 /* bindings that do not match, listed one by one */

static void
print_state(const struct known *k, FILE *out)
{
	const struct record *r = &k->record;

	if (k->damaged)
		fputs("its record is damaged", out);
	else if (r->state == RECORD_NONE)
		fputs("no record of it", out);
	else if (r->method == METHOD_NONE)
		fputs(record_state_name(r->state), out);
	else
		fprintf(
		    out, "%s by %s", record_state_name(r->state), record_method_name(r->method));
	fputs(k->present ? ", in a reader\n" : ", not in a reader\n", out);
}

/* --- Binding ------------------------------------------------------------------------------------
 */

/* The attributes of a binding in the order in which they count. */
struct attribute {
	const char *name, *wanted, *is;
};

static void
attributes_of(const struct binding *b, const struct identity *id, struct attribute a[4])
{
	a[0] = (struct attribute){"serial", b->serial, id->serial};
	a[1] = (struct attribute){"token", b->label, id->label};
	a[2] = (struct attribute){"model", b->model, id->model};
	a[3] = (struct attribute){"manufacturer", b->manufacturer, id->manufacturer};
}

static const char *
why_not(const struct binding *b, const struct identity *id)
{
	struct attribute a[4];
	size_t i;

	attributes_of(b, id, a);
	for (i = 0; i < 4; i++) {
		if (a[i].wanted != NULL && strcmp(a[i].wanted, a[i].is) != 0)
			return a[i].name;
	}
	return "nothing";
}

/* The first attribute that the one has and the other has not. */
static const char *
what_more(const struct binding *b, const struct binding *than, const struct identity *id)
{
	struct attribute a[4], t[4];
	size_t i;

	attributes_of(b, id, a);
	attributes_of(than, id, t);
	for (i = 0; i < 4; i++) {
		if (a[i].wanted != NULL && t[i].wanted == NULL)
			return a[i].name;
		if (a[i].wanted == NULL && t[i].wanted != NULL)
			break;
	}
	return NULL;
}

static void
print_other(
    const struct binding *b, const struct binding *governs, const struct identity *id, FILE *out)
{
	const char *more = governs != NULL ? what_more(governs, b, id) : NULL;

	fprintf(out, "  not [%s] (line %u): ", b->uri, b->line);
	if (!binding_matches(b, id))
		fprintf(out, "this card's %s= is another\n", why_not(b, id));
	else if (more != NULL)
		fprintf(out, "matches too, but is less specific: it lacks %s=\n", more);
	else
		fputs("matches just as well\n", out);
}

static void
print_bindings(
    const struct policy *p, const struct binding *governs, const struct identity *id, FILE *out)
{
	size_t i, others = 0;

	fprintf(out, "Binding, of %s\n", p->file);
	if (governs != NULL)
		fprintf(out, "  [%s] (line %u): the most specific that matches\n", governs->uri,
		    governs->line);
	else
		fputs("  none\n", out);
	for (i = 0; i < p->n; i++) {
		const struct binding *b = &p->bindings[i];

		if (b == governs || (!binding_matches(b, id) && others++ >= OTHERS_MOST))
			continue;
		print_other(b, governs, id, out);
	}
	if (others > OTHERS_MOST)
		fprintf(out, "  and %zu more that do not match\n", others - OTHERS_MOST);
}

/* --- Profile ------------------------------------------------------------------------------------
 */

static void
print_quoted(const char *before, const char *text, const char *after, FILE *out)
{
	fprintf(out, "%s\"", before);
	log_print_escaped(out, text);
	fprintf(out, "\"%s", after);
}

static void
print_names(const struct vendor *v, const struct identity *id, FILE *out)
{
	print_quoted("the library's manufacturer ", v->manufacturer, " and ", out);
	print_quoted("description ", v->description, ", and ", out);
	print_quoted("the token's manufacturer ", id->manufacturer, " and ", out);
	print_quoted("model ", id->model, "\n", out);
}

static void
print_why_profile(const struct card *c, FILE *out)
{
	const struct config *config = c->office->config;

	if (c->binding != NULL && c->binding->profile != NULL)
		fputs("Profile= of the binding\n", out);
	else if (strcmp(config->profile, "auto") != 0)
		fprintf(out, "Profile= of %s\n", config->file);
	else {
		fputs(
		    strcmp(c->profile.name, "generic") == 0 ? "no other is known by " : "found by ",
		    out);
		print_names(c->office->vendor, &c->id, out);
	}
}

static void
print_profile(const struct card *c, FILE *out)
{
	static const char *const counters[] = {
	    [SO_COUNTER_NONE] = "wrong SO PINs cost nothing",
	    [SO_COUNTER_FLAGS] = "wrong SO PINs are counted, and its flags show it",
	    [SO_COUNTER_HIDDEN] = "wrong SO PINs are counted, and no flag shows it",
	};
	static const char *const forms[] = {
	    [SO_FORM_TEXT] = "a PUK, or a key as its digits",
	    [SO_FORM_PUK] = "a PUK",
	    [SO_FORM_RAW] = "a PUK, or a key as its bytes",
	    [SO_FORM_KEY] = "a PUK; a key of 48 digits unblocks nothing, and can be changed",
	};
	static const char *const calls[] = {
	    [UNBLOCK_BY_INIT_PIN] = "login as SO, and C_InitPIN",
	    [UNBLOCK_BY_SET_PIN] = "C_SetPIN with the PUK, without a login",
	    [UNBLOCK_BY_PUK_PIN] = "C_SetPIN with \"puk:\" and the PUK, without a login",
	};
	const struct profile *p = &c->profile;
	const struct binding *b = c->binding;
	size_t i;

	fprintf(out, "Profile\n  %s: ", p->name);
	print_why_profile(c, out);
	for (i = 0; b != NULL && i < b->n_overrides; i++)
		fprintf(out, "  Profile.%s=%s (line %u) overrides it\n", b->overrides[i].column,
		    b->overrides[i].value, b->overrides[i].line);
	fprintf(out, "  SO secret: %s; %s\n", forms[p->so_form], counters[p->so_counter]);
	fprintf(out, "  unblocked by: %s\n", calls[p->unblock_style]);
	fprintf(out, "  known by: manufacturer, model, serial number%s\n",
	    p->label_identity ? " and label" : "");
	if (p->caches)
		fputs("  a program that was started before a block or unblock is to be restarted\n",
		    out);
	if (p->never_guess)
		fputs("  no value that may be wrong is ever sent to it\n", out);
}

/* --- All ----------------------------------------------------------------------------------------
 */

static bool
read_state(struct card *c, const struct known *k)
{
	if (k->damaged)
		return true;
	return card_read(c) == CKR_OK;
}

bool
explain_card(struct office *o, const struct known *k, FILE *out)
{
	const struct binding *governs = NULL;
	char uri[IDENTITY_URI_MAX];
	struct diags d = {0};
	struct card c;
	bool tie;

	identity_uri(&k->id, uri);
	fprintf(out, "%s: ", uri);
	print_state(k, out);
	if (o->policy != NULL) {
		governs = policy_match(o->policy, &k->id, &tie, &d);
		diags_free(&d);
		print_bindings(o->policy, governs, &k->id, out);
	}
	/* It logs what is in the way: an error in the policy, a tie, no such profile. */
	if (card_identify(&c, o, &k->id) != CKR_OK)
		return false;
	print_profile(&c, out);
	c.info = k->info;
	if (k->present && !card_fits(&c)) {
		card_close(&c);
		return false;
	}
	if (!read_state(&c, k)) {
		card_close(&c);
		return false;
	}
	if (c.binding == NULL) {
		fputs("Nothing governs this card: p11-latch hands every call on as it is.\n", out);
	} else {
		explain_descriptions(&c, out);
		explain_blocking(&c, out);
		explain_unblocking(&c, out);
	}
	card_close(&c);
	return true;
}
