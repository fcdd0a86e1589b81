/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch.conf: which vendor module is wrapped, where policy and state are. Links libc only. */
#ifndef POLICY_CONFIG_H
#define POLICY_CONFIG_H

#include <stdbool.h>

#include "policy/diag.h"

/* CallTimeout= where it is not written: twice what a slow reader was seen to take. */
#define CALL_TIMEOUT_S 60

struct config {
	char *file;            /* the file that this was read from */
	char *module_path;     /* [Module] Path=, "~/" expanded */
	char *profile;         /* [Module] Profile=, "auto" by default */
	char *init_reserved;   /* [Module] InitReserved=, "" where there is none */
	char *policy;          /* [Latch] Policy= */
	char *state_dir;       /* [Latch] StateDirectory= */
	unsigned call_timeout; /* [Latch] CallTimeout=, in seconds */
	char *helper;          /* program to spawn; NULL where a socket is to be used */
	char *helper_socket;   /* Helper=unix:PATH; NULL where the helper is spawned */
};

/*
 * Reads path. NULL where there is any error, all of which are in d. Relative paths are errors.
 * Helper=spawn (default), spawn:PATH (another program than the one installed), unix:PATH.
 */
struct config *config_read(const char *path, struct diags *d);

/* The operators' socket beside helper_socket: the same folder, "operators.sock". To be freed. */
char *config_operators_socket(const struct config *c);

void config_free(struct config *c);

#endif
