/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzing: boxes as anybody may put them on a token. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/vector.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct vector known[2];

static void
judge(const struct box *b, const uint8_t *data, size_t size)
{
	size_t i;

	if (b->generation == 0 || b->n == 0 || b->n > BOX_TICKETS_MAX + 1 || b->numbers[0] != 0 ||
	    b->numbers[b->n - 1] > b->last || b->len != size ||
	    size != BOX_HEADER + b->n * BOX_ENTRY || memcmp(b->bytes, data, size) != 0)
		abort();
	for (i = 1; i < b->n; i++)
		if (b->numbers[i] <= b->numbers[i - 1])
			abort();
	if (box_has(b, TICKET_LAST) != (b->numbers[b->n - 1] == TICKET_LAST))
		abort();
}

/* Whatever else was changed, it gives what was sealed, or nothing. */
static void
try_to_open(const struct box *b, const struct vector *v)
{
	struct box_content content;
	enum seal_status status = box_open(b, &v->name, BOX_HELPDESK, v->helpdesk, &content);
	const struct ticket **list;
	size_t n;

	if (status == SEAL_FAILED || (status == SEAL_OPEN) != (content.so != NULL))
		abort();
	if (status == SEAL_OPEN && !secret_equal(content.so, v->so))
		abort();
	if (status == SEAL_OPEN && !box_find_tickets(b, &content, v->tickets, 2, &list, &n))
		abort();
	if (status == SEAL_OPEN)
		free(list);
	box_clear(&content);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct box *b;

	if (known[0].box == NULL) {
		vector_make(&known[0]);
		vector_make_aes(&known[1]);
	}
	if (box_parse(data, size, &b) != FORMAT_GOOD) {
		if (b != NULL)
			abort();
		return 0;
	}
	judge(b, data, size);
	try_to_open(b, &known[0]);
	try_to_open(b, &known[1]);
	box_free(&b);
	return 0;
}
