/* SPDX-License-Identifier: BSD-3-Clause */
/* The test vector of p11-latch(7): tickets and a box of one card, made with randomness that is
 * fixed. */
#ifndef TESTS_UNIT_VECTOR_H
#define TESTS_UNIT_VECTOR_H

#include "card/box.h"

/* Bytes that count up from the first, in place of random ones. */
struct stream {
	unsigned char next;
	struct draw draw;
};

void stream_start(struct stream *s, unsigned char first);

struct vector {
	enum manager_cipher cipher;
	struct card_name name;
	struct secret *key; /* card manager key */
	struct secret *so;
	struct secret *helpdesk;
	unsigned char helpdesk_public[SEAL_KEY];
	struct ticket tickets[2];
	struct secret *responses[2];
	struct box *box;
};

/* Two tickets, 1 and 2, and box 7: DES, and a card without a label in its name. */
void vector_make(struct vector *v);

/*
 * One ticket, 300, and box 1: AES-256, a card whose label counts, an SO secret of 8 characters, and
 * bytes from 80 on.
 */
void vector_make_aes(struct vector *v);

void vector_free(struct vector *v);

#endif
