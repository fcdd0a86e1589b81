/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch recover: finishes or undoes what was interrupted; at boot, and when a card comes. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tool/tool.h"

/* False: no number of seconds that can be waited. */
static bool
take_seconds(const char *word, unsigned *seconds)
{
	size_t len = strlen(word);

	if (len == 0 || len > 2 || strspn(word, "0123456789") != len)
		return false;
	*seconds = (unsigned)strtoul(word, NULL, 10);
	return *seconds <= ORDER_WAIT_MOST;
}

int
tool_recover(int argc, char **argv)
{
	static const struct option options[] = {
	    {"wait", required_argument, NULL, 'w'},
	    {"help", no_argument, NULL, 'h'},
	    {0},
	};
	struct order order = {.op = ORDER_RECOVER};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'h')
			return tool_help("recover");
		if (c != 'w')
			return tool_usage("recover", "these words are not understood");
		if (!take_seconds(optarg, &order.wait))
			return tool_usage(
			    "recover", "--wait takes seconds, %d at most", ORDER_WAIT_MOST);
	}
	if (argc - optind > 1)
		return tool_usage("recover", "one URI, or none for all cards, is to be given");
	return optind < argc ? tool_order_for(&order, argv[optind]) : tool_order(&order);
}
