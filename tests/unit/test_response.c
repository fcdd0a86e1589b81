/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of responses: known answers, what openssl enc says, and sizes that do not fit. */
#include "tests/unit/unit.h"

#include <openssl/rand.h>

#include "policy/response.h"

#define KEYS       100
#define CHALLENGES 100 /* for each key */

static size_t
from_hex(const char *hex, unsigned char *bytes)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(sscanf(hex + 2 * i, "%2hhx", &bytes[i]), 1);
	return n;
}

static void
to_hex(const unsigned char *bytes, size_t n, char *hex)
{
	for (size_t i = 0; i < n; i++)
		sprintf(hex + 2 * i, "%02x", bytes[i]);
}

/*
 * The first two: design, section 8. Then keys of two parts as K1 K2 K1, by openssl enc -des-ede3.
 * AES: FIPS 197, appendix C.
 */
static const struct {
	const char *key, *challenge, *response;
} known[] = {
    {"000102030405060708090a0b0c0d0e0f1011121314151617", "a892d75601617c5d", "828410b380ea38ed"},
    {"000000000000000000000000000000000000000000000000", "a892d75601617c5d", "1951ec3ef81bbabb"},
    {"000102030405060708090a0b0c0d0e0f0001020304050607", "a892d75601617c5d", "e37fa0a11393be7a"},
    {"000102030405060708090a0b0c0d0e0f", "a892d75601617c5d", "e37fa0a11393be7a"},
    {"000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff",
	"69c4e0d86a7b0430d8cdb78070b4c55a"},
    {"000102030405060708090a0b0c0d0e0f1011121314151617", "00112233445566778899aabbccddeeff",
	"dda97ca4864cdfe06eaf70a0ec0d7191"},
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	"00112233445566778899aabbccddeeff", "8ea2b7ca516745bfeafc49904b496089"},
};

START_TEST(test_known)
{
	unsigned char key[32], challenge[16], wanted[16];
	size_t size = from_hex(known[_i].challenge, challenge);
	size_t key_size = from_hex(known[_i].key, key);
	struct secret *k = secret_new(key, key_size), *response;

	ck_assert(response_fits(secret_len(k), size));
	ck_assert(response_compute(k, challenge, size, &response));
	ck_assert_uint_eq(secret_len(response), from_hex(known[_i].response, wanted));
	ck_assert_mem_eq(secret_bytes(response), wanted, size);
	secret_free(&response);
	secret_free(&k);
}
END_TEST

/* One block, of the one cipher that is meant, and nothing else. */
START_TEST(test_sizes)
{
	static const unsigned char zero[64];

	for (size_t key = 0; key <= 40; key++) {
		struct secret *k = secret_new(zero, key), *response;

		for (size_t size = 0; size <= sizeof(zero); size++) {
			bool fits = (size == 8 && (key == 16 || key == 24)) ||
				    (size == 16 && (key == 16 || key == 24 || key == 32));

			ck_assert(response_fits(key, size) == fits);
			ck_assert(response_compute(k, zero, size, &response) == fits);
			ck_assert((response != NULL) == fits);
			secret_free(&response);
		}
		secret_free(&k);
	}
}
END_TEST

/* What `openssl enc WORDS -nopad -K KEY` makes of n bytes. */
static void
by_openssl(const char *dir, const char *words, const unsigned char *key, size_t key_size,
    const unsigned char *in, size_t n, unsigned char *out)
{
	char *path = unit_write(dir, "in", in, n, 0600), hex[65], *command;
	FILE *f;

	to_hex(key, key_size, hex);
	ck_assert_int_gt(
	    asprintf(&command, "openssl enc %s -nopad -K %s -in %s", words, hex, path), 0);
	f = popen(command, "re");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fread(out, 1, n, f), n);
	ck_assert_int_eq(fgetc(f), EOF);
	ck_assert_int_eq(pclose(f), 0);
	free(command);
	free(path);
}

static void
compare(const unsigned char *key, size_t key_size, const unsigned char *challenge, size_t size,
    const unsigned char *wanted)
{
	struct secret *k = secret_new(key, key_size), *response;
	char hex[65], text[33];

	to_hex(key, key_size, hex);
	to_hex(challenge, size, text);
	ck_assert(response_compute(k, challenge, size, &response));
	ck_assert_uint_eq(secret_len(response), size);
	ck_assert_msg(memcmp(secret_bytes(response), wanted, size) == 0,
	    "not what openssl says: key %s, challenge %s", hex, text);
	secret_free(&response);
	secret_free(&k);
}

static const struct {
	size_t key_size, size;
	bool two_parts; /* for openssl the first part once more */
	const char *many, *one;
} ciphers[] = {
    {24, 8, false, "-des-ede3", "-des-ede3-cbc -iv 0000000000000000"},
    {16, 8, true, "-des-ede3", "-des-ede3-cbc -iv 0000000000000000"},
    {16, 16, false, "-aes-128-ecb", "-aes-128-cbc -iv 00000000000000000000000000000000"},
    {24, 16, false, "-aes-192-ecb", "-aes-192-cbc -iv 00000000000000000000000000000000"},
    {32, 16, false, "-aes-256-ecb", "-aes-256-cbc -iv 00000000000000000000000000000000"},
};

/*
 * 10,000 random pairs of each kind. ECB makes of many blocks what CBC with a zero IV makes of each
 * alone, so that one openssl does for all challenges of a key; and the first of them by CBC itself.
 */
START_TEST(test_openssl)
{
	size_t key_size = ciphers[_i].key_size, size = ciphers[_i].size;
	size_t whole = ciphers[_i].two_parts ? 24 : key_size;
	unsigned char key[32], in[CHALLENGES * 16], out[CHALLENGES * 16], one[16];
	char *dir = unit_folder();

	for (int i = 0; i < KEYS; i++) {
		ck_assert_int_eq(RAND_bytes(key, (int)key_size), 1);
		ck_assert_int_eq(RAND_bytes(in, (int)(CHALLENGES * size)), 1);
		if (ciphers[_i].two_parts)
			memcpy(key + 16, key, 8);
		by_openssl(dir, ciphers[_i].many, key, whole, in, CHALLENGES * size, out);
		by_openssl(dir, ciphers[_i].one, key, whole, in, size, one);
		compare(key, key_size, in, size, one);
		for (size_t j = 0; j < CHALLENGES; j++)
			compare(key, key_size, in + j * size, size, out + j * size);
	}
	unit_remove(dir);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("response");
	TCase *tc = tcase_create("response");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_known, 0, N_OF(known));
	tcase_add_test(tc, test_sizes);
	tcase_add_loop_test(tc, test_openssl, 0, N_OF(ciphers));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
