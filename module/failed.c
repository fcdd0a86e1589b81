/* SPDX-License-Identifier: BSD-3-Clause */
/* What an application gets when there is no vendor module: a list whose every entry fails. */
#include <stddef.h>
#include <string.h>

#include "module/failed.h"

static struct any_list list = {.version = {2, 40}};

/* Stands for functions of any arguments: the C calling conventions of Linux leave them to the
 * caller. */
static CK_RV
fail(void)
{
	return CKR_GENERAL_ERROR;
}

CK_FUNCTION_LIST *
failed_list(void)
{
	CK_FUNCTION_LIST *f = (CK_FUNCTION_LIST *)&list;
	CK_RV (*function)(void) = fail;
	size_t i;

	for (i = 0; i < LIST_2_40; i++)
		memcpy(&list.entry[i], &function, sizeof(function));
	f->C_GetFunctionList = C_GetFunctionList;
	return f;
}
