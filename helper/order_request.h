/* SPDX-License-Identifier: BSD-3-Clause */
/* Orders of the command, through a socket. */
#ifndef HELPER_ORDER_REQUEST_H
#define HELPER_ORDER_REQUEST_H

#include "helper/conversation.h"

/*
 * Carries it out and ends the conversation. The answer: RV is an enum order_status, FLAGS what is
 * asked for, TEXT what was done, LOG what was logged meanwhile.
 */
void request_order(struct conversation *k, const struct wire *w);

#endif
