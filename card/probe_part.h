/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of probe_card() share. */
#ifndef CARD_PROBE_PART_H
#define CARD_PROBE_PART_H

#include "card/probe.h"
#include "card/so.h"

#define USER_FLAGS (CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED)

struct probe {
	struct card *c;
	struct vendor *v;
	CK_FUNCTION_LIST *f;
	const struct probe_order *order;
	struct probe_result *r;
	struct identity id; /* InitToken may change it */
	CK_SLOT_ID slot;    /* of the last load, */
	CK_TOKEN_INFO info; /* and its token */
	CK_FLAGS found;     /* the flags that the card had */
	size_t objects;     /* that its user sees; 0 until it was looked */
	bool tpm;           /* nothing wrong is ever sent */
	bool yubico;        /* an SO PIN that is no management key is checked as user PIN */
	bool pin_right;
	bool shows_first;         /* COUNT_LOW or more after one wrong PIN */
	bool shows_first_so;      /* after one wrong SO secret */
	bool style_tried;         /* the profile's */
	bool has_style;           /* an unblock call was seen to be accepted */
	bool lost;                /* the card could not be brought back: nothing more is done */
	bool spent_so, spent_puk; /* a try went to a value that was not the right one */
	struct secret *so;        /* the SO secret in the form that the card takes */
	struct secret *secrets[PROBE_SECRETS];
	enum unblock_style style;
};

/* What a card answered to one value, and which of its flags showed then. */
struct probe_reply {
	CK_RV login; /* of C_Login, where there was one before */
	CK_RV rv;
	CK_FLAGS same, fresh; /* in this load, and in the one after it */
};

/* --- What is found ------------------------------------------------------------------------------
 */

/* value NULL: not known, and the text says why; it does not replace what is known. */
void probe_found(struct probe *p, const char *name, const char *value, const char *how, ...)
    __attribute__((format(printf, 4, 5)));
/* Why nothing was done to find it; only where nothing else is said of it. */
void probe_why_not(struct probe *p, const char *name, const char *why);

/* "COUNT_LOW, FINAL_TRY", "none"; so: the SO's. Valid until the fourth call after it. */
const char *probe_flags(CK_FLAGS flags, bool so);

/* Fills in the row's values, and what differs; at the end. */
void probe_compare(struct probe *p);

/* --- Loads --------------------------------------------------------------------------------------
 */

/* C_Initialize, and the token: p->slot, p->info. To be ended by vendor_stop(). */
CK_RV probe_load(struct probe *p);
CK_RV probe_open(struct probe *p, bool writable, CK_SESSION_HANDLE *session);
/* Flags in a fresh load; a module that cannot be asked shows none. */
CK_FLAGS probe_look(struct probe *p);
/* The same by a process of its own. */
CK_FLAGS probe_look_elsewhere(struct probe *p);

/* C_Login and C_Logout in a load of their own. */
struct probe_reply probe_login(struct probe *p, CK_USER_TYPE user, const struct secret *pin);
/* The objects that its user sees. */
CK_RV probe_objects(struct probe *p, size_t *n);
/* One wrong PIN or SO secret, as long as the right one. */
struct secret *probe_wrong(const struct probe *p, const struct secret *right);
/* The right PIN: every try is given back. False: it is not taken any more, p->lost. */
bool probe_give_back(struct probe *p);

/* C_Login as user with the one, C_SetPIN to the other; sure that it is so in a fresh load. */
CK_RV probe_change_pin(struct probe *p, const struct secret *from, const struct secret *to);
/* The PIN is the one that was found, whichever of the two it is now. */
bool probe_pin_back(struct probe *p);

/* The unblock call, setting the PIN that the card has. */
struct probe_reply probe_unblock(
    struct probe *p, enum unblock_style style, const struct secret *so);
/* Whether the call must not be made with this value (*why), whatever anybody says. */
bool probe_forbids(
    const struct probe *p, enum unblock_style style, const struct secret *so, const char **why);

const struct secret *probe_secret(struct probe *p, enum probe_secret which);
void probe_tell(struct probe *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Counts one wrong SO secret of a governed card where its record does; clears the counts. */
void probe_count_so(struct probe *p, bool sent);

CK_BYTE *probe_bytes(const struct secret *s);

/* --- Steps --------------------------------------------------------------------------------------
 */

/* All that somebody agrees to. */
void probe_steps(struct probe *p);

void probe_names(struct probe *p);
void probe_pin(struct probe *p);
void probe_wrong_pin(struct probe *p);
void probe_short_pin(struct probe *p);
void probe_so(struct probe *p);
void probe_other_styles(struct probe *p);
void probe_wrong_so(struct probe *p);
void probe_caches(struct probe *p);
void probe_new_so(struct probe *p);
void probe_lock(struct probe *p);
void probe_so_tries(struct probe *p);
void probe_init_token(struct probe *p);

#endif
