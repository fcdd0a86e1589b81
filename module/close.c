/* SPDX-License-Identifier: BSD-3-Clause */
/* Sessions that open and close, C_Initialize and C_Finalize: when a holder is done. */
#include <errno.h>
#include <string.h>

#include "module/calls.h"
#include "module/provider.h"
#include "module/session.h"
#include "module/sibling.h"
#include "module/slot.h"
#include "module/watch.h"
#include "policy/log.h"

#define PRUNE_MAX 64

CK_RV
call_initialize(const CK_FUNCTION_LIST *v, void *args)
{
	uint64_t sequence = 0;
	CK_RV rv;

	/* Before the vendor reads its PINs: a change in between must not look older than they are.
	 */
	if (sequence_read(provider.config->state_dir, &sequence) != 0)
		log_warning("%s/sequence cannot be read: %s; correct its rights",
		    provider.config->state_dir, strerror(errno));
	rv = v->C_Initialize(args);
	/* A module that says no may work all the same, and then it is not left alone with its
	 * cards.
	 */
	if (rv == CKR_OK || !process_initialized())
		process_set_initialized(true, sequence);
	return rv;
}

CK_RV
call_open_session(const CK_FUNCTION_LIST *v, CK_SLOT_ID slot, CK_FLAGS flags, void *application,
    CK_NOTIFY notify, CK_SESSION_HANDLE *session)
{
	CK_RV rv = v->C_OpenSession(slot, flags, application, notify, session);
	struct process *p;
	struct slot *held;

	if (rv != CKR_OK || session == NULL || !process_initialized())
		return rv;
	p = process_get();
	if (p != NULL && session_add(p, *session, slot)) {
		held = process_holds(p) ? slot_find(p, slot) : NULL;
		if (held != NULL)
			watch_check(p, v, held);
		return CKR_OK;
	}
	/* A session that is not counted might be the last one, and nobody would see it close. */
	log_error("C_OpenSession: no memory");
	v->C_CloseSession(*session);
	return CKR_HOST_MEMORY;
}

/* Takes sessions out that ended with their card, so that the last one is seen to be the last. */
static unsigned long
count_open(struct process *p, const CK_FUNCTION_LIST *v, struct slot *slot)
{
	CK_SESSION_HANDLE handles[PRUNE_MAX];
	CK_SESSION_INFO info = {0};
	unsigned long open;
	bool tracked;
	size_t n, i;

	n = session_list(p, slot, handles, PRUNE_MAX);
	for (i = 0; i < n && i < PRUNE_MAX; i++)
		if (v->C_GetSessionInfo(handles[i], &info) == CKR_SESSION_HANDLE_INVALID) {
			(void)session_take(p, handles[i], &tracked);
			if (tracked)
				session_closed(p, slot);
		}
	pthread_mutex_lock(&p->lock);
	open = slot->sessions + slot->closing;
	pthread_mutex_unlock(&p->lock);
	return open;
}

static bool
card_is_open(struct process *p, const CK_FUNCTION_LIST *v, struct slot *holder)
{
	struct slot *s = NULL;

	if (count_open(p, v, holder) != 0)
		return true;
	while ((s = sibling_next(p, v, holder, s)) != NULL)
		if (count_open(p, v, s) != 0)
			return true;
	return false;
}

/* A session of the slot is closed. With the last one go logins, and with the last one of the card
 * what this process holds. */
static void
after_close(struct process *p, const CK_FUNCTION_LIST *v, struct slot *slot, const char *call)
{
	struct slot *holder;

	if (!process_holds(p))
		return;
	if (count_open(p, v, slot) != 0) {
		watch_check(p, v, slot);
		return;
	}
	slot_set_r_login(p, slot, false);
	slot_set_so(p, slot, SO_NONE);
	holder = slot_holding(p, slot) ? slot : sibling_holder(p, v, slot->id);
	/* A watcher that only knows of an SO login. */
	if (holder != slot)
		watch_tell(p, v, slot, WIRE_RELEASE, 0, call);
	if (holder == NULL)
		return;
	if (card_is_open(p, v, holder))
		watch_check(p, v, holder);
	else
		watch_tell(p, v, holder, WIRE_RELEASE, 0, call);
}

/* Whether the session is no longer there. */
static bool
is_gone(CK_RV rv)
{
	return rv == CKR_OK || rv == CKR_SESSION_HANDLE_INVALID || rv == CKR_SESSION_CLOSED ||
	       rv == CKR_DEVICE_REMOVED || rv == CKR_TOKEN_NOT_PRESENT;
}

CK_RV
call_close_session(const CK_FUNCTION_LIST *v, CK_SESSION_HANDLE session)
{
	struct process *p;
	struct slot *slot;
	bool tracked;
	CK_RV rv;

	p = process_initialized() ? process_get() : NULL;
	if (p == NULL)
		return v->C_CloseSession(session);
	slot = session_take(p, session, &tracked);
	rv = v->C_CloseSession(session);
	if (slot == NULL)
		return rv;
	if (tracked)
		session_closed(p, slot);
	if (is_gone(rv))
		after_close(p, v, slot, "C_CloseSession");
	else
		(void)session_add(p, session, slot->id);
	return rv;
}

CK_RV
call_close_all_sessions(const CK_FUNCTION_LIST *v, CK_SLOT_ID id)
{
	struct session *sessions;
	struct process *p;
	struct slot *slot;
	bool tracked;
	CK_RV rv;

	p = process_initialized() ? process_get() : NULL;
	slot = p != NULL ? slot_find(p, id) : NULL;
	if (slot == NULL ||
	    (!process_holds(p) && atomic_load_explicit(&slot->sessions, memory_order_relaxed) == 0))
		return v->C_CloseAllSessions(id);
	sessions = session_detach(p, slot, &tracked);
	rv = v->C_CloseAllSessions(id);
	if (tracked)
		session_closed(p, slot);
	if (!is_gone(rv)) {
		session_put_back(p, sessions);
		return rv;
	}
	session_forget(p, sessions);
	after_close(p, v, slot, "C_CloseAllSessions");
	return rv;
}

CK_RV
call_finalize(const CK_FUNCTION_LIST *v, void *reserved)
{
	CK_RV rv = v->C_Finalize(reserved);
	struct process *p;
	struct slot *slot;
	bool tracked;

	if (rv != CKR_OK || !process_initialized())
		return rv;
	process_set_initialized(false, 0);
	p = process_get();
	if (p == NULL)
		return rv;
	session_forget(p, session_detach(p, NULL, &tracked));
	for (slot = atomic_load(&p->slots); slot != NULL; slot = slot->next) {
		slot_set_sequence(p, slot, 0);
		slot_set_r_login(p, slot, false);
		slot_set_so(p, slot, SO_NONE);
		if (process_holds(p))
			watch_tell(p, v, slot, WIRE_RELEASE, WIRE_FLAG_FINALIZE, "C_Finalize");
	}
	return rv;
}
