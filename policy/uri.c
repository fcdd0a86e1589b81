/* SPDX-License-Identifier: BSD-3-Clause */
/* PKCS#11 URIs, decoded by libp11-kit, with what is wrong in them in words. */
#include "policy/uri.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

static const char *const attributes[] = {"manufacturer", "model", "serial", "token"};

/* Those of isspace(), and what else is no byte of a URI and invisible. */
#define BLANKS " \t\r\n\v\f\177"

#define N_ATTRIBUTES (sizeof(attributes) / sizeof(attributes[0]))

struct scan {
	const char *text; /* of the whole URI */
	struct place where;
	struct diags *d;
	bool seen[N_ATTRIBUTES];
	bool good;
};

static void __attribute__((format(printf, 4, 5)))
add(struct scan *s, const char *at, const char *remedy, const char *fmt, ...)
{
	struct place where = s->where;
	va_list ap;
	char what[160];

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	where.column += (unsigned)(at - s->text);
	diag_add(s->d, DIAG_ERROR, where, remedy, "%s", what);
	s->good = false;
}

/* One NAME=VALUE. libp11-kit leaves unknown ones out, and a policy that matches too much is a bad
 * surprise. */
static void
check_attribute(struct scan *s, const char *attribute, size_t len)
{
	static const char remedy[] =
	    "the attributes that count are serial, token, model, manufacturer";
	const char *equals = memchr(attribute, '=', len);
	size_t name = equals == NULL ? len : (size_t)(equals - attribute);
	const char *another = equals == NULL ? NULL : memchr(equals + 1, '=', len - name - 1);

	if (equals == NULL) {
		add(s, attribute, "write NAME=VALUE;NAME=VALUE", "attribute without a value");
		return;
	}
	if (name == 5 && memcmp(attribute, "label", 5) == 0) {
		add(s, attribute, "write token=", "label= is no attribute of a token's URI");
		return;
	}
	for (size_t i = 0; i < N_ATTRIBUTES; i++) {
		if (strlen(attributes[i]) != name || memcmp(attribute, attributes[i], name) != 0)
			continue;
		if (s->seen[i])
			add(s, attribute, "remove one of the two", "%s= stands here twice",
			    attributes[i]);
		s->seen[i] = true;
		if (name + 1 == len)
			add(s, attribute, "leave it out to match any", "%s= has no value",
			    attributes[i]);
		/* token=A&model=M would be a label, and govern no card. */
		if (another != NULL)
			add(s, another, "write ; between attributes, or %3D for =",
			    "%s= has another = in its value", attributes[i]);
		return;
	}
	add(s, attribute, remedy, "attribute %.*s= cannot be matched on",
	    (int)(name > 40 ? 40 : name), attribute);
}

static void
check_attributes(struct scan *s, const char *p)
{
	const char *nul = strcasestr(p, "%00"), *blank = p + strcspn(p, BLANKS);
	const char *query = strchr(p, '?');

	if (nul != NULL)
		add(s, nul, "remove it", "NUL byte");
	/* libp11-kit leaves them out, and My Card would be MyCard. */
	if (*blank != '\0')
		add(s, blank, "write %20 for a blank", "white space in a URI");
	if (query != NULL) {
		add(s, query, "remove it, and what follows",
		    "what follows a ? says nothing of which token");
		return;
	}
	while (*p != '\0') {
		size_t len = strcspn(p, ";");

		check_attribute(s, p, len);
		p += len;
		if (*p != '\0' && *++p == '\0')
			add(s, p - 1, "remove it", "nothing stands behind '%c'", p[-1]);
	}
}

static char *
unpad(const unsigned char *field, size_t len, bool wanted)
{
	if (!wanted)
		return NULL;
	len = strnlen((const char *)field, len);
	while (len > 0 && field[len - 1] == ' ')
		len--;
	return strndup((const char *)field, len);
}

static void
decode(struct scan *s, P11KitUri *uri, struct criteria *c)
{
	int rv = p11_kit_uri_parse(s->text, P11_KIT_URI_FOR_TOKEN, uri);
	const CK_TOKEN_INFO *info;

	if (rv != P11_KIT_URI_OK) {
		add(s, s->text, "write it as RFC 7512 says, with %20 for a blank",
		    "this URI cannot be read: %s", p11_kit_uri_message(rv));
		return;
	}
	if (p11_kit_uri_any_unrecognized(uri)) {
		add(s, s->text, "serial and model have 16 bytes at most, token and manufacturer 32",
		    "an attribute of this URI is longer than any token's");
		return;
	}
	info = p11_kit_uri_get_token_info(uri);
	c->manufacturer = unpad(info->manufacturerID, sizeof(info->manufacturerID), s->seen[0]);
	c->model = unpad(info->model, sizeof(info->model), s->seen[1]);
	c->serial = unpad(info->serialNumber, sizeof(info->serialNumber), s->seen[2]);
	c->label = unpad(info->label, sizeof(info->label), s->seen[3]);
	if ((s->seen[0] && c->manufacturer == NULL) || (s->seen[1] && c->model == NULL) ||
	    (s->seen[2] && c->serial == NULL) || (s->seen[3] && c->label == NULL))
		add(s, s->text, NULL, "out of memory");
}

bool
uri_parse(const char *text, struct place where, struct diags *d, struct criteria *c)
{
	struct scan s = {.text = text, .where = where, .d = d, .good = true};
	P11KitUri *uri;

	memset(c, 0, sizeof(*c));
	if (strncmp(text, "pkcs11:", 7) != 0) {
		add(&s, text, "write pkcs11:manufacturer=...;model=...;serial=...;token=...",
		    "not a PKCS#11 URI");
		return false;
	}
	check_attributes(&s, text + 7);
	if (!s.good)
		return false;
	uri = p11_kit_uri_new();
	if (uri == NULL) {
		add(&s, text, NULL, "out of memory");
		return false;
	}
	decode(&s, uri, c);
	p11_kit_uri_free(uri);
	return s.good;
}

static bool
fits(const char *wanted, const char *has)
{
	return wanted == NULL || strcmp(wanted, has) == 0;
}

bool
criteria_match(const struct criteria *c, const struct identity *id)
{
	return fits(c->serial, id->serial) && fits(c->label, id->label) &&
	       fits(c->model, id->model) && fits(c->manufacturer, id->manufacturer);
}

unsigned
criteria_rank(const struct criteria *c)
{
	return (c->serial != NULL ? 8u : 0u) | (c->label != NULL ? 4u : 0u) |
	       (c->model != NULL ? 2u : 0u) | (c->manufacturer != NULL ? 1u : 0u);
}

void
criteria_free(struct criteria *c)
{
	free(c->manufacturer);
	free(c->model);
	free(c->serial);
	free(c->label);
	memset(c, 0, sizeof(*c));
}
