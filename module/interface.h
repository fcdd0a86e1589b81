/* SPDX-License-Identifier: BSD-3-Clause */
/* What PKCS#11 3.0 and 3.2 add to 2.40's header, as far as the module needs it. */
#ifndef MODULE_INTERFACE_H
#define MODULE_INTERFACE_H

#include <p11-kit/pkcs11.h>

/*
 * Numbers of function pointers behind the version in a function list. 2.40: CK_FUNCTION_LIST
 * (PKCS#11 2.40, 3.6). 3.0: CK_FUNCTION_LIST_3_0 (PKCS#11 3.0, 3.6) is 2.40's and 24 more; 3.1 has
 * the same. 3.2: CK_FUNCTION_LIST_3_2 (PKCS#11 3.2, 3.6) is 3.0's and 12 more, of which none logs
 * in or sets a PIN.
 */
#define LIST_2_40 68
#define LIST_3_0  92
#define LIST_3_2  104

/* Positions of what 3.0 added (PKCS#11 3.0, 5.4.5, 5.4.6 and 5.6.9), counted from C_Initialize = 0.
 */
#define AT_GET_INTERFACE_LIST 68
#define AT_GET_INTERFACE      69
#define AT_LOGIN_USER         70

/* The name of the standard's own interfaces (PKCS#11 3.0, 5.4.5). */
#define INTERFACE_STANDARD "PKCS 11"

/* CK_INTERFACE (PKCS#11 3.0, 3.6). */
struct interface {
	unsigned char *name;
	void *list;
	CK_FLAGS flags;
};

/* Any function list: what all versions of it have in common. */
struct any_list {
	CK_VERSION version;
	void *entry[LIST_3_2];
};

/* C_LoginUser (PKCS#11 3.0, 5.6.9). */
typedef CK_RV (*login_user_fn)(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char *pin,
    unsigned long pin_len, unsigned char *name, unsigned long name_len);

typedef CK_RV (*get_interface_list_fn)(struct interface *list, unsigned long *count);
typedef CK_RV (*get_interface_fn)(
    unsigned char *name, CK_VERSION *version, struct interface **interface, CK_FLAGS flags);

/* The three exports; an application finds them by name. */
CK_RV C_GetInterfaceList(struct interface *list, unsigned long *count);
CK_RV C_GetInterface(
    unsigned char *name, CK_VERSION *version, struct interface **interface, CK_FLAGS flags);

#endif
