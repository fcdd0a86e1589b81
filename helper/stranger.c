/* SPDX-License-Identifier: BSD-3-Clause */
/* What those tell who come through the socket for all: it is believed when the card shows it. */
#include "card/pin.h"
#include "helper/stranger.h"
#include "policy/log.h"

/* Whoever has the card's SO secret may do with its PIN what he wants. */
static bool
has_so_secret(struct conversation *k)
{
	struct card *c = &k->card;
	CK_RV rv;

	if (k->so.pin == NULL || !c->profile.so_login_proves ||
	    so_begin_try(c, &k->so, SO_VIA_REQUEST) != CKR_OK)
		return false;
	rv = pin_prove_so(c, &k->so);
	return so_tried(c, SO_VIA_REQUEST, rv) && rv == CKR_OK;
}

static bool
is_seen(struct conversation *k)
{
	struct card *c = &k->card;
	bool locked = c->record.state == RECORD_BLOCKED && c->record.method == METHOD_LOCK &&
		      c->profile.shows_lock;

	if (card_look(c) != CKR_OK)
		return false;
	if (locked)
		return c->record.state == RECORD_ACTIVE;
	return has_so_secret(k);
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
