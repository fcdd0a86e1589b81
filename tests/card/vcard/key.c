/* SPDX-License-Identifier: BSD-3-Clause */
/* The RSA key of a virtual smart card. */
#include "tests/card/vcard/key.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define YEARS_20 (20L * 365 * 24 * 3600)

bool
key_generate(unsigned char *der, size_t size, size_t *len)
{
	EVP_PKEY *key = EVP_RSA_gen(8 * KEY_BYTES);
	int n = key != NULL ? i2d_PrivateKey(key, NULL) : -1;
	bool good = n > 0 && (size_t)n <= size;

	if (good)
		*len = (size_t)i2d_PrivateKey(key, &der);
	EVP_PKEY_free(key);
	return good;
}

static EVP_PKEY *
load(const unsigned char *der, size_t len)
{
	return d2i_AutoPrivateKey(NULL, &der, (long)len);
}

bool
key_modulus(const unsigned char *der, size_t len, unsigned char *modulus)
{
	EVP_PKEY *key = load(der, len);
	BIGNUM *n = NULL;
	bool good = key != NULL && EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
		    BN_bn2binpad(n, modulus, KEY_BYTES) == KEY_BYTES;

	BN_free(n);
	EVP_PKEY_free(key);
	return good;
}

static bool
private_operation(const unsigned char *der, size_t len, int padding, const unsigned char *in,
    size_t in_len, unsigned char *out)
{
	EVP_PKEY *key = load(der, len);
	EVP_PKEY_CTX *ctx = key != NULL ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	size_t out_len = KEY_BYTES;
	bool good = ctx != NULL && EVP_PKEY_get_size(key) == KEY_BYTES &&
		    EVP_PKEY_sign_init(ctx) == 1 &&
		    EVP_PKEY_CTX_set_rsa_padding(ctx, padding) == 1 &&
		    EVP_PKEY_sign(ctx, out, &out_len, in, in_len) == 1 && out_len == KEY_BYTES;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	return good;
}

bool
key_raw(const unsigned char *der, size_t len, const unsigned char *in, unsigned char *out)
{
	return private_operation(der, len, RSA_NO_PADDING, in, KEY_BYTES, out);
}

bool
key_sign(const unsigned char *der, size_t len, const unsigned char *in, size_t in_len,
    unsigned char *out)
{
	return private_operation(der, len, RSA_PKCS1_PADDING, in, in_len, out);
}

static bool
fill(X509 *x, EVP_PKEY *key, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(x);

	return X509_set_version(x, X509_VERSION_3) == 1 &&
	       ASN1_INTEGER_set(X509_get_serialNumber(x), 1) == 1 &&
	       X509_gmtime_adj(X509_getm_notBefore(x), 0) != NULL &&
	       X509_gmtime_adj(X509_getm_notAfter(x), YEARS_20) != NULL &&
	       X509_NAME_add_entry_by_txt(
		   subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0) == 1 &&
	       X509_set_issuer_name(x, subject) == 1 && X509_set_pubkey(x, key) == 1 &&
	       X509_sign(x, key, EVP_sha256()) > 0;
}

bool
key_certificate(const unsigned char *der, size_t len, const char *name, unsigned char *out,
    size_t size, size_t *out_len)
{
	EVP_PKEY *key = load(der, len);
	X509 *x = X509_new();
	bool good = key != NULL && x != NULL && fill(x, key, name);
	int n = good ? i2d_X509(x, NULL) : -1;

	good = n > 0 && (size_t)n <= size;
	if (good)
		*out_len = (size_t)i2d_X509(x, &out);
	X509_free(x);
	EVP_PKEY_free(key);
	return good;
}
