/* SPDX-License-Identifier: BSD-3-Clause */
/* Errors and warnings about files, collected and put into words. Links libc only. */
#include "policy/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/log.h"

static const char *const level_names[] = {
    [DIAG_ERROR] = "error",
    [DIAG_WARNING] = "warning",
    [DIAG_NOTE] = "note",
};

const char *
diag_level_name(enum diag_level level)
{
	return level_names[level];
}

static struct diag *
append(struct diags *d)
{
	/* Room for a power of two; grows when n is one. */
	if ((d->n & (d->n - 1)) == 0) {
		size_t room = d->n == 0 ? 1 : 2 * d->n;
		struct diag *list = reallocarray(d->list, room, sizeof(*list));

		if (list == NULL)
			return NULL;
		d->list = list;
	}
	return &d->list[d->n];
}

void
diag_add(struct diags *d, enum diag_level level, struct place where, const char *remedy,
    const char *fmt, ...)
{
	struct diag *new;
	va_list ap;

	d->n_errors += level == DIAG_ERROR;
	d->n_warnings += level == DIAG_WARNING;
	new = append(d);
	if (new == NULL)
		return;
	new->level = level;
	new->line = where.line;
	new->column = where.column;
	new->file = strdup(where.file == NULL ? "" : where.file);
	new->remedy = remedy == NULL ? NULL : strdup(remedy);
	va_start(ap, fmt);
	if (vasprintf(&new->what, fmt, ap) < 0)
		new->what = NULL;
	va_end(ap);
	d->n++;
}

/* Takes the control characters out of a line that goes to a terminal: names come from files. */
static void
disarm(char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)text[0], next = (unsigned char)text[1];

		/* U+0080 to U+009F are control characters too. */
		if (c < 0x20 || c == 0x7f || (c == 0xc2 && next >= 0x80 && next < 0xa0))
			*text = '?';
	}
}

char *
diag_line(const struct diag *d)
{
	char place[32] = "", *line;
	const char *what = d->what == NULL ? "out of memory" : d->what;

	if (d->line != 0 && d->column != 0)
		snprintf(place, sizeof(place), "%u:%u:", d->line, d->column);
	else if (d->line != 0)
		snprintf(place, sizeof(place), "%u:", d->line);
	if (asprintf(&line, "%s:%s %s: %s%s%s", d->file == NULL ? "" : d->file, place,
		level_names[d->level], what, d->remedy == NULL ? "" : "; ",
		d->remedy == NULL ? "" : d->remedy) < 0)
		return NULL;
	disarm(line);
	return line;
}

void
diags_log(const struct diags *d)
{
	for (size_t i = 0; i < d->n; i++) {
		char *line = diag_line(&d->list[i]);

		if (line == NULL)
			continue;
		if (d->list[i].level == DIAG_ERROR)
			log_error("%s", line);
		else
			log_debug("%s", line);
		free(line);
	}
}

void
diags_free(struct diags *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->list[i].file);
		free(d->list[i].what);
		free(d->list[i].remedy);
	}
	free(d->list);
	memset(d, 0, sizeof(*d));
}
