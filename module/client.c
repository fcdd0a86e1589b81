/* SPDX-License-Identifier: BSD-3-Clause */
/* A conversation with the helper: requests, and its answers. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "module/client.h"
#include "module/provider.h"
#include "module/reach.h"
#include "policy/file.h"
#include "policy/log.h"

#define SEND_MS 5000

void
client_none(struct client *c)
{
	c->sock = -1;
	c->child = 0;
	c->greeted = false;
}

bool
client_open(struct client *c, const char *call)
{
	client_none(c);
	if (provider.config->helper_socket != NULL)
		c->sock = reach_connect(call);
	else
		c->sock = reach_spawn(&c->child, call);
	return c->sock >= 0;
}

/* -1 where the kernel has none: the helper then has the socket alone to go by. */
static int
own_pidfd(void)
{
#ifdef SYS_pidfd_open
	return file_above_2((int)syscall(SYS_pidfd_open, getpid(), 0));
#else
	return -1;
#endif
}

static enum wire_status
send_request(struct client *c, struct wire *request)
{
	enum wire_status status;
	int pidfd = -1, error;

	if (!c->greeted) {
		pidfd = own_pidfd();
		request->fd = pidfd;
		if (provider.cookie != NULL)
			wire_put(request, WIRE_COOKIE, provider.cookie, strlen(provider.cookie));
	}
	status = wire_send(c->sock, request, SEND_MS);
	error = errno;
	c->greeted = true;
	if (pidfd >= 0)
		close(pidfd);
	errno = error;
	return status;
}

static bool
parse_answer(struct answer *a)
{
	uint32_t rv = 0;
	uint8_t verdict;
	bool has_rv = wire_get_u32(&a->wire, WIRE_RV, &rv);

	if (a->wire.type != WIRE_ANSWER || !wire_get_u8(&a->wire, WIRE_VERDICT, &verdict))
		return false;
	a->verdict = (enum wire_verdict)verdict;
	a->rv = rv;
	if (!wire_get_u64(&a->wire, WIRE_SEQUENCE, &a->sequence))
		a->sequence = 0;
	if (!wire_get_u32(&a->wire, WIRE_FLAGS, &a->flags))
		a->flags = 0;
	switch (a->verdict) {
	case WIRE_DONE:
		return has_rv;
	case WIRE_USE_R:
	case WIRE_SET_WITH_R:
		return wire_get(&a->wire, WIRE_R) != NULL;
	case WIRE_VENDOR:
	case WIRE_WATCHING:
	case WIRE_PERSONALIZING:
		return true;
	}
	return false;
}

static void
log_failure(enum wire_status status, int limit_ms, const char *call, const char *uri)
{
	switch (status) {
	case WIRE_CLOSED:
		log_error("%s, %s: the helper ended without an answer; what it logged says why",
		    call, uri);
		break;
	case WIRE_TIMEOUT:
		log_error("%s, %s: the helper did not answer within %d s; see whether the card or "
			  "its reader "
			  "hangs",
		    call, uri, limit_ms / 1000);
		break;
	default:
		log_error("%s, %s: the helper and the module do not understand each other (%s); "
			  "install both "
			  "from one version",
		    call, uri, strerror(errno));
	}
}

bool
client_ask(struct client *c, struct wire *request, int limit_ms, const char *call, const char *uri,
    struct answer *a)
{
	enum wire_status status;
	int error;

	memset(a, 0, sizeof(*a));
	wire_begin(&a->wire, WIRE_ANSWER);
	status = send_request(c, request);
	wire_end(request);
	if (status == WIRE_OK)
		status = wire_receive(c->sock, &a->wire, limit_ms);
	error = errno;
	/* By now it has left its child behind, if ever. */
	if (c->child > 0)
		reach_reap(c->child);
	c->child = 0;
	errno = error;
	if (status == WIRE_OK && !parse_answer(a)) {
		status = WIRE_BROKEN;
		errno = EPROTO;
	}
	if (status == WIRE_OK)
		return true;
	log_failure(status, limit_ms, call, uri);
	answer_end(a);
	return false;
}

void
answer_end(struct answer *a)
{
	wire_end(&a->wire);
}

bool
client_alive(const struct client *c)
{
	struct pollfd p = {.fd = c->sock, .events = POLLIN};

	/* It never speaks unasked, so that anything here is its end. */
	return c->sock >= 0 && poll(&p, 1, 0) == 0;
}

void
client_close(struct client *c)
{
	if (c->sock >= 0)
		close(c->sock);
	client_none(c);
}
