/* SPDX-License-Identifier: BSD-3-Clause */
/* One slot's token in this process: who it is, and the watcher that is kept for it. */
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "module/session.h"
#include "module/slot.h"
#include "policy/log.h"

/* As long as the longest answer of the helper, in a turn, may take. */
#define TURN_S ((CLIENT_LIMIT_MS + CLIENT_PAD_MS) / 1000)

struct slot *
slot_find_locked(struct process *p, CK_SLOT_ID id, bool make)
{
	struct slot *s;

	for (s = atomic_load_explicit(&p->slots, memory_order_relaxed); s != NULL; s = s->next)
		if (s->id == id)
			return s;
	s = make ? calloc(1, sizeof(*s)) : NULL;
	if (s == NULL)
		return NULL;
	s->id = id;
	client_none(&s->watcher);
	atomic_init(&s->kept, -1);
	s->next = atomic_load(&p->slots);
	atomic_store(&p->slots, s);
	return s;
}

struct slot *
slot_find(struct process *p, CK_SLOT_ID id)
{
	struct slot *s;

	/* No lock: a slot is complete when it comes to the front of the list, and stays for ever.
	 */
	for (s = atomic_load_explicit(&p->slots, memory_order_acquire); s != NULL; s = s->next)
		if (s->id == id)
			return s;
	return NULL;
}

struct slot *
slot_of_session(struct process *p, const CK_FUNCTION_LIST *v, CK_SESSION_HANDLE session)
{
	struct slot *s = session_slot(p, session);
	CK_SESSION_INFO info = {0};

	if (s != NULL || v->C_GetSessionInfo(session, &info) != CKR_OK)
		return s;
	pthread_mutex_lock(&p->lock);
	s = slot_find_locked(p, info.slotID, true);
	pthread_mutex_unlock(&p->lock);
	return s;
}

bool
slot_known(struct process *p, struct slot *s, struct identity *id, const struct profile **profile,
    unsigned long *opened)
{
	bool known;

	pthread_mutex_lock(&p->lock);
	known = s->known;
	*opened = s->opened;
	if (known) {
		*id = s->identity;
		*profile = s->profile;
	}
	pthread_mutex_unlock(&p->lock);
	return known;
}

void
slot_learn(struct process *p, struct slot *s, const struct identity *id,
    const struct profile *profile, unsigned long opened)
{
	pthread_mutex_lock(&p->lock);
	if (s->opened == opened && s->sessions > 0) {
		s->known = true;
		s->identity = *id;
		s->profile = profile;
	}
	pthread_mutex_unlock(&p->lock);
}

/* --- What is noted
 * --------------------------------------------------------------------------------- */

/* marks says without a lock whether there is anything to look for. */
static void
mark(struct process *p, struct slot *s)
{
	bool marked = atomic_load(&s->kept) >= 0 || s->r_login || s->so != SO_NONE;

	if (marked && !s->marked)
		atomic_fetch_add(&p->marks, 1);
	else if (!marked && s->marked)
		atomic_fetch_sub(&p->marks, 1);
	s->marked = marked;
}

void
slot_set_sequence(struct process *p, struct slot *s, uint64_t sequence)
{
	pthread_mutex_lock(&p->lock);
	s->sequence = sequence;
	pthread_mutex_unlock(&p->lock);
}

void
slot_set_r_login(struct process *p, struct slot *s, bool r_login)
{
	pthread_mutex_lock(&p->lock);
	s->r_login = r_login;
	mark(p, s);
	pthread_mutex_unlock(&p->lock);
}

void
slot_set_so(struct process *p, struct slot *s, enum so_standing so)
{
	pthread_mutex_lock(&p->lock);
	s->so = so;
	mark(p, s);
	pthread_mutex_unlock(&p->lock);
}

uint64_t
slot_sequence(struct process *p, struct slot *s)
{
	uint64_t sequence;

	pthread_mutex_lock(&p->lock);
	sequence = s->sequence;
	pthread_mutex_unlock(&p->lock);
	return sequence;
}

bool
slot_r_login(struct process *p, struct slot *s)
{
	bool r_login;

	pthread_mutex_lock(&p->lock);
	r_login = s->r_login;
	pthread_mutex_unlock(&p->lock);
	return r_login;
}

enum so_standing
slot_so(struct process *p, struct slot *s)
{
	enum so_standing so;

	pthread_mutex_lock(&p->lock);
	so = s->so;
	pthread_mutex_unlock(&p->lock);
	return so;
}

bool
slot_holding(struct process *p, struct slot *s)
{
	bool holding;

	pthread_mutex_lock(&p->lock);
	holding = s->holding;
	pthread_mutex_unlock(&p->lock);
	return holding;
}

/* --- Turns
 * ----------------------------------------------------------------------------------------- */

bool
slot_turn(struct process *p, struct slot *s)
{
	struct timespec until;
	bool had;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += TURN_S;
	pthread_mutex_lock(&p->lock);
	while (s->busy && pthread_cond_clockwait(&p->turn, &p->lock, CLOCK_MONOTONIC, &until) == 0)
		continue;
	had = !s->busy;
	s->busy = true;
	pthread_mutex_unlock(&p->lock);
	if (!had)
		log_error(
		    "slot %lu: another thread of this program has been in a call of the vendor's "
		    "module for %d s; see whether the card or its reader hangs",
		    s->id, TURN_S);
	return had;
}

void
slot_turn_end(struct process *p, struct slot *s, bool holding)
{
	struct stat st = {0};

	if (s->watcher.sock >= 0)
		(void)fstat(s->watcher.sock, &st);
	pthread_mutex_lock(&p->lock);
	s->kept_inode = st.st_ino;
	atomic_store(&s->kept, s->watcher.sock);
	s->holding = holding && s->watcher.sock >= 0;
	s->busy = false;
	mark(p, s);
	pthread_cond_broadcast(&p->turn);
	pthread_mutex_unlock(&p->lock);
}

bool
slot_watcher_died(struct slot *s)
{
	char uri[IDENTITY_URI_MAX];

	if (s->watcher.sock < 0 || client_alive(&s->watcher))
		return false;
	identity_uri(&s->watched, uri);
	log_warning("%s: its watcher ended; this process holds the card no longer", uri);
	client_close(&s->watcher);
	return true;
}

bool
slot_check_watcher(struct process *p, struct slot *s)
{
	bool mine = false, holding, died;

	pthread_mutex_lock(&p->lock);
	holding = s->holding;
	if (!s->busy && atomic_load(&s->kept) >= 0)
		mine = s->busy = true;
	pthread_mutex_unlock(&p->lock);
	if (!mine)
		return false;
	died = slot_watcher_died(s);
	slot_turn_end(p, s, holding && !died);
	return holding && died;
}
