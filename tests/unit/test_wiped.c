/* SPDX-License-Identifier: BSD-3-Clause */
/* After a card was made unblockable and unblocked: no secret of it lies in memory any more. */
#include "tests/unit/unit.h"

#include <sys/uio.h>

#include "policy/response.h"
#include "tests/unit/vector.h"

#define SEEN_MAX 16
#define PART     8 /* bytes of a secret that are looked for */
#define MASK     0xa5

#define PIECE       65536
#define MAPPING_MAX (64ul * 1024 * 1024)

/* What is looked for, so written down that it is not found here. */
static struct {
	const char *what;
	unsigned char masked[PART];
} seen[SEEN_MAX];
static size_t n_seen;

static void
look_for(const char *what, const struct secret *s)
{
	ck_assert_uint_lt(n_seen, SEEN_MAX);
	ck_assert_uint_ge(secret_len(s), PART);
	seen[n_seen].what = what;
	for (size_t i = 0; i < PART; i++)
		seen[n_seen].masked[i] = secret_bytes(s)[secret_len(s) - PART + i] ^ MASK;
	n_seen++;
}

static const char *
found_in(const unsigned char *bytes, size_t len)
{
	for (size_t at = 0; at + PART <= len; at++) {
		for (size_t k = 0; k < n_seen; k++) {
			size_t i = 0;

			while (i < PART && (bytes[at + i] ^ MASK) == seen[k].masked[i])
				i++;
			if (i == PART)
				return seen[k].what;
		}
	}
	return NULL;
}

/* By the kernel, since a sanitizer minds who looks there. A piece that cannot be read has none. */
static const char *
found_at(unsigned long from, size_t len)
{
	static unsigned char piece[PIECE + PART];
	const char *what = NULL;
	size_t at;

	for (at = 0; what == NULL && at < len; at += PIECE) {
		struct iovec here = {piece, sizeof(piece)}, there = {(void *)(from + at), 0};
		ssize_t n;

		/* The next piece begins with the end of this one. */
		there.iov_len = len - at < sizeof(piece) ? len - at : sizeof(piece);
		n = process_vm_readv(getpid(), &here, 1, &there, 1, 0);
		if (n > 0)
			what = found_in(piece, (size_t)n);
	}
	explicit_bzero(piece, sizeof(piece));
	return what;
}

/*
 * All that this process can write: stack, heap, the secure heap, data. What is larger than any of
 * them is a sanitizer's. NULL: nothing is there.
 */
static const char *
found(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	const char *what = NULL;
	unsigned long from, to;
	char rights[5], line[512];

	ck_assert_ptr_nonnull(maps);
	while (what == NULL && fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx %4s", &from, &to, rights) == 3 &&
		    strncmp(rights, "rw", 2) == 0 && to - from <= MAPPING_MAX)
			what = found_at(from, to - from);
	}
	fclose(maps);
	return what;
}

/* Random ones: bytes that count up would be found anywhere. */
static struct secret *
drawn(size_t len)
{
	struct secret *s = secret_alloc(len);

	ck_assert(draw_bytes(NULL, secret_data(s), len));
	return s;
}

static void
open_all(const struct ticket *t, const struct box *b, const struct card_name *name,
    const struct secret *response, const struct secret *so)
{
	struct secret *private, *once = ticket_once(t, response);
	struct box_content content;

	look_for("what scrypt gave", once);
	secret_free(&once);
	ck_assert_int_eq(ticket_open(t, name, response, &private), SEAL_OPEN);
	look_for("ticket's private key", private);
	ck_assert_int_eq(box_open(b, name, t->number, private, &content), SEAL_OPEN);
	ck_assert(secret_equal(content.so, so));
	box_clear(&content);
	secret_free(&private);
}

static __attribute__((noinline)) void
whole_life(void)
{
	struct secret *key = drawn(24), *so = drawn(32), *response, *helpdesk;
	const struct identity id = {.serial = "1234"};
	unsigned char public[SEAL_KEY];
	struct card_name name;
	struct ticket t;
	const struct ticket *list[] = {&t};
	struct box_content content;
	struct box *b;

	card_name_set(&name, &id, false);
	look_for("card manager key", key);
	look_for("SO secret", so);
	helpdesk = helpdesk_private(key, MANAGER_DES, &name);
	look_for("helpdesk's private key", helpdesk);
	ck_assert(seal_public(helpdesk, public));
	ck_assert(ticket_make(key, MANAGER_DES, 1, &name, NULL, &t));
	b = box_seal(so, public, list, 1, 1, 1, &name, NULL);
	ck_assert_ptr_nonnull(b);
	ck_assert(response_compute(key, t.challenge, RESPONSE_DES, &response));
	look_for("response", response);
	open_all(&t, b, &name, response, so);
	ck_assert_int_eq(box_open(b, &name, BOX_HELPDESK, helpdesk, &content), SEAL_OPEN);
	box_clear(&content);
	/* As long as they are there they are found: the search is worth something. */
	ck_assert_ptr_nonnull(found());
	box_free(&b);
	secret_free(&helpdesk);
	secret_free(&response);
	secret_free(&so);
	secret_free(&key);
}

START_TEST(test_wiped)
{
	whole_life();
	ck_assert_uint_eq(n_seen, 6);
	ck_assert_msg(found() == NULL, "left in memory: %s", found());
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("wiped");
	TCase *tc = tcase_create("wiped");

	secret_init();
	tcase_set_timeout(tc, 300);
	tcase_add_test(tc, test_wiped);
	suite_add_tcase(suite, tc);
	return unit_run(suite);
}
