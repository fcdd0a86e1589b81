/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of all elements of encoding descriptions that anybody knows. */
#ifndef POLICY_ELEMENT_H
#define POLICY_ELEMENT_H

#include <stdbool.h>
#include <stddef.h>

enum element_section {
	IN_ENCODING,
	IN_FIELDS,
	IN_DESCRIPTION,
	IN_APPLICATION, /* [Application_X] */
	IN_NOTHING      /* a section that nobody knows */
};

enum element_type {
	ELEMENT_BOOLEAN, /* true or false */
	ELEMENT_PIN,     /* a value: a PIN */
	ELEMENT_PUK,     /* a value: an SO secret that is typed */
	ELEMENT_KEY,     /* a value: an SO secret that is a key */
	ELEMENT_VALUE,   /* a value that is no secret */
	ELEMENT_LIST,    /* names of fields, separated by commas */
	ELEMENT_RAW      /* text as it stands */
};

/* Offset of elements that struct description has no member for. */
#define ELEMENT_NOWHERE ((size_t)-1)

struct element {
	const char *name;
	enum element_section section;
	enum element_type type;
	bool acted_on; /* false: known from the vendor's documentation, and left alone */
	size_t offset; /* of its member in struct description: bool or struct value */
};

extern const struct element elements[];
extern const size_t n_elements;

/* By name, exactly or, with any_case, without regard to case; NULL: nobody knows it. */
const struct element *element_find(const char *name, bool any_case);

/* The known name that is nearest, for "did you mean"; NULL where none is near. */
const char *element_nearest(const char *name);

/* Whether its value may be a secret. */
bool element_is_secret(const struct element *e);

/* The section of a header's name; *exact: written as it should be. */
enum element_section section_find(const char *name, bool *exact);

/* The section's name as it should be written; for [Application_X] just that. */
const char *section_name(enum element_section section);

#endif
