/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes the helper with what a vendor's module answers. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper/order_wire.h"
#include "tests/fuzz/office.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BENDS_MAX 24

static const char *const secrets[] = {FIRST_PIN, NEW_PIN, LETTER, SO, NEW_SO, KEY, NEW_KEY, NULL};

/* What a module says: type, PIN, NEW_PIN, and the CK_RV of its vendor's call. */
struct line {
	enum wire_type type;
	const char *pin, *new_pin;
	CK_RV rv;
};

#define LINES_MAX 6
static const struct line conversations[][LINES_MAX] = {
    {{WIRE_LOGIN, FIRST_PIN, NULL, 0}},
    {{WIRE_LOGIN, SO, NULL, 0}},
    {{WIRE_LOGIN, LETTER, NULL, 0}, {WIRE_RESULT, NULL, NULL, CKR_OK}},
    {{WIRE_LOGIN, LETTER, NULL, 0}, {WIRE_RESULT, NULL, NULL, CKR_DEVICE_ERROR}},
    {{WIRE_SET_PIN, SO, NEW_PIN, 0}, {WIRE_RESULT, NULL, NULL, CKR_OK}},
    {{WIRE_SET_PIN, KEY, NEW_PIN, 0}, {WIRE_RESULT, NULL, NULL, CKR_GENERAL_ERROR}},
    {{WIRE_SET_PIN, FIRST_PIN, NEW_PIN, 0}, {WIRE_RESULT, NULL, NULL, CKR_PIN_INCORRECT}},
    {{WIRE_SO_LOGIN, SO, NULL, 0}, {WIRE_INIT_PIN, NULL, NULL, 0},
	{WIRE_RESULT, NULL, NULL, CKR_OK}, {WIRE_LOGOUT, NULL, NULL, 0}},
    {{WIRE_SO_LOGIN, KEY, NULL, 0}, {WIRE_INIT_PIN, NULL, NULL, 0},
	{WIRE_RESULT, NULL, NULL, CKR_OK}, {WIRE_RELEASE, NULL, NULL, 0}},
    {{WIRE_SO_LOGIN, SO, NULL, 0}, {WIRE_INIT_PIN, NULL, NULL, 0},
	{WIRE_RESULT, NULL, NULL, CKR_DEVICE_REMOVED}},
    {{WIRE_SO_LOGIN, SO, NULL, 0}, {WIRE_INIT_PIN, NULL, NULL, 0},
	{WIRE_RESULT, NULL, NULL, CKR_OK}, {WIRE_SET_SO, NULL, NEW_SO, 0},
	{WIRE_RESULT, NULL, NULL, CKR_DEVICE_ERROR}, {WIRE_RELEASE, NULL, NULL, 0}},
    {{WIRE_SO_LOGIN, NULL, NULL, 0}, {WIRE_RELEASE, NULL, NULL, 0}},
    {{WIRE_RELEASE, NULL, NULL, 0}},
};

#define N_CONVERSATIONS (sizeof(conversations) / sizeof(conversations[0]))

/* Stands for what the helpdesk answers to the challenge that the card shows. */
static char right[64];
#define WRONG "0123 4567 89AB CDEF"

/* With cards that have tickets: as many. */
static const struct line by_phone[N_CONVERSATIONS][LINES_MAX] = {
    {{WIRE_SET_PIN, right, NEW_PIN, 0}, {WIRE_RESULT, NULL, NULL, CKR_OK}},
    {{WIRE_SET_PIN, right, NEW_PIN, 0}, {WIRE_RESULT, NULL, NULL, CKR_GENERAL_ERROR}},
    {{WIRE_SET_PIN, WRONG, NEW_PIN, 0}, {WIRE_RESULT, NULL, NULL, CKR_OK}},
    {{WIRE_LOGIN, right, NULL, 0}, {WIRE_RESULT, NULL, NULL, CKR_OK}},
    {{WIRE_LOGIN, FIRST_PIN, NULL, 0}},
    {{WIRE_SET_PIN, KEY, NEW_PIN, 0}, {WIRE_RESULT, NULL, NULL, CKR_OK}},
    {{WIRE_SET_PIN, SO, NEW_PIN, 0}, {WIRE_RESULT, NULL, NULL, CKR_OK}},
    {{WIRE_SO_LOGIN, SO, NULL, 0}, {WIRE_INIT_PIN, NULL, NULL, 0},
	{WIRE_RESULT, NULL, NULL, CKR_OK}, {WIRE_RELEASE, NULL, NULL, 0}},
    {{WIRE_SO_LOGIN, SO, NULL, 0}, {WIRE_INIT_PIN, NULL, NULL, 0},
	{WIRE_RESULT, NULL, NULL, CKR_OK}, {WIRE_SET_SO, NULL, NEW_SO, 0},
	{WIRE_RESULT, NULL, NULL, CKR_OK}, {WIRE_RELEASE, NULL, NULL, 0}},
    {{WIRE_SO_LOGIN, SO, NULL, 0}, {WIRE_INIT_PIN, NULL, NULL, 0},
	{WIRE_RESULT, NULL, NULL, CKR_DEVICE_ERROR}, {WIRE_RELEASE, NULL, NULL, 0}},
    {{WIRE_SET_PIN, LETTER, NEW_PIN, 0}},
    {{WIRE_RELEASE, NULL, NULL, 0}},
    {{WIRE_LOGIN, WRONG, NULL, 0}, {WIRE_RESULT, NULL, NULL, CKR_OK}},
};

static const enum order_op orders[] = {ORDER_BLOCK, ORDER_UNBLOCK, ORDER_ADOPT, ORDER_FORGET,
    ORDER_RESET, ORDER_RECOVER, ORDER_EXPLAIN, ORDER_APPLY, ORDER_CHALLENGE, ORDER_VERIFY};

#define N_ORDERS (sizeof(orders) / sizeof(orders[0]))

static const char new_life[] =
    "[Description]\nInitToken=true\nInitialLabel=#A label\nInitialPUK=#" SO
    "\nSetPIN=true\nPIN=#" NEW_PIN "\n[Application_B]\nBlockCard=true\n";

static void
put(struct wire *w, enum wire_tag tag, const char *text)
{
	if (text != NULL)
		wire_put(w, tag, text, strlen(text));
}

/* What the application's own vendor call did to the card, of which the module then tells. */
static void
act(const struct line *asked, const struct line *result, const struct wire_field *r)
{
	struct token_card *c = &token_card;
	/* A card that answers an error may have done it all the same. */
	bool done = result->rv == CKR_OK || result->rv == CKR_DEVICE_ERROR;

	if (!done)
		return;
	if (asked->type == WIRE_INIT_PIN)
		token_set(&c->pin, FIRST_PIN);
	else if (asked->type == WIRE_SET_SO)
		token_set(&c->so, NEW_SO);
	else if (r != NULL && r->len == c->pin.len && memcmp(r->bytes, c->pin.bytes, r->len) == 0)
		token_set(&c->pin, asked->new_pin != NULL ? asked->new_pin : asked->pin);
}

/* Sends one request, and does what its answer says. False: the conversation is over. */
static bool
ask(int sock, const struct line *line)
{
	struct wire w;
	uint8_t verdict = WIRE_DONE;
	bool good;

	wire_begin(&w, line->type);
	if (line->type == WIRE_RESULT) {
		wire_put_u32(&w, WIRE_RV, (uint32_t)line->rv);
	} else {
		office_identity(&w);
		wire_put_u32(&w, WIRE_TOKEN_FLAGS,
		    CKF_TOKEN_INITIALIZED |
			(token_card.pin.len > 0 ? CKF_USER_PIN_INITIALIZED : 0));
	}
	put(&w, WIRE_PIN, line->pin);
	put(&w, WIRE_NEW_PIN, line->new_pin);
	good = wire_send(sock, &w, 1000) == WIRE_OK;
	wire_end(&w);
	if (!good)
		return false;
	good = wire_receive(sock, &w, 10000) == WIRE_OK && wire_get_u8(&w, WIRE_VERDICT, &verdict);
	if (good && line[1].type == WIRE_RESULT && verdict != WIRE_DONE)
		act(line, line + 1, wire_get(&w, WIRE_R));
	wire_end(&w);
	/* Without leave there is no call, and no result of one. */
	return good && (line[1].type != WIRE_RESULT || verdict != WIRE_DONE);
}

/* The module at the other end, while the helper serves. */
struct module {
	pthread_t thread;
	int sock;
	const struct line *lines;
};

static void *
converse(void *arg)
{
	const struct module *m = arg;
	size_t i;

	for (i = 0; i < LINES_MAX && m->lines[i].type != 0; i++)
		if (!ask(m->sock, &m->lines[i]))
			break;
	shutdown(m->sock, SHUT_WR);
	return NULL;
}

static void
command(int sock, enum order_op op, bool phone)
{
	const char *text = phone ? office_offline : new_life;
	struct order o = {.op = op};
	struct wire w;

	o.uri = op == ORDER_RECOVER ? NULL : strdup("pkcs11:");
	o.answers[ANSWER_PIN] = secret_new(NEW_PIN, strlen(NEW_PIN));
	o.answers[ANSWER_SO] = secret_new(SO, strlen(SO));
	o.answers[ANSWER_NEW_SO] = secret_new(NEW_SO, strlen(NEW_SO));
	if (phone)
		o.answers[ANSWER_PUK] = secret_new(SO, strlen(SO));
	if (phone && op == ORDER_UNBLOCK && right[0] != '\0') {
		secret_free(&o.answers[ANSWER_SO]);
		o.answers[ANSWER_RESPONSE] = secret_new(right, strlen(right));
	}
	if (op == ORDER_APPLY) {
		o.file = strdup("new.dsc");
		o.text = strdup(text);
		o.len = strlen(text);
	}
	order_pack(&o, &w);
	if (wire_send(sock, &w, 0) != WIRE_OK)
		abort();
	wire_end(&w);
	order_clear(&o);
	shutdown(sock, SHUT_WR);
}

/* A module tells of an SO login only where the vendor took it. */
static bool
may_begin(const struct line *lines)
{
	return lines[0].type != WIRE_SO_LOGIN || lines[0].pin == NULL ||
	       (token_is(&token_card.so, lines[0].pin) && token_card.so.left > 0);
}

/*
 * told: an administrator said what the card is, and is believed. Whatever went wrong, as long as
 * the card was not lied about: a PIN that nobody knows is one of a record that says so, the SO
 * secret is one that policy or a person has, and its last try is left.
 */
static void
check(const struct scene *s, const char *config, bool told)
{
	struct record r;

	if (token_lied)
		return;
	if (token_card.counts && token_card.so.left == 0)
		abort();
	if (!office_pin_is_known() && !told &&
	    (office_record(&r) != RECORD_FOUND || r.state == RECORD_ACTIVE))
		abort();
	if (!office_so_is_known() && !office_unblocks(s, config))
		abort();
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	office_set_up(secrets);
	return 0;
}

/*
 * A scene of four bytes (office.h), one that says which requests come, then bends of the answers
 * (token.h), four bytes each.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct line(*lines)[LINES_MAX] = conversations;
	struct module m;
	struct scene scene;
	const char *config;
	unsigned what;
	size_t bends;
	bool phone;
	int ends[2];

	if (size < sizeof(scene) + 1)
		return 0;
	memcpy(&scene, data, sizeof(scene));
	what = data[sizeof(scene)] % (N_CONVERSATIONS + N_ORDERS);
	bends = (size - sizeof(scene) - 1) / sizeof(struct token_bend);
	config = office_scene(&scene);
	phone = scene.policy == OFFICE_OFFLINE;
	if (phone) {
		lines = by_phone;
		snprintf(right, sizeof(right), "%s", office_response());
	}
	if (what < N_CONVERSATIONS && !may_begin(lines[what]))
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		abort();
	token_bend(data + sizeof(scene) + 1, bends < BENDS_MAX ? bends : BENDS_MAX);
	m.sock = ends[0];
	m.lines = what < N_CONVERSATIONS ? lines[what] : NULL;
	if (m.lines == NULL)
		command(m.sock, orders[what - N_CONVERSATIONS], phone);
	else if (pthread_create(&m.thread, NULL, converse, &m) != 0)
		abort();
	office_converse(&scene, config, ends[1]);
	if (m.lines != NULL)
		pthread_join(m.thread, NULL);
	close(ends[0]);
	check(&scene, config,
	    m.lines == NULL && (orders[what - N_CONVERSATIONS] == ORDER_FORGET ||
				   orders[what - N_CONVERSATIONS] == ORDER_ADOPT));
	return 0;
}
