/* SPDX-License-Identifier: BSD-3-Clause */
/* Under a hold: proving it, and handing a card over to its watcher. */
#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "helper/hold.h"
#include "helper/hold_socket.h"
#include "helper/wire.h"
#include "policy/log.h"

#define ANSWER_MS 5000

static bool
is_hex(const unsigned char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (!isxdigit(s[i]))
			return false;
	}
	return true;
}

static int
connect_to(const char *state_dir, const char *id)
{
	struct sockaddr_un a;
	int sock;

	if (!hold_address(&a, state_dir, id))
		return -1;
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -1;
	if (connect(sock, (struct sockaddr *)&a, sizeof(a)) != 0) {
		log_debug("hold %s: %s", id, strerror(errno));
		close(sock);
		return -1;
	}
	return sock;
}

/* Sends w to the hold and takes its word. Ends w. */
static bool
ask(const char *state_dir, const char *id, struct wire *w)
{
	uint32_t rv = CKR_FUNCTION_FAILED;
	struct wire a;
	int sock;

	sock = connect_to(state_dir, id);
	if (sock >= 0 && wire_send(sock, w, ANSWER_MS) == WIRE_OK) {
		if (wire_receive(sock, &a, ANSWER_MS) == WIRE_OK)
			wire_get_u32(&a, WIRE_RV, &rv);
		wire_end(&a);
	}
	if (sock >= 0)
		close(sock);
	wire_end(w);
	return rv == CKR_OK;
}

bool
hold_lives(const struct hold_link *link, const char *state_dir)
{
	struct wire w;

	wire_begin(&w, WIRE_HAND_OVER);
	wire_put(&w, WIRE_COOKIE, link->cookie, sizeof(link->cookie) - 1);
	return ask(state_dir, link->id, &w);
}

void
hold_prove(struct hold_link *link, const char *state_dir, const unsigned char *cookie, size_t len)
{
	if (len != sizeof(link->cookie) - 1 || cookie[HOLD_ID_LEN] != ':' ||
	    !is_hex(cookie, HOLD_ID_LEN) || !is_hex(cookie + HOLD_ID_LEN + 1, HOLD_SECRET_LEN)) {
		log_warning("P11_LATCH_HOLD is not one of p11-latch personalize, and is ignored");
		return;
	}
	memcpy(link->cookie, cookie, len);
	memcpy(link->id, cookie, HOLD_ID_LEN);
	link->proved = hold_lives(link, state_dir);
	if (!link->proved)
		log_warning("p11-latch personalize that this program was started under has ended, "
			    "or is not "
			    "of this machine");
}

static void
put_secret(struct wire *w, enum wire_tag tag, const struct so *so)
{
	if (so->pin != NULL)
		wire_put(w, tag, secret_bytes(so->pin), secret_len(so->pin));
}

static void
begin(struct wire *w, const struct hold_link *link, const struct card *c)
{
	unsigned char identity[IDENTITY_WIRE_LEN];

	identity_pack(&c->id, identity);
	wire_begin(w, WIRE_HAND_OVER);
	wire_put(w, WIRE_COOKIE, link->cookie, sizeof(link->cookie) - 1);
	wire_put(w, WIRE_IDENTITY, identity, sizeof(identity));
}

/* Handed over without anything, a card stays what it is to a hold that has it. */
bool
hold_has(const struct hold_link *link, const struct card *c)
{
	struct wire w;

	begin(&w, link, c);
	return ask(c->office->config->state_dir, link->id, &w);
}

bool
hold_hand_over(
    const struct hold_link *link, struct card *c, const struct so *newer, const struct so *older)
{
	struct wire w;

	begin(&w, link, c);
	wire_put_u32(&w, WIRE_FLAGS, c->private.proved ? 1 : 0);
	put_secret(&w, WIRE_NEW_PIN, newer);
	put_secret(&w, WIRE_PIN, older);
	w.fd = c->lock;
	return ask(c->office->config->state_dir, link->id, &w);
}
