/* SPDX-License-Identifier: BSD-3-Clause */
/* p11-latch personalize: one holder for all programs that a command runs (design, section 3). */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

#include "card/records.h"
#include "helper/wire.h"
#include "tool/add.h"
#include "tool/spawn.h"
#include "tool/tool.h"

#define ANSWER_MS 10000
/* All cards of the hold are blocked before the answer comes. */
#define BLOCK_MS 300000

#define COOKIE "P11_LATCH_HOLD="
#define CONF   "P11_LATCH_CONF="

static int
own_pidfd(void)
{
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, getpid(), 0);
#else
	return -1;
#endif
}

static bool
send_request(int sock)
{
	enum wire_status status;
	struct wire w;

	wire_begin(&w, WIRE_HOLD);
	w.fd = own_pidfd();
	status = wire_send(sock, &w, ANSWER_MS);
	if (w.fd >= 0)
		close(w.fd);
	wire_end(&w);
	return status == WIRE_OK;
}

/* "P11_LATCH_HOLD=" and the cookie; NULL: printed why. To be wiped and freed. */
static char *
open_hold(int sock)
{
	const struct wire_field *cookie;
	uint8_t verdict = WIRE_DONE;
	char *variable = NULL;
	struct wire a;

	if (!send_request(sock)) {
		fputs("p11-latch: the helper does not listen; see the machine's log\n", stderr);
		return NULL;
	}
	if (wire_receive(sock, &a, ANSWER_MS) != WIRE_OK) {
		fputs("p11-latch: the helper gave no answer; see the machine's log\n", stderr);
		wire_end(&a);
		return NULL;
	}
	cookie = wire_get(&a, WIRE_TEXT);
	if (!wire_get_u8(&a, WIRE_VERDICT, &verdict) || verdict != WIRE_WATCHING || cookie == NULL)
		fputs("p11-latch: the helper refuses to watch over a personalization; the "
		      "machine's log (authpriv) says why\n",
		    stderr);
	else if (asprintf(&variable, COOKIE "%.*s", (int)cookie->len, cookie->bytes) < 0)
		variable = NULL;
	wire_end(&a);
	return variable;
}

struct hold {
	const struct config *config;
	char id[HOLD_ID_LEN + 1];
	bool any; /* card that is not blocked */
};

static void
look_at(const char *file, const struct record *r, bool damaged, void *arg)
{
	struct hold *h = arg;

	(void)file;
	h->any =
	    h->any || (!damaged && r->state == RECORD_PERSONALIZING && strcmp(r->hold, h->id) == 0);
}

static bool
is_open(struct hold *h)
{
	h->any = false;
	return (!records_each(h->config->state_dir, look_at, h) && errno != ENOENT) || h->any;
}

/* The watcher died: what it had would stay open until somebody's next request. */
static void
recover(void *arg)
{
	struct order order = {.op = ORDER_RECOVER};

	fputs("p11-latch: the watcher of this personalization is gone; the cards that it had are "
	      "blocked now, as by p11-latch recover\n",
	    stderr);
	if (is_open(arg))
		(void)tool_order(&order);
}

/* It may be gone since before; programs of the hold that lived then have ended meanwhile. */
static bool
is_recovered(struct hold *h)
{
	if (is_open(h))
		recover(h);
	if (!is_open(h))
		return true;
	fputs("p11-latch: not every card of this personalization is blocked; see p11-latch status, "
	      "and run p11-latch recover when what it says is mended\n",
	    stderr);
	return false;
}

/* The end of the hold: every card of it is blocked when this returns. */
static bool
close_hold(struct hold *h, int sock)
{
	uint32_t rv = CKR_FUNCTION_FAILED;
	enum wire_status status;
	struct wire a;

	/* What it is not told it does not answer. */
	if (shutdown(sock, SHUT_WR) != 0) {
		wire_begin(&a, 0);
		status = WIRE_CLOSED;
	} else {
		status = wire_receive(sock, &a, BLOCK_MS);
	}
	if (status == WIRE_OK)
		wire_get_u32(&a, WIRE_RV, &rv);
	wire_end(&a);
	if (status == WIRE_CLOSED)
		return is_recovered(h);
	if (status != WIRE_OK)
		fputs("p11-latch: the helper did not say that the cards are blocked; see "
		      "p11-latch status\n",
		    stderr);
	else if (rv != CKR_OK)
		fputs("p11-latch: not every card could be blocked; see p11-latch status, and the "
		      "machine's log\n",
		    stderr);
	return status == WIRE_OK && rv == CKR_OK;
}

/* A module reads it by itself: the usual one, or that of an instance that is there. */
static bool
is_a_modules_own(const char *conf)
{
	static const char folder[] = P11_LATCH_CONF_DIR "/";
	struct instance in = {0};
	char *name;
	bool is;

	if (strcmp(conf, P11_LATCH_CONF_FILE) == 0)
		return true;
	if (strncmp(conf, folder, strlen(folder)) != 0)
		return false;
	name = instance_of_file(conf + strlen(folder), ".conf");
	is = name != NULL && instance_find(&in, name, false) && access(in.library, F_OK) == 0;
	instance_free(&in);
	free(name);
	return is;
}

/*
 * --config is for the programs too: they would speak of another state directory else. Not where it
 * is one of those that modules know themselves, each its own: there *variable is NULL. It is to be
 * freed. False: printed why.
 */
static bool
conf_variable(char **variable)
{
	const char *conf = tool_config(), *inherited = getenv("P11_LATCH_CONF");
	char *path;

	*variable = NULL;
	if (is_a_modules_own(conf)) {
		if (inherited != NULL && strcmp(inherited, conf) != 0)
			unsetenv("P11_LATCH_CONF");
		return true;
	}
	path = realpath(conf, NULL);
	if (path == NULL || asprintf(variable, CONF "%s", path) < 0) {
		fprintf(stderr, "p11-latch: %s cannot be handed on: %s\n", conf, strerror(errno));
		*variable = NULL;
	}
	free(path);
	return *variable != NULL;
}

static int
hold_and_run(const struct config *c, int sock, char **command)
{
	struct hold hold = {.config = c};
	char *variables[3] = {NULL};
	char *conf;
	int status;

	if (!conf_variable(&conf))
		return TOOL_FAILED;
	variables[0] = open_hold(sock);
	if (variables[0] == NULL) {
		free(conf);
		return TOOL_FAILED;
	}
	(void)sscanf(variables[0], COOKIE "%16[0-9a-f]", hold.id);
	variables[1] = conf;
	status = spawn_command(command, variables, sock, recover, &hold);
	explicit_bzero(variables[0], strlen(variables[0]));
	free(variables[0]);
	free(conf);
	return close_hold(&hold, sock) ? status : TOOL_FAILED;
}

int
tool_personalize(int argc, char **argv)
{
	struct config *c;
	int sock, status = TOOL_FAILED;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return tool_help("personalize");
	if (argc < 2 || strcmp(argv[1], "--") != 0)
		return tool_usage("personalize", "-- is to stand before the command");
	if (argc < 3)
		return tool_usage("personalize", "a command is to be given");
	c = tool_read_config();
	if (c == NULL)
		return TOOL_FAILED;
	sock = c->helper_socket != NULL ? tool_connect(c) : spawn_helper(c);
	if (sock >= 0) {
		status = hold_and_run(c, sock, argv + 2);
		close(sock);
	}
	config_free(c);
	return status;
}
