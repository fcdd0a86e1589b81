/* SPDX-License-Identifier: BSD-3-Clause */
/* The vendor's PKCS#11 library: loading it, and finding its functions. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "module/vendor.h"
#include "policy/file.h"

/* ISO C has no cast between pointers to data and to functions; POSIX (dlsym) says that they are
 * alike. */
static void
find(void *handle, const char *name, void *function)
{
	void *symbol = dlsym(handle, name);

	memcpy(function, &symbol, sizeof(symbol));
}

static void *
address_of(const void *function)
{
	void *symbol;

	memcpy(&symbol, function, sizeof(symbol));
	return symbol;
}

/*
 * dlsym() searches what the vendor's library links as well, and libp11-kit from 0.25 on has a
 * C_GetInterface of its own. The vendor's is only what stands in the same file as its
 * C_GetFunctionList.
 */
static bool
in_same_file(const void *a, const void *b)
{
	Dl_info in_a, in_b;

	return a != NULL && b != NULL && dladdr(a, &in_a) != 0 && dladdr(b, &in_b) != 0 &&
	       in_a.dli_fbase == in_b.dli_fbase;
}

const char *
vendor_missing(const CK_FUNCTION_LIST *f)
{
	if (f->C_Initialize == NULL)
		return "C_Initialize";
	if (f->C_Finalize == NULL)
		return "C_Finalize";
	if (f->C_GetInfo == NULL)
		return "C_GetInfo";
	if (f->C_GetTokenInfo == NULL)
		return "C_GetTokenInfo";
	if (f->C_OpenSession == NULL)
		return "C_OpenSession";
	if (f->C_CloseSession == NULL)
		return "C_CloseSession";
	if (f->C_GetSessionInfo == NULL)
		return "C_GetSessionInfo";
	if (f->C_Login == NULL)
		return "C_Login";
	if (f->C_SetPIN == NULL)
		return "C_SetPIN";
	return NULL;
}

bool
vendor_open(struct vendor *v, const char *path, char *why, size_t size)
{
	CK_C_GetFunctionList get_list;
	const char *missing;
	void *handle;
	CK_RV rv;

	memset(v, 0, sizeof(*v));
	file_make_room();
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL) {
		/* dlerror() names the file itself. */
		snprintf(why, size, "the vendor module cannot be loaded: %s", dlerror());
		return false;
	}
	find(handle, "C_GetFunctionList", &get_list);
	if (get_list == NULL) {
		snprintf(why, size, "%s is no PKCS#11 module: it has no C_GetFunctionList", path);
		return false;
	}
	if (get_list == &C_GetFunctionList) {
		snprintf(why, size, "%s is p11-latch itself, not a vendor module", path);
		return false;
	}
	rv = get_list(&v->list);
	if (rv != CKR_OK || v->list == NULL) {
		snprintf(why, size, "%s: C_GetFunctionList failed (0x%lx)", path, rv);
		return false;
	}
	missing = vendor_missing(v->list);
	if (missing != NULL) {
		snprintf(why, size, "%s: its function list has no %s", path, missing);
		return false;
	}
	find(handle, "C_GetInterfaceList", &v->get_interface_list);
	find(handle, "C_GetInterface", &v->get_interface);
	if (!in_same_file(address_of(&v->get_interface_list), address_of(&get_list)))
		v->get_interface_list = NULL;
	if (!in_same_file(address_of(&v->get_interface), address_of(&get_list)))
		v->get_interface = NULL;
	return true;
}
