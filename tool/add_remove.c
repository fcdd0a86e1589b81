/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch add --remove: takes away what add made, and nothing that was edited since. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "card/profile.h"
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

/* Whether what p11-kit calls by that file's name is the module that an instance wraps. */
enum wrapping {
	WRAPS_NOT,
	WRAPS_IT,
	WRAPS_UNKNOWN, /* its configuration cannot be read */
};

static enum wrapping
wraps(const struct instance *in, const char *file)
{
	enum wrapping answer = WRAPS_UNKNOWN;
	struct diags ignored = {0};
	struct config *c = config_read(in->conf, &ignored);
	struct names names = {0};

	if (c != NULL && kit_naming(in, c->module_path, &names)) {
		answer = WRAPS_NOT;
		for (size_t i = 0; i < names.n; i++)
			if (strcmp(names.list[i], file) == 0)
				answer = WRAPS_IT;
	}
	names_free(&names);
	config_free(c);
	diags_free(&ignored);
	return answer;
}

/* Another one of the same module, else one of which that cannot be known: its name, to be freed.
 * NULL: there is neither. */
static char *
other_of(const struct instance *in, const char *file, enum wrapping *best)
{
	char *folder = strndup(in->library, (size_t)(strrchr(in->library, '/') - in->library));
	DIR *dir = folder != NULL ? opendir(folder) : NULL;
	char *found = NULL;
	struct dirent *e;

	*best = WRAPS_NOT;
	while (dir != NULL && *best != WRAPS_IT && (e = readdir(dir)) != NULL) {
		char *name = instance_of_file(e->d_name, ".so");
		enum wrapping answer = WRAPS_NOT;
		struct instance other = {0};

		if (name != NULL && strcmp(name, in->name) != 0 &&
		    instance_find(&other, name, in->user))
			answer = wraps(&other, file);
		instance_free(&other);
		if (answer == WRAPS_IT || (answer == WRAPS_UNKNOWN && found == NULL)) {
			free(found);
			found = name;
			name = NULL;
			*best = answer;
		}
		free(name);
	}
	if (dir != NULL)
		closedir(dir);
	free(folder);
	return found;
}

static bool
rewrite(const char *path, const char *text)
{
	struct changes changes = {0};
	char *next;
	bool ok;

	if (asprintf(&next, "%s.new", path) < 0)
		return false;
	ok = change_write(&changes, next, text, 0644);
	if (ok && rename(next, path) != 0) {
		fprintf(stderr, "p11-latch: %s: %s\n", path, strerror(errno));
		changes_undo(&changes);
		ok = false;
	}
	changes_free(&changes);
	free(next);
	return ok;
}

/* As long as another instance has the same module, or may have, it stays hidden, and is that one's
 * to show. */
static bool
unhide(const struct instance *in, const char *path, const char *file)
{
	struct instance other = {0};
	enum wrapping best;
	char *name = other_of(in, file, &best), *text = NULL;
	bool ok;

	if (name == NULL)
		return take_away(path);
	if (instance_find(&other, name, in->user))
		text = instance_hiding_text(&other);
	ok = text != NULL && rewrite(path, text);
	if (best == WRAPS_IT)
		printf("kept %s: the instance %s wraps the same module\n", path, name);
	else
		printf("kept %s: the configuration of the instance %s cannot be read, and it may "
		       "wrap the same module\n",
		    path, name);
	instance_free(&other);
	free(text);
	free(name);
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

/* --- The command that adds it again --- */

/* For a shell, where it needs that. */
static void
print_quoted(FILE *out, const char *word)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "_-./+:,@%=";

	if (word[strspn(word, plain)] == '\0') {
		fputs(word, out);
		return;
	}
	fputc('\'', out);
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			fputs("'\\'", out);
		fputc(*word, out);
	}
	fputc('\'', out);
}

/* That p11-kit knows the vendor's module, and nothing hides it: as with --keep-vendor. */
static bool
is_vendor_shown(const struct instance *in, const char *module)
{
	struct names names = {0};
	bool shown = kit_naming(in, module, &names) && names.n > 0;
	char *path;

	for (size_t i = 0; i < names.n && shown; i++) {
		shown = asprintf(&path, "%s/%s", in->kit_folder, names.list[i]) >= 0;
		if (!shown)
			break;
		shown = !kit_hides(path);
		free(path);
	}
	names_free(&names);
	return shown;
}

/* To be freed; NULL: its configuration cannot be read, or no memory. */
static char *
command_again(const struct instance *in)
{
	struct diags ignored = {0};
	struct config *c = config_read(in->conf, &ignored);
	char *command = NULL;
	size_t size;
	FILE *f = c != NULL ? open_memstream(&command, &size) : NULL;

	if (f != NULL) {
		fprintf(f, "p11-latch add %s --module ", in->name);
		print_quoted(f, c->module_path);
		if (profile_named(c->profile) != NULL)
			fprintf(f, " --profile %s", c->profile);
		if (is_vendor_shown(in, c->module_path))
			fputs(" --keep-vendor", f);
		if (in->user)
			fputs(" --user", f);
	}
	if (f != NULL && fclose(f) != 0) {
		free(command);
		command = NULL;
	}
	config_free(c);
	diags_free(&ignored);
	return command;
}

bool
remove_instance(const struct instance *in)
{
	char *again;
	bool ok = true;

	if (access(in->library, F_OK) != 0 && access(in->conf, F_OK) != 0 &&
	    access(in->kit_file, F_OK) != 0) {
		fprintf(stderr, "p11-latch: there is no instance %s%s\n", in->name,
		    in->user ? " of this user" : "");
		return false;
	}
	again = command_again(in);
	ok = take_unedited(in->kit_file, instance_kit_text(in));
	ok = show_vendor(in) && ok;
	if (access(in->library, F_OK) == 0)
		ok = take_away(in->library) && ok;
	ok = remove_conf(in) && ok;
	ok = take_unedited(in->policy, instance_policy_text(in)) && ok;
	if (access(in->state_folder, F_OK) == 0)
		printf("left alone: %s, what is remembered of its cards\n", in->state_folder);
	remove_folders(in);
	if (again != NULL)
		printf("to add it again: %s\n", again);
	free(again);
	return ok;
}
