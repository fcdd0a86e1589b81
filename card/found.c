/* SPDX-License-Identifier: BSD-3-Clause */
/* SO secrets out of the boxes of a card, of which one is in force. */
#include <openssl/evp.h>
#include <string.h>

#include "card/found.h"
#include "card/pin.h"
#include "policy/log.h"

void
found_clear(struct found *f)
{
	while (f->n > 0)
		so_clear(&f->so[--f->n]);
}

bool
found_digest(const struct box *b, unsigned char digest[BOX_HASH])
{
	if (EVP_Digest(b->bytes, b->len, digest, NULL, EVP_sha256(), NULL) == 1)
		return true;
	log_error("SHA-256 failed in OpenSSL");
	return false;
}

bool
found_is(const struct box *b, const struct opened *box)
{
	unsigned char digest[BOX_HASH];

	return b->generation == box->generation && found_digest(b, digest) &&
	       memcmp(digest, box->digest, BOX_HASH) == 0;
}

bool
found_was_refused(const struct card *c, const unsigned char digest[BOX_HASH])
{
	size_t i;

	for (i = 0; i < c->private.n_refused; i++) {
		if (memcmp(c->private.refused[i], digest, REFUSED_LEN) == 0)
			return true;
	}
	return false;
}

void
found_refused(struct card *c, const struct opened *box)
{
	struct private *p = &c->private;

	if (box->generation == 0 || found_was_refused(c, box->digest))
		return;
	memmove(p->refused[1], p->refused[0], sizeof(p->refused) - sizeof(p->refused[0]));
	memcpy(p->refused[0], box->digest, REFUSED_LEN);
	if (p->n_refused < REFUSED_MOST)
		p->n_refused++;
}

void
found_note_refused(struct card *c, const struct so *so)
{
	/* A PUK of Unblock= may be the card's all the same. */
	if (so->policy && (c->private.generation != 0 || c->binding == NULL || so_is_offline(c)))
		c->private.foreign_so = true;
	found_refused(c, &so->box);
	card_note(c);
	offline_drop(c);
}

/* The newest first. */
static void
add(struct found *f, const struct so *so)
{
	size_t i;

	for (i = f->n; i > 0 && f->so[i - 1].box.generation < so->box.generation; i--)
		f->so[i] = f->so[i - 1];
	f->so[i] = *so;
	f->n++;
}

void
found_open(const struct card *c, const struct box *b, unsigned number, const struct secret *private,
    const struct secret *manager, struct found *f)
{
	struct box_content content;
	struct card_name name;
	struct so so = {0};

	if (f->n == OFFLINE_BOXES)
		return;
	offline_name(c, &name);
	if (box_open(b, &name, number, private, &content) != SEAL_OPEN)
		return;
	so.pin = secret_dup(content.so);
	so.manager = secret_dup(manager);
	so.box.generation = b->generation;
	so.box.number = number;
	memcpy(so.box.helpdesk, content.helpdesk, SEAL_KEY);
	memcpy(so.box.tickets, content.tickets, BOX_HASH);
	if (so.pin != NULL && (so.manager != NULL || manager == NULL) &&
	    found_digest(b, so.box.digest) && !found_was_refused(c, so.box.digest))
		add(f, &so);
	else
		so_clear(&so);
	box_clear(&content);
}

void
found_newest(struct found *f, struct so *so)
{
	*so = f->so[0];
	memset(&f->so[0], 0, sizeof(f->so[0]));
	so->several = true;
}

static CK_RV
prove(struct card *c, const struct so *so, enum so_via via)
{
	CK_RV rv = so_begin_try(c, so, via);

	if (rv != CKR_OK)
		return rv;
	rv = pin_prove_so(c, so);
	if (rv == CKR_PIN_INCORRECT)
		found_refused(c, &so->box);
	return so_tried(c, via, rv) ? rv : CKR_FUNCTION_FAILED;
}

CK_RV
found_settle(struct card *c, struct found *f, enum so_via via, struct so *so)
{
	CK_RV rv = CKR_PIN_INCORRECT;
	bool one = f->n == 1, last = via == SO_VIA_LAST_TRY && so_is_last_try(c);
	enum so_via others = via == SO_VIA_LAST_TRY ? SO_VIA_REQUEST : via;
	size_t i;

	if (!one && last)
		log_warning("%s: which of its %zu boxes is the one that is right is not known: "
			    "what is in the newest is sent",
		    c->uri, f->n);
	for (i = 0; i < f->n && rv == CKR_PIN_INCORRECT; i++) {
		rv = one ? CKR_OK : prove(c, &f->so[i], last && i == 0 ? via : others);
		if (rv != CKR_OK)
			continue;
		*so = f->so[i];
		memset(&f->so[i], 0, sizeof(f->so[i]));
		if (!one)
			offline_accepted(c, so);
	}
	return rv;
}
