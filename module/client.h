/* SPDX-License-Identifier: BSD-3-Clause */
/* A conversation with the helper: requests, and its answers (helper/wire.h). */
#ifndef MODULE_CLIENT_H
#define MODULE_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <p11-kit/pkcs11.h>

#include "helper/wire.h"

/* How long an answer may take, in milliseconds. A test build has limits of its own. */
#ifndef CLIENT_LIMIT_MS
#define CLIENT_LIMIT_MS 120000 /* twice CallTimeout= where nothing is written */
#endif
#ifndef CLIENT_SO_LOGIN_LIMIT_MS
#define CLIENT_SO_LOGIN_LIMIT_MS 75000 /* one call of the vendor's, and something over */
#endif
/* More, where a person types at the reader: twice (card/patience.h). */
#ifndef CLIENT_PAD_MS
#define CLIENT_PAD_MS 180000
#endif

struct client {
	int sock;     /* CLOEXEC and above 2; -1: no conversation */
	pid_t child;  /* the helper as it was spawned, until it is reaped; 0: none */
	bool greeted; /* the first frame is sent */
};

struct answer {
	struct wire wire; /* holds R */
	enum wire_verdict verdict;
	CK_RV rv;          /* with WIRE_DONE */
	uint64_t sequence; /* 0: none came */
	uint32_t flags;
};

void client_none(struct client *c);

/* Spawns the helper or connects to it, as the configuration says. False: logged, with what call it
 * was for. */
bool client_open(struct client *c, const char *call);

/*
 * Sends the request (and ends it), and waits for its answer. call and uri are for the log. False:
 * logged, and nothing more can be said in this conversation. On true, the answer is to be ended.
 */
bool client_ask(struct client *c, struct wire *request, int limit_ms, const char *call,
    const char *uri, struct answer *a);

/* Wipes R. May be called twice. */
void answer_end(struct answer *a);

/* Whether the helper is still there. */
bool client_alive(const struct client *c);

void client_close(struct client *c);

#endif
