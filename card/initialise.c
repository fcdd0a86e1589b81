/* SPDX-License-Identifier: BSD-3-Clause */
/* C_InitToken: a new life of a card, which may make it another one by name. */
#include <string.h>

#include "card/order_part.h"
#include "card/pin.h"
#include "card/tickets.h"
#include "policy/log.h"

#define LABEL_LEN 32 /* bytes, blank-padded (PKCS#11 2.40, C_InitToken) */

struct init {
	const struct so *so;
	bool counts; /* a wrong SO secret costs a try */
	bool done;
	/* p11-kit 0.24's client of a module elsewhere sends all up to a NUL. */
	CK_UTF8CHAR label[LABEL_LEN + 1];
	CK_TOKEN_INFO info;
};

static CK_RV
init_token(struct work *w, void *arg)
{
	struct init *i = arg;
	CK_RV rv;

	w->card->so_try = i->counts ? SO_SENT : SO_NOT_SENT;
	rv = w->f->C_InitToken(w->slot, (CK_BYTE *)(uintptr_t)secret_bytes(i->so->pin),
	    secret_len(i->so->pin), i->label);
	if (rv != CKR_OK && !pin_may_count(w->card, rv))
		w->card->so_try = SO_NOT_SENT;
	w->spent = i->counts && pin_may_count(w->card, rv) ? SO_COUNT_FLAGS : 0;
	i->done = i->done || rv == CKR_OK;
	return rv == CKR_OK ? w->f->C_GetTokenInfo(w->slot, &i->info) : rv;
}

static size_t
label_len(const struct card *c, const struct secret *label)
{
	return label != NULL ? secret_len(label) : strlen(c->id.label);
}

static void
set_label(const struct card *c, const struct secret *label, CK_UTF8CHAR to[LABEL_LEN + 1])
{
	const void *from = label != NULL ? (const void *)secret_bytes(label) : c->id.label;

	memset(to, ' ', LABEL_LEN);
	to[LABEL_LEN] = '\0';
	memcpy(to, from, label_len(c, label));
}

/* On some modules a new life means a new serial number: from here on c is that card. */
static CK_RV
open_anew(struct card *c, const CK_TOKEN_INFO *info)
{
	struct office *office = c->office;
	struct identity id;
	CK_RV rv;

	identity_set(&id, info->label, info->manufacturerID, info->model, info->serialNumber);
	/* The boxes here were of the life that is over. */
	if (!tickets_forget(c) || !card_forget(c))
		return CKR_FUNCTION_FAILED;
	card_close(c);
	rv = card_open(c, office, &id);
	if (rv == CKR_OK && card_take(c, 0) != LOCK_TAKEN)
		rv = CKR_FUNCTION_FAILED;
	if (rv == CKR_OK && c->record.state != RECORD_NONE && !card_forget(c))
		rv = CKR_FUNCTION_FAILED;
	c->info = *info;
	return rv;
}

/*
 * openCryptoki 3.8.1: afterwards every SO login is CKR_FUNCTION_FAILED, and with the factory's SO
 * PIN CKR_PIN_INCORRECT.
 */
static bool
would_destroy(const struct card *c)
{
	if (!c->profile.init_once || (c->info.flags & CKF_SO_PIN_TO_BE_CHANGED) != 0)
		return false;
	log_error(
	    "%s: not initialised: this module would destroy a token whose PUK was changed; put "
	    "it into the state of the factory by the means of its vendor (openCryptoki: remove "
	    "its files while pkcsslotd is stopped), then apply this again",
	    c->uri);
	return true;
}

/* OpenSC 0.23: CKR_FUNCTION_NOT_SUPPORTED; tpm2-pkcs11 1.9.0: CKR_ARGUMENTS_BAD. */
static bool
would_refuse(const struct card *c)
{
	if (!c->profile.init_new)
		return false;
	log_error("%s: not initialised: this module initialises no token that was initialised "
		  "before (Profile.InitNew=); take InitToken= and InitialLabel= out of the "
		  "description, and apply does all else that it asks for on the token as it is",
	    c->uri);
	return true;
}

bool
initialise_may(const struct card *c, const struct secret *label)
{
	size_t len = label_len(c, label);

	if (len > LABEL_LEN) {
		log_error("%s: not initialised: InitialLabel= has %zu bytes, a token's label %d at "
			  "most; give it a shorter one",
		    c->uri, len, LABEL_LEN);
		return false;
	}
	return (c->info.flags & CKF_TOKEN_INITIALIZED) == 0 ||
	       (!would_destroy(c) && !would_refuse(c));
}

CK_RV
initialise_card(struct card *c, struct so *so, enum so_via via, const struct secret *label)
{
	bool counts = (c->info.flags & CKF_TOKEN_INITIALIZED) != 0;
	struct init i = {.so = so, .counts = counts && c->profile.so_counter != SO_COUNTER_NONE};
	CK_RV rv = CKR_OK;

	if (!initialise_may(c, label))
		return CKR_FUNCTION_FAILED;
	set_label(c, label, i.label);
	if (counts)
		rv = so_begin_try(c, so, via);
	if (rv != CKR_OK)
		return rv;
	rv = card_work(c, init_token, &i);
	/* It takes the boxes away. */
	if (i.done)
		memset(&so->box, 0, sizeof(so->box));
	if (rv != CKR_OK) {
		if (counts)
			so_tried(c, via, rv);
		return rv;
	}
	log_info("%s: initialised", c->uri);
	rv = open_anew(c, &i.info);
	/* C_InitToken has set it, or taken it for right. */
	if (rv == CKR_OK)
		c->so_try = SO_PROVED;
	return rv;
}
