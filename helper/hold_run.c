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

#include "card/state.h"
#include "helper/conversation.h"
#include "helper/held.h"
#include "helper/hold_socket.h"
#include "policy/file.h"
#include "policy/log.h"

#define CLIENT_MS 5000
#define LATE_MS   5000
#define STEP_MS   20
#define DOOR_MS   50
#define QUEUE     16 /* of those who wait to hand over */
#define WRONG_LOG 10 /* wrong cookies that are told one by one */

struct server {
	struct conversation *k;
	struct sockaddr_un address;
	char cookie[HOLD_ID_LEN + 1 + HOLD_SECRET_LEN + 1];
	int sock;
	unsigned wrong; /* cookies */
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
	hold_sweep(s->k->office.config->state_dir);
	s->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->sock >= 0 &&
	    bind(s->sock, (struct sockaddr *)&s->address, sizeof(s->address)) == 0 &&
	    listen(s->sock, QUEUE) == 0)
		return true;
	log_error("%s: %s", s->address.sun_path, strerror(errno));
	return false;
}

static void
log_wrong(struct server *s)
{
	if (s->wrong < WRONG_LOG)
		log_warning("a program shows a wrong cookie to a hold%s",
		    ++s->wrong == WRONG_LOG ? "; others are not told any more" : "");
}

/* False: there is none, or no descriptor for it. */
static bool
serve_program(struct server *s)
{
	const struct wire_field *cookie;
	CK_RV rv = CKR_FUNCTION_FAILED;
	struct wire w, a;
	int sock;

	sock = accept4(s->sock, NULL, NULL, SOCK_CLOEXEC);
	if (sock < 0)
		return false;
	/* With room for the rest: a program that is not answered keeps its card, and two would have
	 * it. */
	wire_begin(&a, WIRE_ANSWER);
	wire_put_u8(&a, WIRE_VERDICT, WIRE_DONE);
	if (wire_receive(sock, &w, CLIENT_MS) == WIRE_OK && w.type == WIRE_HAND_OVER && !a.failed) {
		cookie = wire_get(&w, WIRE_COOKIE);
		if (cookie != NULL && cookie->len == sizeof(s->cookie) - 1 &&
		    CRYPTO_memcmp(cookie->bytes, s->cookie, cookie->len) == 0)
			rv = held_take(&s->cards, &s->k->office, &w);
		else
			log_wrong(s);
	}
	wire_end(&w);
	wire_put_rv(&a, WIRE_RV, rv);
	wire_send(sock, &a, CLIENT_MS);
	wire_end(&a);
	close(sock);
	return true;
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

/*
 * Until the command says that it is done, dies, or the helper is told to end. What was handed over
 * before that is taken, and whoever goes on asking is not waited for.
 */
static void
serve_until_end(struct server *s)
{
	struct pollfd p[4] = {
	    {.fd = s->k->sock, .events = POLLIN},
	    {.fd = s->k->holder, .events = POLLIN},
	    {.fd = s->k->signals, .events = POLLIN},
	    {.fd = s->sock, .events = POLLIN},
	};
	int n, i;

	for (;;) {
		n = poll(p, 4, -1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || p[0].revents != 0 || p[1].revents != 0 || p[2].revents != 0)
			break;
		/* Who is not let in stays at the door, and poll() says so at once, again and again.
		 */
		if (p[3].revents != 0 && !serve_program(s))
			(void)poll(p, 3, DOOR_MS);
	}
	for (i = 0; i <= QUEUE && serve_program(s); i++)
		;
}

/*
 * The last programs may have ended so shortly before that their watchers are just about to hand
 * over. One that goes on without the command keeps its watcher, which blocks the card at its end.
 */
static void
await_programs(struct server *s)
{
	const char *dir = s->k->office.config->state_dir;
	struct pollfd p = {.fd = s->sock, .events = POLLIN};
	char id[HOLD_ID_LEN + 1];
	unsigned waited;

	snprintf(id, sizeof(id), "%.*s", HOLD_ID_LEN, s->cookie);
	for (waited = 0; waited < LATE_MS && held_is_awaited(s->cards, dir, id);
	     waited += STEP_MS) {
		if (poll(&p, 1, STEP_MS) > 0)
			serve_program(s);
	}
	if (waited >= LATE_MS)
		log_warning("a program under p11-latch personalize goes on after its command "
			    "ended; its card "
			    "is blocked when it ends too");
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
		await_programs(&s);
		rv = held_block(&s.cards);
	}
	if (s.sock >= 0) {
		close(s.sock);
		if (unlink(s.address.sun_path) != 0)
			log_warning("%s: cannot be removed: %s; the next hold or p11-latch recover "
				    "removes it",
			    s.address.sun_path, strerror(errno));
	}
	OPENSSL_cleanse(s.cookie, sizeof(s.cookie));
	answer(k, WIRE_DONE, rv, NULL, 0);
	k->over = true;
}
