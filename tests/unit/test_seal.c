/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of sealing: known answers, keys that are refused, and whatever was changed on the way. */
#include "tests/unit/unit.h"

#include "tests/unit/vector.h"

#define LABEL "test 1"

static void
from_hex(const char *hex, unsigned char *bytes, size_t len)
{
	unsigned one;

	ck_assert_uint_eq(strlen(hex), 2 * len);
	for (size_t i = 0; i < len; i++) {
		ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &one), 1);
		bytes[i] = (unsigned char)one;
	}
}

static struct secret *
secret_hex(const char *hex)
{
	struct secret *s = secret_alloc(strlen(hex) / 2);

	from_hex(hex, secret_data(s), secret_len(s));
	return s;
}

/* RFC 7748, 6.1. */
static const char *const pairs[][2] = {
    {"77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
	"8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"},
    {"5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
	"de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"},
};

START_TEST(test_public)
{
	struct secret *private = secret_hex(pairs[_i][0]), *other = secret_new("short", 5);
	unsigned char public[SEAL_KEY], wanted[SEAL_KEY];

	from_hex(pairs[_i][1], wanted, sizeof(wanted));
	ck_assert(seal_public(private, public));
	ck_assert_mem_eq(public, wanted, sizeof(wanted));
	ck_assert(!seal_public(other, public));
	secret_free(&other);
	secret_free(&private);
}
END_TEST

/* The GCM specification's test case 16. */
#define GCM_ONCE                                                           \
	"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308" \
	"cafebabefacedbaddecaf888"
#define GCM_PLAIN                                                          \
	"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" \
	"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
#define GCM_SEALED                                                         \
	"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa" \
	"8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"         \
	"76fc6ece0f4e1768cddf8853bb2d551b"
#define GCM_LEN 60

START_TEST(test_gcm)
{
	struct secret *once = secret_hex(GCM_ONCE), *plain = secret_hex(GCM_PLAIN), *content;
	unsigned char ad[20], sealed[GCM_LEN + SEAL_TAG], wanted[GCM_LEN + SEAL_TAG];

	from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2", ad, sizeof(ad));
	from_hex(GCM_SEALED, wanted, sizeof(wanted));
	ck_assert(seal_close(once, ad, sizeof(ad), plain, sealed));
	ck_assert_mem_eq(sealed, wanted, sizeof(wanted));
	ck_assert_int_eq(
	    seal_open(once, ad, sizeof(ad), sealed, sizeof(sealed), &content), SEAL_OPEN);
	ck_assert(secret_equal(content, plain));
	secret_free(&content);
	ck_assert_int_eq(
	    seal_open(once, ad, sizeof(ad) - 1, sealed, sizeof(sealed), &content), SEAL_SHUT);
	ck_assert_ptr_null(content);
	for (size_t len = 0; len < sizeof(sealed); len++) {
		ck_assert_int_eq(seal_open(once, ad, sizeof(ad), sealed, len, &content), SEAL_SHUT);
		ck_assert_ptr_null(content);
	}
	/* Neither under half a key. */
	secret_truncate(once, SEAL_ONCE - 1);
	ck_assert(!seal_close(once, ad, sizeof(ad), plain, sealed));
	ck_assert_int_eq(
	    seal_open(once, ad, sizeof(ad), wanted, sizeof(wanted), &content), SEAL_FAILED);
	secret_free(&plain);
	secret_free(&once);
}
END_TEST

START_TEST(test_to_and_from)
{
	struct secret *private = seal_private(NULL), *other = seal_private(NULL);
	struct secret *plain = secret_new("the SO secret", 13), *content;
	unsigned char public[SEAL_KEY], sealed[13 + SEAL_HEADER], again[13 + SEAL_HEADER];

	ck_assert(seal_public(private, public));
	ck_assert(seal_to(public, LABEL, (const unsigned char *)"ad", 2, plain, NULL, sealed));
	ck_assert(seal_to(public, LABEL, (const unsigned char *)"ad", 2, plain, NULL, again));
	ck_assert_mem_ne(sealed, again, SEAL_KEY);
	ck_assert_mem_ne(sealed + SEAL_KEY, again + SEAL_KEY, 13);
	ck_assert_int_eq(seal_from(private, LABEL, (const unsigned char *)"ad", 2, sealed,
			     sizeof(sealed), &content),
	    SEAL_OPEN);
	ck_assert(secret_equal(content, plain));
	secret_free(&content);
	ck_assert_int_eq(seal_from(other, LABEL, (const unsigned char *)"ad", 2, sealed,
			     sizeof(sealed), &content),
	    SEAL_SHUT);
	ck_assert_int_eq(seal_from(private, "test 2", (const unsigned char *)"ad", 2, sealed,
			     sizeof(sealed), &content),
	    SEAL_SHUT);
	for (size_t len = 0; len < sizeof(sealed); len++)
		ck_assert_int_eq(seal_from(private, LABEL, (const unsigned char *)"ad", 2, sealed,
				     len, &content),
		    SEAL_SHUT);
	/* The highest bit of a public key is ignored by X25519, and yet another key's is not taken.
	 */
	for (size_t bit = 0; bit < 8 * sizeof(sealed); bit++) {
		sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
		ck_assert_msg(seal_from(private, LABEL, (const unsigned char *)"ad", 2, sealed,
				  sizeof(sealed), &content) == SEAL_SHUT,
		    "bit %zu", bit);
		ck_assert_ptr_null(content);
		sealed[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	secret_free(&plain);
	secret_free(&other);
	secret_free(&private);
}
END_TEST

/*
 * With these public keys X25519 gives zero whatever the private one: what was sealed to or by one,
 * anybody could open or make. Of order 1, 2, 4 and 8, and the same plus p.
 */
static const char *const worthless[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
};

START_TEST(test_worthless_key)
{
	struct secret *private = seal_private(NULL), *plain = secret_new("x", 1), *content;
	unsigned char public[SEAL_KEY], sealed[1 + SEAL_HEADER] = {0};

	from_hex(worthless[_i], public, sizeof(public));
	ck_assert(!seal_to(public, LABEL, NULL, 0, plain, NULL, sealed));
	memcpy(sealed, public, SEAL_KEY);
	ck_assert_int_eq(
	    seal_from(private, LABEL, NULL, 0, sealed, sizeof(sealed), &content), SEAL_SHUT);
	ck_assert_ptr_null(content);
	secret_free(&plain);
	secret_free(&private);
}
END_TEST

static bool
no_bytes(unsigned char *to, size_t len, void *arg)
{
	unsigned *left = arg;

	memset(to, 7, len);
	return (*left)-- > 0;
}

/* Whatever randomness is lacking, nothing is made. */
START_TEST(test_no_randomness)
{
	struct secret *key = secret_new("0123456789abcdef", 16), *so = secret_new("12345678", 8);
	const struct card_name name = {.bytes = "1234", .len = 16};
	unsigned char public[SEAL_KEY];
	struct secret *private = seal_private(NULL);
	unsigned left;
	const struct draw draw = {.bytes = no_bytes, .arg = &left};
	const struct ticket none = {0};
	struct ticket t;

	ck_assert(seal_public(private, public));
	for (unsigned i = 0; i < 3; i++) {
		left = i;
		ck_assert(!ticket_make(key, MANAGER_DES, 1, &name, &draw, &t));
		ck_assert_mem_eq(&t, &none, sizeof(none));
	}
	left = 0;
	ck_assert_ptr_null(seal_private(&draw));
	left = 0;
	ck_assert_ptr_null(box_seal(so, public, NULL, 0, 1, 0, &name, &draw));
	secret_free(&private);
	secret_free(&so);
	secret_free(&key);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("seal");
	TCase *tc = tcase_create("seal");

	tcase_add_loop_test(tc, test_public, 0, N_OF(pairs));
	tcase_add_test(tc, test_gcm);
	tcase_add_test(tc, test_to_and_from);
	tcase_add_loop_test(tc, test_worthless_key, 0, N_OF(worthless));
	tcase_add_test(tc, test_no_randomness);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
