/* SPDX-License-Identifier: BSD-3-Clause */
/* R, the long PIN that nobody knows, computed from the SO secret and a salt. */
#include <openssl/rand.h>
#include <string.h>

#include "card/scramble.h"
#include "card/scrypt.h"
#include "policy/log.h"

#define PIN_MAX 255

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
	if (!scrypt_derive(so, salt, SALT_LEN, stream))
		goto out;
	if (!map(stream, len, digits, pin)) {
		log_error("scrypt gave too few letters");
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
