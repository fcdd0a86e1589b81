/* SPDX-License-Identifier: BSD-3-Clause */
/* Orders of the command, through a socket. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/hold_socket.h"
#include "helper/order_request.h"
#include "helper/order_wire.h"
#include "policy/log.h"

#define ANSWER_MS 5000
#define TEXT_MAX  32768u /* bytes of output, and of log, that go back */

/* The person at the command reads what the log says of the order. It goes to the log of the machine
 * too. */
static bool
copy_line(enum log_level level, const char *line, void *arg)
{
	FILE *log = arg;

	(void)level;
	fprintf(log, "%s\n", line);
	return false;
}

/* Warnings of the policy are what p11-latch check is for. */
static bool
copy_error(enum log_level level, const char *line, void *arg)
{
	return level == LOG_LEVEL_ERROR ? copy_line(level, line, arg) : false;
}

static bool
open_office(struct conversation *k, FILE *log)
{
	if (k->office_open)
		return true;
	log_set_sink(copy_error, log);
	k->office_open = office_open(&k->office, k->config_file, k->caller) == CKR_OK;
	log_set_sink(copy_line, log);
	return k->office_open;
}

static void
put_text(struct wire *w, enum wire_tag tag, const char *text, size_t len)
{
	if (text != NULL && len > 0)
		wire_put(w, tag, text, len < TEXT_MAX ? len : TEXT_MAX);
}

static enum order_status
run(struct conversation *k, const struct wire *w, FILE *out, FILE *log, unsigned *asks)
{
	const int until[2] = {k->signals, k->sock};
	enum order_status status = ORDER_FAILED;
	struct order order;

	if (!order_unpack(w, &order)) {
		log_error("an order that is not of the protocol's form is refused");
	} else if (open_office(k, log)) {
		if (order.op == ORDER_RECOVER)
			hold_sweep(k->office.config->state_dir);
		order.until = until;
		status = order_run(&k->office, &order, out, asks);
	}
	order_clear(&order);
	return status;
}

void
request_order(struct conversation *k, const struct wire *w)
{
	enum order_status status = ORDER_FAILED;
	char *out_text = NULL, *log_text = NULL;
	size_t out_len = 0, log_len = 0;
	unsigned asks = 0;
	struct wire a;
	FILE *out = open_memstream(&out_text, &out_len), *log = open_memstream(&log_text, &log_len);

	k->over = true;
	if (out != NULL && log != NULL && !k->card_open) {
		log_set_sink(copy_line, log);
		status = run(k, w, out, log, &asks);
		log_set_sink(NULL, NULL);
	}
	if (out != NULL)
		fclose(out);
	if (log != NULL)
		fclose(log);
	wire_begin(&a, WIRE_ANSWER);
	wire_put_u8(&a, WIRE_VERDICT, WIRE_DONE);
	wire_put_u32(&a, WIRE_RV, (uint32_t)status);
	wire_put_u32(&a, WIRE_FLAGS, asks);
	put_text(&a, WIRE_TEXT, out_text, out_len);
	put_text(&a, WIRE_LOG, log_text, log_len);
	wire_send(k->sock, &a, ANSWER_MS);
	wire_end(&a);
	free(out_text);
	free(log_text);
}
