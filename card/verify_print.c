/* SPDX-License-Identifier: BSD-3-Clause */
/* What p11-latch verify prints: the lines that people look for, and the same as JSON. */
#include <inttypes.h>

#include "card/verify.h"
#include "policy/json.h"

static const char *
yes_no(bool yes)
{
	return yes ? "yes" : "no";
}

static void
print_logins(const struct verified *v, FILE *out)
{
	static const char *const words[EVIDENCES] = {
	    [EVIDENCE_NONE] = "no",
	    [EVIDENCE_BOX] = "yes, as its box says",
	    [EVIDENCE_KEY] = "yes, its box opens by the card manager key",
	    [EVIDENCE_LOGIN] = "yes, proved by a login as SO",
	};

	fprintf(out, "  challenge-response key present in logins: %s\n", words[v->evidence]);
}

static void
print_secret_keys(const struct verified *v, FILE *out)
{
	fputs("  challenge-response key present in secret keys: ", out);
	if (v->keys.manager[0] != '\0')
		fprintf(out, "yes, \"%s\"\n", v->keys.manager);
	else if (v->evidence != EVIDENCE_NONE)
		fputs("no, it is in tickets and boxes, and no secret key object\n", out);
	else if (v->keys.n != 0)
		fprintf(
		    out, "no, none of the %zu that are shown without a login is one\n", v->keys.n);
	else
		fputs("no, none is shown without a login\n", out);
}

static void
print_tickets(const struct verified *v, FILE *out)
{
	fprintf(out, "  tickets left: %zu", v->left);
	if (v->tried)
		fprintf(out, ", of which %zu open by the key's responses", v->opened);
	if (v->generation != 0)
		fprintf(out, " (%s, box of generation %" PRIu64 ")",
		    v->on_token ? "on the token" : "in files of this machine", v->generation);
	fputc('\n', out);
}

static void
print_lines(const struct verify_lines *lines, const char *what, FILE *out)
{
	size_t i;

	for (i = 0; i < lines->n; i++)
		fprintf(out, "  %s: %s\n", what, lines->text[i]);
}

void
verify_print(const struct card *c, const struct verified *v, FILE *out)
{
	fprintf(out, "%s\n  offline-unblockable: %s\n", c->uri, yes_no(v->why.n == 0));
	print_lines(&v->why, "why not", out);
	print_logins(v, out);
	print_secret_keys(v, out);
	print_tickets(v, out);
	print_lines(&v->notes, "note", out);
}

/* --- JSON ---------------------------------------------------------------------------------------
 */

static void
member_bool(const char *name, bool value, FILE *out)
{
	fprintf(out, ", \"%s\": %s", name, value ? "true" : "false");
}

static void
member_text(const char *name, const char *text, FILE *out)
{
	fprintf(out, ", \"%s\": ", name);
	json_string(out, text);
}

/* null where it is not known. */
static void
member_number(const char *name, bool known, uint64_t n, FILE *out)
{
	if (known)
		fprintf(out, ", \"%s\": %" PRIu64, name, n);
	else
		fprintf(out, ", \"%s\": null", name);
}

static void
member_lines(const char *name, const struct verify_lines *lines, FILE *out)
{
	size_t i;

	fprintf(out, ", \"%s\": [", name);
	for (i = 0; i < lines->n; i++) {
		fputs(i == 0 ? "" : ", ", out);
		json_string(out, lines->text[i]);
	}
	fputc(']', out);
}

void
verify_print_json(const struct card *c, const struct verified *v, FILE *out)
{
	static const char *const evidence[EVIDENCES] = {NULL, "box", "key", "login"};
	const char *key = v->keys.manager[0] != '\0' ? v->keys.manager : NULL;
	bool any = v->generation != 0;

	fputs("{\"uri\": ", out);
	json_string(out, c->uri);
	member_bool("offline_unblockable", v->why.n == 0, out);
	member_bool("key_in_logins", v->evidence != EVIDENCE_NONE, out);
	member_text("evidence", evidence[v->evidence], out);
	member_bool("key_in_secret_keys", key != NULL, out);
	member_text("secret_key_label", key, out);
	member_number("tickets", true, v->left, out);
	member_number("tickets_opened", v->tried, v->opened, out);
	member_number("generation", any, v->generation, out);
	member_text("stored", !any ? NULL : v->on_token ? "token" : "files", out);
	member_lines("why_not", &v->why, out);
	member_lines("notes", &v->notes, out);
	fputs("}\n", out);
}
