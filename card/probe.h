/* SPDX-License-Identifier: BSD-3-Clause */
/* Measuring a token that nobody knows: what the columns of its profile are. */
#ifndef CARD_PROBE_H
#define CARD_PROBE_H

#include "card/office.h"
#include "card/profile.h"
#include "policy/secret.h"

/* What only a person can give; nothing else is ever set on the card. */
enum probe_secret {
	PROBE_PIN,     /* the user PIN now valid */
	PROBE_SO,      /* the PUK or card manager key now valid */
	PROBE_NEW_PIN, /* another PIN, which the card has for an instant */
	PROBE_NEW_SO,  /* another PUK or key, likewise */
	PROBE_SECRETS
};

enum probe_answer { PROBE_YES, PROBE_NO, PROBE_NOBODY }; /* NOBODY: there is no one to ask */

struct probe_person {
	/* Whether a step may be done; given_back: it leaves nothing behind. */
	enum probe_answer (*agrees)(const char *what, const char *cost, bool given_back, void *arg);
	/* Not owned by the caller; NULL: none. Asked for once each, and only when it is needed. */
	const struct secret *(*gives)(enum probe_secret which, void *arg);
	/* What is being done to the card, before it is done. */
	void (*told)(const char *line, void *arg);
	void *arg;
};

struct probe_order {
	const char *uri;
	bool expendable; /* tries may be spent to the last, the card be locked and initialised */
	struct probe_person person;
};

#define PROBE_FINDINGS 56

struct probe_finding {
	const char *name;
	bool column;    /* of a profile, else only good to know */
	char value[64]; /* "": not known, and how says why */
	char row[16];   /* a column's in the row that the token is measured against */
	bool differs;   /* a binding is to say it: the row does not hold for this card */
	char how[200];
};

struct probe_result {
	struct identity id;
	char uri[IDENTITY_URI_MAX];
	char binding_uri[IDENTITY_URI_MAX]; /* of all tokens of this make */
	const char *row;                    /* name of the profile it is measured against */
	const char *alike; /* of another that says the same of all that was measured; NULL: none */
	bool as_found;     /* the card is as it was */
	struct probe_finding findings[PROBE_FINDINGS];
	size_t n;
};

/*
 * Measures the one card that the URI matches. False: refused, or it could not begin (logged), and
 * there is no result.
 */
bool probe_card(struct office *o, const struct probe_order *order, struct probe_result *r);

#endif
