/* SPDX-License-Identifier: BSD-3-Clause */
/* p11drive's commands on the module as a whole, slots, tokens and sessions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/p11drive.h"

#define SLOTS_MAX 64

static const struct {
	CK_FLAGS flag;
	const char *name;
} token_flags[] = {
    {CKF_RNG, "RNG"},
    {CKF_WRITE_PROTECTED, "WRITE_PROTECTED"},
    {CKF_LOGIN_REQUIRED, "LOGIN_REQUIRED"},
    {CKF_USER_PIN_INITIALIZED, "USER_PIN_INITIALIZED"},
    {CKF_PROTECTED_AUTHENTICATION_PATH, "PROTECTED_AUTHENTICATION_PATH"},
    {CKF_TOKEN_INITIALIZED, "TOKEN_INITIALIZED"},
    {CKF_USER_PIN_COUNT_LOW, "USER_PIN_COUNT_LOW"},
    {CKF_USER_PIN_FINAL_TRY, "USER_PIN_FINAL_TRY"},
    {CKF_USER_PIN_LOCKED, "USER_PIN_LOCKED"},
    {CKF_USER_PIN_TO_BE_CHANGED, "USER_PIN_TO_BE_CHANGED"},
    {CKF_SO_PIN_COUNT_LOW, "SO_PIN_COUNT_LOW"},
    {CKF_SO_PIN_FINAL_TRY, "SO_PIN_FINAL_TRY"},
    {CKF_SO_PIN_LOCKED, "SO_PIN_LOCKED"},
    {CKF_SO_PIN_TO_BE_CHANGED, "SO_PIN_TO_BE_CHANGED"},
};

static CK_RV
do_initialize(struct drive *d, char **words, unsigned n)
{
	/* NSS's own structure has one member more behind pReserved. */
	struct {
		CK_C_INITIALIZE_ARGS standard;
		void *more;
	} args = {.standard = {.flags = CKF_OS_LOCKING_OK}};

	if (n > 0 && strcmp(words[0], "null") == 0)
		return d->f->C_Initialize(NULL);
	if (n > 0)
		args.standard.pReserved = words[0];
	return d->f->C_Initialize(&args.standard);
}

static CK_RV
do_finalize(struct drive *d, char **words, unsigned n)
{
	(void)words;
	(void)n;
	memset(d->sessions, 0, sizeof(d->sessions));
	d->now = NULL;
	return d->f->C_Finalize(NULL);
}

static CK_RV
list_slots(struct drive *d, CK_SLOT_ID *slots, CK_ULONG *n)
{
	*n = SLOTS_MAX;
	return d->f->C_GetSlotList(CK_TRUE, slots, n);
}

static CK_RV
do_slots(struct drive *d, char **words, unsigned n)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG count, i;
	CK_RV rv = list_slots(d, slots, &count);

	(void)words;
	(void)n;
	if (rv != CKR_OK)
		return rv;
	detail(d, "n=%lu", count);
	for (i = 0; i < count; i++) {
		CK_TOKEN_INFO info;

		if (d->f->C_GetTokenInfo(slots[i], &info) != CKR_OK)
			continue;
		detail(d, "slot=%lu", slots[i]);
		detail_text(d, "label", info.label, sizeof(info.label));
		detail_text(d, "serial", info.serialNumber, sizeof(info.serialNumber));
	}
	return CKR_OK;
}

static CK_RV
do_slot(struct drive *d, char **words, unsigned n)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG count, at = strtoul(words[0], NULL, 10);
	CK_RV rv = list_slots(d, slots, &count);

	(void)n;
	if (rv != CKR_OK)
		return rv;
	if (at >= count)
		return CKR_SLOT_ID_INVALID;
	d->slot = slots[at];
	detail(d, "slot=%lu", d->slot);
	return CKR_OK;
}

static bool
padded_is(const unsigned char *field, size_t size, const struct text *t)
{
	while (size > 0 && (field[size - 1] == ' ' || field[size - 1] == '\0'))
		size--;
	return size == t->len && memcmp(field, t->bytes, size) == 0;
}

static CK_RV
slot_by(struct drive *d, const char *word, bool by_serial)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG count, i;
	struct text t;
	CK_RV rv = list_slots(d, slots, &count);

	if (rv != CKR_OK)
		return rv;
	text_read(&t, word);
	for (i = 0; i < count; i++) {
		CK_TOKEN_INFO info;

		if (d->f->C_GetTokenInfo(slots[i], &info) != CKR_OK)
			continue;
		if (by_serial ? !padded_is(info.serialNumber, sizeof(info.serialNumber), &t)
			      : !padded_is(info.label, sizeof(info.label), &t))
			continue;
		d->slot = slots[i];
		detail(d, "slot=%lu", d->slot);
		return CKR_OK;
	}
	return CKR_TOKEN_NOT_PRESENT;
}

static CK_RV
do_slot_label(struct drive *d, char **words, unsigned n)
{
	(void)n;
	return slot_by(d, words[0], false);
}

static CK_RV
do_slot_serial(struct drive *d, char **words, unsigned n)
{
	(void)n;
	return slot_by(d, words[0], true);
}

static CK_RV
do_token_info(struct drive *d, char **words, unsigned n)
{
	CK_TOKEN_INFO info;
	size_t i;
	CK_RV rv = d->f->C_GetTokenInfo(d->slot, &info);

	(void)words;
	(void)n;
	if (rv != CKR_OK)
		return rv;
	detail_text(d, "label", info.label, sizeof(info.label));
	detail_text(d, "manufacturer", info.manufacturerID, sizeof(info.manufacturerID));
	detail_text(d, "model", info.model, sizeof(info.model));
	detail_text(d, "serial", info.serialNumber, sizeof(info.serialNumber));
	detail(d, "pin=%lu..%lu flags:", info.ulMinPinLen, info.ulMaxPinLen);
	for (i = 0; i < sizeof(token_flags) / sizeof(token_flags[0]); i++)
		if (info.flags & token_flags[i].flag)
			detail(d, "%s", token_flags[i].name);
	return CKR_OK;
}

static struct session *
session_place(struct drive *d, const char *name)
{
	size_t i;

	for (i = 0; i < SESSIONS_MAX; i++)
		if (strcmp(d->sessions[i].name, name) == 0)
			return &d->sessions[i];
	return NULL;
}

static CK_RV
do_open(struct drive *d, char **words, unsigned n)
{
	const char *name = n > 1 ? words[1] : "main";
	CK_FLAGS flags = CKF_SERIAL_SESSION;
	struct session *s = session_place(d, "");
	CK_RV rv;

	if (strcmp(words[0], "rw") == 0)
		flags |= CKF_RW_SESSION;
	if (s == NULL)
		return CKR_SESSION_COUNT;
	rv = d->f->C_OpenSession(d->slot, flags, NULL, NULL, &s->handle);
	if (rv == CKR_OK) {
		snprintf(s->name, sizeof(s->name), "%s", name);
		d->now = s;
	}
	return rv;
}

static CK_RV
do_use(struct drive *d, char **words, unsigned n)
{
	struct session *s = session_place(d, words[0]);

	(void)n;
	if (s == NULL)
		return CKR_SESSION_HANDLE_INVALID;
	d->now = s;
	return CKR_OK;
}

static CK_RV
do_close(struct drive *d, char **words, unsigned n)
{
	struct session *s = n > 0 ? session_place(d, words[0]) : d->now;
	size_t i;
	CK_RV rv;

	if (s == NULL)
		return CKR_SESSION_HANDLE_INVALID;
	rv = d->f->C_CloseSession(s->handle);
	s->name[0] = '\0';
	if (s == d->now) {
		d->now = NULL;
		for (i = 0; i < SESSIONS_MAX; i++)
			if (d->sessions[i].name[0] != '\0')
				d->now = &d->sessions[i];
	}
	return rv;
}

static CK_RV
do_close_all(struct drive *d, char **words, unsigned n)
{
	(void)words;
	(void)n;
	memset(d->sessions, 0, sizeof(d->sessions));
	d->now = NULL;
	return d->f->C_CloseAllSessions(d->slot);
}

static CK_RV
do_session_info(struct drive *d, char **words, unsigned n)
{
	static const char *const states[] = {
	    "RO_PUBLIC", "RO_USER", "RW_PUBLIC", "RW_USER", "RW_SO"};
	CK_SESSION_INFO info;
	CK_RV rv;

	(void)words;
	(void)n;
	rv = d->f->C_GetSessionInfo(d->now != NULL ? d->now->handle : 0, &info);
	if (rv == CKR_OK)
		detail(d, "state=%s error=%lu", info.state < 5 ? states[info.state] : "?",
		    info.ulDeviceError);
	return rv;
}

static CK_RV
do_init_token(struct drive *d, char **words, unsigned n)
{
	unsigned char label[32];
	struct text pin SCRUBBED, name;

	(void)n;
	text_read(&pin, words[0]);
	text_read(&name, words[1]);
	if (pin.bad || name.bad || name.len > sizeof(label))
		return CKR_ARGUMENTS_BAD;
	memset(label, ' ', sizeof(label));
	memcpy(label, name.bytes, name.len);
	return d->f->C_InitToken(d->slot, text_pointer(&pin), pin.len, label);
}

const struct command token_commands[] = {
    {"initialize", 0, 1, "[null|RESERVED]", do_initialize},
    {"finalize", 0, 0, "", do_finalize},
    {"slots", 0, 0, "", do_slots},
    {"slot", 1, 1, "INDEX", do_slot},
    {"slot-label", 1, 1, "LABEL", do_slot_label},
    {"slot-serial", 1, 1, "SERIAL", do_slot_serial},
    {"token-info", 0, 0, "", do_token_info},
    {"open", 1, 2, "rw|ro [NAME]", do_open},
    {"use", 1, 1, "NAME", do_use},
    {"close", 0, 1, "[NAME]", do_close},
    {"close-all", 0, 0, "", do_close_all},
    {"session-info", 0, 0, "", do_session_info},
    {"init-token", 2, 2, "SOPIN LABEL", do_init_token},
    {NULL, 0, 0, NULL, NULL},
};
