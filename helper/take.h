/* SPDX-License-Identifier: BSD-3-Clause */
/* Secrets out of a message: into locked memory, and nothing of them stays in the message. */
#ifndef HELPER_TAKE_H
#define HELPER_TAKE_H

#include <stdbool.h>

#include "helper/wire.h"
#include "policy/secret.h"

/*
 * The bytes of a field as a secret; *s is NULL where there is no such field. They are wiped in the
 * message, which is ordinary memory and lives as long as the work that it asks for: so that a field
 * can be taken once. False: no memory.
 */
bool take_secret(const struct wire *w, enum wire_tag tag, struct secret **s);

/* Wipes a field in the message, whose secrets were taken otherwise. */
void take_wipe(const struct wire *w, enum wire_tag tag);

#endif
