/* SPDX-License-Identifier: BSD-3-Clause */
/* A PKCS#11 module over a real one, that answers or dies where a test tells it to. */
#include <dlfcn.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

/*
 * FAULTY_VENDOR names the real module. FAULTY_FILE has a line for each fault, or none:
 *	PROGRAM CALL NTH ACTION [RV]
 * In a process of this program, its NTH call of this name ("*": of any of those below) is answered
 * by RV instead of the vendor's (rv), or after the vendor's (after), or the process is killed
 * before or after it (kill-before, kill-after), or it is made RV ms (hexadecimal) later (late), or
 * never comes back (hang), or calls exit(RV) itself (exit), or crashes (segv). NTH 0: each of them.
 * C_GetTokenInfo shows the flags of RV, too (flags).
 * C_GetFunctionList exits only, and C_GetSlotList tells RV as the number of slots (many); "*" is
 * neither.
 *FAULTY_FILE.done appears then.
 */
#define WORD   64
#define FAULTS 4

struct fault {
	char program[WORD], call[WORD], action[WORD];
	unsigned nth;
	CK_RV rv;
};

static CK_FUNCTION_LIST *vendor;
static struct fault last; /* that came to pass; action empty: none in this call */
static CK_FUNCTION_LIST list;

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

/* FAULTY_FILE.done: it came to pass. */
static void
leave_word(const char *path)
{
	char done[4096];
	FILE *f;

	snprintf(done, sizeof(done), "%s.done", path);
	f = fopen(done, "we");
	if (f != NULL)
		fclose(f);
}

/* True: this very call is to go wrong. */
static bool
is_meant(const char *line, const char *call, bool starred, struct fault *f)
{
	memset(f, 0, sizeof(*f));
	return sscanf(line, "%63s %63s %u %63s %lx", f->program, f->call, &f->nth, f->action,
		   &f->rv) >= 4 &&
	       is_this_program(f->program) &&
	       (strcmp(f->call, call) == 0 || (starred && strcmp(f->call, "*") == 0));
}

static bool
read_fault(const char *call, bool starred, struct fault *f)
{
	const char *path = getenv("FAULTY_FILE");
	FILE *file = path != NULL ? fopen(path, "re") : NULL;
	static unsigned counts[FAULTS];
	char line[4 * WORD];
	bool found = false;
	unsigned i;

	for (i = 0; file != NULL && i < FAULTS && !found && fgets(line, sizeof(line), file); i++)
		found = is_meant(line, call, starred, f) && ++counts[i] != 0 &&
			(f->nth == 0 || counts[i] == f->nth);
	if (file != NULL)
		fclose(file);
	if (!found)
		return false;
	leave_word(path);
	last = *f;
	return true;
}

static void __attribute__((noreturn)) die(void)
{
	(void)kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

/* A signal is no reason to come back: what hangs in a reader's driver does not either. */
static void
wait_long(const struct fault *f)
{
	struct timespec left = {
	    .tv_sec = (time_t)(f->rv / 1000), .tv_nsec = (long)(f->rv % 1000) * 1000000};

	while (strcmp(f->action, "late") == 0 && nanosleep(&left, &left) != 0)
		continue;
	while (strcmp(f->action, "hang") == 0)
		pause();
}

/* Not by a sanitizer's handler: it is meant, and no report. */
static void
crash(void)
{
	signal(SIGSEGV, SIG_DFL);
	(void)raise(SIGSEGV);
}

#define FAULTY(name, parameters, arguments)                        \
	static CK_RV faulty_##name parameters                      \
	{                                                          \
		struct fault f;                                    \
		CK_RV rv;                                          \
                                                                   \
		if (!read_fault(#name, true, &f))                  \
			return vendor->name arguments;             \
		if (strcmp(f.action, "kill-before") == 0)          \
			die();                                     \
		if (strcmp(f.action, "rv") == 0)                   \
			return f.rv;                               \
		if (strcmp(f.action, "exit") == 0)                 \
			exit((int)f.rv);                           \
		if (strcmp(f.action, "segv") == 0)                 \
			crash();                                   \
		wait_long(&f);                                     \
		rv = vendor->name arguments;                       \
		if (strcmp(f.action, "kill-after") == 0)           \
			die();                                     \
		return strcmp(f.action, "after") == 0 ? f.rv : rv; \
	}

FAULTY(C_Initialize, (void *args), (args))

/* FAULTY_LOADS names a file that gets a line for each: the process that began to work. */
static CK_RV
noted_C_Initialize(void *args)
{
	const char *path = getenv("FAULTY_LOADS");
	FILE *f = path != NULL ? fopen(path, "ae") : NULL;

	if (f != NULL) {
		fprintf(f, "%ld\n", (long)getpid());
		fclose(f);
	}
	return faulty_C_Initialize(args);
}

FAULTY(C_Finalize, (void *args), (args))
FAULTY(C_GetTokenInfo, (CK_SLOT_ID slot, CK_TOKEN_INFO *info), (slot, info))
FAULTY(C_OpenSession,
    (CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
	CK_SESSION_HANDLE *session),
    (slot, flags, application, notify, session))
FAULTY(C_CloseSession, (CK_SESSION_HANDLE session), (session))
FAULTY(C_Login, (CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len),
    (session, user, pin, len))
/* FAULTY_GIVEN names a file that gets a line for all that the card is given: the call, and the
 * bytes in hexadecimal digits. */
static void
note_given(const char *call, const unsigned char *bytes, CK_ULONG len)
{
	const char *path = getenv("FAULTY_GIVEN");
	FILE *f = path != NULL ? fopen(path, "ae") : NULL;

	if (f == NULL)
		return;
	fprintf(f, "%s ", call);
	while (bytes != NULL && len-- > 0)
		fprintf(f, "%02x", *bytes++);
	fputc('\n', f);
	fclose(f);
}

/* FAULTY_LOGINS names a file that gets a line for each: "so" or "user". */
static CK_RV
noted_C_Login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG len)
{
	const char *path = getenv("FAULTY_LOGINS");
	FILE *f = path != NULL ? fopen(path, "ae") : NULL;

	if (f != NULL) {
		fputs(user == CKU_SO ? "so\n" : "user\n", f);
		fclose(f);
	}
	note_given("C_Login", pin, len);
	return faulty_C_Login(session, user, pin, len);
}

FAULTY(C_Logout, (CK_SESSION_HANDLE session), (session))
FAULTY(C_InitToken, (CK_SLOT_ID slot, CK_UTF8CHAR *pin, CK_ULONG len, CK_UTF8CHAR *label),
    (slot, pin, len, label))
FAULTY(C_InitPIN, (CK_SESSION_HANDLE session, CK_UTF8CHAR *pin, CK_ULONG len), (session, pin, len))
FAULTY(C_SetPIN,
    (CK_SESSION_HANDLE session, CK_UTF8CHAR *old, CK_ULONG old_len, CK_UTF8CHAR *new,
	CK_ULONG new_len),
    (session, old, old_len, new, new_len))

FAULTY(C_CreateObject,
    (CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG n, CK_OBJECT_HANDLE *object),
    (session, template, n, object))
FAULTY(C_DestroyObject, (CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object), (session, object))

static CK_RV
noted_C_InitToken(CK_SLOT_ID slot, CK_UTF8CHAR *pin, CK_ULONG len, CK_UTF8CHAR *label)
{
	note_given("C_InitToken", pin, len);
	return faulty_C_InitToken(slot, pin, len, label);
}

static CK_RV
noted_C_InitPIN(CK_SESSION_HANDLE session, CK_UTF8CHAR *pin, CK_ULONG len)
{
	note_given("C_InitPIN", pin, len);
	return faulty_C_InitPIN(session, pin, len);
}

static CK_RV
noted_C_SetPIN(CK_SESSION_HANDLE session, CK_UTF8CHAR *old, CK_ULONG old_len, CK_UTF8CHAR *new,
    CK_ULONG new_len)
{
	note_given("C_SetPIN", old, old_len);
	note_given("C_SetPIN", new, new_len);
	return faulty_C_SetPIN(session, old, old_len, new, new_len);
}

static CK_RV
noted_C_CreateObject(
    CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG n, CK_OBJECT_HANDLE *object)
{
	CK_ULONG i;

	for (i = 0; i < n; i++)
		note_given("C_CreateObject", template[i].pValue, template[i].ulValueLen);
	return faulty_C_CreateObject(session, template, n, object);
}

/* State is written by renaming: where this file is preloaded, that too. */
int
rename(const char *from, const char *to)
{
	int (*real)(const char *, const char *);
	struct fault f;
	bool now = read_fault("rename", true, &f);
	int rc;

	*(void **)&real = dlsym(RTLD_NEXT, "rename");
	if (now && strcmp(f.action, "kill-before") == 0)
		die();
	rc = real(from, to);
	if (now && strcmp(f.action, "kill-after") == 0)
		die();
	return rc;
}

static bool
is_named(const char *call, const char *action, struct fault *f)
{
	return read_fault(call, false, f) && strcmp(f->action, action) == 0;
}

static CK_RV
faulty_C_GetSlotList(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *n)
{
	CK_RV rv = vendor->C_GetSlotList(present, slots, n);
	struct fault f;

	if (rv == CKR_OK && is_named("C_GetSlotList", "many", &f))
		*n = f.rv;
	return rv;
}

static CK_RV
flagged_C_GetTokenInfo(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	CK_RV rv;

	last.action[0] = '\0';
	rv = faulty_C_GetTokenInfo(slot, info);
	if (rv == CKR_OK && strcmp(last.action, "flags") == 0)
		info->flags |= last.rv;
	return rv;
}

static CK_RV
load(void)
{
	const char *path = getenv("FAULTY_VENDOR");
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
	list.C_Initialize = noted_C_Initialize;
	list.C_Finalize = faulty_C_Finalize;
	list.C_GetSlotList = faulty_C_GetSlotList;
	list.C_GetTokenInfo = flagged_C_GetTokenInfo;
	list.C_OpenSession = faulty_C_OpenSession;
	list.C_CloseSession = faulty_C_CloseSession;
	list.C_Login = noted_C_Login;
	list.C_Logout = faulty_C_Logout;
	list.C_InitToken = noted_C_InitToken;
	list.C_InitPIN = noted_C_InitPIN;
	list.C_SetPIN = noted_C_SetPIN;
	list.C_CreateObject = noted_C_CreateObject;
	list.C_DestroyObject = faulty_C_DestroyObject;
	return CKR_OK;
}

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **out)
{
	CK_RV rv = vendor == NULL ? load() : CKR_OK;
	struct fault f;

	if (is_named("C_GetFunctionList", "exit", &f))
		exit((int)f.rv);
	if (rv == CKR_OK)
		*out = &list;
	return rv;
}
