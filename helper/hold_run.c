/* SPDX-License-Identifier: BSD-3-Clause */
/* The watcher of a hold: it has the cards that its programs handed over, and blocks them at its
 * end. */
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "card/block.h"
#include "card/state.h"
#include "helper/conversation.h"
#include "helper/hold_socket.h"
#include "policy/file.h"
#include "policy/log.h"

#define CLIENT_MS 5000

struct held {
	struct card card;
	struct so newer, older; /* SO secrets: what the last program changed it to, and had */
	struct held *next;
};

struct server {
	struct conversation *k;
	struct sockaddr_un address;
	char cookie[HOLD_ID_LEN + 1 + HOLD_SECRET_LEN + 1];
	int sock;
	struct held *cards;
};

static bool
make_cookie(struct server *s)
{
	unsigned char bytes[(HOLD_ID_LEN + HOLD_SECRET_LEN) / 2];
	char hex[2 * sizeof(bytes) + 1];
	size_t i;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	for (i = 0; i < sizeof(bytes); i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	snprintf(s->cookie, sizeof(s->cookie), "%.*s:%s", HOLD_ID_LEN, hex, hex + HOLD_ID_LEN);
	OPENSSL_cleanse(hex, sizeof(hex));
	return true;
}

static bool
listen_for_programs(struct server *s)
{
	char id[HOLD_ID_LEN + 1];

	snprintf(id, sizeof(id), "%.*s", HOLD_ID_LEN, s->cookie);
	if (!hold_address(&s->address, s->k->office.config->state_dir, id))
		return false;
	s->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->sock >= 0 &&
	    bind(s->sock, (struct sockaddr *)&s->address, sizeof(s->address)) == 0 &&
	    listen(s->sock, 16) == 0)
		return true;
	log_error("%s: %s", s->address.sun_path, strerror(errno));
	return false;
}

static struct held *
find(struct server *s, const struct identity *id)
{
	struct held *h;

	for (h = s->cards; h != NULL; h = h->next) {
		if (identity_equal(&h->card.id, id, true))
			return h;
	}
	return NULL;
}

static struct held *
find_or_add(struct server *s, const struct identity *id)
{
	struct held *h = find(s, id);

	if (h != NULL)
		return h;
	h = calloc(1, sizeof(*h));
	if (h == NULL)
		return NULL;
	if (card_open(&h->card, &s->k->office, id) != CKR_OK) {
		free(h);
		return NULL;
	}
	h->next = s->cards;
	s->cards = h;
	return h;
}

static void
drop_unlocked(struct server *s, struct held *h)
{
	if (h->card.lock >= 0)
		return;
	s->cards = h->next;
	card_close(&h->card);
	free(h);
}

/* A program that knew none leaves what was known. */
static void
take_secrets(struct held *h, const struct wire_field *newer, const struct wire_field *older)
{
	if (newer == NULL && older == NULL)
		return;
	so_clear(&h->newer);
	so_clear(&h->older);
	if (newer != NULL)
		h->newer.pin = secret_new(newer->bytes, newer->len);
	if (older != NULL)
		h->older.pin = secret_new(older->bytes, older->len);
}

static CK_RV
take_card(struct server *s, struct wire *w)
{
	const struct wire_field *f = wire_get(w, WIRE_IDENTITY);
	struct identity id;
	struct held *h;
	uint32_t proved = 0;

	if (f == NULL)
		return CKR_OK;
	if (f->len != IDENTITY_WIRE_LEN)
		return CKR_ARGUMENTS_BAD;
	identity_unpack(&id, f->bytes);
	h = find_or_add(s, &id);
	if (h == NULL)
		return CKR_FUNCTION_FAILED;
	if (w->fd >= 0 && h->card.lock < 0) {
		h->card.lock = file_aside(w->fd);
		w->fd = -1;
	}
	if (h->card.lock < 0) {
		drop_unlocked(s, h);
		return CKR_FUNCTION_FAILED;
	}
	wire_get_u32(w, WIRE_FLAGS, &proved);
	if (card_read(&h->card) == CKR_OK && proved) {
		h->card.private.proved = true;
		card_note(&h->card);
	}
	take_secrets(h, wire_get(w, WIRE_NEW_PIN), wire_get(w, WIRE_PIN));
	return CKR_OK;
}

static void
serve_program(struct server *s)
{
	const struct wire_field *cookie;
	CK_RV rv = CKR_FUNCTION_FAILED;
	struct wire w, a;
	int sock;

	sock = accept4(s->sock, NULL, NULL, SOCK_CLOEXEC);
	if (sock < 0)
		return;
	if (wire_receive(sock, &w, CLIENT_MS) == WIRE_OK && w.type == WIRE_HAND_OVER) {
		cookie = wire_get(&w, WIRE_COOKIE);
		if (cookie != NULL && cookie->len == sizeof(s->cookie) - 1 &&
		    CRYPTO_memcmp(cookie->bytes, s->cookie, cookie->len) == 0)
			rv = take_card(s, &w);
		else
			log_warning("a program shows a wrong cookie to a hold");
	}
	wire_end(&w);
	wire_begin(&a, WIRE_ANSWER);
	wire_put_u32(&a, WIRE_RV, (uint32_t)rv);
	wire_send(sock, &a, CLIENT_MS);
	wire_end(&a);
	close(sock);
}

static CK_RV
block_all(struct server *s)
{
	CK_RV rv = CKR_OK, one;
	struct held *h;

	while ((h = s->cards) != NULL) {
		struct sitting sitting = {.newer = h->newer.pin != NULL ? &h->newer : NULL,
		    .older = h->older.pin != NULL ? &h->older : NULL};

		s->cards = h->next;
		one = card_read(&h->card);
		if (one == CKR_OK && h->card.record.state == RECORD_PERSONALIZING)
			one = block_card(&h->card, &sitting, false);
		if (one != CKR_OK)
			rv = one;
		card_close(&h->card);
		so_clear(&h->newer);
		so_clear(&h->older);
		free(h);
	}
	return rv;
}

static void
send_cookie(struct server *s)
{
	struct wire a;

	wire_begin(&a, WIRE_ANSWER);
	wire_put_u8(&a, WIRE_VERDICT, WIRE_WATCHING);
	wire_put_u32(&a, WIRE_RV, CKR_OK);
	wire_put(&a, WIRE_TEXT, s->cookie, sizeof(s->cookie) - 1);
	if (wire_send(s->k->sock, &a, CLIENT_MS) != WIRE_OK)
		s->k->over = true;
	wire_end(&a);
}

/* Until the command says that it is done, dies, or the helper is told to end. */
static void
serve_until_end(struct server *s)
{
	struct pollfd p[4] = {
	    {.fd = s->k->sock, .events = POLLIN},
	    {.fd = s->k->holder, .events = POLLIN},
	    {.fd = s->k->signals, .events = POLLIN},
	    {.fd = s->sock, .events = POLLIN},
	};
	int n;

	for (;;) {
		n = poll(p, 4, -1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		if (p[3].revents != 0)
			serve_program(s);
		else if (p[0].revents != 0 || p[1].revents != 0 || p[2].revents != 0)
			break;
	}
}

static bool
may_hold(struct conversation *k)
{
	if (k->caller == CALLER_ANYONE) {
		log_error("p11-latch personalize is refused: only operators may personalize cards");
		return false;
	}
	if (k->office_open)
		return false;
	k->office_open = office_open(&k->office, k->config_file, k->caller) == CKR_OK;
	return k->office_open && state_prepare(k->office.config->state_dir);
}

void
hold_run(struct conversation *k)
{
	struct server s = {.k = k, .sock = -1};
	CK_RV rv = CKR_FUNCTION_FAILED;

	if (may_hold(k) && make_cookie(&s) && listen_for_programs(&s)) {
		send_cookie(&s);
		if (!k->over)
			serve_until_end(&s);
		rv = block_all(&s);
	}
	if (s.sock >= 0) {
		close(s.sock);
		unlink(s.address.sun_path);
	}
	OPENSSL_cleanse(s.cookie, sizeof(s.cookie));
	answer(k, WIRE_DONE, rv, NULL, 0);
	k->over = true;
}
