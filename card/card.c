/* SPDX-License-Identifier: BSD-3-Clause */
/* One token at work: who it is, what governs it, what is remembered of it, what it showed last. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "card/card.h"
#include "card/offline.h"
#include "card/record_write.h"
#include "card/state.h"
#include "policy/log.h"

#define PIN_LEN_SANE 255

/* More than twice the time between two tries of one who waits (card/lock.c). */
#define YIELD_MS 25

/* Who the vendor module is tells the profile; it is asked once a process. */
static CK_RV
know_vendor(struct vendor *v)
{
	CK_RV rv;

	if (v->initialized || v->manufacturer[0] != '\0' || v->description[0] != '\0')
		return CKR_OK;
	rv = vendor_start(v);
	if (rv == CKR_OK)
		vendor_stop(v);
	else
		log_error("%s: C_Initialize: %s; %s", v->path, rv_name(rv), vendor_remedy(v, rv));
	return rv;
}

/*
 * The vendor module is loaded for this only where nothing else tells: that may take a while, and a
 * load of OpenSC selects the card's application anew, at which the card forgets the SO login of the
 * program that asks.
 */
static const struct profile *
find_profile(const struct card *c)
{
	const char *name = c->office->config->profile;
	struct vendor *v = c->office->vendor;
	const struct profile *p;

	if (c->binding != NULL && c->binding->profile != NULL)
		name = c->binding->profile;
	if (name != NULL && strcmp(name, "auto") != 0) {
		p = profile_named(name);
		if (p == NULL)
			log_error("there is no profile \"%s\"; correct Profile=", name);
		return p;
	}
	p = profile_of_token(c->id.manufacturer, c->id.model);
	if (p == NULL)
		p = c->office->told;
	if (p != NULL || know_vendor(v) != CKR_OK)
		return p;
	return profile_match(
	    v->manufacturer, v->description, c->id.manufacturer, c->id.model, c->id.label);
}

static bool
set_profile(struct card *c)
{
	const struct profile *p = find_profile(c);
	size_t i;

	if (p == NULL)
		return false;
	c->profile = *p;
	for (i = 0; c->binding != NULL && i < c->binding->n_overrides; i++) {
		const struct override *o = &c->binding->overrides[i];

		if (!profile_override(&c->profile, o->column, o->value)) {
			log_error("%s:%u:%u: no such column or value: Profile.%s=%s",
			    c->office->policy->file, o->line, o->column_number, o->column,
			    o->value);
			return false;
		}
	}
	/* The PUK that unblocks is another one than what C_Login as SO takes. */
	if (c->profile.unblock_style != UNBLOCK_BY_INIT_PIN)
		c->profile.so_login_proves = false;
	return true;
}

CK_RV
card_identify(struct card *c, struct office *o, const struct identity *id)
{
	struct diags d = {0};
	bool tie = false;

	memset(c, 0, sizeof(*c));
	c->office = o;
	c->lock = -1;
	c->gate = -1;
	c->id = *id;
	identity_uri(id, c->uri);
	if (o->policy == NULL) {
		log_error("%s: refused, since %s has errors and nobody can tell what would govern "
			  "this token; run p11-latch check",
		    c->uri, o->config->policy);
		return CKR_FUNCTION_FAILED;
	}
	c->binding = policy_match(o->policy, id, &tie, &d);
	diags_log(&d);
	diags_free(&d);
	if (tie || !set_profile(c))
		return CKR_FUNCTION_FAILED;
	/* A token that nothing governs needs no state, and its user may have no right to any. */
	if (c->binding != NULL && !state_prepare(o->config->state_dir))
		return CKR_FUNCTION_FAILED;
	identity_name(id, c->profile.label_identity, c->name);
	c->record.identity = c->id;
	return CKR_OK;
}

CK_RV
card_open(struct card *c, struct office *o, const struct identity *id)
{
	CK_RV rv = card_identify(c, o, id);

	return rv == CKR_OK ? card_read(c) : rv;
}

void
card_close(struct card *c)
{
	card_release(c);
	explicit_bzero(c, sizeof(*c));
	c->lock = -1;
	c->gate = -1;
}

CK_RV
card_read(struct card *c)
{
	const char *dir = c->office->config->state_dir;
	enum record_status status;

	offline_drop(c);
	status = record_read(dir, &c->id, c->profile.label_identity, &c->record);
	/* Of a bad one nothing is left, and what is written next is to be this card's. */
	c->record.identity = c->id;
	if (status == RECORD_BAD) {
		log_error("%s: refused, since its record %s/records/%s cannot be used; the line "
			  "before this "
			  "one says why",
		    c->uri, dir, c->name);
		return CKR_FUNCTION_FAILED;
	}
	if (c->binding == NULL && c->record.state == RECORD_NONE) {
		memset(&c->private, 0, sizeof(c->private));
		c->is_noted = false;
		return CKR_OK;
	}
	c->is_noted = private_read(dir, c->name, &c->private);
	memcpy(&c->noted, &c->private, sizeof(c->noted));
	return c->is_noted ? CKR_OK : CKR_FUNCTION_FAILED;
}

/*
 * Whoever comes through the socket for all stands in a queue of its own, of which one at a time may
 * wait for the card, and lets others go first: a flood there does not keep operators from it. Nor
 * does it leave a file for each token that somebody makes up.
 */
static enum lock_status
pass_gate(struct card *c, unsigned wait_ms)
{
	const struct timespec yield = {.tv_nsec = YIELD_MS * 1000000L};
	enum lock_status status;
	char name[sizeof(c->name) + sizeof(".%gate")];

	if (c->record.state == RECORD_NONE && card_look(c) != CKR_OK)
		return LOCK_FAILED;
	snprintf(name, sizeof(name), "%s.%%gate", c->name);
	status = lock_take(c->office->config->state_dir, name, wait_ms, false, &c->gate);
	if (status == LOCK_TAKEN)
		nanosleep(&yield, NULL);
	return status;
}

enum lock_status
card_lock(struct card *c, unsigned wait_ms)
{
	enum lock_status status = LOCK_TAKEN;

	if (c->lock >= 0)
		return LOCK_TAKEN;
	/* Of a governed one it is known already. */
	if (c->binding == NULL && !state_prepare(c->office->config->state_dir))
		return LOCK_FAILED;
	if (c->office->caller == CALLER_ANYONE && c->gate < 0)
		status = pass_gate(c, wait_ms);
	if (status == LOCK_TAKEN)
		status = lock_take(c->office->config->state_dir, c->name, wait_ms,
		    c->office->caller != CALLER_ANYONE, &c->lock);
	if (status != LOCK_TAKEN)
		card_release(c);
	return status;
}

enum lock_status
card_take(struct card *c, unsigned wait_ms)
{
	enum lock_status status;

	if (c->lock >= 0)
		return LOCK_TAKEN;
	status = card_lock(c, wait_ms);
	if (status == LOCK_TAKEN && card_read(c) != CKR_OK) {
		card_release(c);
		return LOCK_FAILED;
	}
	return status;
}

void
card_let_go(struct card *c)
{
	if (c->office != NULL)
		card_cool(c);
	offline_drop(c);
	if (c->lock >= 0)
		close(c->lock);
	c->lock = -1;
}

void
card_release(struct card *c)
{
	card_let_go(c);
	if (c->gate >= 0)
		close(c->gate);
	c->gate = -1;
}

bool
card_forget(struct card *c)
{
	const char *dir = c->office->config->state_dir;

	/* The record last: as long as it is there, what is private is not missed silently. */
	if (!private_remove(dir, c->name) || !record_remove(dir, &c->id, c->profile.label_identity))
		return false;
	memset(&c->private, 0, sizeof(c->private));
	c->is_noted = false;
	memset(&c->record, 0, sizeof(c->record));
	c->record.identity = c->id;
	return true;
}

bool
card_note(struct card *c)
{
	/* Each write waits for the disk twice. Under the lock nobody else writes. */
	/* Padding that differs costs a write. NOLINTNEXTLINE(*-memory-comparison,cert-*) */
	if (c->is_noted && memcmp(&c->noted, &c->private, sizeof(c->noted)) == 0)
		return true;
	c->is_noted = private_write(c->office->config->state_dir, c->name, &c->private);
	memcpy(&c->noted, &c->private, sizeof(c->noted));
	return c->is_noted;
}

bool
card_record(struct card *c, enum record_state state, enum record_method method, bool raise)
{
	const char *dir = c->office->config->state_dir;
	struct record *r = &c->record;

	if (raise && !state_next_sequence(dir, &r->sequence))
		return false;
	if (r->state != state || raise)
		r->since = time(NULL);
	r->state = state;
	r->method = method;
	if (state != RECORD_PERSONALIZING) {
		r->ending = false;
		r->hold[0] = '\0';
	}
	if (state != RECORD_PERSONALIZING)
		r->why[0] = '\0';
	if (state != RECORD_BLOCKED)
		r->by_user = false;
	return record_write(dir, c->profile.label_identity, r);
}

bool
card_record_back(struct card *c, const struct record *before)
{
	const char *dir = c->office->config->state_dir;

	c->record = *before;
	return before->state != RECORD_NONE
		   ? record_write(dir, c->profile.label_identity, &c->record)
		   : record_remove(dir, &c->id, c->profile.label_identity);
}

void
card_pin_bounds(const struct card *c, size_t *min, size_t *max)
{
	*min = c->info.ulMinPinLen;
	*max = c->info.ulMaxPinLen;
	/* Some modules say 0 or nonsense for "not known" (CK_UNAVAILABLE_INFORMATION). */
	if (*max == 0 || *max > PIN_LEN_SANE)
		*max = c->profile.pin_max != 0 ? c->profile.pin_max : PIN_LEN_SANE;
	if (c->profile.pin_max != 0 && *max > c->profile.pin_max)
		*max = c->profile.pin_max;
	if (*min > *max)
		*min = 0;
	if (*min < c->profile.pin_min)
		*min = c->profile.pin_min;
}

bool
card_blocked(const struct card *c)
{
	return c->record.state == RECORD_BLOCKED || c->record.state == RECORD_PERSONALIZING;
}
