/* SPDX-License-Identifier: BSD-3-Clause */
/* A virtual smart card's stay in its reader: power, APDUs, faults, out and in again. */
#include "tests/card/vcard/reader.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "tests/card/vcard/card.h"
#include "tests/card/vcard/fault.h"
#include "tests/card/vcard/link.h"

#define CONNECT_EVERY_MS 50
#define FOR_EVER         (-1)

struct reader {
	const char *dir;
	unsigned port;
	int fd;    /* to vpcd; -1: the card is not in the reader */
	int watch; /* of the folder */
	unsigned n;
	struct card card;
};

/* Waits for the reader, or a change in the folder. True: the reader has something. */
static bool
wait_for_either(struct reader *r, short events, int ms)
{
	struct pollfd p[] = {{.fd = r->watch, .events = POLLIN}, {.fd = r->fd, .events = events}};
	char changes[4096];

	if (poll(p, 2, ms) < 0 && errno != EINTR)
		perror("vcard: poll");
	if ((p[0].revents & POLLIN) != 0)
		(void)!read(r->watch, changes, sizeof(changes));
	return p[1].revents != 0;
}

static void
leave(struct reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
	card_power(&r->card);
}

static const char *
path_of(const struct reader *r, const char *name)
{
	static char path[4096];

	snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	return path;
}

static void
sleep_ms(unsigned ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		;
}

static void
touch(const struct reader *r, const char *name)
{
	FILE *f = fopen(path_of(r, name), "we");

	if (f != NULL)
		fclose(f);
}

/* Nobody puts it back but who takes DIR/out away. */
static void
pull(struct reader *r)
{
	touch(r, "out");
	leave(r);
}

/* DIR/off is there meanwhile. */
static void
lose_power(struct reader *r, unsigned ms)
{
	touch(r, "off");
	leave(r);
	sleep_ms(ms);
	unlink(path_of(r, "off"));
}

static void
hang(struct reader *r)
{
	while (access(path_of(r, "fault"), F_OK) == 0 && access(path_of(r, "out"), F_OK) != 0)
		if (wait_for_either(r, POLLRDHUP, FOR_EVER))
			break;
}

/* A card that cannot keep what it did has not done it: then there is no answer either. */
static size_t
do_apdu(struct reader *r, const unsigned char *apdu, size_t len, unsigned char *answer)
{
	size_t n = card_apdu(&r->card, apdu, len, answer);

	if (r->card.state.changed && !state_write(&r->card.state, r->dir))
		return 0;
	return n;
}

/* The answer's length; 0: there is none, and the card has left the reader. */
static size_t
serve(struct reader *r, const unsigned char *apdu, size_t len, unsigned char *answer)
{
	struct fault f;
	size_t n = 0;

	r->n = apdu_number(r->dir, r->n);
	f = fault_at(r->dir, r->n);
	if (f.kind == FAULT_DELAY)
		sleep_ms(f.value);
	if (f.kind == FAULT_HANG)
		hang(r);
	if (f.kind == FAULT_REFUSE) {
		answer[0] = (unsigned char)(f.value >> 8);
		answer[1] = (unsigned char)f.value;
		n = 2;
	} else if (f.kind != FAULT_PULL && f.kind != FAULT_RESET) {
		n = do_apdu(r, apdu, len, answer);
	}
	if (f.kind == FAULT_PULL_AFTER || f.kind == FAULT_RESET_AFTER)
		n = 0;
	apdu_note(r->dir, r->n, apdu, len, answer, n);
	if (f.kind == FAULT_PULL || f.kind == FAULT_PULL_AFTER)
		pull(r);
	else if (n == 0)
		lose_power(r, f.value);
	return n;
}

static void
message(struct reader *r)
{
	static unsigned char in[LINK_MAX], out[DATA_MAX + 2];
	const struct item *atr = state_item(&r->card.state, "atr");
	ssize_t n = link_receive(r->fd, in);
	size_t len = 0;

	if (n < 0) {
		leave(r);
		return;
	}
	if (n == 1 && in[0] == LINK_ATR && atr != NULL && atr->len <= sizeof(out)) {
		len = atr->len;
		memcpy(out, atr->value, len);
	} else if (n == 1) {
		card_power(&r->card);
	} else if (n > 1) {
		len = serve(r, in, (size_t)n, out);
	}
	if (len > 0 && !link_send(r->fd, out, len))
		leave(r);
}

/* DIR/again: that is the card from now on, in the same reader, as after a reset. */
static bool
become_again(struct reader *r)
{
	char again[4096];

	snprintf(again, sizeof(again), "%s", path_of(r, "again"));
	if (access(again, F_OK) != 0)
		return true;
	card_power(&r->card);
	state_free(&r->card.state);
	if (rename(again, path_of(r, "state")) != 0) {
		perror(again);
		return false;
	}
	return state_read(&r->card.state, r->dir);
}

int
reader_run(const char *dir, unsigned port)
{
	static struct reader r;

	r.dir = dir;
	r.port = port;
	r.fd = -1;
	r.watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (r.watch < 0 || inotify_add_watch(r.watch, dir, IN_CREATE | IN_DELETE | IN_MOVE) < 0) {
		perror(dir);
		return 1;
	}
	if (!state_read(&r.card.state, dir))
		return 1;
	for (;;) {
		bool out = access(path_of(&r, "out"), F_OK) == 0;

		if (!become_again(&r))
			return 1;
		if (out)
			leave(&r);
		else if (r.fd < 0)
			r.fd = link_connect(r.port);
		if (wait_for_either(&r, POLLIN, out || r.fd >= 0 ? FOR_EVER : CONNECT_EVERY_MS))
			message(&r);
	}
}
