/* SPDX-License-Identifier: BSD-3-Clause */
/* Measuring a token: what its names, flags and slots tell, which costs nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "card/probe_part.h"

#define LENGTH_SANE 255
/* A card manager key has 32 digits at least, or 16 bytes (2DES). */
#define KEY_LEAST 16

static bool
says(const char *text, const char *word)
{
	return strcasestr(text, word) != NULL;
}

/* Its lockout is of the whole TPM, and shared by all keys in it. */
static void
look_for_tpm(struct probe *p)
{
	const struct profile *row = profile_named(p->r->row);

	p->tpm = row->never_guess || p->c->profile.never_guess || says(p->v->manufacturer, "tpm") ||
		 says(p->v->description, "tpm") || says(p->id.manufacturer, "tpm") ||
		 says(p->id.model, "tpm");
	probe_found(p, "NeverGuess", p->tpm ? "true" : "false",
	    p->tpm ? "a TPM by its names, or by its profile: no wrong value is sent"
		   : "no TPM by its names");
	if (p->tpm) {
		probe_found(p, "Block", "scramble", "a TPM is never locked");
		probe_tell(p,
		    "a TPM: a wrong value counts against all keys in it, so give the right ones");
	}
	p->yubico = says(p->v->manufacturer, "yubico") || says(p->v->description, "yubi") ||
		    row->unblock_style == UNBLOCK_BY_PUK_PIN ||
		    p->c->profile.unblock_style == UNBLOCK_BY_PUK_PIN;
}

static void
look_at_lengths(struct probe *p)
{
	CK_ULONG min = p->info.ulMinPinLen, max = p->info.ulMaxPinLen;
	char value[64];

	if (max == 0 || max > LENGTH_SANE || min > max) {
		probe_found(p, "PIN lengths", "absurd", "the token shows %lu to %lu", min, max);
		return;
	}
	snprintf(value, sizeof(value), "%lu to %lu", min, max);
	probe_found(p, "PIN lengths", value, "as the token shows");
	probe_found(p, "PinMin", NULL, "the token shows %lu; the narrower of both counts", min);
	probe_found(p, "PinMax", NULL, "the token shows %lu; the narrower of both counts", max);
	if (max < KEY_LEAST)
		probe_found(
		    p, "SoForm", "puk", "the token takes %lu characters at most: no key", max);
}

static void
look_at_flags(struct probe *p)
{
	CK_FLAGS flags = p->info.flags;

	probe_found(
	    p, "user flags as found", probe_flags(flags, false), "before anything was sent");
	probe_found(p, "SO flags as found", probe_flags(flags, true), "before anything was sent");
	probe_found(p, "CKF_USER_PIN_INITIALIZED",
	    (flags & CKF_USER_PIN_INITIALIZED) != 0 ? "set" : "clear", "before anything was sent");
	if ((flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0)
		probe_found(p, "PIN pad", "yes",
		    "the reader has one; here the values that you give are sent");
}

static bool
is_same_make(const struct identity *a, const struct identity *b)
{
	return strcmp(a->manufacturer, b->manufacturer) == 0 && strcmp(a->model, b->model) == 0 &&
	       strcmp(a->serial, b->serial) == 0;
}

/* A card in a reader, of which both slots are: some software tokens are all of one description. */
static bool
is_same_reader(struct probe *p, CK_SLOT_ID a, CK_SLOT_ID b)
{
	CK_SLOT_INFO slot;

	memset(&slot, 0, sizeof(slot));
	return p->f->C_GetSlotInfo(a, &slot) == CKR_OK &&
	       (slot.flags & CKF_REMOVABLE_DEVICE) != 0 && vendor_one_reader(p->v, a, b);
}

/* Another token of the same serial number is the same card, or says that all have that number. */
static void
look_at_slots(struct probe *p)
{
	struct token *list = NULL;
	size_t n = 0, i;

	if (probe_load(p) != CKR_OK)
		return;
	if (vendor_tokens(p->v, &list, &n) != CKR_OK)
		n = 0;
	for (i = 0; i < n; i++) {
		if (list[i].slot == p->slot || !is_same_make(&list[i].id, &p->id))
			continue;
		if (is_same_reader(p, list[i].slot, p->slot))
			probe_found(p, "ManySlots", "true",
			    "slots %lu and %lu of one reader have this serial number", p->slot,
			    list[i].slot);
		else
			probe_found(p, "Identity", "serial+label",
			    "another token has the same serial number, in slot %lu", list[i].slot);
	}
	free(list);
	vendor_stop(p->v);
	if (strspn(p->id.serial, "0") == strlen(p->id.serial))
		probe_found(p, "Identity", "serial+label", "the serial number is none");
	probe_found(p, "ManySlots", NULL, "no other slot is of this card now");
	probe_found(p, "serial number", p->id.serial[0] != '\0' ? p->id.serial : "none",
	    "as the token shows");
}

void
probe_names(struct probe *p)
{
	look_for_tpm(p);
	look_at_lengths(p);
	look_at_flags(p);
	look_at_slots(p);
}
