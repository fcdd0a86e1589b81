/* SPDX-License-Identifier: BSD-3-Clause */
/* Writing the public record; under the token's lock only. */
#ifndef CARD_RECORD_WRITE_H
#define CARD_RECORD_WRITE_H

#include <stdbool.h>

#include "card/record.h"

/* Writes r as it is (since and sequence too). False: logged, the old record is intact. */
bool record_write(const char *dir, bool with_label, const struct record *r);

bool record_remove(const char *dir, const struct identity *id, bool with_label);

#endif
