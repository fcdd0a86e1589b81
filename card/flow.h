/* SPDX-License-Identifier: BSD-3-Clause */
/* The flows behind C_Login, C_SetPIN and C_InitPIN: what the application's call is to do. */
#ifndef CARD_FLOW_H
#define CARD_FLOW_H

#include "card/row.h"

enum verdict {
	VERDICT_DONE,       /* rv is the application's answer */
	VERDICT_VENDOR,     /* the vendor's call, with the application's own values */
	VERDICT_USE_R,      /* log in with r */
	VERDICT_SET_WITH_R, /* C_SetPIN(r, new PIN) in the application's process; then flow_result()
			     */
	VERDICT_PERSONALIZE /* the card is personalizing from now on, and the caller its holder */
};

struct request {
	const struct secret *value;   /* what was presented; NULL: nothing */
	const struct secret *new_pin; /* C_SetPIN */
	enum so_via via;
	bool locked;    /* the vendor shows or says that the PIN is locked */
	bool stale;     /* R is of no use to the process that asks */
	bool r_login;   /* it is logged in with R */
	bool logged_in; /* it is logged in as user */
	bool untouched; /* a card without a record is not looked at: its user is logged in */
	bool at_once;   /* nothing is waited for between the first look at the card and the work */
	bool retry;     /* recover: what is only refused is tried to be blocked again */
	const char *hold; /* ID of the hold that the caller proved to be under; NULL: none */
};

struct outcome {
	enum verdict verdict;
	CK_RV rv;
	struct secret *r; /* to be freed */
	bool by_caller;   /* the change was made in the application's process, not in this one */
	/* For flow_result(): */
	bool login;
	struct so so;
	struct secret *pin;
};

void outcome_clear(struct outcome *o);

/* C_Login as user. */
void flow_login(struct card *c, const struct request *q, struct outcome *o);

/* C_SetPIN in a user or public session. */
void flow_set_pin(struct card *c, const struct request *q, struct outcome *o);

/*
 * How C_SetPIN(r, ...) ended in the application's process. Where it failed, or does not show in a
 * fresh load, the PIN is set from here. o->rv is the application's answer; the token's lock was
 * held all the time.
 */
void flow_result(struct card *c, CK_RV rv, struct outcome *o);

/*
 * Takes the token's lock as a request may wait for it. A personalizing card's lock is its
 * watcher's, as long as there is one: LOCK_BUSY after an instant unless its holder is just ending.
 */
enum lock_status flow_take(struct card *c);

/*
 * Takes the lock, settles what a dead watcher left, and sees what the card shows. CKR_OK: c->record
 * is the truth. Else the application's answer: CKR_PIN_LOCKED (another holder lives),
 * CKR_FUNCTION_FAILED, or the card's.
 */
CK_RV flow_begin(struct card *c, const struct request *q);

/* Whether the value is the policy's own PUK or key, which is no PIN. */
bool flow_is_policys(struct card *c, const struct secret *value);

/* Ends a change of the SO secret that was interrupted, as the request may. With the lock held. */
CK_RV flow_resolve_so(struct card *c, const struct request *q);

/* The kinds of C_InitPIN. */
enum init_kind { INIT_PASS, INIT_PERSONALIZE, INIT_UNBLOCK };

/*
 * C_InitPIN is about to be called; c->info.flags are as the application's vendor shows them, and
 * the card is not touched. CKR_OK: it may be; with INIT_PERSONALIZE and INIT_UNBLOCK the lock is
 * held. Else the refusal (logged).
 */
CK_RV flow_init_begin(struct card *c, const char *hold, enum init_kind *kind);

/* How it ended. The lock stays with a card that is personalizing and is freed else. */
CK_RV flow_init_end(struct card *c, enum init_kind kind, CK_RV rv, bool fresh);

/*
 * A holder's C_InitPIN or C_SetPIN ended so after its watcher had ended. Where it may have set a
 * PIN that is in force after a block, the card is blocked once more, whatever its record says since
 * then. The rv as of flow_begin().
 */
CK_RV flow_set_late(struct card *c, CK_RV rv, bool init_pin);

/* The record says personalizing from now on; fresh: it did not before. */
CK_RV flow_personalize(struct card *c, const char *hold);

/* Blocks what a dead watcher left personalizing, as far as the caller may. With the lock held. */
CK_RV flow_settle(struct card *c);

#endif
