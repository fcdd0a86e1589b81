/* SPDX-License-Identifier: BSD-3-Clause */
/* X25519, HKDF-SHA-256 and AES-256-GCM, all by OpenSSL. */
#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#include "card/seal.h"
#include "policy/log.h"

#define AES_KEY   32
#define GCM_NONCE 12

_Static_assert(AES_KEY + GCM_NONCE == SEAL_ONCE, "a key for one message is key and nonce");

/* --- X25519 ----------------------------------------------------------------------------------- */

static EVP_PKEY *
private_key(const struct secret *private)
{
	if (secret_len(private) != SEAL_KEY)
		return NULL;
	return EVP_PKEY_new_raw_private_key_ex(
	    NULL, "X25519", NULL, secret_bytes(private), SEAL_KEY);
}

struct secret *
seal_private(const struct draw *draw)
{
	struct secret *private = secret_alloc(SEAL_KEY);

	if (private == NULL)
		log_error("no memory");
	else if (!draw_bytes(draw, secret_data(private), SEAL_KEY))
		secret_free(&private);
	return private;
}

bool
seal_public(const struct secret *private, unsigned char public[SEAL_KEY])
{
	EVP_PKEY *key = private_key(private);
	size_t len = SEAL_KEY;
	bool ok =
	    key != NULL && EVP_PKEY_get_raw_public_key(key, public, &len) == 1 && len == SEAL_KEY;

	EVP_PKEY_free(key);
	if (!ok)
		log_error("X25519 failed in OpenSSL");
	return ok;
}

/*
 * What both have in common. SEAL_SHUT: it is zero, as it is with some public keys whatever the
 * private one (RFC 7748, 6.1): a box for such a key anybody could open.
 */
static enum seal_status
agree(const struct secret *private, const unsigned char public[SEAL_KEY], struct secret **shared)
{
	static const unsigned char zero[SEAL_KEY];
	EVP_PKEY *own = private_key(private);
	EVP_PKEY *other = EVP_PKEY_new_raw_public_key_ex(NULL, "X25519", NULL, public, SEAL_KEY);
	EVP_PKEY_CTX *ctx = own != NULL ? EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL) : NULL;
	enum seal_status status = SEAL_FAILED;
	size_t len = SEAL_KEY;

	*shared = secret_alloc(SEAL_KEY);
	if (*shared == NULL || other == NULL || ctx == NULL || EVP_PKEY_derive_init(ctx) != 1 ||
	    EVP_PKEY_derive_set_peer_ex(ctx, other, 0) != 1)
		goto out;
	/* OpenSSL fails where the outcome is zero, and leaves it there. */
	status = EVP_PKEY_derive(ctx, secret_data(*shared), &len) == 1 && len == SEAL_KEY &&
			 CRYPTO_memcmp(secret_bytes(*shared), zero, SEAL_KEY) != 0
		     ? SEAL_OPEN
		     : SEAL_SHUT;
out:
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(other);
	EVP_PKEY_free(own);
	if (status != SEAL_OPEN)
		secret_free(shared);
	return status;
}

/* --- HKDF ------------------------------------------------------------------------------------- */

static bool
expand(const struct secret *shared, const unsigned char salt[2 * SEAL_KEY], const char *label,
    struct secret *once)
{
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(
		OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)OSSL_DIGEST_NAME_SHA2_256, 0),
	    OSSL_PARAM_construct_octet_string(
		OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret_bytes(shared), secret_len(shared)),
	    OSSL_PARAM_construct_octet_string(
		OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt, 2 * SEAL_KEY),
	    OSSL_PARAM_construct_octet_string(
		OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)label, strlen(label)),
	    OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	bool ok =
	    ctx != NULL && EVP_KDF_derive(ctx, secret_data(once), secret_len(once), params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok;
}

/* The key for the one message between an ephemeral key and the recipient's. */
static enum seal_status
once_of(const struct secret *private, const unsigned char other[SEAL_KEY],
    const unsigned char ephemeral[SEAL_KEY], const unsigned char recipient[SEAL_KEY],
    const char *label, struct secret **once)
{
	unsigned char salt[2 * SEAL_KEY];
	struct secret *shared = NULL;
	enum seal_status status = agree(private, other, &shared);

	*once = NULL;
	if (status != SEAL_OPEN)
		return status;
	memcpy(salt, ephemeral, SEAL_KEY);
	memcpy(salt + SEAL_KEY, recipient, SEAL_KEY);
	*once = secret_alloc(SEAL_ONCE);
	if (*once == NULL || !expand(shared, salt, label, *once)) {
		secret_free(once);
		status = SEAL_FAILED;
	}
	secret_free(&shared);
	return status;
}

/* --- AES-256-GCM ------------------------------------------------------------------------------ */

static EVP_CIPHER_CTX *
begin(const struct secret *once, const unsigned char *ad, size_t ad_len, bool close)
{
	EVP_CIPHER_CTX *ctx = secret_len(once) == SEAL_ONCE ? EVP_CIPHER_CTX_new() : NULL;
	int n;

	if (ctx != NULL && ad_len <= INT_MAX &&
	    EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, secret_bytes(once),
		secret_bytes(once) + AES_KEY, close) == 1 &&
	    EVP_CipherUpdate(ctx, NULL, &n, ad, (int)ad_len) == 1)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

bool
seal_close(const struct secret *once, const unsigned char *ad, size_t ad_len,
    const struct secret *content, unsigned char *out)
{
	size_t size = secret_len(content);
	EVP_CIPHER_CTX *ctx = size <= INT_MAX ? begin(once, ad, ad_len, true) : NULL;
	int n = 0, rest = 0;
	bool ok =
	    ctx != NULL && EVP_EncryptUpdate(ctx, out, &n, secret_bytes(content), (int)size) == 1 &&
	    EVP_EncryptFinal_ex(ctx, out + n, &rest) == 1 && (size_t)n + (size_t)rest == size &&
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG, out + size) == 1;

	EVP_CIPHER_CTX_free(ctx);
	if (!ok)
		log_error("AES-256-GCM failed in OpenSSL");
	return ok;
}

enum seal_status
seal_open(const struct secret *once, const unsigned char *ad, size_t ad_len,
    const unsigned char *sealed, size_t len, struct secret **content)
{
	size_t size = len - SEAL_TAG;
	enum seal_status status = SEAL_FAILED;
	EVP_CIPHER_CTX *ctx = NULL;
	unsigned char tag[SEAL_TAG];
	int n = 0, rest = 0;

	*content = NULL;
	if (len < SEAL_TAG || size > INT_MAX)
		return SEAL_SHUT;
	memcpy(tag, sealed + size, SEAL_TAG);
	if ((ctx = begin(once, ad, ad_len, false)) == NULL ||
	    (*content = secret_alloc(size)) == NULL ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG, tag) != 1 ||
	    EVP_DecryptUpdate(ctx, secret_data(*content), &n, sealed, (int)size) != 1)
		goto out;
	status = EVP_DecryptFinal_ex(ctx, secret_data(*content) + n, &rest) == 1 &&
			 (size_t)n + (size_t)rest == size
		     ? SEAL_OPEN
		     : SEAL_SHUT;
out:
	EVP_CIPHER_CTX_free(ctx);
	if (status == SEAL_FAILED)
		log_error("AES-256-GCM failed in OpenSSL");
	if (status != SEAL_OPEN)
		secret_free(content);
	return status;
}

/* --- Both ------------------------------------------------------------------------------------- */

bool
seal_to(const unsigned char public[SEAL_KEY], const char *label, const unsigned char *ad,
    size_t ad_len, const struct secret *content, const struct draw *draw, unsigned char *out)
{
	struct secret *private = seal_private(draw), *once = NULL;
	enum seal_status status = SEAL_FAILED;

	if (private != NULL && seal_public(private, out))
		status = once_of(private, public, out, public, label, &once);
	if (status == SEAL_OPEN && !seal_close(once, ad, ad_len, content, out + SEAL_KEY))
		status = SEAL_FAILED;
	if (status == SEAL_SHUT)
		log_error(
		    "a public key that anybody could open was given: nothing is sealed to it");
	secret_free(&once);
	secret_free(&private);
	return status == SEAL_OPEN;
}

enum seal_status
seal_from(const struct secret *private, const char *label, const unsigned char *ad, size_t ad_len,
    const unsigned char *sealed, size_t len, struct secret **content)
{
	unsigned char public[SEAL_KEY];
	struct secret *once = NULL;
	enum seal_status status;

	*content = NULL;
	if (len < SEAL_HEADER)
		return SEAL_SHUT;
	if (!seal_public(private, public))
		return SEAL_FAILED;
	status = once_of(private, sealed, sealed, public, label, &once);
	if (status == SEAL_OPEN)
		status = seal_open(once, ad, ad_len, sealed + SEAL_KEY, len - SEAL_KEY, content);
	secret_free(&once);
	return status;
}
