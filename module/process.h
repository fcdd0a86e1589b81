/* SPDX-License-Identifier: BSD-3-Clause */
/* What belongs to this process: its sessions, and what it knows and holds of each slot's token. */
#ifndef MODULE_PROCESS_H
#define MODULE_PROCESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "card/profile.h"
#include "module/client.h"
#include "module/interface.h"
#include "policy/identity.h"

/* What the helper said of the SO login that this process has. */
enum so_standing {
	SO_NONE,       /* not logged in as SO, as far as this process knows */
	SO_UNGOVERNED, /* no policy governs the token */
	SO_WATCHED,    /* the helper stays as watcher */
	SO_FAILED      /* the helper could not be told: C_InitPIN is refused */
};

struct session;

/* One slot that this process has used; never freed. The process's lock guards all but what says so.
 */
struct slot {
	struct slot *next; /* set before the slot is seen by others */
	CK_SLOT_ID id;
	atomic_ulong sessions; /* open in this process; changed under the lock */
	unsigned long closing; /* being closed in the vendor just now */
	unsigned long
	    opened; /* counts C_OpenSession: what was read before one may be another card's */
	bool known; /* identity and profile are those of the card that is in the slot */
	struct identity identity;
	const struct profile *profile;
	uint64_t sequence; /* of the record after a change that this process itself made; 0: none */
	bool r_login;      /* logged in with R */
	bool holding;      /* this process personalizes the card */
	enum so_standing so;
	bool marked; /* counted in process.marks */
	bool busy;   /* some thread has its turn (slot.h) */
	/* Only for the thread that has its turn. */
	struct client watcher;
	struct identity watched;
	/* The watcher's socket for a child of ours to close; -1: none. */
	atomic_int kept;
	ino_t kept_inode;
};

struct process {
	pthread_mutex_t lock;
	pthread_cond_t turn; /* some slot is no longer busy */
	struct session *sessions;
	struct session *spare;
	_Atomic(struct slot *) slots;
	atomic_uint marks; /* slots that hold something: a watcher, a login with R, an SO login */
};

/* Once, before all else. False: no memory (logged). */
bool process_prepare(void);

/* That of this process; a child of fork gets one of its own. Never NULL but without memory
 * (logged). */
struct process *process_get(void);

/* Whether C_Initialize succeeded, in this process or the one that it was forked from. */
bool process_initialized(void);

/* The state directory's sequence number at that time. */
uint64_t process_sequence(void);

void process_set_initialized(bool initialized, uint64_t sequence);

/* Whether anything is held: one relaxed load. */
static inline bool
process_holds(const struct process *p)
{
	return atomic_load_explicit(&p->marks, memory_order_relaxed) != 0;
}

#endif
