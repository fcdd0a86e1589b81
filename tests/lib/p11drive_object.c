/* SPDX-License-Identifier: BSD-3-Clause */
/* p11drive's commands on objects: data objects, a key, a signature by it. */
#include <string.h>

#include "tests/lib/p11drive.h"

#define OBJECTS_MAX 64
#define KEY_LEN     32

static CK_SESSION_HANDLE
session(const struct drive *d)
{
	return d->now != NULL ? d->now->handle : 0;
}

static CK_RV
do_create_data(struct drive *d, char **words, unsigned n)
{
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_BBOOL yes = CK_TRUE;
	CK_BBOOL is_private = strcmp(words[2], "private") == 0 ? CK_TRUE : CK_FALSE;
	CK_OBJECT_HANDLE object;
	struct text label, value SCRUBBED;
	CK_ATTRIBUTE a[] = {
	    {CKA_CLASS, &class, sizeof(class)},
	    {CKA_TOKEN, &yes, sizeof(yes)},
	    {CKA_PRIVATE, &is_private, sizeof(is_private)},
	    {CKA_LABEL, label.bytes, 0},
	    {CKA_VALUE, value.bytes, 0},
	};

	(void)n;
	text_read(&label, words[0]);
	text_read(&value, words[1]);
	a[3].ulValueLen = label.len;
	a[4].ulValueLen = value.len;
	return d->f->C_CreateObject(session(d), a, sizeof(a) / sizeof(a[0]), &object);
}

/* label NULL: every object. */
static CK_RV
search(struct drive *d, const char *label, CK_OBJECT_HANDLE *found, CK_ULONG *n)
{
	struct text t;
	CK_ATTRIBUTE a = {CKA_LABEL, t.bytes, 0};
	CK_RV rv, end;

	text_read(&t, label != NULL ? label : "empty");
	a.ulValueLen = t.len;
	rv = d->f->C_FindObjectsInit(session(d), &a, label != NULL ? 1 : 0);
	if (rv != CKR_OK)
		return rv;
	rv = d->f->C_FindObjects(session(d), found, OBJECTS_MAX, n);
	end = d->f->C_FindObjectsFinal(session(d));
	return rv != CKR_OK ? rv : end;
}

static CK_RV
do_find(struct drive *d, char **words, unsigned n)
{
	CK_OBJECT_HANDLE found[OBJECTS_MAX];
	unsigned char label[64];
	CK_ULONG count = 0, i;
	CK_RV rv = search(d, n > 0 ? words[0] : NULL, found, &count);

	if (rv != CKR_OK)
		return rv;
	detail(d, "n=%lu", count);
	for (i = 0; i < count; i++) {
		CK_ATTRIBUTE a = {CKA_LABEL, label, sizeof(label)};

		if (d->f->C_GetAttributeValue(session(d), found[i], &a, 1) == CKR_OK)
			detail_text(d, "label", label, a.ulValueLen);
	}
	return CKR_OK;
}

static CK_RV
do_read_data(struct drive *d, char **words, unsigned n)
{
	CK_OBJECT_HANDLE found[OBJECTS_MAX];
	unsigned char value[TEXT_MAX];
	CK_ATTRIBUTE a = {CKA_VALUE, value, sizeof(value)};
	CK_ULONG count = 0;
	CK_RV rv = search(d, words[0], found, &count);

	(void)n;
	if (rv != CKR_OK || count == 0)
		return rv != CKR_OK ? rv : CKR_OBJECT_HANDLE_INVALID;
	rv = d->f->C_GetAttributeValue(session(d), found[0], &a, 1);
	if (rv == CKR_OK)
		detail_text(d, "value", value, a.ulValueLen);
	return rv;
}

static CK_RV
do_destroy(struct drive *d, char **words, unsigned n)
{
	CK_OBJECT_HANDLE found[OBJECTS_MAX];
	CK_ULONG count = 0, i;
	CK_RV rv = search(d, words[0], found, &count);

	(void)n;
	for (i = 0; i < count && rv == CKR_OK; i++)
		rv = d->f->C_DestroyObject(session(d), found[i]);
	if (rv == CKR_OK)
		detail(d, "n=%lu", count);
	return rv;
}

/* A token key for HMAC, private unless it is to be public: made at once, where an RSA key takes its
 * time. */
static CK_RV
do_gen_key(struct drive *d, char **words, unsigned n)
{
	static unsigned char key[KEY_LEN] = {1, 2, 3, 4, 5, 6, 7, 8};
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_BBOOL yes = CK_TRUE;
	CK_BBOOL is_private = n < 2 || strcmp(words[1], "public") != 0 ? CK_TRUE : CK_FALSE;
	CK_OBJECT_HANDLE object;
	struct text label;
	CK_ATTRIBUTE a[] = {
	    {CKA_CLASS, &class, sizeof(class)},
	    {CKA_KEY_TYPE, &type, sizeof(type)},
	    {CKA_TOKEN, &yes, sizeof(yes)},
	    {CKA_PRIVATE, &is_private, sizeof(is_private)},
	    {CKA_SIGN, &yes, sizeof(yes)},
	    {CKA_LABEL, label.bytes, 0},
	    {CKA_VALUE, key, sizeof(key)},
	};

	text_read(&label, n > 0 ? words[0] : "key");
	a[5].ulValueLen = label.len;
	return d->f->C_CreateObject(session(d), a, sizeof(a) / sizeof(a[0]), &object);
}

static CK_RV
do_sign(struct drive *d, char **words, unsigned n)
{
	static unsigned char data[] = "what is signed";
	CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
	CK_OBJECT_HANDLE found[OBJECTS_MAX];
	unsigned char signature[64];
	CK_ULONG len = sizeof(signature), count = 0;
	CK_RV rv = search(d, n > 0 ? words[0] : "key", found, &count);

	if (rv != CKR_OK || count == 0)
		return rv != CKR_OK ? rv : CKR_KEY_HANDLE_INVALID;
	rv = d->f->C_SignInit(session(d), &hmac, found[0]);
	if (rv == CKR_OK)
		rv = d->f->C_Sign(session(d), data, sizeof(data), signature, &len);
	if (rv == CKR_OK)
		detail(d, "len=%lu first=%02x%02x%02x%02x", len, signature[0], signature[1],
		    signature[2], signature[3]);
	return rv;
}

static CK_RV
find_private_key(struct drive *d, CK_OBJECT_HANDLE *key)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_ATTRIBUTE a = {CKA_CLASS, &class, sizeof(class)};
	CK_ULONG count = 0;
	CK_RV rv = d->f->C_FindObjectsInit(session(d), &a, 1), end;

	if (rv != CKR_OK)
		return rv;
	rv = d->f->C_FindObjects(session(d), key, 1, &count);
	end = d->f->C_FindObjectsFinal(session(d));
	if (rv != CKR_OK || end != CKR_OK)
		return rv != CKR_OK ? rv : end;
	return count > 0 ? CKR_OK : CKR_KEY_HANDLE_INVALID;
}

/* By the first private key there is: cards have one. */
static CK_RV
do_sign_rsa(struct drive *d, char **words, unsigned n)
{
	static unsigned char data[] = "what is signed";
	CK_MECHANISM rsa = {CKM_SHA256_RSA_PKCS, NULL, 0};
	unsigned char signature[TEXT_MAX];
	CK_ULONG len = sizeof(signature);
	CK_OBJECT_HANDLE key;
	CK_RV rv = find_private_key(d, &key);

	(void)words;
	(void)n;
	if (rv == CKR_OK)
		rv = d->f->C_SignInit(session(d), &rsa, key);
	if (rv == CKR_OK)
		rv = d->f->C_Sign(session(d), data, sizeof(data), signature, &len);
	if (rv == CKR_OK)
		detail(d, "len=%lu", len);
	return rv;
}

const struct command object_commands[] = {
    {"create-data", 3, 3, "LABEL VALUE private|public", do_create_data},
    {"find", 0, 1, "[LABEL]", do_find},
    {"read-data", 1, 1, "LABEL", do_read_data},
    {"destroy", 1, 1, "LABEL", do_destroy},
    {"gen-key", 0, 2, "[LABEL [private|public]]", do_gen_key},
    {"sign", 0, 1, "[LABEL]", do_sign},
    {"sign-rsa", 0, 0, "", do_sign_rsa},
    {NULL, 0, 0, NULL, NULL},
};
