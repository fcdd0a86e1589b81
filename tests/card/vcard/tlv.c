/* SPDX-License-Identifier: BSD-3-Clause */
/* BER-TLV of virtual smart cards: tags of one or two bytes, lengths up to 65535. */
#include "tests/card/vcard/tlv.h"

#include <string.h>

#include "tests/card/vcard/card.h"

#define HEADER_MAX 6

static bool
take(const unsigned char **at, size_t *left, unsigned char *byte)
{
	if (*left == 0)
		return false;
	*byte = *(*at)++;
	(*left)--;
	return true;
}

static bool
take_length(const unsigned char **at, size_t *left, size_t *len)
{
	unsigned char byte, more;

	if (!take(at, left, &byte))
		return false;
	*len = byte;
	if (byte < 0x80)
		return true;
	if (byte != 0x81 && byte != 0x82)
		return false;
	for (*len = 0, more = byte & 0x0f; more > 0; more--) {
		if (!take(at, left, &byte))
			return false;
		*len = *len << 8 | byte;
	}
	return true;
}

bool
tlv_next(const unsigned char **at, size_t *left, struct tlv *t)
{
	unsigned char byte;

	if (!take(at, left, &byte))
		return false;
	t->tag = byte;
	if ((byte & 0x1f) == 0x1f) {
		if (!take(at, left, &byte))
			return false;
		t->tag = t->tag << 8 | byte;
	}
	if (!take_length(at, left, &t->len) || t->len > *left)
		return false;
	t->value = *at;
	*at += t->len;
	*left -= t->len;
	return true;
}

bool
tlv_find(const unsigned char *data, size_t len, unsigned tag, struct tlv *t)
{
	while (tlv_next(&data, &len, t))
		if (t->tag == tag)
			return true;
	return false;
}

static size_t
header(unsigned char *out, unsigned tag, size_t len)
{
	size_t n = 0;

	if (tag > 0xff)
		out[n++] = (unsigned char)(tag >> 8);
	out[n++] = (unsigned char)tag;
	if (len > 0xff) {
		out[n++] = 0x82;
		out[n++] = (unsigned char)(len >> 8);
	} else if (len > 0x7f) {
		out[n++] = 0x81;
	}
	out[n++] = (unsigned char)len;
	return n;
}

void
tlv_put(struct reply *r, unsigned tag, const void *value, size_t len)
{
	size_t start = r->len;

	if (len > sizeof(r->data) - r->len) {
		r->sw = SW_FAILED;
		return;
	}
	if (len > 0)
		memcpy(r->data + r->len, value, len);
	r->len += len;
	tlv_wrap(r, start, tag);
}

void
tlv_wrap(struct reply *r, size_t start, unsigned tag)
{
	unsigned char h[HEADER_MAX];
	size_t len = r->len - start, n = header(h, tag, len);

	if (n > sizeof(r->data) - r->len) {
		r->sw = SW_FAILED;
		return;
	}
	memmove(r->data + start + n, r->data + start, len);
	memcpy(r->data + start, h, n);
	r->len += n;
}
