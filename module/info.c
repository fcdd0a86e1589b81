/* SPDX-License-Identifier: BSD-3-Clause */
/* C_GetTokenInfo: the vendor's, and what p11-latch knows of the PIN. */
#include "module/calls.h"
#include "module/provider.h"
#include "module/situation.h"
#include "module/slot.h"

static void
show_locked(CK_TOKEN_INFO *info)
{
	info->flags |= CKF_USER_PIN_LOCKED;
	info->flags &= ~(CK_FLAGS)(CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY);
}

static void
show_scrambled(const struct situation *s, CK_TOKEN_INFO *info)
{
	if (s->slot == NULL || !slot_r_login(s->process, s->slot)) {
		show_locked(info);
		return;
	}
	info->flags &=
	    ~(CK_FLAGS)(CKF_USER_PIN_LOCKED | CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY);
	info->flags |= CKF_USER_PIN_TO_BE_CHANGED;
}

CK_RV
call_get_token_info(const CK_FUNCTION_LIST *v, CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	CK_RV rv = v->C_GetTokenInfo(slot, info);
	struct situation s;

	if (rv != CKR_OK || info == NULL || !process_initialized())
		return rv;
	situation_of_info(&s, v, slot, info);
	if (s.died)
		situation_settle(&s);
	if (s.standing == STANDING_OTHERS)
		show_locked(info);
	else if (s.standing == STANDING_BLOCKED && s.record.method != METHOD_LOCK)
		show_scrambled(&s, info);
	else if (s.standing == STANDING_BLOCKED && !s.profile->shows_lock)
		show_locked(info);
	return CKR_OK;
}
