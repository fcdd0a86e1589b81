/* SPDX-License-Identifier: BSD-3-Clause */
/* The private part of a token's record: journal, salt, counters. Nobody but the helper reads it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card/private.h"
#include "card/record.h"
#include "card/state.h"
#include "policy/ini.h"
#include "policy/log.h"

#define PRIVATE_FILE_MAX 4096 /* bytes */
#define TICKET_MAX       65535

static const char *const journal_names[] = {
    [JOURNAL_NONE] = "none",
    [JOURNAL_UNBLOCK] = "unblock",
    [JOURNAL_SO] = "so",
    [JOURNAL_SO_ONLY] = "so-only",
};

static bool
parse_journal(const char *value, enum journal *journal)
{
	size_t i;

	for (i = 0; i < sizeof(journal_names) / sizeof(journal_names[0]); i++) {
		if (strcmp(journal_names[i], value) == 0) {
			*journal = (enum journal)i;
			return true;
		}
	}
	return false;
}

static bool
parse_bytes(const char *value, unsigned char *bytes, size_t len)
{
	size_t i;
	unsigned byte;

	if (strlen(value) != 2 * len || strspn(value, "0123456789abcdef") != 2 * len)
		return false;
	for (i = 0; i < len; i++) {
		if (sscanf(value + 2 * i, "%2x", &byte) != 1)
			return false;
		bytes[i] = (unsigned char)byte;
	}
	return true;
}

static bool
parse_salt(const char *value, unsigned char salt[SALT_LEN], bool *has)
{
	*has = parse_bytes(value, salt, SALT_LEN);
	return *has;
}

static bool
parse_flag(const char *value, bool *flag)
{
	*flag = true;
	return strcmp(value, "true") == 0;
}

static bool
parse_count(const char *value, unsigned *count)
{
	char *end;
	unsigned long n;

	if (value[0] < '0' || value[0] > '9')
		return false;
	errno = 0;
	n = strtoul(value, &end, 10);
	if (errno != 0 || *end != '\0' || n > 1000000)
		return false;
	*count = (unsigned)n;
	return true;
}

static bool
parse_number(const char *value, uint64_t max, uint64_t *number)
{
	char *end;

	if (value[0] < '0' || value[0] > '9')
		return false;
	errno = 0;
	*number = strtoull(value, &end, 10);
	return errno == 0 && *end == '\0' && *number <= max;
}

static bool
parse_ticket(const char *value, unsigned *ticket)
{
	uint64_t number;

	if (!parse_number(value, TICKET_MAX, &number))
		return false;
	*ticket = (unsigned)number;
	return true;
}

static bool
parse_time(const char *value, int64_t *t)
{
	uint64_t number;

	if (!parse_number(value, INT64_MAX, &number))
		return false;
	*t = (int64_t)number;
	return true;
}

static bool
parse_refused(const char *value, struct private *p)
{
	size_t digits = 2 * (size_t)REFUSED_LEN, n = strlen(value) / digits;

	if (n == 0 || n > REFUSED_MOST)
		return false;
	p->n_refused = n;
	return parse_bytes(value, p->refused[0], n * REFUSED_LEN);
}

static bool
parse_kcv(const char *value, char kcv[7])
{
	if (strlen(value) != 6 || strspn(value, "0123456789ABCDEF") != 6)
		return false;
	strcpy(kcv, value);
	return true;
}

static bool
parse_offline(const struct ini_entry *e, struct private *p)
{
	if (strcmp(e->name, "Generation") == 0)
		return parse_number(e->value, UINT64_MAX, &p->generation);
	if (strcmp(e->name, "Sealed") == 0)
		return parse_number(e->value, UINT64_MAX, &p->sealed);
	if (strcmp(e->name, "Refused") == 0)
		return parse_refused(e->value, p);
	if (strcmp(e->name, "Ticket") == 0)
		return parse_ticket(e->value, &p->ticket);
	if (strcmp(e->name, "List") == 0)
		return parse_bytes(e->value, p->list, LIST_HASH);
	if (strcmp(e->name, "ResponseWrong") == 0)
		return parse_count(e->value, &p->response_wrong);
	if (strcmp(e->name, "ResponseAfter") == 0)
		return parse_time(e->value, &p->response_after);
	return false;
}

static bool
parse_entry(const struct ini_entry *e, struct private *p, bool *version)
{
	unsigned number;

	if (strcmp(e->name, "Version") == 0)
		return *version = parse_count(e->value, &number) && number <= PRIVATE_VERSION;
	if (strcmp(e->name, "Journal") == 0)
		return parse_journal(e->value, &p->journal);
	if (strcmp(e->name, "Salt") == 0)
		return parse_salt(e->value, p->salt, &p->has_salt);
	if (strcmp(e->name, "NextSalt") == 0)
		return parse_salt(e->value, p->next_salt, &p->has_next_salt);
	if (strcmp(e->name, "Proved") == 0)
		return parse_flag(e->value, &p->proved);
	if (strcmp(e->name, "ForeignSO") == 0)
		return parse_flag(e->value, &p->foreign_so);
	if (strcmp(e->name, "NewValid") == 0)
		return parse_flag(e->value, &p->new_valid);
	if (strcmp(e->name, "Pending") == 0)
		return parse_flag(e->value, &p->pending);
	if (strcmp(e->name, "ForOperator") == 0)
		return parse_flag(e->value, &p->for_operator);
	if (strcmp(e->name, "SOWrong") == 0)
		return parse_count(e->value, &p->so_wrong);
	if (strcmp(e->name, "SOGone") == 0)
		return parse_count(e->value, &p->so_gone);
	if (strcmp(e->name, "SORefused") == 0)
		return parse_count(e->value, &p->so_refused);
	if (strcmp(e->name, "SORefusedOf") == 0)
		return parse_number(e->value, UINT64_MAX, &p->so_refused_of);
	if (strcmp(e->name, "LoginWrong") == 0)
		return parse_count(e->value, &p->login_wrong);
	if (strcmp(e->name, "LetterWrong") == 0)
		return parse_count(e->value, &p->letter_wrong);
	if (strcmp(e->name, "PINWrong") == 0)
		return parse_count(e->value, &p->pin_wrong);
	if (strcmp(e->name, "KCV") == 0)
		return parse_kcv(e->value, p->kcv);
	return parse_offline(e, p);
}

bool
private_parse(const char *text, size_t len, struct private *p)
{
	const struct ini_section *section;
	struct diags d = {0};
	struct ini *ini;
	bool ok = false, version = false;
	size_t i;

	memset(p, 0, sizeof(*p));
	ini = ini_parse("private", text, len, 0, &d);
	if (ini == NULL || d.n_errors != 0 || ini->n != 1)
		goto out;
	section = ini_section(ini, "Private");
	if (section == NULL)
		goto out;
	for (i = 0; i < section->n; i++) {
		if (!parse_entry(&section->entries[i], p, &version))
			goto out;
	}
	ok = version;
out:
	ini_free(ini);
	diags_free(&d);
	if (!ok)
		memset(p, 0, sizeof(*p));
	return ok;
}

static void
log_unreadable(const char *path, const char *text, size_t len)
{
	int64_t version = record_version("Private", text, len);

	if (version > PRIVATE_VERSION)
		log_error(
		    "%s was written by a newer p11-latch (version %" PRId64
		    ", known here: %d) and is left "
		    "as it is; install that one again, or unblock the card with it and then run "
		    "p11-latch forget",
		    path, version, PRIVATE_VERSION);
	else
		log_error(
		    "%s is damaged; restore it from a backup, or run p11-latch forget for this "
		    "token and personalize it anew",
		    path);
}

bool
private_read(const char *dir, const char *name, struct private *p)
{
	char *path = state_path(dir, "private", name, ".state"), *text = NULL;
	bool ok = false;
	size_t len;

	memset(p, 0, sizeof(*p));
	if (path == NULL)
		return false;
	if (state_read(path, &text, &len, PRIVATE_FILE_MAX) != 0) {
		ok = errno == ENOENT;
		if (!ok)
			log_error("%s: %s", path, strerror(errno));
	} else {
		errno = 0;
		ok = private_parse(text, len, p);
		/* Nobody is to be told to forget a card because memory was short. */
		if (!ok && errno == ENOMEM)
			log_error("%s cannot be read: no memory; try again", path);
		else if (!ok)
			log_unreadable(path, text, len);
	}
	free(text);
	free(path);
	return ok;
}

static void
print_bytes(FILE *f, const char *name, const unsigned char *bytes, size_t len)
{
	size_t i;

	fprintf(f, "%s=", name);
	for (i = 0; i < len; i++)
		fprintf(f, "%02x", bytes[i]);
	fputc('\n', f);
}

static bool
any(const unsigned char *bytes, size_t len)
{
	size_t i = 0;

	while (i < len && bytes[i] == 0)
		i++;
	return i < len;
}

static void
print_private(FILE *f, const struct private *p)
{
	fprintf(
	    f, "[Private]\nVersion=%d\nJournal=%s\n", PRIVATE_VERSION, journal_names[p->journal]);
	if (p->has_salt)
		print_bytes(f, "Salt", p->salt, SALT_LEN);
	if (p->has_next_salt)
		print_bytes(f, "NextSalt", p->next_salt, SALT_LEN);
	if (p->proved)
		fputs("Proved=true\n", f);
	if (p->foreign_so)
		fputs("ForeignSO=true\n", f);
	if (p->new_valid)
		fputs("NewValid=true\n", f);
	if (p->pending)
		fputs("Pending=true\n", f);
	if (p->for_operator)
		fputs("ForOperator=true\n", f);
	fprintf(f, "SOWrong=%u\nLoginWrong=%u\nLetterWrong=%u\n", p->so_wrong, p->login_wrong,
	    p->letter_wrong);
	if (p->pin_wrong != 0)
		fprintf(f, "PINWrong=%u\n", p->pin_wrong);
	if (p->so_gone != 0)
		fprintf(f, "SOGone=%u\n", p->so_gone);
	if (p->so_refused != 0)
		fprintf(
		    f, "SORefused=%u\nSORefusedOf=%" PRIu64 "\n", p->so_refused, p->so_refused_of);
	if (p->kcv[0] != '\0')
		fprintf(f, "KCV=%s\n", p->kcv);
	if (p->generation != 0)
		fprintf(f, "Generation=%" PRIu64 "\n", p->generation);
	if (p->sealed != 0)
		fprintf(f, "Sealed=%" PRIu64 "\n", p->sealed);
	if (p->ticket != 0)
		fprintf(f, "Ticket=%u\n", p->ticket);
	if (p->n_refused != 0)
		print_bytes(f, "Refused", p->refused[0], p->n_refused * REFUSED_LEN);
	if (any(p->list, LIST_HASH))
		print_bytes(f, "List", p->list, LIST_HASH);
	if (p->response_wrong != 0)
		fprintf(f, "ResponseWrong=%u\n", p->response_wrong);
	if (p->response_after > 0)
		fprintf(f, "ResponseAfter=%" PRId64 "\n", p->response_after);
}

bool
private_write(const char *dir, const char *name, const struct private *p)
{
	char *path = state_path(dir, "private", name, ".state"), *text = NULL;
	bool ok = false;
	size_t len = 0;
	FILE *f;

	if (path == NULL || (f = open_memstream(&text, &len)) == NULL)
		goto out;
	print_private(f, p);
	ok = fclose(f) == 0 && text != NULL && state_write(path, text, len, 0600);
out:
	free(text);
	free(path);
	return ok;
}

bool
private_remove(const char *dir, const char *name)
{
	char *path = state_path(dir, "private", name, ".state");
	bool ok = path != NULL && state_remove(path);

	free(path);
	return ok;
}
