/* SPDX-License-Identifier: BSD-3-Clause */
/* Which of the tickets that lie there a box was sealed to: by the hash that stands in it. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "card/box.h"
#include "policy/log.h"

#define CHOICES_MAX 4096

bool
box_hash(const struct ticket *const *tickets, size_t n, unsigned char hash[BOX_HASH])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;
	size_t i;

	for (i = 0; ok && i < n; i++) {
		unsigned char number[2] = {
		    (unsigned char)(tickets[i]->number >> 8), (unsigned char)tickets[i]->number};

		ok = EVP_DigestUpdate(ctx, number, sizeof(number)) == 1 &&
		     EVP_DigestUpdate(ctx, tickets[i]->public, SEAL_KEY) == 1;
	}
	ok = ok && EVP_DigestFinal_ex(ctx, hash, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	if (!ok)
		log_error("SHA-256 failed in OpenSSL");
	return ok;
}

/* The nth ticket of this number; NULL: there are no so many. */
static const struct ticket *
nth(const struct ticket *all, size_t n_all, unsigned number, size_t nth)
{
	size_t i;

	for (i = 0; i < n_all; i++)
		if (all[i].number == number && nth-- == 0)
			return &all[i];
	return NULL;
}

/* The next choice of one ticket of each number, as a counter counts; false: that was the last. */
static bool
next_choice(const struct box *b, const struct ticket *all, size_t n_all, const struct ticket **list,
    size_t *choice)
{
	size_t i;

	for (i = 0; i + 1 < b->n; i++) {
		list[i] = nth(all, n_all, b->numbers[i + 1], ++choice[i]);
		if (list[i] != NULL)
			return true;
		choice[i] = 0;
		list[i] = nth(all, n_all, b->numbers[i + 1], 0);
	}
	return false;
}

/* Fills list with the choice that the hash is of. */
static bool
choose(const struct box *b, const struct box_content *content, const struct ticket *all,
    size_t n_all, const struct ticket **list)
{
	size_t choice[BOX_TICKETS_MAX] = {0}, i;
	unsigned char hash[BOX_HASH];
	unsigned tries;

	for (i = 0; i + 1 < b->n; i++)
		if ((list[i] = nth(all, n_all, b->numbers[i + 1], 0)) == NULL)
			return false;
	for (tries = 0; tries < CHOICES_MAX; tries++) {
		if (!box_hash(list, b->n - 1, hash))
			return false;
		if (memcmp(hash, content->tickets, BOX_HASH) == 0)
			return true;
		if (!next_choice(b, all, n_all, list, choice))
			return false;
	}
	return false;
}

bool
box_find_tickets(const struct box *b, const struct box_content *content, const struct ticket *all,
    size_t n_all, const struct ticket ***list, size_t *n)
{
	*n = 0;
	*list = calloc(b->n, sizeof(const struct ticket *));
	if (*list == NULL)
		return false;
	if (!choose(b, content, all, n_all, *list)) {
		free(*list);
		*list = NULL;
		return false;
	}
	*n = b->n - 1;
	return true;
}
