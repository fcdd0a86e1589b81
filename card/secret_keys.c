/* SPDX-License-Identifier: BSD-3-Clause */
/* Secret key objects of a token, and which one a vendor's program put there for challenges. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "card/pin_part.h"
#include "card/secret_keys.h"
#include "card/tickets_part.h"
#include "policy/log.h"

static CK_OBJECT_CLASS secret_key_class = CKO_SECRET_KEY;

/* Letters and digits only: "Card Manager Key", "card-manager-key" and "CardManagerKey" are one. */
static void
squeeze(const char *label, char *text)
{
	for (; *label != '\0'; label++) {
		if (isalnum((unsigned char)*label))
			*text++ = *label;
	}
	*text = '\0';
}

bool
secret_keys_is_manager(const char *label)
{
	static const char *const words[] = {
	    "challengeresponse", "cardmanager", "cardmgr", "adminkey", "administratorkey"};
	char text[SECRET_KEYS_LABEL + 1];
	size_t i;

	if (strlen(label) > SECRET_KEYS_LABEL)
		return false;
	squeeze(label, text);
	/* As in InitCRKey=: two letters alone would be found in too many names. */
	if (strcasecmp(text, "crkey") == 0)
		return true;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasestr(text, words[i]) != NULL)
			return true;
	}
	return false;
}

/* False: it has none, or a longer one than any that is looked for. */
static bool
read_label(struct work *w, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, char *label)
{
	CK_ATTRIBUTE a = {CKA_LABEL, NULL, 0};
	size_t i;

	if (w->f->C_GetAttributeValue(session, object, &a, 1) != CKR_OK || a.ulValueLen == 0 ||
	    a.ulValueLen > SECRET_KEYS_LABEL)
		return false;
	memset(label, 0, SECRET_KEYS_LABEL + 1);
	a.pValue = label;
	if (w->f->C_GetAttributeValue(session, object, &a, 1) != CKR_OK)
		return false;
	label[SECRET_KEYS_LABEL] = '\0';
	for (i = 0; label[i] != '\0'; i++) {
		if (label[i] < ' ' || label[i] > '~')
			label[i] = '?';
	}
	return true;
}

static CK_RV
work_look(struct work *w, void *arg)
{
	CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &secret_key_class, sizeof(secret_key_class)}};
	CK_OBJECT_HANDLE all[SECRET_KEYS_MAX];
	char label[SECRET_KEYS_LABEL + 1];
	struct secret_keys *keys = arg;
	CK_SESSION_HANDLE session;
	size_t i;
	CK_RV rv = pin_open_session(w, false, &session);

	memset(keys, 0, sizeof(*keys));
	if (rv != CKR_OK)
		return rv;
	rv = objects_search(w, session, wanted, 1, all, SECRET_KEYS_MAX, &keys->n);
	for (i = 0; rv == CKR_OK && i < keys->n && keys->manager[0] == '\0'; i++) {
		if (read_label(w, session, all[i], label) && secret_keys_is_manager(label))
			memcpy(keys->manager, label, sizeof(label));
	}
	w->f->C_CloseSession(session);
	return rv;
}

CK_RV
secret_keys_read(struct card *c, struct secret_keys *keys)
{
	CK_RV rv = card_work(c, work_look, keys);

	if (rv != CKR_OK)
		log_error("%s: its secret keys cannot be looked at: %s", c->uri, rv_name(rv));
	return rv;
}
