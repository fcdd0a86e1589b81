/* SPDX-License-Identifier: BSD-3-Clause */
/* A vendor module that leads back to p11-latch: it asks for its list while it is loaded. */
#include <dlfcn.h>
#include <stdlib.h>

#include <p11-kit/pkcs11.h>

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **out)
{
	void *handle = dlopen(getenv("TEST_LATCH"), RTLD_NOW | RTLD_LOCAL);
	CK_RV (*function)(CK_FUNCTION_LIST **) = NULL;

	if (handle != NULL)
		*(void **)&function = dlsym(handle, "C_GetFunctionList");
	return function != NULL ? function(out) : CKR_GENERAL_ERROR;
}
