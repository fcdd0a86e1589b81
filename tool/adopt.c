/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch adopt: cards that are in use already are recorded as active. */
#include <string.h>

#include "tool/tool.h"

int
tool_adopt(int argc, char **argv)
{
	int i, status = TOOL_DONE;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return tool_help("adopt");
	if (argc < 2 || argv[1][0] == '-')
		return tool_usage("adopt", "one URI or more are to be given");
	for (i = 1; i < argc; i++) {
		struct order order = {.op = ORDER_ADOPT};

		if (tool_order_for(&order, argv[i]) != TOOL_DONE)
			status = TOOL_FAILED;
	}
	return status;
}
