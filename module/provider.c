/* SPDX-License-Identifier: BSD-3-Clause */
/* What this instance of the module was set up to be: found out once, in the first call. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "module/provider.h"
#include "policy/ini.h"
#include "policy/log.h"

#ifndef P11_LATCH_CONF_FILE
#define P11_LATCH_CONF_FILE "/etc/p11-latch/p11-latch.conf"
#endif

#define COPY_PREFIX "p11-latch-"
#define COPY_SUFFIX ".so"
#define WHY_MAX     512

struct provider provider;

/* A user's own copies lie in the one, and their configuration in the other (p11-latch add --user).
 */
#define USER_LIBRARIES "/.local/lib/p11-latch/"
#define USER_CONFIGS   "/.config/p11-latch/"

/* The file of this library; NULL where it cannot be told. */
static const char *
own_path(void)
{
	Dl_info info;

	return dladdr(&provider, &info) != 0 ? info.dli_fname : NULL;
}

/*
 * Of a copy that a user has: whoever could write another configuration there could write the
 * library itself, so that it is believed wherever the library is. To be freed; NULL: no memory.
 */
static char *
user_config_path(const char *own, size_t home, const char *name, size_t len)
{
	char *path;

	if (asprintf(&path, "%.*s" USER_CONFIGS "%.*s.conf", (int)home, own, (int)len, name) < 0)
		return NULL;
	return path;
}

/* p11-latch-NAME.so reads p11-latch-NAME.conf beside the usual one. To be freed; NULL: no memory.
 */
static char *
config_path(void)
{
	const char *usual = P11_LATCH_CONF_FILE, *own = own_path(), *env, *name, *users;
	const char *slash = strrchr(usual, '/');
	size_t len;
	char *path;

	env = provider.secure ? NULL : getenv("P11_LATCH_CONF");
	if (env != NULL && env[0] != '\0')
		return strdup(env);
	name = own != NULL ? strrchr(own, '/') : NULL;
	name = name != NULL ? name + 1 : own;
	len = name != NULL ? strlen(name) : 0;
	if (len <= strlen(COPY_PREFIX COPY_SUFFIX) ||
	    strncmp(name, COPY_PREFIX, strlen(COPY_PREFIX)) != 0 ||
	    strcmp(name + len - strlen(COPY_SUFFIX), COPY_SUFFIX) != 0)
		return strdup(usual);
	len -= strlen(COPY_SUFFIX);
	users = own[0] == '/' ? strstr(own, USER_LIBRARIES COPY_PREFIX) : NULL;
	if (users != NULL && users + strlen(USER_LIBRARIES) == name)
		return user_config_path(own, (size_t)(users - own), name, len);
	if (asprintf(&path, "%.*s/%.*s.conf", (int)(slash - usual), usual, (int)len, name) < 0)
		return NULL;
	return path;
}

/* One line for all that is wrong with the configuration: the first error, and how many follow. */
static void
log_config_errors(const struct diags *d, const char *path)
{
	char *line = NULL;
	size_t i;

	for (i = 0; i < d->n && line == NULL; i++)
		if (d->list[i].level == DIAG_ERROR)
			line = diag_line(&d->list[i]);
	if (line == NULL)
		log_error("%s: cannot be read; p11-latch does nothing", path);
	else if (d->n_errors > 1)
		log_error("%s (and %zu more errors; p11-latch check lists them); p11-latch does "
			  "nothing until this is corrected",
		    line, d->n_errors - 1);
	else
		log_error("%s; p11-latch does nothing until this is corrected", line);
	free(line);
}

/* The line of [Module] NAME=, for messages; 0 where it cannot be told. */
static unsigned
line_of(const char *name)
{
	const struct ini_section *s;
	const struct ini_entry *e;
	struct diags d = {0};
	unsigned line = 0;
	struct ini *ini;

	ini = ini_read(provider.config->file, INI_TRAILING_COMMENTS, &d);
	s = ini != NULL ? ini_section(ini, "Module") : NULL;
	e = s != NULL ? ini_entry(s, name) : NULL;
	if (e != NULL)
		line = e->line;
	if (ini != NULL)
		ini_free(ini);
	diags_free(&d);
	return line;
}

static void
read_hold(void)
{
	const char *env = provider.secure ? NULL : getenv("P11_LATCH_HOLD");

	if (env == NULL || strlen(env) <= HOLD_ID_LEN || env[HOLD_ID_LEN] != ':')
		return;
	provider.cookie = strdup(env);
	if (provider.cookie != NULL)
		memcpy(provider.hold, env, HOLD_ID_LEN);
}

static bool
read_config(void)
{
	struct diags d = {0};
	char *path = config_path();

	if (path == NULL) {
		log_error("no memory");
		return false;
	}
	provider.config = config_read(path, &d);
	if (provider.config == NULL)
		log_config_errors(&d, path);
	diags_free(&d);
	free(path);
	return provider.config != NULL;
}

bool
provider_load(void)
{
	const struct config *c;
	char why[WHY_MAX];

	provider.secure = getauxval(AT_SECURE) != 0;
	log_init();
	if (!read_config())
		return false;
	c = provider.config;
	if (strcmp(c->profile, "auto") != 0) {
		provider.profile = profile_named(c->profile);
		if (provider.profile == NULL) {
			log_error("%s:%u: there is no profile \"%s\"; correct [Module] Profile=; "
				  "p11-latch "
				  "does nothing until then",
			    c->file, line_of("Profile"), c->profile);
			return false;
		}
	}
	if (!vendor_open(&provider.vendor, c->module_path, why, sizeof(why))) {
		log_error("%s:%u: %s; correct [Module] Path=", c->file, line_of("Path"), why);
		return false;
	}
	read_hold();
	return true;
}
