/* SPDX-License-Identifier: BSD-3-Clause */
/* Which of the cards that a URI matches an order is for: one, never guessed. */
#include "card/order_part.h"
#include "policy/log.h"

#define LISTED_MOST 10

static bool
wants_presence(enum order_op op)
{
	return op == ORDER_BLOCK || op == ORDER_UNBLOCK || op == ORDER_APPLY ||
	       op == ORDER_CHALLENGE || op == ORDER_VERIFY;
}

static bool
is_fresh(const struct known *k)
{
	return k->present && (k->info.flags & CKF_TOKEN_INITIALIZED) == 0;
}

/*
 * Whether the order is for a card that is not initialised: all others have nothing to do with it.
 * False: the description has errors (logged).
 */
static bool
initialises(const struct order *order, bool *init)
{
	struct description *desc;
	struct diags d = {0};
	bool ok;

	*init = false;
	if (order->op != ORDER_APPLY)
		return true;
	desc = description_parse(order->file, order->text, order->len, &d);
	ok = desc != NULL;
	if (ok)
		*init = desc->init_token;
	else
		diags_log(&d);
	description_free(desc);
	diags_free(&d);
	return ok;
}

/* A card that is not initialised has neither label nor, on some modules, a serial number to be
 * named by. */
static const struct known *
only_fresh(const struct known *list, size_t n)
{
	const struct known *fresh = NULL;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!is_fresh(&list[i]))
			continue;
		if (fresh != NULL)
			return NULL;
		fresh = &list[i];
	}
	return fresh;
}

static void
list_match(const struct known *k)
{
	char uri[IDENTITY_URI_MAX];

	identity_uri(&k->id, uri);
	log_error("  %s%s", uri,
	    !k->present   ? " (not in a reader)"
	    : is_fresh(k) ? " (not initialised)"
			  : "");
}

static bool
is_candidate(const struct order *order, bool init, const struct known *k)
{
	return (k->present || !wants_presence(order->op)) && (init || !is_fresh(k));
}

/* Those that the order may be for; where there is none, what else matches. */
static void
list_matches(
    const struct order *order, bool init, size_t candidates, const struct known *list, size_t n)
{
	size_t i, listed = 0;

	for (i = 0; i < n && listed < LISTED_MOST; i++) {
		if (candidates != 0 && !is_candidate(order, init, &list[i]))
			continue;
		list_match(&list[i]);
		listed++;
	}
}

bool
order_finds(const struct order *order, const struct known *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (list[i].present)
			return true;
	}
	return !wants_presence(order->op);
}

const struct known *
order_choose(const struct order *order, const struct known *list, size_t n)
{
	const struct known *chosen = NULL;
	size_t i, candidates = 0;
	bool init;

	if (!initialises(order, &init))
		return NULL;

	for (i = 0; i < n; i++) {
		if (!is_candidate(order, init, &list[i]))
			continue;
		chosen = &list[i];
		candidates++;
	}
	if (candidates == 1)
		return chosen;
	if (init && only_fresh(list, n) != NULL)
		return only_fresh(list, n);
	if (candidates > 1)
		log_error("%s: %zu cards match, and one is to be named:", order->uri, candidates);
	else if (n == 0)
		log_error(
		    "%s: no card matches; p11-latch status lists those that there are", order->uri);
	else
		log_error("%s: the card is not %s", order->uri,
		    only_fresh(list, n) != NULL ? "initialised" : "in a reader");
	list_matches(order, init, candidates, list, n);
	return NULL;
}
