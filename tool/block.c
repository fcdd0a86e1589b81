/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch block: blocks the PIN of a card now. */
#include <getopt.h>
#include <string.h>

#include "tool/tool.h"

int
tool_block(int argc, char **argv)
{
	static const struct option options[] = {
	    {"force", no_argument, NULL, 'f'},
	    {"puk", required_argument, NULL, 'u'},
	    {"help", no_argument, NULL, 'h'},
	    {0},
	};
	struct order order = {.op = ORDER_BLOCK};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'f':
			order.force = true;
			break;
		case 'u':
			secret_free(&order.answers[ANSWER_SO]);
			order.answers[ANSWER_SO] = tool_secret(optarg, "the PUK");
			if (order.answers[ANSWER_SO] == NULL)
				return TOOL_FAILED;
			break;
		case 'h':
			return tool_help("block");
		default:
			order_clear(&order);
			return tool_usage("block", "these words are not understood");
		}
	}
	if (argc - optind != 1) {
		order_clear(&order);
		return tool_usage("block", "one URI is to be given");
	}
	return tool_order_for(&order, argv[optind]);
}
