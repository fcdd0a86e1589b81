/* SPDX-License-Identifier: BSD-3-Clause */
/* Reader of INI files (design, section 4), reporting all that is wrong in one run. Links libc only.
 */
#include "policy/ini_text.h"

#include <stdlib.h>
#include <string.h>

/* Else it ends the process, which may be an application or a watcher. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "policy/utf8.h"

#define ERRORS_MAX 100 /* a file of another kind has one on every line */

/* A name that was there already. */
struct seen {
	const char *name;
	unsigned line;
	UT_hash_handle hh;
};

struct parser {
	struct ini *ini;
	struct diags *d;
	unsigned flags;
	unsigned line;
	size_t first_error; /* d->n_errors before the first line */
	struct seen *sections;
	struct seen *elements; /* of the section that is open */
	bool failed;           /* no memory */
};

/* Part of a line. */
struct span {
	const char *start;
	size_t len;
};

static struct place
at(const struct parser *ps, size_t offset)
{
	return (struct place){ps->ini->file, ps->line, (unsigned)offset + 1};
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct span
trim(struct span s)
{
	while (s.len > 0 && is_blank(s.start[0])) {
		s.start++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.start[s.len - 1]))
		s.len--;
	return s;
}

/* Where white space and ';' begin a comment behind a value; len where none does. */
static size_t
comment_start(const char *line, size_t len)
{
	for (size_t i = 1; i < len; i++) {
		if (line[i] == ';' && is_blank(line[i - 1]))
			return i - 1;
	}
	return len;
}

static char *
copy(struct parser *ps, struct span s)
{
	char *text = strndup(s.start, s.len);

	if (text == NULL)
		ps->failed = true;
	return text;
}

static void
forget(struct seen **names)
{
	struct seen *s, *next;

	HASH_ITER (hh, *names, s, next) {
		/* uthash frees its table with its last entry. NOLINTNEXTLINE(*-unix.Malloc) */
		HASH_DEL(*names, s);
		free(s);
	}
}

/* The line where the name stood before; 0: nowhere, and it is remembered now. name must live on. */
static unsigned
stood_before(struct parser *ps, struct seen **names, const char *name)
{
	struct seen *s;

	HASH_FIND_STR(*names, name, s);
	if (s != NULL)
		return s->line;
	s = calloc(1, sizeof(*s));
	if (s == NULL) {
		ps->failed = true;
		return 0;
	}
	s->name = name;
	s->line = ps->line;
	HASH_ADD_KEYPTR(hh, *names, name, strlen(name), s);
	if (s->hh.tbl == NULL) {
		free(s);
		ps->failed = true;
	}
	return 0;
}

static void
add_section(struct parser *ps, struct span name, size_t column)
{
	struct ini *ini = ps->ini;
	struct ini_section *new;
	unsigned before;

	if ((ini->n & (ini->n - 1)) == 0) {
		new = reallocarray(ini->sections, ini->n == 0 ? 1 : 2 * ini->n, sizeof(*new));
		if (new == NULL) {
			ps->failed = true;
			return;
		}
		ini->sections = new;
	}
	new = &ini->sections[ini->n];
	memset(new, 0, sizeof(*new));
	new->line = ps->line;
	new->column = (unsigned)column + 1;
	new->name = copy(ps, name);
	if (new->name == NULL)
		return;
	ini->n++;
	forget(&ps->elements);
	before = stood_before(ps, &ps->sections, new->name);
	if (before != 0)
		diag_add(ps->d, DIAG_ERROR, at(ps, column), "put all its elements under one header",
		    "duplicate section [%.80s], which begins on line %u", new->name, before);
}

static void
parse_header(struct parser *ps, const char *line, size_t len, size_t start)
{
	size_t end = ps->flags & INI_TRAILING_COMMENTS ? comment_start(line, len) : len;
	const char *close = memrchr(line + start, ']', end - start);
	struct span name = {line + start + 1, end - start - 1}, rest;

	if (close == NULL) {
		diag_add(ps->d, DIAG_ERROR, at(ps, start), "write ] behind its name",
		    "section header is not closed");
	} else {
		name.len = (size_t)(close - name.start);
		rest = trim((struct span){close + 1, end - (size_t)(close + 1 - line)});
		if (rest.len != 0)
			diag_add(ps->d, DIAG_ERROR, at(ps, (size_t)(rest.start - line)),
			    "put it on a line of its own", "text behind a section header");
	}
	name = trim(name);
	if (name.len == 0 && close != NULL)
		diag_add(ps->d, DIAG_ERROR, at(ps, start), "write [NAME]",
		    "section header without a name");
	add_section(ps, name, start);
}

static void
add_entry(struct parser *ps, struct span name, struct span value, const char *line)
{
	struct ini_section *section = &ps->ini->sections[ps->ini->n - 1];
	struct ini_entry *new;
	unsigned before;

	if ((section->n & (section->n - 1)) == 0) {
		new = reallocarray(
		    section->entries, section->n == 0 ? 1 : 2 * section->n, sizeof(*new));
		if (new == NULL) {
			ps->failed = true;
			return;
		}
		section->entries = new;
	}
	new = &section->entries[section->n];
	new->line = ps->line;
	new->name_column = (unsigned)(name.start - line) + 1;
	new->value_column = (unsigned)(value.start - line) + 1;
	new->name = copy(ps, name);
	new->value = copy(ps, value);
	before = new->name == NULL ? 0 : stood_before(ps, &ps->elements, new->name);
	if (before != 0)
		diag_add(ps->d, DIAG_ERROR, at(ps, new->name_column - 1), "remove one of the two",
		    "duplicate element %.80s=, which stands on line %u already", new->name, before);
	if (new->name == NULL || new->value == NULL || before != 0) {
		free(new->name);
		if (new->value != NULL)
			explicit_bzero(new->value, value.len);
		free(new->value);
		return;
	}
	section->n++;
}

static void
parse_element(struct parser *ps, const char *line, size_t len, size_t start)
{
	const char *equals = memchr(line + start, '=', len - start);
	struct span name, value;

	if (equals == NULL) {
		diag_add(ps->d, DIAG_ERROR, at(ps, start),
		    "write NAME=VALUE, [SECTION] or ; COMMENT", "neither a section nor an element");
		ps->ini->unread = true;
		return;
	}
	name = trim((struct span){line, (size_t)(equals - line)});
	if (ps->flags & INI_TRAILING_COMMENTS)
		len =
		    (size_t)(equals - line) + comment_start(equals, len - (size_t)(equals - line));
	value = (struct span){equals + 1, 0};
	if (len > (size_t)(equals + 1 - line))
		value.len = len - (size_t)(equals + 1 - line);
	value = trim(value);
	if (name.len == 0)
		diag_add(ps->d, DIAG_ERROR, at(ps, start),
		    "write its name before the =", "element without a name");
	else if (ps->ini->n == 0)
		diag_add(ps->d, DIAG_ERROR, at(ps, start), "begin with the header of its section",
		    "element before any section");
	else
		add_entry(ps, name, value, line);
}

static bool
check_bytes(struct parser *ps, const char *line, size_t len)
{
	const char *nul = memchr(line, '\0', len);
	size_t bad;

	if (len > INI_LINE_MAX) {
		diag_add(ps->d, DIAG_ERROR, at(ps, INI_LINE_MAX), "shorten it", "line over %u KiB",
		    INI_LINE_MAX / 1024);
		return false;
	}
	if (nul != NULL) {
		diag_add(ps->d, DIAG_ERROR, at(ps, (size_t)(nul - line)), "remove it", "NUL byte");
		return false;
	}
	bad = utf8_valid(line, len);
	if (bad != len) {
		diag_add(ps->d, DIAG_ERROR, at(ps, bad), "save the file as UTF-8",
		    "not UTF-8 (byte 0x%02X)", (unsigned char)line[bad]);
		return false;
	}
	return true;
}

static void
parse_line(struct parser *ps, const char *line, size_t len)
{
	size_t start = 0;

	if (!check_bytes(ps, line, len)) {
		ps->ini->unread = true;
		return;
	}
	while (start < len && is_blank(line[start]))
		start++;
	if (start == len || line[start] == ';' || line[start] == '#')
		return;
	if (line[start] == '[')
		parse_header(ps, line, len, start);
	else
		parse_element(ps, line, len, start);
}

static void
parse_text(struct parser *ps)
{
	const char *p = ps->ini->text, *end = p + ps->ini->text_len;

	p += ini_bom(ps->ini);
	while (p < end && !ps->failed) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t len = newline == NULL ? (size_t)(end - p) : (size_t)(newline - p);

		ps->line++;
		if (ps->d->n_errors - ps->first_error >= ERRORS_MAX) {
			diag_add(ps->d, DIAG_ERROR, (struct place){ps->ini->file, ps->line, 0},
			    "is this a file of the right kind?",
			    "too many errors; the rest of the file is not read");
			return;
		}
		parse_line(ps, p, len);
		p += len + 1;
	}
	if (ps->failed)
		diag_add(ps->d, DIAG_ERROR, (struct place){ps->ini->file, ps->line, 0}, NULL,
		    "out of memory");
}

struct ini *
ini_take(const char *name, char *text, size_t len, unsigned flags, struct diags *d)
{
	struct parser ps = {.d = d, .flags = flags, .first_error = d->n_errors};

	ps.ini = calloc(1, sizeof(*ps.ini));
	if (ps.ini == NULL || (ps.ini->file = strdup(name)) == NULL) {
		diag_add(d, DIAG_ERROR, (struct place){name, 0, 0}, NULL, "out of memory");
		free(ps.ini);
		explicit_bzero(text, len);
		free(text);
		return NULL;
	}
	ps.ini->text = text;
	ps.ini->text_len = len;
	parse_text(&ps);
	forget(&ps.sections);
	forget(&ps.elements);
	return ps.ini;
}
