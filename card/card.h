/* SPDX-License-Identifier: BSD-3-Clause */
/* One token at work: who it is, what governs it, what is remembered of it, what it showed last. */
#ifndef CARD_CARD_H
#define CARD_CARD_H

#include <stdbool.h>

#include <p11-kit/pkcs11.h>

#include "card/lock.h"
#include "card/office.h"
#include "card/private.h"
#include "card/profile.h"
#include "card/record.h"

/* SO_SENT: to a card that counts, which did not prove it right; info may be older than that. */
enum so_try { SO_NOT_SENT, SO_SENT, SO_PROVED };

struct offline;

struct card {
	struct office *office;
	struct identity id;
	char name[IDENTITY_NAME_MAX];  /* of its files in the state directory */
	char uri[IDENTITY_URI_MAX];    /* for messages */
	const struct binding *binding; /* NULL: nothing governs it */
	struct profile profile;
	struct record record;
	struct private private;
	struct private noted; /* what stands in the file, where is_noted */
	bool is_noted;
	int lock;           /* descriptor; -1: not ours */
	int gate;           /* strangers' own lock before it; -1: none */
	CK_TOKEN_INFO info; /* as card_look() or the application saw it last */
	bool keep, kept;    /* card_keep() */
	enum so_try so_try; /* what became of the last SO secret */
	bool changed;       /* the PIN may be another than before, or locked (card/pin.c) */
	bool pin_seen;      /* the value presented was seen to be the PIN (card/settle.c) */
	bool pin_sent;      /* C_InitPIN was called, whatever it answered (card/pin_so.c) */
	bool so_changed;    /* the SO secret may be another than before (card/pin_so.c) */
	bool so_lost;       /* C_Login as SO took the last one, and then it was logged out */
	bool blind;         /* it is to be blocked, even if nothing can be written of that */
	bool unwritten;     /* which is so */
	bool undone;        /* where it cannot be blocked, its record is put back: says who does */
	CK_SLOT_ID kept_slot;
	struct offline *offline; /* what lies on it; NULL: not read so far (card/offline.h) */
};

/*
 * Finds out what governs the token and which profile it has. The card is not touched, but where
 * nothing else tells the profile the vendor module is asked who it is. CKR_FUNCTION_FAILED: policy
 * has an error or two bindings tie (logged).
 */
CK_RV card_open(struct card *c, struct office *o, const struct identity *id);

/* The same without reading record and private part, which may be damaged. */
CK_RV card_identify(struct card *c, struct office *o, const struct identity *id);
void card_close(struct card *c);

/* Reads record and private part again. CKR_FUNCTION_FAILED: they cannot be read (logged). */
CK_RV card_read(struct card *c);

/* Takes the token's lock; card_take() also reads what others may have written meanwhile. */
enum lock_status card_lock(struct card *c, unsigned wait_ms);
enum lock_status card_take(struct card *c, unsigned wait_ms);
void card_release(struct card *c);

/* The lock is free, but whoever comes through the socket for all still waits for this process. */
void card_let_go(struct card *c);

/*
 * One piece of work: C_Initialize, the token is found, fn, C_Finalize; all of it again where
 * another process disturbed it. Not where fn has spent a try, unless a new load shows that the card
 * did not count it. arg goes to fn as it is.
 */
struct work {
	struct card *card;
	CK_FUNCTION_LIST *f;
	CK_SLOT_ID slot;
	CK_FLAGS spent; /* by fn: what failed may have been counted, which one of these shows */
	bool asked;     /* by fn: a person typed on the reader for it, and does so once */
};
typedef CK_RV (*work_fn)(struct work *w, void *arg);
CK_RV card_work(struct card *c, work_fn fn, void *arg);

/*
 * Whether the profile can be this token's, by what its module says and c->info shows: one that
 * takes it for another, which counts no tries, would cost it some. False: logged.
 */
bool card_fits(const struct card *c);

/* Looks at the card in a fresh load (c->info), and no more. */
CK_RV card_peek(struct card *c);

/*
 * Whether the card shows it, after card_peek() or card_look(). A module that reads while another
 * process writes may show no flags, or false ones: only what further looks show, too, is believed.
 */
CK_RV card_surely(struct card *c, bool (*shows)(const struct card *c), bool *shown);

/*
 * Looks at the card in a fresh load (c->info), and lets its truth prevail over the record: a new
 * life voids it, and a card blocked by lock that plainly is not locked was unblocked elsewhere.
 * Needs the lock for that.
 */
CK_RV card_look(struct card *c);

/*
 * The load of the next card_look() is kept, and serves for the piece of work after it as well,
 * which is to follow at once: one C_Initialize less, which is a third of what a short request
 * costs. card_cool() ends it, before anything that waits or takes its time; card_release() does,
 * too.
 */
void card_keep(struct card *c);
void card_cool(struct card *c);

/* Whether the card of c->info began a new life since the record was made. */
bool card_reborn(const struct card *c);

/* Forgets record and private part: the card is not ours so far. */
bool card_forget(struct card *c);

/* Writes the private part, if it is not what stands in the file already; false: logged. */
bool card_note(struct card *c);

/*
 * Writes the record with this state and method, a new sequence number where raise says so, and the
 * time. False: logged.
 */
bool card_record(struct card *c, enum record_state state, enum record_method method, bool raise);

/* The record is what it was before again; where there was none, it is removed. False: logged. */
bool card_record_back(struct card *c, const struct record *before);

/* Length bounds of a user PIN, in bytes: the token's where they are sane, within the profile's. */
void card_pin_bounds(const struct card *c, size_t *min, size_t *max);

/*
 * Whether blocked, in the sense of the flows: by its own lock, scrambled, or refused by p11-latch,
 * as is what a holder that is gone left, and could not be blocked so far. With the lock held.
 */
bool card_blocked(const struct card *c);

#endif
