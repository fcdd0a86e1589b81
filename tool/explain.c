/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch explain: what governs a card, and why. */
#include <string.h>

#include "tool/tool.h"

int
tool_explain(int argc, char **argv)
{
	struct order order = {.op = ORDER_EXPLAIN};

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return tool_help("explain");
	if (argc != 2 || argv[1][0] == '-')
		return tool_usage("explain", "one URI is to be given");
	return tool_order_for(&order, argv[1]);
}
