/* SPDX-License-Identifier: BSD-3-Clause */
/* A PKCS#11 module that behaves as the documents of vendors say whose own cannot be had here. */
#include "tests/card/folder.inc"

/*
 * SOPIN and PIN of folder.inc's token are bytes in hexadecimal digits, and "given" has them so.
 * FORGED_DIR/settings has a line "KEY VALUE" for each of these that is not as it says first here:
 *
 * - vendor: gemalto, cardos, cryptovision: who the module says that it is; hostile: names that a
 *   terminal obeys.
 * - so-form: text: a PUK; hex: a key of 24 bytes as 48 digits; raw: the 24 bytes.
 * - so-tries: 5, of a new card. Once they are spent, nothing brings the SO secret back.
 * - user-tries: 3.
 * - flags: all; user: none of the SO's; none.
 * - so-login: checks; blind: takes anything, and the next call finds it out.
 * - so-change: yes; no: C_SetPIN as SO is not supported; form: the card takes no new one; other:
 *   none that is the old one.
 * - unblock: so; set-pin: C_SetPIN without a login, with the SO secret as old PIN.
 * - pad: no; also: a PIN pad, where the PIN is NULL; only: a PIN that is not is refused.
 *
 * FORGED_DIR/typed: what a person types on the PIN pad, a line for each time that it asks, taken
 * out then; "cancel", and no line: given up there.
 */
#define VALUE_MAX 128 /* bytes of a secret */
#define KEY_LEN   24

struct value {
	unsigned char bytes[VALUE_MAX];
	size_t len;
};

struct names {
	const char *vendor, *manufacturer, *description, *token_manufacturer, *model;
	CK_ULONG min, max;
};

/* gemalto: as SafeNet Authentication Client 9 and 10 show an IDPrime; the others are guessed. */
static const struct names all_names[] = {
    {"gemalto", "SafeNet, Inc.", "SafeNet eToken PKCS#11", "Gemalto", "ID Prime MD", 4, 16},
    {"cardos", "Atos", "CardOS API PKCS#11", "Atos", "CardOS V5.3", 4, 16},
    {"cryptovision", "cv cryptovision GmbH", "cvP11", "cv cryptovision", "sc/interface", 4, 15},
    {"hostile", "\033[2Jmaker\007", "\377about\033]0;x\007", "\033[31mtoken\a", "\233card\177", 4,
	15},
};

static bool
setting_is(const char *key, const char *value, const char *first)
{
	char name[WORD_MAX], word[WORD_MAX];
	FILE *f = fopen(path_of("settings"), "re");
	bool is = strcmp(first, value) == 0;

	while (f != NULL && fscanf(f, "%255s %255s", name, word) == 2)
		if (strcmp(name, key) == 0)
			is = strcmp(word, value) == 0;
	if (f != NULL)
		fclose(f);
	return is;
}

static unsigned
number_of(const char *key, unsigned first)
{
	char digits[16];
	unsigned n;

	for (n = 1; n < 16; n++) {
		snprintf(digits, sizeof(digits), "%u", n);
		if (setting_is(key, digits, "-"))
			return n;
	}
	return first;
}

static const struct names *
names(void)
{
	size_t i;

	for (i = 1; i < sizeof(all_names) / sizeof(all_names[0]); i++)
		if (setting_is("vendor", all_names[i].vendor, "gemalto"))
			return &all_names[i];
	return &all_names[0];
}

/* --- Secrets ---------------------------------------------------------------------------------- */

static void
to_hex(char text[WORD_MAX], const unsigned char *bytes, size_t len)
{
	size_t i;

	strcpy(text, "-");
	for (i = 0; bytes != NULL && i < len && i < VALUE_MAX - 1; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

static bool
from_hex(struct value *v, const char *text, size_t len)
{
	unsigned byte;

	v->len = 0;
	if (len % 2 != 0 || len > 2 * sizeof(v->bytes) || memchr(text, '\0', len) != NULL)
		return false;
	for (; v->len < len / 2; v->len++) {
		if (strspn(text + 2 * v->len, "0123456789abcdefABCDEF") < 2 ||
		    sscanf(text + 2 * v->len, "%2x", &byte) != 1)
			return false;
		v->bytes[v->len] = (unsigned char)byte;
	}
	return true;
}

static void
note(const char *what, const unsigned char *pin, unsigned long len)
{
	FILE *f = open_for_all("given", O_WRONLY | O_APPEND);
	char hex[WORD_MAX];

	if (f == NULL)
		return;
	to_hex(hex, pin, len);
	fprintf(f, "%s %s\n", what, pin != NULL ? hex : "null");
	fclose(f);
}

/* The line that is typed next, taken out of the file. */
static bool
typed(struct value *v)
{
	char text[4096], line[WORD_MAX] = "cancel", *rest;
	FILE *f = fopen(path_of("typed"), "re");
	size_t n = 0;

	if (f != NULL) {
		n = fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
	}
	text[n] = '\0';
	rest = strchr(text, '\n');
	if (rest != NULL) {
		*rest = '\0';
		snprintf(line, sizeof(line), "%.255s", text);
		f = open_for_all("typed", O_WRONLY | O_TRUNC);
		if (f != NULL) {
			fputs(rest + 1, f);
			fclose(f);
		}
	}
	v->len = strlen(line);
	if (v->len > VALUE_MAX || strcmp(line, "cancel") == 0)
		return false;
	memcpy(v->bytes, line, v->len);
	return true;
}

/* What the caller gave, or the person typed. */
static CK_RV
take(struct value *v, const char *what, const unsigned char *pin, unsigned long len)
{
	bool has_pad = !setting_is("pad", "no", "no");

	note(what, pin, len);
	if (pin == NULL) {
		if (!has_pad)
			return CKR_ARGUMENTS_BAD;
		return typed(v) ? CKR_OK : CKR_FUNCTION_CANCELED;
	}
	if (setting_is("pad", "only", "no"))
		return CKR_ARGUMENTS_BAD;
	v->len = len < sizeof(v->bytes) ? len : sizeof(v->bytes);
	memcpy(v->bytes, pin, v->len);
	return CKR_OK;
}

/* An SO secret as the card itself knows it; what is not of its form is none. */
static bool
of_so_form(struct value *v)
{
	struct value given = *v;

	if (setting_is("so-form", "hex", "text"))
		return given.len == 2 * KEY_LEN &&
		       from_hex(v, (const char *)given.bytes, given.len);
	if (setting_is("so-form", "raw", "text"))
		return v->len == KEY_LEN;
	return v->len >= 4 && v->len <= 16;
}

/* Whatever is wrong costs a try, its form too. */
static CK_RV
check(struct token *t, bool so, struct value *v)
{
	unsigned *tries = so ? &t->so_tries : &t->user_tries;
	unsigned most = so ? number_of("so-tries", 5) : number_of("user-tries", 3);
	struct value is;
	bool right;

	if (*tries == 0)
		return CKR_PIN_LOCKED;
	right = (!so || of_so_form(v)) &&
		from_hex(&is, so ? t->so : t->pin, strlen(so ? t->so : t->pin)) &&
		is.len == v->len && memcmp(is.bytes, v->bytes, v->len) == 0;
	*tries = right ? most : *tries - 1;
	token_write(t);
	return right ? CKR_OK : CKR_PIN_INCORRECT;
}

static CK_RV
set(struct token *t, bool so, struct value *v)
{
	if (so ? !of_so_form(v) : v->len < names()->min || v->len > names()->max)
		return CKR_PIN_LEN_RANGE;
	to_hex(so ? t->so : t->pin, v->bytes, v->len);
	*(so ? &t->so_tries : &t->user_tries) =
	    so ? number_of("so-tries", 5) : number_of("user-tries", 3);
	token_write(t);
	return CKR_OK;
}

/* --- The functions ---------------------------------------------------------------------------- */

static CK_RV
imitation_get_info(CK_INFO *info)
{
	memset(info, 0, sizeof(*info));
	info->cryptokiVersion.major = 2;
	info->cryptokiVersion.minor = 20;
	pad(info->manufacturerID, 32, names()->manufacturer);
	pad(info->libraryDescription, 32, names()->description);
	return CKR_OK;
}

static CK_FLAGS
user_flags(unsigned tries)
{
	CK_FLAGS flags = 0;

	/* As SafeNet's module shows it: a locked one is still low. */
	if (tries < number_of("user-tries", 3))
		flags |= CKF_USER_PIN_COUNT_LOW;
	if (tries == 1)
		flags |= CKF_USER_PIN_FINAL_TRY;
	if (tries == 0)
		flags |= CKF_USER_PIN_LOCKED;
	return flags;
}

static CK_FLAGS
so_flags_of(unsigned tries)
{
	if (tries >= number_of("so-tries", 5))
		return 0;
	return tries <= 1 ? so_flags(tries) : CKF_SO_PIN_COUNT_LOW;
}

static CK_RV
imitation_get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	struct token t;
	CK_RV rv = token_begin(&t);

	if (rv != CKR_OK)
		return rv == CKR_DEVICE_REMOVED ? CKR_TOKEN_NOT_PRESENT : rv;
	(void)slot;
	memset(info, 0, sizeof(*info));
	pad(info->label, 32, t.label);
	pad(info->manufacturerID, 32, names()->token_manufacturer);
	pad(info->model, 16, names()->model);
	pad(info->serialNumber, 16, t.serial);
	info->ulMinPinLen = names()->min;
	info->ulMaxPinLen = names()->max;
	info->flags = CKF_TOKEN_INITIALIZED | CKF_LOGIN_REQUIRED | CKF_RNG |
		      CKF_USER_PIN_INITIALIZED | CKF_DUAL_CRYPTO_OPERATIONS;
	if (!setting_is("pad", "no", "no"))
		info->flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
	if (!setting_is("flags", "none", "all"))
		info->flags |= user_flags(t.user_tries);
	if (setting_is("flags", "all", "all"))
		info->flags |= so_flags_of(t.so_tries);
	token_end(&t);
	return CKR_OK;
}

/* What was taken for the SO secret so far. */
static struct value believed;

static bool
is_blind(void)
{
	return setting_is("so-login", "blind", "checks");
}

static CK_RV
imitation_login(CK_SESSION_HANDLE h, CK_USER_TYPE user, unsigned char *pin, unsigned long len)
{
	struct token t;
	struct value v;
	CK_RV rv = token_begin(&t);

	if (rv != CKR_OK)
		return rv;
	if (!is_open(h))
		rv = CKR_SESSION_HANDLE_INVALID;
	else if (state != 0 && user != CKU_CONTEXT_SPECIFIC)
		rv = CKR_USER_ALREADY_LOGGED_IN;
	else if ((user == CKU_SO ? t.so_tries : t.user_tries) == 0)
		rv = CKR_PIN_LOCKED;
	else
		rv = take(&v, user == CKU_SO ? "login-so" : "login-user", pin, len);
	if (rv == CKR_OK && user == CKU_SO && is_blind())
		believed = v;
	else if (rv == CKR_OK)
		rv = check(&t, user == CKU_SO, &v);
	if (rv == CKR_OK && user != CKU_CONTEXT_SPECIFIC)
		state = user == CKU_SO ? CKS_RW_SO_FUNCTIONS : CKS_RW_USER_FUNCTIONS;
	token_end(&t);
	return rv;
}

static CK_RV
imitation_init_pin(CK_SESSION_HANDLE h, unsigned char *pin, unsigned long len)
{
	struct token t;
	struct value v;
	CK_RV rv = token_begin(&t);

	if (rv != CKR_OK)
		return rv;
	if (!is_open(h) || state != CKS_RW_SO_FUNCTIONS)
		rv = CKR_USER_NOT_LOGGED_IN;
	else
		rv = take(&v, "init-pin", pin, len);
	if (rv == CKR_OK && is_blind())
		rv = check(&t, true, &believed);
	if (rv == CKR_OK)
		rv = set(&t, false, &v);
	token_end(&t);
	return rv;
}

static CK_RV
imitation_set_pin(CK_SESSION_HANDLE h, unsigned char *old, unsigned long old_len,
    unsigned char *new, unsigned long new_len)
{
	struct value from, to;
	struct token t;
	CK_RV rv = token_begin(&t);
	bool so = state == CKS_RW_SO_FUNCTIONS;
	bool by_so = so || (state == 0 && setting_is("unblock", "set-pin", "so"));

	if (rv != CKR_OK)
		return rv;
	if (!is_open(h))
		rv = CKR_SESSION_HANDLE_INVALID;
	else if (so && setting_is("so-change", "no", "yes"))
		rv = CKR_FUNCTION_NOT_SUPPORTED;
	else if ((by_so ? t.so_tries : t.user_tries) == 0)
		rv = CKR_PIN_LOCKED;
	if (rv == CKR_OK)
		rv = take(&from, "set-pin-old", old, old_len);
	if (rv == CKR_OK)
		rv = take(&to, "set-pin-new", new, new_len);
	if (rv == CKR_OK)
		rv = check(&t, by_so, &from);
	if (rv == CKR_OK && so && setting_is("so-change", "form", "yes"))
		rv = CKR_DATA_INVALID;
	if (rv == CKR_OK && so && setting_is("so-change", "other", "yes") && to.len == from.len &&
	    memcmp(to.bytes, from.bytes, to.len) == 0)
		rv = CKR_DATA_INVALID;
	if (rv == CKR_OK)
		rv = set(&t, so, &to);
	token_end(&t);
	return rv;
}

/* The SO secret is the card's and stays; a card without tries of it is not brought back. */
static CK_RV
imitation_init_token(CK_SLOT_ID slot, unsigned char *pin, unsigned long len, unsigned char *label)
{
	struct token t;
	struct value v;
	CK_RV rv = token_begin(&t);

	(void)slot;
	if (rv != CKR_OK)
		return rv;
	rv = t.so_tries == 0 ? CKR_PIN_LOCKED : take(&v, "init-token", pin, len);
	if (rv == CKR_OK)
		rv = check(&t, true, &v);
	if (rv == CKR_OK) {
		snprintf(t.label, sizeof(t.label), "%.*s", (int)strcspn((char *)label, " "),
		    (char *)label);
		strcpy(t.pin, "30303030");
		t.user_tries = number_of("user-tries", 3);
		token_write(&t);
	}
	token_end(&t);
	return rv;
}

/* It takes no data, and its other objects are of no interest. */
static CK_RV
imitation_find_objects_init(unsigned long session, CK_ATTRIBUTE *wanted, unsigned long n)
{
	(void)session;
	(void)wanted;
	(void)n;
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_RV
imitation_create_object(
    unsigned long session, CK_ATTRIBUTE *attributes, unsigned long n, unsigned long *object)
{
	(void)session;
	(void)attributes;
	(void)n;
	(void)object;
	return CKR_FUNCTION_NOT_SUPPORTED;
}

static CK_FUNCTION_LIST list = {
    TOKEN_FUNCTIONS,
    .C_FindObjectsInit = imitation_find_objects_init,
    .C_CreateObject = imitation_create_object,
    .C_GetInfo = imitation_get_info,
    .C_GetTokenInfo = imitation_get_token_info,
    .C_InitToken = imitation_init_token,
    .C_Login = imitation_login,
    .C_InitPIN = imitation_init_pin,
    .C_SetPIN = imitation_set_pin,
};

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **out)
{
	list.C_GetFunctionList = C_GetFunctionList;
	*out = &list;
	return CKR_OK;
}
