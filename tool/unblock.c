/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch unblock: unblocks a card, and sets its new PIN. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "policy/spoken.h"
#include "tool/tool.h"

static bool
take(struct order *order, enum order_answer answer, const char *what)
{
	secret_free(&order->answers[answer]);
	order->answers[answer] = tool_secret(optarg, what);
	return order->answers[answer] != NULL;
}

/* The helpdesk is still on the line: what was misheard is said before anything else is asked. */
static bool
is_response(const struct secret *s)
{
	unsigned char bytes[SPOKEN_MAX];
	struct spoken_fault fault;
	size_t size = spoken_read((const char *)secret_bytes(s), secret_len(s), bytes, &fault);

	OPENSSL_cleanse(bytes, sizeof(bytes));
	if (size == 0)
		fprintf(stderr, "p11-latch: the response: %s\n", fault.what);
	return size != 0;
}

/* One that was used is of no use to anybody: it may stand on the command line. */
static bool
take_response(struct order *order)
{
	struct secret **s = &order->answers[ANSWER_RESPONSE];

	secret_free(s);
	*s = optarg[0] == '-' || optarg[0] == '@' ? tool_secret(optarg, "the response")
						  : secret_new(optarg, strlen(optarg));
	return *s != NULL && is_response(*s);
}

int
tool_unblock(int argc, char **argv)
{
	static const struct option options[] = {
	    {"last-try", no_argument, NULL, 'l'},
	    {"puk", required_argument, NULL, 'u'},
	    {"pin", required_argument, NULL, 'p'},
	    {"response", required_argument, NULL, 'r'},
	    {"help", no_argument, NULL, 'h'},
	    {0},
	};
	struct order order = {.op = ORDER_UNBLOCK};
	bool ok = true;
	int c;

	while (ok && (c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'l':
			order.last_try = true;
			break;
		case 'u':
			ok = take(&order, ANSWER_SO, "the PUK");
			break;
		case 'p':
			ok = take(&order, ANSWER_PIN, "the new PIN");
			break;
		case 'r':
			ok = take_response(&order);
			break;
		case 'h':
			return tool_help("unblock");
		default:
			order_clear(&order);
			return tool_usage("unblock", "these words are not understood");
		}
	}
	if (ok && order.answers[ANSWER_RESPONSE] != NULL && order.answers[ANSWER_SO] != NULL) {
		order_clear(&order);
		return tool_usage("unblock", "either --response or --puk is to be given");
	}
	if (ok && argc - optind == 1)
		return tool_order_for(&order, argv[optind]);
	order_clear(&order);
	return ok ? tool_usage("unblock", "one URI is to be given") : TOOL_FAILED;
}
