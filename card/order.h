/* SPDX-License-Identifier: BSD-3-Clause */
/* What an administrator orders to be done with a card, from the command or through the operators'
 * socket. */
#ifndef CARD_ORDER_H
#define CARD_ORDER_H

#include <stdio.h>

#include "card/census.h"

/* No reader that was just plugged in takes longer to show its card. */
#define ORDER_WAIT_MOST 60

enum order_op {
	ORDER_APPLY = 1,
	ORDER_BLOCK,
	ORDER_UNBLOCK,
	ORDER_ADOPT,
	ORDER_FORGET,
	ORDER_RESET,
	ORDER_RECOVER,
	ORDER_EXPLAIN,
	ORDER_CHALLENGE,
	ORDER_VERIFY
};

/* What a person may have to be asked for. */
enum order_answer {
	ANSWER_PIN,      /* the new PIN */
	ANSWER_SO,       /* the PUK or card manager key that is valid now */
	ANSWER_NEW_SO,   /* the one to be set */
	ANSWER_PUK,      /* the PUK of a card that has no tickets so far */
	ANSWER_RESPONSE, /* the helpdesk's to the card's challenge; nobody is asked for it */
	ANSWERS
};

struct order {
	enum order_op op;
	char *uri; /* which card; NULL: all (recover) */
	bool force;
	bool last_try;
	bool json;     /* challenge, verify */
	bool so_login; /* verify: may cost an SO try */
	unsigned wait; /* recover: seconds for absent cards to come; at most ORDER_WAIT_MOST */
	/* Two descriptors that end the wait: something to be read from the first, the peer of the
	 * second gone. Not owned; NULL: nothing does. */
	const int *until;
	char *file; /* apply: the description, its name and its text */
	char *text;
	size_t len;
	struct given *given;
	struct secret *answers[ANSWERS]; /* NULL: not asked for so far */
};

enum order_status {
	ORDER_DONE,
	ORDER_FAILED, /* logged */
	ORDER_ASKS    /* *asks: 1 << enum order_answer of what is wanted; nothing was done */
};

/*
 * Carries it out; out gets a line for each card, for people. Who may order what (design, section 6)
 * is office->caller's.
 */
enum order_status order_run(struct office *o, const struct order *order, FILE *out, unsigned *asks);

/* Wipes and frees all that it holds. */
void order_clear(struct order *order);

/* "block"; NULL for no op. */
const char *order_name(enum order_op op);

#endif
