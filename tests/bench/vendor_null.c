/* SPDX-License-Identifier: BSD-3-Clause */
/* A vendor module that does nothing, so that what is around it can be measured. */
#include <stddef.h>
#include <string.h>

#include <p11-kit/pkcs11.h>

#define SLOT 1

/* All entries of a 2.40 list, as pointers of one kind (POSIX: functions and data are alike there).
 */
#define ENTRIES \
	((sizeof(CK_FUNCTION_LIST) - offsetof(CK_FUNCTION_LIST, C_Initialize)) / sizeof(void *))

static CK_FUNCTION_LIST list = {.version = {2, 40}};
static CK_SESSION_HANDLE last_session;

static CK_RV
not_supported(void)
{
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static void
pad(unsigned char *to, size_t size, const char *text)
{
	memset(to, ' ', size);
	memcpy(to, text, strlen(text));
}

static CK_RV
initialize(void *args)
{
	(void)args;
	return CKR_OK;
}

static CK_RV
finalize(void *reserved)
{
	(void)reserved;
	return CKR_OK;
}

static CK_RV
get_info(CK_INFO *info)
{
	memset(info, 0, sizeof(*info));
	info->cryptokiVersion = list.version;
	pad(info->manufacturerID, sizeof(info->manufacturerID), "p11-latch tests");
	pad(info->libraryDescription, sizeof(info->libraryDescription), "null");
	return CKR_OK;
}

static CK_RV
get_slot_list(CK_BBOOL present, CK_SLOT_ID *slots, unsigned long *count)
{
	(void)present;
	if (slots != NULL && *count < 1) {
		*count = 1;
		return CKR_BUFFER_TOO_SMALL;
	}
	if (slots != NULL)
		slots[0] = SLOT;
	*count = 1;
	return CKR_OK;
}

static CK_RV
get_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
	(void)slot;
	memset(info, 0, sizeof(*info));
	pad(info->slotDescription, sizeof(info->slotDescription), "null");
	pad(info->manufacturerID, sizeof(info->manufacturerID), "p11-latch tests");
	info->flags = CKF_TOKEN_PRESENT;
	return CKR_OK;
}

static CK_RV
get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	(void)slot;
	memset(info, 0, sizeof(*info));
	pad(info->label, sizeof(info->label), "latch");
	pad(info->manufacturerID, sizeof(info->manufacturerID), "p11-latch tests");
	pad(info->model, sizeof(info->model), "null");
	pad(info->serialNumber, sizeof(info->serialNumber), "1");
	info->flags = CKF_TOKEN_INITIALIZED | CKF_USER_PIN_INITIALIZED | CKF_LOGIN_REQUIRED;
	return CKR_OK;
}

static CK_RV
open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
    CK_SESSION_HANDLE *session)
{
	(void)slot;
	(void)flags;
	(void)application;
	(void)notify;
	*session = ++last_session;
	return CKR_OK;
}

static CK_RV
close_session(CK_SESSION_HANDLE session)
{
	(void)session;
	return CKR_OK;
}

static CK_RV
close_all_sessions(CK_SLOT_ID slot)
{
	(void)slot;
	return CKR_OK;
}

static CK_RV
get_session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
	(void)session;
	memset(info, 0, sizeof(*info));
	info->slotID = SLOT;
	info->state = CKS_RW_PUBLIC_SESSION;
	info->flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
	return CKR_OK;
}

static CK_RV
login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char *pin, unsigned long len)
{
	(void)session;
	(void)user;
	(void)pin;
	(void)len;
	return CKR_OK;
}

static CK_RV
logout(CK_SESSION_HANDLE session)
{
	(void)session;
	return CKR_OK;
}

static CK_RV
sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	(void)session;
	(void)mechanism;
	(void)key;
	return CKR_OK;
}

static CK_RV
sign(CK_SESSION_HANDLE session, unsigned char *data, unsigned long len, unsigned char *signature,
    unsigned long *signature_len)
{
	(void)session;
	(void)data;
	(void)len;
	if (signature != NULL)
		memset(signature, 0, 32);
	*signature_len = 32;
	return CKR_OK;
}

/* The one key that there seems to be. */
static CK_RV
generate_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism, CK_ATTRIBUTE *attributes,
    unsigned long n, CK_OBJECT_HANDLE *key)
{
	(void)session;
	(void)mechanism;
	(void)attributes;
	(void)n;
	*key = 1;
	return CKR_OK;
}

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **out)
{
	CK_RV (*none)(void) = not_supported;
	size_t i;

	for (i = 0; i < ENTRIES; i++)
		memcpy(
		    (char *)&list + offsetof(CK_FUNCTION_LIST, C_Initialize) + i * sizeof(void *),
		    &none, sizeof(none));
	list.C_Initialize = initialize;
	list.C_Finalize = finalize;
	list.C_GetInfo = get_info;
	list.C_GetFunctionList = C_GetFunctionList;
	list.C_GetSlotList = get_slot_list;
	list.C_GetSlotInfo = get_slot_info;
	list.C_GetTokenInfo = get_token_info;
	list.C_OpenSession = open_session;
	list.C_CloseSession = close_session;
	list.C_CloseAllSessions = close_all_sessions;
	list.C_GetSessionInfo = get_session_info;
	list.C_Login = login;
	list.C_Logout = logout;
	list.C_SignInit = sign_init;
	list.C_Sign = sign;
	list.C_GenerateKey = generate_key;
	*out = &list;
	return CKR_OK;
}
