/* SPDX-License-Identifier: BSD-3-Clause */
/* The conversations with the helper that are disturbed in turn, one at a time. */
#ifndef TESTS_UNIT_CONVERSATIONS_H
#define TESTS_UNIT_CONVERSATIONS_H

#include <stddef.h>
#include <stdint.h>

/* tests/fuzz/fuzz_vendor.c, whose verdict on a card ends the process. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Profile, policy, and state of the card of tests/fuzz/office.h. */
static const uint8_t scenes[][3] = {{1, 1, 3}, {1, 1, 0}, {1, 1, 1}, {1, 2, 3}, {2, 5, 3},
    {2, 0, 1}, {0, 4, 3}, {6, 3, 3}, {5, 1, 3}, {4, 1, 3}, {3, 2, 4}, {7, 6, 3}, {1, 7, 2},
    {2, 2, 2}, {1, 255, 1}, {0, 255, 3}, {2, 255, 2}, {1, 255, 4}, {3, 4, 1}, {4, 2, 0}, {5, 2, 1},
    {0, 0, 3}, {6, 5, 1}, {2, 6, 0}, {0, 255, 0}};

enum {
	SCENES_ALL = sizeof(scenes) / sizeof(scenes[0]),
	SCENES_FEW = 18, /* each policy and each state is in them */
	REQUESTS = 23,
	CALLERS = 3
};

/* Each request in each of the first n scenes, by one caller; the sum of what converse returns. */
static inline unsigned
converse_in_each(
    size_t n, unsigned (*converse)(const uint8_t *scene, uint8_t caller, uint8_t request))
{
	unsigned runs = 0;
	uint8_t request;
	size_t i;

	LLVMFuzzerInitialize(NULL, NULL);
	for (i = 0; i < n; i++)
		for (request = 0; request < REQUESTS; request++)
			runs += converse(scenes[i], (uint8_t)((i + request) % CALLERS), request);
	return runs;
}

#endif
