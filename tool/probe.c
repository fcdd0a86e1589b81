/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch probe: measures a card that no profile knows. Here, never behind the socket. */
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/file.h"
#include "tool/probe.h"
#include "tool/tool.h"

struct desk {
	bool yes, json;
	int tty; /* -1: nobody to ask */
	bool asked[PROBE_SECRETS];
	struct secret *secrets[PROBE_SECRETS];
};

/* One line with echo; only one that begins with "y" is a yes. */
static enum probe_answer
ask_person(int tty)
{
	char byte, first = '\0';

	while (read(tty, &byte, 1) == 1 && byte != '\n') {
		if (first == '\0')
			first = byte;
	}
	return first == 'y' || first == 'Y' ? PROBE_YES : PROBE_NO;
}

static enum probe_answer
agrees(const char *what, const char *cost, bool given_back, void *arg)
{
	const struct desk *desk = arg;

	(void)given_back;
	/* What is not given back is not asked for without --expendable. */
	if (desk->yes) {
		fprintf(stderr, "%s (%s)\n", what, cost);
		return PROBE_YES;
	}
	if (desk->tty < 0)
		return PROBE_NOBODY;
	dprintf(desk->tty, "%s.\n  It costs: %s. Do it? [y/N] ", what, cost);
	return ask_person(desk->tty);
}

static const struct secret *
gives(enum probe_secret which, void *arg)
{
	static const char *const prompts[PROBE_SECRETS] = {"PIN that is valid now (empty: none)",
	    "PUK or card manager key that is valid now (empty: none)",
	    "Another PIN, for an instant (empty: none)",
	    "Another PUK or key, for an instant (empty: none)"};
	struct desk *desk = arg;

	if (desk->secrets[which] == NULL && desk->tty >= 0 && !desk->yes && !desk->asked[which])
		desk->secrets[which] = tool_ask(prompts[which], false, NULL);
	desk->asked[which] = true;
	if (desk->secrets[which] != NULL && secret_len(desk->secrets[which]) == 0)
		secret_free(&desk->secrets[which]);
	return desk->secrets[which];
}

static void
told(const char *line, void *arg)
{
	(void)arg;
	fprintf(stderr, "%s\n", line);
}

static bool
take(struct desk *desk, enum probe_secret which, const char *what)
{
	secret_free(&desk->secrets[which]);
	desk->secrets[which] = tool_secret(optarg, what);
	return desk->secrets[which] != NULL;
}

static int
take_words(int argc, char **argv, struct desk *desk, struct probe_order *order)
{
	static const struct option options[] = {
	    {"pin", required_argument, NULL, 'p'},
	    {"puk", required_argument, NULL, 'u'},
	    {"new-pin", required_argument, NULL, 'P'},
	    {"new-puk", required_argument, NULL, 'U'},
	    {"yes", no_argument, NULL, 'y'},
	    {"expendable", no_argument, NULL, 'e'},
	    {"json", no_argument, NULL, 'j'},
	    {0},
	};
	bool ok = true;
	int c;

	while (ok && (c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'p':
			ok = take(desk, PROBE_PIN, "the PIN");
			break;
		case 'u':
			ok = take(desk, PROBE_SO, "the PUK");
			break;
		case 'P':
			ok = take(desk, PROBE_NEW_PIN, "the second PIN");
			break;
		case 'U':
			ok = take(desk, PROBE_NEW_SO, "the second PUK");
			break;
		case 'y':
			desk->yes = true;
			break;
		case 'e':
			order->expendable = true;
			break;
		case 'j':
			desk->json = true;
			break;
		default:
			return tool_usage("probe", "these words are not understood");
		}
	}
	if (!ok)
		return TOOL_FAILED;
	if (argc - optind != 1)
		return tool_usage("probe", "one URI is to be given");
	order->uri = argv[optind];
	return TOOL_DONE;
}

static int
measure(const struct desk *desk, const struct probe_order *order)
{
	struct probe_result *r = calloc(1, sizeof(*r));
	struct office o;
	bool measured = false, opened;
	int status = TOOL_FAILED;

	if (r == NULL)
		return TOOL_FAILED;
	tool_errors_only(true);
	opened = office_open(&o, tool_config(), CALLER_SELF) == CKR_OK;
	tool_errors_only(false);
	if (opened) {
		measured = probe_card(&o, order, r);
		office_close(&o);
	}
	if (measured) {
		if (desk->json)
			probe_print_json(r, stdout);
		else
			probe_print(r, stdout);
		status = r->as_found ? TOOL_DONE : TOOL_FAILED;
	}
	free(r);
	return status;
}

int
tool_probe(int argc, char **argv)
{
	struct desk desk = {.tty = -1};
	struct probe_order order = {.person = {agrees, gives, told, &desk}};
	int status, i;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return tool_help("probe");
	status = take_words(argc, argv, &desk, &order);
	if (status == TOOL_DONE) {
		/* Where no vendor module closes it as a descriptor that it once had. */
		desk.tty = file_aside(open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
		if (desk.tty < 0 && !desk.yes)
			fputs("p11-latch: there is no terminal to ask on, and no --yes: only what "
			      "costs nothing is measured\n",
			    stderr);
		status = measure(&desk, &order);
		if (desk.tty >= 0)
			close(desk.tty);
	}
	for (i = 0; i < PROBE_SECRETS; i++)
		secret_free(&desk.secrets[i]);
	return status;
}
