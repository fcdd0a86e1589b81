/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch add: one more instance of the module, around another vendor module, and its undoing. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "card/profile.h"
#include "card/vendor.h"
#include "policy/config.h"
#include "policy/ini.h"
#include "tool/add.h"
#include "tool/tool.h"

#define NAME_MAX_LEN 64

struct words {
	const char *name, *module, *profile;
	bool keep_vendor, user, remove;
};

static int
check_words(const struct words *w, int left)
{
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	size_t len = w->name != NULL ? strlen(w->name) : 0;

	if (w->name == NULL || left != 0)
		return tool_usage("add", "one NAME is to be given");
	if (len == 0 || len > NAME_MAX_LEN || strspn(w->name, allowed) != len || w->name[0] == '-')
		return tool_usage(
		    "add", "NAME is made of letters, digits, _ and -, %d at most", NAME_MAX_LEN);
	if (w->remove && (w->module != NULL || w->profile != NULL || w->keep_vendor))
		return tool_usage("add", "--remove takes no other option than --user");
	if (!w->remove && w->module == NULL)
		return tool_usage("add", "--module is missing: the vendor's PKCS#11 module");
	if (w->profile != NULL && strcmp(w->profile, "auto") != 0 &&
	    profile_named(w->profile) == NULL)
		return tool_usage("add", "there is no profile \"%.60s\"", w->profile);
	return TOOL_DONE;
}

static int
take_words(int argc, char **argv, struct words *w)
{
	static const struct option options[] = {
	    {"module", required_argument, NULL, 'm'},
	    {"profile", required_argument, NULL, 'p'},
	    {"keep-vendor", no_argument, NULL, 'k'},
	    {"user", no_argument, NULL, 'u'},
	    {"remove", no_argument, NULL, 'r'},
	    {0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'm':
			w->module = optarg;
			break;
		case 'p':
			w->profile = optarg;
			break;
		case 'k':
			w->keep_vendor = true;
			break;
		case 'u':
			w->user = true;
			break;
		case 'r':
			w->remove = true;
			break;
		default:
			return tool_usage("add", "these words are not understood");
		}
	}
	if (optind < argc)
		w->name = argv[optind++];
	return check_words(w, argc - optind);
}

/* --- Adding -------------------------------------------------------------------------------------
 */

static bool
refuse(const char *path, const char *why)
{
	fprintf(stderr, "p11-latch: %s %s; nothing was done\n", path, why);
	return false;
}

/* Not resolved to its end: links have the version in it that is installed today. To be freed. */
static char *
absolute(const char *path)
{
	char *copy, *folder, *all = NULL;
	const char *slash = strrchr(path, '/');

	if (path[0] == '/')
		return strdup(path);
	copy = slash != NULL ? strndup(path, (size_t)(slash - path)) : strdup(".");
	folder = copy != NULL ? realpath(copy, NULL) : NULL;
	if (folder == NULL || asprintf(&all, "%s/%s", folder, slash != NULL ? slash + 1 : path) < 0)
		all = NULL;
	free(copy);
	free(folder);
	return all;
}

static bool
is_own(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;

	return strncmp(name, "p11-latch", 9) == 0 || strncmp(name, "libp11-kit.", 11) == 0 ||
	       strncmp(name, "p11-kit-proxy.", 14) == 0;
}

/* Whether the configuration, read again, has this path: what follows " ;" is a comment there. */
static bool
can_be_written(const char *path)
{
	const struct ini_section *section = NULL;
	const struct ini_entry *e = NULL;
	struct diags d = {0};
	struct ini *ini = NULL;
	char *text;
	int len = asprintf(&text, "[Module]\nPath=%s\n", path);
	bool same;

	if (len < 0)
		return false;
	ini = ini_parse("p11-latch.conf", text, (size_t)len, INI_TRAILING_COMMENTS, &d);
	section = ini != NULL ? ini_section(ini, "Module") : NULL;
	e = section != NULL ? ini_entry(section, "Path") : NULL;
	same = e != NULL && d.n_errors == 0 && strcmp(e->value, path) == 0;
	ini_free(ini);
	diags_free(&d);
	free(text);
	return same;
}

/* Its path from / on; NULL: printed why. To be freed. */
static char *
check_module(const char *module)
{
	char *path = module != NULL ? absolute(module) : NULL;
	char *real = path != NULL ? realpath(module, NULL) : NULL;
	struct vendor *v = NULL;
	bool ok = false;

	if (path == NULL || real == NULL)
		fprintf(stderr, "p11-latch: %s: %s; nothing was done\n", module, strerror(errno));
	else if (is_own(path) || is_own(real))
		refuse(module, "is no vendor's module: it would call p11-latch itself");
	else if (!can_be_written(path))
		refuse(module, "has a name that no configuration can hold: a line's end, a blank "
			       "before a ';' or at an end of it; call it by another, by a link");
	else if (vendor_open(path, "", CALL_TIMEOUT_S, &v) != CKR_OK)
		refuse(module, "cannot be wrapped");
	else
		ok = true;
	vendor_close(v);
	free(real);
	if (ok)
		return path;
	free(path);
	return NULL;
}

/* What people edited is kept; the copy of the module is what makes an instance. */
static bool
is_free(const struct instance *in)
{
	if (access(in->original, R_OK) != 0)
		return refuse(in->original, "is not there: p11-latch is to be installed first");
	if (faccessat(AT_FDCWD, in->library, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return refuse(
		    in->library, "is there already; p11-latch add --remove takes an instance away");
	return true;
}

/* One module file of the vendor's; *hidden: it is not shown as it is. */
static bool
hide_one(struct changes *c, const struct instance *in, const char *name, const char *text,
    const char *module)
{
	char *path;
	bool ok;

	if (asprintf(&path, "%s/%s", in->kit_folder, name) < 0)
		return false;
	if (kit_hides(path)) {
		printf("%s hides %s already\n", path, module);
		ok = true;
	} else if (access(path, F_OK) == 0) {
		ok = refuse(path, "shows the vendor's module, and is not p11-latch's: write the "
				  "line \"enable-in:\" into it, or use --keep-vendor");
	} else {
		ok = change_write(c, path, text, 0644);
		if (ok)
			printf("made %s: hides %s from p11-kit's programs\n", path, module);
	}
	free(path);
	return ok;
}

static bool
hide_vendor(struct changes *c, const struct instance *in, const char *module)
{
	struct names names = {0};
	char *text = instance_hiding_text(in);
	bool ok = text != NULL && kit_naming(in, module, &names);

	for (size_t i = 0; ok && i < names.n; i++)
		ok = hide_one(c, in, names.list[i], text, module);
	if (ok && names.n == 0)
		printf("p11-kit does not show %s, there is nothing to hide\n", module);
	names_free(&names);
	free(text);
	return ok;
}

static bool
folder_of(struct changes *c, const char *file)
{
	char *folder = strdup(file);
	bool ok;

	if (folder == NULL)
		return false;
	*strrchr(folder, '/') = '\0';
	ok = change_folder(c, folder, 0755);
	free(folder);
	return ok;
}

static bool
write_one(struct changes *c, const char *path, char *text, bool kept, const char *what)
{
	bool ok = text != NULL && (kept || change_write(c, path, text, 0644));

	if (ok && kept)
		kept_print(path, text);
	else if (ok)
		printf("made %s%s\n", path, what);
	free(text);
	return ok;
}

/* What p11-kit shows comes last, when all is there that it needs. */
static bool
make_all(struct changes *c, const struct instance *in, const char *module, const struct kept *k,
    const struct words *w)
{
	if (!folder_of(c, in->library) || !folder_of(c, in->conf) || !folder_of(c, in->kit_file) ||
	    !change_folder(c, in->descriptions, 0755) ||
	    (in->user && !folder_of(c, in->state_folder)))
		return false;
	if (!change_copy(c, in->original, in->library, 0755))
		return false;
	printf("made %s: a copy of the module\n", in->library);
	return write_one(c, in->conf, instance_conf_text(in, module, w->profile), k->conf, "") &&
	       write_one(c, in->policy, instance_policy_text(in), k->policy,
		   ": governs nothing so far; write bindings into it") &&
	       (w->keep_vendor || hide_vendor(c, in, module)) &&
	       write_one(c, in->kit_file, instance_kit_text(in), k->kit_file,
		   ": shows the instance to p11-kit's programs");
}

static void
warn_of_second(const struct instance *in, const char *module)
{
	struct diags ignored = {0};
	struct config *c = config_read(P11_LATCH_CONF_FILE, &ignored);
	struct stat st, other;

	if (c != NULL && stat(c->module_path, &other) == 0 && stat(module, &st) == 0 &&
	    st.st_dev == other.st_dev && st.st_ino == other.st_ino)
		fprintf(stderr,
		    "p11-latch: warning: %s wraps the same module: programs see its tokens twice, "
		    "through p11-latch.so and through p11-latch-%s.so\n",
		    P11_LATCH_CONF_FILE, in->name);
	config_free(c);
	diags_free(&ignored);
}

static bool
add(const struct instance *in, const struct words *w)
{
	struct changes changes = {0};
	struct kept kept = {0};
	char *module = check_module(w->module);
	bool ok = module != NULL && is_free(in) && kept_find(&kept, in, module, w->profile);

	if (!ok)
		goto out;
	ok = make_all(&changes, in, module, &kept, w);
	if (!ok) {
		changes_undo(&changes);
		fputs("p11-latch: not added; what was made is taken away again\n", stderr);
		goto out;
	}
	warn_of_second(in, module);
	printf("p11-latch --config %s check says whether all is well\n", in->conf);
out:
	changes_free(&changes);
	free(module);
	return ok;
}

int
tool_add(int argc, char **argv)
{
	struct words w = {0};
	struct instance in;
	sigset_t set;
	int status;
	bool ok;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return tool_help("add");
	status = take_words(argc, argv, &w);
	if (status != TOOL_DONE)
		return status;
	if (w.user && geteuid() == 0) {
		fputs("p11-latch: root's programs do not read p11-kit's folder of a user; leave "
		      "--user out\n",
		    stderr);
		return TOOL_FAILED;
	}
	/* All of it or nothing. */
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	ok = instance_find(&in, w.name, w.user);
	if (ok)
		ok = w.remove ? remove_instance(&in) : add(&in, &w);
	instance_free(&in);
	return ok ? TOOL_DONE : TOOL_FAILED;
}
