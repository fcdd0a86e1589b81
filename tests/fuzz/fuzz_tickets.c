/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzing: all that lies on a token under our name, and which of it a box was sealed to. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "card/tickets_part.h"
#include "tests/unit/vector.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * The input is a list: a byte that says what comes, and what it is made of.
 *	0 LENGTH (2 bytes) BYTES    an object with this value
 *	1 N AT IS                   ticket N (0 or 1) of the test vector, with one byte that is
 *another 2 AT (2 bytes) IS           its box, likewise else                        one that cannot
 *be read
 */
static struct vector known;

struct input {
	const uint8_t *at;
	size_t left;
};

static unsigned
next(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

static void
add_one(struct input *in, struct tickets *t)
{
	unsigned char bytes[BOX_SIZE_MAX];
	unsigned kind = next(in), n;
	size_t len = 0, at;

	switch (kind) {
	case 0:
		len = next(in) << 8;
		len |= next(in);
		if (len > in->left)
			len = in->left;
		if (!tickets_add(t, in->at, len, true))
			abort();
		in->at += len;
		in->left -= len;
		return;
	case 1:
		n = next(in) & 1;
		at = next(in) % TICKET_SIZE;
		ticket_write(&known.tickets[n], bytes);
		len = TICKET_SIZE;
		break;
	case 2:
		at = next(in) << 8;
		at |= next(in);
		len = known.box->len;
		at %= len;
		memcpy(bytes, known.box->bytes, len);
		break;
	default:
		if (!tickets_add(t, NULL, 0, true))
			abort();
		return;
	}
	bytes[at] = (unsigned char)next(in);
	if (!tickets_add(t, bytes, len, true))
		abort();
}

/* The tickets that are found are those that were sealed to, whatever else bears their numbers. */
static void
find(const struct tickets *t, const struct box *b)
{
	struct box_content content;
	const struct ticket **list;
	size_t n = 0, i;

	if (box_open(b, &known.name, BOX_HELPDESK, known.helpdesk, &content) != SEAL_OPEN)
		return;
	if (box_find_tickets(b, &content, t->list, t->n, &list, &n)) {
		if (n != 2)
			abort();
		for (i = 0; i < n; i++)
			if (list[i]->number != known.tickets[i].number ||
			    memcmp(list[i]->public, known.tickets[i].public, SEAL_KEY) != 0)
				abort();
		free(list);
	} else if (list != NULL || n != 0) {
		abort();
	}
	box_clear(&content);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {.at = data, .left = size};
	struct tickets t = {0};
	size_t i, k;

	if (known.box == NULL)
		vector_make(&known);
	for (i = 0; in.left > 0 && i < TICKETS_OBJECTS_MAX; i++)
		add_one(&in, &t);
	for (i = 0; i < t.n; i++)
		for (k = 0; k < i; k++)
			if (ticket_equal(&t.list[i], &t.list[k]))
				abort();
	for (i = 0; i < t.n_boxes; i++)
		find(&t, t.boxes[i]);
	tickets_clear(&t);
	return 0;
}
