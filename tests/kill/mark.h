/* SPDX-License-Identifier: BSD-3-Clause */
/* How marks.c tells killer.c of calls to the vendor's module: by a system call that means nothing.
 */
#ifndef TESTS_KILL_MARK_H
#define TESTS_KILL_MARK_H

#include <sys/syscall.h>

/* getpriority(MARK, before or after, number of the call): the kernel answers EINVAL. */
#define MARK_CALL   SYS_getpriority
#define MARK        0x4c617463
#define MARK_BEFORE 0
#define MARK_AFTER  1

/* Every call of PKCS#11 that p11-latch makes of a vendor's module, and those of the tests'
 * programs.
 */
#define MARKED_CALLS(X)        \
	X(C_Initialize)        \
	X(C_Finalize)          \
	X(C_GetInfo)           \
	X(C_GetSlotList)       \
	X(C_GetSlotInfo)       \
	X(C_GetTokenInfo)      \
	X(C_GetMechanismList)  \
	X(C_InitToken)         \
	X(C_InitPIN)           \
	X(C_SetPIN)            \
	X(C_OpenSession)       \
	X(C_CloseSession)      \
	X(C_CloseAllSessions)  \
	X(C_GetSessionInfo)    \
	X(C_Login)             \
	X(C_Logout)            \
	X(C_CreateObject)      \
	X(C_DestroyObject)     \
	X(C_GetAttributeValue) \
	X(C_FindObjectsInit)   \
	X(C_FindObjects)       \
	X(C_FindObjectsFinal)

#define MARK_NUMBER(name) MARK_##name,
enum { MARKED_CALLS(MARK_NUMBER) MARKS };

#endif
