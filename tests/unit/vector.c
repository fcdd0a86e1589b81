/* SPDX-License-Identifier: BSD-3-Clause */
/* The test vector of p11-latch(7). */
#include <stdlib.h>
#include <string.h>

#include "policy/response.h"
#include "tests/unit/vector.h"

#define DES_KEY 24 /* bytes */
#define AES_KEY 32

static bool
stream_bytes(unsigned char *to, size_t len, void *arg)
{
	struct stream *s = arg;

	while (len-- > 0)
		*to++ = s->next++;
	return true;
}

void
stream_start(struct stream *s, unsigned char first)
{
	s->next = first;
	s->draw.bytes = stream_bytes;
	s->draw.arg = s;
}

/* What fails here fails everywhere: there is nothing to be tested. */
static void
must(bool ok)
{
	if (!ok)
		abort();
}

static struct secret *
key_of(size_t len)
{
	struct secret *key = secret_alloc(len);
	size_t i;

	must(key != NULL);
	for (i = 0; i < len; i++)
		secret_data(key)[i] = (unsigned char)i;
	return key;
}

static void
make(struct vector *v, unsigned char byte, size_t n, unsigned first, uint64_t generation,
    unsigned last)
{
	const struct ticket *list[2] = {&v->tickets[0], &v->tickets[1]};
	struct stream s;
	size_t i;

	v->helpdesk = helpdesk_private(v->key, v->cipher, &v->name);
	must(v->helpdesk != NULL && seal_public(v->helpdesk, v->helpdesk_public));
	stream_start(&s, byte);
	for (i = 0; i < n; i++) {
		struct ticket *t = &v->tickets[i];

		must(ticket_make(v->key, v->cipher, first + (unsigned)i, &v->name, &s.draw, t));
		must(response_compute(
		    v->key, t->challenge, manager_block(v->cipher), &v->responses[i]));
	}
	v->box = box_seal(v->so, v->helpdesk_public, list, n, generation, last, &v->name, &s.draw);
	must(v->box != NULL);
}

void
vector_make(struct vector *v)
{
	const struct identity id = {.serial = "0123456789", .label = "not in the name"};

	memset(v, 0, sizeof(*v));
	v->cipher = MANAGER_DES;
	v->key = key_of(DES_KEY);
	v->so = secret_new("Abcdefghijklmnopqrstuvwxyz012345", 32);
	card_name_set(&v->name, &id, false);
	make(v, 0, 2, 1, 7, 10);
}

void
vector_make_aes(struct vector *v)
{
	const struct identity id = {.serial = "123", .label = "desk 4"};

	memset(v, 0, sizeof(*v));
	v->cipher = MANAGER_AES;
	v->key = key_of(AES_KEY);
	v->so = secret_new("Abcd0123", 8);
	card_name_set(&v->name, &id, true);
	make(v, 0x80, 1, 300, 1, 300);
}

void
vector_free(struct vector *v)
{
	box_free(&v->box);
	secret_free(&v->responses[0]);
	secret_free(&v->responses[1]);
	secret_free(&v->helpdesk);
	secret_free(&v->so);
	secret_free(&v->key);
}
