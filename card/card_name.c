/* SPDX-License-Identifier: BSD-3-Clause */
/* The name of one card, for what is bound to it. */
#include <string.h>

#include "card/card_name.h"

#define SERIAL 16 /* bytes, as in CK_TOKEN_INFO */
#define LABEL  32

static void
add(struct card_name *name, const char *text, size_t size)
{
	memset(name->bytes + name->len, ' ', size);
	memcpy(name->bytes + name->len, text, strnlen(text, size));
	name->len += size;
}

void
card_name_set(struct card_name *name, const struct identity *id, bool with_label)
{
	memset(name, 0, sizeof(*name));
	add(name, id->serial, SERIAL);
	if (with_label)
		add(name, id->label, LABEL);
}
