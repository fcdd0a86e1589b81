/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes the INI reader; the first byte chooses its flags. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/ini.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read must be what stands at the place that is told for it. */
static void
check_places(const struct ini *ini)
{
	for (size_t i = 0; i < ini->n; i++) {
		const struct ini_section *s = &ini->sections[i];

		for (size_t k = 0; k < s->n; k++) {
			const struct ini_entry *e = &s->entries[k];
			size_t len;
			const char *line = ini_line(ini, e->line, &len);

			if (line == NULL || e->name_column - 1 + strlen(e->name) > len ||
			    memcmp(line + e->name_column - 1, e->name, strlen(e->name)) != 0 ||
			    (e->value[0] != '\0' && memcmp(line + e->value_column - 1, e->value,
							strlen(e->value)) != 0))
				abort();
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diags d = {0};
	struct ini *ini;

	if (size == 0)
		return 0;
	ini = ini_parse(
	    "fuzz", (const char *)data + 1, size - 1, data[0] & INI_TRAILING_COMMENTS, &d);
	if (ini != NULL)
		check_places(ini);
	for (size_t i = 0; i < d.n; i++)
		free(diag_line(&d.list[i]));
	ini_free(ini);
	diags_free(&d);
	return 0;
}
