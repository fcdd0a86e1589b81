/* SPDX-License-Identifier: BSD-3-Clause */
/* A vendor module with a 2.40 list and nothing else. */
#include "tests/module/vendor.inc"

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **out)
{
	fill_list(&list_of_functions, 2, 40, LIST_2_40);
	*out = (CK_FUNCTION_LIST *)&list_of_functions;
	return CKR_OK;
}
