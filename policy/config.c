/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch.conf (design, section 5). Links libc only. */
#include "policy/config.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>
#include <unistd.h>

#include "policy/ini.h"
#include "policy/nearest.h"

static const char *const section_names[] = {"Module", "Latch", NULL};

/* All elements, each with its section's place in section_names. */
static const struct element {
	const char *name;
	unsigned section;
} elements[] = {{"Path", 0}, {"Profile", 0}, {"InitReserved", 0}, {"Policy", 1},
    {"StateDirectory", 1}, {"Helper", 1}, {"CallTimeout", 1}};

#define CALL_TIMEOUT_MOST_S 3600

#define N_ELEMENTS (sizeof(elements) / sizeof(elements[0]))

struct reader {
	const struct ini *ini;
	struct config *config;
	struct diags *d;
};

/* Which section is meant, case aside; -1: none. */
static int
section_index(const char *name)
{
	for (int i = 0; section_names[i] != NULL; i++) {
		if (strcasecmp(name, section_names[i]) == 0)
			return i;
	}
	return -1;
}

static void
check_entry(const struct reader *r, const struct ini_entry *e, unsigned section)
{
	struct place where = ini_place_name(r->ini, e);
	struct nearest n;
	char remedy[100];

	nearest_begin(&n, e->name);
	for (size_t i = 0; i < N_ELEMENTS; i++) {
		if (elements[i].section != section && strcasecmp(elements[i].name, e->name) == 0) {
			snprintf(remedy, sizeof(remedy), "it belongs in [%s]",
			    section_names[elements[i].section]);
			diag_add(r->d, DIAG_ERROR, where, remedy, "%s= does not belong in [%s]",
			    elements[i].name, section_names[section]);
			return;
		}
		if (elements[i].section != section)
			continue;
		nearest_offer(&n, elements[i].name);
	}
	if (n.best != NULL && strcmp(n.best, e->name) == 0)
		return;
	if (n.best != NULL && strcasecmp(n.best, e->name) == 0) {
		snprintf(remedy, sizeof(remedy), "write %s=", n.best);
		diag_add(
		    r->d, DIAG_WARNING, where, remedy, "%.80s= is not written like that", e->name);
		return;
	}
	if (n.best != NULL)
		snprintf(remedy, sizeof(remedy), "did you mean %s=?", n.best);
	diag_add(r->d, DIAG_WARNING, where, n.best == NULL ? NULL : remedy,
	    "unknown element %.80s=", e->name);
}

/* Warns of what nobody knows, so that a slip of the finger does not silently leave a default. */
static void
check_names(const struct reader *r)
{
	for (size_t i = 0; i < r->ini->n; i++) {
		const struct ini_section *s = &r->ini->sections[i];
		struct place where = {r->ini->file, s->line, s->column};
		int section = section_index(s->name);
		const char *near = nearest_of(s->name, section_names);
		char remedy[100];

		if (section < 0) {
			if (near != NULL)
				snprintf(remedy, sizeof(remedy), "did you mean [%s]?", near);
			else
				snprintf(remedy, sizeof(remedy), "there are [Module] and [Latch]");
			diag_add(
			    r->d, DIAG_WARNING, where, remedy, "unknown section [%.80s]", s->name);
			continue;
		}
		if (strcmp(s->name, section_names[section]) != 0) {
			snprintf(remedy, sizeof(remedy), "write [%s]", section_names[section]);
			diag_add(r->d, DIAG_WARNING, where, remedy,
			    "[%.80s] is not written like that", s->name);
		}
		for (size_t k = 0; k < s->n; k++)
			check_entry(r, &s->entries[k], (unsigned)section);
	}
}

static const struct ini_entry *
find(const struct ini *ini, const char *section, const char *name)
{
	for (size_t i = 0; i < ini->n; i++) {
		const struct ini_section *s = &ini->sections[i];

		if (strcasecmp(s->name, section) != 0)
			continue;
		for (size_t k = 0; k < s->n; k++) {
			if (strcasecmp(s->entries[k].name, name) == 0)
				return &s->entries[k];
		}
	}
	return NULL;
}

/* The home of the user who runs this; HOME is not believed under AT_SECURE. To be freed. */
static char *
home(void)
{
	const char *env = secure_getenv("HOME");
	struct passwd pw, *found = NULL;
	char buf[4096];

	if (env != NULL && env[0] == '/')
		return strdup(env);
	if (getpwuid_r(geteuid(), &pw, buf, sizeof(buf), &found) == 0 && found != NULL &&
	    found->pw_dir[0] == '/')
		return strdup(found->pw_dir);
	return NULL;
}

/* An absolute path, "~/" expanded. NULL where it is none, which is an error in d then. To be freed.
 */
static char *
absolute(const struct reader *r, const char *text, struct place where)
{
	char *path = NULL, *dir;

	if (text[0] == '/')
		return strdup(text);
	if (strncmp(text, "~/", 2) != 0) {
		diag_add(r->d, DIAG_ERROR, where, "begin it with / or ~/", "%s",
		    text[0] == '\0' ? "no path" : "a relative path");
		return NULL;
	}
	dir = home();
	if (dir == NULL || asprintf(&path, "%s%s", dir, text + 1) < 0) {
		diag_add(r->d, DIAG_ERROR, where, "write the path from / on",
		    "the home of this user (uid %u) is not known", (unsigned)geteuid());
		path = NULL;
	}
	free(dir);
	return path;
}

static char *
read_path(const struct reader *r, const char *section, const char *name, const char *example)
{
	const struct ini_entry *e = find(r->ini, section, name);
	char remedy[160];

	if (e != NULL)
		return absolute(r, e->value, ini_place_value(r->ini, e));
	snprintf(remedy, sizeof(remedy), "add %s=%s", name, example);
	diag_add(r->d, DIAG_ERROR, (struct place){r->ini->file, 0, 0}, remedy,
	    "%s= is missing in [%s]", name, section);
	return NULL;
}

static void
read_helper(const struct reader *r)
{
	const struct ini_entry *e = find(r->ini, "Latch", "Helper");
	struct config *c = r->config;
	struct place where;

	if (e == NULL || strcmp(e->value, "spawn") == 0) {
		c->helper = strdup(P11_LATCH_HELPER);
		return;
	}
	where = ini_place_value(r->ini, e);
	if (strncmp(e->value, "spawn:", 6) == 0) {
		c->helper = absolute(r, e->value + 6, where);
		return;
	}
	if (strncmp(e->value, "unix:", 5) != 0) {
		diag_add(r->d, DIAG_ERROR, where,
		    "write spawn, spawn:PATH (another program) or unix:PATH (a socket)",
		    "Helper= is neither a program nor a socket");
		return;
	}
	c->helper_socket = absolute(r, e->value + 5, where);
	if (c->helper_socket == NULL)
		return;
	/* "operators.sock" stands in the same folder and may have the longer name. */
	if (strlen(c->helper_socket) + sizeof("operators.sock") >
	    sizeof(((struct sockaddr_un *)NULL)->sun_path))
		diag_add(r->d, DIAG_ERROR, where,
		    "use a shorter one, such as /run/p11-latch/helper.sock",
		    "the path is too long for a socket");
}

static void
read_call_timeout(const struct reader *r)
{
	const struct ini_entry *e = find(r->ini, "Latch", "CallTimeout");
	size_t digits;

	r->config->call_timeout = CALL_TIMEOUT_S;
	if (e == NULL)
		return;
	digits = strspn(e->value, "0123456789");
	r->config->call_timeout = (unsigned)strtoul(e->value, NULL, 10);
	if (digits == 0 || digits > 4 || e->value[digits] != '\0' || r->config->call_timeout < 1 ||
	    r->config->call_timeout > CALL_TIMEOUT_MOST_S)
		diag_add(r->d, DIAG_ERROR, ini_place_value(r->ini, e),
		    "write 1 to 3600, or leave it out for 60",
		    "CallTimeout= is no number of seconds");
}

struct config *
config_read(const char *path, struct diags *d)
{
	struct reader r = {.d = d};
	const struct ini_entry *profile, *reserved;
	size_t errors = d->n_errors;
	struct ini *ini = ini_read(path, INI_TRAILING_COMMENTS | INI_TRUSTED, d);

	if (ini == NULL)
		return NULL;
	r.ini = ini;
	r.config = calloc(1, sizeof(*r.config));
	if (r.config == NULL) {
		diag_add(d, DIAG_ERROR, (struct place){path, 0, 0}, NULL, "out of memory");
		goto out;
	}
	check_names(&r);
	r.config->file = strdup(path);
	r.config->module_path = read_path(&r, "Module", "Path", "/usr/lib/softhsm/libsofthsm2.so");
	r.config->policy = read_path(&r, "Latch", "Policy", "/etc/p11-latch/policy.conf");
	r.config->state_dir = read_path(&r, "Latch", "StateDirectory", "/var/lib/p11-latch");
	profile = find(ini, "Module", "Profile");
	r.config->profile =
	    strdup(profile == NULL || profile->value[0] == '\0' ? "auto" : profile->value);
	reserved = find(ini, "Module", "InitReserved");
	r.config->init_reserved = strdup(reserved == NULL ? "" : reserved->value);
	read_helper(&r);
	read_call_timeout(&r);
	if (d->n_errors == errors &&
	    (r.config->file == NULL || r.config->module_path == NULL || r.config->policy == NULL ||
		r.config->state_dir == NULL || r.config->profile == NULL ||
		r.config->init_reserved == NULL ||
		(r.config->helper == NULL && r.config->helper_socket == NULL)))
		diag_add(d, DIAG_ERROR, (struct place){path, 0, 0}, NULL, "out of memory");
	if (d->n_errors != errors) {
		config_free(r.config);
		r.config = NULL;
	}
out:
	ini_free(ini);
	return r.config;
}

char *
config_operators_socket(const struct config *c)
{
	const char *slash;
	char *path;

	if (c->helper_socket == NULL)
		return NULL;
	slash = strrchr(c->helper_socket, '/');
	if (asprintf(&path, "%.*s/operators.sock", (int)(slash - c->helper_socket),
		c->helper_socket) < 0)
		return NULL;
	return path;
}

void
config_free(struct config *c)
{
	if (c == NULL)
		return;
	free(c->file);
	free(c->module_path);
	free(c->profile);
	free(c->init_reserved);
	free(c->policy);
	free(c->state_dir);
	free(c->helper);
	free(c->helper_socket);
	free(c);
}
