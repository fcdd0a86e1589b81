/* SPDX-License-Identifier: BSD-3-Clause */
/* BER-TLV of virtual smart cards: tags of one or two bytes, lengths up to 65535. */
#ifndef TESTS_CARD_VCARD_TLV_H
#define TESTS_CARD_VCARD_TLV_H

#include <stdbool.h>
#include <stddef.h>

struct reply;

struct tlv {
	unsigned tag;
	const unsigned char *value;
	size_t len;
};

/* Takes the first one off *at, *left. False: there is none, or it is cut off. */
bool tlv_next(const unsigned char **at, size_t *left, struct tlv *t);

/* Finds the first with this tag on the top level. */
bool tlv_find(const unsigned char *data, size_t len, unsigned tag, struct tlv *t);

/* Appends one; what does not fit makes the status word SW_FAILED. */
void tlv_put(struct reply *r, unsigned tag, const void *value, size_t len);

/* Makes of all that was appended since start the value of one. */
void tlv_wrap(struct reply *r, size_t start, unsigned tag);

#endif
