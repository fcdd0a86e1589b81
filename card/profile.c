/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of profiles, and how a row is found. */
#include <string.h>

#include "card/profile.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/*
 * What was measured: SoftHSM 2.6.1, openCryptoki 3.8.1, OpenSC 0.23, ykcs11 2.2.0 and tpm2-pkcs11
 * 1.9.0. gemalto, cardos and cryptovision are as their vendors' documents say. generic promises
 * nothing that was not seen.
 */
static const struct profile profiles[] = {
    {
	.name = "generic",
	.so_form = SO_FORM_TEXT,
	.so_counter = SO_COUNTER_FLAGS,
	.unblock_style = UNBLOCK_BY_INIT_PIN,
	.user_counter = true,
	.shows_lock = true,
	.pin_max = 255,
    },
    {
	.name = "softhsm",
	.so_form = SO_FORM_TEXT,
	.so_counter = SO_COUNTER_NONE,
	.unblock_style = UNBLOCK_BY_INIT_PIN,
	.caches = true,
	.shows_life = true,
	.shows_lock = true,
	.so_login_proves = true,
	.pin_min = 4,
	.pin_max = 255,
	.shows_min = 4,
	.shows_max = 255,
    },
    {
	.name = "opencryptoki",
	.so_form = SO_FORM_PUK,
	.lock = true,
	.so_counter = SO_COUNTER_FLAGS,
	.so_tries = 3,
	.unblock_style = UNBLOCK_BY_INIT_PIN,
	.user_counter = true,
	.label_identity = true,
	.shows_life = true,
	.shows_lock = true,
	.so_login_proves = true,
	.init_once = true,
	.pin_min = 4,
	.pin_max = 8,
	.shows_min = 4,
	.shows_max = 8,
    },
    {
	.name = "opensc",
	.so_form = SO_FORM_TEXT,
	.lock = true,
	.so_counter = SO_COUNTER_HIDDEN,
	.so_tries = 3,
	.unblock_style = UNBLOCK_BY_INIT_PIN,
	.user_counter = true,
	.init_new = true,
	.many_slots = true,
	.pin_max = 255,
    },
    {
	/*
	 * OpenSC's OpenPGP driver: C_Login as SO is VERIFY with PW3, and each load asks the card
	 * for the tries of its PIN (OpenPGP card 3.4, 7.2.2).
	 */
	.name = "opensc-openpgp",
	.so_form = SO_FORM_TEXT,
	.lock = true,
	.so_counter = SO_COUNTER_HIDDEN,
	.so_tries = 3,
	.unblock_style = UNBLOCK_BY_INIT_PIN,
	.user_counter = true,
	.shows_lock = true,
	.so_login_proves = true,
	.init_new = true,
	.many_slots = true,
	.pin_min = 6,
	.pin_max = 127,
    },
    {
	/*
	 * OpenSC's PIV driver: no SO login, digits only (SP 800-73-4 part 2, 2.4.3). A PIV card
	 * tells its tries to whoever asks (3.2.1 there), and OpenSC and ykcs11 ask in each load.
	 */
	.name = "opensc-piv",
	.so_form = SO_FORM_PUK,
	.lock = true,
	.so_counter = SO_COUNTER_HIDDEN,
	.so_tries = 3,
	.unblock_style = UNBLOCK_BY_SET_PIN,
	.user_counter = true,
	.shows_lock = true,
	.init_new = true,
	.many_slots = true,
	.pin_digits = true,
	.pin_min = 6,
	.pin_max = 8,
    },
    {
	.name = "yubikey",
	.so_form = SO_FORM_KEY,
	.lock = true,
	.so_counter = SO_COUNTER_HIDDEN,
	.so_tries = 3,
	.unblock_style = UNBLOCK_BY_PUK_PIN,
	.user_counter = true,
	.shows_lock = true,
	.pin_digits = true,
	.pin_min = 6,
	.pin_max = 8,
	.shows_min = 6,
	.shows_max = 48,
    },
    {
	/*
	 * Tokens show a PIN from C_InitToken on. A TPM in lockout answers CKR_PIN_LOCKED, but no
	 * card is locked by that: all are as before when the lockout is over.
	 */
	.name = "tpm2",
	.so_form = SO_FORM_TEXT,
	.so_counter = SO_COUNTER_HIDDEN,
	.unblock_style = UNBLOCK_BY_INIT_PIN,
	.label_identity = true,
	.caches = true,
	.shows_lock = true,
	.so_login_proves = true,
	.never_guess = true,
	.init_new = true,
	.pin_min = 4,
	.pin_max = 128,
	.shows_max = 128,
    },
    {
	/* Softoken: the SO PIN is empty, and right until the first user PIN is set. */
	.name = "nss",
	.so_form = SO_FORM_TEXT,
	.no_block = true,
	.so_counter = SO_COUNTER_NONE,
	.unblock_style = UNBLOCK_BY_INIT_PIN,
	.label_identity = true,
	.shows_life = true,
	.shows_lock = true,
	.so_login_proves = true,
	.pin_max = 255,
    },
    {
	/* Five wrong ones, and the card is dead for ever. */
	.name = "gemalto",
	.so_form = SO_FORM_TEXT,
	.lock = true,
	.so_counter = SO_COUNTER_HIDDEN,
	.so_tries = 5,
	.unblock_style = UNBLOCK_BY_INIT_PIN,
	.user_counter = true,
	.shows_lock = true,
	.so_is_key = true,
	.key_any_length = true,
	.pin_min = 4,
	.pin_max = 255,
    },
    {
	.name = "cardos",
	.so_form = SO_FORM_TEXT,
	.lock = true,
	.so_counter = SO_COUNTER_FLAGS,
	.unblock_style = UNBLOCK_BY_INIT_PIN,
	.user_counter = true,
	.shows_lock = true,
	.key_any_length = true,
	.pin_max = 255,
    },
    {
	.name = "cryptovision",
	.so_form = SO_FORM_PUK,
	.lock = true,
	.so_counter = SO_COUNTER_FLAGS,
	.unblock_style = UNBLOCK_BY_INIT_PIN,
	.user_counter = true,
	.shows_lock = true,
	.pin_max = 255,
    },
};

/* Which row a module is; NULL: anything. The first that matches in all of its strings counts. */
static const struct match {
	const char *profile;
	const char *library_manufacturer;
	const char *library_description;
	const char *token_manufacturer;
	const char *token_model;
	const char *token_label;
} matches[] = {
    {"softhsm", NULL, NULL, "SoftHSM project", NULL, NULL},
    {"opencryptoki", NULL, NULL, "IBM Corp.", "IBM SoftTok", NULL},
    {"opencryptoki", NULL, NULL, "IBM", "Soft", NULL},
    {"nss", NULL, NULL, "Mozilla Foundation", "NSS 3", NULL},
    {"opensc-piv", "OpenSC Project", "OpenSC smartcard framework", "piv_II", NULL, NULL},
    {"opensc-openpgp", "OpenSC Project", "OpenSC smartcard framework", NULL, NULL,
	"OpenPGP card (User PIN)"},
    {"opensc-openpgp", "OpenSC Project", "OpenSC smartcard framework", NULL, NULL,
	"OpenPGP card (User PIN (sig))"},
    {"opensc", "OpenSC Project", "OpenSC smartcard framework", NULL, NULL, NULL},
    {"yubikey", "Yubico (www.yubico.com)", "PKCS#11 PIV Library (SP-800-73)", NULL, NULL, NULL},
    {"gemalto", NULL, NULL, "Gemalto", "ID Prime MD", NULL},
    {"tpm2", "tpm2-software.github.io", "TPM2.0 Cryptoki", NULL, NULL, NULL},
};

const struct profile *
profile_named(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(profiles); i++)
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i];
	return NULL;
}

static bool
agrees(const char *wanted, const char *is)
{
	return wanted == NULL || strcmp(wanted, is) == 0;
}

const struct profile *
profile_match(const char *library_manufacturer, const char *library_description,
    const char *token_manufacturer, const char *token_model, const char *token_label)
{
	size_t i;

	for (i = 0; i < COUNT(matches); i++) {
		const struct match *m = &matches[i];

		if (agrees(m->library_manufacturer, library_manufacturer) &&
		    agrees(m->library_description, library_description) &&
		    agrees(m->token_manufacturer, token_manufacturer) &&
		    agrees(m->token_model, token_model) && agrees(m->token_label, token_label))
			return profile_named(m->profile);
	}
	return &profiles[0];
}

const struct profile *
profile_of_token(const char *token_manufacturer, const char *token_model)
{
	size_t i;

	for (i = 0; i < COUNT(matches); i++) {
		const struct match *m = &matches[i];

		if (!agrees(m->token_manufacturer, token_manufacturer) ||
		    !agrees(m->token_model, token_model))
			continue;
		if (m->library_manufacturer != NULL || m->library_description != NULL)
			return NULL;
		return profile_named(m->profile);
	}
	return NULL;
}
