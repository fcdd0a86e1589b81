/* SPDX-License-Identifier: BSD-3-Clause */
/* sweep's arguments: NAME=VALUE..., then the words of the flow. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/faults/sweep.h"

static bool
add(const char **list, size_t most, const char *value)
{
	size_t i;

	for (i = 0; i + 1 < most; i++) {
		if (list[i] == NULL) {
			list[i] = value;
			return true;
		}
	}
	return false;
}

static bool
one(const char **to, const char *value)
{
	*to = value;
	return true;
}

static const char **
text_of(struct flow *f, const char *name)
{
	const struct {
		const char *name;
		const char **to;
	} texts[] = {{"name", &f->name}, {"module", &f->module}, {"label", &f->label},
	    {"state", &f->state}, {"log", &f->log}, {"scratch", &f->scratch},
	    {"hang-conf", &f->hang_conf}, {"results", &f->results}, {"drive", &f->drive},
	    {"latch", &f->latch}, {"call", &f->call}, {"command", &f->command}, {"done", &f->done},
	    {"object", &f->object}, {"values", &f->values}};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(texts[i].name, name) == 0)
			return texts[i].to;
	return NULL;
}

static bool
take(struct flow *f, const char *name, const char *value)
{
	const char **text = text_of(f, name);

	if (text != NULL)
		return one(text, value);
	if (strcmp(name, "saved") == 0)
		return add(f->saved, SAVED_MAX, value);
	if (strcmp(name, "pin") == 0)
		return add(f->pin, KNOWN_MAX, value);
	if (strcmp(name, "so") == 0)
		return add(f->so, KNOWN_MAX, value);
	if (strcmp(name, "next") == 0)
		return add(f->next, WORDS_MAX, value);
	if (strcmp(name, "goes") == 0)
		return add(f->goes, WORDS_MAX, value);
	if (strcmp(name, "else") == 0)
		return add(f->else_goes, WORDS_MAX, value);
	if (strcmp(name, "sample") == 0)
		f->sample = strtoul(value, NULL, 10);
	else if (strcmp(name, "only") == 0)
		f->only = strtol(value, NULL, 10);
	else if (strcmp(name, "must") == 0)
		f->must_block = strcmp(value, "block") == 0;
	else if (strcmp(name, "may") == 0)
		f->may_refuse = strcmp(value, "refuse") == 0;
	else if (strcmp(name, "starts") == 0)
		f->starts_new = strcmp(value, "new") == 0;
	else if (strcmp(name, "every") == 0)
		f->every = strcmp(value, "yes") == 0;
	else if (strcmp(name, "looks") == 0)
		f->free_looks = strcmp(value, "free") == 0;
	else if (strcmp(name, "counts") == 0)
		f->counts = strcmp(value, "yes") == 0;
	else if (strcmp(name, "secret") == 0)
		f->boxed = strcmp(value, "boxed") == 0;
	else if (strcmp(name, "runs") == 0)
		f->is_command = strcmp(value, "command") == 0;
	else
		return false;
	return true;
}

int
main(int argc, char **argv)
{
	static struct flow f = {.sample = 1, .only = -1};
	char *value;
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		value = strchr(argv[i], '=');
		if (value != NULL)
			*value++ = '\0';
		if (value == NULL || !take(&f, argv[i], value)) {
			fprintf(stderr, "sweep: %s?\n", argv[i]);
			return 2;
		}
	}
	for (i++; i < argc; i++)
		if (!add(f.words, WORDS_MAX, argv[i]))
			return 2;
	if (f.words[0] == NULL || f.name == NULL) {
		fprintf(stderr, "usage: sweep NAME=VALUE... -- WORD...\n");
		return 2;
	}
	return sweep(&f);
}
