/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch: the administrator's command. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "policy/log.h"
#include "policy/nearest.h"
#include "tool/tool.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *words;
	const char *what;
};

static const struct command commands[] = {
    {"check", tool_check, "[--json] [FILE...]", "lint configuration, policy and descriptions"},
    {"status", tool_status, "[URI] [--json]", "every card: identity, binding, state, flags"},
    {"explain", tool_explain, "URI", "what governs a card, and why (no values)"},
    {"apply", tool_apply,
	"FILE.dsc URI [--field NAME=VALUE|NAME=-|NAME=@FILE]... "
	"[--puk VALUE|-|@FILE] [--last-try]",
	"do what a description says, now"},
    {"block", tool_block, "URI [--puk VALUE|-|@FILE] [--force]", "block a card's PIN"},
    {"unblock", tool_unblock,
	"URI [--puk VALUE|-|@FILE | --response DIGITS|-|@FILE] [--pin VALUE|-|@FILE] [--last-try]",
	"unblock a card, and set its new PIN"},
    {"challenge", tool_challenge, "URI [--json]",
	"what to read out to the helpdesk, to have a blocked card unblocked"},
    {"verify", tool_verify, "URI [--field CARD_MANAGER_KEY=-|@FILE] [--so-login] [--json]",
	"whether a card can be unblocked offline, and why not"},
    {"personalize", tool_personalize, "-- COMMAND [ARG...]",
	"hold blocking until COMMAND ends, whatever programs it runs"},
    {"probe", tool_probe,
	"URI [--pin VALUE|-|@FILE] [--puk VALUE|-|@FILE] [--new-pin VALUE|-|@FILE] "
	"[--new-puk VALUE|-|@FILE] [--yes] [--expendable] [--json]",
	"measure a card that no profile knows, and print a binding for it"},
    {"adopt", tool_adopt, "URI...", "these cards are in use already: record them as active"},
    {"forget", tool_forget, "URI", "the card's next C_InitPIN is a personalization"},
    {"reset", tool_reset, "URI", "clear the counts of wrong PIN letters, responses and SO tries"},
    {"recover", tool_recover, "[URI] [--wait SECONDS]", "finish or undo what was interrupted"},
    {"respond", tool_respond,
	"--challenge HEX [--field CARD_MANAGER_KEY=-|@FILE] [--uri URI] [--json]",
	"the helpdesk's answer to a challenge that is read out"},
    {"key", tool_key,
	"new [--2des|--3des|--aes128|--aes192|--aes256] [--out FILE] | key check [--2des|...] "
	"[--json] <KEY",
	"make a card manager key, or say what is wrong with one"},
    {"add", tool_add,
	"NAME --module PATH [--profile PROFILE] [--keep-vendor] [--user] | add --remove NAME "
	"[--user]",
	"wrap another vendor module, and show it to p11-kit"},
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const char *config_file;
static bool errors_only;

const char *
tool_config(void)
{
	const char *env = secure_getenv("P11_LATCH_CONF");

	if (config_file != NULL)
		return config_file;
	return env != NULL && env[0] != '\0' ? env : P11_LATCH_CONF_FILE;
}

static const struct command *
find(const char *name)
{
	size_t i;

	for (i = 0; i < N_COMMANDS; i++) {
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	}
	return NULL;
}

static void
print_words(FILE *to, const struct command *c)
{
	fprintf(to, "usage: p11-latch [--config FILE] %s %s\n", c->name, c->words);
}

int
tool_usage(const char *command, const char *fmt, ...)
{
	const struct command *c = find(command);
	va_list ap;

	fputs("p11-latch: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	if (c != NULL)
		print_words(stderr, c);
	return TOOL_USAGE;
}

int
tool_help(const char *command)
{
	const struct command *c = find(command);

	if (c == NULL)
		return TOOL_USAGE;
	print_words(stdout, c);
	printf("%s; see p11-latch(1)\n", c->what);
	return TOOL_DONE;
}

static void
print_help(FILE *to)
{
	size_t i;

	fputs("usage: p11-latch [--config FILE] COMMAND ...\n\n", to);
	for (i = 0; i < N_COMMANDS; i++)
		fprintf(to, "  %-12s %s\n", commands[i].name, commands[i].what);
	fputs("\np11-latch COMMAND --help says how it is used; p11-latch(1) has all of it.\n", to);
}

/* What the log says of the command's work is for the person who gave it, and for the machine's log.
 */
static bool
show(enum log_level level, const char *line, void *arg)
{
	const bool *quiet = arg;

	if (*quiet && level != LOG_LEVEL_ERROR)
		return true;
	/* What was done is said on standard output; the machine's log has both. */
	if (!log_to_stderr() && level <= LOG_LEVEL_WARNING)
		fprintf(stderr, "%s\n", line);
	return false;
}

void
tool_errors_only(bool quiet)
{
	errors_only = quiet;
}

static int
unknown(const char *name)
{
	const char *names[N_COMMANDS + 1];
	const char *near;
	size_t i;

	for (i = 0; i < N_COMMANDS; i++)
		names[i] = commands[i].name;
	names[N_COMMANDS] = NULL;
	near = nearest_of(name, names);
	fprintf(stderr,
	    "p11-latch: there is no command \"%s\"%s%s%s; p11-latch --help lists them\n", name,
	    near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
	    near != NULL ? "\"?" : "");
	return TOOL_USAGE;
}

int
main(int argc, char **argv)
{
	const struct command *c;
	int i = 1;

	if (i < argc && strncmp(argv[i], "--config=", 9) == 0) {
		config_file = argv[i++] + 9;
	} else if (i + 1 < argc && strcmp(argv[i], "--config") == 0) {
		config_file = argv[i + 1];
		i += 2;
	}
	if (i == argc) {
		print_help(stderr);
		return TOOL_USAGE;
	}
	if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "help") == 0) {
		print_help(stdout);
		return TOOL_DONE;
	}
	if (strcmp(argv[i], "--version") == 0) {
		puts("p11-latch " P11_LATCH_VERSION);
		return TOOL_DONE;
	}
	c = find(argv[i]);
	if (c == NULL)
		return unknown(argv[i]);
	log_init();
	log_set_sink(show, &errors_only);
	umask(077);
	secret_init();
	return c->run(argc - i, argv + i);
}
