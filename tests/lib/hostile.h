/* SPDX-License-Identifier: BSD-3-Clause */
/* What a hostile client says: conversations by number, the same at each run. */
#ifndef TESTS_LIB_HOSTILE_H
#define TESTS_LIB_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/identity.h"

#define SAID_MAX  (160u * 1024u)
#define STEPS_MAX 12

/* Bytes that go out in pieces; after each, the other end has a moment to answer where wait is set.
 */
struct step {
	size_t len; /* of the bytes that belong to it */
	int fds;    /* descriptors that go along */
	bool wait;
};

struct said {
	unsigned char *bytes; /* SAID_MAX of room */
	size_t len;
	struct step steps[STEPS_MAX];
	size_t n;
};

/* The token that is attacked, and a number that all is drawn from. */
struct attack {
	unsigned char identity[IDENTITY_WIRE_LEN];
	uint64_t state;
};

uint64_t attack_draw(struct attack *a, uint64_t below);

/* Anything: noise, frames of any type, well-formed ones of any fields, and such with damage. */
void attack_random(struct attack *a, struct said *s);

/*
 * One of the kinds of conversation that module and command have, whole; false beyond the last kind.
 * Kinds that try a value try it on a token that is not there: a wrong one costs a second each.
 */
bool attack_kind(struct attack *a, unsigned kind, struct said *s);

#endif
