/* SPDX-License-Identifier: BSD-3-Clause */
/* A card manager key that is nothing to the PUK: with ykcs11, the management key. */
#include "card/manager_key.h"
#include "card/pin.h"
#include "policy/log.h"

static CK_RV
change(struct card *c, const struct so *key, const struct so *new)
{
	CK_RV rv = pin_change_so(c, key, new);

	/* Changed before, by somebody who did not come so far as to say so; or just now. */
	if (rv != CKR_OK && pin_prove_so(c, new) == CKR_OK)
		rv = CKR_OK;
	if (rv == CKR_OK)
		log_info("%s: the new card manager key is in force", c->uri);
	return rv;
}

CK_RV
manager_key_change(struct card *c, const struct description *desc, const struct so *key)
{
	struct so new;
	CK_RV rv;

	if (!so_to_set(c, desc, &new))
		rv = CKR_FUNCTION_FAILED;
	else if (new.pin == NULL || so_same(&new, key->pin))
		rv = pin_prove_so(c, key);
	else
		rv = change(c, key, &new);
	so_clear(&new);
	return rv;
}
