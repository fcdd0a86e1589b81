/* SPDX-License-Identifier: BSD-3-Clause */
/* C_SetPIN by a user, or in a public session. */
#include "module/calls.h"
#include "module/slot.h"
#include "module/so.h"
#include "module/watch.h"
#include "module/with_r.h"
#include "policy/log.h"

static const char call[] = "C_SetPIN";

/* What the application asked for. */
struct change {
	CK_SESSION_HANDLE session;
	struct pin old, new;
	bool user; /* in a user session, else a public one */
};

static CK_RV
vendor_set_pin(const struct situation *s, const struct change *c)
{
	return s->v->C_SetPIN(c->session, c->old.bytes, c->old.len, c->new.bytes, c->new.len);
}

static CK_RV
not_understood(const struct situation *s)
{
	log_error(
	    "%s, %s: the helper's answer is not understood; install helper and module from one "
	    "version",
	    call, s->uri);
	return CKR_FUNCTION_FAILED;
}

/* Unblocking from this very process: it then has the new PIN in its caches. Ends the answer. */
static CK_RV
set_with_r(struct situation *s, const struct change *change, struct client *c, struct answer *a)
{
	bool r_login = slot_r_login(s->process, s->slot);
	CK_RV rv;

	rv = with_r_set_pin(s, r_login ? change->session : 0, a, &change->new);
	answer_end(a);
	if (!situation_result(s, c, rv, call, a))
		return CKR_FUNCTION_FAILED;
	rv = a->verdict == WIRE_DONE ? a->rv : not_understood(s);
	/* The PIN is its user's now, and this login as good as any. */
	if (rv == CKR_OK && r_login)
		slot_set_r_login(s->process, s->slot, false);
	return rv;
}

/* The watcher of a holder's C_SetPIN is gone, or the card blocked: how it ended decides what is
 * left. A wrong old PIN, after a block too, sets none. */
static void
settle(struct situation *s, CK_RV rv)
{
	if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED)
		situation_settle(s);
	else
		situation_settle_after(s, rv, 0);
}

/* A personalization begins with C_SetPIN: the helper stays as watcher if this succeeds. Ends the
 * answer. */
static CK_RV
personalize(struct situation *s, const struct change *change, struct client *c, struct answer *a)
{
	CK_RV rv = vendor_set_pin(s, change);

	answer_end(a);
	if (!situation_result(s, c, rv, call, a)) {
		/* One that lives on takes this for its holder's end. */
		client_close(c);
		settle(s, rv);
		return rv;
	}
	if (a->verdict == WIRE_PERSONALIZING)
		watch_adopt(s, c);
	else if (a->verdict == WIRE_DONE && rv == CKR_OK)
		rv = a->rv;
	return rv;
}

/* tried: what the vendor said to these values already; CKR_OK: it was not asked. */
static CK_RV
follow(struct situation *s, const struct change *change, struct client *c, CK_RV tried,
    struct answer *a)
{
	switch (a->verdict) {
	case WIRE_DONE:
		return a->rv;
	case WIRE_VENDOR:
		return tried != CKR_OK ? tried : vendor_set_pin(s, change);
	case WIRE_SET_WITH_R:
		return set_with_r(s, change, c, a);
	case WIRE_PERSONALIZING:
		return personalize(s, change, c, a);
	default:
		return not_understood(s);
	}
}

static CK_RV
ask_helper_of(struct situation *s, const struct change *change, uint32_t flags, CK_RV tried)
{
	struct answer a;
	struct client c;
	struct wire w;
	CK_RV rv;

	situation_refresh(s);
	if (change->user)
		flags |= WIRE_FLAG_LOGGED_IN;
	situation_request(s, &w, WIRE_SET_PIN, flags);
	if (change->old.bytes != NULL)
		wire_put(&w, WIRE_PIN, change->old.bytes, change->old.len);
	if (change->new.bytes != NULL)
		wire_put(&w, WIRE_NEW_PIN, change->new.bytes, change->new.len);
	if (w.failed) {
		wire_end(&w);
		return CKR_PIN_LEN_RANGE;
	}
	if (!situation_ask(s, &w, &c, call, &a))
		return tried != CKR_OK ? tried : CKR_FUNCTION_FAILED;
	rv = follow(s, change, &c, tried, &a);
	answer_end(&a);
	client_close(&c);
	return rv;
}

static CK_RV
ask_helper(struct situation *s, const struct change *change, uint32_t flags)
{
	return ask_helper_of(s, change, flags, CKR_OK);
}

/*
 * By the holder. A card that was blocked while the vendor's call ran, or is being blocked, has the
 * new PIN all the same where the vendor's module keeps what it read.
 */
static CK_RV
change_ours(const struct situation *s, const struct change *change)
{
	CK_RV rv = vendor_set_pin(s, change);
	struct situation now;

	if (situation_of_session(&now, s->v, change->session) == CKR_OK &&
	    (now.standing != STANDING_OURS || now.record.ending))
		settle(&now, rv);
	return rv;
}

/* The PIN is its user's: the vendor, and the helper only where it is locked. */
static CK_RV
change_active(struct situation *s, const struct change *change)
{
	CK_RV rv;

	if (s->fresh && (s->token_flags & CKF_USER_PIN_LOCKED) != 0)
		return ask_helper(s, change, WIRE_FLAG_LOCKED);
	if (s->stale) {
		situation_log_stale(s, call);
		return CKR_FUNCTION_FAILED;
	}
	rv = vendor_set_pin(s, change);
	/* Scrambled at another desk, a card shows nothing of it; its tickets tell. */
	if (rv == CKR_PIN_INCORRECT && !change->user && pin_may_be_response(&change->old))
		return ask_helper_of(s, change, 0, rv);
	if (rv != CKR_PIN_LOCKED)
		return rv;
	s->fresh = false;
	return ask_helper(s, change, WIRE_FLAG_LOCKED);
}

CK_RV
call_set_pin(const CK_FUNCTION_LIST *v, CK_SESSION_HANDLE session, unsigned char *old,
    unsigned long old_len, unsigned char *new, unsigned long new_len)
{
	struct change change = {.session = session, .old = {old, old_len}, .new = {new, new_len}};
	CK_SESSION_INFO info = {0};
	struct situation s;
	CK_RV rv;

	if (!process_initialized() || v->C_GetSessionInfo(session, &info) != CKR_OK)
		return v->C_SetPIN(session, old, old_len, new, new_len);
	if (info.state == CKS_RW_SO_FUNCTIONS)
		return so_set_pin(v, session, &change.old, &change.new);
	change.user = info.state == CKS_RO_USER_FUNCTIONS || info.state == CKS_RW_USER_FUNCTIONS;
	rv = situation_of_session(&s, v, session);
	if (rv != CKR_OK)
		return situation_is_vendors(rv) ? v->C_SetPIN(session, old, old_len, new, new_len)
						: rv;
	if (s.standing == STANDING_OURS)
		return change_ours(&s, &change);
	if (s.standing == STANDING_ACTIVE)
		return change_active(&s, &change);
	return ask_helper(&s, &change, 0);
}
