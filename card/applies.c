/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether a description can be carried out on this card. */
#include <string.h>

#include "card/applies.h"
#include "policy/log.h"

static CK_RV
is_selected(const struct card *c, const struct description *desc)
{
	struct field_context context = {
	    .binding = c->binding, .id = &c->id, .given = c->office->given};
	struct resolved r;
	bool known, same;

	if (!field_resolve(&context, desc, &desc->serial, &r))
		return CKR_FUNCTION_FAILED;
	known = r.kind == VALUE_LITERAL;
	same = known && secret_len(r.value) == strlen(c->id.serial) &&
	       memcmp(secret_bytes(r.value), c->id.serial, secret_len(r.value)) == 0;
	resolved_free(&r);
	if (!known)
		log_error("%s: %s: SelectCriteriaIccsn= has no value; give its field a source in "
			  "policy.conf, or "
			  "use p11-latch apply --field",
		    c->uri, desc->file);
	else if (!same)
		log_error("%s: is not the card that SelectCriteriaIccsn= of %s names", c->uri,
		    desc->file);
	return same ? CKR_OK : CKR_FUNCTION_FAILED;
}

CK_RV
description_applies(const struct card *c, const struct description *desc)
{
	if (desc == NULL)
		return CKR_OK;
	if (desc->init_cr_key || desc->use_card_manager_key) {
		log_error("%s: refused: %s asks for an offline-unblockable card (InitCRKey=, "
			  "UseCardManagerKey=), which this version cannot make or unblock yet",
		    c->uri, desc->file);
		return CKR_FUNCTION_FAILED;
	}
	return desc->select_by_serial ? is_selected(c, desc) : CKR_OK;
}
