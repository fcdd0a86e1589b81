/* SPDX-License-Identifier: BSD-3-Clause */
/* Two tokens of one identity, which nobody can tell apart. */
#include "module/sibling.h"
#include "module/twin.h"
#include "policy/log.h"

#define SLOTS_MAX 1024

static bool
is_twin(const struct situation *s, CK_SLOT_ID slot)
{
	struct identity id;
	CK_TOKEN_INFO info = {0};

	if (slot == s->slot->id || s->v->C_GetTokenInfo(slot, &info) != CKR_OK)
		return false;
	identity_set(&id, info.label, info.manufacturerID, info.model, info.serialNumber);
	return identity_equal(&id, &s->identity, s->profile->label_identity) &&
	       !(s->profile->many_slots && sibling_reader(s->v, s->slot->id, slot));
}

bool
twin_is_there(const struct situation *s, const char *call)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG n = SLOTS_MAX, i;
	CK_RV rv;

	if (s->v->C_GetSlotList == NULL)
		return false;
	rv = s->v->C_GetSlotList(CK_TRUE, slots, &n);
	if (rv == CKR_OK && n > SLOTS_MAX)
		rv = CKR_BUFFER_TOO_SMALL;
	if (rv != CKR_OK) {
		log_error("%s, %s: whether another token has the same identity cannot be seen: "
			  "C_GetSlotList: "
			  "0x%lx",
		    call, s->uri, rv);
		return true;
	}
	for (i = 0; i < n; i++) {
		if (!is_twin(s, slots[i]))
			continue;
		log_error(
		    "%s: another token is %s too, and nothing tells them apart; leave one in, "
		    "or give each a label of its own",
		    call, s->uri);
		return true;
	}
	return false;
}
