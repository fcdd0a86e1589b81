/* SPDX-License-Identifier: BSD-3-Clause */
/* The PINs of virtual smart cards and their counters. */
#ifndef TESTS_CARD_VCARD_PIN_H
#define TESTS_CARD_VCARD_PIN_H

#include "tests/card/vcard/state.h"

/* The status word that says how many tries are left: 63Cx, or 6983. */
unsigned pin_left(const struct pin *p);

/* Compares, counts, and returns SW_OK, SW_BLOCKED or what this card says to a wrong one. */
unsigned pin_check(struct state *s, struct pin *p, const unsigned char *value, size_t len);

/* Sets it, with all its tries. SW_OK or SW_WRONG_DATA: too short or too long. */
unsigned pin_set(struct state *s, struct pin *p, const unsigned char *value, size_t len);

#endif
