/* SPDX-License-Identifier: BSD-3-Clause */
/* Faces: private copies of the vendor's function lists, the intercepted entries being ours. */
#ifndef MODULE_FACE_H
#define MODULE_FACE_H

#include <stdbool.h>
#include <stddef.h>

#include "module/vendor.h"

/* C_GetFunctionList's list, and the standard's interfaces 2.40, 3.0, 3.1 and 3.2. */
#define FACES_MAX 5

/* The entries that are ours in each face; stubs.c has them in this order. */
enum stub {
	STUB_INITIALIZE,
	STUB_FINALIZE,
	STUB_GET_TOKEN_INFO,
	STUB_INIT_PIN,
	STUB_SET_PIN,
	STUB_OPEN_SESSION,
	STUB_CLOSE_SESSION,
	STUB_CLOSE_ALL_SESSIONS,
	STUB_LOGIN,
	STUB_LOGOUT,
	STUB_LOGIN_USER,
	N_STUBS
};

/* The vendor's list behind each face, which its stubs call. */
extern const CK_FUNCTION_LIST *face_vendor[FACES_MAX];

/* stubs.c: the function that stands for an entry in face number n. */
void *stub_of(size_t face, enum stub stub);

/* Makes the first face, of the list that C_GetFunctionList gave. NULL: no memory (logged). */
CK_FUNCTION_LIST *face_of_list(CK_FUNCTION_LIST *vendor);

/*
 * What the application gets for one of the vendor's interfaces: the interface itself where it is
 * not the standard's, else ours. NULL where its version is not known, or there are more than
 * FACES_MAX.
 */
struct interface *face_of_interface(struct interface *vendor);

/* The first face as an interface, for vendors that have none. */
struct interface *face_first(void);

#endif
