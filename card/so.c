/* SPDX-License-Identifier: BSD-3-Clause */
/* SO secrets: which the policy has, which was presented, and which are one. */
#include <string.h>
#include <sys/stat.h>

#include "card/offline.h"
#include "card/so.h"
#include "policy/key_manager.h"
#include "policy/log.h"

#define PIN_LEN_SANE 255
#define KEY_3DES     24

void
so_clear(struct so *so)
{
	secret_free(&so->pin);
	secret_free(&so->bytes);
	secret_free(&so->manager);
	memset(so, 0, sizeof(*so));
}

bool
so_presented(struct so *so, const struct secret *value)
{
	memset(so, 0, sizeof(*so));
	so->pin = secret_dup(value);
	return so->pin != NULL;
}

bool
so_copy(struct so *to, const struct so *from)
{
	*to = *from;
	to->pin = to->bytes = to->manager = NULL;
	if (from->pin != NULL && (to->pin = secret_dup(from->pin)) == NULL)
		return false;
	if (from->manager != NULL && (to->manager = secret_dup(from->manager)) == NULL)
		return false;
	return from->bytes == NULL || (to->bytes = secret_dup(from->bytes)) != NULL;
}

static bool
set_key(struct card *c, const struct secret *written, const char *origin, struct so *so)
{
	enum key_fault fault;

	if (c->profile.so_form == SO_FORM_PUK) {
		log_error(
		    "%s: this module takes a PUK, no card manager key; use InitialPUK= and PUK=",
		    c->uri);
		return false;
	}
	fault = key_parse(written, false, &so->bytes, NULL);
	if (fault != KEY_GOOD) {
		log_error(
		    "%s: the card manager key from %s: %s", c->uri, origin, key_fault_text(fault));
		return false;
	}
	if (c->profile.so_form == SO_FORM_KEY && secret_len(so->bytes) != KEY_3DES) {
		log_error("%s: the card manager key from %s has %zu bytes, but this module takes "
			  "keys of 24, 48 hex digits",
		    c->uri, origin, secret_len(so->bytes));
		return false;
	}
	so->key = true;
	so->pin = c->profile.so_form == SO_FORM_RAW ? secret_dup(so->bytes) : key_digits(written);
	if (!key_check_value(so->bytes, false, so->kcv))
		so->kcv[0] = '\0';
	return so->pin != NULL;
}

bool
so_written(
    struct card *c, const struct secret *written, bool key, const char *origin, struct so *so)
{
	memset(so, 0, sizeof(*so));
	if (key || c->profile.so_is_key)
		return set_key(c, written, origin, so);
	so->pin = secret_dup(written);
	return so->pin != NULL;
}

bool
so_logs_in(const struct card *c, const struct so *so)
{
	return c->profile.unblock_style == UNBLOCK_BY_INIT_PIN || so->key;
}

bool
so_unblocks(const struct card *c, const struct so *so)
{
	return c->profile.unblock_style == UNBLOCK_BY_INIT_PIN || !so->key;
}

/* The value of an element as an SO secret; so->pin stays NULL where it has none. */
static bool
resolve(
    struct card *c, const struct description *desc, const struct value *v, bool key, struct so *so)
{
	struct field_context context = {
	    .binding = c->binding, .id = &c->id, .given = c->office->given};
	struct resolved r;
	bool ok = true;

	memset(so, 0, sizeof(*so));
	if (!field_resolve(&context, desc, v, &r))
		return false;
	if (r.kind == VALUE_LITERAL) {
		ok = so_written(c, r.value, key, r.origin, so);
		so->policy = true;
		so->given = r.given;
	}
	resolved_free(&r);
	return ok;
}

static bool
now_of(struct card *c, const struct description *desc, enum so_via via, struct so *so)
{
	bool key = description_uses_key(desc);

	if (description_offline(desc))
		return offline_of_policy(c, desc, via, so);
	memset(so, 0, sizeof(*so));
	/* What it was personalized with is random by now. */
	if (c->private.generation != 0)
		return true;
	return resolve(c, desc, key ? &desc->card_manager_key : &desc->initial_puk, key, so);
}

bool
so_to_set(struct card *c, const struct description *desc, struct so *so)
{
	bool key = description_uses_key(desc);

	memset(so, 0, sizeof(*so));
	/* What is set there is random (card/offline.h). */
	if (description_offline(desc))
		return true;
	return resolve(c, desc, key ? &desc->new_card_manager_key : &desc->puk, key, so);
}

bool
so_is_asked(const struct card *c, const struct description *desc)
{
	struct field_context context = {
	    .binding = c->binding, .id = &c->id, .given = c->office->given};
	const struct value *v =
	    description_uses_key(desc) ? &desc->card_manager_key : &desc->initial_puk;
	struct resolved r;
	bool asked;

	if (!field_resolve(&context, desc, v, &r))
		return false;
	asked = r.kind == VALUE_DIALOG || r.kind == VALUE_PIN_PAD;
	resolved_free(&r);
	return asked;
}

bool
so_is_offline(const struct card *c)
{
	const struct binding *b = c->binding;
	const struct description *desc = b->unblock != NULL ? b->unblock : b->personalize;

	return desc != NULL && description_offline(desc);
}

/* As a block takes it; what a card with tickets has is random, whatever a description set once. */
static bool
of_element(struct card *c, enum so_element element, struct so *so)
{
	const struct binding *b = c->binding;
	bool unblock = element == SO_UNBLOCK_NEW || element == SO_UNBLOCK_NOW;
	const struct description *desc = unblock ? b->unblock : b->personalize;

	memset(so, 0, sizeof(*so));
	if (desc == NULL)
		return true;
	if (element == SO_UNBLOCK_NOW || element == SO_PERSONALIZE_NOW)
		return now_of(c, desc, SO_VIA_REQUEST, so);
	return c->private.generation != 0 || so_to_set(c, desc, so);
}

static bool
find_in_policy(struct card *c, enum so_via via, struct so *so)
{
	const struct description *first = c->binding->unblock, *second = NULL;

	if (first == NULL)
		first = c->binding->personalize;
	if (c->private.new_valid && first != NULL) {
		if (!so_to_set(c, first, so))
			return false;
		if (so->pin != NULL)
			return true;
	}
	if (first != NULL && !now_of(c, first, via, so))
		return false;
	/* Of a card with tickets the key opens the box, whatever it is to be unblocked by here. */
	if (c->private.generation != 0)
		second = c->binding->personalize;
	if (so->pin == NULL && second != NULL && second != first)
		return now_of(c, second, via, so);
	return true;
}

/* A wrong key in the policy costs no SO try. */
static bool
is_recorded_key(const struct card *c, const struct so *so)
{
	if (!so->key || c->private.kcv[0] == '\0' || strcmp(so->kcv, c->private.kcv) == 0)
		return true;
	log_error("%s: %s card manager key has check value %s, the one that this card was blocked "
		  "with has %s; it is not tried. Correct %s, or, where the card's was changed "
		  "elsewhere to this one, p11-latch reset",
	    c->uri, so->given ? "the given" : "the policy's", so->kcv, c->private.kcv,
	    so->given ? "what --field gives" : "the key in the policy");
	return false;
}

/* element: SO_ELEMENTS for what is valid now. */
static bool
of_policy(struct card *c, enum so_element element, enum so_via via, struct so *so)
{
	memset(so, 0, sizeof(*so));
	if (c->binding == NULL || c->private.foreign_so)
		return true;
	if (element == SO_ELEMENTS ? !find_in_policy(c, via, so) : !of_element(c, element, so)) {
		so_clear(so);
		return false;
	}
	if (so->pin == NULL || is_recorded_key(c, so))
		return true;
	so_clear(so);
	return false;
}

/* The first that there is; false only where nothing is, and one cannot be had. */
static bool
first_for_block(struct card *c, struct so *so)
{
	bool ok = true;
	unsigned i;

	for (i = 0; i < SO_ELEMENTS; i++) {
		if (!so_of_element(c, so_element_for_block(c, i), so))
			ok = false;
		else if (so->pin != NULL)
			return true;
	}
	return ok;
}

bool
so_of_policy(struct card *c, bool for_block, struct so *so)
{
	return for_block ? first_for_block(c, so) : so_of_policy_by(c, SO_VIA_REQUEST, so);
}

bool
so_of_policy_by(struct card *c, enum so_via via, struct so *so)
{
	return of_policy(c, SO_ELEMENTS, via, so);
}

bool
so_of_element(struct card *c, enum so_element element, struct so *so)
{
	return of_policy(c, element, SO_VIA_REQUEST, so);
}

const struct value *
so_element_value(const struct card *c, enum so_element element, const struct description **desc)
{
	bool unblock = element == SO_UNBLOCK_NEW || element == SO_UNBLOCK_NOW;
	bool new = element == SO_UNBLOCK_NEW || element == SO_PERSONALIZE_NEW;

	*desc = unblock ? c->binding->unblock : c->binding->personalize;
	if (*desc == NULL)
		return NULL;
	return new ? description_new_so(*desc) : description_so(*desc);
}

static uint64_t
stamp_of(const char *path)
{
	struct stat st;

	if (path == NULL || stat(path, &st) != 0)
		return 0;
	return (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec +
	       (uint64_t)st.st_ino;
}

uint64_t
so_policy_stamp(struct card *c)
{
	struct field_context context = {
	    .binding = c->binding, .id = &c->id, .given = c->office->given};
	const struct description *desc;
	const struct value *v;
	uint64_t stamp = 0;
	struct resolved r;
	unsigned i;

	for (i = 0; i < SO_ELEMENTS && c->binding != NULL; i++) {
		v = so_element_value(c, (enum so_element)i, &desc);
		if (v == NULL)
			continue;
		stamp = stamp * 31 + stamp_of(desc->file);
		if (!field_resolve(&context, desc, v, &r))
			continue;
		stamp = stamp * 31 + stamp_of(r.store);
		resolved_free(&r);
	}
	return stamp;
}

/*
 * What is set at pick-up is in force only after it, and what a card comes with from the factory
 * seldom is once it has a PIN.
 */
enum so_element
so_element_for_block(const struct card *c, unsigned i)
{
	static const enum so_element was_set[] = {
	    SO_UNBLOCK_NEW, SO_PERSONALIZE_NEW, SO_UNBLOCK_NOW, SO_PERSONALIZE_NOW};
	static const enum so_element else_likely[] = {
	    SO_UNBLOCK_NOW, SO_PERSONALIZE_NEW, SO_PERSONALIZE_NOW, SO_UNBLOCK_NEW};

	return c->private.new_valid ? was_set[i] : else_likely[i];
}

bool
so_same(const struct so *a, const struct secret *value)
{
	struct secret *bytes = NULL;
	bool same;

	if (!a->key)
		return secret_equal(a->pin, value);
	same = secret_equal(a->bytes, value);
	if (key_parse(value, false, &bytes, NULL) == KEY_GOOD)
		same = secret_equal(a->bytes, bytes) || same;
	secret_free(&bytes);
	return same;
}

bool
so_is_presented(const struct so *so, const struct secret *value)
{
	struct secret *bytes = NULL;
	bool same;

	if (so->manager == NULL)
		return so->box.generation == 0 && so_same(so, value);
	same = secret_equal(so->manager, value);
	if (key_parse_manager(value, &bytes, NULL, NULL) == KEY_GOOD)
		same = secret_equal(so->manager, bytes) || same;
	secret_free(&bytes);
	return same;
}

bool
so_is_policys(struct card *c, const struct secret *value)
{
	struct so so = {0};
	bool same;

	if (c->binding != NULL && so_is_offline(c))
		return offline_is_policys_key(c, value);
	same = so_of_policy_by(c, SO_VIA_NOTHING, &so) && so.pin != NULL &&
	       so_is_presented(&so, value);
	so_clear(&so);
	return same;
}

static bool
is_now_of(struct card *c, const struct description *desc, const struct so *right, bool *has)
{
	struct so so;
	bool same;

	if (desc == NULL || description_offline(desc) || !now_of(c, desc, SO_VIA_REQUEST, &so))
		return false;
	*has = *has || so.pin != NULL;
	same = so.pin != NULL && so_same(&so, right->pin);
	if (same)
		memcpy(c->private.kcv, so.kcv, sizeof(so.kcv));
	so_clear(&so);
	return same;
}

static bool
is_new_of(struct card *c, const struct description *desc, const struct so *right)
{
	struct so so;
	bool same;

	if (desc == NULL || !so_to_set(c, desc, &so))
		return false;
	same = so.pin != NULL && so_same(&so, right->pin);
	if (same)
		memcpy(c->private.kcv, so.kcv, sizeof(so.kcv));
	so_clear(&so);
	return same;
}

void
so_say_foreign(const struct card *c)
{
	log_warning("%s: the card's SO secret is not the policy's: the policy's is not used for "
		    "this card any more; correct InitialPUK= or CardManagerKey= (or the source "
		    "of its field), then p11-latch reset URI",
	    c->uri);
}

void
so_place(struct card *c, const struct so *right)
{
	const struct binding *b = c->binding;
	bool has = false, unblock_has;

	/* A key that unblocks nothing says nothing of the PUK. */
	if (b == NULL || right->pad || !so_unblocks(c, right))
		return;
	/* Of a box that was seen to be none of the card's, another secret that is right says no
	 * more. */
	c->private.foreign_so =
	    c->private.foreign_so && so_is_offline(c) && right->box.generation == 0;
	c->private.new_valid = false;
	c->private.kcv[0] = '\0';
	if (right->box.generation != 0) {
		c->private.generation = right->box.generation;
		memcpy(c->private.list, right->box.tickets, LIST_HASH);
		c->private.n_refused = 0;
		if (c->private.sealed < right->box.generation)
			c->private.sealed = 0;
		return;
	}
	if (is_new_of(c, b->unblock, right)) {
		c->private.new_valid = true;
		return;
	}
	if (is_now_of(c, b->unblock, right, &has))
		return;
	unblock_has = has;
	if (is_now_of(c, b->personalize, right, &has))
		return;
	/* There it is the valid one only where nothing else says what is. */
	if (!unblock_has && is_new_of(c, b->personalize, right)) {
		c->private.new_valid = b->unblock == NULL;
		return;
	}
	c->private.foreign_so = c->private.foreign_so || has;
	if (has)
		so_say_foreign(c);
}

/* As an application gives one that its own vendor's module takes: digits or bytes of 2DES or 3DES.
 */
static bool
may_be_key(const struct so *so)
{
	size_t len = secret_len(so->pin);

	return so->key || len == 16 || len == 24 || len == 32 || len == 48;
}

bool
so_fits(const struct card *c, const struct so *so)
{
	size_t len = so->pad ? 0 : secret_len(so->pin);
	CK_ULONG min = c->info.ulMinPinLen, max = c->info.ulMaxPinLen;

	if (so->pad)
		return true;
	/* What the token shows is of its SO PIN, too. */
	if (!so_logs_in(c, so))
		card_pin_bounds(c, &min, &max);
	if (max == 0 || max > PIN_LEN_SANE || min > max ||
	    (c->profile.key_any_length && may_be_key(so)))
		return len > 0;
	return len >= min && len <= max;
}
