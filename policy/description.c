/* SPDX-License-Identifier: BSD-3-Clause */
/* One encoding description: reading it, asking it, freeing it. */
#include "policy/description.h"

#include <stdlib.h>
#include <string.h>

#include "policy/description_text.h"
#include "policy/ini.h"
#include "policy/value.h"

/* Takes ini over. errors: how many d held before the file was read. */
static struct description *
from_ini(struct ini *ini, size_t errors, struct diags *d)
{
	struct description *desc;

	if (ini == NULL)
		return NULL;
	desc = calloc(1, sizeof(*desc));
	if (desc == NULL || (desc->file = strdup(ini->file)) == NULL)
		diag_add(d, DIAG_ERROR, (struct place){ini->file, 0, 0}, NULL, "out of memory");
	else
		description_take(desc, ini, d);
	ini_free(ini);
	if (d->n_errors == errors)
		return desc;
	description_free(desc);
	return NULL;
}

struct description *
description_read(const char *path, unsigned flags, struct diags *d)
{
	size_t errors = d->n_errors;

	return from_ini(ini_read(path, flags, d), errors, d);
}

struct description *
description_parse(const char *name, const char *text, size_t len, struct diags *d)
{
	size_t errors = d->n_errors;

	return from_ini(ini_parse(name, text, len, 0, d), errors, d);
}

bool
description_offline(const struct description *desc)
{
	return desc->use_card_manager_key;
}

bool
description_uses_key(const struct description *desc)
{
	return desc->card_manager_key.kind != VALUE_NONE ||
	       desc->new_card_manager_key.kind != VALUE_NONE;
}

const struct field *
description_field(const struct description *desc, const char *name)
{
	for (size_t i = 0; i < desc->n_fields; i++) {
		if (strcmp(desc->fields[i].name, name) == 0)
			return &desc->fields[i];
	}
	return NULL;
}

const struct value *
description_so(const struct description *desc)
{
	return description_uses_key(desc) ? &desc->card_manager_key : &desc->initial_puk;
}

const struct value *
description_new_so(const struct description *desc)
{
	return description_uses_key(desc) ? &desc->new_card_manager_key : &desc->puk;
}

void
description_free(struct description *desc)
{
	if (desc == NULL)
		return;
	value_free(&desc->label);
	value_free(&desc->pin);
	value_free(&desc->initial_puk);
	value_free(&desc->puk);
	value_free(&desc->card_manager_key);
	value_free(&desc->new_card_manager_key);
	value_free(&desc->serial);
	for (size_t i = 0; i < desc->n_fields; i++) {
		free(desc->fields[i].name);
		secret_free(&desc->fields[i].preset);
	}
	for (size_t i = 0; i < desc->n_clear_fields; i++)
		free(desc->clear_fields[i]);
	free(desc->fields);
	free(desc->clear_fields);
	free(desc->initial_label);
	free(desc->library);
	free(desc->file);
	free(desc);
}
