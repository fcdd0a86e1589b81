/* SPDX-License-Identifier: BSD-3-Clause */
/* What a step leaves, in sums: what was judged once, and was good, is not judged again. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/faults/sweep.h"

#define PATH_SIZE 1024
#define FILE_MOST (256 * 1024)
#define GOOD_MOST 65536

static struct state good[GOOD_MOST];
static size_t n_good;

/* With two factors: that both sums are equal of what is not, does not happen. */
static uint64_t
mix(uint64_t sum, const void *data, size_t len, uint64_t factor)
{
	const unsigned char *p = data;

	while (len-- > 0)
		sum = (sum ^ *p++) * factor;
	sum ^= sum >> 29;
	return sum * factor ^ sum >> 32;
}

/* In any order. */
static void
add(struct state *to, const char *name, const void *head, size_t head_len, const void *data,
    size_t len)
{
	static const uint64_t factors[] = {0x100000001b3u, 0x9e3779b97f4a7c15u};
	uint64_t one;
	size_t i;

	for (i = 0; i < 2; i++) {
		one = mix(0xcbf29ce484222325u, name, strlen(name) + 1, factors[i]);
		one = mix(one, head, head_len, factors[i]);
		to->sum[i] += mix(one, data, len, factors[i]);
	}
}

static char data[FILE_MOST + 1];

static size_t
read_all(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, data, FILE_MOST) : 0;

	if (fd >= 0)
		close(fd);
	data[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* Calls fn for all that is there. */
static void
each(const char *path, void (*fn)(const char *path, const struct stat *st, struct state *to),
    struct state *to)
{
	struct dirent *e;
	char inner[PATH_SIZE];
	struct stat st;
	DIR *d;

	if (lstat(path, &st) != 0)
		return;
	fn(path, &st, to);
	d = S_ISDIR(st.st_mode) ? opendir(path) : NULL;
	while (d != NULL && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if ((size_t)snprintf(inner, PATH_SIZE, "%s/%s", path, e->d_name) < PATH_SIZE)
			each(inner, fn, to);
	}
	if (d != NULL)
		closedir(d);
}

static void
add_bytes(const char *path, const struct stat *st, struct state *to)
{
	const unsigned what[] = {st->st_mode, st->st_uid, st->st_gid};
	size_t n = S_ISREG(st->st_mode) ? read_all(path) : 0;

	add(to, path, what, sizeof(what), data, n);
}

static void
add_lines(const char *path, const struct stat *st, struct state *to, const char *const *drawn)
{
	char *line = data, *end;
	size_t i, len;

	if (!S_ISREG(st->st_mode) || read_all(path) == 0)
		return;
	for (; *line != '\0'; line = *end == '\0' ? end : end + 1) {
		end = strchrnul(line, '\n');
		len = (size_t)(end - line);
		for (i = 0; drawn[i] != NULL; i++)
			if (strncmp(line, drawn[i], strlen(drawn[i])) == 0)
				len = strlen(drawn[i]);
		add(to, path, "", 0, line, len);
	}
}

static void
add_but_times(const char *path, const struct stat *st, struct state *to)
{
	static const char *const drawn[] = {"Since=", NULL};

	add(to, path, &st->st_mode, sizeof(st->st_mode), "", 0);
	add_lines(path, st, to, drawn);
}

static void
add_but_drawn(const char *path, const struct stat *st, struct state *to)
{
	static const char *const drawn[] = {"Since=", "Salt=", "NextSalt=", NULL};

	add_lines(path, st, to, drawn);
}

void
state_bytes(const struct flow *f, unsigned variant, struct state *now)
{
	char live[PATH_SIZE];
	size_t i;

	memset(now, 0, sizeof(*now));
	now->variant = variant;
	for (i = 0; i < SAVED_MAX && f->saved[i] != NULL; i++) {
		snprintf(live, sizeof(live), "%.*s", (int)strcspn(f->saved[i], ":"), f->saved[i]);
		each(live, strcmp(live, f->state) == 0 ? add_but_times : add_bytes, now);
	}
}

bool
state_told(const struct flow *f, unsigned variant, const struct seen *s, struct state *now)
{
	const unsigned what[] = {
	    s->usable, (unsigned)s->flags, (unsigned)s->pin, (unsigned)s->so, s->object};
	char journal[64];

	stage_value(f, "private", ".state", "Journal", journal);
	if (f->boxed || strcmp(journal, "none") != 0)
		return false;
	memset(now, 0, sizeof(*now));
	now->variant = variant | 8;
	add(now, "seen", what, sizeof(what), "", 0);
	each(f->state, add_but_drawn, now);
	return true;
}

bool
state_is_good(const struct state *state)
{
	size_t i;

	for (i = 0; i < n_good; i++)
		if (good[i].sum[0] == state->sum[0] && good[i].sum[1] == state->sum[1] &&
		    good[i].variant == state->variant)
			return true;
	return false;
}

void
state_good(const struct state *state)
{
	if (n_good < GOOD_MOST && !state_is_good(state))
		good[n_good++] = *state;
}
