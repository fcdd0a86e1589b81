/* SPDX-License-Identifier: BSD-3-Clause */
/* memscan: where in the memory of a process secrets stand, in any form: in locked memory, or
 * elsewhere. As root.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/forms.h"

#define REGION_MAX  (256ul << 20) /* bytes; what is larger is not touched memory but room */
#define SECRETS_MAX 32

struct region {
	unsigned long from, to;
	bool readable;
	char name[256];
};

static struct form forms[SECRETS_MAX][FORMS];
static int n_secrets;

/* Of each secret, how often it stands there. */
static void
scan(int mem, const struct region *r, unsigned long *found, const char **how)
{
	size_t len = r->to - r->from;
	ssize_t n;
	char *buf;

	memset(found, 0, SECRETS_MAX * sizeof(*found));
	if (!r->readable || len > REGION_MAX || (buf = malloc(len)) == NULL)
		return;
	n = pread(mem, buf, len, (off_t)r->from);
	for (int i = 0; i < n_secrets && n > 0; i++)
		found[i] = forms_count(forms[i], buf, (size_t)n, &how[i]);
	free(buf);
}

/* smaps: a line for each region, then lines of what it is made of, "Locked:" among them. */
static int
scan_all(FILE *smaps, int mem, char **texts)
{
	unsigned long from, to, kb, locked = 0, elsewhere = 0, regions = 0;
	unsigned long found[SECRETS_MAX] = {0};
	const char *how[SECRETS_MAX];
	struct region r = {0};
	char line[1024], mode[8], name[256];

	while (fgets(line, sizeof(line), smaps) != NULL) {
		name[0] = '\0';
		if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &from, &to, mode, name) >= 3) {
			r = (struct region){from, to, mode[0] == 'r', ""};
			snprintf(r.name, sizeof(r.name), "%s", name);
			scan(mem, &r, found, how);
			regions++;
		} else if (sscanf(line, "Locked: %lu kB", &kb) == 1) {
			for (int i = 0; i < n_secrets; i++) {
				if (kb > 0)
					locked += found[i];
				else
					elsewhere += found[i];
				if (kb == 0 && found[i] > 0)
					printf("%s, %s, in %lx-%lx %s\n", texts[i], how[i], r.from,
					    r.to, r.name);
			}
		}
	}
	printf("locked=%lu elsewhere=%lu\n", locked, elsewhere);
	return regions > 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	char path[64];
	FILE *smaps;
	int mem;

	if (argc < 3 || argc > 2 + SECRETS_MAX) {
		fputs("usage: memscan PID TEXT|hex:BYTES...\n", stderr);
		return 2;
	}
	for (n_secrets = 0; n_secrets < argc - 2; n_secrets++) {
		if (!forms_make(argv[2 + n_secrets], forms[n_secrets])) {
			fprintf(stderr, "memscan: %s cannot be looked for\n", argv[2 + n_secrets]);
			return 2;
		}
	}
	snprintf(path, sizeof(path), "/proc/%ld/smaps", atol(argv[1]));
	smaps = fopen(path, "re");
	snprintf(path, sizeof(path), "/proc/%ld/mem", atol(argv[1]));
	mem = open(path, O_RDONLY | O_CLOEXEC);
	if (smaps == NULL || mem < 0) {
		fprintf(stderr, "memscan: %s: %s\n", path, strerror(errno));
		return 1;
	}
	return scan_all(smaps, mem, argv + 2);
}
