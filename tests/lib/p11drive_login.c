/* SPDX-License-Identifier: BSD-3-Clause */
/* p11drive's commands on PINs: login, logout, and the setting of PINs. */
#include <dlfcn.h>
#include <string.h>

#include "tests/lib/p11drive.h"

/*
 * PKCS#11 3.0, 3.7: the list of a 3.0 interface has the 68 functions of 2.40 after its version,
 * then C_GetInterfaceList, C_GetInterface and C_LoginUser.
 */
#define FUNCTIONS_2_40 68
#define AT_LOGIN_USER  (FUNCTIONS_2_40 + 2)
#define INTERFACES_MAX 16

struct interface {
	CK_UTF8CHAR *name;
	void *list;
	CK_FLAGS flags;
};

struct list_3_0 {
	CK_VERSION version;
	void (*functions[AT_LOGIN_USER + 1])(void);
};

typedef CK_RV (*get_interface_fn)(CK_UTF8CHAR_PTR, CK_VERSION *, struct interface **, CK_FLAGS);

static CK_SESSION_HANDLE
session(const struct drive *d)
{
	return d->now != NULL ? d->now->handle : 0;
}

static bool
user_type(const char *word, CK_USER_TYPE *type)
{
	if (strcmp(word, "user") == 0)
		*type = CKU_USER;
	else if (strcmp(word, "so") == 0)
		*type = CKU_SO;
	else if (strcmp(word, "context") == 0)
		*type = CKU_CONTEXT_SPECIFIC;
	else
		return false;
	return true;
}

static CK_RV
do_login(struct drive *d, char **words, unsigned n)
{
	CK_USER_TYPE type;
	struct text pin SCRUBBED;

	(void)n;
	text_read(&pin, words[1]);
	if (!user_type(words[0], &type) || pin.bad) {
		detail(d, "(p11drive does not understand this)");
		return CKR_ARGUMENTS_BAD;
	}
	return d->f->C_Login(session(d), type, text_pointer(&pin), pin.len);
}

typedef CK_RV (*get_interface_list_fn)(struct interface *, CK_ULONG *);

/* Each interface, and in which library the list stands, if any, that C_GetInterface gives for it.
 */
static CK_RV
do_interfaces(struct drive *d, char **words, unsigned n)
{
	struct interface list[INTERFACES_MAX], *one;
	get_interface_list_fn get_list;
	get_interface_fn get;
	CK_ULONG count = INTERFACES_MAX, i;
	Dl_info library;
	CK_RV rv;

	(void)words;
	(void)n;
	*(void **)&get_list = dlsym(d->library, "C_GetInterfaceList");
	*(void **)&get = dlsym(d->library, "C_GetInterface");
	if (get_list == NULL || get == NULL)
		return CKR_FUNCTION_NOT_SUPPORTED;
	rv = get_list(list, &count);
	for (i = 0; rv == CKR_OK && i < count; i++) {
		CK_VERSION version = *(CK_VERSION *)list[i].list;

		rv = get(list[i].name, &version, &one, list[i].flags);
		if (rv != CKR_OK)
			break;
		detail_text(d, "name", list[i].name, strlen((char *)list[i].name));
		detail(d, "%u.%u flags=%lx in=%s", version.major, version.minor, list[i].flags,
		    dladdr(one->list, &library) != 0 ? strrchr(library.dli_fname, '/') : "memory");
	}
	return rv;
}

static login_user_fn
find_login_user(struct drive *d)
{
	CK_VERSION version = {3, 0};
	get_interface_fn get;
	struct interface *interface = NULL;

	*(void **)&get = dlsym(d->library, "C_GetInterface");
	if (get == NULL)
		return NULL;
	if (get((CK_UTF8CHAR_PTR) "PKCS 11", &version, &interface, 0) != CKR_OK ||
	    interface == NULL)
		return NULL;
	return (login_user_fn)((struct list_3_0 *)interface->list)->functions[AT_LOGIN_USER];
}

static CK_RV
do_login_user(struct drive *d, char **words, unsigned n)
{
	login_user_fn login = find_login_user(d);
	struct text pin SCRUBBED, name;
	CK_USER_TYPE type;

	text_read(&pin, words[1]);
	text_read(&name, n > 2 ? words[2] : "empty");
	if (login == NULL) {
		detail(d, "(the module has no 3.0 interface)");
		return CKR_FUNCTION_NOT_SUPPORTED;
	}
	if (!user_type(words[0], &type) || pin.bad || name.bad) {
		detail(d, "(p11drive does not understand this)");
		return CKR_ARGUMENTS_BAD;
	}
	return login(session(d), type, text_pointer(&pin), pin.len, text_pointer(&name), name.len);
}

static CK_RV
do_logout(struct drive *d, char **words, unsigned n)
{
	(void)words;
	(void)n;
	return d->f->C_Logout(session(d));
}

static CK_RV
do_init_pin(struct drive *d, char **words, unsigned n)
{
	struct text pin SCRUBBED;

	(void)n;
	text_read(&pin, words[0]);
	return d->f->C_InitPIN(session(d), text_pointer(&pin), pin.len);
}

static CK_RV
do_set_pin(struct drive *d, char **words, unsigned n)
{
	struct text old SCRUBBED, new SCRUBBED;

	(void)n;
	text_read(&old, words[0]);
	text_read(&new, words[1]);
	return d->f->C_SetPIN(session(d), text_pointer(&old), old.len, text_pointer(&new), new.len);
}

const struct command login_commands[] = {
    {"login", 2, 2, "user|so|context PIN", do_login},
    {"login-user", 2, 3, "user|so|context PIN [NAME]", do_login_user},
    {"interfaces", 0, 0, "", do_interfaces},
    {"logout", 0, 0, "", do_logout},
    {"init-pin", 1, 1, "PIN", do_init_pin},
    {"set-pin", 2, 2, "OLD NEW", do_set_pin},
    {NULL, 0, 0, NULL, NULL},
};
