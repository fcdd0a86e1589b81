/* SPDX-License-Identifier: BSD-3-Clause */
/* Giving an order: carried out here, or through the helper's socket, and asking for what is
 * missing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/hold_socket.h"
#include "helper/order_wire.h"
#include "tool/tool.h"

#define SEND_MS 5000
/* A card may be slow, and the one before may have its lock. */
#define ANSWER_MS 300000

static void
print_field(const struct wire *w, enum wire_tag tag, FILE *to)
{
	const struct wire_field *f = wire_get(w, tag);

	if (f != NULL)
		fwrite(f->bytes, 1, f->len, to);
}

static enum order_status
by_socket(const struct config *c, const struct order *order, unsigned *asks)
{
	uint32_t status = ORDER_FAILED, flags = 0;
	struct wire w, a;
	int sock = tool_connect(c);

	if (sock < 0)
		return ORDER_FAILED;
	order_pack(order, &w);
	if (w.failed) {
		fputs("p11-latch: this order is too large\n", stderr);
	} else if (wire_send(sock, &w, SEND_MS) != WIRE_OK) {
		fputs("p11-latch: the helper does not take the order; see the machine's log\n",
		    stderr);
	} else {
		if (wire_receive(sock, &a, ANSWER_MS) == WIRE_OK) {
			wire_get_u32(&a, WIRE_RV, &status);
			wire_get_u32(&a, WIRE_FLAGS, &flags);
			print_field(&a, WIRE_LOG, stderr);
			print_field(&a, WIRE_TEXT, stdout);
		} else {
			fputs(
			    "p11-latch: the helper gave no answer; see the machine's log, and what "
			    "p11-latch status says now\n",
			    stderr);
		}
		wire_end(&a);
	}
	wire_end(&w);
	close(sock);
	*asks = flags;
	return (enum order_status)status;
}

static enum order_status
here(const struct order *order, unsigned *asks)
{
	enum order_status status = ORDER_FAILED;
	struct office o;
	bool opened;

	/* Warnings of the policy are what p11-latch check is for. */
	tool_errors_only(true);
	opened = office_open(&o, tool_config(), CALLER_SELF) == CKR_OK;
	tool_errors_only(false);
	if (opened && order->op == ORDER_RECOVER)
		hold_sweep(o.config->state_dir);
	if (opened) {
		status = order_run(&o, order, stdout, asks);
		office_close(&o);
	}
	return status;
}

/* Whether the description that is to be applied says UseCardManagerKey=true. */
static bool
applies_offline(const struct order *order)
{
	struct diags d = {0};
	struct description *desc = description_parse(order->file, order->text, order->len, &d);
	bool offline = desc != NULL && description_offline(desc);

	description_free(desc);
	diags_free(&d);
	return offline;
}

/* The words that give it without a terminal. */
static const char *
instead(const struct order *order, enum order_answer answer)
{
	/* Then --puk is not the card manager key's (ANSWER_SO). */
	if (answer == ANSWER_PUK ||
	    (answer == ANSWER_SO && (order->op != ORDER_APPLY || !applies_offline(order))))
		return "give --puk -";
	if (answer == ANSWER_PIN && order->op == ORDER_UNBLOCK)
		return "give --pin -";
	return "name a field in place of the dialog in the description, give --field NAME=-";
}

/* False: a person was asked for the same before, or gave no answer. */
static bool
ask_for(struct order *order, unsigned asks)
{
	static const struct {
		const char *prompt;
		bool twice;
	} questions[ANSWERS] = {
	    [ANSWER_PIN] = {"New PIN", true},
	    [ANSWER_SO] = {"PUK or card manager key", false},
	    [ANSWER_NEW_SO] = {"New PUK or card manager key", true},
	    [ANSWER_PUK] = {"PUK that the card has now", false},
	    [ANSWER_RESPONSE] = {"Response", false},
	};
	/* In the order in which people think of them. */
	static const enum order_answer sequence[] = {
	    ANSWER_SO, ANSWER_PUK, ANSWER_PIN, ANSWER_NEW_SO};
	size_t i;

	for (i = 0; i < sizeof(sequence) / sizeof(sequence[0]); i++) {
		enum order_answer a = sequence[i];

		if ((asks & 1u << a) == 0)
			continue;
		if (order->answers[a] != NULL)
			return false;
		order->answers[a] =
		    tool_ask(questions[a].prompt, questions[a].twice, instead(order, a));
		if (order->answers[a] == NULL)
			return false;
	}
	return true;
}

int
tool_order(struct order *order)
{
	enum order_status status = ORDER_FAILED;
	struct config *c = tool_read_config();
	unsigned asks = 0;

	while (c != NULL) {
		asks = 0;
		status = c->helper_socket != NULL ? by_socket(c, order, &asks) : here(order, &asks);
		if (status != ORDER_ASKS || !ask_for(order, asks))
			break;
	}
	config_free(c);
	order_clear(order);
	fflush(stdout);
	return status == ORDER_DONE ? TOOL_DONE : TOOL_FAILED;
}

int
tool_order_for(struct order *order, const char *uri)
{
	order->uri = strdup(uri);
	/* Without one it would be for all cards. */
	if (order->uri != NULL)
		return tool_order(order);
	fputs("p11-latch: no memory\n", stderr);
	order_clear(order);
	return TOOL_FAILED;
}
