/* SPDX-License-Identifier: BSD-3-Clause */
/* The vendor module in this process: loaded once, initialised for one piece of work at a time. */
#ifndef CARD_VENDOR_H
#define CARD_VENDOR_H

#include <stdbool.h>
#include <stddef.h>

#include <p11-kit/pkcs11.h>

#include "policy/identity.h"

struct vendor {
	CK_FUNCTION_LIST *f;
	char *path;
	char *reserved; /* pReserved of C_Initialize, NULL where it is none */
	bool initialized;
	bool refused;          /* the last C_Initialize failed */
	char manufacturer[33]; /* C_GetInfo; empty before the first vendor_start() */
	char description[33];
};

struct token {
	CK_SLOT_ID slot;
	CK_TOKEN_INFO info;
	struct identity id;
};

/*
 * Loads the module; the log says why it could not. reserved: what C_Initialize is given as
 * pReserved, "" for nothing (copied). limit_s: how long one call may take (card/patience.h).
 * SIGPIPE is ignored from then on. To be closed by vendor_close().
 */
CK_RV vendor_open(const char *path, const char *reserved, unsigned limit_s, struct vendor **v);

/*
 * C_Initialize and C_Finalize. Between them, and nowhere else, the card may be touched: a load that
 * is older than another process's change is stale on some modules, and on others it disturbs the
 * application.
 */
CK_RV vendor_start(struct vendor *v);
void vendor_stop(struct vendor *v);

/* What to do about an rv that C_Initialize answered, for a line of the log. */
const char *vendor_remedy(const struct vendor *v, CK_RV rv);

/* All tokens that are present: *list is to be freed; at most 256. Only between start and stop. */
CK_RV vendor_tokens(struct vendor *v, struct token **list, size_t *n);

/*
 * The one token of this identity; with many_slots a card may be several slots of one reader, and
 * the one with the label is taken, else the first. CKR_TOKEN_NOT_PRESENT: it is not there.
 * CKR_FUNCTION_REJECTED: two are, and nobody can tell which is meant (logged).
 */
CK_RV vendor_find(
    struct vendor *v, const struct identity *id, bool with_label, bool many_slots, struct token *t);

/* Whether both slots are of one reader, by their description. Only between start and stop. */
bool vendor_one_reader(struct vendor *v, CK_SLOT_ID a, CK_SLOT_ID b);

/* "CKR_PIN_LOCKED"; for unknown ones "CKR_0x80000001". Valid until the next call in this thread. */
const char *rv_name(CK_RV rv);

/*
 * What an application is told where a module's answer ends a flow: one of those that p11-latch(7)
 * lists, and CKR_FUNCTION_FAILED for all others, which the log names.
 */
CK_RV rv_told(CK_RV rv);
bool rv_is_told(CK_RV rv);

/* The answer of a call that is given no PIN: one to a PIN says nothing of any, and is an error. */
CK_RV rv_without_pin(CK_RV rv);

/* The vendor module stays loaded until the process ends: unloading them is a known cause of
 * crashes. */
void vendor_close(struct vendor *v);

#endif
