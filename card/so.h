/* SPDX-License-Identifier: BSD-3-Clause */
/* SO secrets: which the policy has, which was presented, and what a try of one may cost. */
#ifndef CARD_SO_H
#define CARD_SO_H

#include "card/box.h"
#include "card/card.h"
#include "policy/secret.h"

/*
 * The box that an SO secret was taken out of (card/offline.h). Generation 0: it comes from no box.
 */
struct opened {
	uint64_t generation;
	unsigned char digest[BOX_HASH];   /* SHA-256 of it as it is stored */
	unsigned number;                  /* of the ticket that opened it; BOX_HELPDESK */
	unsigned char helpdesk[SEAL_KEY]; /* public key, of the box's content */
	unsigned char tickets[BOX_HASH];  /* as there */
};

/* An SO secret as it goes to the vendor module. All zero: none. */
struct so {
	struct secret *pin;   /* PUK as typed, or the digits or bytes of a key */
	struct secret *bytes; /* of a key, however it is sent */
	bool key;
	char kcv[7]; /* of a key; "" where it is a PUK */
	bool pad;    /* typed on the reader: pin is NULL, and nobody here knows it */
	bool policy; /* from the policy: row 1's other side */
	bool given;  /* with policy: not the policy's own, but what --field gives for its field */
	struct opened box;
	bool several; /* one of several boxes', and the card was not asked which is right */
	struct secret *manager; /* bytes of the card manager key that opened the box; NULL: none */
};

void so_clear(struct so *so);

/* A value that somebody presented, as it is. False: no memory. */
bool so_presented(struct so *so, const struct secret *value);

/* A value as it is written in policy or by a person; keys are checked. False: logged. */
bool so_written(
    struct card *c, const struct secret *written, bool key, const char *origin, struct so *so);
bool so_copy(struct so *to, const struct so *from);

enum so_via {
	SO_VIA_LOGIN,
	SO_VIA_REQUEST,
	SO_VIA_LAST_TRY,
	SO_VIA_NOTHING /* nothing is sent to the card: no way to begin a try */
};

/*
 * The policy's SO secret now valid for this card, so->pin NULL where it holds none (a dialog, no
 * value, another secret was seen to be the card's). The Unblock description's; with for_block the
 * first that a block would try. False: a source failed, or the key is not the one recorded
 * (logged).
 */
bool so_of_policy(struct card *c, bool for_block, struct so *so);

/* Where an SO secret stands in policy: PUK= or InitialPUK=, or the same of keys. */
enum so_element {
	SO_UNBLOCK_NEW,
	SO_UNBLOCK_NOW,
	SO_PERSONALIZE_NEW,
	SO_PERSONALIZE_NOW,
	SO_ELEMENTS
};

/* The one that a block tries as the i-th: the one known to be valid first, then the likelier. */
enum so_element so_element_for_block(const struct card *c, unsigned i);

/* Where that is; NULL, and *desc too, where the policy has no such description. */
const struct value *so_element_value(
    const struct card *c, enum so_element element, const struct description **desc);

/*
 * When the files were written that all these come from, as a number that differs once one of them
 * is edited. Nothing of their content is in it.
 */
uint64_t so_policy_stamp(struct card *c);

/* What stands there, as so_of_policy(). */
bool so_of_element(struct card *c, enum so_element element, struct so *so);

/*
 * What so_of_policy() finds, where the card is asked which of several boxes is right by what via
 * lets. SO_VIA_NOTHING, before anything right was presented: it may be a forged card with copies of
 * a real one's boxes. With so->several it is for comparing only, then.
 */
bool so_of_policy_by(struct card *c, enum so_via via, struct so *so);

/* The secret that PUK= or NewCardManagerKey= of desc is to set; so->pin NULL where there is none.
 */
bool so_to_set(struct card *c, const struct description *desc, struct so *so);

/* Whether C_Login as SO takes it: with some modules (profile) that is for keys, and a PUK is not
 * the SO PIN. */
bool so_logs_in(const struct card *c, const struct so *so);

/* Whether it is what unblocks the card. */
bool so_unblocks(const struct card *c, const struct so *so);

/* Whether both are one secret: keys by their bytes, however they are written. Constant in time. */
bool so_same(const struct so *a, const struct secret *value);

/*
 * Whether a person presents this secret: the same, or where a card manager key opened the box that
 * it comes from, that key. Constant in time.
 */
bool so_is_presented(const struct so *so, const struct secret *value);

/* Whether the value is the policy's own PUK or key, which is no PIN. The card is not asked. */
bool so_is_policys(struct card *c, const struct secret *value);

/*
 * Notes in c->private what the secret that the card accepted is to the policy: its own, the one
 * that it was to set, or neither (a warning, and rows 1 and 2 do not apply to this card). To be
 * written by the caller.
 */
void so_place(struct card *c, const struct so *right);

/* Says so of a card for which c->private.foreign_so is noted, and what to do. */
void so_say_foreign(const struct card *c);

/* Whether the token can take it, by the lengths that it shows (c->info), or the profile has. */
bool so_fits(const struct card *c, const struct so *so);

/*
 * Draws an SO secret that nobody knows, of the form that the card takes: letters and digits (or
 * digits, where it takes no other), as many as c->info and the profile let, 32 at most; where it
 * has to be a key (profile.so_is_key) a 3DES key, as 48 digits. so is to be cleared. False
 * (logged): the card's are shorter than SO_DRAW_MIN, or its SO secret resets no PIN; no memory, no
 * randomness.
 */
#define SO_DRAW_MIN 6
bool so_draw(struct card *c, struct so *so);

/* Whether what unblocks cards here is a box, by the Unblock description or for want of one. Only
 * where c has a binding. */
bool so_is_offline(const struct card *c);

/* Whether desc asks a person for the SO secret. */
bool so_is_asked(const struct card *c, const struct description *desc);

/* What a token shows of wrong SO PINs. */
#define SO_COUNT_FLAGS (CKF_SO_PIN_COUNT_LOW | CKF_SO_PIN_FINAL_TRY | CKF_SO_PIN_LOCKED)

/*
 * How many wrong SO secrets the card still takes, by what c->info shows; at least 1000 where they
 * cost nothing. *known: the module, or this machine's count, lets know; else it is a guess.
 */
unsigned so_tries_left(const struct card *c, bool *known);

bool so_is_last_try(const struct card *c);

/*
 * Whether an SO secret that may be wrong may be sent to the card now (design, section 6, "An SO try
 * is never wasted"), and if so, counts it beforehand, together with all of c->private. c->info is
 * taken anew where another was sent since. CKR_OK; CKR_PIN_LOCKED: no, and the log says why;
 * CKR_PIN_INCORRECT: the token would not take a value of this form, so that it is not sent;
 * CKR_FUNCTION_FAILED: it could not be written (logged); or the card's answer to the look.
 */
CK_RV so_begin_try(struct card *c, const struct so *so, enum so_via via);

/*
 * Whether to send it again: another process's logout can end ours between C_Login as SO and what
 * was to follow. Where the login proves nothing, that may have been a try: within the budget, and
 * counted.
 */
bool so_once_more(struct card *c, const struct so *so, enum so_via via);

/*
 * Counts the refusal of a secret that was right before and was sent without so_begin_try(): where
 * the card does not show its tries, and it is known how many there are.
 */
void so_spent(struct card *c);

/* An SO secret was right. To be written by the caller. */
void so_right(struct card *c);

/* Somebody says that the card's tries are all back. What it refused stays noted, and comes after
 * what it did not. To be written by the caller. */
void so_allow(struct card *c);

/* Its end. False: it could not be written (logged). */
bool so_tried(struct card *c, enum so_via via, CK_RV rv);

#endif
