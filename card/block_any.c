/* SPDX-License-Identifier: BSD-3-Clause */
/* Which SO secrets a card is scrambled with: the holder's and the policy's, each once. */
#include <stdio.h>
#include <string.h>

#include "card/block.h"
#include "card/vendor.h"

static CK_RV
scramble_with(struct card *c, const struct so *so)
{
	CK_RV rv;

	rv = so_begin_try(c, so, SO_VIA_REQUEST);
	if (rv != CKR_OK)
		return rv;
	rv = block_scramble(c, so, NULL);
	so_tried(c, SO_VIA_REQUEST, rv);
	return rv;
}

void
block_sitting(const struct card *c, const struct so *newer, const struct so *older, bool proved,
    struct sitting *s)
{
	memset(s, 0, sizeof(*s));
	if (c->profile.unblock_style != UNBLOCK_BY_INIT_PIN)
		return;
	s->proved = proved;
	if (newer->pin != NULL)
		s->newer = newer;
	if (older->pin != NULL)
		*(s->newer != NULL ? &s->older : &s->newer) = older;
}

struct candidates {
	const struct so *list[3];
	size_t n;
};

/* None of them twice. */
static void
add(struct candidates *all, const struct so *so)
{
	size_t i;

	if (so == NULL || so->pin == NULL)
		return;
	for (i = 0; i < all->n; i++) {
		if (so_same(all->list[i], so->pin) || so_same(so, all->list[i]->pin))
			return;
	}
	all->list[all->n++] = so;
}

/* What nothing but a C_Login speaks for that proves nothing comes after what policy says. */
bool
block_believes(const struct card *c, const struct sitting *s)
{
	return s->proved || c->profile.so_login_proves;
}

CK_RV
block_scramble_any(struct card *c, const struct sitting *sitting, char *why, size_t size)
{
	struct candidates all = {.n = 0};
	struct so policy = {0};
	CK_RV rv = CKR_FUNCTION_FAILED;
	size_t i;

	snprintf(why, size, "nobody here holds the SO secret (InitialPUK= or CardManagerKey=)");
	if (c->office->caller == CALLER_ANYONE)
		snprintf(why, size, "it needs the policy's SO secret: an operator has to come");
	else if (!so_of_policy(c, true, &policy))
		snprintf(why, size, "the policy's SO secret cannot be had; see the log");
	else if (policy.pin != NULL && !so_unblocks(c, &policy)) {
		snprintf(why, size,
		    "CardManagerKey= does not unblock this card: its PUK is needed (InitialPUK=)");
		so_clear(&policy);
	}
	if (!block_believes(c, sitting))
		add(&all, &policy);
	add(&all, sitting->newer);
	add(&all, sitting->older);
	add(&all, &policy);
	for (i = 0; i < all.n && rv != CKR_OK; i++) {
		rv = scramble_with(c, all.list[i]);
		if (rv != CKR_OK && c->office->caller != CALLER_ANYONE)
			snprintf(why, size, "with the %s's SO secret the card answers %s",
			    all.list[i] == &policy ? "policy" : "holder", rv_name(rv));
	}
	so_clear(&policy);
	return rv;
}
