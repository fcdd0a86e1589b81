/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzing: orders as a hostile command might send them to the operators' socket. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* They are the helper's and the command's own, and in no library that could be linked. */
#include "helper/order_wire.c"
#include "helper/take.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was taken is what would be sent for it. */
static void
send_back(const struct order *order)
{
	struct order again;
	struct wire w;

	order_pack(order, &w);
	if (!w.failed) {
		if (!order_unpack(&w, &again) || again.op != order->op ||
		    again.force != order->force || again.last_try != order->last_try ||
		    (again.uri == NULL) != (order->uri == NULL) ||
		    (again.given == NULL) != (order->given == NULL))
			abort();
		order_clear(&again);
	}
	wire_end(&w);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct order order;
	struct wire w;

	if (size > WIRE_PAYLOAD_MAX)
		return 0;
	wire_begin(&w, WIRE_ORDER);
	w.payload = malloc(size + 1);
	if (w.payload == NULL)
		return 0;
	memcpy(w.payload, data, size);
	w.len = size;
	w.size = size + 1;
	if (wire_parse(&w)) {
		if (order_unpack(&w, &order))
			send_back(&order);
		order_clear(&order);
	}
	wire_end(&w);
	return 0;
}
