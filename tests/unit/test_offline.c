/* SPDX-License-Identifier: BSD-3-Clause */
/* Tests of what is believed of the tickets and boxes that lie on a card, where anybody may write.
 */
#include "tests/unit/unit.h"

#include "card/offline.h"
#include "card/state.h"

#define MOST 4

/* A card in its state directory, and what lies on it. */
struct scene {
	char *dir;
	struct config config;
	struct office office;
	struct card card;
	struct offline o;
	struct ticket tickets[MOST];
	struct box *boxes[MOST];
	struct secret *so, *private;
	unsigned char helpdesk[SEAL_KEY];
	struct card_name name;
};

static void
scene_open(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	s->dir = unit_folder();
	ck_assert(state_prepare(s->dir));
	s->config.state_dir = s->dir;
	s->office.config = &s->config;
	s->card.office = &s->office;
	strcpy(s->card.name, "card");
	strcpy(s->card.uri, "pkcs11:");
	s->card.lock = s->card.gate = -1;
	s->o.all.list = s->tickets;
	s->o.all.boxes = s->boxes;
	s->so = secret_new("12345678", 8);
	s->private = seal_private(NULL);
	ck_assert(seal_public(s->private, s->helpdesk));
	card_name_set(&s->name, &s->card.id, false);
}

static void
scene_close(struct scene *s)
{
	for (size_t i = 0; i < s->o.all.n_boxes; i++)
		box_free(&s->boxes[i]);
	secret_free(&s->so);
	secret_free(&s->private);
	unit_remove(s->dir);
}

/* Of this number; each has a key of its own. The secret part is of no interest here. */
static void
put_ticket(struct scene *s, unsigned number)
{
	struct ticket *t = &s->tickets[s->o.all.n++];
	struct secret *private = seal_private(NULL);

	ck_assert_uint_le(s->o.all.n, MOST);
	t->cipher = MANAGER_DES;
	t->number = number;
	ck_assert(seal_public(private, t->public));
	secret_free(&private);
}

/* Sealed to the tickets from..to of those that lie there; from 0: to none. */
static struct box *
make_box(struct scene *s, uint64_t generation, size_t from, size_t to)
{
	const struct ticket *list[MOST];
	struct box *b;
	size_t n = 0;

	for (size_t i = from; from > 0 && i <= to; i++)
		list[n++] = &s->tickets[i - 1];
	b = box_seal(s->so, s->helpdesk, list, n, generation, 100, &s->name, NULL);
	ck_assert_ptr_nonnull(b);
	return b;
}

/* In the order of generations, as the store gives them. */
static void
put_box(struct scene *s, struct box *b)
{
	ck_assert_uint_lt(s->o.all.n_boxes, MOST);
	s->boxes[s->o.all.n_boxes++] = b;
}

static void
write_own(struct scene *s, const struct box *b)
{
	char suffix[32], *path;

	snprintf(suffix, sizeof(suffix), ".box-%llu", (unsigned long long)b->generation);
	path = state_path(s->dir, "private", "card", suffix);
	ck_assert(state_write(path, b->bytes, b->len, 0600));
	free(path);
}

/* Whether these generations count, in this order; 0 ends them. */
static void
counts(struct scene *s, bool refused, uint64_t a, uint64_t b, uint64_t c)
{
	const uint64_t wanted[] = {a, b, c};
	size_t n = 0;

	offline_choose(&s->card, &s->o);
	ck_assert_int_eq(s->o.refused, refused);
	for (; n < 3 && wanted[n] != 0; n++) {
		ck_assert_uint_lt(n, s->o.n);
		ck_assert_uint_eq(s->o.boxes[n]->generation, wanted[n]);
	}
	ck_assert_uint_eq(s->o.n, n);
}

static const struct {
	const char *name;
	uint64_t generation, sealed; /* noted */
	uint64_t boxes[MOST];
	uint64_t own; /* that is in a file here too */
	bool refused;
	uint64_t wanted[3];
} cases[] = {
    {"nothing", 0, 0, {0}, 0, false, {0}},
    {"a card from elsewhere", 0, 0, {7}, 0, false, {7}},
    {"from elsewhere, after a crash", 0, 0, {7, 8}, 0, false, {8, 7}},
    {"from elsewhere, with a stranger's", 0, 0, {7, 8, 9}, 0, true, {0}},
    {"as noted", 5, 0, {5}, 5, false, {5}},
    {"older ones never", 5, 0, {3, 4, 5}, 5, false, {5}},
    {"older ones alone", 5, 0, {3, 4}, 0, false, {0}},
    {"used elsewhere", 5, 0, {9}, 0, false, {9}},
    {"one newer", 5, 0, {5, 6}, 5, false, {6, 5}},
    {"one newer, far away", 5, 0, {5, UINT64_MAX}, 5, false, {UINT64_MAX, 5}},
    {"two newer", 5, 0, {5, 6, 7}, 5, true, {5}},
    {"two newer, without the noted one", 5, 0, {6, 7}, 0, true, {0}},
    {"written here", 5, 6, {5, 6}, 6, false, {6, 5}},
    {"written here, and one newer", 5, 6, {5, 6, 7}, 6, false, {7, 6, 5}},
    {"written here, and two newer", 5, 6, {5, 6, 7, 8}, 6, true, {6, 5}},
    {"written here first", 0, 1, {1}, 1, false, {1}},
    {"written here, and never stored", 5, 6, {5}, 5, false, {5}},
};

START_TEST(test_boxes)
{
	struct scene s;

	scene_open(&s);
	s.card.private.generation = cases[_i].generation;
	s.card.private.sealed = cases[_i].sealed;
	for (size_t i = 0; i < MOST && cases[_i].boxes[i] != 0; i++) {
		put_box(&s, make_box(&s, cases[_i].boxes[i], 0, 0));
		if (cases[_i].boxes[i] == cases[_i].own)
			write_own(&s, s.boxes[i]);
	}
	counts(
	    &s, cases[_i].refused, cases[_i].wanted[0], cases[_i].wanted[1], cases[_i].wanted[2]);
	ck_assert_ptr_null(s.o.next);
	scene_close(&s);
}
END_TEST

/* Two of the noted generation: that which was written here counts, and without its file none. */
START_TEST(test_same_generation)
{
	struct scene s;

	scene_open(&s);
	s.card.private.generation = 5;
	put_box(&s, make_box(&s, 5, 0, 0));
	put_box(&s, make_box(&s, 5, 0, 0));
	if (_i < 2)
		write_own(&s, s.boxes[_i]);
	counts(&s, false, _i < 2 ? 5 : 0, 0, 0);
	if (_i < 2)
		ck_assert_ptr_eq(s.o.boxes[0], s.boxes[_i]);
	scene_close(&s);
}
END_TEST

static void
shows(struct scene *s, unsigned number, size_t left)
{
	offline_choose(&s->card, &s->o);
	if (number == 0) {
		ck_assert_ptr_null(s->o.next);
	} else {
		ck_assert_ptr_nonnull(s->o.next);
		ck_assert_uint_eq(s->o.next->number, number);
	}
	ck_assert_uint_eq(s->o.left, left);
}

/* The lowest that the box was made for; what else lies there is a stranger's. */
START_TEST(test_ticket)
{
	struct scene s;

	scene_open(&s);
	put_ticket(&s, 1);
	put_ticket(&s, 2);
	put_ticket(&s, 3);
	put_box(&s, make_box(&s, 5, 2, 3));
	shows(&s, 2, 2);
	scene_close(&s);
}
END_TEST

/* Of an unblocking that could give the card no new SO secret. */
START_TEST(test_used)
{
	struct scene s;

	scene_open(&s);
	put_ticket(&s, 1);
	put_ticket(&s, 2);
	put_box(&s, make_box(&s, 5, 1, 2));
	s.card.private.generation = 5;
	write_own(&s, s.boxes[0]);
	s.card.private.ticket = _i == 0 ? 1 : 2;
	shows(&s, _i == 0 ? 2 : 0, _i == 0 ? 1 : 0);
	scene_close(&s);
}
END_TEST

/* In another life of the card, or after it was used elsewhere, numbers begin where they will. */
START_TEST(test_used_elsewhere)
{
	struct scene s;

	scene_open(&s);
	put_ticket(&s, 1);
	put_ticket(&s, 2);
	put_box(&s, make_box(&s, 9, 1, 2));
	s.card.private.generation = 5;
	s.card.private.ticket = 4;
	shows(&s, 1, 2);
	scene_close(&s);
}
END_TEST

/* What a crash left: the ticket that was just used is in the older box only. */
START_TEST(test_crash)
{
	struct scene s;

	scene_open(&s);
	put_ticket(&s, 1);
	put_ticket(&s, 2);
	put_ticket(&s, 3);
	put_box(&s, make_box(&s, 5, 1, 3));
	put_box(&s, make_box(&s, 6, 2, 3));
	shows(&s, 2, 2);
	scene_close(&s);
}
END_TEST

/* A newer box that knows other tickets alone: a stranger's, and the card's own are shown. */
START_TEST(test_newer_alone)
{
	struct scene s;

	scene_open(&s);
	put_ticket(&s, 1);
	put_ticket(&s, 2);
	put_ticket(&s, 3);
	put_box(&s, make_box(&s, 5, 1, 2));
	put_box(&s, make_box(&s, 6, 3, 3));
	shows(&s, 1, 2);
	scene_close(&s);
}
END_TEST

/* All were made anew elsewhere, and what is remembered here has none of them. */
START_TEST(test_made_anew)
{
	struct scene s;

	scene_open(&s);
	put_ticket(&s, 4);
	put_ticket(&s, 5);
	s.card.private.generation = 5;
	put_box(&s, make_box(&s, 5, 0, 0));
	write_own(&s, s.boxes[0]);
	put_box(&s, make_box(&s, 6, 1, 2));
	shows(&s, 4, 2);
	scene_close(&s);
}
END_TEST

/* A number that stands there twice comes last: nobody knows which of the two is the card's. */
START_TEST(test_twice)
{
	struct scene s;

	scene_open(&s);
	put_ticket(&s, 1);
	put_ticket(&s, 2);
	put_box(&s, make_box(&s, 5, 1, 2));
	s.tickets[2] = s.tickets[1];
	s.tickets[1] = s.tickets[0];
	s.tickets[1].challenge[0] ^= 1;
	s.o.all.n = 3;
	shows(&s, 2, 2);
	scene_close(&s);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("offline");
	TCase *t = tcase_create("offline");

	secret_init();
	tcase_add_loop_test(t, test_boxes, 0, N_OF(cases));
	tcase_add_loop_test(t, test_same_generation, 0, 3);
	tcase_add_test(t, test_ticket);
	tcase_add_loop_test(t, test_used, 0, 2);
	tcase_add_test(t, test_used_elsewhere);
	tcase_add_test(t, test_crash);
	tcase_add_test(t, test_newer_alone);
	tcase_add_test(t, test_made_anew);
	tcase_add_test(t, test_twice);
	suite_add_tcase(s, t);
	return unit_run(s);
}
