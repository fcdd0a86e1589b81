/* SPDX-License-Identifier: BSD-3-Clause */
/* What is wrong with a p11-latch.conf on this machine: files, folders, programs. */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/config.h"
#include "policy/ini.h"
#include "policy/nearest.h"
#include "tool/check.h"

struct context {
	const struct ini *ini;
	const struct config *config;
	struct diags *d;
};

static const char *const profile_names[] = {"auto", "generic", "softhsm", "opencryptoki", "opensc",
    "opensc-openpgp", "opensc-piv", "yubikey", "tpm2", "nss", "gemalto", "cardos", "cryptovision",
    NULL};

static const struct ini_entry *
find(const struct ini *ini, const char *name)
{
	for (size_t i = 0; i < ini->n; i++) {
		for (size_t k = 0; k < ini->sections[i].n; k++) {
			if (strcasecmp(ini->sections[i].entries[k].name, name) == 0)
				return &ini->sections[i].entries[k];
		}
	}
	return NULL;
}

/* Where its value stands; the file as a whole where it has a default. */
static struct place
place_of(const struct context *c, const char *name)
{
	const struct ini_entry *e = find(c->ini, name);

	return e != NULL ? ini_place_value(c->ini, e) : (struct place){c->ini->file, 0, 0};
}

const struct profile *
check_profile(const char *name, struct place where, struct diags *d)
{
	const struct profile *p = profile_named(name);
	const char *near = nearest_of(name, profile_names);
	char remedy[160] = "there are";

	if (p != NULL)
		return p;
	if (near != NULL)
		snprintf(remedy, sizeof(remedy), "did you mean %s?", near);
	for (size_t i = 0; near == NULL && profile_names[i] != NULL; i++) {
		size_t len = strlen(remedy);

		snprintf(remedy + len, sizeof(remedy) - len, "%s %s", i == 0 ? "" : ",",
		    profile_names[i]);
	}
	diag_add(d, DIAG_ERROR, where, remedy, "there is no profile %.80s", name);
	return NULL;
}

/* --- The vendor module --------------------------------------------------------------------------
 */

static bool
is_named(const char *path, const char *begin)
{
	const char *slash = strrchr(path, '/');

	return strncmp(slash != NULL ? slash + 1 : path, begin, strlen(begin)) == 0;
}

/* p11-latch around itself would call itself without end. */
static bool
is_own(const char *path)
{
	return is_named(path, "p11-latch") || is_named(path, "libp11-kit.");
}

static void
check_module(const struct context *c)
{
	const char *path = c->config->module_path;
	struct place where = place_of(c, "Path");
	void *handle;

	if (is_own(path)) {
		diag_add(c->d, DIAG_ERROR, where, "name the vendor's own module",
		    "this module would call p11-latch itself");
		return;
	}
	if (is_named(path, "p11-kit-proxy."))
		diag_add(c->d, DIAG_WARNING, where,
		    "write disable-in: p11-kit-proxy into the module file of p11-latch",
		    "the proxy loads p11-latch too where p11-kit knows it, which would then call "
		    "itself");
	if (access(path, F_OK) != 0) {
		diag_add(c->d, DIAG_ERROR, where, "install it, or correct the path",
		    "this module is not there: %s", strerror(errno));
		return;
	}
	/* Never unloaded: some modules crash then. */
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL)
		diag_add(c->d, DIAG_ERROR, where, NULL, "this module cannot be loaded: %.300s",
		    dlerror());
	else if (dlsym(handle, "C_GetFunctionList") == NULL)
		diag_add(c->d, DIAG_ERROR, where, "name a PKCS#11 module",
		    "this library is no PKCS#11 module: it has no C_GetFunctionList");
}

/* --- Helper -------------------------------------------------------------------------------------
 */

static void
check_spawned(const struct context *c)
{
	struct place where = place_of(c, "Helper");
	struct stat st;

	if (stat(c->config->helper, &st) != 0)
		diag_add(c->d, DIAG_ERROR, where, "install it, or write spawn:PATH",
		    "the helper %.200s is not there: %s", c->config->helper, strerror(errno));
	else if (!S_ISREG(st.st_mode) || access(c->config->helper, X_OK) != 0)
		diag_add(c->d, DIAG_ERROR, where, "install it anew, or write spawn:PATH",
		    "the helper %.200s cannot be run", c->config->helper);
	else
		diag_add(c->d, DIAG_NOTE, where,
		    "on a machine of several users: Helper=unix:/run/p11-latch/helper.sock",
		    "the helper runs as the user of each program: whoever may read policy and "
		    "secrets may use them, and the count of wrong PIN letters and what is only "
		    "refused bind honest programs only");
}

static void
check_socket(const struct context *c)
{
	struct place where = place_of(c, "Helper");
	struct stat st;

	if (stat(c->config->helper_socket, &st) != 0)
		diag_add(c->d, DIAG_WARNING, where,
		    "systemctl enable --now p11-latch-helper.socket p11-latch-operators.socket",
		    "this socket is not there: %s", strerror(errno));
	else if (!S_ISSOCK(st.st_mode))
		diag_add(c->d, DIAG_ERROR, where, "name the socket of p11-latch-helper.socket",
		    "this is no socket");
}

/* --- State --------------------------------------------------------------------------------------
 */

/* Whether this user can have the folder, which may still be made. */
static bool
can_write(const char *dir)
{
	char *parent, *slash;
	bool can = true;

	if (access(dir, F_OK) == 0)
		return access(dir, R_OK | W_OK | X_OK) == 0;
	parent = strdup(dir);
	/* Those above it are made, too. */
	while (parent != NULL && access(parent, F_OK) != 0 &&
	       (slash = strrchr(parent, '/')) != NULL && slash[1] != '\0')
		slash[slash == parent ? 1 : 0] = '\0';
	if (parent != NULL)
		can = access(parent, W_OK | X_OK) == 0;
	free(parent);
	return can;
}

static void
check_state(const struct context *c)
{
	const char *dir = c->config->state_dir;
	struct place where = place_of(c, "StateDirectory");
	struct stat st;

	if (stat(dir, &st) == 0 && !S_ISDIR(st.st_mode)) {
		diag_add(c->d, DIAG_ERROR, where, "name a folder", "this is no folder");
		return;
	}
	if (stat(dir, &st) == 0 && (st.st_mode & S_IWOTH) != 0)
		diag_add(c->d, DIAG_WARNING, where, "chmod o-w",
		    "all users can write in this folder (mode %04o), and so forge what is "
		    "remembered of cards",
		    (unsigned)st.st_mode & 07777);
	if (c->config->helper_socket == NULL && !can_write(dir))
		diag_add(c->d, DIAG_NOTE, where,
		    "run as a user who can, use the socket, or name a folder of this user (~/...)",
		    "this user (uid %u) cannot write here: what the policy governs is refused to "
		    "programs of this user",
		    (unsigned)geteuid());
}

static char *
policy_path(const struct ini *ini, const struct config *config)
{
	const struct ini_entry *e = find(ini, "Policy");

	if (config != NULL)
		return strdup(config->policy);
	return e != NULL && e->value[0] == '/' ? strdup(e->value) : NULL;
}

void
check_config(const char *path, char **policy, char **profile, struct diags *d)
{
	struct context c = {.d = d};
	struct diags again = {0};
	struct config *config = config_read(path, d);
	struct ini *ini = ini_read(path, INI_TRAILING_COMMENTS, &again);
	const struct ini_entry *e;

	diags_free(&again);
	if (policy != NULL)
		*policy = ini != NULL ? policy_path(ini, config) : NULL;
	if (profile != NULL)
		*profile = NULL;
	if (ini == NULL)
		goto out;
	c.ini = ini;
	c.config = config;
	e = find(ini, "Profile");
	if (e != NULL && e->value[0] != '\0' && strcmp(e->value, "auto") != 0 &&
	    check_profile(e->value, ini_place_value(ini, e), d) != NULL && profile != NULL)
		*profile = strdup(e->value);
	if (config == NULL)
		goto out;
	check_module(&c);
	if (config->helper_socket != NULL)
		check_socket(&c);
	else
		check_spawned(&c);
	check_state(&c);
out:
	ini_free(ini);
	config_free(config);
}
