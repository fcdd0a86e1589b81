/* SPDX-License-Identifier: BSD-3-Clause */
/* R, the long PIN that nobody knows, computed from the SO secret and a salt. */
#include <malloc.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "card/scramble.h"
#include "policy/log.h"

#define PIN_MAX 255

#define SCRYPT_MEMORY (16 * 1024 * 1024) /* 128 * r * N */
#define LARGE_PAGE    (2 * 1024 * 1024)

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
static const char numerals[] = "0123456789";

/* Takes letters from bytes until len are had; false where the bytes do not last. */
static bool
map(const struct secret *bytes, size_t len, bool digits, struct secret *pin)
{
	const char *alphabet = digits ? numerals : letters;
	const size_t n = strlen(alphabet);
	/* Bytes from here on would make the first ones likelier than the last. */
	const size_t unbiased = 256 / n * n;
	const unsigned char *b = secret_bytes(bytes);
	size_t i, have = 0;

	for (i = 0; i < secret_len(bytes) && have < len; i++) {
		if (b[i] < unbiased)
			secret_data(pin)[have++] = (unsigned char)alphabet[b[i] % n];
	}
	return have == len;
}

/*
 * OpenSSL takes scrypt's 16 MiB from malloc, and every page of 4 KiB of them is a fault: a sixth of
 * all its time. So that malloc has 16 MiB in large pages to give, which it gives back afterwards.
 */
static void
widen_pages(void)
{
#if defined(__GLIBC__) && defined(MADV_HUGEPAGE)
	const size_t size = SCRYPT_MEMORY + 2 * LARGE_PAGE;
	uintptr_t memory, start;
	void *p;

	/* From the heap, not from a mapping of its own, which would be gone when it is freed. */
	mallopt(M_MMAP_THRESHOLD, 2 * SCRYPT_MEMORY);
	mallopt(M_TRIM_THRESHOLD, 2 * SCRYPT_MEMORY);
	p = malloc(size);
	memory = (uintptr_t)p;
	start = (memory + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
	if (p != NULL)
		(void)madvise((void *)start, memory + size - start, MADV_HUGEPAGE);
	free(p);
#endif
}

static bool
scrypt(const struct secret *so, const unsigned char salt[SALT_LEN], struct secret *out)
{
	uint64_t n = 1u << 14, most = 64u * 1024 * 1024;
	uint32_t r = 8, p = 1;
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_octet_string(
		OSSL_KDF_PARAM_PASSWORD, (void *)(uintptr_t)secret_bytes(so), secret_len(so)),
	    OSSL_PARAM_construct_octet_string(
		OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt, SALT_LEN),
	    OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_N, &n),
	    OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_R, &r),
	    OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_SCRYPT_P, &p),
	    OSSL_PARAM_construct_uint64(OSSL_KDF_PARAM_SCRYPT_MAXMEM, &most),
	    OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "SCRYPT", NULL);
	EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	bool ok;

	widen_pages();
	ok = ctx != NULL && EVP_KDF_derive(ctx, secret_data(out), secret_len(out), params) == 1;
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
#ifdef __GLIBC__
	malloc_trim(0);
#endif
	return ok;
}

CK_RV
scramble_pin(const struct secret *so, const unsigned char salt[SALT_LEN], size_t len, bool digits,
    struct secret **r)
{
	struct secret *stream = NULL, *pin = NULL;
	CK_RV rv = CKR_HOST_MEMORY;

	/* 8 bytes a letter: that they do not last has a chance of less than 2^-100. */
	if ((stream = secret_alloc(8 * len)) == NULL || (pin = secret_alloc(len)) == NULL)
		goto out;
	rv = CKR_FUNCTION_FAILED;
	if (!scrypt(so, salt, stream) || !map(stream, len, digits, pin)) {
		log_error("scrypt failed in OpenSSL");
		goto out;
	}
	*r = pin;
	pin = NULL;
	rv = CKR_OK;
out:
	secret_free(&stream);
	secret_free(&pin);
	return rv;
}

struct secret *
random_pin(size_t len, bool digits)
{
	struct secret *stream = NULL, *pin = NULL;

	if (len > PIN_MAX || (stream = secret_alloc(8 * len)) == NULL ||
	    (pin = secret_alloc(len)) == NULL)
		goto fail;
	if (RAND_priv_bytes(secret_data(stream), (int)secret_len(stream)) != 1 ||
	    !map(stream, len, digits, pin))
		goto fail;
	secret_free(&stream);
	return pin;
fail:
	log_error("no memory, or no randomness from OpenSSL");
	secret_free(&stream);
	secret_free(&pin);
	return NULL;
}
