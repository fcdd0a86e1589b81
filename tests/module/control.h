/* SPDX-License-Identifier: BSD-3-Clause */
/* How a test steers the vendor modules of tests/module, and reads what they were given. */
#ifndef TESTS_MODULE_CONTROL_H
#define TESTS_MODULE_CONTROL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include <p11-kit/pkcs11.h>

#define SLOT_A   7
#define SLOT_B   8
#define TEST_PIN "1234"
#define TEST_PUK "12345678"
#define PIN_SIZE 64

enum function {
	F_INITIALIZE,
	F_FINALIZE,
	F_GET_INFO,
	F_GET_SLOT_LIST,
	F_GET_SLOT_INFO,
	F_GET_TOKEN_INFO,
	F_INIT_PIN,
	F_SET_PIN,
	F_OPEN_SESSION,
	F_CLOSE_SESSION,
	F_CLOSE_ALL_SESSIONS,
	F_GET_SESSION_INFO,
	F_LOGIN,
	F_LOGOUT,
	F_LOGIN_USER,
	F_GET_INTERFACE,
	N_FUNCTIONS
};

/* What a call gave the vendor: the pointers as they were, and copies. */
struct given {
	const void *pointer;
	unsigned long len;
	char text[PIN_SIZE];
};

struct control {
	atomic_ulong calls[N_FUNCTIONS];
	/* One answer for all calls of a function, instead of doing it; 0: do it. */
	CK_RV refuse[N_FUNCTIONS];
	CK_RV refuse_after[N_FUNCTIONS]; /* do it, and answer this */
	const void *init_args;
	struct given pin, old_pin, new_pin, name;
	CK_USER_TYPE user;
	CK_SESSION_HANDLE session;
	/* Of both tokens. */
	CK_FLAGS flags;
	char manufacturer[33], serial[17];
	char user_pin[PIN_SIZE], so_pin[PIN_SIZE];
	CK_STATE logged_in; /* 0, or CKS_RW_USER_FUNCTIONS, or CKS_RW_SO_FUNCTIONS */
	bool initialized;
	bool wordless;      /* C_GetTokenInfo says CKR_OK, and writes nothing */
	bool leave_out;     /* C_InitPIN and C_WaitForSlotEvent are missing from the lists */
	size_t lacks;       /* the offset of an entry that is missing too; 0: of none */
	bool so_on_open;    /* somebody logs in as SO whenever a session is opened */
	bool drop_sessions; /* C_GetSessionInfo knows no session: the card was pulled */
	bool one_identity;  /* both tokens say that they are the same */
	bool one_reader;    /* and so do their slots */
	bool reuse_handles; /* a handle that was closed is given again at once */
	atomic_bool hang;   /* C_InitPIN does not come back as long as this is so */
};

/* Exported by each vendor module as `control`. */

#endif
