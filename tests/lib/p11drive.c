/* SPDX-License-Identifier: BSD-3-Clause */
/* p11drive: runs PKCS#11 calls that tests ask for, one a line, and says how each ended. */
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card/vendor.h"
#include "tests/lib/p11drive.h"

static const struct command *const tables[] = {
    token_commands, login_commands, object_commands, process_commands};

static void
append(struct drive *d, const char *fmt, va_list args)
{
	size_t room = sizeof(d->reply) - 1 - d->reply_len; /* one for the newline */
	int n = vsnprintf(d->reply + d->reply_len, room, fmt, args);

	if (n > 0)
		d->reply_len += (size_t)n < room ? (size_t)n : room - 1;
}

void
detail(struct drive *d, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	append(d, " ", args);
	append(d, fmt, args);
	va_end(args);
}

void
detail_text(struct drive *d, const char *name, const unsigned char *text, size_t len)
{
	char plain[3 * TEXT_MAX + 1];
	size_t i, at = 0;

	while (len > 0 && text[len - 1] == ' ')
		len--;
	for (i = 0; i < len && at + 4 < sizeof(plain); i++) {
		bool as_is = text[i] > 0x20 && text[i] < 0x7f && text[i] != '%';

		at += (size_t)snprintf(
		    plain + at, sizeof(plain) - at, as_is ? "%c" : "%%%02X", text[i]);
	}
	plain[at] = '\0';
	detail(d, "%s=%s", name, plain);
}

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

void
text_read(struct text *t, const char *word)
{
	size_t len = strlen(word);

	memset(t, 0, sizeof(*t));
	t->null = strcmp(word, "null") == 0;
	if (t->null || strcmp(word, "empty") == 0)
		return;
	if (strncmp(word, "hex:", 4) != 0) {
		t->bad = len > sizeof(t->bytes);
		t->len = t->bad ? 0 : len;
		memcpy(t->bytes, word, t->len);
		return;
	}
	for (word += 4; word[0] != '\0'; word += 2) {
		int high = hex_value(word[0]), low = high < 0 ? -1 : hex_value(word[1]);

		t->bad = low < 0 || t->len == sizeof(t->bytes);
		if (t->bad)
			return;
		t->bytes[t->len++] = (unsigned char)(high << 4 | low);
	}
}

void
text_wipe(struct text *t)
{
	explicit_bzero(t, sizeof(*t));
}

CK_UTF8CHAR_PTR
text_pointer(struct text *t)
{
	return t->null ? NULL : t->bytes;
}

/* Splits at blanks; "..." keeps blanks. -1: too many words. */
static int
split(char *line, char **words)
{
	int n = 0;

	for (;;) {
		char end = ' ';

		while (*line == ' ' || *line == '\t' || *line == '\n')
			line++;
		if (*line == '\0')
			return n;
		if (n == WORDS_MAX)
			return -1;
		if (*line == '"')
			end = *line++;
		words[n++] = line;
		while (*line != '\0' && *line != end && *line != '\n')
			line++;
		if (*line != '\0')
			*line++ = '\0';
	}
}

static const struct command *
find_command(const char *name)
{
	const struct command *c;
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (c = tables[i]; c->name != NULL; c++)
			if (strcmp(c->name, name) == 0)
				return c;
	return NULL;
}

/* A complaint about the test script itself, never taken for an answer of the module. */
static void
refuse(struct drive *d, const char *fmt, ...)
{
	va_list args;

	d->reply_len = 0;
	va_start(args, fmt);
	append(d, fmt, args);
	va_end(args);
}

static void
run_words(struct drive *d, char **words, unsigned n)
{
	const struct command *c = find_command(words[0]);
	char details[REPLY_MAX];
	CK_RV rv;

	if (c == NULL) {
		refuse(d, "%s BAD_COMMAND (p11drive --help lists them)", words[0]);
		return;
	}
	if (n - 1 < c->min || n - 1 > c->max) {
		refuse(d, "%s BAD_COMMAND (%s %s)", words[0], c->name, c->usage);
		return;
	}
	rv = c->run(d, words + 1, n - 1);
	memcpy(details, d->reply, d->reply_len);
	details[d->reply_len] = '\0';
	refuse(d, "%s %s%s", c->name, rv_name(rv), details);
}

void
drive_line(struct drive *d, char *line)
{
	char *words[WORDS_MAX + 1] = {NULL};
	size_t len = strlen(line);
	int n = split(line, words);

	d->reply_len = 0;
	if (n > 0)
		run_words(d, words, (unsigned)n);
	else
		refuse(d, n < 0 ? "? BAD_COMMAND (too many words)" : "? BAD_COMMAND (empty)");
	d->reply[d->reply_len++] = '\n';
	d->reply[d->reply_len] = '\0';
	/* What exec is to be given is needed still. */
	if (!d->dying)
		explicit_bzero(line, len);
}

static bool
load(struct drive *d, const char *path)
{
	CK_C_GetFunctionList get_list;
	CK_RV rv;

	d->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (d->library == NULL) {
		fprintf(stderr, "p11drive: %s\n", dlerror());
		return false;
	}
	*(void **)&get_list = dlsym(d->library, "C_GetFunctionList");
	rv = get_list == NULL ? CKR_FUNCTION_NOT_SUPPORTED : get_list(&d->f);
	if (rv != CKR_OK || d->f == NULL)
		fprintf(stderr, "p11drive: %s: C_GetFunctionList: %s\n", path, rv_name(rv));
	return rv == CKR_OK && d->f != NULL;
}

static void
answer(struct drive *d, char *line)
{
	drive_line(d, line);
	fputs(d->reply, stdout);
	fflush(stdout);
	if (d->dying)
		d->after(d->after_code);
}

static int
help(FILE *to)
{
	const struct command *c;
	size_t i;

	fputs("usage: p11drive MODULE [LINE...]           run LINEs, or standard input's\n"
	      "       p11drive --listen SOCKET MODULE     run what --to sends\n"
	      "       p11drive --to SOCKET COMMAND [WORD...]\n"
	      "A PIN or label is text, hex:00ff, empty or null. Commands:\n",
	    to);
	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (c = tables[i]; c->name != NULL; c++)
			fprintf(to, "  %s %s\n", c->name, c->usage);
	return to == stdout ? 0 : 2;
}

int
main(int argc, char **argv)
{
	static struct drive drive = {.listener = -1, .connection = -1};
	char line[REPLY_MAX];
	int i;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return help(stdout);
	if (argc >= 4 && strcmp(argv[1], "--to") == 0)
		return link_send(argv[2], argv + 3, argc - 3);
	if (argc == 4 && strcmp(argv[1], "--listen") == 0)
		return load(&drive, argv[3]) ? link_serve(&drive, argv[2]) : 1;
	if (argc < 2 || argv[1][0] == '-')
		return help(stderr);
	if (!load(&drive, argv[1]))
		return 1;
	for (i = 2; i < argc; i++)
		answer(&drive, argv[i]);
	while (argc == 2 && fgets(line, sizeof(line), stdin) != NULL)
		answer(&drive, line);
	return 0;
}
