/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the virtual OpenPGP card share. */
#ifndef TESTS_CARD_VCARD_OPENPGP_H
#define TESTS_CARD_VCARD_OPENPGP_H

#include "tests/card/vcard/card.h"

#define OPENPGP_AID_LEN 16

void openpgp_aid(const struct state *s, unsigned char *aid);

void openpgp_get_data(struct card *card, const struct command *c, struct reply *r);
void openpgp_put_data(struct card *card, const struct command *c, struct reply *r);
void openpgp_key_pair(struct card *card, const struct command *c, struct reply *r);
void openpgp_sign(struct card *card, const char *key, const struct command *c, struct reply *r);

#endif
