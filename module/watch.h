/* SPDX-License-Identifier: BSD-3-Clause */
/* The conversation with a slot's watcher, in a turn of the slot. */
#ifndef MODULE_WATCH_H
#define MODULE_WATCH_H

#include "module/situation.h"

/* Takes the slot's turn; a watcher that ended, or is another card's, is dropped. */
bool watch_begin(struct situation *s);

/* Ends the turn. The watcher stays where it was kept by watch_keep(). */
void watch_end(struct situation *s);

/* Asks the watcher, or a new helper where there is none; on false (logged) there is none
 * afterwards. */
bool watch_ask(
    struct situation *s, struct wire *w, int limit_ms, const char *call, struct answer *a);

/* Keeps or closes the conversation, as its last answer says. */
void watch_keep(struct situation *s, const struct answer *a);

/* Closes the conversation. */
void watch_drop(struct situation *s);

/* Not in a turn: makes a conversation the slot's watcher, and this process the card's holder. c is
 * used up. */
void watch_adopt(struct situation *s, struct client *c);

/* Not in a turn: where the slot's watcher ended and this process was the holder, the helper settles
 * that. */
void watch_check(struct process *p, const CK_FUNCTION_LIST *v, struct slot *slot);

/*
 * The slot's last session is closed, a user is logged out, or C_Finalize was called: tells the
 * watcher by a frame of this type, if there is one, and waits until it did what it has to do.
 */
void watch_tell(struct process *p, const CK_FUNCTION_LIST *v, struct slot *slot,
    enum wire_type type, uint32_t flags, const char *call);

#endif
