/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch add --remove: takes away what add made, and nothing that was edited since. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/config.h"
#include "tool/add.h"

static bool
take_away(const char *path)
{
	if (unlink(path) != 0) {
		fprintf(stderr, "p11-latch: %s: %s\n", path, strerror(errno));
		return false;
	}
	printf("removed %s\n", path);
	return true;
}

/* Only where it is what add made of it. expected is freed. */
static bool
take_unedited(const char *path, char *expected)
{
	char *text = read_text(path);
	bool ok = true;

	if (text != NULL && expected != NULL && strcmp(text, expected) == 0)
		ok = take_away(path);
	else if (text != NULL || errno != ENOENT)
		printf("left alone: %s was edited\n", path);
	free(text);
	free(expected);
	return ok;
}

/* Whether what p11-kit calls by that file's name is the module that the instance wraps. */
static bool
wraps(const struct instance *in, const char *file)
{
	struct diags ignored = {0};
	struct config *c = config_read(in->conf, &ignored);
	struct names names = {0};
	bool is = false;

	if (c != NULL && access(in->library, F_OK) == 0 && kit_naming(in, c->module_path, &names))
		for (size_t i = 0; i < names.n && !is; i++)
			is = strcmp(names.list[i], file) == 0;
	names_free(&names);
	config_free(c);
	diags_free(&ignored);
	return is;
}

/* Another one of the same module: the text with which it would hide it, to be freed, after it was
 * printed that it does. NULL: there is none. */
static char *
hiding_of_other(const struct instance *in, const char *path, const char *file)
{
	char *folder = strndup(in->conf, (size_t)(strrchr(in->conf, '/') - in->conf)), *text = NULL;
	DIR *dir = folder != NULL ? opendir(folder) : NULL;
	struct dirent *e;

	while (dir != NULL && text == NULL && (e = readdir(dir)) != NULL) {
		char *name = instance_of_file(e->d_name, ".conf");
		struct instance other = {0};

		if (name != NULL && strcmp(name, in->name) != 0 &&
		    instance_find(&other, name, in->user) && wraps(&other, file) &&
		    (text = instance_hiding_text(&other)) != NULL)
			printf("kept %s: the instance %s wraps the same module\n", path, name);
		instance_free(&other);
		free(name);
	}
	if (dir != NULL)
		closedir(dir);
	free(folder);
	return text;
}

/* As long as another instance has the same module it stays hidden, and is that one's to show. */
static bool
unhide(const struct instance *in, const char *path, const char *file)
{
	char *text = hiding_of_other(in, path, file), *next;
	struct changes changes = {0};
	bool ok;

	if (text == NULL)
		return take_away(path);
	if (asprintf(&next, "%s.new", path) < 0)
		next = NULL;
	ok = next != NULL && change_write(&changes, next, text, 0644);
	if (ok && rename(next, path) != 0) {
		fprintf(stderr, "p11-latch: %s: %s\n", path, strerror(errno));
		changes_undo(&changes);
		ok = false;
	}
	changes_free(&changes);
	free(next);
	free(text);
	return ok;
}

static bool
show_vendor(const struct instance *in)
{
	struct names names = {0};
	char *text = instance_hiding_text(in), *path;
	bool ok = text != NULL && kit_holding(in, text, &names);

	for (size_t i = 0; i < names.n; i++) {
		if (asprintf(&path, "%s/%s", in->kit_folder, names.list[i]) < 0) {
			ok = false;
			break;
		}
		ok = unhide(in, path, names.list[i]) && ok;
		free(path);
	}
	names_free(&names);
	free(text);
	return ok;
}

static bool
remove_conf(const struct instance *in)
{
	struct diags ignored = {0};
	struct config *c = config_read(in->conf, &ignored);
	char *expected = c != NULL ? instance_conf_text(in, c->module_path, c->profile) : NULL;
	bool ok = take_unedited(in->conf, expected);

	config_free(c);
	diags_free(&ignored);
	return ok;
}

/* While nothing is in it any more, the folder of the file, and those around it. */
static void
remove_folders_of(const char *file)
{
	char *folder = strdup(file), *slash;

	while (folder != NULL && (slash = strrchr(folder, '/')) != NULL && slash != folder) {
		*slash = '\0';
		if (rmdir(folder) != 0)
			break;
	}
	free(folder);
}

/* Those that add may have made: a user's, and p11-kit's. */
static void
remove_folders(const struct instance *in)
{
	remove_folders_of(in->kit_file);
	if (!in->user)
		return;
	rmdir(in->descriptions);
	remove_folders_of(in->policy);
	remove_folders_of(in->library);
	remove_folders_of(in->state_folder);
}

bool
remove_instance(const struct instance *in)
{
	bool ok = true;

	if (access(in->library, F_OK) != 0 && access(in->conf, F_OK) != 0 &&
	    access(in->kit_file, F_OK) != 0) {
		fprintf(stderr, "p11-latch: there is no instance %s%s\n", in->name,
		    in->user ? " of this user" : "");
		return false;
	}
	ok = take_unedited(in->kit_file, instance_kit_text(in));
	ok = show_vendor(in) && ok;
	if (access(in->library, F_OK) == 0)
		ok = take_away(in->library) && ok;
	ok = remove_conf(in) && ok;
	ok = take_unedited(in->policy, instance_policy_text(in)) && ok;
	if (access(in->state_folder, F_OK) == 0)
		printf("left alone: %s, what is remembered of its cards\n", in->state_folder);
	remove_folders(in);
	return ok;
}
