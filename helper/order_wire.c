/* SPDX-License-Identifier: BSD-3-Clause */
/* Orders of the command as frames. */
#include <stdlib.h>
#include <string.h>

#include "helper/order_wire.h"
#include "helper/take.h"

#define FORCE    1u
#define LAST_TRY 2u
#define JSON     4u
#define SO_LOGIN 8u

static const enum wire_tag answer_tags[ANSWERS] = {
    [ANSWER_PIN] = WIRE_NEW_PIN,
    [ANSWER_SO] = WIRE_PIN,
    [ANSWER_NEW_SO] = WIRE_NEW_SO,
    [ANSWER_PUK] = WIRE_PUK,
    [ANSWER_RESPONSE] = WIRE_RESPONSE,
};

static void
put_text(struct wire *w, enum wire_tag tag, const char *text)
{
	if (text != NULL)
		wire_put(w, tag, text, strlen(text));
}

/* NAME NUL, the length of the value in four bytes, the value; one after the other. */
static void
put_given(const struct given *list, struct wire *w)
{
	const struct given *g;
	struct secret *all;
	unsigned char *at;
	size_t size = 0;

	for (g = list; g != NULL; g = g->next)
		size += strlen(g->name) + 1 + 4 + secret_len(g->value);
	if (size == 0)
		return;
	all = secret_alloc(size);
	if (all == NULL) {
		w->failed = true;
		return;
	}
	at = secret_data(all);
	for (g = list; g != NULL; g = g->next) {
		size_t name = strlen(g->name) + 1, len = secret_len(g->value);

		memcpy(at, g->name, name);
		at += name;
		*at++ = (unsigned char)(len >> 24);
		*at++ = (unsigned char)(len >> 16);
		*at++ = (unsigned char)(len >> 8);
		*at++ = (unsigned char)len;
		memcpy(at, secret_bytes(g->value), len);
		at += len;
	}
	wire_put(w, WIRE_GIVEN, secret_bytes(all), size);
	secret_free(&all);
}

void
order_pack(const struct order *order, struct wire *w)
{
	size_t i;

	wire_begin(w, WIRE_ORDER);
	wire_put_u8(w, WIRE_OP, (uint8_t)order->op);
	wire_put_u32(w, WIRE_FLAGS,
	    (order->force ? FORCE : 0) | (order->last_try ? LAST_TRY : 0) |
		(order->json ? JSON : 0) | (order->so_login ? SO_LOGIN : 0));
	if (order->wait != 0)
		wire_put_u32(w, WIRE_WAIT, order->wait);
	put_text(w, WIRE_TEXT, order->uri);
	put_text(w, WIRE_FILE, order->file);
	if (order->text != NULL)
		wire_put(w, WIRE_DESCRIPTION, order->text, order->len);
	for (i = 0; i < ANSWERS; i++) {
		const struct secret *s = order->answers[i];

		if (s != NULL)
			wire_put(w, answer_tags[i], secret_bytes(s), secret_len(s));
	}
	put_given(order->given, w);
}

static bool
get_text(const struct wire *w, enum wire_tag tag, char **text, size_t *len)
{
	const struct wire_field *f = wire_get(w, tag);

	if (f == NULL)
		return true;
	*text = malloc((size_t)f->len + 1);
	if (*text == NULL)
		return false;
	memcpy(*text, f->bytes, f->len);
	(*text)[f->len] = '\0';
	if (len != NULL)
		*len = f->len;
	return true;
}

static bool
get_one_given(const unsigned char **at, size_t *left, struct given *g)
{
	const unsigned char *end = memchr(*at, '\0', *left);
	size_t name, len;

	if (end == NULL)
		return false;
	name = (size_t)(end - *at) + 1;
	if (*left - name < 4)
		return false;
	len = (size_t)end[1] << 24 | (size_t)end[2] << 16 | (size_t)end[3] << 8 | end[4];
	if (*left - name - 4 < len)
		return false;
	g->name = strdup((const char *)*at);
	g->value = secret_new(end + 5, len);
	*at += name + 4 + len;
	*left -= name + 4 + len;
	return g->name != NULL && g->value != NULL;
}

static bool
get_given(const struct wire *w, struct order *order)
{
	const struct wire_field *f = wire_get(w, WIRE_GIVEN);
	const unsigned char *at = f != NULL ? f->bytes : NULL;
	size_t left = f != NULL ? f->len : 0;
	struct given **end = &order->given;
	bool good = true;

	/* In their order: of two for one field the first is taken, wherever the order is run. */
	while (good && left > 0) {
		struct given *g = calloc(1, sizeof(*g));

		good = g != NULL;
		if (!good)
			break;
		*end = g;
		end = &g->next;
		good = get_one_given(&at, &left, g);
	}
	take_wipe(w, WIRE_GIVEN);
	return good;
}

static bool
get_answers(const struct wire *w, struct order *order)
{
	size_t i;

	for (i = 0; i < ANSWERS; i++)
		if (!take_secret(w, answer_tags[i], &order->answers[i]))
			return false;
	return true;
}

bool
order_unpack(const struct wire *w, struct order *order)
{
	uint32_t flags = 0, wait = 0;
	uint8_t op = 0;

	memset(order, 0, sizeof(*order));
	wire_get_u8(w, WIRE_OP, &op);
	wire_get_u32(w, WIRE_FLAGS, &flags);
	wire_get_u32(w, WIRE_WAIT, &wait);
	order->op = (enum order_op)op;
	order->force = (flags & FORCE) != 0;
	order->last_try = (flags & LAST_TRY) != 0;
	order->json = (flags & JSON) != 0;
	order->so_login = (flags & SO_LOGIN) != 0;
	order->wait = wait;
	if (order_name(order->op) == NULL || !get_text(w, WIRE_TEXT, &order->uri, NULL) ||
	    !get_text(w, WIRE_FILE, &order->file, NULL) ||
	    !get_text(w, WIRE_DESCRIPTION, &order->text, &order->len) || !get_answers(w, order) ||
	    !get_given(w, order))
		return false;
	if (order->op != ORDER_RECOVER && (order->uri == NULL || order->wait != 0))
		return false;
	if (order->wait > ORDER_WAIT_MOST)
		return false;
	return order->op != ORDER_APPLY || (order->text != NULL && order->file != NULL);
}
