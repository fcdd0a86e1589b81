/* SPDX-License-Identifier: BSD-3-Clause */
/* The module's loading of a vendor module, where that is the fuzzers' token, linked in. */
#include <dlfcn.h>
#include <string.h>

#include "tests/fuzz/token.h"

static void *
load(const char *path, int flags)
{
	(void)path;
	(void)flags;
	return &token_card;
}

/* It has no other interfaces. */
static void *
look_up(void *handle, const char *name)
{
	CK_C_GetFunctionList get_list = token_get_list;

	(void)handle;
	return strcmp(name, "C_GetFunctionList") == 0 ? *(void **)&get_list : NULL;
}

#define dlopen load
#define dlsym  look_up
#include "module/vendor.c"
