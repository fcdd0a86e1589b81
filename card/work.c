/* SPDX-License-Identifier: BSD-3-Clause */
/* One piece of work on a card: a fresh load, and again where another process disturbed it. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "card/card.h"
#include "policy/log.h"

#define ATTEMPTS       12
#define PAUSE_FIRST_MS 4
#define PAUSE_MOST_MS  100

/* A token that is really gone is asked for this many times, so that a person waits for an instant
 * only. */
#define ATTEMPTS_ABSENT 4

static void
pause_ms(unsigned ms)
{
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	nanosleep(&ts, NULL);
}

/*
 * What SoftHSM, openCryptoki and OpenSC were seen to answer because another process worked with the
 * same token at that moment, and not again in a fresh load.
 */
static bool
disturbed(CK_RV rv)
{
	switch (rv) {
	case CKR_GENERAL_ERROR:
	case CKR_FUNCTION_FAILED:
	case CKR_TOKEN_NOT_RECOGNIZED:
	case CKR_TOKEN_NOT_PRESENT:
	case CKR_SLOT_ID_INVALID:
	case CKR_DEVICE_ERROR:
	case CKR_SESSION_HANDLE_INVALID:
	case CKR_SESSION_CLOSED:
	case CKR_USER_NOT_LOGGED_IN:
		return true;
	default:
		return false;
	}
}

/* *dead: the module does not even begin; its service is down, and trying again is of no use. */
static CK_RV
load(struct card *c, struct work *w, bool *dead)
{
	struct vendor *v = c->office->vendor;
	struct token t;
	CK_RV rv;

	rv = vendor_start(v);
	*dead = rv != CKR_OK && !disturbed(rv);
	if (rv != CKR_OK)
		return rv;
	rv = vendor_find(v, &c->id, c->profile.label_identity, &t);
	if (rv != CKR_OK)
		return rv;
	w->slot = t.slot;
	c->info = t.info;
	return CKR_OK;
}

static CK_RV
once(struct card *c, work_fn fn, void *arg, bool *dead)
{
	struct vendor *v = c->office->vendor;
	struct work w = {.card = c, .f = v->f, .slot = c->kept_slot};
	CK_RV rv = c->kept ? CKR_OK : load(c, &w, dead);

	c->kept = false;
	if (rv == CKR_OK)
		rv = fn(&w, arg);
	if (rv == CKR_OK && c->keep) {
		c->keep = false;
		c->kept = true;
		c->kept_slot = w.slot;
	} else {
		vendor_stop(v);
	}
	return rv;
}

void
card_keep(struct card *c)
{
	c->keep = true;
}

void
card_cool(struct card *c)
{
	if (c->kept)
		vendor_stop(c->office->vendor);
	c->keep = c->kept = false;
}

static void
log_fault(const struct card *c, CK_RV rv)
{
	const struct vendor *v = c->office->vendor;

	if (rv != CKR_OK && v->refused)
		log_error("%s: %s: C_Initialize: %s; is its service running?", c->uri, v->path,
		    rv_name(rv));
	else if (rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_DEVICE_REMOVED)
		log_error("%s: the card or its module answers %s; is it in its reader?", c->uri,
		    rv_name(rv));
	else if (disturbed(rv))
		log_error("%s: the card or its module answers %s", c->uri, rv_name(rv));
}

CK_RV
card_work(struct card *c, work_fn fn, void *arg)
{
	unsigned attempt, pause = PAUSE_FIRST_MS;
	bool dead = false;
	CK_RV rv;

	for (attempt = 1;; attempt++) {
		rv = once(c, fn, arg, &dead);
		if (dead || !disturbed(rv) || attempt == ATTEMPTS ||
		    (rv == CKR_TOKEN_NOT_PRESENT && attempt == ATTEMPTS_ABSENT))
			break;
		log_debug("%s: %s, again in %u ms", c->uri, rv_name(rv), pause);
		pause_ms(pause);
		pause = 2 * pause < PAUSE_MOST_MS ? 2 * pause : PAUSE_MOST_MS;
	}
	log_fault(c, rv);
	return dead || rv == CKR_FUNCTION_REJECTED ? CKR_FUNCTION_FAILED : rv;
}

static CK_RV
nothing(struct work *w, void *arg)
{
	(void)w;
	(void)arg;
	return CKR_OK;
}

bool
card_reborn(const struct card *c)
{
	return c->profile.shows_life && (c->info.flags & CKF_USER_PIN_INITIALIZED) == 0;
}

/* A module that reads while another process writes may show no flags: only a second look is
 * believed. */
static CK_RV
surely_reborn(struct card *c, bool *reborn)
{
	unsigned i;
	CK_RV rv;

	*reborn = card_reborn(c);
	if (*reborn)
		card_cool(c);
	for (i = 0; *reborn && i < 2; i++) {
		pause_ms(20);
		rv = card_work(c, nothing, NULL);
		if (rv != CKR_OK)
			return rv;
		*reborn = card_reborn(c);
	}
	return CKR_OK;
}

CK_RV
card_look(struct card *c)
{
	bool reborn;
	CK_RV rv;

	rv = card_work(c, nothing, NULL);
	if (rv != CKR_OK || c->lock < 0 || c->record.state == RECORD_NONE)
		return rv;
	rv = surely_reborn(c, &reborn);
	if (rv != CKR_OK)
		return rv;
	if (reborn) {
		log_info(
		    "%s: the card was initialised anew; what was known of it is dropped", c->uri);
		return card_forget(c) ? CKR_OK : CKR_FUNCTION_FAILED;
	}
	if (c->record.state == RECORD_BLOCKED && c->record.method == METHOD_LOCK &&
	    c->profile.shows_lock && (c->info.flags & CKF_USER_PIN_LOCKED) == 0) {
		log_info("%s: the card is not locked any more: %s", c->uri,
		    c->private.journal == JOURNAL_UNBLOCK ? "its unblocking was interrupted"
							  : "it was unblocked elsewhere");
		if (!card_record(c, RECORD_ACTIVE, METHOD_NONE, true))
			return CKR_FUNCTION_FAILED;
	}
	return CKR_OK;
}
