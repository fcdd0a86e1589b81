/* SPDX-License-Identifier: BSD-3-Clause */
/* How what p11-latch probe measured is printed. */
#include <stdlib.h>
#include <string.h>

#include "policy/json.h"
#include "policy/log.h"
#include "tool/probe.h"

static void
print_binding(const struct probe_result *r, FILE *out)
{
	size_t i;

	fprintf(out, "[%s]\n", r->binding_uri);
	if (r->alike != NULL)
		fprintf(out, "; %s says the same of all that was measured\n", r->alike);
	fprintf(out, "Profile=%s\n", r->row);
	for (i = 0; i < r->n; i++) {
		if (r->findings[i].differs)
			fprintf(out, "Profile.%s=%s\n", r->findings[i].name, r->findings[i].value);
	}
}

static void
print_rows(const struct probe_result *r, bool columns, FILE *out)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		const struct probe_finding *f = &r->findings[i];

		if (f->column != columns)
			continue;
		fprintf(out, "  %s: ", f->name);
		if (f->value[0] == '\0') {
			fprintf(out, "not known: %s\n", f->how);
			continue;
		}
		/* The serial number is the card's own word. */
		log_print_escaped(out, f->value);
		fprintf(out, ": %s", f->how);
		if (columns && !f->differs && f->row[0] != '\0' && strcmp(f->value, f->row) != 0)
			fprintf(out, "; %s=%s stays, which holds for all cards of its kind", r->row,
			    f->row);
		fputc('\n', out);
	}
}

void
probe_print(const struct probe_result *r, FILE *out)
{
	fprintf(out, "%s: measured against the profile %s\n", r->uri, r->row);
	print_rows(r, true, out);
	fputs("also seen:\n", out);
	print_rows(r, false, out);
	fprintf(out, "the card is %s\n\n",
	    r->as_found ? "as it was found" : "NOT AS IT WAS FOUND, see above");
	print_binding(r, out);
}

static void
print_json_row(const struct probe_finding *f, FILE *out)
{
	fputs("{\"name\": ", out);
	json_string(out, f->name);
	fputs(", \"value\": ", out);
	json_string(out, f->value[0] != '\0' ? f->value : NULL);
	if (f->column) {
		fputs(", \"profile\": ", out);
		json_string(out, f->row);
		fprintf(out, ", \"differs\": %s", f->differs ? "true" : "false");
	}
	fputs(", \"how\": ", out);
	json_string(out, f->how);
	fputs("}", out);
}

static void
print_json_rows(const struct probe_result *r, bool columns, FILE *out)
{
	const char *between = "";
	size_t i;

	for (i = 0; i < r->n; i++) {
		if (r->findings[i].column != columns)
			continue;
		fprintf(out, "%s\n    ", between);
		print_json_row(&r->findings[i], out);
		between = ",";
	}
}

void
probe_print_json(const struct probe_result *r, FILE *out)
{
	char *binding = NULL;
	size_t size = 0;
	FILE *text = open_memstream(&binding, &size);

	if (text != NULL) {
		print_binding(r, text);
		fclose(text);
	}
	fputs("{\"uri\": ", out);
	json_string(out, r->uri);
	fputs(",\n  \"profile\": ", out);
	json_string(out, r->row);
	fputs(",\n  \"alike\": ", out);
	json_string(out, r->alike);
	fprintf(out, ",\n  \"as_found\": %s,\n  \"columns\": [", r->as_found ? "true" : "false");
	print_json_rows(r, true, out);
	fputs("],\n  \"also_seen\": [", out);
	print_json_rows(r, false, out);
	fputs("],\n  \"binding\": ", out);
	json_string(out, binding);
	fputs("}\n", out);
	free(binding);
}
