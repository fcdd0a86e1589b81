/* SPDX-License-Identifier: BSD-3-Clause */
/* What p11-latch verify finds out: whether a card can be unblocked offline, and why not. */
#ifndef CARD_VERIFY_H
#define CARD_VERIFY_H

#include <stdio.h>

#include "card/found.h"
#include "card/order.h"
#include "card/secret_keys.h"

/* By what it is known that the card's SO secret is one that was drawn for tickets. */
enum evidence {
	EVIDENCE_NONE,  /* it is not, as far as can be seen */
	EVIDENCE_BOX,   /* a box says so, which anybody may have written */
	EVIDENCE_KEY,   /* a box says so that the card manager key opens: whoever made it had the
			   key, or had opened one before */
	EVIDENCE_LOGIN, /* the card accepted the secret */
	EVIDENCES
};

#define VERIFY_LINES 12
#define VERIFY_LINE  256

struct verify_lines {
	char text[VERIFY_LINES][VERIFY_LINE]; /* printable ASCII */
	size_t n;
};

/* Without reasons why not, the card can be unblocked offline. */
struct verified {
	enum evidence evidence;
	uint64_t generation; /* of the box; 0: there is none */
	bool on_token;       /* tickets and box, else they are files here */
	size_t left;         /* tickets */
	size_t opened;       /* of them, by the key's own responses; where tried */
	bool tried;
	struct secret_keys keys;
	struct verify_lines why, notes;
};

/* Adds a line; of more than VERIFY_LINES the last are dropped. */
void verify_say(struct verify_lines *lines, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * What the card manager key proves, where it is at hand (order->given, else the policy's): it opens
 * the box, and its responses the tickets. With order->so_login the box's secret is tried as SO. The
 * card's lock is given back. After offline_read(). False: it cannot be told (logged).
 */
bool verify_by_key(struct card *c, const struct order *order, struct verified *v);

void verify_print(const struct card *c, const struct verified *v, FILE *out);
void verify_print_json(const struct card *c, const struct verified *v, FILE *out);

#endif
