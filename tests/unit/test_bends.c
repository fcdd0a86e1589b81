/* SPDX-License-Identifier: BSD-3-Clause */
/* Every call of the vendor's module that a conversation with the helper makes goes wrong, one a
 * run. */
#include "tests/unit/unit.h"

#include <execinfo.h>
#include <stdint.h>

#include "tests/fuzz/office.h"
#include "tests/unit/conversations.h"

#define CALLS_MOST 255 /* as many as a bend can name */
#define SEEN_BITS  22
#define FRAMES     9

/* What comes instead of the answer, and its numbers, as tests/fuzz/token.c has them. */
static const struct {
	uint8_t how, a, b;
} bends[] = {
    {0, 12, 0},  /* CKR_DEVICE_ERROR, and nothing was done */
    {0, 14, 0},  /* CKR_DEVICE_REMOVED */
    {0, 17, 0},  /* CKR_FUNCTION_NOT_SUPPORTED */
    {0, 23, 0},  /* CKR_PIN_INCORRECT */
    {0, 25, 0},  /* CKR_PIN_LEN_RANGE */
    {0, 27, 0},  /* CKR_PIN_LOCKED */
    {0, 30, 0},  /* CKR_SESSION_HANDLE_INVALID */
    {0, 39, 0},  /* CKR_USER_ALREADY_LOGGED_IN */
    {0, 41, 0},  /* CKR_USER_PIN_NOT_INITIALIZED */
    {1, 3, 0},   /* CKR_GENERAL_ERROR, and it was done */
    {1, 23, 0},  /* CKR_PIN_INCORRECT */
    {1, 25, 0},  /* CKR_PIN_LEN_RANGE */
    {2, 1, 1},   /* one that no standard knows */
    {3, 18, 16}, /* flags: the PIN is locked, and few tries are left */
    {3, 22, 20}, /* the same of the SO PIN */
    {3, 3, 10},  /* no PIN, not initialised */
    {4, 0, 0},   /* lengths of PINs */
    {4, 13, 7},
    {5, 'x', 0}, /* texts */
    {6, 0, 0},   /* numbers */
    {6, 3, 0},
};

static unsigned keys[CALLS_MOST], n_calls;
static bool seen[1u << SEEN_BITS];

/* One number for the place and those above it. */
static void
note_place(unsigned call)
{
	void *callers[FRAMES];
	unsigned long key = 5381;
	int n, i;

	if (call >= CALLS_MOST)
		return;
	n = backtrace(callers, FRAMES);
	for (i = 0; i < n; i++)
		key = key * 0x9e3779b97f4a7c15ul + (unsigned long)callers[i];
	keys[call] = (unsigned)(key >> (64 - SEEN_BITS));
	n_calls = call + 1;
}

static bool
is_new(unsigned key)
{
	bool before = seen[key];

	seen[key] = true;
	return !before;
}

void __real_office_converse(const struct scene *s, const char *config_file, int sock);
void __wrap_office_converse(const struct scene *s, const char *config_file, int sock);

/* What brings the card into its state is not of the conversation. */
void
__wrap_office_converse(const struct scene *s, const char *config_file, int sock)
{
	token_hears = note_place;
	__real_office_converse(s, config_file, sock);
	token_hears = NULL;
}

static unsigned
converse(const uint8_t *scene, uint8_t caller, uint8_t what)
{
	uint8_t input[] = {scene[0], scene[1], scene[2], caller, what, 0, 0, 0, 0};
	const size_t undisturbed = 5;
	unsigned n, call, runs = 0;
	size_t i;

	n_calls = 0;
	(void)LLVMFuzzerTestOneInput(input, undisturbed);
	for (n = n_calls, call = 0; call < n; call++) {
		if (!is_new(keys[call]))
			continue;
		for (i = 0; i < N_OF(bends); i++, runs++) {
			input[5] = (uint8_t)call;
			input[6] = bends[i].how;
			input[7] = bends[i].a;
			input[8] = bends[i].b;
			(void)LLVMFuzzerTestOneInput(input, sizeof(input));
		}
	}
	return runs;
}

/*
 * From each place in the code once: each conversation ends, and leaves no card that nobody knows,
 * and none open (tests/fuzz/fuzz_vendor.c).
 */
START_TEST(test_conversations)
{
	ck_assert_uint_gt(converse_in_each(SCENES_ALL, converse), 1500);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("bends");
	TCase *helper = tcase_create("helper");

	tcase_set_timeout(helper, 240);
	tcase_add_test(helper, test_conversations);
	suite_add_tcase(suite, helper);
	return unit_run(suite);
}
