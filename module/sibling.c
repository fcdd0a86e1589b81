/* SPDX-License-Identifier: BSD-3-Clause */
/* One card that is several slots of one reader (profile): what one slot holds, the card holds. */
#include <string.h>

#include "module/sibling.h"
#include "module/slot.h"

bool
sibling_reader(const CK_FUNCTION_LIST *v, CK_SLOT_ID a, CK_SLOT_ID b)
{
	CK_SLOT_INFO of_a = {0}, of_b = {0};

	return v->C_GetSlotInfo(a, &of_a) == CKR_OK && v->C_GetSlotInfo(b, &of_b) == CKR_OK &&
	       memcmp(of_a.slotDescription, of_b.slotDescription, sizeof(of_a.slotDescription)) ==
		   0;
}

/* Whether the slot is the card that the holder's slot is. */
static bool
is_sibling(struct process *p, const CK_FUNCTION_LIST *v, struct slot *holder, CK_SLOT_ID id)
{
	const struct profile *profile;
	struct identity card, other;
	CK_TOKEN_INFO info = {0};

	if (holder->id == id)
		return false;
	pthread_mutex_lock(&p->lock);
	card = holder->identity;
	profile = holder->profile;
	pthread_mutex_unlock(&p->lock);
	if (profile == NULL || !profile->many_slots || v->C_GetTokenInfo(id, &info) != CKR_OK)
		return false;
	identity_set(&other, info.label, info.manufacturerID, info.model, info.serialNumber);
	return identity_equal(&card, &other, profile->label_identity) &&
	       sibling_reader(v, holder->id, id);
}

struct slot *
sibling_holder(struct process *p, const CK_FUNCTION_LIST *v, CK_SLOT_ID id)
{
	struct slot *s;

	for (s = process_holds(p) ? atomic_load(&p->slots) : NULL; s != NULL; s = s->next)
		if (slot_holding(p, s) && is_sibling(p, v, s, id))
			return s;
	return NULL;
}

struct slot *
sibling_next(struct process *p, const CK_FUNCTION_LIST *v, struct slot *holder, struct slot *last)
{
	struct slot *s = last == NULL ? atomic_load(&p->slots) : last->next;

	for (; s != NULL; s = s->next)
		if (is_sibling(p, v, holder, s->id))
			return s;
	return NULL;
}
