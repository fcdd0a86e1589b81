/* SPDX-License-Identifier: BSD-3-Clause */
/* What an application does as SO: C_Login, C_InitPIN, C_SetPIN and C_Logout. */
#include "module/calls.h"
#include "module/slot.h"
#include "module/so.h"
#include "module/twin.h"
#include "module/watch.h"
#include "policy/log.h"

static enum so_standing
standing_of(struct situation *s, const struct answer *a, const char *call)
{
	switch (a->verdict) {
	case WIRE_WATCHING:
	case WIRE_PERSONALIZING:
		return SO_WATCHED;
	case WIRE_VENDOR:
		return SO_UNGOVERNED;
	case WIRE_DONE:
		if (a->rv == CKR_OK)
			return SO_UNGOVERNED;
		break;
	default:
		break;
	}
	log_error(
	    "%s, %s: the helper cannot watch this card; C_InitPIN will be refused", call, s->uri);
	return SO_FAILED;
}

void
so_logged_in(
    const CK_FUNCTION_LIST *v, CK_SESSION_HANDLE session, const struct pin *pin, const char *call)
{
	enum so_standing so = SO_FAILED;
	struct situation s;
	struct answer a;
	struct wire w;

	if (situation_of_session(&s, v, session) != CKR_OK) {
		log_error(
		    "%s: the token cannot be asked who it is; C_InitPIN will be refused", call);
		if (s.slot != NULL)
			slot_set_so(s.process, s.slot, SO_FAILED);
		return;
	}
	situation_refresh(&s);
	if (!watch_begin(&s)) {
		slot_set_so(s.process, s.slot, SO_FAILED);
		return;
	}
	situation_request(&s, &w, WIRE_SO_LOGIN, 0);
	if (pin->bytes != NULL)
		wire_put(&w, WIRE_PIN, pin->bytes, pin->len);
	if (watch_ask(&s, &w, situation_limit(&s, CLIENT_SO_LOGIN_LIMIT_MS), call, &a)) {
		so = standing_of(&s, &a, call);
		watch_keep(&s, &a);
		answer_end(&a);
	}
	slot_set_so(s.process, s.slot, so);
	watch_end(&s);
	if (s.died && !s.holding)
		situation_settle(&s);
}

/*
 * The vendor's call is done: tells how it ended. What the helper says then is the application's
 * answer only where the vendor succeeded.
 */
static CK_RV
finish(struct situation *s, CK_RV rv, const char *call)
{
	bool held = s->holding;
	struct answer a;
	struct wire w;

	wire_begin(&w, WIRE_RESULT);
	wire_put_rv(&w, WIRE_RV, rv);
	if (!watch_ask(s, &w, situation_limit(s, CLIENT_LIMIT_MS), call, &a)) {
		s->unheard = held;
		return rv;
	}
	if (a.verdict == WIRE_DONE && rv == CKR_OK)
		rv = a.rv;
	watch_keep(s, &a);
	answer_end(&a);
	return rv;
}

/*
 * Announces a change to the watcher. CKR_OK: the vendor may be called, and where *told is true,
 * finish() is to follow. Anything else is the refusal.
 */
static CK_RV
announce(struct situation *s, struct wire *w, const char *call, bool *told)
{
	bool kept = s->slot->watcher.sock >= 0;
	CK_RV rv = CKR_FUNCTION_FAILED;
	struct answer a;

	*told = false;
	if (!watch_ask(s, w, situation_limit(s, CLIENT_LIMIT_MS), call, &a))
		return rv;
	switch (a.verdict) {
	case WIRE_PERSONALIZING:
		/* If the watcher dies before it hears how the vendor's call ended, there is a card
		 * to settle. */
		s->holding = true;
		*told = true;
		rv = CKR_OK;
		break;
	case WIRE_WATCHING:
		*told = true;
		rv = CKR_OK;
		break;
	case WIRE_VENDOR:
		rv = CKR_OK;
		break;
	case WIRE_DONE:
		rv = a.rv;
		break;
	default:
		log_error(
		    "%s, %s: the helper's answer is not understood; install helper and module from "
		    "one version",
		    call, s->uri);
	}
	/* A watcher that refused goes on watching. */
	if (!*told && (rv == CKR_OK || !kept))
		watch_drop(s);
	if (rv != CKR_OK)
		log_error(
		    "%s, %s: refused (0x%lx); what the helper logged says why", call, s->uri, rv);
	answer_end(&a);
	return rv;
}

static CK_RV
refuse_unwatched(const struct situation *s, const char *call)
{
	log_error("%s, %s: refused, since the helper could not be told of the SO login; see the "
		  "log before "
		  "this line, log out and in again",
	    call, s->uri);
	return CKR_FUNCTION_FAILED;
}

CK_RV
call_init_pin(
    const CK_FUNCTION_LIST *v, CK_SESSION_HANDLE session, unsigned char *pin, unsigned long len)
{
	static const char call[] = "C_InitPIN";
	enum so_standing so;
	struct situation s;
	struct wire w;
	bool told;
	CK_RV rv;

	if (!process_initialized())
		return v->C_InitPIN(session, pin, len);
	rv = situation_of_session(&s, v, session);
	if (rv != CKR_OK)
		/* A PIN that is set on a card which says that it is gone, nobody would block. */
		return rv == CKR_SESSION_HANDLE_INVALID ? v->C_InitPIN(session, pin, len) : rv;
	so = slot_so(s.process, s.slot);
	if (so == SO_UNGOVERNED)
		return v->C_InitPIN(session, pin, len);
	identity_uri(&s.identity, s.uri);
	if (so == SO_FAILED)
		return refuse_unwatched(&s, call);
	if (twin_is_there(&s, call))
		return CKR_FUNCTION_FAILED;
	situation_refresh(&s);
	if (!watch_begin(&s))
		return CKR_FUNCTION_FAILED;
	situation_request(&s, &w, WIRE_INIT_PIN, 0);
	rv = announce(&s, &w, call, &told);
	if (rv == CKR_OK) {
		rv = v->C_InitPIN(session, pin, len);
		if (told)
			rv = finish(&s, rv, call);
	}
	watch_end(&s);
	if (s.unheard)
		situation_settle_after(&s, rv, WIRE_FLAG_INIT_PIN);
	else if (s.died && !s.holding)
		situation_settle(&s);
	return rv;
}

static CK_RV
set_pin_in_turn(struct situation *s, enum so_standing so, CK_SESSION_HANDLE session,
    const struct pin *old, const struct pin *new)
{
	static const char call[] = "C_SetPIN as SO";
	struct wire w;
	bool told = false;
	CK_RV rv = CKR_OK;

	if (s->slot->watcher.sock < 0) {
		if (s->standing == STANDING_NONE)
			return s->v->C_SetPIN(session, old->bytes, old->len, new->bytes, new->len);
		if (so == SO_FAILED)
			return refuse_unwatched(s, call);
	}
	situation_request(s, &w, WIRE_SET_SO, 0);
	if (new->bytes != NULL)
		wire_put(&w, WIRE_NEW_PIN, new->bytes, new->len);
	rv = announce(s, &w, call, &told);
	if (rv != CKR_OK)
		return rv;
	rv = s->v->C_SetPIN(session, old->bytes, old->len, new->bytes, new->len);
	return told ? finish(s, rv, call) : rv;
}

CK_RV
so_set_pin(const CK_FUNCTION_LIST *v, CK_SESSION_HANDLE session, const struct pin *old,
    const struct pin *new)
{
	enum so_standing so;
	struct situation s;
	CK_RV rv;

	rv = situation_of_session(&s, v, session);
	if (rv != CKR_OK)
		return situation_is_vendors(rv)
			   ? v->C_SetPIN(session, old->bytes, old->len, new->bytes, new->len)
			   : rv;
	so = slot_so(s.process, s.slot);
	if (so == SO_UNGOVERNED)
		return v->C_SetPIN(session, old->bytes, old->len, new->bytes, new->len);
	identity_uri(&s.identity, s.uri);
	situation_refresh(&s);
	if (!watch_begin(&s))
		return CKR_FUNCTION_FAILED;
	rv = set_pin_in_turn(&s, so, session, old, new);
	watch_end(&s);
	if (s.died && !s.holding)
		situation_settle(&s);
	return rv;
}

CK_RV
call_logout(const CK_FUNCTION_LIST *v, CK_SESSION_HANDLE session)
{
	CK_RV rv = v->C_Logout(session);
	struct process *p;
	struct slot *slot;
	bool was_so;

	if (rv != CKR_OK || !process_initialized())
		return rv;
	p = process_get();
	if (p == NULL || !process_holds(p))
		return rv;
	slot = slot_of_session(p, v, session);
	if (slot == NULL)
		return rv;
	was_so = slot_so(p, slot) != SO_NONE;
	slot_set_r_login(p, slot, false);
	slot_set_so(p, slot, SO_NONE);
	if (was_so)
		watch_tell(p, v, slot, WIRE_LOGOUT, 0, "C_Logout");
	else
		watch_check(p, v, slot);
	return rv;
}
