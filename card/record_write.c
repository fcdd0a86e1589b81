/* SPDX-License-Identifier: BSD-3-Clause */
/* Writing the public record; under the token's lock only. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card/record_write.h"
#include "card/state.h"

static void
hex(const unsigned char *bytes, size_t len, char *to)
{
	size_t i;

	for (i = 0; i < len; i++)
		sprintf(to + 2 * i, "%02x", bytes[i]);
}

/* What goes into Why= stays on one line and printable, so that the record can always be read again.
 */
static void
printable(const char *from, char *to, size_t size)
{
	size_t i;

	for (i = 0; from[i] != '\0' && i + 1 < size; i++)
		to[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	to[i] = '\0';
}

static bool
print_record(FILE *f, const struct record *r)
{
	unsigned char wire[IDENTITY_WIRE_LEN];
	char token[2 * IDENTITY_WIRE_LEN + 1], why[sizeof(r->why)];

	identity_pack(&r->identity, wire);
	hex(wire, sizeof(wire), token);
	fprintf(f, "[Record]\nVersion=%d\nState=%s\nMethod=%s\n", RECORD_VERSION,
	    record_state_name(r->state), record_method_name(r->method));
	fprintf(
	    f, "Sequence=%" PRIu64 "\nSince=%" PRId64 "\nToken=%s\n", r->sequence, r->since, token);
	if (r->ending)
		fputs("Ending=true\n", f);
	if (r->by_user)
		fputs("ByUser=true\n", f);
	if (r->hold[0] != '\0')
		fprintf(f, "Hold=%s\n", r->hold);
	printable(r->why, why, sizeof(why));
	if (why[0] != '\0')
		fprintf(f, "Why=%s\n", why);
	if (r->offline)
		fprintf(f, "Tickets=%u\n", r->tickets);
	if (r->offline && r->challenge[0] != '\0')
		fprintf(f, "Challenge=%s\n", r->challenge);
	return ferror(f) == 0;
}

static char *
path_of(const char *dir, const struct identity *id, bool with_label)
{
	char name[IDENTITY_NAME_MAX];

	identity_name(id, with_label, name);
	return state_path(dir, "records", name, "");
}

bool
record_write(const char *dir, bool with_label, const struct record *r)
{
	char *path = path_of(dir, &r->identity, with_label), *text = NULL;
	size_t len = 0;
	bool ok = false;
	FILE *f;

	if (path == NULL || (f = open_memstream(&text, &len)) == NULL)
		goto out;
	ok = print_record(f, r);
	if (fclose(f) != 0)
		ok = false;
	ok = ok && state_write(path, text, len, 0644);
out:
	free(text);
	free(path);
	return ok;
}

bool
record_remove(const char *dir, const struct identity *id, bool with_label)
{
	char *path = path_of(dir, id, with_label);
	bool ok = path != NULL && state_remove(path);

	free(path);
	return ok;
}
