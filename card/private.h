/* SPDX-License-Identifier: BSD-3-Clause */
/* The private part of a token's record: journal, salt, counters. Nobody but the helper reads it. */
#ifndef CARD_PRIVATE_H
#define CARD_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/identity.h"

#define PRIVATE_VERSION 2  /* 1 had nothing of offline-unblockable cards */
#define SALT_LEN        32 /* bytes */
#define REFUSED_MOST    3
#define REFUSED_LEN     16 /* bytes of a box's digest */
#define LIST_HASH       32 /* bytes of that of a list of tickets */

/*
 * What is under way. Written before the first change to the card, cleared after the record tells of
 * it. Blocking needs no entry: a record that says personalizing, with its lock free, says that the
 * card is to be blocked.
 */
enum journal {
	JOURNAL_NONE,
	JOURNAL_UNBLOCK, /* a new PIN that a person knows is being set */
	JOURNAL_SO,      /* it is set; the SO secret is being changed to the policy's new one */
	JOURNAL_SO_ONLY  /* no new PIN; the SO secret is being changed */
};

struct private
{
	enum journal journal;
	unsigned char salt[SALT_LEN]; /* of the R that the card is scrambled under */
	bool has_salt;
	unsigned char next_salt[SALT_LEN]; /* of the R that is being set */
	bool has_next_salt;
	bool proved;     /* in this life of the card an unblock call has succeeded */
	bool foreign_so; /* the policy's SO secret is not this card's */
	bool new_valid;  /* PUK= or NewCardManagerKey= is the SO secret now valid */
	/* A bit for each so_element whose value the card refused at a block; SO_ELEMENTS further
	 * left one for each that it refused once more. */
	unsigned so_refused;
	/* so_policy_stamp() then: what was edited since is tried again. */
	uint64_t so_refused_of;
	bool pending;      /* the PIN is set; PUK=, NewCardManagerKey= or ClearFields= are still to
			      follow */
	bool for_operator; /* METHOD_REFUSE, and no operator has tried to block it since */
	unsigned so_wrong; /* wrong SO secrets sent from here since one was right */
	unsigned so_gone;  /* those after which the card was gone: right or wrong, nobody knows */
	unsigned login_wrong;  /* of them, by C_Login (row 4) */
	unsigned letter_wrong; /* wrong PIN letters since one was right */
	unsigned pin_wrong;    /* wrong PINs since one was right, on a card that is sent no guess */
	/* Of offline-unblockable cards (card/offline.h). */
	uint64_t generation; /* of the box whose SO secret the card accepted last; 0: none */
	uint64_t sealed;     /* of one written after it, whose SO secret may be in force; 0: none */
	unsigned char list[LIST_HASH]; /* of the tickets of that box; all zero: not known */
	unsigned ticket; /* the highest number of a ticket that was used up; 0: none */
	/* Boxes whose SO secret the card refused, the last one first; until it accepts another's.
	 */
	unsigned char refused[REFUSED_MOST][REFUSED_LEN];
	size_t n_refused;
	unsigned response_wrong; /* wrong responses since one was right */
	int64_t response_after;  /* seconds since 1970: before, strangers' responses are refused */
	char kcv[7]; /* check value of the key that blocked the card; "" where it was no key */
};

/* False: unreadable or of a version that this program does not know (logged). Absent: all zero. */
bool private_read(const char *dir, const char *name, struct private *p);

/* Under the token's lock only. False: logged, the old file is intact. */
bool private_write(const char *dir, const char *name, const struct private *p);

bool private_remove(const char *dir, const char *name);

/* Parses the text of the file; what private_read uses, and the fuzzer. */
bool private_parse(const char *text, size_t len, struct private *p);

#endif
