/* SPDX-License-Identifier: BSD-3-Clause */
/* memscan: where in the memory of a process a text stands: in locked memory, or elsewhere. As root.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REGION_MAX (256ul << 20) /* bytes; what is larger is not touched memory but room */

struct region {
	unsigned long from, to;
	bool readable;
	char name[256];
};

static unsigned long
count(const char *in, size_t len, const char *text)
{
	size_t n = strlen(text);
	unsigned long found = 0;
	const char *at = in;

	while ((at = memmem(at, len - (size_t)(at - in), text, n)) != NULL) {
		found++;
		at++;
	}
	return found;
}

static unsigned long
scan(int mem, const struct region *r, const char *text)
{
	size_t len = r->to - r->from;
	unsigned long found = 0;
	ssize_t n;
	char *buf;

	if (!r->readable || len > REGION_MAX || (buf = malloc(len)) == NULL)
		return 0;
	n = pread(mem, buf, len, (off_t)r->from);
	if (n > 0)
		found = count(buf, (size_t)n, text);
	free(buf);
	return found;
}

/* smaps: a line for each region, then lines of what it is made of, "Locked:" among them. */
static int
scan_all(FILE *smaps, int mem, const char *text)
{
	unsigned long from, to, kb, locked = 0, elsewhere = 0, found = 0, regions = 0;
	struct region r = {0};
	char line[1024], mode[8], name[256];

	while (fgets(line, sizeof(line), smaps) != NULL) {
		name[0] = '\0';
		if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &from, &to, mode, name) >= 3) {
			r = (struct region){from, to, mode[0] == 'r', ""};
			snprintf(r.name, sizeof(r.name), "%s", name);
			found = scan(mem, &r, text);
			regions++;
		} else if (sscanf(line, "Locked: %lu kB", &kb) == 1 && found > 0) {
			if (kb > 0) {
				locked += found;
			} else {
				elsewhere += found;
				printf("found in %lx-%lx %s\n", r.from, r.to, r.name);
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

	if (argc != 3 || argv[2][0] == '\0') {
		fputs("usage: memscan PID TEXT\n", stderr);
		return 2;
	}
	snprintf(path, sizeof(path), "/proc/%ld/smaps", atol(argv[1]));
	smaps = fopen(path, "re");
	snprintf(path, sizeof(path), "/proc/%ld/mem", atol(argv[1]));
	mem = open(path, O_RDONLY | O_CLOEXEC);
	if (smaps == NULL || mem < 0) {
		fprintf(stderr, "memscan: %s: %s\n", path, strerror(errno));
		return 1;
	}
	return scan_all(smaps, mem, argv[2]);
}
