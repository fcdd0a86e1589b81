/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzing: records as somebody who may write the state directory might leave them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "card/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record r;
	size_t i;

	if (!record_parse((const char *)data, size, &r))
		return 0;
	/* What is accepted is what the rest of the program may rely on. */
	if (r.state < RECORD_PERSONALIZING || r.state > RECORD_ACTIVE || r.method > METHOD_REFUSE)
		abort();
	if (strlen(r.hold) != 0 && strlen(r.hold) != HOLD_ID_LEN)
		abort();
	for (i = 0; r.why[i] != '\0'; i++)
		if (r.why[i] < ' ' || r.why[i] > '~')
			abort();
	return 0;
}
