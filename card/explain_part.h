/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of explain_card(). None of them shows a value, and none touches the card. */
#ifndef CARD_EXPLAIN_PART_H
#define CARD_EXPLAIN_PART_H

#include <stdio.h>

#include "card/card.h"

/* Whether an element has a value for this card. */
enum have {
	HAVE_NONE,  /* not there, or a field without source and default */
	HAVE_VALUE, /* it can be had without anybody being asked */
	HAVE_ASKED, /* a dialog, or the PIN pad */
	HAVE_FAULT  /* its source fails */
};

struct origin {
	enum have have;
	bool own;       /* the source is this card's own */
	char text[400]; /* for people: where it comes from, and what is wrong there */
};

/* Where the value of an element comes from. Sources are looked at, and nothing is logged. */
void explain_origin(struct card *c, const struct description *desc, const struct value *v, bool key,
    struct origin *o);

/* Both descriptions, element by element. */
void explain_descriptions(struct card *c, FILE *out);

/* When a personalization begins, and how the card is blocked. */
void explain_blocking(struct card *c, FILE *out);

/* Which rows of the unblock table apply, and who may do what. */
void explain_unblocking(struct card *c, FILE *out);

#endif
