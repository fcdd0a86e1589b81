/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch add --remove: takes away what add made, and nothing that was edited since. */
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
		ok = take_away(path) && ok;
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
