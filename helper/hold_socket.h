/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a hold's watcher is reached. */
#ifndef HELPER_HOLD_SOCKET_H
#define HELPER_HOLD_SOCKET_H

#include <stdbool.h>
#include <sys/un.h>

/* STATE_DIR/private/hold-ID.sock; false where that is too long (logged). */
bool hold_address(struct sockaddr_un *a, const char *state_dir, const char *id);

/* Removes the sockets of holds that are gone, from a minute after they were made on. */
void hold_sweep(const char *state_dir);

#endif
