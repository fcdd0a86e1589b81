/* SPDX-License-Identifier: BSD-3-Clause */
/* A PKCS#11 module over a real one, that tells whoever traces the process of each call to it. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

#include "tests/kill/mark.h"

/* MARKS_VENDOR names the real module. */
static CK_FUNCTION_LIST *vendor;
static CK_FUNCTION_LIST list;

#define MARKED(name, parameters, arguments)                         \
	static CK_RV marked_##name parameters                       \
	{                                                           \
		CK_RV rv;                                           \
                                                                    \
		syscall(MARK_CALL, MARK, MARK_BEFORE, MARK_##name); \
		rv = vendor->name arguments;                        \
		syscall(MARK_CALL, MARK, MARK_AFTER, MARK_##name);  \
		return rv;                                          \
	}

MARKED(C_Initialize, (void *args), (args))
MARKED(C_Finalize, (void *args), (args))
MARKED(C_GetInfo, (CK_INFO * info), (info))
MARKED(C_GetSlotList, (CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *n), (present, slots, n))
MARKED(C_GetSlotInfo, (CK_SLOT_ID slot, CK_SLOT_INFO *info), (slot, info))
MARKED(C_GetTokenInfo, (CK_SLOT_ID slot, CK_TOKEN_INFO *info), (slot, info))
MARKED(
    C_GetMechanismList, (CK_SLOT_ID slot, CK_MECHANISM_TYPE *types, CK_ULONG *n), (slot, types, n))
MARKED(C_InitToken, (CK_SLOT_ID slot, CK_UTF8CHAR *pin, CK_ULONG len, CK_UTF8CHAR *label),
    (slot, pin, len, label))
MARKED(C_InitPIN, (CK_SESSION_HANDLE session, CK_UTF8CHAR *pin, CK_ULONG len), (session, pin, len))
MARKED(C_SetPIN,
    (CK_SESSION_HANDLE session, CK_UTF8CHAR *old, CK_ULONG old_len, CK_UTF8CHAR *new,
	CK_ULONG new_len),
    (session, old, old_len, new, new_len))
MARKED(C_OpenSession,
    (CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
	CK_SESSION_HANDLE *session),
    (slot, flags, application, notify, session))
MARKED(C_CloseSession, (CK_SESSION_HANDLE session), (session))
MARKED(C_CloseAllSessions, (CK_SLOT_ID slot), (slot))
MARKED(C_GetSessionInfo, (CK_SESSION_HANDLE session, CK_SESSION_INFO *info), (session, info))
MARKED(C_Login, (CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len),
    (session, user, pin, len))
MARKED(C_Logout, (CK_SESSION_HANDLE session), (session))
MARKED(C_CreateObject,
    (CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG n, CK_OBJECT_HANDLE *object),
    (session, template, n, object))
MARKED(C_DestroyObject, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object), (session, object))
MARKED(C_GetAttributeValue,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *template, CK_ULONG n),
    (session, object, template, n))
MARKED(C_FindObjectsInit, (CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG n),
    (session, template, n))
MARKED(C_FindObjects,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most, CK_ULONG *n),
    (session, objects, most, n))
MARKED(C_FindObjectsFinal, (CK_SESSION_HANDLE session), (session))

#define MARKED_ENTRY(name) list.name = marked_##name;

static CK_RV
load(void)
{
	const char *path = getenv("MARKS_VENDOR");
	void *library = path != NULL ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
	CK_C_GetFunctionList get;
	CK_RV rv;

	if (library == NULL)
		return CKR_GENERAL_ERROR;
	*(void **)&get = dlsym(library, "C_GetFunctionList");
	if (get == NULL)
		return CKR_GENERAL_ERROR;
	rv = get(&vendor);
	if (rv != CKR_OK)
		return rv;
	memcpy(&list, vendor, sizeof(list));
	MARKED_CALLS(MARKED_ENTRY)
	return CKR_OK;
}

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **out)
{
	CK_RV rv = vendor == NULL ? load() : CKR_OK;

	if (rv == CKR_OK)
		*out = &list;
	return rv;
}
