/* SPDX-License-Identifier: BSD-3-Clause */
/* A virtual smart card's stay in its reader: power, APDUs, faults, out and in again. */
#ifndef TESTS_CARD_VCARD_READER_H
#define TESTS_CARD_VCARD_READER_H

/* Until it is killed. Returns only where it cannot go on. */
int reader_run(const char *dir, unsigned port);

#endif
