/* SPDX-License-Identifier: BSD-3-Clause */
/* Boxes: sealing one, its bytes, opening it with one recipient's private key. */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "card/box.h"
#include "policy/log.h"

#define BOX_VERSION 1
#define LABEL       "p11-latch box 1"

/* Where its parts stand (p11-latch(7), BOXES). */
enum {
	AT_VERSION = 4,
	AT_RESERVED = 5,
	AT_COUNT = 6,
	AT_GENERATION = 8,
	AT_LAST = 16,
	AT_SO = 1, /* in the content */
	AT_HELPDESK = AT_SO + BOX_SO_MAX,
	AT_TICKETS = AT_HELPDESK + SEAL_KEY
};

_Static_assert(AT_LAST + 2 == BOX_HEADER, "the header has 18 bytes");
_Static_assert(AT_TICKETS + BOX_HASH == BOX_CONTENT, "the content has 129 bytes");

#define AD_MAX (BOX_HEADER + 2 * (BOX_TICKETS_MAX + 1) + 2 + CARD_NAME_MAX)

static const unsigned char magic[4] = {'p', '1', '1', 'b'};

static void
put_number(unsigned char *to, unsigned number)
{
	to[0] = (unsigned char)(number >> 8);
	to[1] = (unsigned char)number;
}

static unsigned
get_number(const unsigned char *from)
{
	return (unsigned)from[0] << 8 | from[1];
}

static void
put_generation(unsigned char *to, uint64_t generation)
{
	size_t i;

	for (i = 0; i < 8; i++)
		to[i] = (unsigned char)(generation >> (56 - 8 * i));
}

static uint64_t
get_generation(const unsigned char *from)
{
	uint64_t generation = 0;
	size_t i;

	for (i = 0; i < 8; i++)
		generation = generation << 8 | from[i];
	return generation;
}

static const unsigned char *
entry(const struct box *b, size_t i)
{
	return b->bytes + BOX_HEADER + i * BOX_ENTRY;
}

/* --- Its form --------------------------------------------------------------------------------- */

/* Reads header and numbers from b->bytes; false where they are not what a box has. */
static bool
read_parts(struct box *b)
{
	const unsigned char *p = b->bytes;
	size_t i;

	b->n = get_number(p + AT_COUNT);
	b->generation = get_generation(p + AT_GENERATION);
	b->last = get_number(p + AT_LAST);
	if (p[AT_RESERVED] != 0 || b->n == 0 || b->n > BOX_TICKETS_MAX + 1 || b->generation == 0 ||
	    b->len != BOX_HEADER + b->n * BOX_ENTRY)
		return false;
	for (i = 0; i < b->n; i++) {
		b->numbers[i] = get_number(entry(b, i));
		if (i == 0 ? b->numbers[i] != BOX_HELPDESK : b->numbers[i] <= b->numbers[i - 1])
			return false;
	}
	return b->numbers[b->n - 1] <= b->last;
}

enum seal_format
box_parse(const void *bytes, size_t len, struct box **out)
{
	const unsigned char *p = bytes;
	struct box *b;

	*out = NULL;
	if (len <= AT_VERSION || memcmp(p, magic, sizeof(magic)) != 0 ||
	    p[AT_VERSION] < BOX_VERSION)
		return FORMAT_BAD;
	if (p[AT_VERSION] > BOX_VERSION)
		return FORMAT_NEWER;
	if (len < BOX_HEADER || len > BOX_SIZE_MAX)
		return FORMAT_BAD;
	b = calloc(1, sizeof(*b) + len);
	if (b == NULL)
		return FORMAT_BAD;
	b->len = len;
	memcpy(b->bytes, bytes, len);
	if (!read_parts(b)) {
		box_free(&b);
		return FORMAT_BAD;
	}
	*out = b;
	return FORMAT_GOOD;
}

void
box_free(struct box **b)
{
	free(*b);
	*b = NULL;
}

bool
box_equal(const struct box *a, const struct box *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* Which recipient the number is; b->n: none. */
static size_t
place_of(const struct box *b, unsigned number)
{
	size_t i = 0;

	while (i < b->n && b->numbers[i] != number)
		i++;
	return i;
}

bool
box_has(const struct box *b, unsigned number)
{
	return place_of(b, number) < b->n;
}

/* The header, the numbers of all recipients, the number of this one, and the card. */
static size_t
authenticated(const struct box *b, size_t i, const struct card_name *name, unsigned char ad[AD_MAX])
{
	size_t len = BOX_HEADER, k;

	memcpy(ad, b->bytes, BOX_HEADER);
	for (k = 0; k < b->n; k++, len += 2)
		put_number(ad + len, b->numbers[k]);
	put_number(ad + len, b->numbers[i]);
	memcpy(ad + len + 2, name->bytes, name->len);
	return len + 2 + name->len;
}

/* --- Sealing ---------------------------------------------------------------------------------- */

static bool
may_seal(const struct secret *so, const struct ticket *const *tickets, size_t n,
    uint64_t generation, unsigned last)
{
	bool ok = secret_len(so) > 0 && secret_len(so) <= BOX_SO_MAX && n <= BOX_TICKETS_MAX &&
		  generation != 0 && last <= TICKET_LAST;
	size_t i;

	for (i = 0; ok && i < n; i++)
		ok = tickets[i]->number > (i == 0 ? BOX_HELPDESK : tickets[i - 1]->number) &&
		     tickets[i]->number <= last;
	if (!ok)
		log_error("no box can be made of %zu tickets up to number %u, generation %llu, for "
			  "an SO secret of %zu bytes",
		    n, last, (unsigned long long)generation, secret_len(so));
	return ok;
}

/* Header and numbers, and the rest zero. */
static struct box *
blank(const struct ticket *const *tickets, size_t n, uint64_t generation, unsigned last)
{
	size_t len = BOX_HEADER + (n + 1) * BOX_ENTRY, i;
	struct box *b = calloc(1, sizeof(*b) + len);

	if (b == NULL) {
		log_error("no memory");
		return NULL;
	}
	b->generation = generation;
	b->last = last;
	b->n = n + 1;
	b->len = len;
	memcpy(b->bytes, magic, sizeof(magic));
	b->bytes[AT_VERSION] = BOX_VERSION;
	put_number(b->bytes + AT_COUNT, (unsigned)b->n);
	put_generation(b->bytes + AT_GENERATION, generation);
	put_number(b->bytes + AT_LAST, last);
	for (i = 0; i < b->n; i++) {
		b->numbers[i] = i == 0 ? BOX_HELPDESK : tickets[i - 1]->number;
		put_number(b->bytes + BOX_HEADER + i * BOX_ENTRY, b->numbers[i]);
	}
	return b;
}

static struct secret *
content_write(const struct secret *so, const unsigned char helpdesk[SEAL_KEY],
    const struct ticket *const *tickets, size_t n)
{
	struct secret *content = secret_alloc(BOX_CONTENT);
	unsigned char *p;

	if (content == NULL) {
		log_error("no memory");
		return NULL;
	}
	p = secret_data(content);
	p[0] = (unsigned char)secret_len(so);
	memcpy(p + AT_SO, secret_bytes(so), secret_len(so));
	memcpy(p + AT_HELPDESK, helpdesk, SEAL_KEY);
	if (!box_hash(tickets, n, p + AT_TICKETS))
		secret_free(&content);
	return content;
}

struct box *
box_seal(const struct secret *so, const unsigned char helpdesk[SEAL_KEY],
    const struct ticket *const *tickets, size_t n, uint64_t generation, unsigned last,
    const struct card_name *name, const struct draw *draw)
{
	struct secret *content = NULL;
	unsigned char ad[AD_MAX];
	struct box *b = NULL;
	bool ok = false;
	size_t i;

	if (!may_seal(so, tickets, n, generation, last) ||
	    (b = blank(tickets, n, generation, last)) == NULL ||
	    (content = content_write(so, helpdesk, tickets, n)) == NULL)
		goto out;
	ok = true;
	for (i = 0; ok && i < b->n; i++)
		ok = seal_to(i == 0 ? helpdesk : tickets[i - 1]->public, LABEL, ad,
		    authenticated(b, i, name, ad), content, draw,
		    b->bytes + BOX_HEADER + i * BOX_ENTRY + 2);
out:
	secret_free(&content);
	if (!ok)
		box_free(&b);
	return b;
}

/* --- Opening ---------------------------------------------------------------------------------- */

static enum seal_status
content_read(const struct secret *bytes, struct box_content *content)
{
	const unsigned char *p = secret_bytes(bytes);
	unsigned char rest = 0;
	size_t len = p[0], i;

	if (len == 0 || len > BOX_SO_MAX)
		return SEAL_SHUT;
	for (i = AT_SO + len; i < AT_HELPDESK; i++)
		rest |= p[i];
	if (rest != 0)
		return SEAL_SHUT;
	content->so = secret_new(p + AT_SO, len);
	if (content->so == NULL)
		return SEAL_FAILED;
	memcpy(content->helpdesk, p + AT_HELPDESK, SEAL_KEY);
	memcpy(content->tickets, p + AT_TICKETS, BOX_HASH);
	return SEAL_OPEN;
}

enum seal_status
box_open(const struct box *b, const struct card_name *name, unsigned number,
    const struct secret *private, struct box_content *content)
{
	size_t i = place_of(b, number);
	struct secret *bytes = NULL;
	enum seal_status status;
	unsigned char ad[AD_MAX];

	memset(content, 0, sizeof(*content));
	if (i == b->n)
		return SEAL_SHUT;
	status = seal_from(private, LABEL, ad, authenticated(b, i, name, ad), entry(b, i) + 2,
	    SEAL_HEADER + BOX_CONTENT, &bytes);
	if (status == SEAL_OPEN)
		status = content_read(bytes, content);
	secret_free(&bytes);
	return status;
}

void
box_clear(struct box_content *content)
{
	secret_free(&content->so);
	OPENSSL_cleanse(content, sizeof(*content));
}
