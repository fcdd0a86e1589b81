/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether a description can be carried out on this card. */
#include <string.h>

#include "card/applies.h"
#include "card/offline.h"
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

const char *
applies_not_offline(const struct card *c)
{
	if (c->profile.no_block)
		return "the SO PIN is of no use once there is a user PIN";
	if (c->profile.so_form == SO_FORM_KEY)
		return "the key that it takes as SO PIN resets no user PIN";
	return "no SO PIN resets the user PIN, but a PUK without a login";
}

CK_RV
description_applies(const struct card *c, const struct description *desc)
{
	if (desc == NULL)
		return CKR_OK;
	if (description_offline(desc) && !offline_possible(c)) {
		log_error("%s: refused: %s asks for an offline-unblockable card (InitCRKey=, "
			  "UseCardManagerKey=), and with this module %s, so that there is "
			  "nothing that a ticket could hold",
		    c->uri, desc->file, applies_not_offline(c));
		return CKR_FUNCTION_FAILED;
	}
	return desc->select_by_serial ? is_selected(c, desc) : CKR_OK;
}
