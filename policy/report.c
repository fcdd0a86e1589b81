/* SPDX-License-Identifier: BSD-3-Clause */
/* Prints what was found in files: lines, carets, JSON (RFC 8259). */
#include "policy/report.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/element.h"
#include "policy/ini.h"
#include "policy/json.h"
#include "policy/utf8.h"

#define SHOWN_MAX 160 /* bytes of a line; a longer one is not shown */

static void
print_json(const struct diags *d, FILE *out)
{
	fputc('[', out);
	for (size_t i = 0; i < d->n; i++) {
		const struct diag *one = &d->list[i];

		fprintf(out, "%s\n  {\"level\": \"%s\", \"file\": ", i == 0 ? "" : ",",
		    diag_level_name(one->level));
		json_string(out, one->file);
		fprintf(out, ", \"line\": %u, \"column\": %u, \"what\": ", one->line, one->column);
		json_string(out, one->what);
		fputs(", \"remedy\": ", out);
		json_string(out, one->remedy);
		fputc('}', out);
	}
	fputs(d->n == 0 ? "]\n" : "\n]\n", out);
}

/* The header that a line stands under; NULL: none. */
static const struct ini_section *
section_of(const struct ini *ini, unsigned line)
{
	const struct ini_section *found = NULL;

	for (size_t i = 0; i < ini->n && ini->sections[i].line <= line; i++)
		found = &ini->sections[i];
	return found;
}

static bool
is_configuration(const struct ini_section *section)
{
	return section != NULL && (strncmp(section->name, "pkcs11:", 7) == 0 ||
				      strcasecmp(section->name, "Module") == 0 ||
				      strcasecmp(section->name, "Latch") == 0);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Where a field's value comes from (policy/source.h), and so no value; with what stands behind. */
static bool
is_source(const char *value, size_t len)
{
	for (size_t i = 1; i < len; i++)
		if (value[i] == ';' && is_blank(value[i - 1]))
			len = i;
	while (len > 0 && is_blank(value[len - 1]))
		len--;
	return (len == 6 && memcmp(value, "dialog", 6) == 0) ||
	       (len > 5 && memcmp(value, "file:", 5) == 0) ||
	       (len > 4 && memcmp(value, "env:", 4) == 0);
}

/* A literal that somebody wrote here, or pasted from a description, and a field's value in place of
 * its source. name: from which byte of the line on. */
static size_t
mistaken_start(const char *line, size_t len, size_t name, const char *equals)
{
	size_t value = equals == NULL ? len : (size_t)(equals - line) + 1;
	bool field = value - name > 5 && strncasecmp(line + name, "Field", 5) == 0;

	while (value < len && is_blank(line[value]))
		value++;
	if (value < len && (line[value] == '#' || (field && !is_source(line + value, len - value))))
		return value;
	return len;
}

/*
 * From which byte of a line on a secret may stand; len where nowhere. A line that is no element may
 * be a PIN that somebody pasted.
 */
static size_t
secret_start(const struct ini_section *section, const char *line, size_t len)
{
	const char *equals = memchr(line, '=', len);
	size_t blank = 0, name;
	const struct element *e;
	char copy[64];
	bool exact;

	while (blank < len && is_blank(line[blank]))
		blank++;
	if (blank == len || line[blank] == '[')
		return len;
	/* The sections of p11-latch.conf and policy.conf hold none, but by mistake. */
	if (is_configuration(section))
		return mistaken_start(line, len, blank, equals);
	if (equals == NULL)
		return blank;
	name = (size_t)(equals - line);
	while (name > blank && is_blank(line[name - 1]))
		name--;
	snprintf(copy, sizeof(copy), "%.*s", (int)(name - blank), line + blank);
	e = element_find(copy, true);
	if (section == NULL || section_find(section->name, &exact) == IN_FIELDS || e == NULL ||
	    element_is_secret(e))
		return (size_t)(equals - line) + 1;
	return len;
}

/* The line with its secrets masked, and what a terminal would act on taken out. */
static void
print_line(FILE *out, const char *line, size_t len, size_t secret)
{
	/* A dialog is no secret, and mostly what the error is about. */
	for (size_t i = secret; i < len && secret < len; i++) {
		if (is_blank(line[i]))
			continue;
		if (line[i] == '!' && secret > 0)
			secret = len;
		break;
	}
	fputs("    ", out);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];
		bool continues = (c & 0xc0) == 0x80;

		if (c == '\t' || c == ' ' || (c == '#' && i >= secret))
			fputc(c, out);
		else if (i >= secret && continues)
			continue;
		else if (i >= secret)
			fputc('*', out);
		else if (c < 0x20 || c == 0x7f ||
			 (c == 0xc2 && i + 1 < len && (unsigned char)line[i + 1] < 0xa0))
			fputc('?', out);
		else if (!continues || i == 0 || (unsigned char)line[i - 1] != 0xc2 || c >= 0xa0)
			fputc(c, out);
	}
	fputc('\n', out);
}

static void
print_caret(FILE *out, const char *line, size_t column)
{
	fputs("    ", out);
	for (size_t i = 0; i + 1 < column; i++) {
		if (line[i] == '\t')
			fputc('\t', out);
		else if (((unsigned char)line[i] & 0xc0) != 0x80)
			fputc(' ', out);
	}
	fputs("^\n", out);
}

/* *shown is the file that was read last: what is found comes file by file. */
static void
print_source(struct ini **shown, const struct diag *one, FILE *out)
{
	struct diags ignored = {0};
	const char *line;
	size_t len;

	if (one->line == 0 || one->file == NULL)
		return;
	if (*shown == NULL || strcmp((*shown)->file, one->file) != 0) {
		ini_free(*shown);
		*shown = ini_read(one->file, INI_TRAILING_COMMENTS, &ignored);
		diags_free(&ignored);
	}
	if (*shown == NULL)
		return;
	line = ini_line(*shown, one->line, &len);
	if (line == NULL || len > SHOWN_MAX || utf8_valid(line, len) != len)
		return;
	print_line(out, line, len, secret_start(section_of(*shown, one->line), line, len));
	if (one->column != 0 && one->column <= len + 1)
		print_caret(out, line, one->column);
}

void
diags_print(const struct diags *d, FILE *out, bool json, bool carets)
{
	struct ini *shown = NULL;

	if (json) {
		print_json(d, out);
		return;
	}
	for (size_t i = 0; i < d->n; i++) {
		char *line = diag_line(&d->list[i]);

		if (line != NULL)
			fprintf(out, "%s\n", line);
		free(line);
		if (carets)
			print_source(&shown, &d->list[i], out);
	}
	ini_free(shown);
}
