/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes the reader of policy.conf, with a folder of descriptions that its input may name. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/binding.h"
#include "policy/field.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
	const char *name, *text;
} files[] = {
    {"a", "[Application_B]\nBlockCard=true\n"},
    {"b", "[Fields]\nP=\nK=\nN=\n[Description]\nSetPIN=true\nPIN=P\nCardManagerKey=K\n"
	  "NewCardManagerKey=N\n"},
};

static char dir[] = P_tmpdir "/latch-fuzz-XXXXXX";

static void
clean(void)
{
	char path[64];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i].name);
		unlink(path);
	}
	rmdir(dir);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char path[64];

	(void)argc;
	(void)argv;
	if (mkdtemp(dir) == NULL)
		abort();
	atexit(clean);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *f;

		snprintf(path, sizeof(path), "%s/%s", dir, files[i].name);
		f = fopen(path, "w");
		if (f == NULL || fputs(files[i].text, f) < 0 || fclose(f) != 0)
			abort();
	}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct identity id = {"M", "m", "1", "l"};
	struct diags d = {0};
	struct policy *p;
	char name[64];
	bool tie;

	snprintf(name, sizeof(name), "%s/policy.conf", dir);
	p = policy_parse(name, (const char *)data, size, &d);
	if ((p == NULL) != (d.n_errors != 0))
		abort();
	if (p != NULL && policy_match(p, &id, &tie, &d) != NULL && tie)
		abort();
	for (size_t i = 0; p != NULL && i < p->n; i++) {
		for (size_t k = 0; k < p->bindings[i].n_sources; k++) {
			const char *text = p->bindings[i].sources[k].text, *why;

			if (text != NULL)
				free(template_expand(text, &id, &why));
		}
	}
	policy_free(p);
	diags_free(&d);
	return 0;
}
