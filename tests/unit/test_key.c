/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of card manager keys, with known answers for the check value. */
#include "tests/unit/unit.h"

#include "policy/key.h"

#define K8  "0011223344556677"
#define K16 K8 "8899aabbccddeeff"
#define Z8  "0000000000000000"
#define Z24 Z8 Z8 Z8
#define O8  "0102030405060708"
#define O24 O8 O8 O8
#define G8  "4041424344454647"
#define G16 G8 "48494a4b4c4d4e4f"

static const struct {
	const char *written;
	bool aes;
	enum key_fault fault;
	size_t len; /* of its bytes */
	bool well_known;
} cases[] = {
    {K16, false, KEY_GOOD, 16, false},
    {K16 "0123456789ABCDEF", false, KEY_GOOD, 24, false},
    {"00:11:22:33 44556677-8899aabbccddeeff", false, KEY_GOOD, 16, false},
    {K16 K16, false, KEY_BAD_LENGTH, 0, false},
    {K16 K16, true, KEY_GOOD, 32, false},
    {K8 K8, true, KEY_GOOD, 16, false},
    {K8 K8, false, KEY_HALVES_EQUAL, 0, false},
    {K8 K8 "8899aabbccddeeff", false, KEY_HALVES_EQUAL, 0, false},
    {K16 "8899aabbccddeeff", false, KEY_HALVES_EQUAL, 0, false},
    {K16 "8998abbacddceffe", false, KEY_HALVES_EQUAL, 0, false},
    {K16 K8, false, KEY_GOOD, 24, false},
    {Z24, false, KEY_GOOD, 24, true},
    {O24, false, KEY_GOOD, 24, true},
    {Z8 Z8, false, KEY_HALVES_EQUAL, 0, false},
    {Z8 Z8, true, KEY_GOOD, 16, true},
    {Z24, true, KEY_GOOD, 24, true},
    {Z24 Z8, true, KEY_GOOD, 32, true},
    {O24, true, KEY_GOOD, 24, true},
    {G16, false, KEY_GOOD, 16, true},
    {G16, true, KEY_GOOD, 16, true},
    {G16 G8, false, KEY_GOOD, 24, true},
    {G16 G16, true, KEY_GOOD, 32, true},
    {G8 G16, false, KEY_HALVES_EQUAL, 0, false},
    {Z24 O8, true, KEY_GOOD, 32, false},
    {"010203040506070801020304050607080102030405060718", false, KEY_HALVES_EQUAL, 0, false},
    {"", false, KEY_BAD_LENGTH, 0, false},
    {K8, false, KEY_BAD_LENGTH, 0, false},
    {K16 "0", false, KEY_BAD_LENGTH, 0, false},
    {K16 K16 K16 K16, true, KEY_BAD_LENGTH, 0, false},
    {"0g" K16, false, KEY_BAD_DIGIT, 0, false},
    {"@" K16, false, KEY_BAD_DIGIT, 0, false},
    {"`" K16, false, KEY_BAD_DIGIT, 0, false},
    {"/" K16, false, KEY_BAD_DIGIT, 0, false},
    {"0 01" K16, false, KEY_BAD_DIGIT, 0, false},
    {" " K16, false, KEY_BAD_DIGIT, 0, false},
    {"\xff" K16, false, KEY_BAD_DIGIT, 0, false},
    {"\x10" K16, false, KEY_BAD_DIGIT, 0, false},
};

START_TEST(test_parse)
{
	const char *written = cases[_i].written;
	struct secret *s = secret_new(written, strlen(written)), *bytes;
	bool well_known;

	ck_assert_int_eq(key_parse(s, cases[_i].aes, &bytes, &well_known), cases[_i].fault);
	ck_assert_int_eq(key_parse(s, cases[_i].aes, NULL, NULL), cases[_i].fault);
	ck_assert(well_known == cases[_i].well_known);
	ck_assert_int_eq(bytes != NULL, cases[_i].fault == KEY_GOOD);
	if (bytes != NULL)
		ck_assert_uint_eq(secret_len(bytes), cases[_i].len);
	ck_assert_uint_gt(strlen(key_fault_text(cases[_i].fault)), 3);
	secret_free(&bytes);
	secret_free(&s);
}
END_TEST

/* Each byte there is, as libc writes it. */
START_TEST(test_write)
{
	unsigned char bytes[256];
	char want[2][513];
	struct secret *key;

	for (int i = 0; i < 256; i++) {
		bytes[i] = (unsigned char)i;
		snprintf(want[0] + 2 * i, 3, "%02x", (unsigned)i);
		snprintf(want[1] + 2 * i, 3, "%02X", (unsigned)i);
	}
	key = secret_new(bytes, sizeof(bytes));
	for (int upper = 0; upper < 2; upper++) {
		struct secret *written = key_write(key, upper != 0);

		ck_assert_uint_eq(secret_len(written), 512);
		ck_assert_mem_eq(secret_bytes(written), want[upper], 512);
		secret_free(&written);
	}
	secret_free(&key);
}
END_TEST

START_TEST(test_digit_values)
{
	static const char text[] = "00 01:0a-0F 1090a0f0 9fafbfcfdfeF 0123";
	static const unsigned char bytes[] = {
	    0, 1, 10, 15, 0x10, 0x90, 0xa0, 0xf0, 0x9f, 0xaf, 0xbf, 0xcf, 0xdf, 0xef, 0x01, 0x23};
	struct secret *s = secret_new(text, strlen(text)), *key, *digits;

	ck_assert_int_eq(key_parse(s, false, &key, NULL), KEY_GOOD);
	ck_assert_mem_eq(secret_bytes(key), bytes, sizeof(bytes));
	digits = key_digits(s);
	ck_assert_uint_eq(secret_len(digits), 32);
	ck_assert_mem_eq(secret_bytes(digits), "00010a0F1090a0f09fafbfcfdfeF0123", 32);
	secret_free(&digits);
	secret_free(&key);
	secret_free(&s);
}
END_TEST

/*
 * Zero keys: DES of a zero block is 8CA64DE9C1B123A7; the others by openssl enc -des-ede3 and
 * -aes-N-ecb.
 */
static const struct {
	const char *key;
	bool aes;
	const char *kcv;
} values[] = {
    {Z24, false, "8CA64D"},
    {"000102030405060708090A0B0C0D0E0F1011121314151617", false, "894BC3"},
    {"000102030405060708090A0B0C0D0E0F", false, "DDADA1"},
    {"000102030405060708090A0B0C0D0E0F0001020304050607", false, "DDADA1"},
    {G16, false, "8BAF47"},
    {G16, true, "504A77"},
    {"000102030405060708090A0B0C0D0E0F", true, "C35280"},
    {"000102030405060708090A0B0C0D0E0F1011121314151617", true, "38FCB6"},
    {"000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", true, "75E208"},
};

START_TEST(test_check_value)
{
	const char *text = values[_i].key;
	struct secret *s = secret_new(text, strlen(text)), *key, *other = secret_new("1234567", 7);
	char kcv[7];

	ck_assert_int_eq(key_parse(s, values[_i].aes, &key, NULL), KEY_GOOD);
	ck_assert(key_check_value(key, values[_i].aes, kcv));
	ck_assert_str_eq(kcv, values[_i].kcv);
	ck_assert(!key_check_value(other, values[_i].aes, kcv));
	secret_free(&key);
	secret_free(&other);
	secret_free(&s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("key");
	TCase *tc = tcase_create("key");

	tcase_add_loop_test(tc, test_parse, 0, N_OF(cases));
	tcase_add_test(tc, test_digit_values);
	tcase_add_test(tc, test_write);
	tcase_add_loop_test(tc, test_check_value, 0, N_OF(values));
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
