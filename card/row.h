/* SPDX-License-Identifier: BSD-3-Clause */
/* What a value is that somebody presents on a blocked card (design, section 6, "Unblock"). */
#ifndef CARD_ROW_H
#define CARD_ROW_H

#include "card/so.h"

enum row {
	ROW_POLICY,   /* 1: the policy's own PUK or key */
	ROW_LETTER,   /* 2: the PIN letter; C_Login only */
	ROW_RESPONSE, /* 3: the response to the challenge that the card shows */
	ROW_OTHER,    /* 4: tried on the card as PUK, or a card manager key that opens the box */
	ROW_PAD,      /* typed on the reader, which tries it on the card */
	ROW_ASKED     /* nothing presented, by a caller who may use the policy's secret */
};

struct presented {
	const struct secret *value; /* NULL or empty: nothing */
	enum so_via via;            /* SO_VIA_LOGIN: C_Login */
	bool pad;                   /* a person is going to type it on the reader */
	bool response;              /* it is meant as a response, and as nothing else */
};

/*
 * Compares the value, in constant time, and gives the row and the SO secret that it allows to use.
 * No secret of the policy's has reached the card so far. Else the application's rv:
 * CKR_PIN_INCORRECT, CKR_PIN_LOCKED, or CKR_FUNCTION_FAILED (logged). A wrong value is counted
 * where a PIN letter is in force.
 */
CK_RV row_find(struct card *c, const struct presented *p, enum row *row, struct so *so);

/* Whether a PIN letter would be taken now. False too where its source fails. */
bool row_letter_in_force(struct card *c);

#define LETTER_TRIES 3

#endif
