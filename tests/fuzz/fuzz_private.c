/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzing: private parts of records as a crash, an editor or another version might leave them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "card/private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct private p;
	size_t i;

	if (!private_parse((const char *)data, size, &p)) {
		/* What is refused leaves nothing that somebody might go by. */
		const struct private none = {0};

		if (p.journal != none.journal || p.has_salt || p.proved || p.new_valid)
			abort();
		return 0;
	}
	if (p.journal > JOURNAL_SO_ONLY)
		abort();
	if (strlen(p.kcv) != 0 && strlen(p.kcv) != sizeof(p.kcv) - 1)
		abort();
	if (p.so_wrong > 1000000 || p.login_wrong > 1000000 || p.letter_wrong > 1000000)
		abort();
	for (i = 0; !p.has_salt && i < SALT_LEN; i++)
		if (p.salt[i] != 0)
			abort();
	return 0;
}
