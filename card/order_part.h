/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of order_run(): one card and one op each. */
#ifndef CARD_ORDER_PART_H
#define CARD_ORDER_PART_H

#include "card/card.h"
#include "card/order.h"
#include "card/so.h"

/* Each with the card opened and its lock taken; *asks as order_run(). */
enum order_status order_block(struct card *c, const struct order *order, FILE *out, unsigned *asks);
enum order_status order_unblock(
    struct card *c, const struct order *order, FILE *out, unsigned *asks);
enum order_status order_apply(struct card *c, const struct order *order, FILE *out, unsigned *asks);

/* The card may be absent, and its record damaged. */
enum order_status order_adopt(struct card *c, bool damaged, FILE *out);
enum order_status order_forget(struct card *c, bool damaged, FILE *out);
enum order_status order_reset(struct card *c, FILE *out);

/*
 * The value of an element of the description: from policy, given, or the answer of a person. NULL
 * in *value where it has none. False: logged, or *asks says what is wanted.
 */
bool order_value(struct card *c, const struct order *order, const struct description *desc,
    const struct value *v, enum order_answer answer, struct secret **value, unsigned *asks);

/* Logs why it was not done; ORDER_FAILED. */
enum order_status order_refused(const struct card *c, const char *what, CK_RV rv);

/* Initialises the card (C_InitToken), which is from then on another, c: with its lock, opened anew.
 */
CK_RV initialise_card(struct card *c, const struct so *so, const struct secret *label);

#endif
