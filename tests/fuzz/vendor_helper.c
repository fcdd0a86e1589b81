/* SPDX-License-Identifier: BSD-3-Clause */
/* The helper's loading of a vendor module, where the module is the fuzzers' token, linked in. */
#include <dlfcn.h>

#include "tests/fuzz/token.h"

static void *
load(const char *path, int flags)
{
	(void)path;
	(void)flags;
	return &token_card;
}

static void *
find(void *handle, const char *name)
{
	CK_C_GetFunctionList get_list = token_get_list;

	(void)handle;
	(void)name;
	return *(void **)&get_list;
}

#define dlopen load
#define dlsym  find
#include "card/vendor.c"
