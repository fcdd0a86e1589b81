/* SPDX-License-Identifier: BSD-3-Clause */
/* The intercepted calls (design, section 3); v is the vendor's list behind the application's. */
#ifndef MODULE_CALLS_H
#define MODULE_CALLS_H

#include "module/interface.h"

CK_RV call_initialize(const CK_FUNCTION_LIST *v, void *args);
CK_RV call_finalize(const CK_FUNCTION_LIST *v, void *reserved);
CK_RV call_get_token_info(const CK_FUNCTION_LIST *v, CK_SLOT_ID slot, CK_TOKEN_INFO *info);
CK_RV call_init_pin(
    const CK_FUNCTION_LIST *v, CK_SESSION_HANDLE session, unsigned char *pin, unsigned long len);
CK_RV call_set_pin(const CK_FUNCTION_LIST *v, CK_SESSION_HANDLE session, unsigned char *old,
    unsigned long old_len, unsigned char *new, unsigned long new_len);
CK_RV call_open_session(const CK_FUNCTION_LIST *v, CK_SLOT_ID slot, CK_FLAGS flags,
    void *application, CK_NOTIFY notify, CK_SESSION_HANDLE *session);
CK_RV call_close_session(const CK_FUNCTION_LIST *v, CK_SESSION_HANDLE session);
CK_RV call_close_all_sessions(const CK_FUNCTION_LIST *v, CK_SLOT_ID slot);
CK_RV call_login(const CK_FUNCTION_LIST *v, CK_SESSION_HANDLE session, CK_USER_TYPE user,
    unsigned char *pin, unsigned long len);
CK_RV call_login_user(const CK_FUNCTION_LIST *v, CK_SESSION_HANDLE session, CK_USER_TYPE user,
    unsigned char *pin, unsigned long len, unsigned char *name, unsigned long name_len);
CK_RV call_logout(const CK_FUNCTION_LIST *v, CK_SESSION_HANDLE session);

#endif
