/* SPDX-License-Identifier: BSD-3-Clause */
/* What one token is known by, and its names for files and people. Links libc only. */
#include "policy/identity.h"

#include <stdio.h>
#include <string.h>

#define LABEL_LEN        32
#define MANUFACTURER_LEN 32
#define MODEL_LEN        16
#define SERIAL_LEN       16

/*
 * Some modules end the fields with a NUL and leave garbage behind it, so the first NUL ends one.
 * Not inlined: four copies of it would be a page of the module's.
 */
static void __attribute__((noinline)) unpad(char *out, const unsigned char *field, size_t len)
{
	size_t n = strnlen((const char *)field, len);

	while (n > 0 && field[n - 1] == ' ')
		n--;
	memcpy(out, field, n);
	out[n] = '\0';
}

static unsigned char *__attribute__((noinline))
pad(unsigned char *out, const char *text, size_t len)
{
	size_t n = strnlen(text, len);

	memcpy(out, text, n);
	memset(out + n, ' ', len - n);
	return out + len;
}

void
identity_set(struct identity *id, const unsigned char label[32],
    const unsigned char manufacturer[32], const unsigned char model[16],
    const unsigned char serial[16])
{
	memset(id, 0, sizeof(*id));
	unpad(id->label, label, LABEL_LEN);
	unpad(id->manufacturer, manufacturer, MANUFACTURER_LEN);
	unpad(id->model, model, MODEL_LEN);
	unpad(id->serial, serial, SERIAL_LEN);
}

bool
identity_is_empty(const struct identity *id)
{
	return id->manufacturer[0] == '\0' && id->model[0] == '\0' && id->serial[0] == '\0' &&
	       id->label[0] == '\0';
}

void
identity_pack(const struct identity *id, unsigned char wire[IDENTITY_WIRE_LEN])
{
	unsigned char *p = pad(wire, id->label, LABEL_LEN);

	p = pad(p, id->manufacturer, MANUFACTURER_LEN);
	p = pad(p, id->model, MODEL_LEN);
	pad(p, id->serial, SERIAL_LEN);
}

void
identity_unpack(struct identity *id, const unsigned char wire[IDENTITY_WIRE_LEN])
{
	const unsigned char *manufacturer = wire + LABEL_LEN;
	const unsigned char *model = manufacturer + MANUFACTURER_LEN;

	identity_set(id, wire, manufacturer, model, model + MODEL_LEN);
}

bool
identity_equal(const struct identity *a, const struct identity *b, bool with_label)
{
	return strcmp(a->manufacturer, b->manufacturer) == 0 && strcmp(a->model, b->model) == 0 &&
	       strcmp(a->serial, b->serial) == 0 &&
	       (!with_label || strcmp(a->label, b->label) == 0);
}

/*
 * Appends text, percent-encoded but for letters, digits and the bytes of plain. False where it,
 * with its NUL, does not fit before end.
 */
static bool
encode(char **out, const char *end, const char *text, const char *plain)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;
		bool keep = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			    (c >= '0' && c <= '9') || strchr(plain, c) != NULL;

		if (end - *out < (keep ? 2 : 4))
			return false;
		*out += snprintf(*out, (size_t)(end - *out), keep ? "%c" : "%%%02X", c);
	}
	**out = '\0';
	return true;
}

/* An empty part is "%", or an unnamed token would have the file name "..". */
static bool
add_part(char **out, const char *end, const char *text, bool first)
{
	if (end - *out < 3)
		return false;
	if (!first)
		*(*out)++ = '.';
	if (text[0] == '\0')
		*(*out)++ = '%';
	return encode(out, end, text, "_-");
}

void
identity_name(const struct identity *id, bool with_label, char name[IDENTITY_NAME_MAX])
{
	unsigned char wire[IDENTITY_WIRE_LEN];
	const char *end = name + IDENTITY_NAME_MAX;
	char *out = name;

	if (add_part(&out, end, id->manufacturer, true) && add_part(&out, end, id->model, false) &&
	    add_part(&out, end, id->serial, false) &&
	    (!with_label || add_part(&out, end, id->label, false)))
		return;

	/* All bytes of fixed lengths, so that no two identities share one; the others hold a dot.
	 */
	identity_pack(id, wire);
	out = name + snprintf(name, IDENTITY_NAME_MAX, "hex-");
	for (size_t i = with_label ? 0 : LABEL_LEN; i < sizeof(wire); i++)
		out += snprintf(out, (size_t)(end - out), "%02x", wire[i]);
}

void
identity_uri(const struct identity *id, char uri[IDENTITY_URI_MAX])
{
	const struct {
		const char *name, *value;
	} parts[] = {{"manufacturer", id->manufacturer}, {"model", id->model},
	    {"serial", id->serial}, {"token", id->label}};
	const char *end = uri + IDENTITY_URI_MAX, *separator = "";
	char *out = uri + snprintf(uri, IDENTITY_URI_MAX, "pkcs11:");

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (parts[i].value[0] == '\0')
			continue;
		out += snprintf(out, (size_t)(end - out), "%s%s=", separator, parts[i].name);
		encode(&out, end, parts[i].value, "-._~");
		separator = ";";
	}
}
