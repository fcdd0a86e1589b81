/* SPDX-License-Identifier: BSD-3-Clause */
/* Secrets in OpenSSL's secure heap, wiped when freed. */
#include "policy/secret.h"

#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <openssl/crypto.h>

#include "policy/declassify.h"

/* Fits into the smallest usual RLIMIT_MEMLOCK (64 KiB); what goes beyond it is ordinary memory. */
#define HEAP_SIZE (32u * 1024u)
#define HEAP_UNIT 32u

struct secret {
	size_t size; /* bytes reserved, for wiping */
	size_t len;
	unsigned char bytes[];
};

void
secret_init(void)
{
	const struct rlimit none = {0, 0};

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
	if (!CRYPTO_secure_malloc_initialized())
		(void)CRYPTO_secure_malloc_init(HEAP_SIZE, HEAP_UNIT);
}

struct secret *
secret_alloc(size_t len)
{
	struct secret *s;
	size_t size;

	if (len > SIZE_MAX - sizeof(*s))
		return NULL;
	size = sizeof(*s) + len;
	s = OPENSSL_secure_zalloc(size);
	/* The secure heap is small; when it is full, wiping has to do. */
	if (s == NULL)
		s = OPENSSL_zalloc(size);
	if (s == NULL)
		return NULL;
	s->size = size;
	s->len = len;
	return s;
}

struct secret *
secret_new(const void *bytes, size_t len)
{
	struct secret *s = secret_alloc(len);

	if (s != NULL && len != 0)
		memcpy(s->bytes, bytes, len);
	return s;
}

struct secret *
secret_dup(const struct secret *s)
{
	return s == NULL ? NULL : secret_new(s->bytes, s->len);
}

void
secret_free(struct secret **s)
{
	if (*s == NULL)
		return;
	/* Knows by itself which of the two heaps it came from. */
	OPENSSL_secure_clear_free(*s, (*s)->size);
	*s = NULL;
}

void
secret_truncate(struct secret *s, size_t len)
{
	if (len >= s->len)
		return;
	OPENSSL_cleanse(s->bytes + len, s->len - len);
	s->len = len;
}

const unsigned char *
secret_bytes(const struct secret *s)
{
	return s->bytes;
}

unsigned char *
secret_data(struct secret *s)
{
	return s->bytes;
}

size_t
secret_len(const struct secret *s)
{
	return s->len;
}

bool
secret_equal(const struct secret *a, const struct secret *b)
{
	bool equal;

	if (a == NULL || b == NULL || a->len != b->len)
		return false;
	equal = CRYPTO_memcmp(a->bytes, b->bytes, a->len) == 0;
	declassify(&equal, sizeof(equal));
	return equal;
}
