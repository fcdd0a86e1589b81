/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of tickets and of what is derived from the card manager key. */
#include "tests/unit/unit.h"

#include "policy/response.h"
#include "tests/unit/vector.h"

#define SLOW_S 300 /* each opening takes scrypt's time, and a sanitizer its own */

static void
same_ticket(const struct ticket *t, const struct ticket *u)
{
	ck_assert(ticket_equal(t, u));
	ck_assert_int_eq(t->cipher, u->cipher);
	ck_assert_uint_eq(t->number, u->number);
	ck_assert_mem_eq(t->challenge, u->challenge, sizeof(t->challenge));
	ck_assert_mem_eq(t->public, u->public, sizeof(t->public));
	ck_assert_mem_eq(t->salt, u->salt, sizeof(t->salt));
	ck_assert_mem_eq(t->sealed, u->sealed, sizeof(t->sealed));
}

static void
opens(const struct vector *v, size_t n)
{
	unsigned char bytes[TICKET_SIZE], public[SEAL_KEY];
	struct secret *private;
	struct ticket t;

	for (size_t i = 0; i < n; i++) {
		ticket_write(&v->tickets[i], bytes);
		ck_assert_int_eq(ticket_parse(bytes, sizeof(bytes), &t), FORMAT_GOOD);
		same_ticket(&v->tickets[i], &t);
		ck_assert_int_eq(ticket_open(&t, &v->name, v->responses[i], &private), SEAL_OPEN);
		ck_assert(seal_public(private, public));
		ck_assert_mem_eq(public, t.public, SEAL_KEY);
		secret_free(&private);
	}
}

START_TEST(test_opens)
{
	struct vector v;

	vector_make(&v);
	opens(&v, 2);
	vector_free(&v);
	vector_make_aes(&v);
	opens(&v, 1);
	vector_free(&v);
}
END_TEST

static void
stays_shut(const struct ticket *t, const struct card_name *name, const struct secret *response)
{
	struct secret *private = (struct secret *)1;

	ck_assert_int_eq(ticket_open(t, name, response, &private), SEAL_SHUT);
	ck_assert_ptr_null(private);
}

START_TEST(test_stays_shut)
{
	const struct identity id = {.serial = "0123456788"}, labelled = {.serial = "0123456789"};
	struct secret *half, *twice = secret_alloc(16);
	struct card_name other;
	struct vector v;

	vector_make(&v);
	stays_shut(&v.tickets[0], &v.name, v.responses[1]);
	stays_shut(&v.tickets[1], &v.name, v.responses[0]);
	card_name_set(&other, &id, false);
	stays_shut(&v.tickets[0], &other, v.responses[0]);
	card_name_set(&other, &labelled, true);
	stays_shut(&v.tickets[0], &other, v.responses[0]);
	half = secret_new(secret_bytes(v.responses[0]), 7);
	stays_shut(&v.tickets[0], &v.name, half);
	memcpy(secret_data(twice), secret_bytes(v.responses[0]), 8);
	stays_shut(&v.tickets[0], &v.name, twice);
	secret_truncate(twice, 0);
	stays_shut(&v.tickets[0], &v.name, twice);
	secret_free(&twice);
	secret_free(&half);
	vector_free(&v);
}
END_TEST

/* Whoever knows a response can seal what he likes into a ticket; it has to be the key that it
 * shows. */
START_TEST(test_other_key)
{
	struct secret *private = seal_private(NULL), *once, *opened;
	unsigned char ad[56 + CARD_NAME_MAX], bytes[TICKET_SIZE];
	struct vector v;

	vector_make(&v);
	ticket_write(&v.tickets[0], bytes);
	memcpy(ad, bytes, 56);
	memcpy(ad + 56, v.name.bytes, v.name.len);
	once = ticket_once(&v.tickets[0], v.responses[0]);
	ck_assert(seal_close(once, ad, 56 + v.name.len, private, v.tickets[0].sealed));
	stays_shut(&v.tickets[0], &v.name, v.responses[0]);
	/* With the key that fits, the same way makes one that opens. */
	ck_assert(seal_public(private, v.tickets[0].public));
	memcpy(ad + 24, v.tickets[0].public, SEAL_KEY);
	ck_assert(seal_close(once, ad, 56 + v.name.len, private, v.tickets[0].sealed));
	ck_assert_int_eq(ticket_open(&v.tickets[0], &v.name, v.responses[0], &opened), SEAL_OPEN);
	ck_assert(secret_equal(opened, private));
	secret_free(&opened);
	secret_free(&once);
	secret_free(&private);
	vector_free(&v);
}
END_TEST

/* Whether the flipped ticket is refused, by its form or by its seal. */
static void
refuses(const struct vector *v, size_t i, unsigned char bytes[TICKET_SIZE], size_t bit,
    const struct secret *once)
{
	struct secret *private = NULL;
	struct ticket t;

	bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
	if (ticket_parse(bytes, TICKET_SIZE, &t) == FORMAT_GOOD) {
		enum seal_status status =
		    once != NULL ? ticket_open_once(&t, &v->name, once, &private)
				 : ticket_open(&t, &v->name, v->responses[i], &private);

		ck_assert_msg(status == SEAL_SHUT && private == NULL, "bit %zu", bit);
	}
	bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
}

/* Each bit of a ticket: of the salt the slow way, of all else with what scrypt gave before. */
static void
flip(const struct vector *v, size_t i, bool salt)
{
	struct secret *once = ticket_once(&v->tickets[i], v->responses[i]);
	unsigned char bytes[TICKET_SIZE];

	ticket_write(&v->tickets[i], bytes);
	for (size_t bit = 0; bit < 8 * TICKET_SIZE; bit++) {
		bool in_salt = bit / 8 >= 56 && bit / 8 < 72;

		if (!in_salt)
			refuses(v, i, bytes, bit, once);
		else if (salt)
			refuses(v, i, bytes, bit, NULL);
	}
	secret_free(&once);
}

START_TEST(test_flips)
{
	struct vector v;

	vector_make(&v);
	flip(&v, 0, true);
	vector_free(&v);
	vector_make_aes(&v);
	flip(&v, 0, false);
	vector_free(&v);
}
END_TEST

/* The ticket of the vector, with bytes at a place. */
static const struct {
	size_t at;
	unsigned char is;
	enum seal_format format;
} changes[] = {
    {0, 'P', FORMAT_BAD}, /* magic */
    {3, 'b', FORMAT_BAD},
    {4, 0, FORMAT_BAD}, /* version */
    {4, 1, FORMAT_GOOD},
    {4, 2, FORMAT_NEWER},
    {4, 255, FORMAT_NEWER},
    {5, 0, FORMAT_BAD}, /* cipher */
    {5, 2, FORMAT_GOOD},
    {5, 3, FORMAT_BAD},
    {7, 0, FORMAT_BAD}, /* number */
    {7, 255, FORMAT_GOOD},
    {16, 1, FORMAT_BAD}, /* what follows a challenge of 8 bytes */
    {23, 128, FORMAT_BAD},
};

START_TEST(test_form)
{
	const struct ticket none = {0};
	unsigned char bytes[TICKET_SIZE + 1] = {0};
	struct vector v;
	struct ticket t;

	vector_make(&v);
	ticket_write(&v.tickets[0], bytes);
	for (size_t i = 0; i < N_OF(changes); i++) {
		unsigned char was = bytes[changes[i].at];

		bytes[changes[i].at] = changes[i].is;
		ck_assert_msg(
		    ticket_parse(bytes, TICKET_SIZE, &t) == changes[i].format, "change %zu", i);
		if (changes[i].format != FORMAT_GOOD)
			ck_assert_mem_eq(&t, &none, sizeof(none));
		bytes[changes[i].at] = was;
	}
	for (size_t len = 0; len <= sizeof(bytes); len++)
		ck_assert_int_eq(
		    ticket_parse(bytes, len, &t), len == TICKET_SIZE ? FORMAT_GOOD : FORMAT_BAD);
	/* Of a later version, whatever its length. */
	bytes[4] = 2;
	for (size_t len = 5; len <= sizeof(bytes); len++)
		ck_assert_int_eq(ticket_parse(bytes, len, &t), FORMAT_NEWER);
	vector_free(&v);
}
END_TEST

START_TEST(test_refuses_to_make)
{
	struct secret *key = secret_new("0123456789abcdef01234567", 24);
	struct secret *bad = secret_new("0123456789abcde", 15);
	const struct card_name name = {.len = 16};
	struct ticket t, u;

	ck_assert(!ticket_make(key, MANAGER_DES, 0, &name, NULL, &t));
	ck_assert(!ticket_make(key, MANAGER_DES, 65536, &name, NULL, &t));
	ck_assert(!ticket_make(bad, MANAGER_DES, 1, &name, NULL, &t));
	ck_assert(!ticket_make(bad, MANAGER_AES, 1, &name, NULL, &t));
	ck_assert(ticket_make(key, MANAGER_AES, 65535, &name, NULL, &t));
	ck_assert(ticket_make(key, MANAGER_AES, 65535, &name, NULL, &u));
	ck_assert_mem_ne(t.challenge, u.challenge, sizeof(t.challenge));
	ck_assert_mem_ne(t.public, u.public, sizeof(t.public));
	ck_assert_mem_ne(t.salt, u.salt, sizeof(t.salt));
	secret_free(&bad);
	secret_free(&key);
}
END_TEST

START_TEST(test_name)
{
	const struct identity id = {
	    .serial = "1234", .label = "a card", .manufacturer = "M", .model = "m"};
	const struct identity full = {
	    .serial = "0123456789abcdef", .label = "0123456789abcdef0123456789abcdef"};
	struct card_name name;

	card_name_set(&name, &id, false);
	ck_assert_uint_eq(name.len, 16);
	ck_assert_mem_eq(name.bytes, "1234            ", 16);
	card_name_set(&name, &id, true);
	ck_assert_uint_eq(name.len, 48);
	ck_assert_mem_eq(name.bytes, "1234            a card                          ", 48);
	card_name_set(&name, &full, true);
	ck_assert_mem_eq(name.bytes, "0123456789abcdef0123456789abcdef0123456789abcdef", 48);
}
END_TEST

static struct secret *
derived(const char *key, enum manager_cipher cipher, const char *serial)
{
	struct secret *s = secret_new(key, strlen(key)), *out;
	struct card_name name = {.len = 16};

	memcpy(name.bytes, serial, 16);
	out = helpdesk_private(s, cipher, &name);
	secret_free(&s);
	return out;
}

/* Two keys, and whether the helpdesk's is the same; 'a' to 'h' and their like differ in parity. */
static const struct {
	const char *a, *b;
	enum manager_cipher cipher;
	const char *serial;
	bool same;
} keys[] = {
    {"12345678abcdefgh", "12345678abcdefgh12345678", MANAGER_DES, "serial 1        ", true},
    {"12345678abcdefgh", "02345678`bcdefgh13345678", MANAGER_DES, "serial 1        ", true},
    {"12345678abcdefgh", "12345678abcdefgh", MANAGER_DES, "serial 2        ", false},
    {"12345678abcdefgh", "12345678abcdefgi", MANAGER_DES, "serial 1        ", true},
    {"12345678abcdefgh", "12345678abcdefgj", MANAGER_DES, "serial 1        ", false},
    {"12345678abcdefgh", "12345678abcdefgh12345678", MANAGER_AES, "serial 1        ", false},
    {"12345678abcdefgh", "12345678abcdefgi", MANAGER_AES, "serial 1        ", false},
    {"12345678abcdefgh", "12345678abcdefgh", MANAGER_AES, "serial 1        ", true},
};

START_TEST(test_helpdesk)
{
	struct secret *a = derived(keys[_i].a, keys[_i].cipher, "serial 1        ");
	struct secret *b = derived(keys[_i].b, keys[_i].cipher, keys[_i].serial);

	ck_assert_uint_eq(secret_len(a), SEAL_KEY);
	ck_assert(secret_equal(a, b) == keys[_i].same);
	secret_free(&a);
	secret_free(&b);
}
END_TEST

START_TEST(test_helpdesk_refuses)
{
	ck_assert_ptr_null(derived("12345678", MANAGER_DES, "serial 1        "));
	ck_assert_ptr_null(
	    derived("12345678123456781234567812345678", MANAGER_DES, "serial 1        "));
	ck_assert_ptr_null(derived("12345678123456781", MANAGER_AES, "serial 1        "));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ticket");
	TCase *tc = tcase_create("ticket");

	tcase_set_timeout(tc, SLOW_S);
	tcase_add_test(tc, test_opens);
	tcase_add_test(tc, test_stays_shut);
	tcase_add_test(tc, test_other_key);
	tcase_add_test(tc, test_flips);
	tcase_add_test(tc, test_form);
	tcase_add_test(tc, test_refuses_to_make);
	tcase_add_test(tc, test_name);
	tcase_add_loop_test(tc, test_helpdesk, 0, N_OF(keys));
	tcase_add_test(tc, test_helpdesk_refuses);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
