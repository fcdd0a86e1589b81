/* SPDX-License-Identifier: BSD-3-Clause */
/* A PKCS#11 module over a real one, whose data objects are not what they seem. */
#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

/*
 * OBJECTS_VENDOR names the real module, OBJECTS_LIE what it does:
 *	lose          C_CreateObject stores nothing and says CKR_OK
 *	full          the third one of a process has no room
 *	refuse RV     it answers RV
 *	read-only     no session writes
 *	no-find RV    C_FindObjectsInit answers RV
 *	more          C_FindObjects says that it found more than there was room for
 *	endless       it finds the same again and again
 *	long, minus   C_GetAttributeValue says that a value has 2^40 bytes, or that it cannot be had
 *	grow          the second time it is longer than the first, and not written
 *	shrink        the second time it is one byte shorter
 *	value RV      it answers RV
 *	hang          C_GetAttributeValue never comes back
 *	without       it has none of these functions
 *	kill N        the process is killed before its Nth C_CreateObject or C_DestroyObject
 *	kill-after N  the process is killed after it
 *	stuck         C_DestroyObject answers CKR_TOKEN_WRITE_PROTECTED
 */
static CK_FUNCTION_LIST *vendor;
static CK_FUNCTION_LIST list;

/* Whether the lie is this one, and its rv. */
static bool
lies(const char *word, CK_RV *rv)
{
	const char *lie = getenv("OBJECTS_LIE");
	size_t len = strlen(word);

	if (lie == NULL || strncmp(lie, word, len) != 0 || (lie[len] != '\0' && lie[len] != ' '))
		return false;
	if (rv != NULL)
		*rv = strtoul(lie + len, NULL, 16);
	return true;
}

/* Counts the calls that change something. */
static void
die(bool after)
{
	static CK_RV count[2];
	CK_RV nth;

	if (lies(after ? "kill-after" : "kill", &nth) && ++count[after] == nth)
		(void)kill(getpid(), SIGKILL);
}

static CK_RV
open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
    CK_SESSION_HANDLE *session)
{
	if (lies("read-only", NULL) && (flags & CKF_RW_SESSION) != 0)
		return CKR_TOKEN_WRITE_PROTECTED;
	return vendor->C_OpenSession(slot, flags, application, notify, session);
}

static CK_RV
create_object(
    CK_SESSION_HANDLE session, CK_ATTRIBUTE *attributes, CK_ULONG n, CK_OBJECT_HANDLE *object)
{
	static unsigned count;
	CK_RV rv;

	if (lies("lose", NULL)) {
		*object = 1;
		return CKR_OK;
	}
	if (lies("refuse", &rv))
		return rv;
	if (lies("full", NULL) && ++count > 2)
		return CKR_DEVICE_MEMORY;
	die(false);
	rv = vendor->C_CreateObject(session, attributes, n, object);
	die(true);
	return rv;
}

static CK_RV
find_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *attributes, CK_ULONG n)
{
	CK_RV rv;

	return lies("no-find", &rv) ? rv : vendor->C_FindObjectsInit(session, attributes, n);
}

static CK_RV
find(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG max, CK_ULONG *n)
{
	static CK_OBJECT_HANDLE last;
	CK_RV rv = vendor->C_FindObjects(session, objects, max, n);
	CK_ULONG i;

	if (rv == CKR_OK && *n > 0)
		last = objects[0];
	if (rv == CKR_OK && lies("more", NULL) && *n > 0) {
		for (i = *n; i < max; i++)
			objects[i] = objects[0];
		*n = (CK_ULONG)-1;
	}
	if (rv == CKR_OK && lies("endless", NULL) && last != 0) {
		for (i = 0; i < max; i++)
			objects[i] = last;
		*n = max;
	}
	return rv;
}

static CK_RV
get_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *a, CK_ULONG n)
{
	CK_ULONG room = a->ulValueLen;
	CK_RV rv;

	while (lies("hang", NULL))
		pause();
	if (lies("value", &rv))
		return rv;
	if (lies("grow", NULL) && a->pValue != NULL) {
		a->ulValueLen = room + 1000;
		return CKR_OK;
	}
	rv = vendor->C_GetAttributeValue(session, object, a, n);
	if (lies("long", NULL) && a->pValue == NULL)
		a->ulValueLen = (CK_ULONG)1 << 40;
	if (lies("minus", NULL) && a->pValue == NULL)
		a->ulValueLen = (CK_ULONG)-1;
	if (lies("shrink", NULL) && a->pValue != NULL)
		a->ulValueLen--;
	return rv;
}

static CK_RV
destroy(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	CK_RV rv;

	if (lies("stuck", NULL))
		return CKR_TOKEN_WRITE_PROTECTED;
	die(false);
	rv = vendor->C_DestroyObject(session, object);
	die(true);
	return rv;
}

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **out)
{
	const char *path = getenv("OBJECTS_VENDOR");
	void *library = path != NULL ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
	CK_C_GetFunctionList get = NULL;

	if (library != NULL)
		*(void **)&get = dlsym(library, "C_GetFunctionList");
	if (get == NULL || get(&vendor) != CKR_OK)
		return CKR_GENERAL_ERROR;
	memcpy(&list, vendor, sizeof(list));
	list.C_OpenSession = open_session;
	list.C_CreateObject = create_object;
	list.C_FindObjectsInit = find_init;
	list.C_FindObjects = find;
	list.C_GetAttributeValue = get_value;
	list.C_DestroyObject = destroy;
	if (lies("without", NULL)) {
		list.C_CreateObject = NULL;
		list.C_FindObjectsInit = NULL;
		list.C_FindObjects = NULL;
		list.C_FindObjectsFinal = NULL;
		list.C_GetAttributeValue = NULL;
		list.C_DestroyObject = NULL;
	}
	*out = &list;
	return CKR_OK;
}
