/* SPDX-License-Identifier: BSD-3-Clause */
/* Orders of the command as frames: TEXT is the URI, FLAGS and the other fields as in struct order.
 */
#ifndef HELPER_ORDER_WIRE_H
#define HELPER_ORDER_WIRE_H

#include "card/order.h"
#include "helper/wire.h"

/* Begins w as WIRE_ORDER; to be ended by the caller. */
void order_pack(const struct order *order, struct wire *w);

/* False where the frame is no order; what was read so far is to be cleared all the same. */
bool order_unpack(const struct wire *w, struct order *order);

#endif
