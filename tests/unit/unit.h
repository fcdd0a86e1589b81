/* SPDX-License-Identifier: BSD-3-Clause */
/* What the unit tests have in common: scratch folders, and errors as they are to be. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <check.h>

#include "policy/diag.h"

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

/* One error, warning or note that must be there. */
struct wanted {
	enum diag_level level;
	unsigned line;
	unsigned column;
	const char *words; /* all of them, separated by '|', in what is wrong or in the remedy */
};

#define WANTED_MAX 6

static inline int
unit_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* A new folder of mode 0700; to be ended by unit_remove(). */
static inline char *
unit_folder(void)
{
	const char *tmp = getenv("TMPDIR");
	char *dir;

	ck_assert_int_gt(asprintf(&dir, "%s/latch-unit-XXXXXX", tmp == NULL ? P_tmpdir : tmp), 0);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	return dir;
}

/* DIR/NAME; to be freed. */
static inline char *
unit_path(const char *dir, const char *name)
{
	char *path;

	ck_assert_int_gt(asprintf(&path, "%s/%s", dir, name), 0);
	return path;
}

/* Writes len bytes to DIR/NAME; the path is to be freed. */
static inline char *
unit_write(const char *dir, const char *name, const void *bytes, size_t len, mode_t mode)
{
	char *path = unit_path(dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
	return path;
}

static inline int
unit_remove_one(const char *path, const struct stat *st, int flag, struct FTW *walk)
{
	(void)st;
	(void)flag;
	(void)walk;
	return remove(path);
}

static inline void
unit_remove(char *dir)
{
	nftw(dir, unit_remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(dir);
}

/* Whether every word stands in what the line says. */
static inline int
unit_has_words(const char *line, const char *words)
{
	while (*words != '\0') {
		size_t len = strcspn(words, "|");
		char word[160];

		snprintf(word, sizeof(word), "%.*s", (int)len, words);
		if (strstr(line, word) == NULL)
			return 0;
		words += len + (words[len] == '|');
	}
	return 1;
}

/*
 * Asserts that d holds exactly the wanted ones (an entry without words ends them), in that order.
 * Notes count only where one is wanted. name says which case it is; file, if not NULL, is whose
 * they are.
 */
static inline void
unit_expect(const char *name, const char *file, const struct diags *d, const struct wanted *wanted)
{
	size_t k = 0, max = WANTED_MAX;
	int notes = 0;

	for (size_t i = 0; i < max && wanted[i].words != NULL; i++)
		notes |= wanted[i].level == DIAG_NOTE;
	for (size_t i = 0; i < d->n; i++) {
		const struct diag *one = &d->list[i];
		char *line;

		if (one->level == DIAG_NOTE && !notes)
			continue;
		line = diag_line(one);
		ck_assert_msg(k < max && wanted[k].words != NULL, "%s: not wanted: %s", name, line);
		ck_assert_msg(one->level == wanted[k].level && one->line == wanted[k].line &&
				  one->column == wanted[k].column,
		    "%s: wanted level %d at %u:%u (%s), have: %s", name, (int)wanted[k].level,
		    wanted[k].line, wanted[k].column, wanted[k].words, line);
		ck_assert_msg(unit_has_words(line, wanted[k].words), "%s: wanted '%s' in: %s", name,
		    wanted[k].words, line);
		ck_assert_msg(file == NULL || strcmp(one->file, file) == 0, "%s: file %s, not %s",
		    name, one->file, file);
		free(line);
		k++;
	}
	ck_assert_msg(k == max || wanted[k].words == NULL, "%s: missing: %s", name,
	    k < max && wanted[k].words != NULL ? wanted[k].words : "");
}

#define E(line, column, words)                  \
	{                                       \
		DIAG_ERROR, line, column, words \
	}
#define W(line, column, words)                    \
	{                                         \
		DIAG_WARNING, line, column, words \
	}
#define N(line, column, words)                 \
	{                                      \
		DIAG_NOTE, line, column, words \
	}

#endif
