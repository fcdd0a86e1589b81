/* SPDX-License-Identifier: BSD-3-Clause */
/* All records of a state directory, one after the other. */
#ifndef CARD_RECORDS_H
#define CARD_RECORDS_H

#include "card/record.h"

/* What is done with each; r is all zero where the file is no record that this version can read
 * (damaged). */
typedef void (*record_fn)(const char *file, const struct record *r, bool damaged, void *arg);

/* False: the folder cannot be read (errno; ENOENT: there are none). */
bool records_each(const char *state_dir, record_fn fn, void *arg);

#endif
