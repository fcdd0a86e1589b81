/* SPDX-License-Identifier: BSD-3-Clause */
/* A PKCS#11 module with one token in a folder: forged, honest, or pulled in the middle of work. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

/*
 * FORGED_DIR holds:
 *	token   SERIAL LABEL SOPIN PIN ("-": none) USERTRIES SOTRIES, all words
 *	mode    honest; yes: every PIN is right; no: every PIN is wrong; so: every SO PIN is right;
 *		late: so says C_Login, and C_InitPIN the truth
 *	flags   where it is there: SO flags are shown
 *	so-rv   the answer to a wrong SO PIN, instead of CKR_PIN_INCORRECT
 *	blind   the number of the C_GetTokenInfo that shows no flags of PINs, in each process
 *	given   a line for each PIN that it was given: what for, and the PIN
 *	pull    where it is there: the number of calls after which the token is gone
 *	calls   how many calls there were so far, that touch the token
 */
#define SLOT         1
#define SESSIONS_MAX 64
#define WORD_MAX     256
#define TRIES        3

struct token {
	char serial[WORD_MAX], label[WORD_MAX], so[WORD_MAX], pin[WORD_MAX];
	unsigned user_tries, so_tries;
	char mode[WORD_MAX];
	int lock;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool initialized;
static CK_FLAGS sessions[SESSIONS_MAX]; /* 0: closed */
static CK_STATE state;                  /* 0: public */
static char late_pin[WORD_MAX];         /* given to C_Login as SO, in that mode */

static const char *
path_of(const char *name)
{
	static char path[4096];
	const char *dir = getenv("FORGED_DIR");

	snprintf(path, sizeof(path), "%s/%s", dir != NULL ? dir : "/nonexistent", name);
	return path;
}

/* Two users work with it. */
static FILE *
open_for_all(const char *name, int flags)
{
	int fd = open(path_of(name), O_CREAT | O_CLOEXEC | flags, 0666);

	if (fd < 0)
		return NULL;
	(void)!fchmod(fd, 0666);
	return fdopen(fd, (flags & O_APPEND) != 0         ? "a"
			  : (flags & O_ACCMODE) == O_RDWR ? "r+"
							  : "w");
}

static void
note_given(const char *what, const unsigned char *pin, unsigned long len)
{
	FILE *f = open_for_all("given", O_WRONLY | O_APPEND);

	if (f == NULL)
		return;
	fprintf(f, "%s %.*s\n", what, pin != NULL ? (int)len : 0, (const char *)pin);
	fclose(f);
}

/* One more call; false: the token is gone. */
static bool
count_call(void)
{
	FILE *f = open_for_all("calls", O_RDWR);
	unsigned long calls = 0, pull = 0;
	bool there = true;

	if (f == NULL)
		return false;
	if (fscanf(f, "%lu", &calls) != 1)
		calls = 0;
	rewind(f);
	fprintf(f, "%lu\n", calls + 1);
	fclose(f);
	f = fopen(path_of("pull"), "re");
	if (f != NULL) {
		there = fscanf(f, "%lu", &pull) != 1 || calls < pull;
		fclose(f);
	}
	return there;
}

static void
token_end(struct token *t)
{
	close(t->lock);
	pthread_mutex_unlock(&mutex);
}

/* Takes the token for one call. */
static CK_RV
token_begin(struct token *t)
{
	FILE *f;
	int n;

	if (!initialized)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	memset(t, 0, sizeof(*t));
	pthread_mutex_lock(&mutex);
	t->lock = open(path_of("lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (t->lock >= 0) {
		(void)!fchmod(t->lock, 0666);
		flock(t->lock, LOCK_EX);
	}
	f = fopen(path_of("token"), "re");
	n = f == NULL ? 0
		      : fscanf(f, "%255s %255s %255s %255s %u %u", t->serial, t->label, t->so,
			    t->pin, &t->user_tries, &t->so_tries);
	if (f != NULL)
		fclose(f);
	f = fopen(path_of("mode"), "re");
	if (f == NULL || fscanf(f, "%255s", t->mode) != 1)
		strcpy(t->mode, "honest");
	if (f != NULL)
		fclose(f);
	if (count_call() && n == 6)
		return CKR_OK;
	token_end(t);
	memset(sessions, 0, sizeof(sessions));
	state = 0;
	return CKR_DEVICE_REMOVED;
}

static void
token_write(const struct token *t)
{
	FILE *f = open_for_all("token", O_WRONLY | O_TRUNC);

	if (f == NULL)
		return;
	fprintf(f, "%s %s %s %s %u %u\n", t->serial, t->label, t->so, t->pin, t->user_tries,
	    t->so_tries);
	fclose(f);
}

static void
pad(unsigned char *to, size_t size, const char *text)
{
	size_t len = strlen(text);

	memset(to, ' ', size);
	memcpy(to, text, len < size ? len : size);
}

static bool
is_open(CK_SESSION_HANDLE h)
{
	return h > 0 && h < SESSIONS_MAX && sessions[h] != 0;
}

/* The number in a file; 0 where there is none. */
static unsigned long
number_in(const char *name)
{
	FILE *f = fopen(path_of(name), "re");
	char word[WORD_MAX] = "0";

	if (f == NULL)
		return 0;
	if (fscanf(f, "%255s", word) != 1)
		strcpy(word, "0");
	fclose(f);
	return strtoul(word, NULL, 0);
}

/* Whether the PIN is right, and what the wrong one costs. */
static CK_RV
check(struct token *t, bool so, const unsigned char *pin, unsigned long len)
{
	const char *is = so ? t->so : t->pin;
	unsigned *tries = so ? &t->so_tries : &t->user_tries;
	bool right;

	if (strcmp(t->mode, "yes") == 0 || (so && strcmp(t->mode, "so") == 0))
		return CKR_OK;
	if (strcmp(t->mode, "no") == 0)
		return CKR_PIN_INCORRECT;
	if (*tries == 0)
		return CKR_PIN_LOCKED;
	right =
	    pin != NULL && strlen(is) == len && memcmp(is, pin, len) == 0 && strcmp(is, "-") != 0;
	*tries = right ? TRIES : *tries - 1;
	token_write(t);
	if (right)
		return CKR_OK;
	return so && number_in("so-rv") != 0 ? number_in("so-rv") : CKR_PIN_INCORRECT;
}

static CK_RV
set_word(char to[WORD_MAX], const unsigned char *pin, unsigned long len)
{
	if (pin == NULL || len < 4 || len > 48)
		return CKR_PIN_LEN_RANGE;
	memcpy(to, pin, len);
	to[len] = '\0';
	return CKR_OK;
}

/* --- The functions ---------------------------------------------------------------------------- */

static CK_RV
forged_initialize(void *args)
{
	(void)args;
	if (initialized)
		return CKR_CRYPTOKI_ALREADY_INITIALIZED;
	initialized = true;
	return CKR_OK;
}

static CK_RV
forged_finalize(void *reserved)
{
	(void)reserved;
	if (!initialized)
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	initialized = false;
	memset(sessions, 0, sizeof(sessions));
	state = 0;
	return CKR_OK;
}

static CK_RV
forged_get_info(CK_INFO *info)
{
	memset(info, 0, sizeof(*info));
	info->cryptokiVersion.major = 2;
	info->cryptokiVersion.minor = 40;
	pad(info->manufacturerID, 32, "Forgery");
	pad(info->libraryDescription, 32, "Forged module");
	return CKR_OK;
}

static CK_RV
forged_get_slot_list(CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *n)
{
	struct token t;
	CK_RV rv = token_begin(&t);

	(void)present;
	if (rv == CKR_CRYPTOKI_NOT_INITIALIZED)
		return rv;
	if (rv == CKR_OK)
		token_end(&t);
	if (rv == CKR_OK && list != NULL && *n > 0)
		list[0] = SLOT;
	*n = rv == CKR_OK ? 1 : 0;
	return CKR_OK;
}

static CK_FLAGS
so_flags(unsigned tries)
{
	switch (tries) {
	case 0:
		return CKF_SO_PIN_LOCKED;
	case 1:
		return CKF_SO_PIN_FINAL_TRY;
	case 2:
		return CKF_SO_PIN_COUNT_LOW;
	default:
		return 0;
	}
}

static CK_RV
forged_get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	static unsigned long looks;
	struct token t;
	CK_RV rv = token_begin(&t);

	if (rv != CKR_OK)
		return rv == CKR_DEVICE_REMOVED ? CKR_TOKEN_NOT_PRESENT : rv;
	(void)slot;
	memset(info, 0, sizeof(*info));
	pad(info->label, 32, t.label);
	pad(info->manufacturerID, 32, "Forgery");
	pad(info->model, 16, "Paper");
	pad(info->serialNumber, 16, t.serial);
	info->ulMinPinLen = 4;
	info->ulMaxPinLen = 255;
	info->flags = CKF_TOKEN_INITIALIZED | CKF_LOGIN_REQUIRED | CKF_RNG;
	if (strcmp(t.pin, "-") != 0)
		info->flags |= CKF_USER_PIN_INITIALIZED;
	if (t.user_tries == 0)
		info->flags |= CKF_USER_PIN_LOCKED;
	if (access(path_of("flags"), F_OK) == 0)
		info->flags |= so_flags(t.so_tries);
	if (++looks == number_in("blind"))
		info->flags &= ~(CKF_USER_PIN_LOCKED | CKF_SO_PIN_LOCKED);
	token_end(&t);
	return CKR_OK;
}

static CK_RV
forged_open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
    CK_SESSION_HANDLE *session)
{
	struct token t;
	CK_RV rv = token_begin(&t);
	CK_SESSION_HANDLE h;

	(void)slot;
	(void)application;
	(void)notify;
	if (rv != CKR_OK)
		return rv;
	for (h = 1; h < SESSIONS_MAX && sessions[h] != 0; h++)
		continue;
	rv = h < SESSIONS_MAX ? CKR_OK : CKR_SESSION_COUNT;
	if (rv == CKR_OK) {
		sessions[h] = flags;
		*session = h;
	}
	token_end(&t);
	return rv;
}

static CK_RV
forged_close_session(CK_SESSION_HANDLE h)
{
	size_t i;

	if (!is_open(h))
		return CKR_SESSION_HANDLE_INVALID;
	sessions[h] = 0;
	for (i = 0; i < SESSIONS_MAX; i++)
		if (sessions[i] != 0)
			return CKR_OK;
	state = 0;
	return CKR_OK;
}

static CK_RV
forged_close_all_sessions(CK_SLOT_ID slot)
{
	(void)slot;
	memset(sessions, 0, sizeof(sessions));
	state = 0;
	return CKR_OK;
}

static CK_RV
forged_get_session_info(CK_SESSION_HANDLE h, CK_SESSION_INFO *info)
{
	if (!is_open(h))
		return CKR_SESSION_HANDLE_INVALID;
	memset(info, 0, sizeof(*info));
	info->slotID = SLOT;
	info->flags = sessions[h];
	info->state = state != 0                            ? state
		      : (sessions[h] & CKF_RW_SESSION) != 0 ? CKS_RW_PUBLIC_SESSION
							    : CKS_RO_PUBLIC_SESSION;
	return CKR_OK;
}

static CK_RV
forged_login(CK_SESSION_HANDLE h, CK_USER_TYPE user, unsigned char *pin, unsigned long len)
{
	struct token t;
	CK_RV rv = token_begin(&t);

	if (rv != CKR_OK)
		return rv;
	note_given(user == CKU_SO ? "login-so" : "login-user", pin, len);
	if (!is_open(h))
		rv = CKR_SESSION_HANDLE_INVALID;
	else if (state != 0 && user != CKU_CONTEXT_SPECIFIC)
		rv = CKR_USER_ALREADY_LOGGED_IN;
	else if (user == CKU_SO && strcmp(t.mode, "late") == 0)
		rv = set_word(late_pin, pin, len);
	else
		rv = check(&t, user == CKU_SO, pin, len);
	if (rv == CKR_OK && user != CKU_CONTEXT_SPECIFIC)
		state = user == CKU_SO ? CKS_RW_SO_FUNCTIONS : CKS_RW_USER_FUNCTIONS;
	token_end(&t);
	return rv;
}

static CK_RV
forged_logout(CK_SESSION_HANDLE h)
{
	(void)h;
	if (state == 0)
		return CKR_USER_NOT_LOGGED_IN;
	state = 0;
	return CKR_OK;
}

static CK_RV
forged_init_pin(CK_SESSION_HANDLE h, unsigned char *pin, unsigned long len)
{
	struct token t;
	CK_RV rv = token_begin(&t);

	if (rv != CKR_OK)
		return rv;
	note_given("init-pin", pin, len);
	if (!is_open(h) || state != CKS_RW_SO_FUNCTIONS)
		rv = CKR_USER_NOT_LOGGED_IN;
	else if (strcmp(t.mode, "late") == 0)
		rv = check(&t, true, (const unsigned char *)late_pin, strlen(late_pin));
	if (rv == CKR_OK)
		rv = set_word(t.pin, pin, len);
	if (rv == CKR_OK) {
		t.user_tries = TRIES;
		token_write(&t);
	}
	token_end(&t);
	return rv;
}

static CK_RV
forged_set_pin(CK_SESSION_HANDLE h, unsigned char *old, unsigned long old_len, unsigned char *new,
    unsigned long new_len)
{
	struct token t;
	CK_RV rv = token_begin(&t);
	bool so = state == CKS_RW_SO_FUNCTIONS;

	if (rv != CKR_OK)
		return rv;
	note_given("set-pin-old", old, old_len);
	note_given("set-pin-new", new, new_len);
	rv = is_open(h) ? check(&t, so, old, old_len) : CKR_SESSION_HANDLE_INVALID;
	if (rv == CKR_OK)
		rv = set_word(so ? t.so : t.pin, new, new_len);
	if (rv == CKR_OK)
		token_write(&t);
	token_end(&t);
	return rv;
}

static CK_FUNCTION_LIST list = {
    .version = {2, 40},
    .C_Initialize = forged_initialize,
    .C_Finalize = forged_finalize,
    .C_GetInfo = forged_get_info,
    .C_GetSlotList = forged_get_slot_list,
    .C_GetTokenInfo = forged_get_token_info,
    .C_OpenSession = forged_open_session,
    .C_CloseSession = forged_close_session,
    .C_CloseAllSessions = forged_close_all_sessions,
    .C_GetSessionInfo = forged_get_session_info,
    .C_Login = forged_login,
    .C_Logout = forged_logout,
    .C_InitPIN = forged_init_pin,
    .C_SetPIN = forged_set_pin,
};

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **out)
{
	list.C_GetFunctionList = C_GetFunctionList;
	*out = &list;
	return CKR_OK;
}
