/* SPDX-License-Identifier: BSD-3-Clause */
/* KBKDF of the card manager key. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#include "card/helpdesk.h"
#include "card/seal.h"
#include "policy/key_kind.h"
#include "policy/log.h"
#include "policy/response.h"

#define DES_PART       8 /* bytes */
#define HELPDESK_LABEL "p11-latch helpdesk"

size_t
manager_block(enum manager_cipher cipher)
{
	return cipher == MANAGER_AES ? RESPONSE_AES : RESPONSE_DES;
}

/* All forms of a key that give the same responses as one; NULL: no key of this cipher. */
static struct secret *
canonical(const struct secret *key, enum manager_cipher cipher)
{
	size_t len = secret_len(key);
	struct secret *all;

	if (!response_fits(len, manager_block(cipher)))
		return NULL;
	if (cipher == MANAGER_AES)
		return secret_dup(key);
	all = secret_alloc(3 * DES_PART);
	if (all == NULL)
		return NULL;
	memcpy(secret_data(all), secret_bytes(key), len);
	if (len == 2 * DES_PART)
		memcpy(secret_data(all) + len, secret_bytes(key), DES_PART);
	key_make_odd(secret_data(all), (size_t)3 * DES_PART);
	return all;
}

static bool
kbkdf(const struct secret *key, const char *label, const void *context, size_t context_len,
    struct secret *out)
{
	/* The standard's label and context are OpenSSL's salt and info. */
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_MODE, (char *)(uintptr_t) "COUNTER", 0),
	    OSSL_PARAM_construct_utf8_string(
		OSSL_KDF_PARAM_MAC, (char *)(uintptr_t)OSSL_MAC_NAME_HMAC, 0),
	    OSSL_PARAM_construct_utf8_string(
		OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)OSSL_DIGEST_NAME_SHA2_256, 0),
	    OSSL_PARAM_construct_octet_string(
		OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret_bytes(key), secret_len(key)),
	    OSSL_PARAM_construct_octet_string(
		OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)label, strlen(label)),
	    OSSL_PARAM_construct_octet_string(
		OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)context, context_len),
	    OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "KBKDF", NULL);
	EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	bool ok =
	    ctx != NULL && EVP_KDF_derive(ctx, secret_data(out), secret_len(out), params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok;
}

struct secret *
manager_derive(const struct secret *key, enum manager_cipher cipher, const char *label,
    const void *context, size_t context_len, size_t len)
{
	struct secret *whole = canonical(key, cipher), *out = secret_alloc(len);

	if (whole == NULL || out == NULL || !kbkdf(whole, label, context, context_len, out)) {
		log_error("nothing can be derived from the card manager key: it has %zu bytes, or "
			  "OpenSSL failed",
		    secret_len(key));
		secret_free(&out);
	}
	secret_free(&whole);
	return out;
}

struct secret *
helpdesk_private(const struct secret *key, enum manager_cipher cipher, const struct card_name *name)
{
	return manager_derive(key, cipher, HELPDESK_LABEL, name->bytes, name->len, SEAL_KEY);
}
