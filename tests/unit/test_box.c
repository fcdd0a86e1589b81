/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of boxes: who opens one, who does not, and which tickets it was sealed to. */
#include "tests/unit/unit.h"

#include "tests/unit/vector.h"

#define SLOW_S 300 /* with a sanitizer */

/* The private keys of the vector's recipients: the helpdesk, tickets 1 and 2. */
struct keys {
	struct secret *of[3];
};

static void
keys_open(const struct vector *v, struct keys *k)
{
	k->of[0] = secret_dup(v->helpdesk);
	for (size_t i = 1; i < v->box->n; i++)
		ck_assert_int_eq(
		    ticket_open(&v->tickets[i - 1], &v->name, v->responses[i - 1], &k->of[i]),
		    SEAL_OPEN);
}

static void
keys_free(struct keys *k)
{
	for (size_t i = 0; i < N_OF(k->of); i++)
		secret_free(&k->of[i]);
}

static struct box *
parsed(const unsigned char *bytes, size_t len)
{
	struct box *b;

	ck_assert_int_eq(box_parse(bytes, len, &b), FORMAT_GOOD);
	return b;
}

static void
opens(const struct vector *v, size_t n)
{
	const struct ticket *list[] = {&v->tickets[0], &v->tickets[1]};
	struct box *b = parsed(v->box->bytes, v->box->len);
	unsigned char hash[BOX_HASH];
	struct box_content content;
	struct keys k = {0};

	keys_open(v, &k);
	ck_assert(box_equal(b, v->box));
	ck_assert_uint_eq(b->n, n + 1);
	ck_assert_uint_eq(b->generation, v->box->generation);
	ck_assert_uint_eq(b->last, v->box->last);
	ck_assert(box_hash(list, n, hash));
	for (size_t i = 0; i < b->n; i++) {
		ck_assert_int_eq(
		    box_open(b, &v->name, b->numbers[i], k.of[i], &content), SEAL_OPEN);
		ck_assert(secret_equal(content.so, v->so));
		ck_assert_mem_eq(content.helpdesk, v->helpdesk_public, SEAL_KEY);
		ck_assert_mem_eq(content.tickets, hash, BOX_HASH);
		box_clear(&content);
		ck_assert_ptr_null(content.so);
	}
	keys_free(&k);
	box_free(&b);
}

START_TEST(test_opens)
{
	struct vector v;

	vector_make(&v);
	ck_assert(box_has(v.box, 0) && box_has(v.box, 2) && !box_has(v.box, 3));
	opens(&v, 2);
	vector_free(&v);
	vector_make_aes(&v);
	opens(&v, 1);
	vector_free(&v);
}
END_TEST

static const struct box_content nothing;

static void
stays_shut(const struct box *b, const struct card_name *name, unsigned number,
    const struct secret *private)
{
	struct box_content content;

	ck_assert_int_eq(box_open(b, name, number, private, &content), SEAL_SHUT);
	ck_assert_mem_eq(&content, &nothing, sizeof(content));
}

START_TEST(test_stays_shut)
{
	const struct identity id = {.serial = "012345678"};
	struct secret *other = seal_private(NULL);
	struct card_name name;
	struct keys k = {0};
	struct vector v;

	vector_make(&v);
	keys_open(&v, &k);
	card_name_set(&name, &id, false);
	for (unsigned i = 0; i < 3; i++) {
		stays_shut(v.box, &v.name, i, other);
		stays_shut(v.box, &v.name, i, k.of[(i + 1) % 3]);
		stays_shut(v.box, &name, i, k.of[i]);
		stays_shut(v.box, &v.name, 3, k.of[i]);
	}
	keys_free(&k);
	secret_free(&other);
	vector_free(&v);
}
END_TEST

/*
 * Each bit of a box: of the header and of any number it opens to nobody, or is no box any more; of
 * one recipient's part it opens to the others, and gives them what was sealed.
 */
static void
flip(const struct vector *v, const struct keys *k, size_t bit)
{
	unsigned char bytes[BOX_SIZE_MAX];
	size_t at = bit / 8, recipient = (at - BOX_HEADER) / BOX_ENTRY;
	bool for_all = at < BOX_HEADER || (at - BOX_HEADER) % BOX_ENTRY < 2;
	struct box_content content;
	struct box *b;

	memcpy(bytes, v->box->bytes, v->box->len);
	bytes[at] ^= (unsigned char)(1 << bit % 8);
	if (box_parse(bytes, v->box->len, &b) != FORMAT_GOOD)
		return;
	for (size_t i = 0; i < b->n; i++) {
		enum seal_status status = box_open(b, &v->name, b->numbers[i], k->of[i], &content);

		if (for_all || i == recipient)
			ck_assert_msg(status == SEAL_SHUT && content.so == NULL,
			    "bit %zu, recipient %zu", bit, i);
		else
			ck_assert_msg(status == SEAL_OPEN && secret_equal(content.so, v->so),
			    "bit %zu, recipient %zu", bit, i);
		box_clear(&content);
	}
	box_free(&b);
}

START_TEST(test_flips)
{
	struct keys k = {0};
	struct vector v;

	vector_make(&v);
	keys_open(&v, &k);
	for (size_t bit = 0; bit < 8 * v.box->len; bit++)
		flip(&v, &k, bit);
	keys_free(&k);
	vector_free(&v);
}
END_TEST

/* Recipients' parts of two boxes of one card, exchanged: each opens to nobody where it does not
 * belong. */
START_TEST(test_swapped)
{
	unsigned char bytes[BOX_SIZE_MAX], entry[BOX_ENTRY - 2];
	struct keys k = {0};
	struct vector v;
	struct box *b, *later;
	const struct ticket *list[2];

	vector_make(&v);
	keys_open(&v, &k);
	memcpy(bytes, v.box->bytes, v.box->len);
	memcpy(entry, bytes + BOX_HEADER + 2, sizeof(entry));
	memcpy(bytes + BOX_HEADER + 2, bytes + BOX_HEADER + BOX_ENTRY + 2, sizeof(entry));
	memcpy(bytes + BOX_HEADER + BOX_ENTRY + 2, entry, sizeof(entry));
	b = parsed(bytes, v.box->len);
	stays_shut(b, &v.name, 0, k.of[0]);
	stays_shut(b, &v.name, 0, k.of[1]);
	stays_shut(b, &v.name, 1, k.of[0]);
	stays_shut(b, &v.name, 1, k.of[1]);
	box_free(&b);
	/* What an older box held, in the place of a newer one's. */
	list[0] = &v.tickets[0];
	list[1] = &v.tickets[1];
	later =
	    box_seal(v.so, v.helpdesk_public, list, 2, v.box->generation + 1, 10, &v.name, NULL);
	memcpy(bytes, later->bytes, later->len);
	memcpy(bytes + BOX_HEADER + BOX_ENTRY + 2, v.box->bytes + BOX_HEADER + BOX_ENTRY + 2,
	    BOX_ENTRY - 2);
	b = parsed(bytes, later->len);
	stays_shut(b, &v.name, 1, k.of[1]);
	box_free(&b);
	box_free(&later);
	keys_free(&k);
	vector_free(&v);
}
END_TEST

static const struct {
	size_t at;
	unsigned char is;
	enum seal_format format;
} changes[] = {
    {0, 'q', FORMAT_BAD}, /* magic */
    {4, 0, FORMAT_BAD},   /* version */
    {4, 2, FORMAT_NEWER},
    {4, 255, FORMAT_NEWER},
    {5, 1, FORMAT_BAD}, /* reserved */
    {6, 1, FORMAT_BAD}, /* recipients */
    {7, 0, FORMAT_BAD},
    {7, 2, FORMAT_BAD},
    {7, 4, FORMAT_BAD},
    {7, 102, FORMAT_BAD},
    {15, 0, FORMAT_BAD}, /* generation */
    {8, 255, FORMAT_GOOD},
    {17, 1, FORMAT_BAD}, /* the highest number */
    {17, 2, FORMAT_GOOD},
    {16, 255, FORMAT_GOOD},
    {BOX_HEADER + 1, 1, FORMAT_BAD},             /* the helpdesk's number */
    {BOX_HEADER + BOX_ENTRY + 1, 0, FORMAT_BAD}, /* ticket 1 */
    {BOX_HEADER + BOX_ENTRY + 1, 2, FORMAT_BAD},
    {BOX_HEADER + 2 * BOX_ENTRY + 1, 1, FORMAT_BAD}, /* ticket 2 */
    {BOX_HEADER + 2 * BOX_ENTRY + 1, 10, FORMAT_GOOD},
    {BOX_HEADER + 2 * BOX_ENTRY + 1, 11, FORMAT_BAD},
    {BOX_HEADER + 2 * BOX_ENTRY, 1, FORMAT_BAD},
};

START_TEST(test_form)
{
	unsigned char bytes[BOX_SIZE_MAX + 1] = {0};
	struct vector v;
	struct box *b;
	size_t len;

	vector_make(&v);
	len = v.box->len;
	memcpy(bytes, v.box->bytes, len);
	for (size_t i = 0; i < N_OF(changes); i++) {
		unsigned char was = bytes[changes[i].at];

		bytes[changes[i].at] = changes[i].is;
		ck_assert_msg(box_parse(bytes, len, &b) == changes[i].format, "change %zu", i);
		ck_assert((b != NULL) == (changes[i].format == FORMAT_GOOD));
		box_free(&b);
		bytes[changes[i].at] = was;
	}
	for (size_t short_len = 0; short_len <= sizeof(bytes); short_len++) {
		ck_assert_int_eq(
		    box_parse(bytes, short_len, &b), short_len == len ? FORMAT_GOOD : FORMAT_BAD);
		box_free(&b);
	}
	bytes[4] = 2;
	ck_assert_int_eq(box_parse(bytes, sizeof(bytes), &b), FORMAT_NEWER);
	ck_assert_int_eq(box_parse(bytes, 5, &b), FORMAT_NEWER);
	ck_assert_int_eq(box_parse(bytes, 4, &b), FORMAT_BAD);
	vector_free(&v);
}
END_TEST

/* As many tickets as there may be, with SO secrets of the shortest and the longest length. */
static void
fill(struct ticket *all, const struct ticket **list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct secret *private = seal_private(NULL);

		memset(&all[i], 0, sizeof(all[i]));
		all[i].cipher = MANAGER_DES;
		all[i].number = (unsigned)i + 1;
		ck_assert(seal_public(private, all[i].public));
		list[i] = &all[i];
		secret_free(&private);
	}
}

START_TEST(test_sizes)
{
	static struct ticket all[BOX_TICKETS_MAX + 1];
	static const struct ticket *list[BOX_TICKETS_MAX + 1];
	struct secret *helpdesk = seal_private(NULL), *so = secret_alloc(BOX_SO_MAX + 1);
	const struct card_name name = {.len = CARD_NAME_MAX};
	unsigned char public[SEAL_KEY];
	struct box_content content;
	struct box *b, *again;

	ck_assert(seal_public(helpdesk, public));
	fill(all, list, BOX_TICKETS_MAX + 1);
	ck_assert_ptr_null(box_seal(so, public, list, 1, 1, 1, &name, NULL));
	secret_truncate(so, BOX_SO_MAX);
	memset(secret_data(so), 'x', BOX_SO_MAX);
	b = box_seal(so, public, list, BOX_TICKETS_MAX, UINT64_MAX, TICKET_LAST, &name, NULL);
	ck_assert_ptr_nonnull(b);
	ck_assert_uint_eq(b->len, BOX_SIZE_MAX);
	again = parsed(b->bytes, b->len);
	ck_assert_uint_eq(again->generation, UINT64_MAX);
	ck_assert_int_eq(box_open(again, &name, 0, helpdesk, &content), SEAL_OPEN);
	ck_assert(secret_equal(content.so, so));
	box_clear(&content);
	box_free(&again);
	box_free(&b);
	/* Of constant size, whatever the secret's. */
	secret_truncate(so, 1);
	b = box_seal(so, public, list, 0, 1, 0, &name, NULL);
	ck_assert_uint_eq(b->len, BOX_HEADER + BOX_ENTRY);
	ck_assert_int_eq(box_open(b, &name, 0, helpdesk, &content), SEAL_OPEN);
	ck_assert(secret_equal(content.so, so));
	box_clear(&content);
	box_free(&b);
	ck_assert_ptr_null(box_seal(so, public, list, BOX_TICKETS_MAX + 1, 1, 200, &name, NULL));
	ck_assert_ptr_null(box_seal(so, public, list, 2, 0, 2, &name, NULL));
	ck_assert_ptr_null(box_seal(so, public, list, 2, 1, 1, &name, NULL));
	ck_assert_ptr_null(box_seal(so, public, list, 2, 1, TICKET_LAST + 1, &name, NULL));
	list[1] = list[0];
	ck_assert_ptr_null(box_seal(so, public, list, 2, 1, 2, &name, NULL));
	all[0].number = 0;
	ck_assert_ptr_null(box_seal(so, public, list, 1, 1, 2, &name, NULL));
	all[0].number = 1;
	/* A ticket that would let everybody open it. */
	memset(all[0].public, 0, SEAL_KEY);
	ck_assert_ptr_null(box_seal(so, public, list, 1, 1, 1, &name, NULL));
	secret_truncate(so, 0);
	ck_assert_ptr_null(box_seal(so, public, list, 0, 1, 0, &name, NULL));
	secret_free(&so);
	secret_free(&helpdesk);
}
END_TEST

/* --- Which tickets it was sealed to ------------------------------------------------------------
 */

#define OWN    3
#define BOGUS  14
#define NUMBER 4 /* what the first own ticket has */

/* Own tickets 4 to 6; strangers' ones of the same numbers and of others, for each test its own. */
struct lying {
	struct ticket all[OWN + BOGUS];
	size_t n;
	struct box *box;
	struct box_content content;
	const struct ticket **list;
	size_t n_list;
};

static void
lie(struct lying *l)
{
	struct secret *helpdesk = seal_private(NULL), *so = secret_new("12345678", 8);
	const struct card_name name = {.len = 16};
	const struct ticket *list[OWN + BOGUS];
	unsigned char public[SEAL_KEY];

	memset(l, 0, sizeof(*l));
	ck_assert(seal_public(helpdesk, public));
	fill(l->all, list, OWN + BOGUS);
	for (size_t i = 0; i < OWN; i++)
		l->all[i].number = NUMBER + (unsigned)i;
	l->n = OWN;
	l->box = box_seal(so, public, list, OWN, 3, 9, &name, NULL);
	ck_assert_int_eq(box_open(l->box, &name, 0, helpdesk, &l->content), SEAL_OPEN);
	secret_free(&so);
	secret_free(&helpdesk);
}

static void
lie_end(struct lying *l)
{
	box_clear(&l->content);
	box_free(&l->box);
	free(l->list);
}

static bool
find(struct lying *l)
{
	free(l->list);
	return box_find_tickets(l->box, &l->content, l->all, l->n, &l->list, &l->n_list);
}

static void
finds_own(struct lying *l, const struct ticket *own)
{
	ck_assert(find(l));
	ck_assert_uint_eq(l->n_list, OWN);
	for (size_t i = 0; i < OWN; i++)
		ck_assert(ticket_equal(l->list[i], &own[i]));
}

START_TEST(test_finds)
{
	struct ticket own[OWN];
	struct lying l;

	lie(&l);
	memcpy(own, l.all, sizeof(own));
	finds_own(&l, own);
	/* A stranger's of other numbers, and of each of ours, before and behind it. */
	l.all[OWN].number = 1;
	l.all[OWN + 1].number = NUMBER + OWN;
	for (size_t i = 0; i < 6; i++)
		l.all[OWN + 2 + i].number = NUMBER + (unsigned)i % OWN;
	l.n = OWN + 8;
	finds_own(&l, own);
	memcpy(l.all + OWN + 8, own, sizeof(own));
	memcpy(l.all, l.all + OWN + 2, sizeof(own));
	l.n = OWN + 8 + OWN;
	finds_own(&l, own);
	lie_end(&l);
}
END_TEST

START_TEST(test_finds_not)
{
	struct lying l;

	lie(&l);
	/* One is missing. */
	l.n = OWN - 1;
	ck_assert(!find(&l) && l.list == NULL);
	/* One was replaced by a stranger's. */
	l.n = OWN;
	l.all[1].public[5] ^= 1;
	ck_assert(!find(&l) && l.list == NULL);
	l.all[1].public[5] ^= 1;
	/* Its number is another. */
	l.all[2].number++;
	ck_assert(!find(&l));
	l.all[2].number--;
	ck_assert(find(&l));
	/* A content that nobody opened. */
	l.content.tickets[31] ^= 1;
	ck_assert(!find(&l));
	lie_end(&l);
}
END_TEST

/* More strangers than choices are looked at: it ends all the same, and says no. */
START_TEST(test_too_many_choices)
{
	struct ticket all[3 * 40];
	struct lying l;
	const struct ticket **list;
	size_t n;

	lie(&l);
	for (size_t i = 0; i < N_OF(all); i++) {
		all[i] = l.all[i % OWN];
		all[i].public[0] ^= (unsigned char)(i / OWN + 1);
	}
	ck_assert(!box_find_tickets(l.box, &l.content, all, N_OF(all), &list, &n));
	ck_assert_ptr_null(list);
	lie_end(&l);
}
END_TEST

/* A box for the helpdesk alone: no tickets are its tickets. */
START_TEST(test_finds_none)
{
	struct secret *helpdesk = seal_private(NULL), *so = secret_new("12345678", 8);
	const struct card_name name = {.len = 16};
	unsigned char public[SEAL_KEY];
	struct box_content content;
	const struct ticket **list;
	struct box *b;
	size_t n = 1;

	ck_assert(seal_public(helpdesk, public));
	b = box_seal(so, public, NULL, 0, 1, 17, &name, NULL);
	ck_assert_int_eq(box_open(b, &name, 0, helpdesk, &content), SEAL_OPEN);
	ck_assert(box_find_tickets(b, &content, NULL, 0, &list, &n));
	ck_assert_uint_eq(n, 0);
	ck_assert_uint_eq(b->last, 17);
	free(list);
	box_clear(&content);
	box_free(&b);
	secret_free(&so);
	secret_free(&helpdesk);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("box");
	TCase *tc = tcase_create("box");

	tcase_set_timeout(tc, SLOW_S);
	tcase_add_test(tc, test_opens);
	tcase_add_test(tc, test_stays_shut);
	tcase_add_test(tc, test_flips);
	tcase_add_test(tc, test_swapped);
	tcase_add_test(tc, test_form);
	tcase_add_test(tc, test_sizes);
	tcase_add_test(tc, test_finds);
	tcase_add_test(tc, test_finds_not);
	tcase_add_test(tc, test_too_many_choices);
	tcase_add_test(tc, test_finds_none);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
