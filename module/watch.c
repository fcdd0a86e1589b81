/* SPDX-License-Identifier: BSD-3-Clause */
/* The conversation with a slot's watcher, in a turn of the slot. */
#include <string.h>

#include "module/slot.h"
#include "module/watch.h"
#include "policy/log.h"

bool
watch_begin(struct situation *s)
{
	struct slot *slot = s->slot;

	if (!slot_turn(s->process, slot))
		return false;
	/* Only a thread in its turn changes it. */
	s->holding = slot->holding;
	if (slot_watcher_died(slot)) {
		s->died = s->died || s->holding;
		s->holding = false;
	}
	if (slot->watcher.sock >= 0 && !identity_equal(&slot->watched, &s->identity, true)) {
		log_warning("%s: another card is in its slot now; its watcher is let go", s->uri);
		client_close(&slot->watcher);
		s->holding = false;
	}
	return true;
}

void
watch_end(struct situation *s)
{
	slot_turn_end(s->process, s->slot, s->holding);
}

bool
watch_ask(struct situation *s, struct wire *w, int limit_ms, const char *call, struct answer *a)
{
	struct slot *slot = s->slot;

	if (slot->watcher.sock < 0) {
		if (!client_open(&slot->watcher, call)) {
			wire_end(w);
			return false;
		}
		slot->watched = s->identity;
	}
	if (!client_ask(&slot->watcher, w, limit_ms, call, s->uri, a)) {
		client_close(&slot->watcher);
		s->died = s->died || s->holding;
		s->holding = false;
		return false;
	}
	if (a->sequence != 0)
		slot_set_sequence(s->process, slot, a->sequence);
	return true;
}

void
watch_keep(struct situation *s, const struct answer *a)
{
	s->holding = a->verdict == WIRE_PERSONALIZING;
	if (a->verdict != WIRE_PERSONALIZING && a->verdict != WIRE_WATCHING)
		client_close(&s->slot->watcher);
}

void
watch_drop(struct situation *s)
{
	s->holding = false;
	client_close(&s->slot->watcher);
}

void
watch_adopt(struct situation *s, struct client *c)
{
	/* Without it the helper takes its end of the conversation as that of the holder. */
	if (!watch_begin(s))
		return;
	client_close(&s->slot->watcher);
	s->slot->watcher = *c;
	s->slot->watched = s->identity;
	s->holding = true;
	client_none(c);
	watch_end(s);
}

void
watch_check(struct process *p, const CK_FUNCTION_LIST *v, struct slot *slot)
{
	struct situation s;

	if (!slot_check_watcher(p, slot))
		return;
	memset(&s, 0, sizeof(s));
	s.process = p;
	s.v = v;
	s.slot = slot;
	if (!slot_turn(p, slot))
		return;
	s.identity = slot->watched;
	slot_turn_end(p, slot, slot->holding);
	situation_settle(&s);
}

static void
tell(struct situation *s, enum wire_type type, uint32_t flags, const char *call)
{
	struct answer a;
	struct wire w;

	wire_begin(&w, type);
	wire_put_u32(&w, WIRE_FLAGS, flags);
	if (!watch_ask(s, &w, situation_limit(s, CLIENT_LIMIT_MS), call, &a))
		return;
	if (type == WIRE_LOGOUT)
		watch_keep(s, &a);
	else if ((a.flags & WIRE_FLAG_KEEP) == 0)
		watch_drop(s);
	answer_end(&a);
}

void
watch_tell(struct process *p, const CK_FUNCTION_LIST *v, struct slot *slot, enum wire_type type,
    uint32_t flags, const char *call)
{
	struct situation s;

	memset(&s, 0, sizeof(s));
	s.process = p;
	s.v = v;
	s.slot = slot;
	if (!slot_turn(p, slot))
		return;
	s.holding = slot->holding;
	if (slot->watcher.sock >= 0) {
		s.identity = slot->watched;
		identity_uri(&s.identity, s.uri);
		if (slot_watcher_died(slot)) {
			s.died = s.holding;
			s.holding = false;
		} else {
			tell(&s, type, flags, call);
		}
	}
	watch_end(&s);
	if (s.died)
		situation_settle(&s);
}
