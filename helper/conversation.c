/* SPDX-License-Identifier: BSD-3-Clause */
/* One conversation: its frames one after the other, and the end of its holder, however it ends. */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "helper/conversation.h"
#include "helper/order_request.h"
#include "helper/waiting.h"
#include "policy/log.h"

void
answer(struct conversation *k, enum wire_verdict verdict, CK_RV rv, const struct secret *r,
    uint64_t sequence)
{
	struct wire w;

	if (k->card_open)
		card_cool(&k->card);
	wire_begin(&w, WIRE_ANSWER);
	wire_put_u8(&w, WIRE_VERDICT, (uint8_t)verdict);
	wire_put_rv(&w, WIRE_RV, rv);
	if (r != NULL)
		wire_put(&w, WIRE_R, secret_bytes(r), secret_len(r));
	if (sequence != 0)
		wire_put_u64(&w, WIRE_SEQUENCE, sequence);
	if (wire_send(k->sock, &w, waiting_limit(k)) != WIRE_OK)
		k->over = true;
	wire_end(&w);
}

void
answer_flags(struct conversation *k, CK_RV rv, uint32_t flags)
{
	struct wire w;

	wire_begin(&w, WIRE_ANSWER);
	wire_put_u8(&w, WIRE_VERDICT, WIRE_DONE);
	wire_put_rv(&w, WIRE_RV, rv);
	wire_put_u32(&w, WIRE_FLAGS, flags);
	if (wire_send(k->sock, &w, waiting_limit(k)) != WIRE_OK)
		k->over = true;
	wire_end(&w);
}

/* Whom policy does not answer to could make the card another module's by it. */
static void
take_profile(struct office *o, const struct wire *w)
{
	const struct wire_field *f = wire_get(w, WIRE_PROFILE);
	char name[32];

	if (f == NULL || f->len >= sizeof(name) || o->caller == CALLER_ANYONE)
		return;
	memcpy(name, f->bytes, f->len);
	name[f->len] = '\0';
	o->told = profile_named(name);
}

CK_RV
conversation_open_card(struct conversation *k, const struct wire *w)
{
	const struct wire_field *f = wire_get(w, WIRE_IDENTITY);
	struct identity id;
	uint32_t flags;
	CK_RV rv;

	if (f == NULL || f->len != IDENTITY_WIRE_LEN) {
		log_error("a request without a token's identity is refused");
		return CKR_ARGUMENTS_BAD;
	}
	identity_unpack(&id, f->bytes);
	if (!k->office_open) {
		rv = office_open(&k->office, k->config_file, k->caller);
		if (rv != CKR_OK)
			return rv;
		k->office_open = true;
	}
	if (k->card_open && !identity_equal(&id, &k->card.id, true)) {
		log_error("%s: a request about another token in one conversation is refused",
		    k->card.uri);
		return CKR_ARGUMENTS_BAD;
	}
	if (!k->card_open) {
		take_profile(&k->office, w);
		rv = card_open(&k->card, &k->office, &id);
		if (rv != CKR_OK)
			return rv;
		k->card_open = true;
		/* Once: the hold is asked, and could else be kept busy with wrong ones. */
		f = wire_get(w, WIRE_COOKIE);
		if (f != NULL)
			hold_prove(&k->hold, k->office.config->state_dir, f->bytes, f->len);
	}
	if (wire_get_u32(w, WIRE_TOKEN_FLAGS, &flags))
		k->card.info.flags = flags;
	return CKR_OK;
}

static void
dispatch(struct conversation *k, const struct wire *w)
{
	switch (w->type) {
	case WIRE_LOGIN:
		request_login(k, w);
		break;
	case WIRE_SET_PIN:
		request_set_pin(k, w);
		break;
	case WIRE_SO_LOGIN:
		request_so_login(k, w);
		break;
	case WIRE_INIT_PIN:
		request_init_pin(k, w);
		break;
	case WIRE_SET_SO:
		request_set_so(k, w);
		break;
	case WIRE_RESULT:
		request_result(k, w);
		break;
	case WIRE_LOGOUT:
		request_logout(k, w);
		break;
	case WIRE_RELEASE:
		request_release(k, w);
		break;
	case WIRE_ORDER:
		request_order(k, w);
		break;
	case WIRE_HOLD:
		hold_run(k);
		break;
	default:
		log_error("a request of unknown type %u is refused", w->type);
		k->over = true;
	}
}

/* Anything else would be waited for too, and some files have whoever made them decide how long. */
static bool
is_process(int fd)
{
	return syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0) == 0 || errno != EBADF;
}

static bool
receive(struct conversation *k)
{
	enum wire_status status;
	struct wire w;

	status = wire_receive(k->sock, &w, waiting_limit(k));
	if (status == WIRE_OK) {
		if (k->holder < 0 && w.fd >= 0 && is_process(w.fd)) {
			k->holder = w.fd;
			w.fd = -1;
		}
		dispatch(k, &w);
		waiting_note(k);
	} else if (status == WIRE_BROKEN && errno == EPROTONOSUPPORT) {
		log_error(
		    "a request of another version of p11-latch is refused; restart the program "
		    "that asked");
	} else if (status == WIRE_BROKEN) {
		log_error("a request that is not of the protocol's form is refused");
	} else if (status == WIRE_TIMEOUT) {
		log_error("a request did not arrive whole in time");
	}
	wire_end(&w);
	return status == WIRE_OK;
}

void
conversation_run(struct conversation *k)
{
	waiting_begin(k);
	while (!k->over && waiting_for_event(k) == EVENT_FRAME) {
		if (!receive(k))
			break;
	}
	/* The module died between its request and its result: as if it had succeeded. */
	if (k->awaited == AWAIT_SET_WITH_R)
		flow_result(&k->card, CKR_FUNCTION_FAILED, &k->outcome);
	conversation_end_holding(k);
}

void
conversation_close(struct conversation *k)
{
	outcome_clear(&k->outcome);
	so_clear(&k->so);
	so_clear(&k->so_candidate);
	if (k->card_open)
		card_close(&k->card);
	if (k->office_open)
		office_close(&k->office);
	explicit_bzero(&k->hold, sizeof(k->hold));
	if (k->holder >= 0)
		close(k->holder);
	if (k->signals >= 0)
		close(k->signals);
	close(k->sock);
}
