/* SPDX-License-Identifier: BSD-3-Clause */
/* What is wrong with the files of a policy's secrets. No value gets into a message. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/file.h"
#include "policy/key_manager.h"
#include "tool/check.h"

#define VALUE_MAX 4096 /* bytes, as policy/field.h has it */

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

/* The value of a file, without the newline at its end; NULL: it cannot be read here, or is none. */
static struct secret *
read_value(const char *path)
{
	struct secret *s = NULL;
	struct file_fault fault;
	size_t len = 0;
	ssize_t n = -1;
	int fd = file_open(path, 0, NULL, &fault);

	if (fd < 0)
		return NULL;
	s = secret_alloc(VALUE_MAX);
	if (s != NULL)
		n = file_read(fd, secret_data(s), VALUE_MAX);
	close(fd);
	if (n > 0)
		len = (size_t)n;
	while (len > 0 && strchr("\r\n", secret_bytes(s)[len - 1]) != NULL)
		len--;
	if (s != NULL && n >= 0)
		secret_truncate(s, len);
	else
		secret_free(&s);
	return s;
}

static void
check_value(const struct context *c, const char *path)
{
	struct secret *value = read_value(path);
	bool well_known = false;
	enum key_fault fault = KEY_GOOD;

	if (value == NULL)
		return;
	if (c->key && secret_len(value) > 0)
		fault = c->manager ? key_parse_manager(value, NULL, NULL, &well_known)
				   : key_parse(value, false, NULL, &well_known);
	if (secret_len(value) == 0)
		diag_add(c->d, DIAG_WARNING, c->where, "write the value into it", "%.200s is empty",
		    path);
	else if (fault != KEY_GOOD)
		diag_add(c->d, DIAG_WARNING, c->where, key_fault_text(fault),
		    "%.200s holds no good key", path);
	else if (well_known)
		diag_add(c->d, DIAG_WARNING, c->where, "make one of your own",
		    "%.200s holds a well-known default key, which anybody can try", path);
	secret_free(&value);
}

static void
check_file(const struct context *c, const char *path, bool must_be)
{
	struct stat st;

	if (stat(path, &st) != 0) {
		if (must_be)
			diag_add(c->d, DIAG_WARNING, c->where, "write the value into it",
			    "%.200s: %s", path, strerror(errno));
		return;
	}
	if (!S_ISREG(st.st_mode))
		return;
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		diag_add(c->d, DIAG_ERROR, c->where, "take that away: chmod go-w",
		    "%.200s can be written by others (mode %04o), and is refused", path,
		    (unsigned)st.st_mode & 07777);
	else if ((st.st_mode & S_IROTH) != 0)
		diag_add(c->d, DIAG_WARNING, c->where, "take that away: chmod o-r",
		    "%.200s holds a secret, and others can read it (mode %04o)", path,
		    (unsigned)st.st_mode & 07777);
	else
		check_value(c, path);
}

/* Whoever cannot enter the folder cannot read what is in it. */
static void
check_in_closed_folder(const struct context *c, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
		check_value(c, path);
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

/* Each file in the folder that the template may name; the first bad one speaks for all. */
static void
check_folder(const struct context *c, const char *folder)
{
	size_t before = c->d->n;
	struct dirent *e;
	struct stat st;
	DIR *dir = opendir(folder);
	bool closed;

	if (dir == NULL) {
		diag_add(c->d, DIAG_WARNING, c->where,
		    errno == ENOENT ? "create it, or correct the path" : NULL,
		    "the folder %.200s: %s", folder, strerror(errno));
		return;
	}
	closed = fstat(dirfd(dir), &st) == 0 && (st.st_mode & S_IXOTH) == 0;
	while (c->d->n == before && (e = readdir(dir)) != NULL) {
		char *path;

		if (e->d_name[0] == '.' || !may_name(c, e->d_name) ||
		    asprintf(&path, "%s/%s", folder, e->d_name) < 0)
			continue;
		if (closed)
			check_in_closed_folder(c, path);
		else
			check_file(c, path, false);
		free(path);
	}
	closedir(dir);
}

static void
check_source(const struct context *c)
{
	const char *text = c->source->text, *brace = strchr(text, '{');
	char *folder, *slash;

	if (brace == NULL) {
		check_file(c, text, true);
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
