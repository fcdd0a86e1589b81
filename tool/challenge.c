/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch challenge: what to read out to the helpdesk. */
#include <getopt.h>

#include "tool/tool.h"

int
tool_challenge(int argc, char **argv)
{
	static const struct option options[] = {
	    {"json", no_argument, NULL, 'j'},
	    {"help", no_argument, NULL, 'h'},
	    {0},
	};
	struct order order = {.op = ORDER_CHALLENGE};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h')
			return tool_help("challenge");
		if (c != 'j')
			return tool_usage("challenge", "these words are not understood");
		order.json = true;
	}
	if (argc - optind != 1)
		return tool_usage("challenge", "one URI is to be given");
	return tool_order_for(&order, argv[optind]);
}
