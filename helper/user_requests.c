/* SPDX-License-Identifier: BSD-3-Clause */
/* What the module asks when an application logs in as user or changes the PIN. */
#include <string.h>

#include "card/pin.h"
#include "helper/conversation.h"
#include "helper/take.h"
#include "policy/log.h"

struct values {
	struct secret *value, *new_pin;
};

static bool
read_request(struct conversation *k, const struct wire *w, struct values *v, struct request *q)
{
	uint32_t flags = 0;

	memset(v, 0, sizeof(*v));
	memset(q, 0, sizeof(*q));
	if (!take_secret(w, WIRE_PIN, &v->value) || !take_secret(w, WIRE_NEW_PIN, &v->new_pin))
		return false;
	wire_get_u32(w, WIRE_FLAGS, &flags);
	q->value = v->value;
	q->at_once = true;
	q->new_pin = v->new_pin;
	q->locked = (flags & WIRE_FLAG_LOCKED) != 0;
	q->stale = (flags & WIRE_FLAG_STALE) != 0;
	q->r_login = (flags & WIRE_FLAG_R_LOGIN) != 0;
	q->logged_in = (flags & WIRE_FLAG_LOGGED_IN) != 0;
	q->hold = k->hold.proved ? k->hold.id : NULL;
	return true;
}

static void
free_values(struct values *v)
{
	secret_free(&v->value);
	secret_free(&v->new_pin);
}

/*
 * A record that this request wrote does not make its own process stale, unless the vendor module
 * keeps what it read and the change was made in this process.
 */
static uint64_t
own_sequence(const struct conversation *k, const struct outcome *o)
{
	if (o->rv != CKR_OK || (k->card.profile.caches && !o->by_caller))
		return 0;
	return k->card.record.sequence;
}

/* Whose vendor module takes what the card was just seen to take has read the card as it is now. */
static uint64_t
seen_sequence(const struct conversation *k)
{
	return k->login && k->card.pin_seen ? k->card.record.sequence : 0;
}

static void
send_outcome(struct conversation *k, enum wire_verdict after_result)
{
	struct outcome *o = &k->outcome;

	switch (o->verdict) {
	case VERDICT_VENDOR:
		answer(k, WIRE_VENDOR, CKR_OK, NULL, seen_sequence(k));
		break;
	case VERDICT_USE_R:
		answer(k, WIRE_USE_R, CKR_OK, o->r, 0);
		break;
	case VERDICT_SET_WITH_R:
		k->awaited = AWAIT_SET_WITH_R;
		answer(k, WIRE_SET_WITH_R, CKR_OK, o->r, 0);
		secret_free(&o->r);
		return;
	case VERDICT_PERSONALIZE:
		k->personalizing = true;
		k->fresh = true;
		k->kind = INIT_PERSONALIZE;
		k->awaited = AWAIT_SET_PIN;
		answer(k, WIRE_PERSONALIZING, CKR_OK, NULL, 0);
		return;
	case VERDICT_DONE:
		answer(
		    k, o->rv == CKR_OK ? after_result : WIRE_DONE, o->rv, NULL, own_sequence(k, o));
		break;
	}
	card_release(&k->card);
	outcome_clear(o);
}

static bool
busy(struct conversation *k)
{
	if (k->awaited == AWAIT_NOTHING && !k->watching && !k->personalizing)
		return false;
	log_error("a request out of order is refused");
	answer(k, WIRE_DONE, CKR_FUNCTION_FAILED, NULL, 0);
	return true;
}

static void
serve(struct conversation *k, const struct wire *w, enum so_via via,
    void (*flow)(struct card *, const struct request *, struct outcome *))
{
	struct request q;
	struct values v;
	CK_RV rv;

	if (busy(k))
		return;
	rv = conversation_open_card(k, w);
	if (rv == CKR_OK && !read_request(k, w, &v, &q))
		rv = CKR_HOST_MEMORY;
	if (rv != CKR_OK) {
		answer(k, WIRE_DONE, rv_told(rv), NULL, 0);
		return;
	}
	q.via = via;
	k->card.pin_seen = false;
	k->login = via == SO_VIA_LOGIN;
	flow(&k->card, &q, &k->outcome);
	free_values(&v);
	send_outcome(k, WIRE_DONE);
}

void
request_login(struct conversation *k, const struct wire *w)
{
	serve(k, w, SO_VIA_LOGIN, flow_login);
}

void
request_set_pin(struct conversation *k, const struct wire *w)
{
	serve(k, w, SO_VIA_REQUEST, flow_set_pin);
}

/* C_SetPIN that began a personalization (PersonalizeOn=set-pin). */
static void
result_set_pin(struct conversation *k, CK_RV rv)
{
	/* A wrong old PIN changes nothing either. */
	if (pin_unchanged(&k->card, rv) || rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LOCKED) {
		k->personalizing = false;
		card_forget(&k->card);
		card_release(&k->card);
		answer(k, WIRE_DONE, CKR_OK, NULL, 0);
		return;
	}
	answer(k, WIRE_PERSONALIZING, CKR_OK, NULL, k->card.record.sequence);
}

void
request_result(struct conversation *k, const struct wire *w)
{
	enum awaited awaited = k->awaited;
	uint32_t rv = CKR_FUNCTION_FAILED;

	wire_get_u32(w, WIRE_RV, &rv);
	k->awaited = AWAIT_NOTHING;
	switch (awaited) {
	case AWAIT_INIT_PIN:
		result_init_pin(k, rv);
		break;
	case AWAIT_SET_SO:
		result_set_so(k, rv);
		break;
	case AWAIT_SET_PIN:
		result_set_pin(k, rv);
		break;
	case AWAIT_SET_WITH_R:
		flow_result(&k->card, rv, &k->outcome);
		/* C_Login goes on with what is the PIN now; C_SetPIN is done. */
		send_outcome(k, k->login ? WIRE_VENDOR : WIRE_DONE);
		break;
	case AWAIT_NOTHING:
		log_error("a result that nobody waits for is refused");
		answer(k, WIRE_DONE, CKR_FUNCTION_FAILED, NULL, 0);
		break;
	}
}
