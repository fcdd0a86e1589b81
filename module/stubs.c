/* SPDX-License-Identifier: BSD-3-Clause */
/* The intercepted functions, one set a face: a function knows its list by being its own. */
#include <string.h>

#include "module/calls.h"
#include "module/face.h"

/* In the order of enum stub. */
struct stubs {
	CK_C_Initialize initialize;
	CK_C_Finalize finalize;
	CK_C_GetTokenInfo get_token_info;
	CK_C_InitPIN init_pin;
	CK_C_SetPIN set_pin;
	CK_C_OpenSession open_session;
	CK_C_CloseSession close_session;
	CK_C_CloseAllSessions close_all_sessions;
	CK_C_Login login;
	CK_C_Logout logout;
	login_user_fn login_user;
};

_Static_assert(sizeof(struct stubs) == N_STUBS * sizeof(void *), "enum stub differs");

#define JOIN(a, b)   a##_##b
#define EXPAND(a, b) JOIN(a, b)
#define STUB(name)   EXPAND(name, FACE)

#define FACE 0
#include "module/stubs.inc"
#undef FACE
#define FACE 1
#include "module/stubs.inc"
#undef FACE
#define FACE 2
#include "module/stubs.inc"
#undef FACE
#define FACE 3
#include "module/stubs.inc"
#undef FACE
#define FACE 4
#include "module/stubs.inc"
#undef FACE

static const struct stubs *const sets[FACES_MAX] = {
    &stubs_0,
    &stubs_1,
    &stubs_2,
    &stubs_3,
    &stubs_4,
};

void *
stub_of(size_t face, enum stub stub)
{
	void *function;

	memcpy(&function, (const char *)sets[face] + stub * sizeof(function), sizeof(function));
	return function;
}
