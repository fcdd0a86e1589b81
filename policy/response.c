/* SPDX-License-Identifier: BSD-3-Clause */
/* The response to a challenge: one block of 3DES or AES. */
#include "policy/response.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#define KEY_MAX 32 /* bytes */

static const EVP_CIPHER *
cipher_of(size_t key_size, size_t challenge_size)
{
	if (challenge_size == RESPONSE_DES && (key_size == 16 || key_size == 24))
		return EVP_des_ede3_ecb();
	if (challenge_size != RESPONSE_AES)
		return NULL;
	switch (key_size) {
	case 16:
		return EVP_aes_128_ecb();
	case 24:
		return EVP_aes_192_ecb();
	case 32:
		return EVP_aes_256_ecb();
	default:
		return NULL;
	}
}

bool
response_fits(size_t key_size, size_t challenge_size)
{
	return cipher_of(key_size, challenge_size) != NULL;
}

/* One block makes ECB of what other programs do by CBC with a zero IV. */
static bool
encrypt(const EVP_CIPHER *cipher, const unsigned char *key, const unsigned char *in, size_t size,
    unsigned char *out)
{
	/* Room for the block that OpenSSL might add, though it is told not to. */
	unsigned char buffer[2 * RESPONSE_AES];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	bool ok = ctx != NULL && EVP_EncryptInit_ex(ctx, cipher, NULL, key, NULL) == 1 &&
		  EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
		  EVP_EncryptUpdate(ctx, buffer, &n, in, (int)size) == 1 && n == (int)size;

	if (ok)
		memcpy(out, buffer, size);
	EVP_CIPHER_CTX_free(ctx);
	OPENSSL_cleanse(buffer, sizeof(buffer));
	return ok;
}

bool
response_compute(const struct secret *key, const unsigned char *challenge, size_t challenge_size,
    struct secret **response)
{
	size_t key_size = secret_len(key);
	const EVP_CIPHER *cipher = cipher_of(key_size, challenge_size);
	unsigned char whole[KEY_MAX];

	*response = NULL;
	if (cipher == NULL)
		return false;
	*response = secret_alloc(challenge_size);
	if (*response == NULL)
		return false;
	memcpy(whole, secret_bytes(key), key_size);
	/* A 3DES key of two parts is used as K1 K2 K1. */
	if (challenge_size == RESPONSE_DES && key_size == 16)
		memcpy(whole + 16, whole, 8);
	if (!encrypt(cipher, whole, challenge, challenge_size, secret_data(*response)))
		secret_free(response);
	OPENSSL_cleanse(whole, sizeof(whole));
	return *response != NULL;
}
