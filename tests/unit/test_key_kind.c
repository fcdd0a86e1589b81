/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of new keys, also from randomness that is no good, and of what is found in a key's parts.
 */
#define OPENSSL_SUPPRESS_DEPRECATED /* of RAND_METHOD, for randomness of this test's own */
#include "tests/unit/unit.h"

#include <openssl/rand.h>

#include "policy/key.h"
#include "policy/key_kind.h"

#define GOOD  "0123456789ABCDEF" /* a part with odd parity */
#define OTHER "FEDCBA9876543210"
#define THIRD "1023456789ABCDEF"

static struct secret *
from_hex(const char *hex)
{
	struct secret *s = secret_alloc(strlen(hex) / 2);

	for (size_t i = 0; i < secret_len(s); i++)
		ck_assert_int_eq(sscanf(hex + 2 * i, "%2hhx", &secret_data(s)[i]), 1);
	return s;
}

static void
judge(const char *hex, struct key_parts *parts)
{
	struct secret *s = from_hex(hex);

	key_judge(s, parts);
	secret_free(&s);
}

/* FIPS 74, table of weak and semi-weak keys; without regard to parity. */
static const struct {
	const char *part;
	bool weak, semi_weak;
} listed[] = {
    {"0101010101010101", true, false},
    {"FEFEFEFEFEFEFEFE", true, false},
    {"E0E0E0E0F1F1F1F1", true, false},
    {"1F1F1F1F0E0E0E0E", true, false},
    {"0000000000000000", true, false},
    {"FFFFFFFFFFFFFFFF", true, false},
    {"E1E1E1E1F0F0F0F0", true, false},
    {"1E1E1E1E0F0F0F0F", true, false},
    {"011F011F010E010E", false, true},
    {"1F011F010E010E01", false, true},
    {"01E001E001F101F1", false, true},
    {"E001E001F101F101", false, true},
    {"01FE01FE01FE01FE", false, true},
    {"FE01FE01FE01FE01", false, true},
    {"1FE01FE00EF10EF1", false, true},
    {"E01FE01FF10EF10E", false, true},
    {"1FFE1FFE0EFE0EFE", false, true},
    {"FE1FFE1FFE0EFE0E", false, true},
    {"E0FEE0FEF1FEF1FE", false, true},
    {"FEE0FEE0FEF1FEF1", false, true},
    {"00FF00FF00FF00FF", false, true},
    {"0101010101010102", false, false},
    {"1F1F1F1F1F1F1F1F", false, false},
    {GOOD, false, false},
};

START_TEST(test_listed)
{
	struct key_parts parts;
	char key[49];

	for (size_t at = 0; at < 3; at++) {
		snprintf(key, sizeof(key), "%s%s%s", GOOD, OTHER, THIRD);
		memcpy(key + 16 * at, listed[_i].part, 16);
		judge(key, &parts);
		for (size_t i = 0; i < 3; i++) {
			ck_assert(parts.weak[i] == (i == at && listed[_i].weak));
			ck_assert(parts.semi_weak[i] == (i == at && listed[_i].semi_weak));
		}
	}
	snprintf(key, sizeof(key), "%s%s", GOOD, listed[_i].part);
	judge(key, &parts);
	ck_assert(parts.weak[1] == listed[_i].weak && parts.semi_weak[1] == listed[_i].semi_weak);
}
END_TEST

START_TEST(test_parts)
{
	struct key_parts parts;

	judge(GOOD OTHER THIRD, &parts);
	ck_assert(parts.odd_parity);
	ck_assert(!parts.k1_is_k2 && !parts.k2_is_k3 && !parts.k1_is_k3);
	judge(GOOD OTHER, &parts);
	ck_assert(parts.odd_parity);
	ck_assert(!parts.k1_is_k2 && !parts.k2_is_k3 && !parts.k1_is_k3);
	judge(GOOD GOOD, &parts);
	ck_assert(parts.k1_is_k2 && !parts.k2_is_k3 && !parts.k1_is_k3);
	judge(GOOD GOOD THIRD, &parts);
	ck_assert(parts.k1_is_k2 && !parts.k2_is_k3 && !parts.k1_is_k3);
	judge(GOOD OTHER OTHER, &parts);
	ck_assert(!parts.k1_is_k2 && parts.k2_is_k3 && !parts.k1_is_k3);
	judge(GOOD OTHER GOOD, &parts);
	ck_assert(!parts.k1_is_k2 && !parts.k2_is_k3 && parts.k1_is_k3);
	/* Even bytes: of another key, and of one that differs by parity only. */
	judge(GOOD OTHER "0323456789ABCDEF", &parts);
	ck_assert(!parts.odd_parity && !parts.k1_is_k3);
	judge(GOOD OTHER "0022446688AACCEE", &parts);
	ck_assert(!parts.odd_parity && parts.k1_is_k3);
}
END_TEST

/* Every byte's parity, in every place. */
START_TEST(test_parity)
{
	struct key_parts parts;
	struct secret *s = from_hex(GOOD OTHER THIRD);

	for (size_t at = 0; at < secret_len(s); at++) {
		unsigned char before = secret_data(s)[at];

		for (unsigned byte = 0; byte < 256; byte++) {
			secret_data(s)[at] = (unsigned char)byte;
			key_judge(s, &parts);
			ck_assert(parts.odd_parity == (__builtin_popcount(byte) % 2 == 1));
		}
		secret_data(s)[at] = before;
	}
	secret_free(&s);
}
END_TEST

/* --- New keys -----------------------------------------------------------------------------------
 */

START_TEST(test_new)
{
	enum key_kind kind = (enum key_kind)_i;
	struct secret *last = NULL, *key;
	struct key_parts parts;
	unsigned char any[32] = {0}, all[32];

	memset(all, 0xff, sizeof(all));
	for (int i = 0; i < 500; i++) {
		key = key_new(kind);
		ck_assert_ptr_nonnull(key);
		ck_assert_uint_eq(secret_len(key), key_kind_size(kind));
		ck_assert(!secret_equal(key, last));
		for (size_t j = 0; j < secret_len(key); j++) {
			any[j] |= secret_bytes(key)[j];
			all[j] &= secret_bytes(key)[j];
		}
		if (!key_kind_is_aes(kind)) {
			key_judge(key, &parts);
			ck_assert(parts.odd_parity);
		}
		secret_free(&last);
		last = key;
	}
	/* No bit that never changes: 500 draws of one are alike once in 2^499. */
	for (size_t j = 0; j < secret_len(last); j++)
		ck_assert(any[j] == 0xff && all[j] == 0);
	secret_free(&last);
}
END_TEST

static const char *const *draws; /* what OpenSSL draws, one after the other; then it fails */

static int
draw(unsigned char *bytes, int n)
{
	struct secret *s;

	if (*draws == NULL)
		return 0;
	s = from_hex(*draws++);
	ck_assert_uint_eq(secret_len(s), (size_t)n);
	memcpy(bytes, secret_bytes(s), (size_t)n);
	secret_free(&s);
	return 1;
}

static void
expect(enum key_kind kind, const char *const *list, const char *wanted)
{
	static const RAND_METHOD method = {.bytes = draw};
	struct secret *key, *right = wanted != NULL ? from_hex(wanted) : NULL;

	draws = list;
	ck_assert_int_eq(RAND_set_rand_method(&method), 1);
	key = key_new(kind);
	RAND_set_rand_method(NULL);
	ck_assert((key != NULL) == (wanted != NULL));
	ck_assert(wanted == NULL || secret_equal(key, right));
	ck_assert(*draws == NULL);
	secret_free(&key);
	secret_free(&right);
}

#define TRY(kind, wanted, ...) expect(kind, (const char *const[]){__VA_ARGS__, NULL}, wanted)

/* Bad ones are drawn again, whatever their parity; parity is put right. */
START_TEST(test_drawn)
{
	TRY(KEY_3DES, GOOD OTHER THIRD, GOOD OTHER THIRD);
	TRY(KEY_3DES, GOOD OTHER THIRD, "0022446688AACCEE" OTHER THIRD);
	TRY(KEY_3DES, GOOD OTHER THIRD, "0000000000000000" OTHER THIRD,
	    GOOD "1FE01FE00EF10EF1" THIRD, GOOD OTHER "FFFFFFFFFFFFFFFF", GOOD GOOD THIRD,
	    GOOD OTHER OTHER, GOOD OTHER GOOD, "0022446688AACCEE" OTHER GOOD, GOOD OTHER THIRD);
	TRY(KEY_2DES, GOOD OTHER, GOOD GOOD, GOOD "FE1FFE1FFE0EFE0E", "0101010101010101" GOOD,
	    GOOD OTHER);
	TRY(KEY_AES128, "0022446688AACCEE0101010101010101", "0022446688AACCEE0101010101010101");
	TRY(KEY_3DES, NULL, GOOD GOOD THIRD);
	expect(KEY_AES256, (const char *const[]){NULL}, NULL);
}
END_TEST

/* Randomness that gives the same bad key for ever is noticed. */
static int
zeroes(unsigned char *bytes, int n)
{
	memset(bytes, 0, (size_t)n);
	return 1;
}

START_TEST(test_broken)
{
	static const RAND_METHOD method = {.bytes = zeroes};

	ck_assert_int_eq(RAND_set_rand_method(&method), 1);
	ck_assert_ptr_null(key_new(KEY_2DES));
	ck_assert_ptr_null(key_new(KEY_3DES));
	RAND_set_rand_method(NULL);
}
END_TEST

/* What is made is what the rest of p11-latch takes. */
START_TEST(test_taken)
{
	for (int kind = 0; kind < KEY_KINDS; kind++) {
		bool aes = key_kind_is_aes((enum key_kind)kind), known;
		struct secret *key = key_new((enum key_kind)kind), *bytes, *written;
		char kcv[7];

		written = secret_alloc(2 * secret_len(key));
		for (size_t i = 0; i < secret_len(key); i++) {
			char digits[3];

			snprintf(digits, sizeof(digits), "%02X", secret_bytes(key)[i]);
			memcpy(secret_data(written) + 2 * i, digits, 2);
		}
		ck_assert_int_eq(key_parse(written, aes, &bytes, &known), KEY_GOOD);
		ck_assert(secret_equal(bytes, key) && !known);
		ck_assert(key_check_value(bytes, aes, kcv));
		secret_free(&bytes);
		secret_free(&written);
		secret_free(&key);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("key_kind");
	TCase *tc = tcase_create("key_kind");

	tcase_add_loop_test(tc, test_listed, 0, N_OF(listed));
	tcase_add_test(tc, test_parts);
	tcase_add_test(tc, test_parity);
	tcase_add_loop_test(tc, test_new, 0, KEY_KINDS);
	tcase_add_test(tc, test_drawn);
	tcase_add_test(tc, test_broken);
	tcase_add_test(tc, test_taken);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
