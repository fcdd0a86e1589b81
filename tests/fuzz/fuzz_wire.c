/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzing: frames as a hostile end of the socket might send them, whole and in pieces. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
look_at(const struct wire *w)
{
	unsigned tag;
	uint64_t big;
	uint32_t number;
	uint8_t small;
	volatile unsigned char last = 0;

	for (tag = 0; tag < 256; tag++) {
		const struct wire_field *f = wire_get(w, (enum wire_tag)tag);

		if (f == NULL)
			continue;
		if (f->len > 0)
			last = f->bytes[f->len - 1];
		(void)wire_get_u8(w, (enum wire_tag)tag, &small);
		(void)wire_get_u32(w, (enum wire_tag)tag, &number);
		(void)wire_get_u64(w, (enum wire_tag)tag, &big);
	}
	(void)last;
}

static void
parse(const uint8_t *data, size_t size)
{
	struct wire w;

	wire_begin(&w, WIRE_LOGIN);
	w.payload = malloc(size + 1);
	if (w.payload == NULL)
		return;
	memcpy(w.payload, data, size);
	w.len = size;
	w.size = size + 1;
	if (wire_parse(&w))
		look_at(&w);
	wire_end(&w);
}

static void
receive(const uint8_t *data, size_t size)
{
	struct wire w;
	int ends[2];

	if (size > 60000 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return;
	if (write(ends[0], data, size) == (ssize_t)size) {
		close(ends[0]);
		ends[0] = -1;
		while (wire_receive(ends[1], &w, 1000) == WIRE_OK) {
			look_at(&w);
			wire_end(&w);
		}
		wire_end(&w);
	}
	if (ends[0] >= 0)
		close(ends[0]);
	close(ends[1]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse(data, size);
	receive(data, size);
	return 0;
}
