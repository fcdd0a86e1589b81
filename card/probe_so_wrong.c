/* SPDX-License-Identifier: BSD-3-Clause */
/* Measuring a token: what wrong SO secrets cost, and whether anything shows it. */
#include <stdio.h>

#include "card/probe_part.h"
#include "policy/log.h"

/* A counter that never says FINAL_TRY in as many is none. */
#define WRONG_MOST 16

static bool
give_back(struct probe *p)
{
	CK_RV rv = probe_unblock(p, p->style, p->so).rv;

	if (rv == CKR_OK) {
		probe_count_so(p, false);
		return probe_give_back(p);
	}
	log_error("%s: the SO secret that was given is not taken any more: %s; nothing more is "
		  "done",
	    p->c->uri, rv_name(rv));
	p->lost = true;
	return false;
}

/* False: nothing is to be learnt. */
static bool
send_wrong(struct probe *p, struct probe_reply *reply)
{
	struct secret *wrong = probe_wrong(p, p->so);
	const char *why;

	if (wrong == NULL || probe_forbids(p, p->style, wrong, &why)) {
		secret_free(&wrong);
		return false;
	}
	probe_count_so(p, true);
	*reply = probe_unblock(p, p->style, wrong);
	secret_free(&wrong);
	return !p->lost;
}

static void
learn_from_flags(struct probe *p, const struct probe_reply *reply)
{
	bool shows = (reply->fresh & SO_COUNT_FLAGS) != 0;
	const char *shown = shows ? probe_flags(reply->fresh, true) : "no flag";
	bool none = p->c->profile.so_counter == SO_COUNTER_NONE;

	p->shows_first_so = shows;
	probe_found(p, "SO flags after one wrong SO secret", probe_flags(reply->fresh, true),
	    "in a fresh load; in the same load: %s", probe_flags(reply->same, true));
	if (none && (reply->fresh & (CKF_SO_PIN_FINAL_TRY | CKF_SO_PIN_LOCKED)) == 0)
		probe_found(p, "SoCounter", NULL,
		    "%s after one wrong one; whether more lock it takes --expendable", shown);
	else
		probe_found(p, "SoCounter", p->shows_first_so ? "flags" : "hidden",
		    "%s after one wrong one", shown);
	probe_found(
	    p, "SoTries", NULL, "counting them takes --expendable, and flags that show them");
}

void
probe_wrong_so(struct probe *p)
{
	struct probe_reply reply;
	bool sent;

	if (!give_back(p))
		return;
	sent = send_wrong(p, &reply);
	if (!give_back(p) || !sent)
		return;
	probe_found(p, "a wrong SO secret", rv_name(reply.rv), "to the unblock call");
	if (p->style != UNBLOCK_BY_INIT_PIN)
		probe_found(p, "SoLoginProves", "false", "the PUK is no SO PIN here");
	else if (reply.login == CKR_OK)
		probe_found(p, "SoLoginProves", "false",
		    "C_Login takes a wrong SO PIN, and C_InitPIN answers %s", rv_name(reply.rv));
	else
		probe_found(p, "SoLoginProves", "true", "C_Login answers a wrong SO PIN with %s",
		    rv_name(reply.login));
	if (reply.rv == CKR_OK)
		probe_found(p, "SoCounter", NULL, "the card takes any SO secret");
	else
		learn_from_flags(p, &reply);
}

/*
 * Never the last one, which no module brings back: it ends with FINAL_TRY, and does not begin where
 * the first wrong one showed nothing.
 */
void
probe_so_tries(struct probe *p)
{
	const CK_FLAGS last = CKF_SO_PIN_FINAL_TRY | CKF_SO_PIN_LOCKED;
	struct probe_reply reply = {.rv = CKR_OK};
	char tries[16];
	unsigned n = 0;

	if (!p->shows_first_so) {
		probe_found(p, "SoTries", NULL, "no flag shows how many there are");
		return;
	}
	while (n < WRONG_MOST && ((reply.fresh | reply.same) & last) == 0 &&
	       reply.rv != CKR_PIN_LOCKED) {
		if (!send_wrong(p, &reply) || reply.rv == CKR_OK)
			break;
		n++;
	}
	if (!give_back(p))
		return;
	if (((reply.fresh | reply.same) & CKF_SO_PIN_FINAL_TRY) != 0) {
		snprintf(tries, sizeof(tries), "%u", n + 1);
		probe_found(p, "SoTries", tries, "FINAL_TRY after %u wrong ones", n);
		probe_found(p, "SoCounter", "flags", "FINAL_TRY after %u wrong ones", n);
	} else if (n == WRONG_MOST) {
		probe_found(
		    p, "SoCounter", "none", "%u wrong ones, one after the other, lock nothing", n);
		probe_found(p, "SoTries", NULL, "wrong ones cost nothing");
	}
}
