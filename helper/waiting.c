/* SPDX-License-Identifier: BSD-3-Clause */
/* How long the other end of a conversation may take, and who may not keep operators from a card. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "card/lock.h"
#include "helper/waiting.h"
#include "policy/log.h"

/* A client that is silent or slow is dropped; only the holder of a personalizing card may sit. */
#define SILENCE_MS 5000
/* The module that spawned this helper is answered for by its own application; a card may be slow.
 */
#define SILENCE_SPAWNED_MS 120000
/* All of a conversation through the socket for all, however busy. */
#define STRANGER_MS 60000
/* Where a stranger has the card's lock: how often it is looked whether an operator wants it, and
 * what the stranger then still has. */
#define LOOK_MS  50
#define HURRY_MS 300
/* What the holder's call of its vendor may take yet when this helper is told to end; the rest of
 * TimeoutStopSec=30 (conf/) is for the block. A test build has a limit of its own. */
#ifndef TOLD_MS
#define TOLD_MS 20000
#endif

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void
waiting_begin(struct conversation *k)
{
	k->begun = now_ms();
}

/* A stranger has the card's lock. */
static bool
in_the_way(const struct conversation *k)
{
	return k->caller == CALLER_ANYONE && k->card_open && k->card.lock >= 0;
}

int
waiting_limit(const struct conversation *k)
{
	return in_the_way(k) ? HURRY_MS : SILENCE_MS;
}

/* When the next frame has to be there; -1: it may take its time. */
static int64_t
patience(const struct conversation *k)
{
	int64_t end = now_ms() + SILENCE_MS;

	if (k->personalizing)
		return -1;
	if (k->awaited != AWAIT_NOTHING)
		return k->result_by;
	/* An SO session that sits idle holds no lock, only this process. */
	if (k->watching && k->caller != CALLER_ANYONE)
		return -1;
	if (k->caller == CALLER_ANYONE && end > k->begun + STRANGER_MS)
		end = k->begun + STRANGER_MS;
	return end;
}

void
waiting_note(struct conversation *k)
{
	if (k->awaited == AWAIT_NOTHING)
		k->result_by = 0;
	else if (k->result_by == 0)
		k->result_by = now_ms() + (k->spawned ? SILENCE_SPAWNED_MS : SILENCE_MS);
}

static void
hurry(struct conversation *k, int64_t *end)
{
	int64_t soon = now_ms() + HURRY_MS;

	if (!lock_is_wanted(k->card.lock) || *end <= soon)
		return;
	*end = soon;
	if (k->awaited != AWAIT_NOTHING)
		k->result_by = soon;
}

/* As poll(), until the clock shows end, or sooner where operators want the card. */
static int
poll_until(struct conversation *k, struct pollfd *p, nfds_t n, int64_t end)
{
	bool yields = in_the_way(k);
	int ready;

	for (;;) {
		int64_t left = end < 0 ? -1 : end - now_ms();

		if (end >= 0 && left <= 0)
			return 0;
		if (yields && left > LOOK_MS)
			left = LOOK_MS;
		ready = poll(p, n, (int)left);
		if (ready > 0 || (ready < 0 && errno != EINTR))
			return ready;
		if (yields)
			hurry(k, &end);
	}
}

/*
 * Told to end while the vendor's call runs at the other end: a PIN that it sets would come after
 * the block, and stay. Its result goes first, or the end of who called it.
 */
static int
poll_for_result(struct conversation *k, struct pollfd *p)
{
	int64_t end = now_ms() + TOLD_MS, until = patience(k);
	int n;

	log_debug("told to end by a signal; the vendor's call at the other end goes first");
	p[2].revents = 0;
	n = poll_until(k, p, 2, until >= 0 && until < end ? until : end);
	k->told = n == 0;
	return n;
}

enum event
waiting_for_event(struct conversation *k)
{
	struct pollfd p[3] = {
	    {.fd = k->sock, .events = POLLIN},
	    {.fd = k->holder, .events = POLLIN},
	    {.fd = k->signals, .events = POLLIN},
	};
	int n;

	n = poll_until(k, p, 3, patience(k));
	if (n > 0 && k->awaited != AWAIT_NOTHING && (p[0].revents | p[1].revents) == 0)
		n = poll_for_result(k, p);
	if (n <= 0) {
		log_debug("%s", n == 0 ? "the other end is silent" : strerror(errno));
		return EVENT_END;
	}
	/* What it still said goes before its end. */
	if (p[0].revents & POLLIN)
		return EVENT_FRAME;
	log_debug("%s", p[1].revents   ? "the holder's process is gone"
			: p[0].revents ? "the holder's socket is closed"
				       : "told to end by a signal");
	return EVENT_END;
}
