/* SPDX-License-Identifier: BSD-3-Clause */
/* What is wrong with the files of a policy's secrets. No value gets into a message. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/field.h"
#include "policy/file.h"
#include "policy/key_manager.h"
#include "tool/check.h"

/* One source, and what its values are for. */
struct context {
	const struct source *source;
	struct place where;
	bool key, manager; /* manager: it answers challenges, and may be an AES key */
	struct diags *d;
};

static bool
names_field(const struct value *v, const char *field)
{
	return v->kind == VALUE_FIELD && strcmp(v->field, field) == 0;
}

static bool
is_key(const struct description *desc, const char *field)
{
	return desc != NULL && (names_field(&desc->card_manager_key, field) ||
				   names_field(&desc->new_card_manager_key, field));
}

static bool
is_manager(const struct description *desc, const char *field)
{
	return is_key(desc, field) && description_offline(desc);
}

static bool
ends_in_newline(const struct secret *s)
{
	unsigned char last = secret_bytes(s)[secret_len(s) - 1];

	return last == '\n' || last == '\r';
}

static void
check_value(const struct context *c, const char *path, const struct secret *value)
{
	bool well_known = false;
	enum key_fault fault = KEY_GOOD;

	if (c->key)
		fault = c->manager ? key_parse_manager(value, NULL, NULL, &well_known)
				   : key_parse(value, false, NULL, &well_known);
	if (ends_in_newline(value))
		diag_add(c->d, DIAG_WARNING, c->where, "let one newline, or none, stand at its end",
		    "%.200s ends in a newline, or part of one, that counts as the value's", path);
	else if (fault != KEY_GOOD)
		diag_add(c->d, DIAG_WARNING, c->where, key_fault_text(fault),
		    "%.200s holds no good key", path);
	else if (well_known)
		diag_add(c->d, DIAG_WARNING, c->where, "make one of your own",
		    "%.200s holds a well-known default key, which anybody can try", path);
}

/* Read as the helper reads it. Where this user may not, it cannot be told. */
static void
check_content(const struct context *c, const char *path)
{
	struct secret *value;
	struct file_fault fault;
	int fd = file_open(path, 0, NULL, &fault);

	if (fd < 0)
		return;
	value = field_read(fd, &fault);
	close(fd);
	if (value == NULL)
		diag_add(c->d, DIAG_WARNING, c->where, fault.remedy, "%.200s %s", path, fault.what);
	else
		check_value(c, path, value);
	secret_free(&value);
}

/* An ordinary file that others cannot write can be refused for its owner alone. */
static bool
is_others(const struct stat *st)
{
	return S_ISREG(st->st_mode) && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Whoever uses it. The owner is another matter: that may be the helper, which is not this user. */
static bool
is_refused(const struct context *c, const char *path, const struct stat *st)
{
	struct file_fault fault;

	if (file_check(st, FIELD_FILE, &fault) == 0 || is_others(st))
		return false;
	diag_add(c->d, DIAG_ERROR, c->where, fault.remedy, "%.200s %s, and is refused", path,
	    fault.what);
	return true;
}

/* False: said that it belongs to somebody else. */
static bool
check_owner(const struct context *c, const char *path, const struct stat *st)
{
	struct file_fault fault;

	if (file_check(st, FIELD_FILE, &fault) == 0)
		return true;
	diag_add(c->d, DIAG_WARNING, c->where, "chown it to root, and let the helper read it",
	    "%.200s belongs to user %u: it is refused where the helper does not run as that user",
	    path, (unsigned)st->st_uid);
	return false;
}

/* closed: others cannot enter its folder, and so cannot read it. False: said what is wrong. */
static bool
check_file(const struct context *c, const char *path, const struct stat *st, bool closed)
{
	size_t before = c->d->n;

	if (!closed && (st->st_mode & S_IROTH) != 0)
		diag_add(c->d, DIAG_WARNING, c->where, "take that away: chmod o-r",
		    "%.200s holds a secret, and others can read it (mode %04o)", path,
		    (unsigned)st->st_mode & 07777);
	check_content(c, path);
	return c->d->n == before;
}

/* Whether the template may name it: what stands before and behind its braces does. */
static bool
may_name(const struct context *c, const char *name)
{
	const char *brace = strchr(c->source->text, '{'), *start = brace;
	const char *end = strrchr(c->source->text, '}');
	size_t len = strlen(name), before, behind;

	if (brace == NULL || end == NULL)
		return false;
	behind = strlen(++end);
	while (start > c->source->text && start[-1] != '/')
		start--;
	before = (size_t)(brace - start);
	return strchr(brace, '/') == NULL && len > before + behind &&
	       strncmp(name, start, before) == 0 && strcmp(name + len - behind, end) == 0;
}

/* Each file in it that the template may name; the first bad one of a kind speaks for all. */
static void
check_folder(const struct context *c, const char *folder)
{
	bool closed, is_ours = true, is_good = true;
	size_t errors = c->d->n_errors;
	struct stat st, file;
	struct dirent *e;
	DIR *dir = opendir(folder);

	if (dir == NULL) {
		diag_add(c->d, DIAG_WARNING, c->where,
		    errno == ENOENT ? "create it, or correct the path" : NULL,
		    "the folder %.200s: %s", folder, strerror(errno));
		return;
	}
	closed = fstat(dirfd(dir), &st) == 0 && (st.st_mode & S_IXOTH) == 0;
	while (c->d->n_errors == errors && (e = readdir(dir)) != NULL) {
		char *path;

		if (e->d_name[0] == '.' || !may_name(c, e->d_name) ||
		    asprintf(&path, "%s/%s", folder, e->d_name) < 0)
			continue;
		if (stat(path, &file) == 0 && S_ISREG(file.st_mode) &&
		    !is_refused(c, path, &file)) {
			is_ours = is_ours && check_owner(c, path, &file);
			is_good = is_good && check_file(c, path, &file, closed);
		}
		free(path);
	}
	closedir(dir);
}

static void
check_source(const struct context *c)
{
	const char *text = c->source->text, *brace = strchr(text, '{');
	char *folder, *slash;
	struct stat st;

	if (brace == NULL) {
		if (stat(text, &st) != 0)
			diag_add(c->d, DIAG_WARNING, c->where, "write the value into it",
			    "%.200s: %s", text, strerror(errno));
		else if (!is_refused(c, text, &st)) {
			(void)check_owner(c, text, &st);
			(void)check_file(c, text, &st, false);
		}
		return;
	}
	folder = strndup(text, (size_t)(brace - text));
	slash = folder != NULL ? strrchr(folder, '/') : NULL;
	if (slash != NULL) {
		slash[slash == folder ? 1 : 0] = '\0';
		check_folder(c, folder);
	}
	free(folder);
}

void
check_secrets(const struct policy *p, const struct binding *b, struct diags *d)
{
	for (size_t i = 0; i < b->n_sources; i++) {
		const struct source *s = &b->sources[i];
		struct context c = {.source = s, .d = d};

		if (s->kind != SOURCE_FILE)
			continue;
		c.where = (struct place){p->file, s->line, s->column};
		c.key = is_key(b->personalize, s->field) || is_key(b->unblock, s->field);
		c.manager =
		    is_manager(b->personalize, s->field) || is_manager(b->unblock, s->field);
		check_source(&c);
	}
}
