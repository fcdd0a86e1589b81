/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes the URIs that say which tokens are meant, and what tokens say of themselves. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A token whose strings are the bytes of the input, and its names. */
static void
check_identity(const unsigned char wire[IDENTITY_WIRE_LEN])
{
	struct identity id, again;
	unsigned char packed[IDENTITY_WIRE_LEN];
	char name[IDENTITY_NAME_MAX], uri[IDENTITY_URI_MAX];
	struct criteria c;
	struct diags d = {0};
	bool empty;

	identity_unpack(&id, wire);
	identity_pack(&id, packed);
	identity_unpack(&again, packed);
	if (!identity_equal(&id, &again, true))
		abort();
	identity_name(&id, true, name);
	for (const char *p = name; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && strchr("_-.%", *p) == NULL)
			abort();
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || name[0] == '\0')
		abort();
	identity_uri(&id, uri);
	for (const char *p = uri; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			abort();
	/* A URI that p11-latch prints is one that it reads, and it means that token. */
	empty = id.manufacturer[0] == '\0' || id.model[0] == '\0' || id.serial[0] == '\0' ||
		id.label[0] == '\0';
	if (uri_parse(uri, (struct place){"fuzz", 1, 1}, &d, &c)) {
		if (!criteria_match(&c, &id))
			abort();
	} else if (!empty) {
		abort();
	}
	criteria_free(&c);
	diags_free(&d);
}

static void
check_uri(const char *text)
{
	struct identity id = {0};
	struct criteria c;
	struct diags d = {0};
	bool good = uri_parse(text, (struct place){"fuzz", 1, 1}, &d, &c);

	if (good == (d.n_errors != 0))
		abort();
	for (size_t i = 0; i < d.n; i++)
		free(diag_line(&d.list[i]));
	if (good) {
		/* There is a token that it means. */
		strncpy(id.manufacturer, c.manufacturer ? c.manufacturer : "", 32);
		strncpy(id.model, c.model ? c.model : "", 16);
		strncpy(id.serial, c.serial ? c.serial : "", 16);
		strncpy(id.label, c.label ? c.label : "", 32);
		if (!criteria_match(&c, &id) || criteria_rank(&c) > 15)
			abort();
	}
	criteria_free(&c);
	diags_free(&d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char wire[IDENTITY_WIRE_LEN];
	char *text;

	memset(wire, ' ', sizeof(wire));
	if (size > 0)
		memcpy(wire, data, size < sizeof(wire) ? size : sizeof(wire));
	check_identity(wire);
	text = strndup((const char *)data, size);
	if (text != NULL)
		check_uri(text);
	free(text);
	return 0;
}
