/* SPDX-License-Identifier: BSD-3-Clause */
/* All that goes wrong at a call: every CK_RV of the standard, crashes, hangs, delays, and lies. */
#include <limits.h>

#include "tests/faults/sweep.h"

/* A class: what card/ and module/ treat as no other does. */
#define CLASS(rv)                               \
	{HOW_INSTEAD, rv, true, false, #rv},    \
	{                                       \
		HOW_AFTER, rv, true, false, #rv \
	}
#define OTHER(rv)                                \
	{HOW_INSTEAD, rv, false, false, #rv},    \
	{                                        \
		HOW_AFTER, rv, false, false, #rv \
	}
/* Of PKCS#11 3.0 to 3.2, which Debian 12's header ends before. */
#define LATER(name, rv)                           \
	{HOW_INSTEAD, rv, false, false, name},    \
	{                                         \
		HOW_AFTER, rv, false, false, name \
	}
#define ENDS(how, name)                   \
	{                                 \
		how, 0, true, false, name \
	}
/* Everywhere: at all calls of one run, as well as at each in turn. */
#define LIE(how, rv, name)                \
	{how, rv, true, false, name},     \
	{                                 \
		how, rv, true, true, name \
	}

#define USER_COUNT (CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED)
#define SO_COUNT   (CKF_SO_PIN_COUNT_LOW | CKF_SO_PIN_FINAL_TRY | CKF_SO_PIN_LOCKED)

static const struct fault faults[] = {
    /* Done, says the module, and has done nothing. */
    {HOW_INSTEAD, CKR_OK, true, false, "CKR_OK"},
    OTHER(CKR_CANCEL),
    CLASS(CKR_HOST_MEMORY),
    CLASS(CKR_SLOT_ID_INVALID),
    CLASS(CKR_GENERAL_ERROR),
    CLASS(CKR_FUNCTION_FAILED),
    CLASS(CKR_ARGUMENTS_BAD),
    OTHER(CKR_NO_EVENT),
    OTHER(CKR_NEED_TO_CREATE_THREADS),
    OTHER(CKR_CANT_LOCK),
    OTHER(CKR_ATTRIBUTE_READ_ONLY),
    OTHER(CKR_ATTRIBUTE_SENSITIVE),
    OTHER(CKR_ATTRIBUTE_TYPE_INVALID),
    OTHER(CKR_ATTRIBUTE_VALUE_INVALID),
    OTHER(CKR_DATA_INVALID),
    OTHER(CKR_DATA_LEN_RANGE),
    CLASS(CKR_DEVICE_ERROR),
    OTHER(CKR_DEVICE_MEMORY),
    CLASS(CKR_DEVICE_REMOVED),
    OTHER(CKR_ENCRYPTED_DATA_INVALID),
    OTHER(CKR_ENCRYPTED_DATA_LEN_RANGE),
    CLASS(CKR_FUNCTION_CANCELED),
    OTHER(CKR_FUNCTION_NOT_PARALLEL),
    CLASS(CKR_FUNCTION_NOT_SUPPORTED),
    OTHER(CKR_KEY_HANDLE_INVALID),
    OTHER(CKR_KEY_SIZE_RANGE),
    OTHER(CKR_KEY_TYPE_INCONSISTENT),
    OTHER(CKR_KEY_NOT_NEEDED),
    OTHER(CKR_KEY_CHANGED),
    OTHER(CKR_KEY_NEEDED),
    OTHER(CKR_KEY_INDIGESTIBLE),
    OTHER(CKR_KEY_FUNCTION_NOT_PERMITTED),
    OTHER(CKR_KEY_NOT_WRAPPABLE),
    OTHER(CKR_KEY_UNEXTRACTABLE),
    OTHER(CKR_MECHANISM_INVALID),
    OTHER(CKR_MECHANISM_PARAM_INVALID),
    OTHER(CKR_OBJECT_HANDLE_INVALID),
    OTHER(CKR_OPERATION_ACTIVE),
    OTHER(CKR_OPERATION_NOT_INITIALIZED),
    CLASS(CKR_PIN_INCORRECT),
    CLASS(CKR_PIN_INVALID),
    CLASS(CKR_PIN_LEN_RANGE),
    CLASS(CKR_PIN_EXPIRED),
    CLASS(CKR_PIN_LOCKED),
    CLASS(CKR_SESSION_CLOSED),
    CLASS(CKR_SESSION_COUNT),
    CLASS(CKR_SESSION_HANDLE_INVALID),
    OTHER(CKR_SESSION_PARALLEL_NOT_SUPPORTED),
    OTHER(CKR_SESSION_READ_ONLY),
    OTHER(CKR_SESSION_EXISTS),
    OTHER(CKR_SESSION_READ_ONLY_EXISTS),
    OTHER(CKR_SESSION_READ_WRITE_SO_EXISTS),
    OTHER(CKR_SIGNATURE_INVALID),
    OTHER(CKR_SIGNATURE_LEN_RANGE),
    OTHER(CKR_TEMPLATE_INCOMPLETE),
    OTHER(CKR_TEMPLATE_INCONSISTENT),
    CLASS(CKR_TOKEN_NOT_PRESENT),
    CLASS(CKR_TOKEN_NOT_RECOGNIZED),
    OTHER(CKR_TOKEN_WRITE_PROTECTED),
    OTHER(CKR_UNWRAPPING_KEY_HANDLE_INVALID),
    OTHER(CKR_UNWRAPPING_KEY_SIZE_RANGE),
    OTHER(CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT),
    CLASS(CKR_USER_ALREADY_LOGGED_IN),
    CLASS(CKR_USER_NOT_LOGGED_IN),
    OTHER(CKR_USER_PIN_NOT_INITIALIZED),
    OTHER(CKR_USER_TYPE_INVALID),
    OTHER(CKR_USER_ANOTHER_ALREADY_LOGGED_IN),
    OTHER(CKR_USER_TOO_MANY_TYPES),
    OTHER(CKR_WRAPPED_KEY_INVALID),
    OTHER(CKR_WRAPPED_KEY_LEN_RANGE),
    OTHER(CKR_WRAPPING_KEY_HANDLE_INVALID),
    OTHER(CKR_WRAPPING_KEY_SIZE_RANGE),
    OTHER(CKR_WRAPPING_KEY_TYPE_INCONSISTENT),
    OTHER(CKR_RANDOM_SEED_NOT_SUPPORTED),
    OTHER(CKR_RANDOM_NO_RNG),
    OTHER(CKR_DOMAIN_PARAMS_INVALID),
    OTHER(CKR_BUFFER_TOO_SMALL),
    OTHER(CKR_SAVED_STATE_INVALID),
    OTHER(CKR_INFORMATION_SENSITIVE),
    OTHER(CKR_STATE_UNSAVEABLE),
    CLASS(CKR_CRYPTOKI_NOT_INITIALIZED),
    OTHER(CKR_CRYPTOKI_ALREADY_INITIALIZED),
    OTHER(CKR_MUTEX_BAD),
    OTHER(CKR_MUTEX_NOT_LOCKED),
    CLASS(CKR_FUNCTION_REJECTED),
    LATER("CKR_ACTION_PROHIBITED", 0x1B),
    LATER("CKR_AEAD_DECRYPT_FAILED", 0x42),
    LATER("CKR_CURVE_NOT_SUPPORTED", 0x140),
    LATER("CKR_NEW_PIN_MODE", 0x1B0),
    LATER("CKR_NEXT_OTP", 0x1B1),
    LATER("CKR_EXCEEDED_MAX_ITERATIONS", 0x1B5),
    LATER("CKR_FIPS_SELF_TEST_FAILED", 0x1B6),
    LATER("CKR_LIBRARY_LOAD_FAILED", 0x1B7),
    LATER("CKR_PIN_TOO_WEAK", 0x1B8),
    LATER("CKR_PUBLIC_KEY_INVALID", 0x1B9),
    LATER("CKR_TOKEN_RESOURCE_EXCEEDED", 0x201),
    LATER("CKR_OPERATION_CANCEL_FAILED", 0x202),
    LATER("CKR_KEY_EXHAUSTED", 0x203),
    LATER("CKR_PENDING", 0x204),
    LATER("CKR_SESSION_ASYNC_NOT_SUPPORTED", 0x205),
    LATER("CKR_SEED_RANDOM_REQUIRED", 0x206),
    LATER("CKR_OPERATION_NOT_VALIDATED", 0x207),
    LATER("CKR_TOKEN_NOT_INITIALIZED", 0x208),
    LATER("CKR_PARAMETER_SET_NOT_SUPPORTED", 0x209),
    /* Vendors', and what no standard knows; also where 32 bits of it look like another. */
    CLASS(CKR_VENDOR_DEFINED),
    OTHER(CKR_VENDOR_DEFINED | 0xa0),
    OTHER(0x12345),
    OTHER(ULONG_MAX),
    CLASS(0x100000000),
    OTHER(0x1000000a2),
    ENDS(HOW_SEGV, "SIGSEGV"),
    ENDS(HOW_SEGV_AFTER, "SIGSEGV"),
    ENDS(HOW_ABORT, "abort()"),
    ENDS(HOW_ABORT_AFTER, "abort()"),
    ENDS(HOW_EXIT, "exit(0)"),
    ENDS(HOW_EXIT_AFTER, "exit(0)"),
    {HOW_LATE, 300, true, false, "300 ms"},
    {HOW_HANG, 0, true, false, "for ever"},
    LIE(HOW_FLAGS_SET, CKF_SO_PIN_COUNT_LOW, "SO_PIN_COUNT_LOW"),
    LIE(HOW_FLAGS_SET, CKF_SO_PIN_FINAL_TRY, "SO_PIN_FINAL_TRY"),
    LIE(HOW_FLAGS_SET, CKF_SO_PIN_LOCKED, "SO_PIN_LOCKED"),
    LIE(HOW_FLAGS_SET, CKF_USER_PIN_COUNT_LOW, "USER_PIN_COUNT_LOW"),
    LIE(HOW_FLAGS_SET, CKF_USER_PIN_FINAL_TRY, "USER_PIN_FINAL_TRY"),
    LIE(HOW_FLAGS_SET, CKF_USER_PIN_LOCKED, "USER_PIN_LOCKED"),
    LIE(HOW_FLAGS_SET, CKF_PROTECTED_AUTHENTICATION_PATH, "PROTECTED_AUTHENTICATION_PATH"),
    LIE(HOW_FLAGS_CLEAR, USER_COUNT, "its user's counter"),
    LIE(HOW_FLAGS_CLEAR, SO_COUNT, "its SO's counter"),
    LIE(HOW_FLAGS_CLEAR, CKF_USER_PIN_INITIALIZED, "USER_PIN_INITIALIZED"),
    LIE(HOW_FLAGS_CLEAR, CKF_TOKEN_INITIALIZED, "TOKEN_INITIALIZED"),
    LIE(HOW_FLAGS, 0, "none"),
    LIE(HOW_FLAGS, ULONG_MAX, "all"),
    LIE(HOW_FLAGS, 0x5a5a5a5a, "random ones"),
    LIE(HOW_FLAGS, 0xdeadbeef, "random ones"),
    LIE(HOW_LENGTHS, 0, "0 to 0"),
    LIE(HOW_LENGTHS, 1, "8 to 4"),
    LIE(HOW_LENGTHS, 2, "not known"),
    LIE(HOW_LENGTHS, 3, "0 to all"),
    LIE(HOW_LENGTHS, 4, "0 to 1000000"),
    LIE(HOW_LENGTHS, 5, "200 to 255"),
    LIE(HOW_LENGTHS, 6, "1 to 1"),
    LIE(HOW_SLOTS_FEWER, 0, "one less when asked again"),
    LIE(HOW_SLOTS_MANY, 0, "none"),
    LIE(HOW_SLOTS_MANY, 257, "257"),
    LIE(HOW_SLOTS_MANY, ULONG_MAX, "not known"),
};

static const char *const names[HOWS] = {
    [HOW_NOT] = "nothing",
    [HOW_INSTEAD] = "answers instead",
    [HOW_AFTER] = "is done, and answers",
    [HOW_LATE] = "comes late by",
    [HOW_HANG] = "hangs",
    [HOW_SEGV] = "crashes by",
    [HOW_SEGV_AFTER] = "is done, and crashes by",
    [HOW_ABORT] = "ends by",
    [HOW_ABORT_AFTER] = "is done, and ends by",
    [HOW_EXIT] = "ends by",
    [HOW_EXIT_AFTER] = "is done, and ends by",
    [HOW_FLAGS_SET] = "shows, too, the flag",
    [HOW_FLAGS_CLEAR] = "does not show",
    [HOW_FLAGS] = "shows of all flags",
    [HOW_LENGTHS] = "shows the lengths",
    [HOW_SLOTS_FEWER] = "tells of slots:",
    [HOW_SLOTS_MANY] = "tells the number of slots:",
};

const struct fault *
faults_all(size_t *n)
{
	*n = sizeof(faults) / sizeof(faults[0]);
	return faults;
}

bool
fault_is_lie(enum how how)
{
	return how >= HOW_FLAGS_SET;
}

const char *
how_name(enum how how)
{
	return how < HOWS ? names[how] : "?";
}
