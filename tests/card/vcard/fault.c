/* SPDX-License-Identifier: BSD-3-Clause */
/* What a test tells a virtual smart card to do wrong, and the list of the APDUs that it saw. */
#include "tests/card/vcard/fault.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* pcscd looks every 400 ms whether a card is there. */
#define NOTICED_MS 700

static const struct {
	const char *name;
	enum fault_kind kind;
	const char *value; /* how it is read; NULL: it has none */
	bool optional;
	unsigned fallback;
} kinds[] = {
    {"refuse", FAULT_REFUSE, "%x", false, 0},
    {"pull", FAULT_PULL, NULL, true, 0},
    {"pull-after", FAULT_PULL_AFTER, NULL, true, 0},
    {"reset", FAULT_RESET, "%u", true, NOTICED_MS},
    {"reset-after", FAULT_RESET_AFTER, "%u", true, NOTICED_MS},
    {"delay", FAULT_DELAY, "%u", false, 0},
    {"hang", FAULT_HANG, NULL, true, 0},
};

static void
leave_word(const char *dir)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/fault.done", dir);
	f = fopen(path, "we");
	if (f != NULL)
		fclose(f);
}

static bool
understand(const char *name, const char *value, struct fault *f)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(name, kinds[i].name) != 0)
			continue;
		f->kind = kinds[i].kind;
		f->value = kinds[i].fallback;
		if (kinds[i].optional && value[0] == '\0')
			return true;
		return kinds[i].value != NULL && sscanf(value, kinds[i].value, &f->value) == 1;
	}
	return false;
}

struct fault
fault_at(const char *dir, unsigned n)
{
	struct fault found = {FAULT_NONE, 0}, f = {FAULT_NONE, 0};
	char path[4096], line[128], name[32], value[32];
	unsigned at;
	FILE *file;

	snprintf(path, sizeof(path), "%s/fault", dir);
	file = fopen(path, "re");
	if (file == NULL)
		return found;
	while (found.kind == FAULT_NONE && fgets(line, sizeof(line), file) != NULL) {
		value[0] = '\0';
		if (sscanf(line, "%u %31s %31s", &at, name, value) < 2 ||
		    !understand(name, value, &f))
			fprintf(stderr, "%s: not understood: %s", path, line);
		else if (at == 0 || at == n)
			found = f;
	}
	fclose(file);
	if (found.kind != FAULT_NONE)
		leave_word(dir);
	return found;
}

unsigned
apdu_number(const char *dir, unsigned last)
{
	char path[4096];
	struct stat st;

	snprintf(path, sizeof(path), "%s/apdus", dir);
	return stat(path, &st) == 0 && st.st_size > 0 ? last + 1 : 1;
}

static void
write_hex(FILE *f, const unsigned char *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		fprintf(f, "%02x", bytes[i]);
}

void
apdu_note(const char *dir, unsigned n, const unsigned char *apdu, size_t len,
    const unsigned char *answer, size_t answer_len)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/apdus", dir);
	f = fopen(path, "ae");
	if (f == NULL) {
		perror(path);
		return;
	}
	fprintf(f, "%u ", n);
	write_hex(f, apdu, len);
	fputc(' ', f);
	write_hex(f, answer, answer_len);
	fputs(answer_len == 0 ? "-\n" : "\n", f);
	fclose(f);
}
