/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch check: all that is wrong with configuration, policy and descriptions, in one run. */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/config.h"
#include "policy/description.h"
#include "policy/element.h"
#include "policy/ini.h"
#include "policy/report.h"
#include "tool/check.h"
#include "tool/tool.h"

enum kind { KIND_CONFIG, KIND_POLICY, KIND_DESCRIPTION, KIND_UNKNOWN };

static bool
ends_in(const char *name, const char *end)
{
	size_t len = strlen(name), n = strlen(end);

	return len > n && strcasecmp(name + len - n, end) == 0;
}

static enum kind
kind_of_section(const char *name)
{
	bool exact;

	if (strncmp(name, "pkcs11:", 7) == 0)
		return KIND_POLICY;
	if (strcasecmp(name, "Module") == 0 || strcasecmp(name, "Latch") == 0)
		return KIND_CONFIG;
	return section_find(name, &exact) != IN_NOTHING ? KIND_DESCRIPTION : KIND_UNKNOWN;
}

/* By its name, and where that does not tell, by its sections. */
static enum kind
kind_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	enum kind kind = KIND_UNKNOWN;
	struct diags ignored = {0};
	struct ini *ini;

	if (ends_in(name, ".dsc"))
		return KIND_DESCRIPTION;
	ini = ini_read(path, INI_TRAILING_COMMENTS, &ignored);
	for (size_t i = 0; ini != NULL && kind == KIND_UNKNOWN && i < ini->n; i++)
		kind = kind_of_section(ini->sections[i].name);
	ini_free(ini);
	diags_free(&ignored);
	if (kind == KIND_UNKNOWN && ends_in(name, ".conf"))
		kind = strncmp(name, "policy", 6) == 0 ? KIND_POLICY : KIND_CONFIG;
	return kind;
}

static void
check_description(const char *path, struct diags *d)
{
	description_free(description_read(path, INI_TRUSTED, d));
}

/* Profile= of the configuration that is in force, where it can be read. To be freed. */
static char *
profile_in_force(void)
{
	struct diags ignored = {0};
	struct config *c = config_read(tool_config(), &ignored);
	char *profile = NULL;

	if (c != NULL && strcmp(c->profile, "auto") != 0)
		profile = strdup(c->profile);
	config_free(c);
	diags_free(&ignored);
	return profile;
}

static void
check_file(const char *path, struct diags *d)
{
	char *profile;

	switch (kind_of(path)) {
	case KIND_CONFIG:
		check_config(path, NULL, NULL, d);
		break;
	case KIND_POLICY:
		profile = profile_in_force();
		check_policy(path, profile, d);
		free(profile);
		break;
	case KIND_DESCRIPTION:
		check_description(path, d);
		break;
	case KIND_UNKNOWN:
		/* Its reader says what is wrong with a file that is none of them. */
		if (ends_in(path, ".dsz"))
			diag_add(d, DIAG_ERROR, (struct place){path, 0, 0},
			    "unpack it, and check the .dsc file", "this is a packed description");
		else
			check_description(path, d);
		break;
	}
}

/* --- Without a file: all there are --------------------------------------------------------------
 */

static int
is_description(const struct dirent *e)
{
	return e->d_name[0] != '.' && ends_in(e->d_name, ".dsc");
}

/* Those that no binding names, too: they were read and reported with it else. */
static void
check_folder(const char *policy, struct diags *d)
{
	const char *slash = strrchr(policy, '/');
	struct dirent **list = NULL;
	char *folder, *path;
	int n, i;

	if (asprintf(&folder, "%.*sdescriptions", slash == NULL ? 0 : (int)(slash - policy) + 1,
		policy) < 0)
		return;
	n = scandir(folder, &list, is_description, alphasort);
	if (n < 0 && errno != ENOENT)
		diag_add(d, DIAG_ERROR, (struct place){folder, 0, 0},
		    "let this user read it, and enter the folders above it", "cannot be read: %s",
		    strerror(errno));
	for (i = 0; i < n; i++) {
		if (asprintf(&path, "%s/%s", folder, list[i]->d_name) >= 0) {
			check_description(path, d);
			free(path);
		}
		free(list[i]);
	}
	free(list);
	free(folder);
}

static void
check_all(struct diags *d)
{
	char *policy, *profile;

	check_config(tool_config(), &policy, &profile, d);
	if (policy != NULL) {
		check_policy(policy, profile, d);
		check_folder(policy, d);
	}
	free(policy);
	free(profile);
}

/* --- Report -------------------------------------------------------------------------------------
 */

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool
stands_before(const struct diags *d, size_t n, const struct diag *one)
{
	for (size_t i = 0; i < n; i++) {
		const struct diag *other = &d->list[i];

		if (other->level == one->level && other->line == one->line &&
		    other->column == one->column && same_text(other->file, one->file) &&
		    same_text(other->what, one->what))
			return true;
	}
	return false;
}

/* A description is read once for each file that leads to it. */
static void
drop_repeated(struct diags *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++) {
		struct diag *one = &d->list[i];

		if (!stands_before(d, n, one)) {
			d->list[n++] = *one;
			continue;
		}
		d->n_errors -= one->level == DIAG_ERROR;
		d->n_warnings -= one->level == DIAG_WARNING;
		free(one->file);
		free(one->what);
		free(one->remedy);
	}
	d->n = n;
}

static void
print_sum(const struct diags *d)
{
	if (d->n_errors == 0)
		fputs("no errors", stdout);
	else
		printf("%zu error%s", d->n_errors, d->n_errors == 1 ? "" : "s");
	if (d->n_warnings > 0)
		printf(", %zu warning%s", d->n_warnings, d->n_warnings == 1 ? "" : "s");
	putchar('\n');
}

int
tool_check(int argc, char **argv)
{
	static const struct option options[] = {
	    {"json", no_argument, NULL, 'j'},
	    {"help", no_argument, NULL, 'h'},
	    {0},
	};
	struct diags d = {0};
	bool json = false;
	int c, status;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h')
			return tool_help("check");
		if (c != 'j')
			return tool_usage("check", "these words are not understood");
		json = true;
	}
	if (optind == argc)
		check_all(&d);
	for (; optind < argc; optind++)
		check_file(argv[optind], &d);
	drop_repeated(&d);
	diags_print(&d, stdout, json, !json && isatty(STDOUT_FILENO));
	if (!json)
		print_sum(&d);
	status = d.n_errors == 0 ? TOOL_DONE : TOOL_FAILED;
	diags_free(&d);
	return status;
}
