/* SPDX-License-Identifier: BSD-3-Clause */
/* Responses: which ticket one opens, and what wrong ones cost. */
#include <openssl/crypto.h>
#include <string.h>
#include <time.h>

#include "card/found.h"
#include "policy/log.h"

/* Each opening of a ticket takes scrypt's time; a stranger may have added more of one number. */
#define COPIES_MOST 4

/* Every third wrong response in a row has strangers wait so long, in seconds. */
#define WRONG_IN_A_ROW 3
#define WAIT_MOST      3600

/* Beyond it nothing changes any more, and the count begins again where waits are longest. */
#define WRONG_MOST 900

/* Characters: what is shorter is not even looked at. */
#define FORM_LEAST 16

bool
offline_form(const struct secret *value)
{
	unsigned char bytes[SPOKEN_MAX];
	size_t size;

	if (value == NULL || secret_len(value) < FORM_LEAST)
		return false;
	size = spoken_read((const char *)secret_bytes(value), secret_len(value), bytes, NULL);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return size != 0;
}

static void
time_of_day(time_t t, char *text, size_t size)
{
	struct tm tm;

	if (localtime_r(&t, &tm) == NULL || strftime(text, size, "%H:%M:%S", &tm) == 0)
		text[0] = '\0';
}

/* A clock that was set back has nobody wait for longer than was ever meant. */
static bool
may_answer(struct card *c)
{
	int64_t now = time(NULL), after = c->private.response_after;
	char text[16];

	if (c->office->caller != CALLER_ANYONE || after <= now)
		return true;
	if (after - now > WAIT_MOST) {
		c->private.response_after = after = now + WAIT_MOST;
		card_note(c);
	}
	time_of_day((time_t)after, text, sizeof(text));
	log_warning("%s: a response is refused until %s, since %u wrong ones were given", c->uri,
	    text, c->private.response_wrong);
	return false;
}

/* Beforehand, whatever ends this process. */
static bool
count_wrong(struct card *c)
{
	static const int waits[] = {1, 60, WAIT_MOST};
	const unsigned n_waits = sizeof(waits) / sizeof(waits[0]);
	struct private *p = &c->private;
	unsigned row; /* of three, the one that this is in */

	if (p->response_wrong >= WRONG_MOST)
		p->response_wrong = WRONG_IN_A_ROW * n_waits;
	row = p->response_wrong / WRONG_IN_A_ROW;
	p->response_wrong++;
	if (p->response_wrong % WRONG_IN_A_ROW == 0)
		p->response_after = time(NULL) + waits[row < n_waits ? row : n_waits - 1];
	return card_note(c);
}

void
offline_right(struct card *c)
{
	c->private.response_wrong = 0;
	c->private.response_after = 0;
}

/* Every ticket of the number that is shown, and with what opens one, every box that counts. */
static bool
open_tickets(const struct card *c, const struct secret *response, struct found *f)
{
	const struct offline *o = c->offline;
	unsigned number = o->next->number, tried = 0;
	struct secret *private = NULL;
	struct card_name name;
	bool opened = false;
	size_t i, k;

	offline_name(c, &name);
	/* The one that is shown first, wherever it stands. */
	for (i = 0; i <= o->all.n && tried < COPIES_MOST && f->n == 0; i++) {
		const struct ticket *t = i == 0 ? o->next : &o->all.list[i - 1];

		if (t->number != number || t->cipher != o->next->cipher || (i != 0 && t == o->next))
			continue;
		tried++;
		if (ticket_open(t, &name, response, &private) != SEAL_OPEN)
			continue;
		opened = true;
		for (k = 0; k < o->n; k++)
			found_open(c, o->boxes[k], number, private, NULL, f);
		secret_free(&private);
	}
	return opened;
}

/*
 * Its challenge is of no use to anybody any more: the next one is shown. But the number of a ticket
 * that no box of ours has is a stranger's choice, and would be the last.
 */
static void
give_up(struct card *c)
{
	const struct offline *o = c->offline;
	const struct box *b = o->boxes[o->n - 1];

	log_error("%s: the response is right, but no box opens by its ticket that the card could "
		  "accept: ticket or box is not what it was",
	    c->uri);
	if (b->generation != c->private.generation || !box_has(b, o->next->number))
		return;
	c->private.ticket = o->next->number;
	card_note(c);
	offline_drop(c);
}

static enum offline_answer
answer(struct card *c, const struct secret *response, enum so_via via, struct so *so, CK_RV *rv)
{
	struct found f = {.n = 0};
	bool opened;

	if (!may_answer(c)) {
		*rv = CKR_PIN_LOCKED;
		return OFFLINE_REFUSED;
	}
	if (!count_wrong(c))
		return OFFLINE_REFUSED;
	card_cool(c);
	opened = open_tickets(c, response, &f);
	if (opened) {
		offline_right(c);
		card_note(c);
	}
	if (f.n == 0) {
		if (opened)
			give_up(c);
		*rv = CKR_PIN_INCORRECT;
		return OFFLINE_WRONG;
	}
	*rv = found_settle(c, &f, via, so);
	found_clear(&f);
	return *rv == CKR_OK ? OFFLINE_OPENS : OFFLINE_REFUSED;
}

enum offline_answer
offline_response(
    struct card *c, const struct secret *value, enum so_via via, struct so *so, CK_RV *rv)
{
	enum offline_answer a = OFFLINE_NO_RESPONSE;
	unsigned char bytes[SPOKEN_MAX];
	struct secret *response = NULL;
	size_t size;

	memset(so, 0, sizeof(*so));
	*rv = CKR_FUNCTION_FAILED;
	if (!offline_possible(c) || !offline_form(value))
		return OFFLINE_NO_RESPONSE;
	*rv = offline_read(c);
	if (*rv != CKR_OK)
		return OFFLINE_REFUSED;
	*rv = CKR_FUNCTION_FAILED;
	size = spoken_read((const char *)secret_bytes(value), secret_len(value), bytes, NULL);
	if (c->offline->next == NULL || manager_block(c->offline->next->cipher) != size)
		goto out;
	a = OFFLINE_REFUSED;
	response = secret_new(bytes, size);
	if (response != NULL)
		a = answer(c, response, via, so, rv);
	secret_free(&response);
out:
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return a;
}
