/* SPDX-License-Identifier: BSD-3-Clause */
/* The sessions of this process: a table from handle to slot, under the process's lock. */
#include <stdlib.h>

#define HASH_NONFATAL_OOM 1
/* Handles are small numbers in a row or pointers; a multiplication spreads both (Fibonacci
 * hashing). */
#define HASH_FUNCTION(key, len, value) \
	((value) = (unsigned)((*(const CK_SESSION_HANDLE *)(key)*0x9e3779b97f4a7c15ul) >> 32))
#include <uthash.h>

#include "module/session.h"
#include "module/slot.h"

struct session {
	CK_SESSION_HANDLE handle;
	struct slot *slot;
	struct session *next; /* among the spare ones */
	UT_hash_handle hh;
};

static struct session *
find(struct process *p, CK_SESSION_HANDLE handle)
{
	struct session *s;

	HASH_FIND(hh, p->sessions, &handle, sizeof(handle), s);
	return s;
}

static struct session *
new_session(struct process *p)
{
	struct session *s = p->spare;

	if (s == NULL)
		return malloc(sizeof(*s));
	p->spare = s->next;
	return s;
}

static void
drop(struct process *p, struct session *s)
{
	s->next = p->spare;
	p->spare = s;
}

/* Under the lock, so that an atomic addition, which is dearer, is not wanted. */
static unsigned long
count(struct slot *slot, unsigned long more)
{
	unsigned long n = atomic_load_explicit(&slot->sessions, memory_order_relaxed) + more;

	atomic_store_explicit(&slot->sessions, n, memory_order_relaxed);
	return n;
}

/* In the table or out of it, and counted with its slot. */
static bool
put_in(struct process *p, struct session *s)
{
	HASH_ADD(hh, p->sessions, handle, sizeof(s->handle), s);
	if (s->hh.tbl == NULL)
		return false;
	(void)count(s->slot, 1);
	s->slot->opened++;
	s->slot->known = false;
	return true;
}

static void
take_out(struct process *p, struct session *s)
{
	HASH_DELETE(hh, p->sessions, s);
	if (count(s->slot, -1ul) == 0)
		s->slot->known = false;
}

bool
session_add(struct process *p, CK_SESSION_HANDLE handle, CK_SLOT_ID id)
{
	struct session *s;
	struct slot *slot;
	bool ok = false;

	pthread_mutex_lock(&p->lock);
	slot = slot_find_locked(p, id, true);
	/* A handle that comes again is a session that ended without us, with its card. */
	s = find(p, handle);
	if (s != NULL) {
		take_out(p, s);
		drop(p, s);
	}
	s = slot != NULL ? new_session(p) : NULL;
	if (s != NULL) {
		s->handle = handle;
		s->slot = slot;
		ok = put_in(p, s);
		if (!ok)
			drop(p, s);
	}
	pthread_mutex_unlock(&p->lock);
	return ok;
}

struct slot *
session_take(struct process *p, CK_SESSION_HANDLE handle, bool *tracked)
{
	struct slot *slot = NULL;
	struct session *s;

	*tracked = process_holds(p);
	pthread_mutex_lock(&p->lock);
	s = find(p, handle);
	if (s != NULL) {
		slot = s->slot;
		if (*tracked)
			slot->closing++;
		take_out(p, s);
		drop(p, s);
	}
	pthread_mutex_unlock(&p->lock);
	return slot;
}

void
session_closed(struct process *p, struct slot *slot)
{
	pthread_mutex_lock(&p->lock);
	slot->closing--;
	pthread_mutex_unlock(&p->lock);
}

struct slot *
session_slot(struct process *p, CK_SESSION_HANDLE handle)
{
	struct session *s;
	struct slot *slot;

	pthread_mutex_lock(&p->lock);
	s = find(p, handle);
	slot = s != NULL ? s->slot : NULL;
	pthread_mutex_unlock(&p->lock);
	return slot;
}

size_t
session_list(struct process *p, const struct slot *slot, CK_SESSION_HANDLE *to, size_t n)
{
	struct session *s, *next;
	size_t found = 0;

	pthread_mutex_lock(&p->lock);
	HASH_ITER (hh, p->sessions, s, next) {
		if (s->slot != slot)
			continue;
		if (found < n)
			to[found] = s->handle;
		found++;
	}
	pthread_mutex_unlock(&p->lock);
	return found;
}

struct session *
session_detach(struct process *p, struct slot *slot, bool *tracked)
{
	struct session *s, *next, *list = NULL;

	*tracked = slot != NULL && process_holds(p);
	pthread_mutex_lock(&p->lock);
	if (*tracked)
		slot->closing++;
	HASH_ITER (hh, p->sessions, s, next) {
		if (slot != NULL && s->slot != slot)
			continue;
		take_out(p, s);
		s->next = list;
		list = s;
	}
	pthread_mutex_unlock(&p->lock);
	return list;
}

void
session_forget(struct process *p, struct session *list)
{
	struct session *s;

	if (list == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	while ((s = list) != NULL) {
		list = s->next;
		drop(p, s);
	}
	pthread_mutex_unlock(&p->lock);
}

void
session_put_back(struct process *p, struct session *list)
{
	struct session *s;

	pthread_mutex_lock(&p->lock);
	while ((s = list) != NULL) {
		list = s->next;
		if (!put_in(p, s))
			drop(p, s);
	}
	pthread_mutex_unlock(&p->lock);
}
