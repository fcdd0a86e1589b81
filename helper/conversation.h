/* SPDX-License-Identifier: BSD-3-Clause */
/* One conversation with one process about one token, and what the helper must do when it ends. */
#ifndef HELPER_CONVERSATION_H
#define HELPER_CONVERSATION_H

#include "card/flow.h"
#include "helper/hold.h"
#include "helper/wire.h"

/* What the next WIRE_RESULT is about. */
enum awaited { AWAIT_NOTHING, AWAIT_INIT_PIN, AWAIT_SET_SO, AWAIT_SET_WITH_R, AWAIT_SET_PIN };

struct conversation {
	int sock;
	int holder;  /* pidfd of the process at the other end; -1: the socket alone tells */
	int signals; /* signalfd: SIGTERM, SIGINT, SIGHUP */
	const char *config_file;
	enum caller caller;
	bool spawned;
	bool office_open, card_open;
	struct office office;
	struct card card;
	struct hold_link hold;  /* the hold that the caller proved to be under */
	struct so so;           /* what the application logged in with as SO */
	struct so so_candidate; /* what it is changing it to */
	bool so_changed;        /* it may be in force, or is; the hold was not told so far */
	bool so_proved;         /* a C_InitPIN of this SO's has succeeded */
	bool so_refused;        /* the card could not be blocked with it */
	bool watching;          /* an SO session that is governed */
	bool personalizing;     /* the caller is the card's holder: its end blocks the card */
	bool unblocked; /* the application itself did, PUK= or NewCardManagerKey= are to follow */
	enum init_kind kind;
	bool fresh; /* the record did not say personalizing before */
	enum awaited awaited;
	bool told;  /* to end, by a signal, before what is awaited came */
	bool login; /* the outcome is of C_Login */
	struct outcome outcome;
	bool over;
	int64_t begun;     /* milliseconds, of the monotonic clock */
	int64_t result_by; /* when what is awaited is waited for no more; 0: nothing is */
};

/*
 * Serves the conversation to its end, and blocks the card if it is to be blocked. The descriptors
 * and the secrets of k are closed and wiped by conversation_close().
 */
void conversation_run(struct conversation *k);
void conversation_close(struct conversation *k);

/* Opens office and card for the identity of the frame, once. CKR_OK, or the refusal (logged). */
CK_RV conversation_open_card(struct conversation *k, const struct wire *w);

/* The requests; each sends its answer. */
void request_login(struct conversation *k, const struct wire *w);
void request_set_pin(struct conversation *k, const struct wire *w);
void request_result(struct conversation *k, const struct wire *w);
void request_so_login(struct conversation *k, const struct wire *w);
void request_init_pin(struct conversation *k, const struct wire *w);
void request_set_so(struct conversation *k, const struct wire *w);
void request_logout(struct conversation *k, const struct wire *w);
void request_release(struct conversation *k, const struct wire *w);

/* The result of the SO's calls, from request_result(). */
void result_init_pin(struct conversation *k, CK_RV rv);
void result_set_so(struct conversation *k, CK_RV rv);

/*
 * A C_InitPIN that ended so may have set a PIN under the hold's lock. True: the hold had ended
 * before, and the card is blocked once more. Else it is to be blocked yet: by the hold, which says
 * so, or by this conversation, where the hold was killed.
 */
bool conversation_overtaken(struct conversation *k, CK_RV rv);

/*
 * Tells the hold that has the card what its SO secret was changed to, or may have been: another
 * program may change it again before this one ends.
 */
void conversation_tell_hold(struct conversation *k);

/*
 * Ends what the caller did as SO: a personalizing card is handed to its hold, or blocked; PUK= and
 * NewCardManagerKey= follow what the application unblocked.
 */
CK_RV conversation_end_holding(struct conversation *k);

/* Sends WIRE_ANSWER; r and sequence only where they are not NULL and 0. */
void answer(struct conversation *k, enum wire_verdict verdict, CK_RV rv, const struct secret *r,
    uint64_t sequence);
void answer_flags(struct conversation *k, CK_RV rv, uint32_t flags);

#endif
