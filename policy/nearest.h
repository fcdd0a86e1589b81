/* SPDX-License-Identifier: BSD-3-Clause */
/* The name that was probably meant. Links libc only. */
#ifndef POLICY_NEAREST_H
#define POLICY_NEAREST_H

/* Holds the best guess so far; starts with nearest_begin(). */
struct nearest {
	const char *name;
	const char *best; /* NULL: nothing is near */
	unsigned distance;
};

void nearest_begin(struct nearest *n, const char *name);
void nearest_offer(struct nearest *n, const char *candidate);

/* The nearest of a list that a NULL ends; NULL where none is near. */
const char *nearest_of(const char *name, const char *const *candidates);

#endif
