/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-kit's module files (pkcs11.conf(5)): which of them names a module, and which hides one. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/add.h"

#define TEXT_MAX 65536 /* bytes of a module file */

char *
read_text(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text;
	size_t n;

	if (f == NULL)
		return NULL;
	text = malloc(TEXT_MAX + 1);
	if (text != NULL) {
		n = fread(text, 1, TEXT_MAX, f);
		text[n] = '\0';
		if (ferror(f) || strlen(text) != n) {
			free(text);
			text = NULL;
			errno = EINVAL;
		}
	}
	fclose(f);
	return text;
}

/* The value of a line "NAME: VALUE"; to be freed. NULL: there is none. */
static char *
value_of(const char *text, const char *name)
{
	size_t len = strlen(name);

	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		const char *end;

		line += strspn(line, " \t\r\n");
		if (strncmp(line, name, len) != 0)
			continue;
		end = line + len + strspn(line + len, " \t");
		if (*end++ != ':')
			continue;
		end += strspn(end, " \t");
		len = strcspn(end, "\r\n");
		while (len > 0 && (end[len - 1] == ' ' || end[len - 1] == '\t'))
			len--;
		return strndup(end, len);
	}
	return NULL;
}

bool
kit_hides(const char *path)
{
	char *text = read_text(path), *value = text != NULL ? value_of(text, "enable-in") : NULL;
	bool hides = value != NULL && value[0] == '\0';

	free(value);
	free(text);
	return hides;
}

bool
kit_shows(const char *path, const char *library)
{
	char *text = read_text(path), *value = text != NULL ? value_of(text, "module") : NULL;
	bool shows = value != NULL && strcmp(value, library) == 0;

	free(value);
	free(text);
	return shows;
}

/* p11-kit takes a name without a folder for one of its own. */
static bool
is_module(const char *value, const struct stat *module)
{
	struct stat st;
	char *path;
	bool same;

	if (asprintf(&path, "%s%s%s", value[0] == '/' ? "" : P11_KIT_MODULE_DIR,
		value[0] == '/' ? "" : "/", value) < 0)
		return false;
	same = stat(path, &st) == 0 && st.st_dev == module->st_dev && st.st_ino == module->st_ino;
	free(path);
	return same;
}

static bool
add_name(struct names *names, const char *name)
{
	char **list;

	for (size_t i = 0; i < names->n; i++) {
		if (strcmp(names->list[i], name) == 0)
			return true;
	}
	list = reallocarray(names->list, names->n + 1, sizeof(*list));
	if (list == NULL)
		return false;
	names->list = list;
	list[names->n] = strdup(name);
	return list[names->n] != NULL && ++names->n > 0;
}

void
names_free(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->list[i]);
	free(names->list);
	memset(names, 0, sizeof(*names));
}

typedef bool (*choose_fn)(const char *text, const void *arg);

/* The module files of one folder that are chosen. */
static bool
search(const char *folder, choose_fn choose, const void *arg, struct names *names)
{
	DIR *dir = opendir(folder);
	struct dirent *e;
	bool ok = true;

	while (dir != NULL && ok && (e = readdir(dir)) != NULL) {
		const char *dot = strrchr(e->d_name, '.');
		char *path, *text;

		if (e->d_name[0] == '.' || dot == NULL || strcmp(dot, ".module") != 0)
			continue;
		ok = asprintf(&path, "%s/%s", folder, e->d_name) >= 0;
		text = ok ? read_text(path) : NULL;
		if (text != NULL && choose(text, arg))
			ok = add_name(names, e->d_name);
		free(text);
		if (ok)
			free(path);
	}
	if (dir != NULL)
		closedir(dir);
	return ok;
}

static bool
names_module(const char *text, const void *arg)
{
	char *value = value_of(text, "module");
	bool same = value != NULL && value[0] != '\0' && is_module(value, arg);

	free(value);
	return same;
}

bool
kit_naming(const struct instance *in, const char *module, struct names *names)
{
	struct stat st;

	if (stat(module, &st) != 0)
		return true;
	return search(P11_KIT_CONFIG_DIR, names_module, &st, names) &&
	       search(P11_KIT_SYSTEM_CONFIG_DIR, names_module, &st, names) &&
	       (!in->user || search(in->kit_folder, names_module, &st, names));
}

static bool
is_text(const char *text, const void *arg)
{
	return strcmp(text, arg) == 0;
}

bool
kit_holding(const struct instance *in, const char *text, struct names *names)
{
	return search(in->kit_folder, is_text, text, names);
}
