/* SPDX-License-Identifier: BSD-3-Clause */
/* A box: the SO secret of a card, sealed to each ticket and to the helpdesk (p11-latch(7)). */
#ifndef CARD_BOX_H
#define CARD_BOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "card/ticket.h"

#define BOX_TICKETS_MAX 100 /* Tickets= */
#define BOX_SO_MAX      64  /* bytes of an SO secret */
#define BOX_HASH        32
#define BOX_CONTENT     (1 + BOX_SO_MAX + SEAL_KEY + BOX_HASH)
#define BOX_HEADER      18
#define BOX_ENTRY       (2 + SEAL_HEADER + BOX_CONTENT)
#define BOX_SIZE_MAX    (BOX_HEADER + (BOX_TICKETS_MAX + 1) * BOX_ENTRY) /* 18,097 bytes */
#define BOX_HELPDESK    0 /* the helpdesk's number among the recipients, always the first */

/*
 * Anybody may write one: what proves it is that the card accepts the SO secret in it. After that
 * its content is what somebody wrote who knew the SO secret.
 */
struct box {
	uint64_t generation; /* from 1; 0 is none */
	unsigned last;       /* the highest number that a ticket of this card ever had; 0: none */
	size_t n;            /* recipients, the helpdesk among them */
	unsigned numbers[BOX_TICKETS_MAX + 1]; /* theirs, ascending */
	size_t len;
	unsigned char bytes[]; /* the form in which it is stored */
};

/* What one opening gives. All zero: nothing. */
struct box_content {
	struct secret *so;                /* as it goes to C_Login as SO */
	unsigned char helpdesk[SEAL_KEY]; /* the helpdesk's public key: the next box is sealed to
					     it, whoever opened this one */
	unsigned char tickets[BOX_HASH];  /* box_hash() of the tickets that it was sealed to */
};

/* Reads one; *b is to be freed, NULL unless FORMAT_GOOD. What is not exactly a box is none. */
enum seal_format box_parse(const void *bytes, size_t len, struct box **b);

void box_free(struct box **b);

/* Whether this number is among its recipients. */
bool box_has(const struct box *b, unsigned number);

/* Whether they are one, byte for byte. */
bool box_equal(const struct box *a, const struct box *b);

/*
 * A new box: so (1 to BOX_SO_MAX bytes) sealed to the helpdesk and to n tickets, which stand
 * ascending by their numbers, none twice and none beyond last. For each recipient in order an
 * ephemeral private key is drawn. NULL: logged.
 */
struct box *box_seal(const struct secret *so, const unsigned char helpdesk[SEAL_KEY],
    const struct ticket *const *tickets, size_t n, uint64_t generation, unsigned last,
    const struct card_name *name, const struct draw *draw);

/*
 * Opens it by the private key of recipient number: content is to be cleared by box_clear(), and is
 * all zero unless SEAL_OPEN. SEAL_SHUT also where number is no recipient.
 */
enum seal_status box_open(const struct box *b, const struct card_name *name, unsigned number,
    const struct secret *private, struct box_content *content);

void box_clear(struct box_content *content);

/* SHA-256 of number (2 bytes) and public key of each, ascending by number. False: logged. */
bool box_hash(const struct ticket *const *tickets, size_t n, unsigned char hash[BOX_HASH]);

/*
 * Finds the tickets that an opened box was sealed to among all that lie there: those of its
 * recipients' numbers whose hash is the content's. A number may be there several times, since
 * anybody may add one: what fits is looked for among at most 4096 choices. *list has room for
 * b->n pointers into all, to be freed; *n is their number. False, *list NULL: they are not what
 * they were, or one is missing; nothing may be sealed to any of them.
 */
bool box_find_tickets(const struct box *b, const struct box_content *content,
    const struct ticket *all, size_t n_all, const struct ticket ***list, size_t *n);

#endif
