/* SPDX-License-Identifier: BSD-3-Clause */
/* The token of the fuzzers: honest, but where the input bends an answer of its. */
#ifndef TESTS_FUZZ_TOKEN_H
#define TESTS_FUZZ_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <p11-kit/pkcs11.h>

#define TOKEN_SECRET_MAX 256
#define TOKEN_TRIES      3
#define TOKEN_SLOT       7
#define TOKEN_SESSION    1
#define TOKEN_OBJECTS    32

struct token_secret {
	unsigned char bytes[TOKEN_SECRET_MAX];
	size_t len; /* of a PIN, 0: there is none */
	unsigned left, tries;
};

/* A public data object; its handle is its place in the list, from 1. */
struct token_object {
	unsigned char value[1024];
	size_t len; /* 0: there is none */
};

/* The card itself, whatever the module says of it. */
struct token_card {
	const char *manufacturer, *model, *serial, *label;
	CK_ULONG min, max; /* what it shows for lengths of PINs */
	bool counts;       /* wrong ones cost a try */
	bool puk_is_so;    /* C_SetPIN(PUK, new) of somebody who is not logged in unblocks */
	bool has_objects;  /* else its calls that have to do with objects are none of its */
	struct token_secret pin, so;
	struct token_object objects[TOKEN_OBJECTS];
};

/* One answer that is bent: of the call with that number, counted from 0. */
struct token_bend {
	uint8_t call, how, a, b;
};

extern struct token_card token_card;
/* Some answer was other than the truth, and not an error either; or two of a secret were false. */
extern bool token_lied;

void token_set(struct token_secret *s, const char *text);
bool token_is(const struct token_secret *s, const char *text);

/* From here on calls are counted anew, and bent as these n bends say, which stay in place. */
void token_bend(const uint8_t *bends, size_t n);

/* Whom each call tells that it comes, with its number; NULL: nobody. */
extern void (*token_hears)(unsigned call);

CK_RV token_get_list(CK_FUNCTION_LIST **list);

#endif
