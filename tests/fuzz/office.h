/* SPDX-License-Identifier: BSD-3-Clause */
/* A card office for the fuzzers: policies, a state directory of their own, one card in a state. */
#ifndef TESTS_FUZZ_OFFICE_H
#define TESTS_FUZZ_OFFICE_H

#include "card/office.h"
#include "card/record.h"
#include "helper/wire.h"
#include "tests/fuzz/token.h"

/* Unmistakable in a log; the first three are what persons know. */
#define FIRST_PIN "83920174"
#define NEW_PIN   "61750938"
#define LETTER    "29481650"
#define SO        "55501234"
#define NEW_SO    "77740912"
/* Of profiles that take keys. */
#define KEY     "0123456789abcdeffedcba98765432100f1e2d3c4b5a6978"
#define NEW_KEY "8796a5b4c3d2e1f00123456789abcdef1032547698badcfe"

enum { OFFICE_PROFILES = 8, OFFICE_POLICIES = 8 };

/* A policy beyond these: cards are unblocked by response, under KEY. */
#define OFFICE_OFFLINE 0xff
extern const char office_offline[]; /* its description */

/* What a fuzzer's input begins with. */
struct scene {
	uint8_t profile, policy, state, caller;
};

/* Makes the folder; it is removed when the process ends. The log may hold none of secrets
 * (still.h). */
void office_set_up(const char *const *secrets);

/* A new card, that is brought into the scene's state by orders. Returns the configuration's path.
 */
const char *office_scene(const struct scene *s);

enum caller office_caller(const struct scene *s);

/* The identity of the card as it goes over the wire. */
void office_identity(struct wire *w);

/* The card's record now. */
enum record_status office_record(struct record *r);

/* Serves one conversation: what was written to the other end of the socket before, then its end. */
void office_converse(const struct scene *s, const char *config, int sock);

/* The response to the challenge that the card's record shows; "" where it shows none. */
const char *office_response(void);

/* Undisturbed, the office unblocks the card by what its policy holds, with --last-try, or after
 * p11-latch reset, if need be, and NEW_PIN is its PIN. */
bool office_unblocks(const struct scene *s, const char *config);

/* Whether the card itself has a PIN or SO secret that somebody knows, or is locked. */
bool office_pin_is_known(void);
bool office_so_is_known(void);

#endif
