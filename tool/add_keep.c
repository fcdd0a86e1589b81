/* SPDX-License-Identifier: BSD-3-Clause */
/* What an instance that was removed has left, since people edited it, and add keeps. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/config.h"
#include "policy/report.h"
#include "tool/add.h"

static bool
refuse(const char *path, const char *why)
{
	fprintf(stderr, "p11-latch: %s is there already, and %s; nothing was done\n", path, why);
	return false;
}

/* *there: it is, and people may have written it. */
static bool
look(const char *path, bool *there)
{
	char *text;
	bool ok;

	*there = faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	if (!*there)
		return true;
	text = read_text(path);
	ok = text != NULL;
	if (!ok)
		fprintf(stderr,
		    "p11-latch: %s is there already, and cannot be read: %s; nothing was done\n",
		    path, strerror(errno));
	free(text);
	return ok;
}

static bool
is_same_file(const char *a, const char *b)
{
	struct stat st, other;

	return stat(a, &st) == 0 && stat(b, &other) == 0 && st.st_dev == other.st_dev &&
	       st.st_ino == other.st_ino;
}

/* It is to say what the words of the command say. */
static bool
check_conf(const struct instance *in, const char *module, const char *profile)
{
	struct diags d = {0};
	struct config *c = config_read(in->conf, &d);
	bool ok = false;

	if (c == NULL) {
		diags_print(&d, stderr, false, false);
		refuse(in->conf, "has errors: correct them, or take it away");
	} else if (strcmp(c->module_path, module) != 0 && !is_same_file(c->module_path, module)) {
		refuse(in->conf, "has another module: correct its Path=, or take it away");
	} else if (profile != NULL && strcmp(c->profile, profile) != 0) {
		refuse(
		    in->conf, "has another profile: correct its Profile=, or leave --profile out");
	} else {
		ok = true;
	}
	config_free(c);
	diags_free(&d);
	return ok;
}

bool
kept_find(struct kept *k, const struct instance *in, const char *module, const char *profile)
{
	if (!look(in->conf, &k->conf) || !look(in->policy, &k->policy) ||
	    !look(in->kit_file, &k->kit_file))
		return false;
	if (k->kit_file && !kit_shows(in->kit_file, in->library))
		return refuse(in->kit_file, "shows another module: correct it, or take it away");
	return !k->conf || check_conf(in, module, profile);
}

void
kept_print(const char *path, const char *fresh)
{
	char *text = read_text(path);

	printf("kept %s%s\n", path,
	    text != NULL && strcmp(text, fresh) == 0 ? "" : ", as it was edited");
	free(text);
}
