/* SPDX-License-Identifier: BSD-3-Clause */
/* ClearFields=: values that are wiped from their stores once they were used. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "card/clear.h"
#include "policy/log.h"

#define VALUE_FILE_MAX 8192 /* bytes: more than any value may have */

/* Zeroes over the old bytes and onto the disk, as far as the file system writes in place. */
static bool
overwrite(const char *path)
{
	static const char zeroes[VALUE_FILE_MAX];
	struct stat st;
	bool ok = false;
	int fd;

	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= VALUE_FILE_MAX)
		ok = write(fd, zeroes, (size_t)st.st_size) == st.st_size && fsync(fd) == 0;
	close(fd);
	return ok;
}

static void
clear_file(const struct card *c, const char *field, const char *path)
{
	if (overwrite(path) && unlink(path) == 0)
		log_info("%s: ClearFields: %s is wiped from %s", c->uri, field, path);
	else
		log_warning("%s: ClearFields: %s cannot be wiped from %s: %s; remove it yourself",
		    c->uri, field, path, strerror(errno));
}

static void
clear_field(struct card *c, const struct description *desc, char *name)
{
	const struct value v = {.kind = VALUE_FIELD, .field = name};
	struct field_context context = {
	    .binding = c->binding, .id = &c->id, .given = c->office->given};
	struct resolved r;

	if (!field_resolve(&context, desc, &v, &r))
		return;
	if (r.store != NULL && r.own)
		clear_file(c, name, r.store);
	else if (r.store != NULL)
		log_warning("%s: ClearFields: %s stays in %s, which holds it for other cards too",
		    c->uri, name, r.store);
	resolved_free(&r);
}

void
clear_fields(struct card *c, const struct description *desc)
{
	size_t i;

	for (i = 0; i < desc->n_clear_fields; i++)
		clear_field(c, desc, desc->clear_fields[i]);
}
