/* SPDX-License-Identifier: BSD-3-Clause */
/* The end of a personalization: tickets where they are asked for, and the block. */
#include <string.h>

#include "card/applies.h"
#include "card/found.h"
#include "card/offline.h"
#include "card/personalized.h"
#include "card/pin.h"
#include "policy/log.h"

bool
personalizes(const struct description *desc)
{
	return desc != NULL && (desc->block_card || desc->init_cr_key);
}

static CK_RV
prove(struct card *c, const struct so *so)
{
	if (so == NULL || so->pin == NULL)
		return CKR_FUNCTION_FAILED;
	return pin_try_so(c, so, SO_VIA_REQUEST);
}

/* Nothing was ever in a box of this card: the first one was written, and not come to be. */
static void
drop_begun(struct card *c)
{
	if (c->private.generation != 0 || tickets_keep(c, NULL, 0, NULL) != CKR_OK)
		return;
	offline_drop(c);
	c->private.sealed = 0;
	card_note(c);
}

/* What the card counted was no false answer, and a try that its holder's own may need. */
static bool
was_counted(struct card *c)
{
	if (c->profile.so_counter == SO_COUNTER_NONE)
		return false;
	return c->profile.so_counter != SO_COUNTER_FLAGS || card_peek(c) != CKR_OK ||
	       (c->info.flags & SO_COUNT_FLAGS) != 0;
}

/*
 * The box that an interrupted personalization of this life wrote: its secret is in force, or the
 * holder's is, and then the box is of no use. *refused: not its own, for all that the card says.
 */
static bool
finish_begun(struct card *c, const struct description *desc, struct so *new, bool *refused)
{
	CK_RV rv, again;

	if (c->private.sealed == 0 && c->private.generation == 0)
		return false;
	if (!offline_of_policy(c, desc, SO_VIA_REQUEST, new))
		return false;
	rv = prove(c, new);
	/* One refusal may be a false answer. What the budget says of another try is none. */
	if (rv == CKR_PIN_INCORRECT && !was_counted(c)) {
		again = prove(c, new);
		rv = again == CKR_PIN_LOCKED ? rv : again;
	}
	if (rv == CKR_OK) {
		offline_accepted(c, new);
		(void)offline_show(c);
		log_info(
		    "%s: has %u tickets, whose making was interrupted", c->uri, c->record.tickets);
		return true;
	}
	*refused = rv == CKR_PIN_INCORRECT;
	if (*refused)
		found_note_refused(c, new);
	so_clear(new);
	return false;
}

/*
 * Without its holder's SO secret nobody can give it another. At a stranger's request the policy's
 * key opens no box either: the card may be a forged one, which would be sent what is in it.
 */
static bool
make_tickets(
    struct card *c, const struct description *desc, const struct sitting *s, struct so *new)
{
	const struct so *now = NULL;
	bool refused = false;

	if (c->office->caller != CALLER_ANYONE && finish_begun(c, desc, new, &refused))
		return true;
	if (prove(c, s->newer) == CKR_OK)
		now = s->newer;
	else if (prove(c, s->older) == CKR_OK)
		now = s->older;
	/* One refusal may be a false answer, and what is in the box nobody knows else. */
	if (now != NULL && refused)
		drop_begun(c);
	if (now != NULL)
		return offline_make(c, desc, now, new) == CKR_OK;
	log_error("%s: gets no tickets, since nobody here holds its SO secret; p11-latch apply "
		  "makes them, with its PUK",
	    c->uri);
	return false;
}

/* What it had before is known all the same. */
static void
note_none(struct card *c)
{
	if (c->private.generation != 0)
		return;
	c->record.offline = true;
	c->record.tickets = 0;
	c->record.challenge[0] = '\0';
}

static CK_RV
end(struct card *c, const struct description *desc, const struct sitting *s)
{
	if (desc == NULL || desc->block_card || !desc->init_cr_key)
		return block_card(c, s, false);
	if (card_reborn(c))
		return CKR_OK;
	return card_record(c, RECORD_ACTIVE, METHOD_NONE, true) ? CKR_OK : CKR_FUNCTION_FAILED;
}

void
personalized_begin(struct card *c)
{
	c->record.ending = true;
	(void)card_record(c, RECORD_PERSONALIZING, c->record.method, false);
}

CK_RV
personalized(struct card *c, const struct sitting *sitting)
{
	const struct description *desc = c->binding != NULL ? c->binding->personalize : NULL;
	struct sitting s = *sitting;
	struct so new = {0};
	CK_RV rv;

	offline_drop(c);
	if (desc != NULL && desc->init_cr_key && description_applies(c, desc) == CKR_OK &&
	    card_look(c) == CKR_OK && c->record.state != RECORD_NONE && !card_reborn(c)) {
		if (make_tickets(c, desc, sitting, &new))
			s = (struct sitting){.newer = &new, .proved = true};
		else
			note_none(c);
	}
	rv = end(c, desc, &s);
	so_clear(&new);
	return rv;
}
