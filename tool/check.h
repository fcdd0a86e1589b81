/* SPDX-License-Identifier: BSD-3-Clause */
/* What only p11-latch check can say of configuration and policy, beyond what their readers do. */
#ifndef TOOL_CHECK_H
#define TOOL_CHECK_H

#include "card/profile.h"
#include "policy/binding.h"
#include "policy/diag.h"

/*
 * Reads and checks a p11-latch.conf. *policy is the path of its policy.conf, also where the rest
 * has errors; *profile its Profile=, NULL where it is "auto" or none. Both to be freed; NULL where
 * they are not wanted.
 */
void check_config(const char *path, char **policy, char **profile, struct diags *d);

/*
 * Reads and checks a policy.conf and the descriptions that it names. profile: p11-latch.conf's,
 * which the module itself goes by; NULL: "auto", or not known.
 */
void check_policy(const char *path, const char *profile, struct diags *d);

/* The files that the binding's secrets come from: whether they are there, whose they are, and
 * whether keys in them are good. */
void check_secrets(const struct policy *p, const struct binding *b, struct diags *d);

/* An error for a profile that there is not. NULL. */
const struct profile *check_profile(const char *name, struct place where, struct diags *d);

#endif
