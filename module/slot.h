/* SPDX-License-Identifier: BSD-3-Clause */
/* One slot's token in this process: who it is, and the watcher that is kept for it. */
#ifndef MODULE_SLOT_H
#define MODULE_SLOT_H

#include "module/process.h"

/* Under the process's lock. NULL: not there, or no memory to make it. */
struct slot *slot_find_locked(struct process *p, CK_SLOT_ID id, bool make);

/* The slot that this process has used before, else NULL. */
struct slot *slot_find(struct process *p, CK_SLOT_ID id);

/* The slot of a session; a session that was not counted is asked for. NULL: the vendor does not
 * know it. */
struct slot *slot_of_session(
    struct process *p, const CK_FUNCTION_LIST *v, CK_SESSION_HANDLE session);

/* What is kept of the token while sessions are open. False: it is to be asked for. */
bool slot_known(struct process *p, struct slot *s, struct identity *id,
    const struct profile **profile, unsigned long *opened);

/* Keeps it, unless a session was opened since `opened` was given. */
void slot_learn(struct process *p, struct slot *s, const struct identity *id,
    const struct profile *profile, unsigned long opened);

/* Notes what an answer or a login changed; all under the lock. */
void slot_set_sequence(struct process *p, struct slot *s, uint64_t sequence);
void slot_set_r_login(struct process *p, struct slot *s, bool r_login);
void slot_set_so(struct process *p, struct slot *s, enum so_standing so);
uint64_t slot_sequence(struct process *p, struct slot *s);
bool slot_r_login(struct process *p, struct slot *s);
enum so_standing slot_so(struct process *p, struct slot *s);

/*
 * The conversation with a slot's watcher is one thread's at a time; no lock is held meanwhile.
 * False: another thread of this process has had it for longer than an answer of the helper may take
 * (logged), since the vendor's module hangs in it. slot_turn_end() keeps the watcher
 * (s->watcher.sock >= 0) or none, and says whether this process holds the card.
 */
bool slot_turn(struct process *p, struct slot *s);
void slot_turn_end(struct process *p, struct slot *s, bool holding);

/* Whether this process holds the card, as far as it knows. */
bool slot_holding(struct process *p, struct slot *s);

/*
 * In a turn: closes a watcher that ended by itself, logged. True: it was one whose card this
 * process held, and what it left is to be settled.
 */
bool slot_watcher_died(struct slot *s);

/* The same without waiting for a turn: a thread that has it sees for itself. */
bool slot_check_watcher(struct process *p, struct slot *s);

#endif
