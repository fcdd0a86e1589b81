/* SPDX-License-Identifier: BSD-3-Clause */
/* The vendor's calls with a limit: one that never returns ends this process. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "card/patience.h"
#include "policy/log.h"

/* Nobody else's: vendor modules may have a use for SIGALRM. */
#define EXPIRED (SIGRTMAX - 3)
/* What is hung may be what the log needs: the second signal ends it without a word. */
#define LAST_WORD_S 3

static CK_FUNCTION_LIST *vendor;
static CK_FUNCTION_LIST list;
static unsigned limit;
static timer_t timer;
static pid_t owner; /* of the timer, which a fork does not inherit */
static const char *volatile running;
static volatile unsigned allowed;
static volatile sig_atomic_t fired;
static volatile pid_t within; /* the process that a call of the vendor's runs in; 0: none */

static void
expire(int sig)
{
	(void)sig;
	if (fired++ == 0)
		log_error("%s of the vendor's module has not come back after %u s, and this "
			  "process ends; "
			  "see whether the card or its reader hangs. CallTimeout= gives more time",
		    running, allowed);
	_exit(1);
}

/* False: without a timer there is no limit, but all else works. */
static bool
prepare(void)
{
	struct sigaction action = {.sa_handler = expire, .sa_flags = SA_NODEFER | SA_RESTART};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL};
	sigset_t set;

	if (owner == getpid())
		return true;
	event.sigev_signo = EXPIRED;
	sigemptyset(&set);
	sigaddset(&set, EXPIRED);
	if (sigaction(EXPIRED, &action, NULL) != 0 || sigprocmask(SIG_UNBLOCK, &set, NULL) != 0 ||
	    timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) {
		log_debug("no timer: a call of the vendor's module has no limit");
		return false;
	}
	owner = getpid();
	return true;
}

/* A module that calls exit() has not done its work, whatever status it gives. */
static void
at_exit(void)
{
	if (within == 0 || within != getpid())
		return;
	within = 0;
	log_error("%s of the vendor's module has ended this process; see what its vendor says of "
		  "that",
	    running);
	_exit(1);
}

static bool
begin(const char *call, bool pad)
{
	struct itimerspec at = {.it_interval = {.tv_sec = LAST_WORD_S}};

	running = call;
	within = getpid();
	if (!prepare())
		return false;
	allowed = pad && limit < PATIENCE_PAD_S ? PATIENCE_PAD_S : limit;
	at.it_value.tv_sec = allowed;
	return timer_settime(timer, 0, &at, NULL) == 0;
}

static void
end(bool begun)
{
	const struct itimerspec never = {0};

	within = 0;
	if (begun)
		(void)timer_settime(timer, 0, &never, NULL);
}

/* exit() within a call is an end of this process that its status says nothing of. */
static void
watch_exit(void)
{
	static bool watched;

	if (!watched)
		watched = atexit(at_exit) == 0;
}

/* The standard wants all of them (PKCS#11 2.40, 5.2); not every vendor knows. */
#define LIMITED_AFTER(prepare, name, pad, parameters, arguments) \
	static CK_RV limited_##name parameters                   \
	{                                                        \
		bool begun;                                      \
		CK_RV rv = CKR_FUNCTION_NOT_SUPPORTED;           \
                                                                 \
		if (vendor->name == NULL)                        \
			return rv;                               \
		prepare;                                         \
		begun = begin(#name, pad);                       \
		rv = vendor->name arguments;                     \
		end(begun);                                      \
		return rv;                                       \
	}

#define LIMITED(name, pad, parameters, arguments) \
	LIMITED_AFTER((void)0, name, pad, parameters, arguments)

/* A module may say CKR_OK and write nothing: what lay there before is no answer. */
#define LIMITED_INFO(name, parameters, arguments) \
	LIMITED_AFTER(memset(info, 0, sizeof(*info)), name, false, parameters, arguments)

LIMITED(C_Initialize, false, (void *args), (args))
LIMITED(C_Finalize, false, (void *reserved), (reserved))
LIMITED_INFO(C_GetInfo, (CK_INFO * info), (info))
LIMITED(
    C_GetSlotList, false, (CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *n), (present, slots, n))
LIMITED_INFO(C_GetSlotInfo, (CK_SLOT_ID slot, CK_SLOT_INFO *info), (slot, info))
LIMITED_INFO(C_GetTokenInfo, (CK_SLOT_ID slot, CK_TOKEN_INFO *info), (slot, info))
LIMITED(C_InitToken, pin == NULL,
    (CK_SLOT_ID slot, CK_UTF8CHAR *pin, CK_ULONG len, CK_UTF8CHAR *label), (slot, pin, len, label))
LIMITED(C_OpenSession, false,
    (CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
	CK_SESSION_HANDLE *session),
    (slot, flags, application, notify, session))
LIMITED(C_CloseSession, false, (CK_SESSION_HANDLE session), (session))
LIMITED_INFO(C_GetSessionInfo, (CK_SESSION_HANDLE session, CK_SESSION_INFO *info), (session, info))
LIMITED(C_Login, pin == NULL,
    (CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len),
    (session, user, pin, len))
LIMITED(C_FindObjectsInit, false, (CK_SESSION_HANDLE session, CK_ATTRIBUTE *wanted, CK_ULONG n),
    (session, wanted, n))
LIMITED(C_FindObjects, false,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most, CK_ULONG *n),
    (session, objects, most, n))
LIMITED(C_FindObjectsFinal, false, (CK_SESSION_HANDLE session), (session))
LIMITED(C_GetAttributeValue, false,
    (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *a, CK_ULONG n),
    (session, object, a, n))
LIMITED(C_CreateObject, false,
    (CK_SESSION_HANDLE session, CK_ATTRIBUTE *a, CK_ULONG n, CK_OBJECT_HANDLE *object),
    (session, a, n, object))
LIMITED(
    C_DestroyObject, false, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object), (session, object))
LIMITED(C_Logout, false, (CK_SESSION_HANDLE session), (session))
LIMITED(C_InitPIN, pin == NULL, (CK_SESSION_HANDLE session, CK_UTF8CHAR *pin, CK_ULONG len),
    (session, pin, len))
LIMITED(C_SetPIN, old == NULL || new == NULL,
    (CK_SESSION_HANDLE session, CK_UTF8CHAR *old, CK_ULONG old_len, CK_UTF8CHAR *new,
	CK_ULONG new_len),
    (session, old, old_len, new, new_len))

CK_RV
patience_get_list(CK_C_GetFunctionList get, CK_FUNCTION_LIST **real, unsigned limit_s)
{
	bool begun;
	CK_RV rv;

	limit = limit_s;
	watch_exit();
	begun = begin("C_GetFunctionList", false);
	rv = get(real);
	end(begun);
	return rv;
}

#define TAKE(name) list.name = limited_##name

CK_FUNCTION_LIST *
patience_list(CK_FUNCTION_LIST *real, unsigned limit_s)
{
	vendor = real;
	limit = limit_s;
	watch_exit();
	memcpy(&list, real, sizeof(list));
	TAKE(C_Initialize);
	TAKE(C_Finalize);
	TAKE(C_GetInfo);
	TAKE(C_GetSlotList);
	TAKE(C_GetSlotInfo);
	TAKE(C_GetTokenInfo);
	TAKE(C_InitToken);
	TAKE(C_OpenSession);
	TAKE(C_CloseSession);
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
	return &list;
}
