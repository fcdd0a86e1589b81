/* SPDX-License-Identifier: BSD-3-Clause */
/* The token of the fuzzers: one card with a PIN and an SO secret, and what its module may make of
 * it. */
#include "tests/fuzz/token.h"

#include <limits.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOBODY   (-1)

enum how {
	REFUSED,      /* an error, and nothing was done */
	DONE,         /* an error, and it was done */
	OTHER_RV,     /* the same with a CK_RV that no standard knows */
	OTHER_FLAGS,  /* CK_TOKEN_INFO.flags */
	OTHER_LENGTH, /* its lengths of PINs */
	OTHER_TEXT,   /* its strings, and those of C_GetInfo */
	OTHER_NUMBER, /* of slots, of a session, a session's state */
	HOWS
};

struct token_card token_card;
bool token_lied;
void (*token_hears)(unsigned call);

static const struct token_bend *bends;
static size_t n_bends;
static unsigned calls, n_false;
static bool running, open;
static int user = NOBODY;

/* PKCS#11 2.40 and 3.0: every value that a call of a flow may give, and some that it may not. */
static const CK_RV errors[] = {CKR_CANCEL, CKR_HOST_MEMORY, CKR_SLOT_ID_INVALID, CKR_GENERAL_ERROR,
    CKR_FUNCTION_FAILED, CKR_ARGUMENTS_BAD, CKR_NO_EVENT, CKR_NEED_TO_CREATE_THREADS, CKR_CANT_LOCK,
    CKR_ATTRIBUTE_READ_ONLY, CKR_DATA_INVALID, CKR_DATA_LEN_RANGE, CKR_DEVICE_ERROR,
    CKR_DEVICE_MEMORY, CKR_DEVICE_REMOVED, CKR_FUNCTION_CANCELED, CKR_FUNCTION_NOT_PARALLEL,
    CKR_FUNCTION_NOT_SUPPORTED, CKR_KEY_HANDLE_INVALID, CKR_MECHANISM_INVALID,
    CKR_OBJECT_HANDLE_INVALID, CKR_OPERATION_ACTIVE, CKR_OPERATION_NOT_INITIALIZED,
    CKR_PIN_INCORRECT, CKR_PIN_INVALID, CKR_PIN_LEN_RANGE, CKR_PIN_EXPIRED, CKR_PIN_LOCKED,
    CKR_SESSION_CLOSED, CKR_SESSION_COUNT, CKR_SESSION_HANDLE_INVALID,
    CKR_SESSION_PARALLEL_NOT_SUPPORTED, CKR_SESSION_READ_ONLY, CKR_SESSION_EXISTS,
    CKR_SESSION_READ_ONLY_EXISTS, CKR_SESSION_READ_WRITE_SO_EXISTS, CKR_TOKEN_NOT_PRESENT,
    CKR_TOKEN_NOT_RECOGNIZED, CKR_TOKEN_WRITE_PROTECTED, CKR_USER_ALREADY_LOGGED_IN,
    CKR_USER_NOT_LOGGED_IN, CKR_USER_PIN_NOT_INITIALIZED, CKR_USER_TYPE_INVALID,
    CKR_USER_ANOTHER_ALREADY_LOGGED_IN, CKR_USER_TOO_MANY_TYPES, CKR_RANDOM_NO_RNG,
    CKR_BUFFER_TOO_SMALL, CKR_INFORMATION_SENSITIVE, CKR_CRYPTOKI_NOT_INITIALIZED,
    CKR_CRYPTOKI_ALREADY_INITIALIZED, CKR_MUTEX_BAD, CKR_FUNCTION_REJECTED, CKR_VENDOR_DEFINED,
    0xffffffffUL, ULONG_MAX};

static const CK_ULONG numbers[] = {0, 1, 2, 3, 4, 5, 8, 16, 63, 64, 65, 254, 255, 256, 257, 4096,
    65536, INT_MAX, UINT_MAX, LONG_MAX, ULONG_MAX - 1, ULONG_MAX};

/* What happens to the call that comes now; NULL: nothing. */
static const struct token_bend *
bend(void)
{
	unsigned call = calls++;
	size_t i;

	if (token_hears != NULL)
		token_hears(call);
	for (i = 0; i < n_bends; i++)
		if (bends[i].call == call)
			return &bends[i];
	return NULL;
}

static bool
is(const struct token_bend *b, enum how how)
{
	return b != NULL && b->how % HOWS == how;
}

static bool
refused(const struct token_bend *b)
{
	return is(b, REFUSED) || (is(b, OTHER_RV) && (b->b & 1) != 0);
}

/* Says that nothing was done. */
static bool
denies(CK_RV rv)
{
	switch (rv) {
	case CKR_PIN_INCORRECT:
	case CKR_PIN_LOCKED:
	case CKR_PIN_INVALID:
	case CKR_PIN_LEN_RANGE:
	case CKR_PIN_EXPIRED:
	case CKR_DATA_INVALID:
	case CKR_DATA_LEN_RANGE:
	case CKR_ARGUMENTS_BAD:
	case CKR_FUNCTION_NOT_SUPPORTED:
	case CKR_SESSION_CLOSED:
	case CKR_SESSION_COUNT:
	case CKR_SESSION_EXISTS:
	case CKR_SESSION_HANDLE_INVALID:
	case CKR_SESSION_READ_ONLY:
	case CKR_SESSION_READ_ONLY_EXISTS:
	case CKR_SESSION_READ_WRITE_SO_EXISTS:
	case CKR_USER_NOT_LOGGED_IN:
		return true;
	default:
		return false;
	}
}

/*
 * Errors there may be as many as there are. One answer may be false, too: what was done is denied,
 * what is right is refused, what is wrong is not called so. With two of them nobody could know
 * anything.
 */
static bool
is_false(const struct token_bend *b, CK_RV rv)
{
	CK_RV said = is(b, REFUSED) || is(b, DONE) ? errors[b->a % COUNT(errors)] : CKR_OK;

	if (is(b, REFUSED))
		return said == CKR_PIN_INCORRECT || said == CKR_PIN_LOCKED;
	if (is(b, DONE) && rv == CKR_PIN_INCORRECT)
		return denies(said) && said != CKR_PIN_INCORRECT && said != CKR_PIN_LOCKED;
	return is(b, DONE) && rv == CKR_OK && denies(said);
}

/*
 * A PIN was set, and the answer is "your login was ended by somebody", or "this PUK is wrong":
 * nobody finds that out who may not try any more.
 */
static void
denied(const struct token_bend *b, CK_RV rv)
{
	CK_RV said = is(b, DONE) ? errors[b->a % COUNT(errors)] : CKR_OK;

	if (rv == CKR_OK && (said == CKR_SESSION_HANDLE_INVALID || said == CKR_SESSION_CLOSED ||
				said == CKR_USER_NOT_LOGGED_IN ||
				(said == CKR_PIN_INCORRECT && token_card.puk_is_so)))
		token_lied = true;
}

/* The answer: rv, or the bent one. */
static CK_RV
answer(const struct token_bend *b, CK_RV rv)
{
	if (is(b, REFUSED) || is(b, DONE))
		return errors[b->a % COUNT(errors)];
	if (is(b, OTHER_RV))
		return 0x1000UL + ((CK_RV)b->a << 8 | b->b);
	return rv;
}

static CK_ULONG
number(uint8_t n)
{
	token_lied = true;
	return numbers[n % COUNT(numbers)];
}

void
token_set(struct token_secret *s, const char *text)
{
	s->len = strlen(text);
	memcpy(s->bytes, text, s->len);
	s->left = s->tries = TOKEN_TRIES;
}

bool
token_is(const struct token_secret *s, const char *text)
{
	return s->len == strlen(text) && memcmp(s->bytes, text, s->len) == 0;
}

void
token_bend(const uint8_t *data, size_t n)
{
	bends = (const struct token_bend *)data;
	n_bends = n;
	calls = n_false = 0;
	token_lied = running = open = false;
	user = NOBODY;
}

/* --- The module --------------------------------------------------------------------------------
 */

static CK_RV
do_initialize(void *args)
{
	const struct token_bend *b = bend();

	(void)args;
	if (!refused(b))
		running = true;
	return answer(b, CKR_OK);
}

static CK_RV
do_finalize(void *reserved)
{
	const struct token_bend *b = bend();

	(void)reserved;
	if (!refused(b)) {
		running = open = false;
		user = NOBODY;
	}
	return answer(b, CKR_OK);
}

static void
pad(unsigned char *to, size_t size, const char *text, const struct token_bend *b)
{
	size_t len = strlen(text);

	memset(to, ' ', size);
	memcpy(to, text, len < size ? len : size);
	if (!is(b, OTHER_TEXT))
		return;
	token_lied = true;
	memset(to + b->b % size, b->a, size - b->b % size);
}

static CK_RV
do_get_info(CK_INFO *info)
{
	const struct token_bend *b = bend();

	memset(info, 0, sizeof(*info));
	info->cryptokiVersion.major = 2;
	info->cryptokiVersion.minor = 40;
	pad(info->manufacturerID, sizeof(info->manufacturerID), "Fuzzing", b);
	pad(info->libraryDescription, sizeof(info->libraryDescription), "A token", b);
	return answer(b, running ? CKR_OK : CKR_CRYPTOKI_NOT_INITIALIZED);
}

static CK_RV
do_get_slot_list(CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *n)
{
	const struct token_bend *b = bend();
	CK_ULONG room = *n, i;

	(void)present;
	*n = is(b, OTHER_NUMBER) ? number(b->a) : 1;
	/* As many as there is room for cost seconds, and show no more than a few. */
	if (slots != NULL && *n > 3 && *n <= room)
		*n = 3;
	for (i = 0; slots != NULL && i < room && i < *n; i++)
		slots[i] = TOKEN_SLOT;
	return answer(b, !running ? CKR_CRYPTOKI_NOT_INITIALIZED
				  : (slots != NULL && room < 1 ? CKR_BUFFER_TOO_SMALL : CKR_OK));
}

static CK_RV
do_get_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
	const struct token_bend *b = bend();

	memset(info, 0, sizeof(*info));
	pad(info->slotDescription, sizeof(info->slotDescription), "A reader", b);
	pad(info->manufacturerID, sizeof(info->manufacturerID), "Fuzzing", b);
	info->flags = CKF_TOKEN_PRESENT;
	return answer(b, slot == TOKEN_SLOT ? CKR_OK : CKR_SLOT_ID_INVALID);
}

static CK_FLAGS
counter_flags(const struct token_secret *s, CK_FLAGS low, CK_FLAGS final, CK_FLAGS locked)
{
	if (!token_card.counts || s->tries == 0)
		return 0;
	return (s->left < s->tries ? low : 0) | (s->left == 1 ? final : 0) |
	       (s->left == 0 ? locked : 0);
}

static CK_RV
do_get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	const struct token_card *c = &token_card;
	const struct token_bend *b = bend();

	memset(info, 0, sizeof(*info));
	pad(info->label, sizeof(info->label), c->label, b);
	pad(info->manufacturerID, sizeof(info->manufacturerID), c->manufacturer, b);
	pad(info->model, sizeof(info->model), c->model, b);
	pad(info->serialNumber, sizeof(info->serialNumber), c->serial, b);
	info->flags =
	    CKF_TOKEN_INITIALIZED | CKF_LOGIN_REQUIRED | CKF_RNG |
	    counter_flags(&c->so, CKF_SO_PIN_COUNT_LOW, CKF_SO_PIN_FINAL_TRY, CKF_SO_PIN_LOCKED);
	if (c->pin.len > 0)
		info->flags |=
		    CKF_USER_PIN_INITIALIZED | counter_flags(&c->pin, CKF_USER_PIN_COUNT_LOW,
						   CKF_USER_PIN_FINAL_TRY, CKF_USER_PIN_LOCKED);
	info->ulMinPinLen = c->min;
	info->ulMaxPinLen = c->max;
	if (is(b, OTHER_FLAGS)) {
		token_lied = true;
		info->flags ^= 1UL << b->a % 26 | 1UL << b->b % 26;
	}
	if (is(b, OTHER_LENGTH)) {
		info->ulMinPinLen = number(b->a);
		info->ulMaxPinLen = number(b->b);
	}
	return answer(b, slot == TOKEN_SLOT ? CKR_OK : CKR_SLOT_ID_INVALID);
}

static CK_RV
do_open_session(
    CK_SLOT_ID slot, CK_FLAGS flags, void *app, CK_NOTIFY notify, CK_SESSION_HANDLE *session)
{
	const struct token_bend *b = bend();

	(void)flags;
	(void)app;
	(void)notify;
	if (slot != TOKEN_SLOT)
		return CKR_SLOT_ID_INVALID;
	if (refused(b))
		return answer(b, CKR_OK);
	open = true;
	*session = is(b, OTHER_NUMBER) ? number(b->a) : TOKEN_SESSION;
	return answer(b, CKR_OK);
}

static CK_RV
do_close_session(CK_SESSION_HANDLE session)
{
	const struct token_bend *b = bend();

	(void)session;
	if (!refused(b)) {
		open = false;
		user = NOBODY;
	}
	return answer(b, CKR_OK);
}

static CK_RV
do_close_all_sessions(CK_SLOT_ID slot)
{
	return do_close_session(slot);
}

static CK_RV
do_get_session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
	const struct token_bend *b = bend();

	(void)session;
	info->slotID = TOKEN_SLOT;
	info->state = user == CKU_USER ? CKS_RW_USER_FUNCTIONS
		      : user == CKU_SO ? CKS_RW_SO_FUNCTIONS
				       : CKS_RW_PUBLIC_SESSION;
	info->flags = CKF_SERIAL_SESSION | CKF_RW_SESSION;
	info->ulDeviceError = 0;
	if (is(b, OTHER_NUMBER))
		info->state = number(b->a);
	return answer(b, open ? CKR_OK : CKR_SESSION_HANDLE_INVALID);
}

/* --- The card ----------------------------------------------------------------------------------
 */

static CK_RV
present(struct token_secret *s, const unsigned char *value, CK_ULONG len)
{
	if (s->len == 0)
		return CKR_USER_PIN_NOT_INITIALIZED;
	if (token_card.counts && s->left == 0)
		return CKR_PIN_LOCKED;
	if (value == NULL)
		return CKR_ARGUMENTS_BAD;
	if (len == s->len && memcmp(value, s->bytes, len) == 0) {
		s->left = s->tries;
		return CKR_OK;
	}
	if (s->left > 0)
		s->left--;
	return CKR_PIN_INCORRECT;
}

static CK_RV
change(struct token_secret *s, const unsigned char *value, CK_ULONG len)
{
	if (value == NULL)
		return CKR_ARGUMENTS_BAD;
	if (len < token_card.min || len > token_card.max || len > sizeof(s->bytes) || len == 0)
		return CKR_PIN_LEN_RANGE;
	memcpy(s->bytes, value, len);
	s->len = len;
	s->left = s->tries = TOKEN_TRIES;
	return CKR_OK;
}

/* answer() of a call that presents a secret, or sets one. */
static CK_RV
of_secret(const struct token_bend *b, CK_RV rv)
{
	if (is_false(b, rv))
		token_lied = token_lied || ++n_false > 1;
	return answer(b, rv);
}

static CK_RV
do_login(CK_SESSION_HANDLE session, CK_USER_TYPE who, unsigned char *pin, CK_ULONG len)
{
	const struct token_bend *b = bend();
	CK_RV rv;

	(void)session;
	if (refused(b))
		return of_secret(b, CKR_OK);
	if (!open)
		return CKR_SESSION_HANDLE_INVALID;
	if (user != NOBODY && who != CKU_CONTEXT_SPECIFIC)
		return of_secret(b, CKR_USER_ALREADY_LOGGED_IN);
	rv = present(who == CKU_SO ? &token_card.so : &token_card.pin, pin, len);
	if (rv == CKR_OK && who != CKU_CONTEXT_SPECIFIC)
		user = (int)who;
	return of_secret(b, rv);
}

static CK_RV
do_logout(CK_SESSION_HANDLE session)
{
	const struct token_bend *b = bend();

	(void)session;
	if (!refused(b))
		user = NOBODY;
	return answer(b, CKR_OK);
}

static CK_RV
do_init_pin(CK_SESSION_HANDLE session, unsigned char *pin, CK_ULONG len)
{
	const struct token_bend *b = bend();
	CK_RV rv;

	(void)session;
	if (refused(b))
		return of_secret(b, CKR_OK);
	if (user != CKU_SO)
		return of_secret(b, CKR_USER_NOT_LOGGED_IN);
	rv = change(&token_card.pin, pin, len);
	denied(b, rv);
	return of_secret(b, rv);
}

static bool
begins(const unsigned char *value, CK_ULONG len, const char *word)
{
	return value != NULL && len > strlen(word) && memcmp(value, word, strlen(word)) == 0;
}

/* PUK and new PIN as they are, or behind "puk:" and "pin:", as ykcs11 has it; there also a new PUK.
 */
static CK_RV
unblock(const unsigned char *puk, CK_ULONG puk_len, const unsigned char *new, CK_ULONG len)
{
	struct token_secret *set = &token_card.pin;
	CK_RV rv;

	if (begins(puk, puk_len, "puk:")) {
		if (begins(new, len, "puk:"))
			set = &token_card.so;
		puk += 4;
		puk_len -= 4;
		if (set == &token_card.so || begins(new, len, "pin:")) {
			new += 4;
			len -= 4;
		}
	}
	rv = present(&token_card.so, puk, puk_len);
	return rv == CKR_OK ? change(set, new, len) : rv;
}

static CK_RV
do_set_pin(CK_SESSION_HANDLE session, unsigned char *old, CK_ULONG old_len, unsigned char *new,
    CK_ULONG new_len)
{
	const struct token_bend *b = bend();
	struct token_secret *s = user == CKU_SO ? &token_card.so : &token_card.pin;
	CK_RV rv;

	(void)session;
	if (refused(b))
		return of_secret(b, CKR_OK);
	if (user == NOBODY && token_card.puk_is_so &&
	    (s->left == 0 || begins(old, old_len, "puk:"))) {
		rv = unblock(old, old_len, new, new_len);
		denied(b, rv);
		return of_secret(b, rv);
	}
	rv = present(s, old, old_len);
	return of_secret(b, rv == CKR_OK ? change(s, new, new_len) : rv);
}

static CK_RV
do_init_token(CK_SLOT_ID slot, unsigned char *pin, CK_ULONG len, unsigned char *label)
{
	const struct token_bend *b = bend();
	CK_RV rv;

	(void)label;
	if (refused(b))
		return answer(b, CKR_OK);
	if (slot != TOKEN_SLOT)
		return CKR_SLOT_ID_INVALID;
	rv = present(&token_card.so, pin, len);
	if (rv == CKR_OK) {
		token_card.pin.len = 0;
		memset(token_card.objects, 0, sizeof(token_card.objects));
	}
	return answer(b, rv);
}

/* --- Objects -----------------------------------------------------------------------------------
 */

static size_t found_next; /* TOKEN_OBJECTS: no search is on */
static const CK_ATTRIBUTE *found_by;

static const CK_ATTRIBUTE *
value_of(const CK_ATTRIBUTE *a, CK_ULONG n)
{
	CK_ULONG i;

	for (i = 0; i < n; i++)
		if (a[i].type == CKA_VALUE)
			return &a[i];
	return NULL;
}

/* False: the call is not made, and *rv is its answer. */
static bool
object_call(const struct token_bend **b, CK_RV *rv)
{
	*rv = CKR_FUNCTION_NOT_SUPPORTED;
	if (!token_card.has_objects)
		return false;
	*b = bend();
	if (!refused(*b))
		return true;
	*rv = answer(*b, CKR_OK);
	return false;
}

/* All are p11-latch's: it looks for its own, or for one by its value. */
static CK_RV
do_find_objects_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *wanted, CK_ULONG n)
{
	const struct token_bend *b;
	CK_RV rv;

	(void)session;
	if (!object_call(&b, &rv))
		return rv;
	found_next = 0;
	found_by = value_of(wanted, n);
	return answer(b, CKR_OK);
}

static CK_RV
do_find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG most, CK_ULONG *n)
{
	const struct token_bend *b;
	CK_RV rv;

	(void)session;
	if (!object_call(&b, &rv))
		return rv;
	for (*n = 0; *n < most && found_next < TOKEN_OBJECTS; found_next++) {
		const struct token_object *o = &token_card.objects[found_next];

		if (o->len > 0 &&
		    (found_by == NULL || (found_by->ulValueLen == o->len &&
					     memcmp(found_by->pValue, o->value, o->len) == 0)))
			objects[(*n)++] = found_next + 1;
	}
	/* More than there was room for: some modules say so. */
	if (is(b, OTHER_NUMBER))
		*n = number(b->a);
	return answer(b, CKR_OK);
}

static CK_RV
do_find_objects_final(CK_SESSION_HANDLE session)
{
	const struct token_bend *b;

	(void)session;
	if (!token_card.has_objects)
		return CKR_FUNCTION_NOT_SUPPORTED;
	b = bend();
	found_next = TOKEN_OBJECTS;
	return answer(b, CKR_OK);
}

static struct token_object *
object_of(CK_OBJECT_HANDLE object)
{
	struct token_object *o =
	    object > 0 && object <= TOKEN_OBJECTS ? &token_card.objects[object - 1] : NULL;

	return o != NULL && o->len > 0 ? o : NULL;
}

static CK_RV
do_get_attribute_value(
    CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE *a, CK_ULONG n)
{
	const struct token_object *o = object_of(object);
	const struct token_bend *b;
	CK_RV rv;

	(void)session;
	(void)n;
	if (!object_call(&b, &rv))
		return rv;
	if (o == NULL)
		return answer(b, CKR_OBJECT_HANDLE_INVALID);
	if (a->pValue != NULL && a->ulValueLen < o->len)
		return answer(b, CKR_BUFFER_TOO_SMALL);
	if (a->pValue != NULL)
		memcpy(a->pValue, o->value, o->len);
	a->ulValueLen = is(b, OTHER_NUMBER) ? number(b->a) : o->len;
	return answer(b, CKR_OK);
}

static CK_RV
do_create_object(CK_SESSION_HANDLE session, CK_ATTRIBUTE *a, CK_ULONG n, CK_OBJECT_HANDLE *object)
{
	const CK_ATTRIBUTE *value = value_of(a, n);
	const struct token_bend *b;
	CK_RV rv;
	CK_OBJECT_HANDLE i = 0;

	(void)session;
	if (!object_call(&b, &rv))
		return rv;
	while (i < TOKEN_OBJECTS && token_card.objects[i].len > 0)
		i++;
	if (i == TOKEN_OBJECTS || value == NULL ||
	    value->ulValueLen > sizeof(token_card.objects[i].value))
		return answer(b, CKR_DEVICE_MEMORY);
	memcpy(token_card.objects[i].value, value->pValue, value->ulValueLen);
	token_card.objects[i].len = value->ulValueLen;
	*object = i + 1;
	return answer(b, CKR_OK);
}

static CK_RV
do_destroy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	struct token_object *o = object_of(object);
	const struct token_bend *b;
	CK_RV rv;

	(void)session;
	if (!object_call(&b, &rv))
		return rv;
	if (o == NULL)
		return answer(b, CKR_OBJECT_HANDLE_INVALID);
	o->len = 0;
	return answer(b, CKR_OK);
}

CK_RV
token_get_list(CK_FUNCTION_LIST **out)
{
	static CK_FUNCTION_LIST list = {.version = {2, 40},
	    .C_Initialize = do_initialize,
	    .C_Finalize = do_finalize,
	    .C_GetInfo = do_get_info,
	    .C_GetFunctionList = token_get_list,
	    .C_GetSlotList = do_get_slot_list,
	    .C_GetSlotInfo = do_get_slot_info,
	    .C_GetTokenInfo = do_get_token_info,
	    .C_InitToken = do_init_token,
	    .C_InitPIN = do_init_pin,
	    .C_SetPIN = do_set_pin,
	    .C_OpenSession = do_open_session,
	    .C_CloseSession = do_close_session,
	    .C_CloseAllSessions = do_close_all_sessions,
	    .C_GetSessionInfo = do_get_session_info,
	    .C_Login = do_login,
	    .C_Logout = do_logout,
	    .C_FindObjectsInit = do_find_objects_init,
	    .C_FindObjects = do_find_objects,
	    .C_FindObjectsFinal = do_find_objects_final,
	    .C_GetAttributeValue = do_get_attribute_value,
	    .C_CreateObject = do_create_object,
	    .C_DestroyObject = do_destroy_object};

	*out = &list;
	return CKR_OK;
}
