/* SPDX-License-Identifier: BSD-3-Clause */
/* Offline-unblockable cards: which tickets and boxes count, what opens them, and making new ones.
 */
#ifndef CARD_OFFLINE_H
#define CARD_OFFLINE_H

#include "card/so.h"
#include "card/tickets.h"
#include "policy/key.h"
#include "policy/spoken.h"

/* Boxes that may hold the SO secret: one from elsewhere, one that was written here, the last. */
#define OFFLINE_BOXES 3

/*
 * What lies on the card, and which of it is believed. Anybody may write tickets and boxes, and each
 * box that does not hold the card's SO secret costs a try of it. So of one noted generation, that
 * box counts (as its file here has it), one that is newer, and one that was written from here and
 * not seen to be in force; an older one never does, and where several newer ones lie there none of
 * them. Without a note there are two at most, as a crash leaves them: of more, none counts.
 */
struct offline {
	struct tickets all;
	const struct box *boxes[OFFLINE_BOXES]; /* the newest first */
	size_t n;
	bool refused;              /* there are more boxes than are believed */
	const struct ticket *next; /* whose challenge is shown; NULL: none */
	size_t left;               /* tickets that can be used */
};

/* Whether cards of this profile can have tickets: their SO PIN is what unblocks them. */
bool offline_possible(const struct card *c);

/*
 * Reads c->offline, once for as long as the lock is held; offline_drop() has it read again. Else
 * the card's answer, or CKR_FUNCTION_FAILED (logged).
 */
CK_RV offline_read(struct card *c);
void offline_drop(struct card *c);

/* Writes into c->record (not into its file) how many tickets are left, and the challenge. */
CK_RV offline_show(struct card *c);

/* Logs for the person at a blocked card what to read out to the helpdesk, where it has tickets. */
void offline_tell(struct card *c);

/* --- What opens them ----------------------------------------------------------------------------
 */

enum offline_answer {
	OFFLINE_NO_RESPONSE, /* not of the form of a response to the challenge shown */
	OFFLINE_OPENS,       /* *so is the SO secret */
	OFFLINE_WRONG,       /* counted; nothing was sent to the card */
	OFFLINE_REFUSED      /* *rv says why (logged) */
};

/* Row 3: whether the value is the response to the challenge that is shown. */
enum offline_answer offline_response(
    struct card *c, const struct secret *value, enum so_via via, struct so *so, CK_RV *rv);

/* Whether the value could be a response at all: 16 or 32 digits. */
bool offline_form(const struct secret *value);

/* Clears the count of wrong responses. */
void offline_right(struct card *c);

/*
 * The SO secret by the policy's card manager key, so->pin NULL where the policy holds no key, the
 * card has no box, or none that opens (logged). False: a source failed, or the card (logged). Of
 * several that open the card is asked which is right, via that; with SO_VIA_NOTHING it is the
 * newest, so->several.
 */
bool offline_of_policy(
    struct card *c, const struct description *desc, enum so_via via, struct so *so);

/* Whether the policy's key opens a box of the card, right or not: no SO try is spent. */
bool offline_opens(struct card *c, const struct description *desc);

/* The same by a key that a person gave; true where it is one and opens a box. */
bool offline_by_key(struct card *c, const struct secret *value, enum so_via via, struct so *so);

/*
 * Whether it has the form of a card manager key, and the card has boxes or had: it is no SO PIN of
 * the card's, and is not sent to it to see whether it is its PIN either.
 */
bool offline_is_key(struct card *c, const struct secret *value);

/* Whether the value is CardManagerKey= or NewCardManagerKey= of the policy. */
bool offline_is_policys_key(struct card *c, const struct secret *value);

/* --- What makes them ----------------------------------------------------------------------------
 */

/*
 * A new SO secret, a full set of tickets under the card manager key of desc (its new one, where it
 * has one), and one box for them all. now: the SO secret that is valid, proved; new: what is valid
 * from then on, to be cleared. CKR_OK: in force. Else (logged) *new is empty and the old one valid,
 * as far as anybody can tell.
 */
CK_RV offline_make(
    struct card *c, const struct description *desc, const struct so *now, struct so *new);

/*
 * The card was unblocked with so: a ticket is used up, and the SO secret is a new one; with the
 * card manager key, and where desc asks for it, all tickets are made anew. What fails is logged:
 * the PIN is set all the same. With the lock held; c->record is to be written.
 */
void offline_used(struct card *c, const struct description *desc, const struct so *so, bool may);

/*
 * A box was written from here, and it is not known whether its secret is in force: the policy's key
 * tells, where it has one. With the lock held; for those only who may use the policy's secrets.
 */
void offline_tidy(struct card *c);

/*
 * The SO PIN that a new card of this label (NULL: the one that it has) has until its tickets are
 * made: the key alone tells it. False: logged.
 */
bool offline_initial(
    struct card *c, const struct description *desc, const struct secret *label, struct so *so);

/*
 * From the SO secret of a box, which is proved, to set (NULL: a random one), in a box for the same
 * tickets and the helpdesk: whatever interrupts it, tickets and key go on opening the card. As
 * offline_make().
 */
CK_RV offline_reseal(struct card *c, const struct so *now, const struct so *set, struct so *new);

/* --- For the parts of card/offline*.c -----------------------------------------------------------
 */

/* Fills in what counts of o->all, which is all that lies there. Nothing is read but files here. */
void offline_choose(const struct card *c, struct offline *o);

/* A card manager key. All zero: none. */
struct manager {
	struct secret *bytes;
	enum manager_cipher cipher;
};

void manager_clear(struct manager *m);

/* The value of one of desc's two elements; m stays empty where it has none. False: logged. */
bool offline_manager(
    struct card *c, const struct description *desc, const struct value *v, struct manager *m);

/* The key that is written so; m is empty unless KEY_GOOD. */
enum key_fault offline_manager_of(const struct secret *written, struct manager *m);

/* The name that tickets and boxes of this card are bound to. */
void offline_name(const struct card *c, struct card_name *name);

/* The secret of so was right, as the card showed: notes it, and removes what no longer counts. */
void offline_accepted(struct card *c, const struct so *so);

/* What a change of the SO secret leaves on the card. */
struct renewal {
	const struct so *old;
	const struct so *set;             /* NULL: a random one is drawn */
	const struct ticket *const *list; /* that the box is sealed to, ascending */
	size_t n;
	bool fresh; /* they are new, and are to be stored */
	const unsigned char *helpdesk;
	unsigned used; /* number of the ticket that is used up by it; 0: none is */
	uint64_t generation;
	unsigned last;
};

/*
 * Box, journal, C_SetPIN as SO, and what is old is removed; or what is new, where that failed. As
 * offline_make(). What r points to may be gone afterwards.
 */
CK_RV offline_renew(struct card *c, const struct renewal *r, struct so *new);

#endif
