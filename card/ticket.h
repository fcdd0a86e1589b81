/* SPDX-License-Identifier: BSD-3-Clause */
/* A ticket: a challenge, and a private key that its response opens (p11-latch(7), TICKETS). */
#ifndef CARD_TICKET_H
#define CARD_TICKET_H

#include <stdbool.h>
#include <stddef.h>

#include "card/helpdesk.h"
#include "card/seal.h"

#define TICKET_SIZE          120 /* bytes, always */
#define TICKET_CHALLENGE_MAX 16
#define TICKET_SALT          16
#define TICKET_LAST          65535u /* the highest number; the lowest is 1 */

/* Public as a whole: it lies on the card, where everybody may read it. */
struct ticket {
	enum manager_cipher cipher;
	unsigned number;                               /* never another ticket's of this card */
	unsigned char challenge[TICKET_CHALLENGE_MAX]; /* manager_block() bytes, then zeroes */
	unsigned char public[SEAL_KEY];                /* boxes are sealed to it */
	unsigned char salt[TICKET_SALT];               /* of scrypt */
	unsigned char sealed[SEAL_KEY + SEAL_TAG];     /* the private key of public */
};

/*
 * A new ticket of this card: challenge, private key and salt are drawn, in this order. key: the
 * card manager key's bytes. It takes scrypt's time, some 50 ms. False: logged.
 */
bool ticket_make(const struct secret *key, enum manager_cipher cipher, unsigned number,
    const struct card_name *name, const struct draw *draw, struct ticket *t);

/* The form in which it is stored. */
void ticket_write(const struct ticket *t, unsigned char bytes[TICKET_SIZE]);

/* The way back; *t is all zero unless FORMAT_GOOD. What is not exactly a ticket is none. */
enum seal_format ticket_parse(const void *bytes, size_t len, struct ticket *t);

/*
 * Opens it with the bytes of a response: *private is to be freed, NULL unless SEAL_OPEN, and
 * belongs to t->public. A response of another length is SEAL_SHUT. It takes scrypt's time.
 */
enum seal_status ticket_open(const struct ticket *t, const struct card_name *name,
    const struct secret *response, struct secret **private);

/*
 * The two halves of ticket_open(): the slow one, and the one that says whether it was right. once
 * is NULL where it failed (logged).
 */
struct secret *ticket_once(const struct ticket *t, const struct secret *response);
enum seal_status ticket_open_once(const struct ticket *t, const struct card_name *name,
    const struct secret *once, struct secret **private);

/* Whether they are one, byte for byte. */
bool ticket_equal(const struct ticket *a, const struct ticket *b);

#endif
