/* SPDX-License-Identifier: BSD-3-Clause */
/* C_Login and C_LoginUser. */
#include <ctype.h>
#include <string.h>

#include "module/calls.h"
#include "module/slot.h"
#include "module/so.h"
#include "module/with_r.h"
#include "policy/log.h"

bool
pin_may_be_response(const struct pin *pin)
{
	unsigned long i, digits = 0;

	if (pin->bytes == NULL || pin->len < 16 || pin->len > 64)
		return false;
	for (i = 0; i < pin->len; i++) {
		if (isxdigit(pin->bytes[i]))
			digits++;
		else if (isalnum(pin->bytes[i]))
			return false;
	}
	return digits == 16 || digits == 32;
}

/* More rounds than this make no sense in one request: SET_WITH_R, then VENDOR. */
#define ROUNDS_MAX 4

CK_RV
attempt_login_with(const struct attempt *a, unsigned char *pin, unsigned long len)
{
	login_user_fn login_user;

	if (!a->named)
		return a->v->C_Login(a->session, a->user, pin, len);
	memcpy(&login_user, &((const struct any_list *)a->v)->entry[AT_LOGIN_USER],
	    sizeof(login_user));
	return login_user(a->session, a->user, pin, len, a->name, a->name_len);
}

CK_RV
attempt_login(const struct attempt *a)
{
	return attempt_login_with(a, a->pin.bytes, a->pin.len);
}

static const char *
call_name(const struct attempt *a)
{
	return a->named ? "C_LoginUser" : "C_Login";
}

/*
 * Does what the helper said, and tells it, until it has the application's answer. Ends the answer.
 * tried: what the vendor said to this value already; CKR_OK: it was not asked.
 */
static CK_RV
follow(struct situation *s, const struct attempt *a, struct client *c, CK_RV tried,
    struct answer *answer)
{
	CK_RV rv = CKR_FUNCTION_FAILED;
	int round;

	for (round = 0; round < ROUNDS_MAX; round++) {
		switch (answer->verdict) {
		case WIRE_DONE:
			rv = answer->rv;
			goto out;
		case WIRE_VENDOR:
			rv = tried != CKR_OK ? tried : attempt_login(a);
			/* The card takes the value, and the vendor here does not: it is stale. */
			if (rv != CKR_OK && answer->sequence != 0)
				slot_set_sequence(s->process, s->slot, 0);
			goto out;
		case WIRE_USE_R:
			rv = with_r_login(s, a, answer, call_name(a));
			goto out;
		case WIRE_SET_WITH_R:
			/* The value is a PIN letter: it becomes the PIN. */
			rv = with_r_set_pin(s, 0, answer, &a->pin);
			answer_end(answer);
			if (!situation_result(s, c, rv, call_name(a), answer))
				return CKR_FUNCTION_FAILED;
			tried = CKR_OK;
			break;
		default:
			round = ROUNDS_MAX;
		}
	}
	log_error(
	    "%s, %s: the helper's answer is not understood; install helper and module from one "
	    "version",
	    call_name(a), s->uri);
	rv = CKR_FUNCTION_FAILED;
out:
	answer_end(answer);
	return rv;
}

/* fallback is what the application gets when the helper cannot be asked (logged). */
static CK_RV
ask_helper_of(
    struct situation *s, const struct attempt *a, uint32_t flags, CK_RV fallback, CK_RV tried)
{
	struct answer answer;
	struct client c;
	struct wire w;
	CK_RV rv;

	situation_refresh(s);
	situation_request(s, &w, WIRE_LOGIN, flags);
	if (a->pin.bytes != NULL)
		wire_put(&w, WIRE_PIN, a->pin.bytes, a->pin.len);
	if (w.failed) {
		wire_end(&w);
		return CKR_PIN_LEN_RANGE;
	}
	if (!situation_ask(s, &w, &c, call_name(a), &answer))
		return fallback;
	rv = follow(s, a, &c, tried, &answer);
	client_close(&c);
	return rv;
}

static CK_RV
ask_helper(struct situation *s, const struct attempt *a, uint32_t flags, CK_RV fallback)
{
	return ask_helper_of(s, a, flags, fallback, CKR_OK);
}

/* The vendor answers by itself, that somebody is logged in already. */
static bool
logged_in(const struct attempt *a)
{
	CK_SESSION_INFO info = {0};

	return a->v->C_GetSessionInfo(a->session, &info) == CKR_OK &&
	       info.state != CKS_RO_PUBLIC_SESSION && info.state != CKS_RW_PUBLIC_SESSION;
}

/* No record, or active, or ours to personalize: the vendor, and the helper only for a locked PIN.
 */
static CK_RV
login_open(struct situation *s, const struct attempt *a)
{
	CK_RV rv;

	if (s->stale && s->standing != STANDING_OURS) {
		situation_log_stale(s, call_name(a));
		return CKR_FUNCTION_FAILED;
	}
	rv = attempt_login(a);
	/* Scrambled at another desk, a card shows nothing of it; its tickets tell. */
	if (rv == CKR_PIN_INCORRECT && s->standing != STANDING_OURS && pin_may_be_response(&a->pin))
		return ask_helper_of(s, a, 0, rv, rv);
	if (rv != CKR_PIN_LOCKED || s->standing == STANDING_OURS)
		return rv;
	s->fresh = false;
	/* A token that nothing governs stays what it is also where there is no helper. */
	return ask_helper(s, a, WIRE_FLAG_LOCKED,
	    s->standing == STANDING_NONE ? CKR_PIN_LOCKED : CKR_FUNCTION_FAILED);
}

static CK_RV
login_as_user(const struct attempt *a)
{
	struct situation s;
	CK_RV rv = situation_of_login(&s, a->v, a->session);

	if (rv != CKR_OK)
		return situation_is_vendors(rv) ? attempt_login(a) : rv;
	switch (s.standing) {
	case STANDING_NONE:
	case STANDING_ACTIVE:
	case STANDING_OURS:
		return login_open(&s, a);
	case STANDING_OTHERS:
	case STANDING_BLOCKED:
	case STANDING_UNKNOWN:
		break;
	}
	return logged_in(a) ? attempt_login(a) : ask_helper(&s, a, 0, CKR_FUNCTION_FAILED);
}

/* Where the login was with R, the value that gave it is not the card's PIN: R again. */
static CK_RV
login_in_context(const struct attempt *a)
{
	struct process *p = process_get();
	struct situation s;
	struct slot *slot;

	if (p == NULL || !process_holds(p))
		return attempt_login(a);
	slot = slot_of_session(p, a->v, a->session);
	if (slot == NULL || !slot_r_login(p, slot) ||
	    situation_of_session(&s, a->v, a->session) != CKR_OK)
		return attempt_login(a);
	return ask_helper(&s, a, WIRE_FLAG_CONTEXT, CKR_FUNCTION_FAILED);
}

static CK_RV
login_as_so(const struct attempt *a)
{
	CK_RV rv = attempt_login(a);

	if (rv == CKR_OK)
		so_logged_in(a->v, a->session, &a->pin, call_name(a));
	return rv;
}

static CK_RV
login(const struct attempt *a)
{
	if (!process_initialized())
		return attempt_login(a);
	switch (a->user) {
	case CKU_USER:
		return login_as_user(a);
	case CKU_SO:
		return login_as_so(a);
	case CKU_CONTEXT_SPECIFIC:
		return login_in_context(a);
	default:
		return attempt_login(a);
	}
}

CK_RV
call_login(const CK_FUNCTION_LIST *v, CK_SESSION_HANDLE session, CK_USER_TYPE user,
    unsigned char *pin, unsigned long len)
{
	const struct attempt a = {.v = v, .session = session, .user = user, .pin = {pin, len}};

	return login(&a);
}

CK_RV
call_login_user(const CK_FUNCTION_LIST *v, CK_SESSION_HANDLE session, CK_USER_TYPE user,
    unsigned char *pin, unsigned long len, unsigned char *name, unsigned long name_len)
{
	const struct attempt a = {.v = v,
	    .session = session,
	    .user = user,
	    .pin = {pin, len},
	    .named = true,
	    .name = name,
	    .name_len = name_len};

	return login(&a);
}
