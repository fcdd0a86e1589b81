/* SPDX-License-Identifier: BSD-3-Clause */
/* What the reader of policy.conf and that of one of its sections have in common. */
#ifndef POLICY_BINDING_READ_H
#define POLICY_BINDING_READ_H

#include <stdbool.h>

#include "policy/binding.h"
#include "policy/diag.h"
#include "policy/ini.h"
#include "policy/uri.h"

struct binding_reader {
	const struct ini *ini;
	const struct ini_section *section; /* that is being read */
	struct diags *d;
	struct binding *binding; /* that is being read */
	bool incomplete;         /* one of its descriptions has errors */
	/*
	 * The description that an element names, read once; *path is where it was found, to be
	 * freed. NULL where there is an error, which is in d.
	 */
	struct description *(*load)(
	    struct binding_reader *r, const struct ini_entry *e, char **path);
};

/* Reads all elements of a section into r->binding. */
void binding_read(struct binding_reader *r, const struct ini_section *section);

/* Says what is unwise about r->binding, which was read from section: warnings and notes. */
void binding_advise(struct binding_reader *r, const struct ini_section *section);

/* Frees what a binding holds; its descriptions are the policy's. */
void binding_clear(struct binding *b);

#endif
