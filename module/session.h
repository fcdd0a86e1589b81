/* SPDX-License-Identifier: BSD-3-Clause */
/* The sessions of this process: which handle belongs to which slot, and how many are open. */
#ifndef MODULE_SESSION_H
#define MODULE_SESSION_H

#include "module/process.h"

/* Counts a session that the vendor just opened. False: no memory. */
bool session_add(struct process *p, CK_SESSION_HANDLE handle, CK_SLOT_ID slot);

/*
 * Takes a session out before the vendor closes it, since the vendor may give its handle away at
 * once. NULL: it was not counted. *tracked: session_closed() is to be called.
 */
struct slot *session_take(struct process *p, CK_SESSION_HANDLE handle, bool *tracked);

/* Ends what session_take() began with tracked. */
void session_closed(struct process *p, struct slot *slot);

/* The slot of a session that was counted, else NULL. */
struct slot *session_slot(struct process *p, CK_SESSION_HANDLE handle);

/* Up to n handles of the slot's sessions; gives how many there are. */
size_t session_list(struct process *p, const struct slot *slot, CK_SESSION_HANDLE *to, size_t n);

/*
 * Takes out all sessions of the slot (NULL: of all slots), before the vendor closes them; *tracked
 * as above. They are then forgotten, or put back where the vendor did not.
 */
struct session *session_detach(struct process *p, struct slot *slot, bool *tracked);
void session_forget(struct process *p, struct session *list);
void session_put_back(struct process *p, struct session *list);

#endif
