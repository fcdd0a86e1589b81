/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes sources of fields and the templates in them: a token's 96 bytes, then the text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/identity.h"
#include "policy/source.h"
#include "policy/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
count(const char *text, const char *of)
{
	size_t n = 0;

	for (; (text = strpbrk(text, of)) != NULL; text++)
		n++;
	return n;
}

/* A token puts no folder, no dot and no brace into a path. */
static void
check_expanded(const char *text, const char *path)
{
	if (count(path, "/.") != count(text, "/.") || count(path, "{}") != 0)
		abort();
}

static void
expand(const char *text, const struct identity *id)
{
	const char *why, *fault;
	size_t offset = 0;
	char *path = template_expand(text, id, &why);

	fault = template_check(text, &offset);
	if ((path == NULL) != (why != NULL) || offset > strlen(text))
		abort();
	if (fault != NULL && path != NULL)
		abort();
	/* A good template fails for a token that lacks a name, and for no other. */
	if (fault == NULL && path == NULL && id->label[0] != '\0' && id->model[0] != '\0' &&
	    id->serial[0] != '\0' && id->manufacturer[0] != '\0')
		abort();
	if (path != NULL)
		check_expanded(text, path);
	free(path);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct diags d = {0};
	struct identity id;
	struct source s;
	char *text;
	bool so;

	if (size < IDENTITY_WIRE_LEN + 1)
		return 0;
	identity_unpack(&id, data);
	so = (data[IDENTITY_WIRE_LEN] & 1) != 0;
	text = strndup((const char *)data + IDENTITY_WIRE_LEN + 1, size - IDENTITY_WIRE_LEN - 1);
	if (text == NULL)
		return 0;
	expand(text, &id);
	if (source_parse("NAME", text, so, (struct place){"fuzz", 1, 1}, &d, &s)) {
		if (so && s.kind == SOURCE_ENV)
			abort();
		if (s.kind == SOURCE_FILE)
			expand(s.text, &id);
		source_free(&s);
	} else if (d.n_errors == 0) {
		abort();
	}
	diags_free(&d);
	free(text);
	return 0;
}
