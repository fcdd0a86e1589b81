/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes the reader of encoding descriptions. */
#include <stdint.h>
#include <stdlib.h>

#include "policy/description.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diags d = {0};
	struct description *desc = description_parse("fuzz", (const char *)data, size, &d);

	/* There is a description exactly where there is no error. */
	if ((desc == NULL) != (d.n_errors != 0))
		abort();
	for (size_t i = 0; i < d.n; i++)
		free(diag_line(&d.list[i]));
	description_free(desc);
	diags_free(&d);
	return 0;
}
