/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether a profile that somebody wrote down can be the token's: a wrong one would cost it tries.
 */
#include <stdio.h>
#include <string.h>

#include "card/card.h"
#include "policy/log.h"

#define WHY_MAX 200

static bool
other_lengths(const struct card *c, char why[WHY_MAX])
{
	const struct profile *p = &c->profile;

	if (p->shows_max == 0 ||
	    (c->info.ulMinPinLen == p->shows_min && c->info.ulMaxPinLen == p->shows_max))
		return false;
	snprintf(why, WHY_MAX,
	    "such a token shows that its PINs have %zu to %zu characters, and this one %lu to %lu",
	    p->shows_min, p->shows_max, c->info.ulMinPinLen, c->info.ulMaxPinLen);
	return true;
}

/* SoftHSM shows CKF_SO_PIN_LOCKED of a token that is not initialised, and COUNT_LOW of any. */
static bool
other_flags(const struct card *c, char why[WHY_MAX])
{
	const CK_FLAGS so = CKF_SO_PIN_FINAL_TRY | CKF_SO_PIN_LOCKED;
	const CK_FLAGS user = CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED;
	bool counts_so = (c->info.flags & so) != 0;

	if ((c->info.flags & CKF_TOKEN_INITIALIZED) == 0 || c->profile.never_guess)
		return false;
	if (!(counts_so && c->profile.so_counter == SO_COUNTER_NONE) &&
	    !((c->info.flags & user) != 0 && !c->profile.user_counter))
		return false;
	snprintf(why, WHY_MAX,
	    "by the profile wrong %s PINs cost this token nothing, and its flags show that they do",
	    counts_so ? "SO" : "user");
	return true;
}

static bool
is_said(const struct card *c, const char *column)
{
	size_t i;

	for (i = 0; c->binding != NULL && i < c->binding->n_overrides; i++)
		if (strcmp(c->binding->overrides[i].column, column) == 0)
			return true;
	return false;
}

/*
 * A count of tries that is not this card's, or a C_Login that proves nothing and begins the count
 * anew. Cards of one module differ in both: who says the column itself knows.
 */
static bool
miscounts(const struct card *c, const struct profile *known)
{
	const struct profile *p = &c->profile;

	if (known->so_counter == SO_COUNTER_NONE)
		return false;
	return (known->so_tries != 0 && p->so_tries > known->so_tries && !is_said(c, "SoTries")) ||
	       (p->so_login_proves && !known->so_login_proves && !is_said(c, "SoLoginProves"));
}

/* What the module is known for asks for more care. */
static bool
less_careful(const struct card *c, char why[WHY_MAX])
{
	const struct vendor *v = c->office->vendor;
	const struct profile *p = &c->profile, *known;

	known = profile_match(
	    v->manufacturer, v->description, c->id.manufacturer, c->id.model, c->id.label);
	if (strcmp(known->name, "generic") == 0)
		return false;
	if (!(known->never_guess && !p->never_guess) &&
	    !(known->so_counter != SO_COUNTER_NONE && p->so_counter == SO_COUNTER_NONE) &&
	    !(known->unblock_style == UNBLOCK_BY_PUK_PIN &&
		p->unblock_style != UNBLOCK_BY_PUK_PIN) &&
	    !miscounts(c, known))
		return false;
	snprintf(why, WHY_MAX,
	    "by what its module says this is one of %s, and would lose tries under the other",
	    known->name);
	return true;
}

bool
card_fits(const struct card *c)
{
	char why[WHY_MAX];

	if (!other_lengths(c, why) && !other_flags(c, why) && !less_careful(c, why))
		return true;
	log_error("%s: Profile=%s%s does not fit: %s; nothing is sent to it. Correct Profile= in "
		  "policy.conf or p11-latch.conf; p11-latch explain says which applies",
	    c->uri, c->profile.name,
	    c->binding != NULL && c->binding->n_overrides > 0 ? " with Profile.COLUMN=" : "", why);
	return false;
}
