/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch apply: does what a description says, now. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/file.h"
#include "tool/tool.h"

#define DESCRIPTION_MAX (64u * 1024u) /* bytes, of a file that is sent to the helper */

static bool
read_description(struct order *order, const char *path)
{
	struct file_fault fault;
	ssize_t len = -1;
	int fd = file_open(path, 0, NULL, &fault);

	if (fd < 0) {
		fprintf(stderr, "p11-latch: %s %s\n", path, fault.what);
		return false;
	}
	order->file = strdup(path);
	order->text = malloc(DESCRIPTION_MAX + 1);
	if (order->text != NULL)
		len = file_read(fd, order->text, DESCRIPTION_MAX + 1);
	close(fd);
	if (len < 0 || order->file == NULL) {
		fprintf(stderr, "p11-latch: %s: %s\n", path, strerror(errno));
		return false;
	}
	order->len = (size_t)len;
	if (order->len <= DESCRIPTION_MAX)
		return true;
	fprintf(stderr, "p11-latch: %s is over %u bytes long\n", path, DESCRIPTION_MAX);
	return false;
}

static int
take_options(int argc, char **argv, struct order *order)
{
	static const struct option options[] = {
	    {"field", required_argument, NULL, 'f'},
	    {"last-try", no_argument, NULL, 'l'},
	    {"puk", required_argument, NULL, 'u'},
	    {"help", no_argument, NULL, 'h'},
	    {0},
	};
	int c, status;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'f':
			status = tool_given("apply", optarg, &order->given);
			if (status != TOOL_DONE)
				return status;
			break;
		case 'l':
			order->last_try = true;
			break;
		case 'u':
			secret_free(&order->answers[ANSWER_PUK]);
			order->answers[ANSWER_PUK] = tool_secret(optarg, "the PUK");
			if (order->answers[ANSWER_PUK] == NULL)
				return TOOL_FAILED;
			break;
		default:
			return tool_usage("apply", "these words are not understood");
		}
	}
	if (argc - optind != 2)
		return tool_usage("apply", "a description and one URI are to be given");
	return TOOL_DONE;
}

int
tool_apply(int argc, char **argv)
{
	struct order order = {.op = ORDER_APPLY};
	int status;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return tool_help("apply");
	status = take_options(argc, argv, &order);
	if (status == TOOL_DONE && !read_description(&order, argv[optind]))
		status = TOOL_FAILED;
	if (status != TOOL_DONE) {
		order_clear(&order);
		return status;
	}
	return tool_order_for(&order, argv[optind + 1]);
}
