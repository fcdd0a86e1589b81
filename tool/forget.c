/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch forget: its next C_InitPIN is a personalization. */
#include <string.h>

#include "tool/tool.h"

int
tool_forget(int argc, char **argv)
{
	struct order order = {.op = ORDER_FORGET};

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return tool_help("forget");
	if (argc != 2 || argv[1][0] == '-')
		return tool_usage("forget", "one URI is to be given");
	return tool_order_for(&order, argv[1]);
}
