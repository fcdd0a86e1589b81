/* SPDX-License-Identifier: BSD-3-Clause */
/* What an application asked for, so that it can be handed to the vendor later, bit for bit. */
#ifndef MODULE_ATTEMPT_H
#define MODULE_ATTEMPT_H

#include <stdbool.h>

#include "module/interface.h"

/* A PIN as an application passed it: NULL, or any bytes. */
struct pin {
	unsigned char *bytes;
	unsigned long len;
};

/* Whether it may be the response to a challenge: 16 or 32 hexadecimal digits, in groups or not. */
bool pin_may_be_response(const struct pin *pin);

/* C_Login, or C_LoginUser with a name. */
struct attempt {
	const CK_FUNCTION_LIST *v;
	CK_SESSION_HANDLE session;
	CK_USER_TYPE user;
	struct pin pin;
	bool named; /* C_LoginUser */
	unsigned char *name;
	unsigned long name_len;
};

/* The vendor's own call. */
CK_RV attempt_login(const struct attempt *a);

/* The same with another PIN. */
CK_RV attempt_login_with(const struct attempt *a, unsigned char *pin, unsigned long len);

#endif
