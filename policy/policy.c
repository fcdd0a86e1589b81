/* SPDX-License-Identifier: BSD-3-Clause */
/* policy.conf as a whole: its descriptions, each read once, and which binding governs a token. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Else it ends the process, which may be a watcher. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "policy/binding.h"
#include "policy/binding_read.h"
#include "policy/file.h"
#include "policy/ini.h"

#define FLAGS (INI_TRAILING_COMMENTS | INI_TRUSTED)

/* A description by the name that policy.conf gives it. */
struct loaded {
	const char *name; /* the INI reader's */
	char *path;       /* NULL: not found */
	struct description *desc;
	UT_hash_handle hh;
};

/* What a binding matches on, in one string, and where it stands. */
struct matched {
	char *key;
	const struct binding *binding;
	UT_hash_handle hh;
};

struct reader {
	struct binding_reader base; /* must be first */
	struct policy *policy;
	struct loaded *loaded;
	struct matched *matched;
};

static void
out_of_memory(struct reader *r)
{
	diag_add(
	    r->base.d, DIAG_ERROR, (struct place){r->base.ini->file, 0, 0}, NULL, "out of memory");
}

/* DIR/descriptions/NAME, else DIR/NAME, where DIR is the folder of policy.conf. To be freed. */
static char *
locate(const char *policy, const char *name)
{
	const char *slash = strrchr(policy, '/');
	int dir = slash == NULL ? 0 : (int)(slash - policy) + 1;
	char *path;

	if (name[0] == '/')
		return strdup(name);
	if (asprintf(&path, "%.*sdescriptions/%s", dir, policy, name) < 0)
		return NULL;
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return asprintf(&path, "%.*s%s", dir, policy, name) < 0 ? NULL : path;
}

/* Files that cannot be opened are errors where policy.conf names them; others at their own lines.
 */
static void
read_named(struct reader *r, struct loaded *l, const struct ini_entry *e)
{
	struct place where = ini_place_value(r->base.ini, e);
	size_t len = strlen(l->name);
	struct description **list;
	struct file_fault fault;
	int fd;

	if (len > 4 && strcmp(l->name + len - 4, ".dsz") == 0) {
		diag_add(r->base.d, DIAG_ERROR, where, "unpack it (unzip), and name the .dsc file",
		    "%.200s is a packed description", l->name);
		return;
	}
	fd = file_open(l->path, FILE_TRUSTED, NULL, &fault);
	if (fd < 0) {
		diag_add(r->base.d, DIAG_ERROR, where, fault.remedy, "description %.200s %s",
		    l->path, fault.what);
		return;
	}
	close(fd);
	/* Pointers it is. NOLINTNEXTLINE(bugprone-sizeof-expression) */
	list = reallocarray(r->policy->descriptions, r->policy->n_descriptions + 1, sizeof(*list));
	if (list == NULL) {
		out_of_memory(r);
		return;
	}
	r->policy->descriptions = list;
	l->desc = description_read(l->path, INI_TRUSTED, r->base.d);
	if (l->desc != NULL)
		list[r->policy->n_descriptions++] = l->desc;
}

static struct description *
load(struct binding_reader *base, const struct ini_entry *e, char **path)
{
	struct reader *r = (struct reader *)base;
	struct loaded *l;

	if (e->value[0] == '\0') {
		diag_add(base->d, DIAG_ERROR, ini_place_value(base->ini, e),
		    "name the file, or leave the element out", "%s= has no value", e->name);
		return NULL;
	}
	/* A PIN that was pasted here is not for the log, as part of a path. */
	if (e->value[0] == '#') {
		diag_add(base->d, DIAG_ERROR, ini_place_value(base->ini, e), "name a file",
		    "%s=: a literal is no description", e->name);
		return NULL;
	}
	HASH_FIND_STR(r->loaded, e->value, l);
	if (l == NULL) {
		l = calloc(1, sizeof(*l));
		if (l == NULL || (l->path = locate(base->ini->file, e->value)) == NULL) {
			free(l);
			out_of_memory(r);
			return NULL;
		}
		l->name = e->value;
		HASH_ADD_KEYPTR(hh, r->loaded, l->name, strlen(l->name), l);
		if (l->hh.tbl == NULL) {
			free(l->path);
			free(l);
			out_of_memory(r);
			return NULL;
		}
		read_named(r, l, e);
	}
	if (l->desc != NULL)
		*path = strdup(l->path);
	return l->desc;
}

/* A string that two bindings share only if they match the same tokens. To be freed. */
static char *
criteria_key(const struct binding *b)
{
	const char *parts[] = {b->serial, b->label, b->model, b->manufacturer};
	char *key = NULL;
	size_t size;
	FILE *f = open_memstream(&key, &size);

	if (f == NULL)
		return NULL;
	for (size_t i = 0; i < 4; i++) {
		/* The length in front, since a value may hold any byte. */
		if (parts[i] == NULL)
			fputs("*,", f);
		else
			fprintf(f, "%zu=%s,", strlen(parts[i]), parts[i]);
	}
	if (fclose(f) == 0)
		return key;
	free(key);
	return NULL;
}

/* Two bindings that match the same tokens tie on every one of them. */
static void
check_tie(struct reader *r, const struct binding *b, const struct ini_section *section)
{
	struct place where = {r->base.ini->file, section->line, section->column};
	struct matched *m, *old;

	m = calloc(1, sizeof(*m));
	if (m == NULL || (m->key = criteria_key(b)) == NULL) {
		free(m);
		out_of_memory(r);
		return;
	}
	m->binding = b;
	HASH_FIND_STR(r->matched, m->key, old);
	if (old == NULL) {
		HASH_ADD_KEYPTR(hh, r->matched, m->key, strlen(m->key), m);
		if (m->hh.tbl != NULL)
			return;
		free(m->key);
		free(m);
		out_of_memory(r);
		return;
	}
	/* The same text twice is a duplicate section, and has been reported. */
	if (strcmp(old->binding->uri, b->uri) != 0)
		diag_add(r->base.d, DIAG_ERROR, where, "join them, or make one more specific",
		    "this binding and the one on line %u match the same tokens",
		    old->binding->line);
	free(m->key);
	free(m);
}

static void
read_section(struct reader *r, const struct ini_section *section)
{
	struct binding *b = &r->policy->bindings[r->policy->n++];
	/* The URI begins behind the bracket. */
	struct place where = {r->base.ini->file, section->line, section->column + 1};
	size_t errors = r->base.d->n_errors;
	struct criteria c;

	b->line = section->line;
	b->uri = strdup(section->name);
	if (b->uri == NULL)
		out_of_memory(r);
	else if (uri_parse(section->name, where, r->base.d, &c)) {
		b->manufacturer = c.manufacturer;
		b->model = c.model;
		b->serial = c.serial;
		b->label = c.label;
		check_tie(r, b, section);
	} else {
		criteria_free(&c);
	}
	r->base.binding = b;
	r->base.incomplete = false;
	binding_read(&r->base, section);
	/* Advice on what is half read would mislead. */
	if (r->base.d->n_errors == errors && !r->base.incomplete)
		binding_advise(&r->base, section);
}

static void
forget(struct reader *r)
{
	struct loaded *l, *next_l;
	struct matched *m, *next_m;

	/* uthash frees its tables with their last entries. */
	HASH_ITER (hh, r->loaded, l, next_l) {
		/* NOLINTNEXTLINE(*-unix.Malloc) */
		HASH_DEL(r->loaded, l);
		free(l->path);
		free(l);
	}
	HASH_ITER (hh, r->matched, m, next_m) {
		/* NOLINTNEXTLINE(*-unix.Malloc) */
		HASH_DEL(r->matched, m);
		free(m->key);
		free(m);
	}
}

static struct policy *
from_ini(struct ini *ini, size_t errors, struct diags *d)
{
	struct reader r = {.base = {.ini = ini, .d = d, .load = load}};

	if (ini == NULL)
		return NULL;
	r.policy = calloc(1, sizeof(*r.policy));
	if (r.policy == NULL)
		goto out;
	r.policy->file = strdup(ini->file);
	r.policy->bindings = calloc(ini->n + 1, sizeof(*r.policy->bindings));
	if (r.policy->file == NULL || r.policy->bindings == NULL)
		goto out;
	for (size_t i = 0; i < ini->n; i++)
		read_section(&r, &ini->sections[i]);
	if (ini->n == 0 && d->n_errors == errors)
		diag_add(d, DIAG_WARNING, (struct place){ini->file, 0, 0},
		    "write a section: [pkcs11:manufacturer=...;model=...]",
		    "no binding stands here, so that no token is governed");
	forget(&r);
	ini_free(ini);
	if (d->n_errors == errors)
		return r.policy;
	policy_free(r.policy);
	return NULL;
out:
	out_of_memory(&r);
	policy_free(r.policy);
	ini_free(ini);
	return NULL;
}

struct policy *
policy_read(const char *path, struct diags *d)
{
	size_t errors = d->n_errors;

	return from_ini(ini_read(path, FLAGS, d), errors, d);
}

struct policy *
policy_parse(const char *name, const char *text, size_t len, struct diags *d)
{
	size_t errors = d->n_errors;

	return from_ini(ini_parse(name, text, len, FLAGS, d), errors, d);
}

const struct binding *
policy_match(const struct policy *p, const struct identity *id, bool *tie, struct diags *d)
{
	const struct binding *best = NULL, *other = NULL;
	unsigned best_rank = 0;

	for (size_t i = 0; i < p->n; i++) {
		const struct binding *b = &p->bindings[i];
		struct criteria c = {b->manufacturer, b->model, b->serial, b->label};
		unsigned rank = criteria_rank(&c);

		if ((best != NULL && rank < best_rank) || !criteria_match(&c, id))
			continue;
		other = best != NULL && rank == best_rank ? best : NULL;
		best = b;
		best_rank = rank;
	}
	*tie = other != NULL;
	if (other == NULL)
		return best;
	diag_add(d, DIAG_ERROR, (struct place){p->file, best->line, 0},
	    "join them, or make one more specific",
	    "this binding and the one on line %u match this token equally well", other->line);
	return NULL;
}

void
policy_free(struct policy *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n; i++)
		binding_clear(&p->bindings[i]);
	for (size_t i = 0; i < p->n_descriptions; i++)
		description_free(p->descriptions[i]);
	free(p->bindings);
	free(p->descriptions);
	free(p->file);
	free(p);
}
