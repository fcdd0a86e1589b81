/* SPDX-License-Identifier: BSD-3-Clause */
/* A PKCS#11 module over a real one, which answers, lies, hangs or dies where a plan says so. */
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

#include "tests/faults/plan.h"

/* BENT_VENDOR names the real module, BENT_PLAN a file that is a struct plan; without it all is
 * honest. */

static CK_FUNCTION_LIST *vendor;
static CK_FUNCTION_LIST list;
static struct plan *plan; /* NULL: nothing of this process is planned */

static bool
is_this_program(const char *name)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	const char *base;

	if (n <= 0)
		return false;
	path[n] = '\0';
	base = strrchr(path, '/');
	return strcmp(base != NULL ? base + 1 : path, name) == 0;
}

static void
open_plan(void)
{
	const char *path = getenv("BENT_PLAN");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *p;

	if (fd < 0)
		return;
	p = mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return;
	plan = p;
	if (!is_this_program(plan->program)) {
		munmap(p, sizeof(*plan));
		plan = NULL;
	}
}

/* Counts this call. How it is to go: HOW_NOT, or what the plan says. */
static enum how
bend(const char *call)
{
	uint32_t n;

	if (plan == NULL)
		return HOW_NOT;
	n = atomic_fetch_add(&plan->calls, 1) + 1;
	if (n <= PLAN_CALLS)
		snprintf(plan->names[n - 1], PLAN_NAME, "%s", call);
	if (plan->how == HOW_NOT || (plan->nth != 0 && plan->nth != n))
		return HOW_NOT;
	return (enum how)plan->how;
}

static void
note_fired(void)
{
	atomic_fetch_add(&plan->fired, 1);
}

/* A signal is no reason to come back: what hangs in a reader's driver does not either. */
static void
wait_long(enum how how)
{
	struct timespec left = {
	    .tv_sec = (time_t)(plan->rv / 1000), .tv_nsec = (long)(plan->rv % 1000) * 1000000};

	while (how == HOW_LATE && nanosleep(&left, &left) != 0)
		continue;
	while (how == HOW_HANG)
		pause();
}

static void __attribute__((noreturn)) die_by(int sig)
{
	signal(sig, SIG_DFL);
	raise(sig);
	_exit(99);
}

/* True: the call is not to be made. */
static bool
before(enum how how)
{
	if (how < HOW_INSTEAD || how > HOW_EXIT_AFTER)
		return false;
	note_fired();
	if (how == HOW_LATE || how == HOW_HANG)
		wait_long(how);
	if (how == HOW_SEGV)
		die_by(SIGSEGV);
	if (how == HOW_ABORT)
		abort();
	if (how == HOW_EXIT)
		exit(0);
	return how == HOW_INSTEAD;
}

static CK_RV
after(enum how how, CK_RV rv)
{
	if (how == HOW_SEGV_AFTER)
		die_by(SIGSEGV);
	if (how == HOW_ABORT_AFTER)
		abort();
	if (how == HOW_EXIT_AFTER)
		exit(0);
	return how == HOW_AFTER ? (CK_RV)plan->rv : rv;
}

#define BENT(name, parameters, arguments)                  \
	static CK_RV bent_##name parameters                \
	{                                                  \
		enum how how = bend(#name);                \
                                                           \
		if (before(how))                           \
			return (CK_RV)plan->rv;            \
		return after(how, vendor->name arguments); \
	}

BENT(C_Initialize, (void *args), (args))
BENT(C_Finalize, (void *args), (args))
BENT(C_GetInfo, (CK_INFO * info), (info))
BENT(C_GetSlotInfo, (CK_SLOT_ID slot, CK_SLOT_INFO *info), (slot, info))
BENT(C_InitToken, (CK_SLOT_ID slot, CK_UTF8CHAR *pin, CK_ULONG len, CK_UTF8CHAR *label),
    (slot, pin, len, label))
BENT(C_OpenSession,
    (CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
	CK_SESSION_HANDLE *session),
    (slot, flags, application, notify, session))
BENT(C_CloseSession, (CK_SESSION_HANDLE session), (session))
BENT(C_CloseAllSessions, (CK_SLOT_ID slot), (slot))
BENT(C_GetSessionInfo, (CK_SESSION_HANDLE session, CK_SESSION_INFO *info), (session, info))
BENT(C_Login, (CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len),
    (session, user, pin, len))
BENT(C_Logout, (CK_SESSION_HANDLE session), (session))
BENT(C_InitPIN, (CK_SESSION_HANDLE session, CK_UTF8CHAR *pin, CK_ULONG len), (session, pin, len))
BENT(C_SetPIN,
    (CK_SESSION_HANDLE session, CK_UTF8CHAR *old, CK_ULONG old_len, CK_UTF8CHAR *new,
	CK_ULONG new_len),
    (session, old, old_len, new, new_len))

BENT(C_FindObjectsInit, (CK_SESSION_HANDLE session, CK_ATTRIBUTE *wanted, CK_ULONG n),
    (session, wanted, n))
BENT(C_FindObjectsFinal, (CK_SESSION_HANDLE session), (session))
BENT(C_CreateObject,
    (CK_SESSION_HANDLE session, CK_ATTRIBUTE *a, CK_ULONG n, CK_OBJECT_HANDLE *object),
    (session, a, n, object))
BENT(C_DestroyObject, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object), (session, object))

/* Of what no card takes: none, turned round, "not known", and far too long. */
static const CK_ULONG lengths[PLAN_LENGTHS][2] = {{0, 0}, {8, 4},
    {CK_UNAVAILABLE_INFORMATION, CK_UNAVAILABLE_INFORMATION}, {0, ULONG_MAX - 1}, {0, 1000000},
    {200, 255}, {1, 1}};

static void
lie(enum how how, CK_TOKEN_INFO *info)
{
	const CK_FLAGS flags = plan != NULL ? (CK_FLAGS)plan->rv : 0;

	if (how < HOW_FLAGS_SET || how > HOW_LENGTHS)
		return;
	note_fired();
	if (how == HOW_FLAGS_SET)
		info->flags |= flags;
	else if (how == HOW_FLAGS_CLEAR)
		info->flags &= ~flags;
	else if (how == HOW_FLAGS)
		info->flags = flags;
	if (how != HOW_LENGTHS)
		return;
	info->ulMinPinLen = lengths[flags % PLAN_LENGTHS][0];
	info->ulMaxPinLen = lengths[flags % PLAN_LENGTHS][1];
}

static CK_RV
bent_C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	enum how how = bend("C_GetTokenInfo");
	CK_RV rv;

	if (before(how))
		return (CK_RV)plan->rv;
	rv = vendor->C_GetTokenInfo(slot, info);
	if (rv == CKR_OK && info != NULL)
		lie(how, info);
	return after(how, rv);
}

static CK_RV
bent_C_GetSlotList(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *n)
{
	enum how how = bend("C_GetSlotList");
	static unsigned asked;
	CK_RV rv;

	if (before(how))
		return (CK_RV)plan->rv;
	rv = vendor->C_GetSlotList(present, slots, n);
	if (how == HOW_SLOTS_FEWER && asked++ % 2 == 1 && *n > 0) {
		note_fired();
		--*n;
	} else if (how == HOW_SLOTS_MANY) {
		note_fired();
		*n = (CK_ULONG)plan->rv;
	}
	return after(how, rv);
}

/* What a handle of no object looks like. */
#define GHOST 0x0badc0de

static void
find_else(enum how how, CK_OBJECT_HANDLE *objects, CK_ULONG most, CK_ULONG *n)
{
	static CK_OBJECT_HANDLE first;
	CK_ULONG i;

	if (how < HOW_FOUND_NONE || how > HOW_FOUND_GHOSTS)
		return;
	note_fired();
	if (*n > 0 && first == 0)
		first = objects[0];
	if (how == HOW_FOUND_NONE)
		*n = 0;
	else if (how == HOW_FOUND_MANY)
		*n = most + (CK_ULONG)plan->rv;
	if (how != HOW_FOUND_AGAIN && how != HOW_FOUND_GHOSTS)
		return;
	for (i = 0; i < most; i++)
		objects[i] = how == HOW_FOUND_AGAIN && first != 0 ? first : GHOST + i;
	*n = most;
}

static CK_RV
bent_C_FindObjects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most, CK_ULONG *n)
{
	enum how how = bend("C_FindObjects");
	CK_RV rv;

	if (before(how))
		return (CK_RV)plan->rv;
	rv = vendor->C_FindObjects(session, objects, most, n);
	if (rv == CKR_OK)
		find_else(how, objects, most, n);
	return after(how, rv);
}

static void
give_else(enum how how, CK_ATTRIBUTE *a)
{
	unsigned char *bytes = a->pValue;
	CK_ULONG i;

	if (how < HOW_VALUE_LENGTH || how > HOW_VALUE_BYTES || a->ulValueLen == (CK_ULONG)-1)
		return;
	note_fired();
	if (how == HOW_VALUE_LENGTH)
		a->ulValueLen = (CK_ULONG)plan->rv;
	else if (how == HOW_VALUE_SHORTER && a->ulValueLen > 0)
		a->ulValueLen -= (CK_ULONG)plan->rv;
	for (i = 0; how == HOW_VALUE_BYTES && bytes != NULL && i < a->ulValueLen; i++)
		bytes[i] ^= (unsigned char)plan->rv;
}

static CK_RV
bent_C_GetAttributeValue(
    CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *a, CK_ULONG n)
{
	enum how how = bend("C_GetAttributeValue");
	CK_RV rv;

	if (before(how))
		return (CK_RV)plan->rv;
	rv = vendor->C_GetAttributeValue(session, object, a, n);
	if (rv == CKR_OK && n > 0)
		give_else(how, &a[0]);
	return after(how, rv);
}

#define TAKE(name) list.name = bent_##name

static CK_RV
load(void)
{
	const char *path = getenv("BENT_VENDOR");
	void *library = path != NULL ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
	CK_C_GetFunctionList get;
	CK_RV rv;

	if (library == NULL)
		return CKR_GENERAL_ERROR;
	*(void **)&get = dlsym(library, "C_GetFunctionList");
	rv = get != NULL ? get(&vendor) : CKR_GENERAL_ERROR;
	if (rv != CKR_OK)
		return rv;
	open_plan();
	memcpy(&list, vendor, sizeof(list));
	TAKE(C_Initialize);
	TAKE(C_Finalize);
	TAKE(C_GetInfo);
	TAKE(C_GetSlotList);
	TAKE(C_GetSlotInfo);
	TAKE(C_GetTokenInfo);
	TAKE(C_InitToken);
	TAKE(C_OpenSession);
	TAKE(C_CloseSession);
	TAKE(C_CloseAllSessions);
	TAKE(C_GetSessionInfo);
	TAKE(C_Login);
	TAKE(C_Logout);
	TAKE(C_InitPIN);
	TAKE(C_SetPIN);
	TAKE(C_FindObjectsInit);
	TAKE(C_FindObjects);
	TAKE(C_FindObjectsFinal);
	TAKE(C_GetAttributeValue);
	TAKE(C_CreateObject);
	TAKE(C_DestroyObject);
	return CKR_OK;
}

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **out)
{
	CK_RV rv = vendor == NULL ? load() : CKR_OK;
	enum how how;

	if (rv != CKR_OK)
		return rv;
	how = bend("C_GetFunctionList");
	if (before(how))
		return (CK_RV)plan->rv;
	*out = &list;
	return after(how, CKR_OK);
}
