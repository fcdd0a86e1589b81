/* SPDX-License-Identifier: BSD-3-Clause */
/* The reader's PIN pad: which values a person types there, and none of our processes sees. */
#include <string.h>

#include "card/pad.h"
#include "policy/log.h"

bool
pad_is_there(const struct card *c)
{
	return (c->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
}

static CK_RV
find_one(const struct card *c, const struct value *v, const char *name, bool given, bool *on_pad)
{
	*on_pad = false;
	if (v->kind == VALUE_DIALOG && v->dialog_auto)
		*on_pad = pad_is_there(c) && !given;
	if (v->kind != VALUE_PIN_PAD)
		return CKR_OK;
	*on_pad = true;
	if (!pad_is_there(c)) {
		log_error(
		    "%s: %s is to be typed on the reader's PIN pad, and this token shows none "
		    "(CKF_PROTECTED_AUTHENTICATION_PATH); write "
		    "!FROM_USER_DIALOG_n_FIELD_AUTO, which takes a dialog then",
		    c->uri, name);
		return CKR_FUNCTION_FAILED;
	}
	if (given) {
		log_error("%s: %s is to be typed on the reader's PIN pad, and the value that was "
			  "given is not used; give none (a NULL PIN)",
		    c->uri, name);
		return CKR_FUNCTION_FAILED;
	}
	return CKR_OK;
}

CK_RV
pad_find(const struct card *c, bool has_so, bool has_pin, struct pad *pad)
{
	const struct description *desc = c->binding != NULL ? c->binding->unblock : NULL;
	bool key;
	CK_RV rv;

	memset(pad, 0, sizeof(*pad));
	if (desc == NULL)
		return CKR_OK;
	key = description_uses_key(desc);
	rv = find_one(
	    c, description_so(desc), key ? "CardManagerKey=" : "InitialPUK=", has_so, &pad->so);
	if (rv == CKR_OK)
		rv = find_one(c, &desc->pin, "PIN=", has_pin, &pad->pin);
	return rv;
}
