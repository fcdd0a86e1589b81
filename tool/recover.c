/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch recover: finishes or undoes what was interrupted; at boot, and when a card comes. */
#include <string.h>

#include "tool/tool.h"

int
tool_recover(int argc, char **argv)
{
	struct order order = {.op = ORDER_RECOVER};

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return tool_help("recover");
	if (argc > 2 || (argc == 2 && argv[1][0] == '-'))
		return tool_usage("recover", "one URI, or none for all cards, is to be given");
	return argc == 2 ? tool_order_for(&order, argv[1]) : tool_order(&order);
}
