/* SPDX-License-Identifier: BSD-3-Clause */
/* Secrets out of a message: into locked memory, and nothing of them stays in the message. */
#include "helper/take.h"

#include <string.h>

bool
take_secret(const struct wire *w, enum wire_tag tag, struct secret **s)
{
	const struct wire_field *f = wire_get(w, tag);

	*s = f != NULL ? secret_new(f->bytes, f->len) : NULL;
	take_wipe(w, tag);
	return f == NULL || *s != NULL;
}

void
take_wipe(const struct wire *w, enum wire_tag tag)
{
	const struct wire_field *f = wire_get(w, tag);

	if (f != NULL)
		explicit_bzero(w->payload + (f->bytes - w->payload), f->len);
}
