/* SPDX-License-Identifier: BSD-3-Clause */
/* Path templates: what a token may put into a path. */
#include "policy/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct part {
	const char *name;
	size_t offset; /* in struct identity */
	const char *empty;
} parts[] = {
    {"{serial}", offsetof(struct identity, serial), "the token has no serial number"},
    {"{model}", offsetof(struct identity, model), "the token has no model name"},
    {"{manufacturer}", offsetof(struct identity, manufacturer), "the token has no manufacturer"},
    {"{label}", offsetof(struct identity, label), "the token has no label"},
};

/* Which of the names text begins with; NULL: none. */
static const struct part *
part_at(const char *text)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strncmp(text, parts[i].name, strlen(parts[i].name)) == 0)
			return &parts[i];
	}
	return NULL;
}

static void
put_encoded(FILE *f, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		    c == '_' || c == '-')
			fputc(c, f);
		else
			fprintf(f, "%%%02X", c);
	}
}

const char *
template_check(const char *text, size_t *offset)
{
	const char *brace = text;

	while ((brace = strpbrk(brace, "{}")) != NULL) {
		const struct part *part = part_at(brace);

		if (part == NULL) {
			*offset = (size_t)(brace - text);
			return "only {serial}, {model}, {manufacturer} and {label} may stand in "
			       "braces";
		}
		brace += strlen(part->name);
	}
	return NULL;
}

char *
template_expand(const char *text, const struct identity *id, const char **why)
{
	char *out = NULL;
	size_t size, offset;
	FILE *f;

	*why = template_check(text, &offset);
	if (*why != NULL)
		return NULL;
	*why = "out of memory";
	f = open_memstream(&out, &size);
	if (f == NULL)
		return NULL;
	while (*text != '\0') {
		const struct part *part = part_at(text);
		const char *value;

		if (part == NULL) {
			fputc(*text++, f);
			continue;
		}
		value = (const char *)id + part->offset;
		if (value[0] == '\0') {
			*why = part->empty;
			fclose(f);
			free(out);
			return NULL;
		}
		put_encoded(f, value);
		text += strlen(part->name);
	}
	if (fclose(f) != 0) {
		free(out);
		return NULL;
	}
	*why = NULL;
	return out;
}

bool
template_is_own(const char *text)
{
	return strstr(text, "{serial}") != NULL;
}
