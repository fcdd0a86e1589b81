/* SPDX-License-Identifier: BSD-3-Clause */
/* How a token stands when a call comes: who it is, its record, this process's part. */
#ifndef MODULE_SITUATION_H
#define MODULE_SITUATION_H

#include "card/record.h"
#include "module/process.h"

enum standing {
	STANDING_NONE,   /* no record in this life of the card */
	STANDING_ACTIVE, /* the PIN is its user's */
	STANDING_OURS,   /* personalizing, by this process or under its hold */
	STANDING_OTHERS, /* personalizing, by another holder or by none any more */
	STANDING_BLOCKED,
	STANDING_UNKNOWN /* the record cannot be read (logged) */
};

struct situation {
	struct process *process;
	const CK_FUNCTION_LIST *v;
	struct slot *slot;
	struct identity identity;
	const struct profile *profile;
	char uri[IDENTITY_URI_MAX]; /* for the log */
	struct record record;
	enum standing standing;
	bool died;    /* this process was the holder, and its watcher ended: the helper is to settle
			 that */
	bool unheard; /* which it did while the holder's C_InitPIN ran, and was not told its end */
	bool holding; /* in a turn (watch.h): this process holds the card */
	bool stale;   /* this process's vendor module keeps PINs from before the record */
	bool fresh;   /* token_flags are those of now */
	CK_FLAGS token_flags;
};

/*
 * Finds out how the session's token stands. Where there is no record, that costs one open() that
 * fails. Not CKR_OK: where situation_is_vendors(), the vendor's own answer to the call will say so;
 * else nobody can tell which token it is for, and the rv is the call's answer.
 */
CK_RV situation_of_session(
    struct situation *s, const CK_FUNCTION_LIST *v, CK_SESSION_HANDLE session);

/*
 * The same for a login: where the card is active, and this process not stale, the vendor's call
 * follows whatever else the card shows, and it is not asked again.
 */
CK_RV situation_of_login(struct situation *s, const CK_FUNCTION_LIST *v, CK_SESSION_HANDLE session);

/* The vendor knows no such session, or no token is there. */
bool situation_is_vendors(CK_RV rv);

/* The same from what C_GetTokenInfo just gave; slot is NULL where this process never used it. */
void situation_of_info(
    struct situation *s, const CK_FUNCTION_LIST *v, CK_SLOT_ID id, const CK_TOKEN_INFO *info);

/* Asks the vendor for the flags of now, if they are older. */
void situation_refresh(struct situation *s);

/*
 * A request about this token: IDENTITY, and as far as they are known TOKEN_FLAGS and FLAGS, these
 * with WIRE_FLAG_STALE, LOCKED and R_LOGIN as they are.
 */
void situation_request(struct situation *s, struct wire *w, enum wire_type type, uint32_t flags);

/* limit_ms and what CallTimeout= and a reader's PIN pad, as far as it is known, add to it. */
int situation_limit(const struct situation *s, int limit_ms);

/* Asks in a conversation of its own. False: logged. On true, both are to be ended. */
bool situation_ask(
    struct situation *s, struct wire *w, struct client *c, const char *call, struct answer *a);

/* What follows in the same conversation: WIRE_RESULT, and the answer to it. */
bool situation_result(
    struct situation *s, struct client *c, CK_RV rv, const char *call, struct answer *a);

/* Has the helper settle what a watcher left that died: nothing comes of it but what the helper
 * does. */
void situation_settle(struct situation *s);

/*
 * The same after the holder's call that sets a PIN, of which the watcher did not hear the end; rv
 * is how it ended. flags: WIRE_FLAG_INIT_PIN, where it was C_InitPIN.
 */
void situation_settle_after(struct situation *s, CK_RV rv, uint32_t flags);

/* The log line about a stale process. */
void situation_log_stale(const struct situation *s, const char *call);

#endif
