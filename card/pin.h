/* SPDX-License-Identifier: BSD-3-Clause */
/* What is done to the PINs of a card, each in one fresh load and seen in another. */
#ifndef CARD_PIN_H
#define CARD_PIN_H

#include "card/so.h"

/* Whether the value is the card's user PIN: the rv of C_Login, in a fresh load, logged out again.
 */
CK_RV pin_login(struct card *c, const struct secret *pin);

/*
 * The same of a value that a person presented. Where the load of the last look is kept, it is used,
 * and kept on for the work that follows.
 */
CK_RV pin_presented(struct card *c, const struct secret *pin);

/* The same for a PIN that was just set: where other processes' updates can be lost, or make ours be
 * lost, it is looked at again after an instant. */
CK_RV pin_stays(struct card *c, const struct secret *pin);

/*
 * Whether it is the card's SO secret, without changing anything: by C_Login, or where that proves
 * nothing (profile) by setting it to itself. A wrong one costs a try. CKR_FUNCTION_NOT_SUPPORTED:
 * the module lets nobody know.
 */
CK_RV pin_prove_so(struct card *c, const struct so *so);

/* Such an answer: a module takes no secret in the place of the same, or this one not any more. */
bool pin_takes_no_same(CK_RV rv);

/*
 * The same within the budget of tries, and counted: so_begin_try() and so_tried() around it.
 * CKR_FUNCTION_FAILED too where that could not be written (logged).
 */
CK_RV pin_try_so(struct card *c, const struct so *so, enum so_via via);

/*
 * Both in one load: where so is not NULL its login, and if that is right (else its rv is the
 * answer), the user's with pin, whose rv is *user.
 */
CK_RV pin_logins(struct card *c, const struct so *so, const struct secret *pin, CK_RV *user);

/*
 * The profile's unblock call, until a new load shows that the PIN is the new one: other processes'
 * updates can be lost, and can make ours be lost. CKR_PIN_INCORRECT, CKR_PIN_LOCKED: the SO secret
 * is wrong, or locked. With so->pad, and where pin is NULL, a person types it on the reader, once;
 * CKR_FUNCTION_CANCELED, CKR_CANCEL: or does not, and nothing was tried.
 */
CK_RV pin_init(struct card *c, const struct so *so, const struct secret *pin);

/*
 * From one SO secret to another, until a new load shows it: C_SetPIN as SO, or of a PUK that is not
 * the SO PIN ykcs11's own call. CKR_FUNCTION_NOT_SUPPORTED: the module has none for that.
 */
CK_RV pin_change_so(struct card *c, const struct so *old, const struct so *new);

/*
 * Wrong PINs of valid form until the card says that it is locked, 32 at most. CKR_OK: a new load
 * has seen it locked. CKR_FUNCTION_FAILED: it does not lock, and the log says what it answered.
 */
CK_RV pin_lock(struct card *c);

/*
 * Whether the PIN is locked, of a card that does not show it to a new process: by one wrong PIN of
 * valid form, a try where it is not. CKR_USER_PIN_NOT_INITIALIZED: it has none, which is not
 * logged.
 */
CK_RV pin_is_locked(struct card *c, bool *locked);

/* Whether an answer to C_Login or C_InitToken may mean that the card has counted a wrong value. */
bool pin_may_count(const struct card *c, CK_RV rv);

/*
 * Whether a failure of C_InitPIN or C_SetPIN proves that nothing changed (design, section 3). That
 * a person gave up (CKR_CANCEL, CKR_FUNCTION_CANCELED) does only where the reader has a PIN pad.
 */
bool pin_unchanged(const struct card *c, CK_RV rv);

#endif
