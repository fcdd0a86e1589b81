/* SPDX-License-Identifier: BSD-3-Clause */
/* Which SO secrets a card is scrambled with: the holder's and the policy's, each once. */
#include <stdio.h>
#include <string.h>

#include "card/block.h"
#include "card/vendor.h"

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

/* What nothing but a C_Login speaks for that proves nothing comes after what policy says. */
bool
block_believes(const struct card *c, const struct sitting *s)
{
	return s->proved || c->profile.so_login_proves;
}

#define HOLDERS 2

/* What was tried so far, none of it twice. */
struct attempts {
	struct card *c;
	const struct so *list[HOLDERS + SO_ELEMENTS];
	bool refused[HOLDERS + SO_ELEMENTS];
	size_t n;
	struct so policy[SO_ELEMENTS];
	unsigned seen;  /* elements of policy, a bit for each */
	unsigned marks; /* those that the card refused, now or before; as private.so_refused */
	bool unsent;    /* one was left out for that */
	CK_RV rv;
	char *why;
	size_t size;
};

/* NULL where it was not. */
static const bool *
was_refused(const struct attempts *a, const struct so *so)
{
	size_t i;

	for (i = 0; i < a->n; i++) {
		if (so_same(a->list[i], so->pin) || so_same(so, a->list[i]->pin))
			return &a->refused[i];
	}
	return NULL;
}

static CK_RV
scramble_undisturbed(struct card *c, const struct so *so)
{
	CK_RV rv = block_scramble(c, so, NULL);

	return so_once_more(c, so, SO_VIA_REQUEST) ? block_scramble(c, so, NULL) : rv;
}

/* What a card, or OpenSC, says of a secret that is none by its length or its signs. */
static bool
is_malformed(const struct attempts *a)
{
	return !a->c->pin_sent && (a->rv == CKR_PIN_LEN_RANGE || a->rv == CKR_PIN_INVALID ||
				      a->rv == CKR_DATA_LEN_RANGE || a->rv == CKR_DATA_INVALID);
}

/* Any other answer of the card's says nothing of the secret: the others would be wrong ones. */
static bool
goes_on(const struct attempts *a, bool sent)
{
	if (sent)
		return is_malformed(a) || (a->rv == CKR_PIN_INCORRECT && a->c->so_try != SO_PROVED);
	return a->rv == CKR_PIN_INCORRECT || a->rv == CKR_FUNCTION_FAILED;
}

static void
say_why(struct attempts *a, bool sent, const char *whose)
{
	if (sent)
		snprintf(a->why, a->size, "with the %s's SO secret the card answers %s", whose,
		    rv_name(a->rv));
	else if (a->n == 1)
		snprintf(
		    a->why, a->size, "the %s's SO secret was not sent to it; see the log", whose);
}

/* Whether another may be tried after it. */
static bool
try_it(struct attempts *a, const struct so *so, const char *whose)
{
	struct card *c = a->c;
	bool sent;

	a->rv = so_begin_try(c, so, SO_VIA_REQUEST);
	sent = a->rv == CKR_OK;
	if (sent) {
		a->rv = scramble_undisturbed(c, so);
		so_tried(c, SO_VIA_REQUEST, a->rv);
	}
	a->list[a->n] = so;
	/* Of boxes it is known which were refused, and another may come (card/found.h). */
	a->refused[a->n++] =
	    sent && so->box.generation == 0 &&
	    (is_malformed(a) || (a->rv == CKR_PIN_INCORRECT && c->so_try == SO_SENT));
	if (a->rv != CKR_OK && c->office->caller != CALLER_ANYONE)
		say_why(a, sent, whose);
	return goes_on(a, sent);
}

static bool
try_holders(struct attempts *a, const struct so *so)
{
	return so == NULL || so->pin == NULL || was_refused(a, so) != NULL ||
	       try_it(a, so, "holder");
}

/* The value of an element, if it is one that this card can be unblocked by. */
static bool
is_of_use(struct attempts *a, enum so_element element, struct so *so)
{
	if (!so_of_element(a->c, element, so)) {
		if (a->n == 0)
			snprintf(
			    a->why, a->size, "the policy's SO secret cannot be had; see the log");
		return false;
	}
	if (so->pin == NULL || so_unblocks(a->c, so))
		return so->pin != NULL;
	if (a->n == 0)
		snprintf(a->why, a->size,
		    "CardManagerKey= does not unblock this card: its PUK is needed (InitialPUK=)");
	return false;
}

/* One refusal may be a false answer, and would leave the card open for good. */
static void
mark(struct attempts *a, enum so_element element)
{
	unsigned bit = 1u << element;

	a->marks |= (a->marks & bit) != 0 ? bit << SO_ELEMENTS : bit;
}

static bool
try_element(struct attempts *a, enum so_element element)
{
	unsigned bit = 1u << element;
	struct so *so = &a->policy[element];
	const bool *refused;
	bool more;

	a->seen |= bit;
	if (!is_of_use(a, element, so))
		return true;
	refused = was_refused(a, so);
	if (refused != NULL) {
		if (*refused)
			mark(a, element);
		return true;
	}
	more = try_it(a, so, "policy");
	if (a->refused[a->n - 1])
		mark(a, element);
	else if (a->rv == CKR_OK)
		a->marks &= ~(bit | bit << SO_ELEMENTS);
	return more;
}

/* How often the card refused it: 2 for more often, too. */
static unsigned
refusals(const struct attempts *a, enum so_element element)
{
	unsigned bit = 1u << element;

	if ((a->marks & bit << SO_ELEMENTS) != 0)
		return 2;
	return (a->marks & bit) != 0 ? 1 : 0;
}

/*
 * What the policy has, as many of it as most, those first that the card refused least: where tries
 * are few, each recovery would begin with the same wrong one. What it refused twice is sent when a
 * person says so only.
 */
static bool
try_policys(struct attempts *a, unsigned most, bool ordered)
{
	size_t before = a->n;
	unsigned i, times;

	for (times = 0; times <= (ordered ? 2 : 1); times++) {
		for (i = 0; i < SO_ELEMENTS && a->n - before < most; i++) {
			enum so_element element = so_element_for_block(a->c, i);

			if ((a->seen & 1u << element) == 0 && refusals(a, element) == times &&
			    !try_element(a, element))
				return false;
		}
	}
	for (i = 0; i < SO_ELEMENTS; i++)
		a->unsent = a->unsent || ((a->seen & 1u << i) == 0 && refusals(a, i) == 2);
	return true;
}

/* Whoever is anyone brings what he logged in with, and no secret of the policy's. */
static void
try_all(struct attempts *a, const struct sitting *sitting)
{
	bool policy = a->c->office->caller != CALLER_ANYONE;
	bool first = policy && !block_believes(a->c, sitting);

	(void)((!first || try_policys(a, 1, false)) && try_holders(a, sitting->newer) &&
	       try_holders(a, sitting->older) && policy &&
	       try_policys(a, SO_ELEMENTS, sitting->ordered));
}

/* Nothing was sent, and nothing that there is is right: no card is locked on that. */
static void
say_unsent(struct attempts *a)
{
	snprintf(a->why, a->size,
	    "the card refused the policy's SO secret, which is not sent again: correct it there");
	a->rv = CKR_PIN_INCORRECT;
}

/* Of a policy that was edited since, nobody knows yet what the card says. */
static unsigned
marks_of(struct card *c)
{
	if (c->private.so_refused == 0 || c->private.so_refused_of != so_policy_stamp(c))
		return 0;
	return c->private.so_refused;
}

/* Of a right one it is known by now that the others are not. */
static void
keep_marks(struct attempts *a)
{
	struct card *c = a->c;
	uint64_t stamp = a->marks != 0 ? so_policy_stamp(c) : 0;

	if (c->private.so_refused == a->marks && c->private.so_refused_of == stamp)
		return;
	c->private.so_refused = a->marks;
	c->private.so_refused_of = stamp;
	if (!card_note(c) && a->rv == CKR_OK && !c->blind)
		a->rv = CKR_FUNCTION_FAILED;
}

CK_RV
block_scramble_any(struct card *c, const struct sitting *sitting, char *why, size_t size)
{
	struct attempts a = {
	    .c = c, .marks = marks_of(c), .rv = CKR_FUNCTION_FAILED, .why = why, .size = size};
	size_t i;

	snprintf(why, size, "nobody here holds the SO secret (InitialPUK= or CardManagerKey=)");
	if (c->office->caller == CALLER_ANYONE)
		snprintf(why, size, "it needs the policy's SO secret: an operator has to come");
	try_all(&a, sitting);
	/* The holder's may be one of the policy's, too, that was refused before. */
	if (a.rv == CKR_OK && a.n > 0 && !a.list[a.n - 1]->policy)
		a.marks = 0;
	if (a.unsent && a.rv == CKR_FUNCTION_FAILED)
		say_unsent(&a);
	keep_marks(&a);
	for (i = 0; i < SO_ELEMENTS; i++)
		so_clear(&a.policy[i]);
	return a.rv;
}
