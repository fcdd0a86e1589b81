/* SPDX-License-Identifier: BSD-3-Clause */
/* A PKCS#11 module with one token in a folder: forged, honest, or pulled in the middle of work. */
#include "tests/card/folder.inc"

/*
 * FORGED_DIR holds, beside what folder.inc says:
 *	mode    honest; yes: every PIN is right; no: every PIN is wrong; so: every SO PIN is right;
 *		late: so says C_Login, and C_InitPIN the truth
 *	flags   where it is there: SO flags are shown
 *	so-rv   the answer to a wrong SO PIN, instead of CKR_PIN_INCORRECT
 *	blind   the number of the C_GetTokenInfo that shows no flags of PINs, in each process
 * FORGED_PIN_MAX is the longest PIN that it shows, 255 where that is not set.
 */
#define TRIES 3

static char late_pin[WORD_MAX]; /* given to C_Login as SO, in that mode */

static void
note_given(const char *what, const unsigned char *pin, unsigned long len)
{
	FILE *f = open_for_all("given", O_WRONLY | O_APPEND);

	if (f == NULL)
		return;
	fprintf(f, "%s %.*s\n", what, pin != NULL ? (int)len : 0, (const char *)pin);
	fclose(f);
}

static bool
mode_is(const char *mode)
{
	FILE *f = fopen(path_of("mode"), "re");
	char word[WORD_MAX] = "honest";

	if (f == NULL)
		return strcmp(mode, word) == 0;
	if (fscanf(f, "%255s", word) != 1)
		strcpy(word, "honest");
	fclose(f);
	return strcmp(mode, word) == 0;
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

	if (mode_is("yes") || (so && mode_is("so")))
		return CKR_OK;
	if (mode_is("no"))
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
forged_get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	const char *most = getenv("FORGED_PIN_MAX");
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
	info->ulMaxPinLen = most != NULL ? strtoul(most, NULL, 10) : 255;
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
	else if (user == CKU_SO && mode_is("late"))
		rv = set_word(late_pin, pin, len);
	else
		rv = check(&t, user == CKU_SO, pin, len);
	if (rv == CKR_OK && user != CKU_CONTEXT_SPECIFIC)
		state = user == CKU_SO ? CKS_RW_SO_FUNCTIONS : CKS_RW_USER_FUNCTIONS;
	token_end(&t);
	return rv;
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
	else if (mode_is("late"))
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
    TOKEN_FUNCTIONS,
    .C_GetInfo = forged_get_info,
    .C_GetTokenInfo = forged_get_token_info,
    .C_Login = forged_login,
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
