/* SPDX-License-Identifier: BSD-3-Clause */
/* INI files: reading one, and finding things in it. Links libc only. */
#include "policy/ini.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/file.h"
#include "policy/ini_text.h"

static const char bom[] = {'\xef', '\xbb', '\xbf'};

size_t
ini_bom(const struct ini *ini)
{
	if (ini->text_len < sizeof(bom) || memcmp(ini->text, bom, sizeof(bom)) != 0)
		return 0;
	return sizeof(bom);
}

struct ini *
ini_parse(const char *name, const char *text, size_t len, unsigned flags, struct diags *d)
{
	char *own = malloc(len + 1);
	struct place where = {name, 0, 0};

	if (own == NULL) {
		diag_add(d, DIAG_ERROR, where, NULL, "out of memory");
		return NULL;
	}
	if (len > INI_FILE_MAX) {
		diag_add(d, DIAG_ERROR, where, "split it", "file over %u KiB", INI_FILE_MAX / 1024);
		free(own);
		return NULL;
	}
	memcpy(own, text, len);
	return ini_take(name, own, len, flags, d);
}

struct ini *
ini_read(const char *path, unsigned flags, struct diags *d)
{
	struct place where = {path, 0, 0};
	struct file_fault fault;
	struct ini *ini = NULL;
	struct stat st;
	char *text = NULL;
	ssize_t len;
	int fd = file_open(path, flags & INI_TRUSTED ? FILE_TRUSTED : 0, &st, &fault);

	if (fd < 0) {
		diag_add(d, DIAG_ERROR, where, fault.remedy, "%s", fault.what);
		return NULL;
	}
	if (st.st_size > INI_FILE_MAX) {
		diag_add(d, DIAG_ERROR, where, "split it", "file over %u KiB", INI_FILE_MAX / 1024);
		goto out;
	}
	text = malloc((size_t)st.st_size + 1);
	if (text == NULL) {
		diag_add(d, DIAG_ERROR, where, NULL, "out of memory");
		goto out;
	}
	len = file_read(fd, text, (size_t)st.st_size + 1);
	if (len < 0 || len > st.st_size) {
		diag_add(d, DIAG_ERROR, where, NULL, "cannot be read: %s",
		    len < 0 ? strerror(errno) : "it is being written");
		explicit_bzero(text, (size_t)st.st_size + 1);
		free(text);
		goto out;
	}
	ini = ini_take(path, text, (size_t)len, flags, d);
	if (ini != NULL)
		ini->mode = (unsigned)st.st_mode & 07777;
out:
	close(fd);
	return ini;
}

const struct ini_section *
ini_section(const struct ini *ini, const char *name)
{
	for (size_t i = 0; i < ini->n; i++) {
		if (strcmp(ini->sections[i].name, name) == 0)
			return &ini->sections[i];
	}
	return NULL;
}

const struct ini_entry *
ini_entry(const struct ini_section *section, const char *name)
{
	for (size_t i = 0; i < section->n; i++) {
		if (strcmp(section->entries[i].name, name) == 0)
			return &section->entries[i];
	}
	return NULL;
}

const char *
ini_line(const struct ini *ini, unsigned line, size_t *len)
{
	const char *p = ini->text, *end = p + ini->text_len, *newline;

	p += ini_bom(ini);
	for (; p < end && line > 0; p = newline + 1) {
		newline = memchr(p, '\n', (size_t)(end - p));
		if (newline == NULL)
			newline = end;
		if (--line != 0)
			continue;
		*len = (size_t)(newline - p);
		if (*len > 0 && p[*len - 1] == '\r')
			--*len;
		return p;
	}
	return NULL;
}

struct place
ini_place_name(const struct ini *ini, const struct ini_entry *e)
{
	return (struct place){ini->file, e->line, e->name_column};
}

struct place
ini_place_value(const struct ini *ini, const struct ini_entry *e)
{
	return (struct place){ini->file, e->line, e->value_column};
}

void
ini_free(struct ini *ini)
{
	if (ini == NULL)
		return;
	for (size_t i = 0; i < ini->n; i++) {
		struct ini_section *section = &ini->sections[i];

		for (size_t k = 0; k < section->n; k++) {
			explicit_bzero(
			    section->entries[k].value, strlen(section->entries[k].value));
			free(section->entries[k].value);
			free(section->entries[k].name);
		}
		free(section->entries);
		free(section->name);
	}
	free(ini->sections);
	explicit_bzero(ini->text, ini->text_len);
	free(ini->text);
	free(ini->file);
	free(ini);
}
