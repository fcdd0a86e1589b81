/* SPDX-License-Identifier: BSD-3-Clause */
/* What an application gets when there is no vendor module: a list whose every entry fails. */
#ifndef MODULE_FAILED_H
#define MODULE_FAILED_H

#include "module/interface.h"

/* All entries return CKR_GENERAL_ERROR, but C_GetFunctionList, which is the module's own. */
CK_FUNCTION_LIST *failed_list(void);

#endif
