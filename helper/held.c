/* SPDX-License-Identifier: BSD-3-Clause */
/* The cards that a hold has: handed over by its programs, with their locks, to be blocked at its
 * end. */
#include <stdlib.h>
#include <string.h>

#include "card/personalized.h"
#include "card/records.h"
#include "helper/held.h"
#include "helper/take.h"
#include "policy/file.h"

static struct held *
find(struct held *list, const struct identity *id)
{
	struct held *h;

	for (h = list; h != NULL; h = h->next) {
		if (identity_equal(&h->card.id, id, h->card.profile.label_identity))
			return h;
	}
	return NULL;
}

static struct held *
find_or_add(struct held **list, struct office *o, const struct identity *id)
{
	struct held *h = find(*list, id);

	if (h != NULL)
		return h;
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		return NULL;
	if (card_open(&h->card, o, id) != CKR_OK) {
		free(h);
		return NULL;
	}
	h->next = *list;
	*list = h;
	return h;
}

static void
drop_unlocked(struct held **list, struct held *h)
{
	if (h->card.lock >= 0)
		return;
	*list = h->next;
	card_close(&h->card);
	free(h);
}

static bool
knows(const struct held *h, const struct secret *value)
{
	return (h->newer.pin != NULL && so_same(&h->newer, value)) ||
	       (h->older.pin != NULL && so_same(&h->older, value));
}

static void
take_changed(struct held *h, const struct wire *w)
{
	so_clear(&h->newer);
	so_clear(&h->older);
	(void)take_secret(w, WIRE_NEW_PIN, &h->newer.pin);
	(void)take_secret(w, WIRE_PIN, &h->older.pin);
	h->changed = true;
	h->doubted = h->older.pin != NULL;
}

/*
 * What a program logged in with may be older than what another has changed since, which comes
 * first; of a change in doubt both are kept. A program that knew none leaves what was known.
 */
static void
take_login(struct held *h, const struct wire *w)
{
	struct so said = {0};

	if (!take_secret(w, WIRE_PIN, &said.pin) || said.pin == NULL || h->doubted ||
	    knows(h, said.pin)) {
		so_clear(&said);
		return;
	}
	so_clear(&h->older);
	if (h->changed) {
		h->older = said;
		return;
	}
	h->older = h->newer;
	h->newer = said;
}

CK_RV
held_take(struct held **list, struct office *o, struct wire *w)
{
	const struct wire_field *f = wire_get(w, WIRE_IDENTITY);
	struct identity id;
	struct held *h;
	uint32_t proved = 0;
	CK_RV rv;

	if (f == NULL)
		return CKR_OK;
	if (f->len != IDENTITY_WIRE_LEN)
		return CKR_ARGUMENTS_BAD;
	identity_unpack(&id, f->bytes);
	h = find_or_add(list, o, &id);
	if (h == NULL)
		return CKR_FUNCTION_FAILED;
	if (w->fd >= 0 && h->card.lock < 0) {
		h->card.lock = file_aside(w->fd);
		w->fd = -1;
	}
	if (h->card.lock < 0) {
		drop_unlocked(list, h);
		return CKR_FUNCTION_FAILED;
	}
	wire_get_u32(w, WIRE_FLAGS, &proved);
	rv = card_read(&h->card);
	h->personalizing = rv != CKR_OK || h->card.record.state == RECORD_PERSONALIZING;
	if (rv == CKR_OK && proved) {
		h->card.private.proved = true;
		card_note(&h->card);
	}
	if (wire_get(w, WIRE_NEW_PIN) != NULL)
		take_changed(h, w);
	else
		take_login(h, w);
	return CKR_OK;
}

struct awaited {
	const struct held *list;
	const char *hold;
	bool any;
};

static void
look_at(const char *file, const struct record *r, bool damaged, void *arg)
{
	struct awaited *a = arg;
	const struct held *h;

	(void)file;
	if (damaged || r->state != RECORD_PERSONALIZING || strcmp(r->hold, a->hold) != 0)
		return;
	for (h = a->list; h != NULL; h = h->next) {
		if (identity_equal(&h->card.id, &r->identity, h->card.profile.label_identity))
			return;
	}
	a->any = true;
}

bool
held_is_awaited(const struct held *list, const char *state_dir, const char *hold)
{
	struct awaited a = {.list = list, .hold = hold};

	return records_each(state_dir, look_at, &a) && a.any;
}

CK_RV
held_block(struct held **list)
{
	CK_RV rv = CKR_OK, one;
	struct held *h;

	while ((h = *list) != NULL) {
		struct sitting sitting;

		*list = h->next;
		one = card_read(&h->card);
		/* Nobody else has the lock: a record that is gone was lost, and not dropped. */
		if (h->personalizing && (one != CKR_OK || h->card.record.state == RECORD_NONE)) {
			h->card.record.state = RECORD_PERSONALIZING;
			one = CKR_OK;
		}
		block_sitting(&h->card, &h->newer, &h->older, h->card.private.proved, &sitting);
		if (one == CKR_OK && h->card.record.state == RECORD_PERSONALIZING) {
			personalized_begin(&h->card);
			one = personalized(&h->card, &sitting);
		}
		if (one != CKR_OK)
			rv = one;
		card_close(&h->card);
		so_clear(&h->newer);
		so_clear(&h->older);
		free(h);
	}
	return rv;
}
