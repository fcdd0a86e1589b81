/* SPDX-License-Identifier: BSD-3-Clause */
/* The name that was probably meant, by edit distance without regard to case. */
#include "policy/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define NAME_MAX_LEN 48 /* longer ones are nobody's slip of the finger */

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static bool
same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Letters put in, left out, changed, or swapped with their neighbour. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned rows[3][NAME_MAX_LEN + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2], *spare;
	size_t len = strlen(b);

	for (unsigned j = 0; j <= len; j++)
		last[j] = j;
	for (unsigned i = 0; a[i] != '\0'; i++) {
		row[0] = i + 1;
		for (size_t j = 0; j < len; j++) {
			row[j + 1] = least(last[j + 1], row[j]) + 1;
			row[j + 1] = least(row[j + 1], last[j] + (same(a[i], b[j]) ? 0 : 1));
			if (i > 0 && j > 0 && same(a[i], b[j - 1]) && same(a[i - 1], b[j]))
				row[j + 1] = least(row[j + 1], before[j - 1] + 1);
		}
		spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[len];
}

void
nearest_begin(struct nearest *n, const char *name)
{
	size_t len = strlen(name);

	n->name = name;
	n->best = NULL;
	/* A third of the letters may be wrong; the distance must be below this. */
	n->distance = len > NAME_MAX_LEN ? 0 : (unsigned)(len + 2) / 3 + 1;
}

void
nearest_offer(struct nearest *n, const char *candidate)
{
	unsigned d;

	if (n->distance == 0 || strlen(candidate) > NAME_MAX_LEN)
		return;
	d = distance(n->name, candidate);
	if (d >= n->distance)
		return;
	n->best = candidate;
	n->distance = d;
}

const char *
nearest_of(const char *name, const char *const *candidates)
{
	struct nearest n;

	nearest_begin(&n, name);
	for (; *candidates != NULL; candidates++)
		nearest_offer(&n, *candidates);
	return n.best;
}
