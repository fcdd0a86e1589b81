/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch key: makes card manager keys, and says what is wrong with one. */
#include <getopt.h>
#include <string.h>

#include "tool/key.h"
#include "tool/tool.h"

#define KIND_FIRST 256 /* above all characters */

enum {
	OPTION_OUT = 'o',
	OPTION_JSON = 'j',
	OPTION_HELP = 'h',
};

static const struct option options[] = {
    {"2des", no_argument, NULL, KIND_FIRST + KEY_2DES},
    {"3des", no_argument, NULL, KIND_FIRST + KEY_3DES},
    {"aes128", no_argument, NULL, KIND_FIRST + KEY_AES128},
    {"aes192", no_argument, NULL, KIND_FIRST + KEY_AES192},
    {"aes256", no_argument, NULL, KIND_FIRST + KEY_AES256},
    {"out", required_argument, NULL, OPTION_OUT},
    {"json", no_argument, NULL, OPTION_JSON},
    {"help", no_argument, NULL, OPTION_HELP},
    {0},
};

static int
take_kind(struct key_words *words, enum key_kind kind)
{
	if (words->kind_given && words->kind != kind)
		return tool_usage("key", "one kind of key is to be given, not two");
	words->kind_given = true;
	words->kind = kind;
	return TOOL_DONE;
}

/* *help: nothing but help is wanted. */
static int
take_options(int argc, char **argv, struct key_words *words, bool *help)
{
	int c, status = TOOL_DONE;

	while (status == TOOL_DONE && (c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c >= KIND_FIRST)
			status = take_kind(words, (enum key_kind)(c - KIND_FIRST));
		else if (c == OPTION_OUT)
			words->out = optarg;
		else if (c == OPTION_JSON)
			words->json = true;
		else if (c == OPTION_HELP)
			*help = true;
		else
			status = tool_usage("key", "these words are not understood");
	}
	if (status == TOOL_DONE && !*help && optind != argc)
		return tool_usage("key",
		    "a key is never given on the command line: key check reads "
		    "standard input");
	return status;
}

int
tool_key(int argc, char **argv)
{
	struct key_words words = {.kind = KEY_3DES};
	bool new = argc > 1 && strcmp(argv[1], "new") == 0, help = false;
	int status;

	if (argc > 1 && strcmp(argv[1], "--help") == 0)
		return tool_help("key");
	if (!new && (argc < 2 || strcmp(argv[1], "check") != 0))
		return tool_usage("key", "new or check is to be said");
	status = take_options(argc - 1, argv + 1, &words, &help);
	if (status != TOOL_DONE)
		return status;
	if (help)
		return tool_help("key");
	if (new &&words.json)
		return tool_usage("key", "--json is for key check");
	if (!new &&words.out != NULL)
		return tool_usage("key", "--out is for key new");
	return new ? key_make(&words) : key_look_at(&words);
}
