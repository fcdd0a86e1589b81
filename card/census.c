/* SPDX-License-Identifier: BSD-3-Clause */
/* All cards that there are: those in their readers, and those that only a record tells of. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "card/card.h"
#include "card/census.h"
#include "card/records.h"
#include "policy/log.h"

#define KNOWN_MOST 4096

struct census {
	struct known *list;
	size_t n, size;
	const struct criteria *criteria;
	const char *state_dir;
};

static struct known *
add(struct census *s, const struct identity *id)
{
	struct known *k;

	if (s->n == s->size) {
		size_t size = s->size == 0 ? 16 : 2 * s->size;

		if (size > KNOWN_MOST)
			return NULL;
		k = reallocarray(s->list, size, sizeof(*k));
		if (k == NULL)
			return NULL;
		s->list = k;
		s->size = size;
	}
	k = &s->list[s->n++];
	memset(k, 0, sizeof(*k));
	k->id = *id;
	return k;
}

/* Whether the token is a card that is listed already, by another of its slots. */
static bool
is_listed(const struct census *s, struct office *o, const struct token *t)
{
	struct card c;
	size_t i;

	for (i = 0; i < s->n; i++) {
		const struct known *k = &s->list[i];

		if (!identity_equal(&k->id, &t->id, false) ||
		    !vendor_one_reader(o->vendor, k->slot, t->slot) ||
		    card_identify(&c, o, &k->id) != CKR_OK)
			continue;
		if (c.profile.many_slots) {
			card_close(&c);
			return true;
		}
		card_close(&c);
	}
	return false;
}

static CK_RV
list_tokens(struct census *s, struct office *o)
{
	struct token *tokens = NULL;
	struct known *k;
	size_t i, n = 0;
	CK_RV rv;

	rv = vendor_tokens(o->vendor, &tokens, &n);
	if (rv != CKR_OK)
		log_error("%s: its tokens cannot be listed: %s", o->vendor->path, rv_name(rv));
	for (i = 0; rv == CKR_OK && i < n; i++) {
		if ((s->criteria != NULL && !criteria_match(s->criteria, &tokens[i].id)) ||
		    is_listed(s, o, &tokens[i]))
			continue;
		k = add(s, &tokens[i].id);
		if (k == NULL) {
			rv = CKR_HOST_MEMORY;
			break;
		}
		k->present = true;
		k->slot = tokens[i].slot;
		k->info = tokens[i].info;
	}
	free(tokens);
	return rv;
}

static CK_RV
add_present(struct census *s, struct office *o)
{
	CK_RV rv = vendor_start(o->vendor);

	if (rv != CKR_OK) {
		log_error("%s: C_Initialize: %s; %s", o->vendor->path, rv_name(rv),
		    vendor_remedy(o->vendor, rv));
		return rv;
	}
	rv = list_tokens(s, o);
	vendor_stop(o->vendor);
	return rv;
}

/* A record's name is of its token's identity, with or without the label (profile). */
static bool
names_it(const char *file, const struct identity *id)
{
	char name[IDENTITY_NAME_MAX];

	identity_name(id, false, name);
	if (strcmp(file, name) == 0)
		return true;
	identity_name(id, true, name);
	return strcmp(file, name) == 0;
}

static bool
give_to_present(struct census *s, const char *file, const struct record *r, bool damaged)
{
	bool given = false;
	size_t i;

	for (i = 0; i < s->n && s->list[i].present; i++) {
		if (!names_it(file, &s->list[i].id))
			continue;
		s->list[i].damaged = damaged;
		s->list[i].record = *r;
		given = true;
	}
	return given;
}

static void
add_record(const char *file, const struct record *r, bool damaged, void *arg)
{
	struct census *s = arg;
	struct known *k;

	if (give_to_present(s, file, r, damaged))
		return;
	if (damaged)
		log_warning(
		    "%s/records/%s is no record that this version can read", s->state_dir, file);
	else if ((s->criteria == NULL || criteria_match(s->criteria, &r->identity)) &&
		 (k = add(s, &r->identity)) != NULL)
		k->record = *r;
}

CK_RV
census_take(struct office *o, const struct criteria *c, struct known **list, size_t *n)
{
	struct census s = {.criteria = c, .state_dir = o->config->state_dir};
	CK_RV rv;

	rv = add_present(&s, o);
	if (!records_each(s.state_dir, add_record, &s) && errno != ENOENT)
		log_warning("%s/records: %s", s.state_dir, strerror(errno));
	*list = s.list;
	*n = s.n;
	return rv;
}
