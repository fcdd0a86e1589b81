/* SPDX-License-Identifier: BSD-3-Clause */
/* A virtual smart card of the tests: what it is asked, what it answers, what it forgets without
 * power. */
#ifndef TESTS_CARD_VCARD_CARD_H
#define TESTS_CARD_VCARD_CARD_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/card/vcard/state.h"

#define DATA_MAX 4096

/* ISO 7816-4, 5.1.3: status words. */
#define SW_OK             0x9000
#define SW_WRONG_LENGTH   0x6700
#define SW_NOT_SATISFIED  0x6982
#define SW_BLOCKED        0x6983
#define SW_CONDITIONS     0x6985
#define SW_WRONG_DATA     0x6a80
#define SW_NOT_FOUND      0x6a82
#define SW_WRONG_P1P2     0x6a86
#define SW_NO_REFERENCE   0x6a88
#define SW_NO_INSTRUCTION 0x6d00
#define SW_FAILED         0x6f00

/* One command; data is that of the whole chain, where it came in several. */
struct command {
	unsigned char cla, ins, p1, p2;
	const unsigned char *data;
	size_t len;
	size_t le; /* 1 to 65536; 256 where none was given */
};

/* Appended to by tlv_put(); sw is what is left in the end. */
struct reply {
	unsigned char data[DATA_MAX];
	size_t len;
	unsigned sw;
};

struct card {
	struct state state;
	/* Gone without power: */
	bool selected;
	bool verified_sign, verified_user, verified_so;
	bool witnessed, challenged;
	unsigned char nonce[8]; /* the witness or challenge that is open */
	unsigned occurrence;    /* OpenPGP: which certificate GET DATA means */
	unsigned char chain[DATA_MAX];
	size_t chain_len;
	struct reply reply; /* what GET RESPONSE has not fetched yet */
	size_t fetched;
};

/* An application: what it answers to one whole command. */
void openpgp_command(struct card *card, const struct command *c, struct reply *r);
void piv_command(struct card *card, const struct command *c, struct reply *r);

/* A new card of this kind: "openpgp" or "piv". False: no such kind, or no key. */
bool openpgp_make(struct state *s, const unsigned char *key, size_t key_len);
bool piv_make(struct state *s, const unsigned char *key, size_t key_len);

void card_power(struct card *card);

/*
 * Answers one APDU into out, which holds two bytes more than DATA_MAX. Returns the length of the
 * answer, status word included. Chains, GET RESPONSE and lengths are seen to here.
 */
size_t card_apdu(struct card *card, const unsigned char *apdu, size_t len, unsigned char *out);

#endif
