/* SPDX-License-Identifier: BSD-3-Clause */
/* Sources of fields (design, section 5): which there are, and which must not give an SO secret. */
#include "policy/source.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "policy/template.h"

static const char remedy_kinds[] = "write file:PATH, env:NAME or dialog";

static bool
starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool
fail(const char *field, struct place where, struct diags *d, const char *remedy, const char *what)
{
	diag_add(d, DIAG_ERROR, where, remedy, "Field.%.80s: %s", field, what);
	return false;
}

/* POSIX: letters, digits and '_', not beginning with a digit. */
static bool
is_variable(const char *name)
{
	if (name[0] == '\0' || isdigit((unsigned char)name[0]))
		return false;
	for (; *name != '\0'; name++) {
		if (!isalnum((unsigned char)*name) && *name != '_')
			return false;
	}
	return true;
}

static bool
parse_file(const char *field, const char *path, struct place where, struct diags *d)
{
	const char *why;
	size_t offset;

	if (path[0] != '/')
		return fail(field, where, d, "write file:/PATH", "file: wants an absolute path");
	why = template_check(path, &offset);
	if (why == NULL)
		return true;
	where.column += (unsigned)offset;
	return fail(field, where, d, why, "this brace is not understood");
}

static bool
check_kind(const char *field, const char *text, bool so_secret, struct place where, struct diags *d)
{
	static const char lasting[] = "its source must be a literal, file: or dialog";

	if (starts(text, "command:") && so_secret)
		return fail(field, where, d, lasting,
		    "command: for a value that is set as PUK or card manager key, which must be "
		    "had "
		    "again later");
	if (starts(text, "env:") && so_secret)
		return fail(field, where, d, lasting,
		    "env: for a value that is set as PUK or card manager key, which must be had "
		    "again later");
	if (starts(text, "command:"))
		return fail(field, where, d, "use file:..., env:..., dialog",
		    "command: is not available yet");
	if (starts(text, "derive:"))
		return fail(field, where, d, "use file:..., env:..., dialog",
		    "derive: is not available yet");
	return true;
}

bool
source_parse(const char *field, const char *text, bool so_secret, struct place where,
    struct diags *d, struct source *s)
{
	const char *rest = strchr(text, ':');

	memset(s, 0, sizeof(*s));
	s->line = where.line;
	s->column = where.column;
	if (!check_kind(field, text, so_secret, where, d))
		return false;
	if (starts(text, "file:")) {
		where.column += 5;
		s->kind = SOURCE_FILE;
		if (!parse_file(field, rest + 1, where, d))
			return false;
	} else if (starts(text, "env:")) {
		s->kind = SOURCE_ENV;
		where.column += 4;
		if (!is_variable(rest + 1))
			return fail(field, where, d, "write env:NAME",
			    "env: wants the name of an environment variable");
	} else if (strcmp(text, "dialog") == 0) {
		s->kind = SOURCE_DIALOG;
	} else if (text[0] == '#') {
		return fail(field, where, d, "write it into the description: [Fields] NAME=value",
		    "a literal is no source");
	} else {
		return fail(field, where, d, remedy_kinds, "this source is not known");
	}
	s->field = strdup(field);
	s->text = s->kind == SOURCE_DIALOG ? NULL : strdup(rest + 1);
	if (s->field != NULL && (s->text != NULL || s->kind == SOURCE_DIALOG))
		return true;
	source_free(s);
	return fail(field, where, d, NULL, "out of memory");
}

void
source_free(struct source *s)
{
	free(s->field);
	free(s->text);
	memset(s, 0, sizeof(*s));
}
