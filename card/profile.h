/* SPDX-License-Identifier: BSD-3-Clause */
/* What the vendor modules want: one row for each (design, section 7). The table links libc only. */
#ifndef CARD_PROFILE_H
#define CARD_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

enum so_form {
	SO_FORM_TEXT, /* PUK as typed; key as its digits, separators dropped */
	SO_FORM_PUK,  /* PUK only: a key is refused */
	SO_FORM_RAW,  /* PUK as typed; key as its bytes */
	SO_FORM_KEY   /* PUK as typed; key as 48 digits, which C_Login as SO takes and proves, of
			 which no tries are counted, and which unblocks nothing */
};

/* The call that unblocks a card. */
enum unblock_style {
	UNBLOCK_BY_INIT_PIN, /* SO login, C_InitPIN(new) */
	UNBLOCK_BY_SET_PIN,  /* logged out, C_SetPIN(PUK, new): the PUK is not the SO PIN */
	UNBLOCK_BY_PUK_PIN   /* logged out, C_SetPIN("puk:" PUK, "pin:" new), as ykcs11 has it */
};

enum so_counter {
	SO_COUNTER_NONE,  /* wrong SO PINs cost nothing */
	SO_COUNTER_FLAGS, /* a counter, which CKF_SO_PIN_COUNT_LOW, FINAL_TRY and LOCKED show */
	SO_COUNTER_HIDDEN /* a counter that no flag shows: this machine counts */
};

struct profile {
	const char *name;
	enum so_form so_form;
	bool lock;     /* block by lock, else by scramble */
	bool no_block; /* by neither: what its SO PIN can do ends with the first user PIN */
	enum so_counter so_counter;
	unsigned so_tries; /* of a new card; 0: not known */
	enum unblock_style unblock_style;
	bool user_counter;    /* wrong user PINs lock the card */
	bool label_identity;  /* serial numbers are constant: the label counts too */
	bool caches;          /* a process keeps the PINs that it read at C_Initialize */
	bool shows_life;      /* CKF_USER_PIN_INITIALIZED is true to the card */
	bool shows_lock;      /* CKF_USER_PIN_LOCKED is seen by a new process */
	bool so_login_proves; /* CKR_OK from C_Login as SO means that the PIN was right */
	bool never_guess;     /* no wrong value may be sent, ever */
	bool init_once;       /* C_InitToken destroys a token whose SO PIN was changed */
	bool init_new;        /* C_InitToken is refused to a token that is initialised already */
	bool many_slots;      /* one card may be several slots of one reader, with one PIN */
	bool pin_digits;      /* a PIN is of digits only */
	bool so_is_key; /* the SO secret is a key, whatever it is called: nothing else is sent */
	bool key_any_length; /* a key is taken whatever lengths the token shows for PINs */
	size_t pin_min,
	    pin_max; /* bounds of what is sent as PIN, where the token's own are wider or absurd */
	size_t shows_min, shows_max; /* the bounds that each such token shows; 0: they differ */
};

/* By name; NULL where there is none. */
const struct profile *profile_named(const char *name);

/*
 * By C_GetInfo's manufacturerID and libraryDescription and the token's manufacturer, model and
 * label, blanks at the end removed. Never NULL: "generic" where none matches.
 */
const struct profile *profile_match(const char *library_manufacturer,
    const char *library_description, const char *token_manufacturer, const char *token_model,
    const char *token_label);

/* The same where the token alone tells, whatever the library says of itself; NULL where it does
 * not. */
const struct profile *profile_of_token(const char *token_manufacturer, const char *token_model);

/*
 * Sets one column (binding: Profile.COLUMN=) in a copy; false where there is no such column or
 * value.
 */
bool profile_override(struct profile *p, const char *column, const char *value);

/* The value of a column as a binding writes it; false: there is no such column. */
bool profile_value(const struct profile *p, const char *column, char *text, size_t size);

/* Which values a column takes, for messages: "lock, scramble or none". */
bool profile_values(const char *column, char *text, size_t size);

/* The names of the columns that profile_override knows, for messages; NULL ends it. */
extern const char *const profile_columns[];

#endif
