/* SPDX-License-Identifier: BSD-3-Clause */
/* What those tell who come through the socket for all: it is believed when the card shows it. */
#include "helper/stranger.h"
#include "policy/log.h"

/*
 * Only a card that was locked, and shows that it is no more, tells by itself. Any other could be
 * asked with what the program says that it logged in with, which would be a guess of its SO secret
 * that costs the caller nothing, and the card a try: the PIN tells, when somebody logs in with it.
 */
static bool
is_seen(struct conversation *k)
{
	struct card *c = &k->card;

	return c->record.state == RECORD_BLOCKED && c->record.method == METHOD_LOCK &&
	       c->profile.shows_lock && card_look(c) == CKR_OK && c->record.state == RECORD_ACTIVE;
}

CK_RV
stranger_result(struct conversation *k, CK_RV rv)
{
	if (rv != CKR_OK || k->caller != CALLER_ANYONE || k->kind != INIT_UNBLOCK || is_seen(k))
		return rv;
	log_info("%s: a program says that it has set the PIN, which the card does not show so far; "
		 "the next login with it will",
	    k->card.uri);
	return CKR_GENERAL_ERROR;
}
