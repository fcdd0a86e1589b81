/* SPDX-License-Identifier: BSD-3-Clause */
/* What tickets, boxes and the helpdesk's key are bound to: the name of one card. */
#ifndef CARD_CARD_NAME_H
#define CARD_CARD_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/identity.h"

#define CARD_NAME_MAX 48 /* bytes */

/*
 * The serial number, 16 bytes padded with blanks; where serial numbers are constant
 * (profile.label_identity) the label follows, 32 bytes padded so. Never manufacturer or model: one
 * card has others behind another module.
 */
struct card_name {
	unsigned char bytes[CARD_NAME_MAX];
	size_t len; /* 16 or 48 */
};

void card_name_set(struct card_name *name, const struct identity *id, bool with_label);

#endif
