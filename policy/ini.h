/* SPDX-License-Identifier: BSD-3-Clause */
/* Reader of INI files: sections, elements, and where each stands. Links libc only. */
#ifndef POLICY_INI_H
#define POLICY_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/diag.h"

#define INI_FILE_MAX (1024u * 1024u) /* bytes */
#define INI_LINE_MAX (64u * 1024u)   /* bytes */

struct ini_entry {
	char *name;
	char *value; /* without white space around; "" where nothing stands */
	unsigned line;
	unsigned name_column;
	unsigned value_column;
};

struct ini_section {
	char *name; /* what stands between the brackets */
	unsigned line;
	unsigned column;
	struct ini_entry *entries;
	size_t n;
};

struct ini {
	char *file;
	struct ini_section *sections;
	size_t n;
	bool unread;   /* lines were no elements: they may be what is missing */
	unsigned mode; /* permission bits of the file; 0 for text in memory */
	char *text;    /* the whole file, for showing lines; wiped when freed */
	size_t text_len;
};

/* Flags of ini_read and ini_parse. */
#define INI_TRAILING_COMMENTS 1u /* white space and ';' end a value (configuration and policy) */
#define INI_TRUSTED           2u /* an error if others than owner and root may write the file */

/*
 * Reads a file. All that is wrong is added to d. NULL only where nothing could be read at all (that
 * is an error in d too); otherwise what could be understood, so that later checks report more.
 */
struct ini *ini_read(const char *path, unsigned flags, struct diags *d);

/* The same for text in memory; name stands for the file in messages. */
struct ini *ini_parse(
    const char *name, const char *text, size_t len, unsigned flags, struct diags *d);

const struct ini_section *ini_section(const struct ini *ini, const char *name);
const struct ini_entry *ini_entry(const struct ini_section *section, const char *name);

/* The text of a line (from 1) without its end; *len in bytes. NULL where there is no such line. */
const char *ini_line(const struct ini *ini, unsigned line, size_t *len);

struct place ini_place_name(const struct ini *ini, const struct ini_entry *e);
struct place ini_place_value(const struct ini *ini, const struct ini_entry *e);

/* Wipes all of it: descriptions hold literal PINs. */
void ini_free(struct ini *ini);

#endif
