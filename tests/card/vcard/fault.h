/* SPDX-License-Identifier: BSD-3-Clause */
/* What a test tells a virtual smart card to do wrong, and the list of the APDUs that it saw. */
#ifndef TESTS_CARD_VCARD_FAULT_H
#define TESTS_CARD_VCARD_FAULT_H

#include <stddef.h>

enum fault_kind {
	FAULT_NONE,
	FAULT_REFUSE,      /* answers value as its status word, and does nothing */
	FAULT_PULL,        /* out of the reader before anything is done */
	FAULT_PULL_AFTER,  /* done, and out of the reader before the answer */
	FAULT_RESET,       /* without power for value milliseconds, before anything is done */
	FAULT_RESET_AFTER, /* done, and loses its power before the answer */
	FAULT_DELAY,       /* value milliseconds late */
	FAULT_HANG,        /* until the file of faults is gone */
};

struct fault {
	enum fault_kind kind;
	unsigned value;
};

/*
 * DIR/fault holds lines "N KIND [VALUE]", for the Nth APDU, or for all where N is 0:
 *	refuse HEX, pull, pull-after, reset [MS], reset-after [MS], delay MS, hang
 * A reset is as long as the reader takes to see it, if not given; one of 0 it does not see at all.
 * DIR/fault.done appears when one of them comes to pass.
 */
struct fault fault_at(const char *dir, unsigned n);

/* The number of the APDU that comes now: one more than DIR/apdus has; 1 if a test emptied that. */
unsigned apdu_number(const char *dir, unsigned last);

/* Appends "N APDU ANSWER" to DIR/apdus; in place of an answer of no length "-". */
void apdu_note(const char *dir, unsigned n, const unsigned char *apdu, size_t len,
    const unsigned char *answer, size_t answer_len);

#endif
