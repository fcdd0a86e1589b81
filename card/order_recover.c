/* SPDX-License-Identifier: BSD-3-Clause */
/* The order recover: what was interrupted, or waits for somebody who may, is finished or undone. */
#include "card/flow.h"
#include "card/offline.h"
#include "card/order_part.h"
#include "card/pin.h"
#include "card/unblock.h"
#include "policy/log.h"

/* Not tried again at each recovery: it would cost one SO try after the other. */
static void
let_be(struct card *c, const char *why)
{
	log_warning("%s: PUK or card manager key unchanged: %s", c->uri, why);
	c->private.pending = false;
	card_note(c);
}

/* PUK=, NewCardManagerKey= and ClearFields= after an unblocking by whom policy does not answer to.
 */
static enum order_status
follow(struct card *c, FILE *out)
{
	struct so so;
	CK_RV rv;
	bool ok;

	if (!c->private.pending || c->record.state != RECORD_ACTIVE ||
	    c->office->caller == CALLER_ANYONE)
		return ORDER_DONE;
	if (!so_of_policy(c, false, &so))
		return ORDER_FAILED;
	if (so.pin == NULL) {
		fprintf(out,
		    "%s: what else its Unblock description asks for is done at the next login "
		    "with the PUK or card manager key\n",
		    c->uri);
		return ORDER_DONE;
	}
	rv = pin_try_so(c, &so, SO_VIA_REQUEST);
	ok = rv == CKR_OK && unblock_follow(c, &so);
	if (rv == CKR_PIN_INCORRECT)
		let_be(c, "the policy's is not this card's");
	else if (rv == CKR_FUNCTION_NOT_SUPPORTED)
		let_be(c, "its module has no call for that");
	so_clear(&so);
	if (ok)
		fprintf(out, "%s: what its Unblock description asks for is done\n", c->uri);
	return ok ? ORDER_DONE : ORDER_FAILED;
}

bool
order_recover_wants(const struct card *c)
{
	return c->record.state == RECORD_PERSONALIZING || c->private.journal != JOURNAL_NONE ||
	       c->private.pending || c->private.sealed != 0;
}

void
order_recover_absent(const struct card *c, FILE *out)
{
	fprintf(out, "%s: %s; it is dealt with when the card comes back\n", c->uri,
	    c->record.state == RECORD_PERSONALIZING ? "was pulled while it was personalized"
						    : "was pulled while it was unblocked");
}

enum order_status
order_recover(struct card *c, FILE *out)
{
	const struct request q = {.via = SO_VIA_REQUEST, .retry = true};
	enum record_state before = c->record.state;
	CK_RV rv;

	rv = flow_begin(c, &q);
	if (rv == CKR_PIN_LOCKED && c->lock < 0) {
		fprintf(out, "%s: is being personalized by a program that lives\n", c->uri);
		return ORDER_DONE;
	}
	if (rv != CKR_OK)
		return ORDER_FAILED;
	if (c->record.state == RECORD_PERSONALIZING) {
		fprintf(out, "%s: is refused by p11-latch, but cannot be blocked: %s\n", c->uri,
		    c->record.why);
		return ORDER_FAILED;
	}
	if (c->unwritten) {
		fprintf(out, "%s: blocked, but that cannot be written\n", c->uri);
		return ORDER_FAILED;
	}
	if (c->record.state != RECORD_NONE)
		fprintf(out, "%s: %s\n", c->uri, record_state_name(c->record.state));
	else
		fprintf(out, "%s: %s\n", c->uri,
		    before == RECORD_PERSONALIZING
			? "has no PIN, since its personalization was interrupted before it, or "
			  "it was initialised anew; nothing to recover"
			: "initialised anew, nothing to recover");
	if (c->office->caller != CALLER_ANYONE)
		offline_tidy(c);
	return follow(c, out);
}
