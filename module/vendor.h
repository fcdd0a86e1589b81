/* SPDX-License-Identifier: BSD-3-Clause */
/* The vendor's PKCS#11 library that the module wraps. */
#ifndef MODULE_VENDOR_H
#define MODULE_VENDOR_H

#include <stdbool.h>
#include <stddef.h>

#include "module/interface.h"

struct vendor {
	CK_FUNCTION_LIST *list;                   /* from C_GetFunctionList */
	get_interface_list_fn get_interface_list; /* NULL where the vendor has none */
	get_interface_fn get_interface;           /* NULL where the vendor has none */
};

/* Loads path for good (it is never closed again). False: why says what went wrong, for people. */
bool vendor_open(struct vendor *v, const char *path, char *why, size_t size);

/* The name of a function that the module cannot do without and the list has not; NULL: it has all.
 */
const char *vendor_missing(const CK_FUNCTION_LIST *f);

#endif
