/* SPDX-License-Identifier: BSD-3-Clause */
/* What every request works with: configuration, policy, the vendor module, and who asks. */
#ifndef CARD_OFFICE_H
#define CARD_OFFICE_H

#include <p11-kit/pkcs11.h>

#include "card/profile.h"
#include "card/vendor.h"
#include "policy/binding.h"
#include "policy/config.h"
#include "policy/field.h"

/* Design, section 6, "Who may ask". */
enum caller {
	CALLER_SELF,     /* spawned, or the command: what the caller may read, it may use */
	CALLER_OPERATOR, /* root, or the operators' socket */
	CALLER_ANYONE    /* the socket for all */
};

struct office {
	struct config *config;
	struct policy *policy; /* NULL where policy.conf or a description has an error */
	struct vendor *vendor;
	enum caller caller;
	const struct given *given; /* --field of the command; not owned */
	/* By what the vendor module says in the program that asks; NULL: it is to be asked here. */
	const struct profile *told;
};

/*
 * Reads the configuration and the policy, afresh, and loads the vendor module. An error in the
 * policy leaves office->policy NULL: nothing that it might govern may be done. CKR_FUNCTION_FAILED:
 * the log says why.
 */
CK_RV office_open(struct office *o, const char *config_file, enum caller caller);
void office_close(struct office *o);

#endif
