/* SPDX-License-Identifier: BSD-3-Clause */
/* The parts of order_run(): one card and one op each. */
#ifndef CARD_ORDER_PART_H
#define CARD_ORDER_PART_H

#include "card/card.h"
#include "card/order.h"
#include "card/so.h"

/*
 * Carries out part(arg, out) in a process of its own, and passes on what it logs and writes: a
 * module that hangs or crashes there ends nothing else. uri: of its card.
 */
typedef enum order_status (*order_part_fn)(void *arg, FILE *out);
enum order_status order_apart(order_part_fn part, void *arg, const char *uri, FILE *out);

/* Whether a card is there, where the order wants one. */
bool order_finds(const struct order *order, const struct known *list, size_t n);

/* The one card that the order is for; NULL: none, or more than one (logged). */
const struct known *order_choose(const struct order *order, const struct known *list, size_t n);

/* Each with the card opened and its lock taken; *asks as order_run(). */
enum order_status order_block(struct card *c, const struct order *order, FILE *out, unsigned *asks);
enum order_status order_unblock(
    struct card *c, const struct order *order, FILE *out, unsigned *asks);
enum order_status order_challenge(struct card *c, const struct order *order, FILE *out);
enum order_status order_verify(struct card *c, const struct order *order, FILE *out);
enum order_status order_apply(struct card *c, const struct order *order, FILE *out, unsigned *asks);

/* Whether something was interrupted that is to be finished or undone. */
bool order_recover_wants(const struct card *c);

/* It is so, and the card is not there. */
void order_recover_absent(const struct card *c, FILE *out);

/* It is so, and the card is there: opened, and its lock not taken. */
enum order_status order_recover(struct card *c, FILE *out);

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

/* One description at work on one card. It is in the place of the policy's own. */
struct task {
	struct card *c;
	const struct order *order;
	struct description *desc;
	struct binding binding;
	const struct binding *policy; /* what governs the card, since it is initialised, too */
	FILE *out;
};

/* The description is the card's, instead of the policy's. */
void task_take_place(struct task *t);

/* The value of PIN=; NULL in *pin where there is none. */
CK_RV task_pin(struct task *t, struct secret **pin);

/* InitToken=true, and what else the description asks for. */
enum order_status task_initialise(struct task *t, unsigned *asks);

/*
 * UseCardManagerKey=true without InitToken=true: the PIN, tickets, another card manager key, the
 * block, as the description asks.
 */
enum order_status task_offline(struct task *t, unsigned *asks);

/*
 * The SO secret that the card has now, proved where it came from a box, or is the one that a new
 * card has until its tickets are made (label: InitialLabel=, may be NULL); else a person is asked.
 */
CK_RV task_offline_so(
    struct task *t, bool new, const struct secret *label, struct so *so, unsigned *asks);

/*
 * The SO secret of a description without UseCardManagerKey=true, which is of no use to a card that
 * has tickets; what a box holds is asked for via that. False: logged, or it has none.
 */
bool order_so(struct card *c, enum so_via via, struct so *so);

/*
 * Of a card that is to be initialised: the secret of a box gives way to that of offline_initial(),
 * which is in a box from then on.
 */
CK_RV task_initial_so(struct task *t, const struct secret *label, struct so *so);

/* Such a card was not initialised: what is in its box is random again. */
void task_random_so(struct task *t, const struct so *so);

/* What its SO secret is sent by: --last-try spends the card's last try. */
enum so_via order_via(const struct order *order);

/* Logs why it was not done; ORDER_FAILED. */
enum order_status order_refused(const struct card *c, const char *what, CK_RV rv);

/*
 * Whether C_InitToken may be called: false (logged) where it would destroy the token, or refuse it,
 * and where it cannot have the label (NULL: the one that it has).
 */
bool initialise_may(const struct card *c, const struct secret *label);

/*
 * Initialises the card (C_InitToken), which is from then on another, c: with its lock, opened anew.
 * so is in no box any more then, whatever else fails.
 */
CK_RV initialise_card(struct card *c, struct so *so, enum so_via via, const struct secret *label);

#endif
