/* SPDX-License-Identifier: BSD-3-Clause */
/* Tickets and boxes as files of the state directory. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card/state.h"
#include "card/tickets_part.h"
#include "policy/log.h"

/* One file of this card; bytes NULL: it cannot be read, or is longer than any of ours. */
typedef bool (*file_fn)(const char *path, const unsigned char *bytes, size_t len, void *arg);

static char *
path_of(const struct card *c, const struct item *item)
{
	char suffix[sizeof(".ticket-18446744073709551615")];

	snprintf(suffix, sizeof(suffix), item->is_box ? ".box-%llu" : ".ticket-%llu", item->number);
	return state_path(c->office->config->state_dir, "private", c->name, suffix);
}

/* What a crash left of state_write(). */
static bool
is_unfinished(const char *file)
{
	const char *end = strrchr(file, '.');

	return end != NULL && strcmp(end, ".new") == 0;
}

static bool
is_number(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits > 0 && (text[digits] == '\0' || strcmp(text + digits, ".new") == 0);
}

/* Dots stand between the parts of a card's name and never within one, so that none has another's.
 */
static bool
is_ours(const struct card *c, const char *file)
{
	static const char *const kinds[] = {".ticket-", ".box-"};
	size_t len = strlen(c->name), i;

	if (strncmp(file, c->name, len) != 0)
		return false;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(file + len, kinds[i], strlen(kinds[i])) == 0)
			return is_number(file + len + strlen(kinds[i]));
	return false;
}

static bool
visit(const char *folder, const char *file, file_fn fn, void *arg)
{
	char *path = NULL, *bytes = NULL;
	size_t len = 0;
	bool ok = false;

	if (asprintf(&path, "%s/%s", folder, file) < 0) {
		path = NULL;
		log_error("no memory");
	} else if (state_read(path, &bytes, &len, BOX_SIZE_MAX) == 0) {
		ok = fn(path, (unsigned char *)bytes, len, arg);
	} else if (errno == ENOENT) {
		ok = true;
	} else if (errno == EFBIG || errno == EINVAL || errno == ELOOP) {
		ok = fn(path, NULL, 0, arg);
	} else {
		log_error("%s: %s", path, strerror(errno));
	}
	free(bytes);
	free(path);
	return ok;
}

/* All of this card; *n is their number, of which TICKETS_OBJECTS_MAX are looked at. */
static bool
each(const struct card *c, file_fn fn, void *arg, size_t *n)
{
	char *folder = NULL;
	struct dirent *e;
	bool ok = true;
	DIR *d = NULL;

	*n = 0;
	if (asprintf(&folder, "%s/private", c->office->config->state_dir) < 0)
		folder = NULL;
	else
		d = opendir(folder);
	/* A card that nothing governs may have no folder at all. */
	if (d == NULL && (folder == NULL || errno != ENOENT)) {
		log_error("%s: %s", folder != NULL ? folder : "private", strerror(errno));
		ok = false;
	}
	while (ok && d != NULL && (e = readdir(d)) != NULL) {
		if (is_ours(c, e->d_name) && ++*n <= TICKETS_OBJECTS_MAX)
			ok = visit(folder, e->d_name, fn, arg);
	}
	if (d != NULL)
		closedir(d);
	free(folder);
	return ok;
}

static bool
add(const char *path, const unsigned char *bytes, size_t len, void *arg)
{
	if (is_unfinished(path) || tickets_add(arg, bytes, len, false))
		return true;
	log_error("no memory");
	return false;
}

bool
files_read(const struct card *c, struct tickets *t)
{
	size_t n;
	bool ok = each(c, add, t, &n);

	t->too_many = t->too_many || n > TICKETS_OBJECTS_MAX;
	return ok;
}

bool
files_have(const struct card *c, const struct item *item)
{
	char *path = path_of(c, item), *bytes = NULL;
	size_t len = 0;
	bool have = path != NULL && state_read(path, &bytes, &len, BOX_SIZE_MAX) == 0 &&
		    len == item->len && memcmp(bytes, item->bytes, len) == 0;

	free(bytes);
	free(path);
	return have;
}

bool
files_put(const struct card *c, const struct item *item)
{
	char *path = path_of(c, item);
	bool ok = path != NULL && state_write(path, item->bytes, item->len, 0600);

	free(path);
	return ok;
}

bool
files_remove(const struct card *c, const struct item *item)
{
	char *path = path_of(c, item);
	bool ok = path != NULL && state_remove(path);

	free(path);
	return ok;
}

static bool
remove_other(const char *path, const unsigned char *bytes, size_t len, void *arg)
{
	if (bytes != NULL && !is_unfinished(path) &&
	    (items_see(arg, bytes, len) || item_is_newer(bytes, len)))
		return true;
	return state_remove(path);
}

bool
files_keep(const struct card *c, struct items *items)
{
	size_t n;

	return each(c, remove_other, items, &n);
}
