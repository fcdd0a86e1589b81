/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch reset: clears the counts of wrong PIN letters and SO tries. */
#include <string.h>

#include "tool/tool.h"

int
tool_reset(int argc, char **argv)
{
	struct order order = {.op = ORDER_RESET};

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return tool_help("reset");
	if (argc != 2 || argv[1][0] == '-')
		return tool_usage("reset", "one URI is to be given");
	return tool_order_for(&order, argv[1]);
}
