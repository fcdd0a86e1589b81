/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch verify: whether a card can be unblocked offline, and why not. */
#include <getopt.h>
#include <string.h>

#include "tool/tool.h"

static int
take_options(int argc, char **argv, struct order *order)
{
	static const struct option options[] = {
	    {"field", required_argument, NULL, 'f'},
	    {"json", no_argument, NULL, 'j'},
	    {"so-login", no_argument, NULL, 's'},
	    {0},
	};
	int c, status = TOOL_DONE;

	while (status == TOOL_DONE && (c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'f')
			status = tool_given("verify", optarg, &order->given);
		else if (c == 'j')
			order->json = true;
		else if (c == 's')
			order->so_login = true;
		else
			status = tool_usage("verify", "these words are not understood");
	}
	if (status != TOOL_DONE)
		return status;
	if (argc - optind != 1)
		return tool_usage("verify", "one URI is to be given");
	if (order->given != NULL && order->given->next != NULL)
		return tool_usage(
		    "verify", "the card manager key is the one --field that can be given");
	return TOOL_DONE;
}

int
tool_verify(int argc, char **argv)
{
	struct order order = {.op = ORDER_VERIFY};
	int status;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return tool_help("verify");
	status = take_options(argc, argv, &order);
	if (status != TOOL_DONE) {
		order_clear(&order);
		return status;
	}
	return tool_order_for(&order, argv[optind]);
}
