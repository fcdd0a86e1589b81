/* SPDX-License-Identifier: BSD-3-Clause */
/* Folders put back as they were saved, and what state and log say. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/faults/sweep.h"

#define PATH_SIZE 1024
#define FILE_MOST (256 * 1024)

static bool
join(char path[PATH_SIZE], const char *folder, const char *name)
{
	return (size_t)snprintf(path, PATH_SIZE, "%s/%s", folder, name) < PATH_SIZE;
}

static bool
is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* In place: others may have it mapped. */
static bool
restore_file(const char *live, const char *copy, const struct stat *st)
{
	static char data[FILE_MOST], now[FILE_MOST];
	int from = open(copy, O_RDONLY | O_CLOEXEC),
	    to = open(live, O_RDWR | O_CREAT | O_CLOEXEC, st->st_mode & 07777);
	bool ok = false;
	ssize_t n, m;

	if (from < 0 || to < 0)
		goto out;
	n = read(from, data, sizeof(data));
	m = read(to, now, sizeof(now));
	ok = n >= 0 && n < FILE_MOST;
	if (ok && (n != m || memcmp(data, now, (size_t)n) != 0))
		ok = pwrite(to, data, (size_t)n, 0) == n && ftruncate(to, n) == 0;
	ok = ok && fchmod(to, st->st_mode & 07777) == 0 && fchown(to, st->st_uid, st->st_gid) == 0;
out:
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	return ok;
}

static bool
remove_all(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	char inner[PATH_SIZE];
	bool ok = true;

	if (d == NULL)
		return unlink(path) == 0 || errno == ENOENT;
	while ((e = readdir(d)) != NULL)
		if (!is_dots(e->d_name))
			ok = join(inner, path, e->d_name) && remove_all(inner) && ok;
	closedir(d);
	return rmdir(path) == 0 && ok;
}

static bool
remove_others(const char *live, const char *copy)
{
	DIR *d = opendir(live);
	char in_live[PATH_SIZE], in_copy[PATH_SIZE];
	struct dirent *e;
	bool ok = d != NULL;

	while (ok && (e = readdir(d)) != NULL) {
		if (is_dots(e->d_name))
			continue;
		ok = join(in_live, live, e->d_name) && join(in_copy, copy, e->d_name);
		if (ok && access(in_copy, F_OK) != 0)
			ok = remove_all(in_live);
	}
	if (d != NULL)
		closedir(d);
	return ok;
}

static bool
restore(const char *live, const char *copy)
{
	char in_live[PATH_SIZE], in_copy[PATH_SIZE];
	struct dirent *e;
	struct stat st;
	bool ok;
	DIR *d;

	if (stat(copy, &st) != 0)
		return false;
	if (!S_ISDIR(st.st_mode))
		return restore_file(live, copy, &st);
	if (mkdir(live, st.st_mode & 07777) == 0 && chown(live, st.st_uid, st.st_gid) != 0)
		return false;
	ok = remove_others(live, copy) && (d = opendir(copy)) != NULL;
	if (!ok)
		return false;
	while (ok && (e = readdir(d)) != NULL)
		if (!is_dots(e->d_name))
			ok = join(in_live, live, e->d_name) && join(in_copy, copy, e->d_name) &&
			     restore(in_live, in_copy);
	closedir(d);
	return ok;
}

bool
stage_restore(const struct flow *f)
{
	char live[PATH_SIZE];
	const char *colon;
	size_t i;

	for (i = 0; i < SAVED_MAX && f->saved[i] != NULL; i++) {
		colon = strchr(f->saved[i], ':');
		if (colon == NULL)
			return false;
		snprintf(live, sizeof(live), "%.*s", (int)(colon - f->saved[i]), f->saved[i]);
		if (!restore(live, colon + 1)) {
			fprintf(stderr, "sweep: %s: %s\n", f->saved[i], strerror(errno));
			return false;
		}
	}
	return truncate(f->log, 0) == 0;
}

static void
find_value(const char *path, const char *key, char value[64])
{
	FILE *file = fopen(path, "re");
	char line[512];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, key, strlen(key)) != 0 || line[strlen(key)] != '=')
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(value, 64, "%.63s", line + strlen(key) + 1);
	}
	if (file != NULL)
		fclose(file);
}

static bool
ends_so(const char *name, const char *end)
{
	size_t a = strlen(name), b = strlen(end);

	return a >= b && strcmp(name + a - b, end) == 0;
}

void
stage_value(
    const struct flow *f, const char *folder, const char *end, const char *key, char value[64])
{
	char path[PATH_SIZE], file[PATH_SIZE];
	struct dirent *e;
	DIR *d;

	strcpy(value, "none");
	d = join(path, f->state, folder) ? opendir(path) : NULL;
	while (d != NULL && (e = readdir(d)) != NULL)
		if (!is_dots(e->d_name) && ends_so(e->d_name, end) && join(file, path, e->d_name))
			find_value(file, key, value);
	if (d != NULL)
		closedir(d);
}

void
stage_say_log(const struct flow *f, FILE *to)
{
	FILE *log = fopen(f->log, "re");
	char line[512];
	int n = 0;

	while (log != NULL && fgets(line, sizeof(line), log) != NULL && n < 40)
		if (strstr(line, "p11-latch: ") != NULL && n++ >= 0)
			fprintf(to, "#   log: %s", line);
	if (log != NULL)
		fclose(log);
}
