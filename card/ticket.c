/* SPDX-License-Identifier: BSD-3-Clause */
/* Tickets: making one, its 120 bytes, opening it with a response. */
#include <openssl/crypto.h>
#include <string.h>

#include "card/scrypt.h"
#include "card/ticket.h"
#include "policy/log.h"
#include "policy/response.h"

#define TICKET_VERSION 1

/* Where its parts stand (p11-latch(7), TICKETS); what is before the salt is authenticated. */
enum {
	AT_VERSION = 4,
	AT_CIPHER = 5,
	AT_NUMBER = 6,
	AT_CHALLENGE = 8,
	AT_PUBLIC = AT_CHALLENGE + TICKET_CHALLENGE_MAX,
	AT_SALT = AT_PUBLIC + SEAL_KEY,
	AT_SEALED = AT_SALT + TICKET_SALT,
	AT_END = AT_SEALED + SEAL_KEY + SEAL_TAG
};

_Static_assert(AT_END == TICKET_SIZE, "a ticket has 120 bytes");

static const unsigned char magic[4] = {'p', '1', '1', 't'};

void
ticket_write(const struct ticket *t, unsigned char bytes[TICKET_SIZE])
{
	memcpy(bytes, magic, sizeof(magic));
	bytes[AT_VERSION] = TICKET_VERSION;
	bytes[AT_CIPHER] = (unsigned char)t->cipher;
	bytes[AT_NUMBER] = (unsigned char)(t->number >> 8);
	bytes[AT_NUMBER + 1] = (unsigned char)t->number;
	memcpy(bytes + AT_CHALLENGE, t->challenge, TICKET_CHALLENGE_MAX);
	memcpy(bytes + AT_PUBLIC, t->public, SEAL_KEY);
	memcpy(bytes + AT_SALT, t->salt, TICKET_SALT);
	memcpy(bytes + AT_SEALED, t->sealed, sizeof(t->sealed));
}

/* Whether what a shorter challenge leaves is zero, so that a ticket has one form only. */
static bool
is_padded(const struct ticket *t)
{
	size_t i;

	for (i = manager_block(t->cipher); i < TICKET_CHALLENGE_MAX; i++)
		if (t->challenge[i] != 0)
			return false;
	return true;
}

static bool
read_parts(const unsigned char *p, struct ticket *t)
{
	if (p[AT_CIPHER] != MANAGER_DES && p[AT_CIPHER] != MANAGER_AES)
		return false;
	t->cipher = (enum manager_cipher)p[AT_CIPHER];
	t->number = (unsigned)p[AT_NUMBER] << 8 | p[AT_NUMBER + 1];
	memcpy(t->challenge, p + AT_CHALLENGE, TICKET_CHALLENGE_MAX);
	memcpy(t->public, p + AT_PUBLIC, SEAL_KEY);
	memcpy(t->salt, p + AT_SALT, TICKET_SALT);
	memcpy(t->sealed, p + AT_SEALED, sizeof(t->sealed));
	return t->number != 0 && is_padded(t);
}

enum seal_format
ticket_parse(const void *bytes, size_t len, struct ticket *t)
{
	const unsigned char *p = bytes;

	memset(t, 0, sizeof(*t));
	if (len <= AT_VERSION || memcmp(p, magic, sizeof(magic)) != 0 ||
	    p[AT_VERSION] < TICKET_VERSION)
		return FORMAT_BAD;
	if (p[AT_VERSION] > TICKET_VERSION)
		return FORMAT_NEWER;
	if (len == TICKET_SIZE && read_parts(p, t))
		return FORMAT_GOOD;
	memset(t, 0, sizeof(*t));
	return FORMAT_BAD;
}

bool
ticket_equal(const struct ticket *a, const struct ticket *b)
{
	unsigned char x[TICKET_SIZE], y[TICKET_SIZE];

	ticket_write(a, x);
	ticket_write(b, y);
	return memcmp(x, y, TICKET_SIZE) == 0;
}

/* All before the salt, and the card. */
static size_t
authenticated(
    const struct ticket *t, const struct card_name *name, unsigned char ad[AT_SALT + CARD_NAME_MAX])
{
	unsigned char bytes[TICKET_SIZE];

	ticket_write(t, bytes);
	memcpy(ad, bytes, AT_SALT);
	memcpy(ad + AT_SALT, name->bytes, name->len);
	return AT_SALT + name->len;
}

struct secret *
ticket_once(const struct ticket *t, const struct secret *response)
{
	struct secret *once = secret_alloc(SEAL_ONCE);

	if (once == NULL)
		log_error("no memory");
	else if (!scrypt_derive(response, t->salt, TICKET_SALT, once))
		secret_free(&once);
	return once;
}

/* Seals the private key, when all else of the ticket is there. */
static bool
seal_key(struct ticket *t, const struct secret *key, const struct card_name *name,
    const struct secret *private)
{
	unsigned char ad[AT_SALT + CARD_NAME_MAX];
	struct secret *response = NULL, *once = NULL;
	bool ok = false;

	if (!response_compute(key, t->challenge, manager_block(t->cipher), &response))
		log_error("a card manager key of %zu bytes answers no challenges of %zu",
		    secret_len(key), manager_block(t->cipher));
	else if ((once = ticket_once(t, response)) != NULL)
		ok = seal_close(once, ad, authenticated(t, name, ad), private, t->sealed);
	secret_free(&once);
	secret_free(&response);
	return ok;
}

bool
ticket_make(const struct secret *key, enum manager_cipher cipher, unsigned number,
    const struct card_name *name, const struct draw *draw, struct ticket *t)
{
	struct secret *private = NULL;
	bool ok = false;

	memset(t, 0, sizeof(*t));
	if (number == 0 || number > TICKET_LAST) {
		log_error("tickets are numbered from 1 to %u in one life of a card: initialise it "
			  "anew, and personalize it again",
		    TICKET_LAST);
		return false;
	}
	t->cipher = cipher;
	t->number = number;
	if (draw_bytes(draw, t->challenge, manager_block(cipher)) &&
	    (private = seal_private(draw)) != NULL && draw_bytes(draw, t->salt, TICKET_SALT))
		ok = seal_public(private, t->public) && seal_key(t, key, name, private);
	secret_free(&private);
	if (!ok)
		memset(t, 0, sizeof(*t));
	return ok;
}

enum seal_status
ticket_open_once(const struct ticket *t, const struct card_name *name, const struct secret *once,
    struct secret **private)
{
	unsigned char ad[AT_SALT + CARD_NAME_MAX], public[SEAL_KEY];
	enum seal_status status =
	    seal_open(once, ad, authenticated(t, name, ad), t->sealed, sizeof(t->sealed), private);

	if (status != SEAL_OPEN)
		return status;
	/* Whoever knows the response can make a ticket with any key in it. */
	if (!seal_public(*private, public))
		status = SEAL_FAILED;
	else if (CRYPTO_memcmp(public, t->public, SEAL_KEY) != 0)
		status = SEAL_SHUT;
	if (status != SEAL_OPEN)
		secret_free(private);
	return status;
}

enum seal_status
ticket_open(const struct ticket *t, const struct card_name *name, const struct secret *response,
    struct secret **private)
{
	enum seal_status status = SEAL_FAILED;
	struct secret *once;

	*private = NULL;
	if (secret_len(response) != manager_block(t->cipher))
		return SEAL_SHUT;
	once = ticket_once(t, response);
	if (once != NULL)
		status = ticket_open_once(t, name, once, private);
	secret_free(&once);
	return status;
}
