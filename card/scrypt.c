/* SPDX-License-Identifier: BSD-3-Clause */
/* scrypt, with the memory that it takes in large pages. */
#include <malloc.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "card/scrypt.h"
#include "policy/log.h"

#define SCRYPT_MEMORY (16 * 1024 * 1024) /* 128 * r * N */
#define LARGE_PAGE    (2 * 1024 * 1024)

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

bool
scrypt_derive(
    const struct secret *password, const unsigned char *salt, size_t salt_len, struct secret *out)
{
	uint64_t n = 1u << 14, most = 64u * 1024 * 1024;
	uint32_t r = 8, p = 1;
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD,
		(void *)(uintptr_t)secret_bytes(password), secret_len(password)),
	    OSSL_PARAM_construct_octet_string(
		OSSL_KDF_PARAM_SALT, (void *)(uintptr_t)salt, salt_len),
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
	if (!ok)
		log_error("scrypt failed in OpenSSL, which wants 16 MiB of memory for it");
	return ok;
}
