/* SPDX-License-Identifier: BSD-3-Clause */
/* The card manager key that the policy has for a card that is elsewhere, by its URI alone. */
#include <stdio.h>
#include <string.h>

#include "policy/binding.h"
#include "policy/config.h"
#include "policy/log.h"
#include "policy/uri.h"
#include "tool/respond.h"
#include "tool/tool.h"

static bool
may_be(const char *a, const char *b)
{
	return a == NULL || b == NULL || strcmp(a, b) == 0;
}

/* Whether the card may be one that the binding matches, as far as the URI says which it is. */
static bool
may_match(const struct binding *b, const struct criteria *c)
{
	return may_be(b->serial, c->serial) && may_be(b->label, c->label) &&
	       may_be(b->model, c->model) && may_be(b->manufacturer, c->manufacturer);
}

/* Whether the URI says all that the binding wants. */
static bool
does_match(const struct binding *b, const struct criteria *c)
{
	return may_match(b, c) && (b->serial == NULL || c->serial != NULL) &&
	       (b->label == NULL || c->label != NULL) && (b->model == NULL || c->model != NULL) &&
	       (b->manufacturer == NULL || c->manufacturer != NULL);
}

static unsigned
rank(const struct binding *b)
{
	struct criteria c = {b->manufacturer, b->model, b->serial, b->label};

	return criteria_rank(&c);
}

/*
 * The binding that governs the card. A URI that says little may fit several: then it has to say
 * enough for the most specific, or another card's key would be taken. Two that are equally
 * specific and match the same cards are an error of the policy.
 */
static const struct binding *
find_binding(const struct policy *p, const char *uri, const struct criteria *c)
{
	const struct binding *best = NULL, *other = NULL;

	for (size_t i = 0; i < p->n; i++) {
		const struct binding *b = &p->bindings[i];

		if (!may_match(b, c))
			continue;
		if (best == NULL || rank(b) > rank(best)) {
			other = best;
			best = b;
		} else if (other == NULL || rank(b) > rank(other)) {
			other = b;
		}
	}
	if (best == NULL)
		fprintf(stderr, "p11-latch: %s: no binding in %s is for this card\n", uri, p->file);
	else if (other != NULL && !does_match(best, c))
		fprintf(stderr,
		    "p11-latch: %s: this may be a card of the binding on line %u or on line %u of "
		    "%s; write more of the URI that p11-latch status prints of the card\n",
		    uri, best->line, other->line, p->file);
	else
		return best;
	return NULL;
}

static void
set(char *to, size_t size, const char *from_uri, const char *from_binding)
{
	const char *from = from_uri != NULL ? from_uri : from_binding;

	snprintf(to, size, "%s", from != NULL ? from : "");
}

/* What is known of the card: {serial} and the like of file: need it. */
static void
identify(const struct criteria *c, const struct binding *b, struct identity *id)
{
	set(id->manufacturer, sizeof(id->manufacturer), c->manufacturer, b->manufacturer);
	set(id->model, sizeof(id->model), c->model, b->model);
	set(id->serial, sizeof(id->serial), c->serial, b->serial);
	set(id->label, sizeof(id->label), c->label, b->label);
}

/* Each value that is given is the key's: another would leave the policy's key in its place. */
static bool
given_is_key(const struct given *given, const struct description *desc)
{
	const struct value *v = &desc->card_manager_key;

	if (!given_declared(given, desc, NULL))
		return false;
	for (; given != NULL; given = given->next) {
		if (v->kind == VALUE_FIELD && strcmp(v->field, given->name) == 0)
			continue;
		log_error("--field %s: %s:%u: CardManagerKey= is not that field, but %s%s; the "
			  "response would be computed under another key than the one that was "
			  "given",
		    given->name, desc->file, v->line,
		    v->kind == VALUE_FIELD ? "field " : "no field",
		    v->kind == VALUE_FIELD ? v->field : "");
		return false;
	}
	return true;
}

/* The attribute of the URI that a path needs and the card is not known by; NULL: none. */
static const char *
missing(const char *path, const struct identity *id)
{
	const struct {
		const char *part, *value, *attribute;
	} parts[] = {
	    {"{serial}", id->serial, "serial="},
	    {"{model}", id->model, "model="},
	    {"{manufacturer}", id->manufacturer, "manufacturer="},
	    {"{label}", id->label, "token="},
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strstr(path, parts[i].part) != NULL && parts[i].value[0] == '\0')
			return parts[i].attribute;
	}
	return NULL;
}

/* The card is elsewhere: what its URI leaves out is to be asked for on the phone. */
static bool
says_enough(const char *uri, const struct value *v, const struct field_context *c)
{
	const struct source *s;
	const char *attribute;

	if (v->kind != VALUE_FIELD)
		return true;
	for (const struct given *g = c->given; g != NULL; g = g->next) {
		if (strcmp(g->name, v->field) == 0)
			return true;
	}
	s = binding_source(c->binding, v->field);
	attribute = s != NULL && s->kind == SOURCE_FILE ? missing(s->text, c->id) : NULL;
	if (attribute != NULL)
		fprintf(stderr,
		    "p11-latch: %s: the card's key is in %s, and this URI says no %s; ask the "
		    "holder of the card for it (p11-latch status prints it), and add it to the "
		    "URI\n",
		    uri, s->text, attribute);
	return attribute == NULL;
}

/* A value that the policy leaves to a dialog; a field of the description is given by its name. */
static struct secret *
ask_for(const struct value *v)
{
	char instead[120] = "leave the URI out, give --field CARD_MANAGER_KEY=-";

	if (v->kind == VALUE_FIELD)
		snprintf(instead, sizeof(instead), "give --field %.80s=-", v->field);
	return tool_ask("Card manager key", false, instead);
}

static struct secret *
resolve(
    const char *uri, const struct binding *b, const struct criteria *c, const struct given *given)
{
	const struct description *desc = b->unblock;
	struct identity id;
	struct field_context context = {.binding = b, .id = &id, .given = given};
	struct secret *key = NULL;
	struct resolved r;

	if (desc == NULL || desc->card_manager_key.kind == VALUE_NONE)
		desc = b->personalize;
	if (desc == NULL || desc->card_manager_key.kind == VALUE_NONE) {
		fprintf(stderr,
		    "p11-latch: %s: the binding on line %u of policy.conf names no description "
		    "with CardManagerKey=; give the key by --field CARD_MANAGER_KEY=@FILE\n",
		    uri, b->line);
		return NULL;
	}
	identify(c, b, &id);
	if (!given_is_key(given, desc) || !says_enough(uri, &desc->card_manager_key, &context) ||
	    !field_resolve(&context, desc, &desc->card_manager_key, &r))
		return NULL;
	if (desc->new_card_manager_key.kind != VALUE_NONE)
		log_warning("%s: %s also has NewCardManagerKey=; the response is computed under "
			    "CardManagerKey=, and is right only for a card that has not the new "
			    "key yet",
		    uri, desc->file);
	key = r.kind == VALUE_LITERAL ? secret_dup(r.value) : ask_for(&desc->card_manager_key);
	resolved_free(&r);
	return key;
}

static struct policy *
read_policy(void)
{
	struct config *config = tool_read_config();
	struct policy *p = NULL;
	struct diags d = {0};

	if (config == NULL)
		return NULL;
	p = policy_read(config->policy, &d);
	/* Warnings are what p11-latch check is for. */
	if (p == NULL)
		diags_log(&d);
	diags_free(&d);
	config_free(config);
	return p;
}

struct secret *
respond_key_of(const char *uri, const struct given *given)
{
	struct secret *key = NULL;
	struct criteria c = {0};
	const struct binding *b;
	struct policy *p = NULL;
	struct diags d = {0};

	if (uri_parse(uri, (struct place){.file = "the command line"}, &d, &c))
		p = read_policy();
	diags_log(&d);
	diags_free(&d);
	if (p != NULL) {
		b = find_binding(p, uri, &c);
		if (b != NULL)
			key = resolve(uri, b, &c, given);
	}
	policy_free(p);
	criteria_free(&c);
	return key;
}
