/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of card/pin.h share: sessions, logins, and looking whether they stay. */
#ifndef CARD_PIN_PART_H
#define CARD_PIN_PART_H

#include "card/pin.h"

/* PKCS#11 takes no pointers to const. */
CK_BYTE *pin_bytes(const struct secret *s);

/* In bytes. A NULL secret is NULL and 0: a person types it on the reader. */
CK_ULONG pin_length(const struct secret *s);

/* Given up on the reader's PIN pad: nothing was tried. Without one it says nothing. */
bool pin_cancelled(const struct card *c, CK_RV rv);

CK_RV pin_open_session(struct work *w, bool writable, CK_SESSION_HANDLE *session);

/* C_Login; a refusal may be a try that the card counts, whatever it answers. */
CK_RV pin_send_login(
    struct work *w, CK_SESSION_HANDLE session, CK_USER_TYPE user, const struct secret *pin);

/* Works: a session, the login of the user or the SO with the struct secret that arg is, and out
 * again. */
CK_RV work_login_user(struct work *w, void *arg);
CK_RV work_login_so(struct work *w, void *arg);

/* Whether what was set is in force by that login, and stays: looked at so many times. */
CK_RV pin_stays_by(struct card *c, work_fn login, const struct secret *secret, unsigned looks);

#endif
