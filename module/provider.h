/* SPDX-License-Identifier: BSD-3-Clause */
/* What this instance of the module was set up to be: configuration, vendor module, hold. */
#ifndef MODULE_PROVIDER_H
#define MODULE_PROVIDER_H

#include <stdbool.h>

#include "card/profile.h"
#include "card/record.h"
#include "module/vendor.h"
#include "policy/config.h"

struct provider {
	struct config *config;
	const struct profile *profile; /* Profile=; NULL: matched for each token */
	struct vendor vendor;
	bool secure;                /* AT_SECURE: the environment is not to be trusted */
	char *cookie;               /* P11_LATCH_HOLD as it was; NULL where there is none */
	char hold[HOLD_ID_LEN + 1]; /* the ID in it; "" where there is none */
};

/* Filled once by provider_load(), and never changed afterwards. */
extern struct provider provider;

/* Reads the configuration and loads the vendor module. False: one line in the log says why. */
bool provider_load(void);

#endif
