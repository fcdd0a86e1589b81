/* SPDX-License-Identifier: BSD-3-Clause */
/* filescan: in which files of a folder secrets stand, in any form. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/lib/forms.h"

#define SECRETS_MAX 32

static struct form forms[SECRETS_MAX][FORMS];
static char **texts;
static int n_secrets;
static unsigned long files, found;

static void
scan(const char *path, const void *in, size_t len)
{
	for (int i = 0; i < n_secrets; i++) {
		const char *how = "";
		unsigned long n = forms_count(forms[i], in, len, &how);

		if (n > 0)
			printf("%s, %s, %lu times in %s\n", texts[i], how, n, path);
		found += n;
	}
}

/* What ends while it is looked at is not there any more. */
static int
scan_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	void *in;
	int fd;

	(void)ftw;
	if (type != FTW_F || !S_ISREG(st->st_mode))
		return 0;
	files++;
	/* Its name is public, too. */
	scan(path, path, strlen(path));
	if (st->st_size == 0 || (fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) < 0)
		return 0;
	in = mmap(NULL, (size_t)st->st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (in == MAP_FAILED)
		return 0;
	scan(path, in, (size_t)st->st_size);
	munmap(in, (size_t)st->st_size);
	return 0;
}

int
main(int argc, char **argv)
{
	texts = argv + 2;
	if (argc < 3 || argc > 2 + SECRETS_MAX) {
		fputs("usage: filescan FILE|FOLDER TEXT|hex:BYTES...\n"
		      "Exit status 0: none is there. 1: some are. 2: nothing was looked at.\n",
		    stderr);
		return 2;
	}
	for (n_secrets = 0; n_secrets < argc - 2; n_secrets++) {
		if (!forms_make(texts[n_secrets], forms[n_secrets])) {
			fprintf(stderr, "filescan: %s cannot be looked for\n", texts[n_secrets]);
			return 2;
		}
	}
	if (nftw(argv[1], scan_file, 16, FTW_PHYS) != 0 || files == 0) {
		fprintf(stderr, "filescan: %s: %s\n", argv[1],
		    files == 0 ? "no files" : strerror(errno));
		return 2;
	}
	return found > 0 ? 1 : 0;
}
