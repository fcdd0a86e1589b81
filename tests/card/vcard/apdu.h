/* SPDX-License-Identifier: BSD-3-Clause */
/* Command APDUs, short and extended: ISO 7816-4, 5.1. */
#ifndef TESTS_CARD_VCARD_APDU_H
#define TESTS_CARD_VCARD_APDU_H

#include "tests/card/vcard/card.h"

/* False: the lengths in it do not agree with its own. c->data points into apdu. */
bool apdu_parse(const unsigned char *apdu, size_t len, struct command *c);

#endif
