/* SPDX-License-Identifier: BSD-3-Clause */
/* The card itself, by the vendor's own module in a process of its own. */
#include <dlfcn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/faults/sweep.h"

#define SLOTS_MAX 64
#define LABEL_LEN 32

static bool
is_ours(CK_FUNCTION_LIST *p, CK_SLOT_ID slot, const char *label, CK_TOKEN_INFO *info)
{
	size_t n = strlen(label);

	return p->C_GetTokenInfo(slot, info) == CKR_OK && n <= LABEL_LEN &&
	       memcmp(info->label, label, n) == 0 && (n == LABEL_LEN || info->label[n] == ' ');
}

static bool
find_slot(CK_FUNCTION_LIST *p, const char *label, CK_SLOT_ID *slot, CK_TOKEN_INFO *info)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG n = SLOTS_MAX, i;

	if (p->C_GetSlotList(CK_TRUE, slots, &n) != CKR_OK)
		return false;
	for (i = 0; i < n; i++) {
		*slot = slots[i];
		if (is_ours(p, slots[i], label, info))
			return true;
	}
	return false;
}

/* A PKCS#11 string that nobody writes to. */
static CK_UTF8CHAR *
text(const char *s)
{
	return (CK_UTF8CHAR *)(uintptr_t)s;
}

static bool
has_object(CK_FUNCTION_LIST *p, CK_SESSION_HANDLE session, const char *label)
{
	CK_ATTRIBUTE wanted = {CKA_LABEL, text(label), strlen(label)};
	CK_OBJECT_HANDLE object;
	CK_ULONG n = 0;

	if (p->C_FindObjectsInit(session, &wanted, 1) != CKR_OK)
		return false;
	if (p->C_FindObjects(session, &object, 1, &n) != CKR_OK)
		n = 0;
	p->C_FindObjectsFinal(session);
	return n > 0;
}

static int
takes(CK_FUNCTION_LIST *p, CK_SESSION_HANDLE session, CK_USER_TYPE user, const char *const *known,
    const char *object, bool *found)
{
	int i;

	for (i = 0; i < KNOWN_MAX && known[i] != NULL; i++) {
		if (p->C_Login(session, user, text(known[i]), strlen(known[i])) != CKR_OK)
			continue;
		if (object != NULL)
			*found = has_object(p, session, object);
		p->C_Logout(session);
		return i;
	}
	return -1;
}

/* Loaded in the parent, and initialised in none but its children. */
static void *library;

void
look_begin(const struct flow *f)
{
	library = dlopen(f->module, RTLD_NOW | RTLD_LOCAL);
}

static void
look_here(const struct flow *f, struct seen *s)
{
	CK_SESSION_HANDLE session;
	CK_C_GetFunctionList get;
	CK_FUNCTION_LIST *p;
	CK_TOKEN_INFO info;
	CK_SLOT_ID slot;

	if (library == NULL)
		return;
	*(void **)&get = dlsym(library, "C_GetFunctionList");
	if (get == NULL || get(&p) != CKR_OK || p->C_Initialize(NULL) != CKR_OK)
		return;
	if (find_slot(p, f->label, &slot, &info) &&
	    p->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session) ==
		CKR_OK) {
		s->usable = true;
		s->flags = info.flags;
		/* Each wrong one costs a try, and the last one costs the PIN. */
		if ((info.flags & CKF_USER_PIN_LOCKED) == 0)
			s->pin = takes(p, session, CKU_USER, f->pin, f->object, &s->object);
		if (!f->boxed)
			s->so = takes(p, session, CKU_SO, f->so, NULL, NULL);
	}
	p->C_Finalize(NULL);
}

void
look(const struct flow *f, struct seen *s)
{
	int ends[2], status;
	pid_t child;

	memset(s, 0, sizeof(*s));
	s->pin = s->so = -1;
	if (pipe(ends) != 0)
		return;
	child = fork();
	if (child == 0) {
		look_here(f, s);
		_exit(write(ends[1], s, sizeof(*s)) == sizeof(*s) ? 0 : 1);
	}
	close(ends[1]);
	if (child > 0 && read(ends[0], s, sizeof(*s)) != sizeof(*s))
		s->usable = false;
	close(ends[0]);
	if (child > 0)
		(void)waitpid(child, &status, 0);
}
