/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of the virtual PIV card share. */
#ifndef TESTS_CARD_VCARD_PIV_H
#define TESTS_CARD_VCARD_PIV_H

#include "tests/card/vcard/card.h"

/* With the item "version" it is a YubiKey's PIV application, with Yubico's own commands. */
bool piv_is_yubico(const struct card *card);

/* Writes the certificate of the key of this slot into the item where it belongs. */
bool piv_put_certificate(struct state *s, const unsigned char *key, size_t len);

void piv_get_data(struct card *card, const struct command *c, struct reply *r);
void piv_put_data(struct card *card, const struct command *c, struct reply *r);
void piv_generate(struct card *card, const struct command *c, struct reply *r);
void piv_authenticate(struct card *card, const struct command *c, struct reply *r);

/* Yubico's own: version, serial number, management key, retries. */
void piv_yubico(struct card *card, const struct command *c, struct reply *r);

#endif
