/* SPDX-License-Identifier: BSD-3-Clause */
/* Unblocking a card with an SO secret: the new PIN, the new PUK or key, and the record of both. */
#ifndef CARD_UNBLOCK_H
#define CARD_UNBLOCK_H

#include "card/so.h"

/*
 * SO login and C_InitPIN in this process; then as unblock_finish(). The rv is the application's:
 * CKR_PIN_INCORRECT and CKR_PIN_LOCKED for the SO secret, CKR_FUNCTION_FAILED (logged). With the
 * token's lock held.
 */
CK_RV unblock_with_pin(
    struct card *c, const struct so *so, enum so_via via, const struct secret *pin);

/*
 * Proves the SO secret and gives the R of the card, with which one can log in; a card that is
 * locked is scrambled for it. The card stays blocked.
 */
CK_RV unblock_r(struct card *c, const struct so *so, enum so_via via, struct secret **r);

/* Journals that a new PIN is being set by somebody else (the module with R, or the application as
 * SO). */
bool unblock_announce(struct card *c);

/*
 * The new PIN is in force: sets PUK= or NewCardManagerKey= of the Unblock description, and records
 * the card as active. A new PUK that the card refuses is a warning only. so NULL: nothing is known
 * to set it with. Then, and where a stranger's word alone says that so is right, it is noted that
 * this is to follow.
 */
CK_RV unblock_finish(struct card *c, const struct so *so);

/*
 * The same for a card that was found to be unblocked, nobody knows since when: a program that was
 * started after the block is not taken for one that keeps an old PIN.
 */
CK_RV unblock_found(struct card *c);

/*
 * What was to follow (c->private.pending), with the SO secret that the card has now; to be called
 * for those only who may use the policy's secrets. True where it is done.
 */
bool unblock_follow(struct card *c, const struct so *so);

/*
 * The change itself, and where its answer was lost, which of the two is in force. Where
 * c->so_changed afterwards, nobody knows.
 */
CK_RV unblock_set_so(struct card *c, const struct so *old, const struct so *new);

/* Changes the SO secret alone to PUK= or NewCardManagerKey= of the Unblock description; the PIN
 * stays. */
CK_RV unblock_so_only(struct card *c, const struct so *so, enum so_via via);

/*
 * Sets PUK= or NewCardManagerKey= of desc. CKR_OK: it is in force, or nothing is to be set. Where
 * c->so_changed, nobody knows which one is valid, and the journal is to stay open.
 */
CK_RV unblock_change_so(struct card *c, const struct description *desc, const struct so *so);

/* Ends what was interrupted while the SO secret was being changed (JOURNAL_SO, JOURNAL_SO_ONLY). */
CK_RV unblock_resolve(struct card *c);

/*
 * The same for a request. With SO_VIA_LAST_TRY, where that is what the card has left, the value
 * presented (NULL: none) says which of the two is sent; without it nothing is.
 */
CK_RV unblock_resolve_by(struct card *c, enum so_via via, const struct secret *value);

/*
 * Ends what was interrupted while the PIN was set (JOURNAL_UNBLOCK), as far as it can be told what
 * the PIN is: the card is active, or blocked.
 */
CK_RV unblock_resolve_pin(struct card *c);

/* Whether the token would take such a PIN; CKR_PIN_LEN_RANGE, CKR_PIN_INVALID. c->info must be
 * known. */
CK_RV unblock_check_pin(const struct card *c, const struct secret *pin, const struct secret *old);

#endif
