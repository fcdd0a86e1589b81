/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzing: tickets as anybody may put them on a token. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/vector.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The test vector, and what scrypt made of the responses: it takes its time. */
static struct {
	struct vector v;
	struct secret *once;
} known[2];

static void
begin(void)
{
	size_t i;

	if (known[0].once != NULL)
		return;
	vector_make(&known[0].v);
	vector_make_aes(&known[1].v);
	for (i = 0; i < 2; i++)
		known[i].once = ticket_once(&known[i].v.tickets[0], known[i].v.responses[0]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ticket none = {0};
	unsigned char bytes[TICKET_SIZE];
	struct secret *private;
	struct ticket t;
	size_t i;

	begin();
	if (ticket_parse(data, size, &t) != FORMAT_GOOD) {
		/* What is refused leaves nothing that somebody might go by. */
		if (memcmp(&t, &none, sizeof(t)) != 0)
			abort();
		return 0;
	}
	/* One form only. */
	ticket_write(&t, bytes);
	if (size != TICKET_SIZE || memcmp(bytes, data, size) != 0 || t.number == 0)
		abort();
	/* And only the one that was made opens. */
	for (i = 0; i < 2; i++) {
		enum seal_status status =
		    ticket_open_once(&t, &known[i].v.name, known[i].once, &private);
		bool same = ticket_equal(&t, &known[i].v.tickets[0]);
		struct ticket salted = t;

		memcpy(salted.salt, known[i].v.tickets[0].salt, sizeof(salted.salt));
		same = same || ticket_equal(&salted, &known[i].v.tickets[0]);
		if (status != (same ? SEAL_OPEN : SEAL_SHUT) || (private != NULL) != same)
			abort();
		secret_free(&private);
	}
	return 0;
}
