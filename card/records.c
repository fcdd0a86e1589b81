/* SPDX-License-Identifier: BSD-3-Clause */
/* All records of a state directory, one after the other. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "card/records.h"
#include "card/state.h"

/* What state_write() has not finished, or a crash left of it. */
static bool
is_temporary(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && strcmp(name + len - 4, ".new") == 0;
}

/* Of a token whose own name ends so. */
static bool
is_named_so(const char *file, const struct record *r)
{
	char bare[IDENTITY_NAME_MAX], labelled[IDENTITY_NAME_MAX];

	identity_name(&r->identity, false, bare);
	identity_name(&r->identity, true, labelled);
	return strcmp(file, bare) == 0 || strcmp(file, labelled) == 0;
}

static void
read_one(const char *state_dir, const char *file, record_fn fn, void *arg)
{
	char *path = state_path(state_dir, "records", file, ""), *text = NULL;
	struct record r;
	bool good = false;
	size_t len;

	memset(&r, 0, sizeof(r));
	if (path != NULL && state_read(path, &text, &len, RECORD_FILE_MAX) == 0)
		good = record_parse(text, len, &r);
	if (!good)
		memset(&r, 0, sizeof(r));
	if (!is_temporary(file) || (good && is_named_so(file, &r)))
		fn(file, &r, !good, arg);
	free(text);
	free(path);
}

bool
records_each(const char *state_dir, record_fn fn, void *arg)
{
	char *path = state_path(state_dir, "records", "", "");
	struct dirent *e;
	DIR *d = path != NULL ? opendir(path) : NULL;

	free(path);
	if (d == NULL)
		return false;
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] != '.')
			read_one(state_dir, e->d_name, fn, arg);
	}
	closedir(d);
	return true;
}
