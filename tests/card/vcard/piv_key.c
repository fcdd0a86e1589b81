/* SPDX-License-Identifier: BSD-3-Clause */
/* A virtual PIV card: its keys, and the management key's challenge and response. */
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "tests/card/vcard/key.h"
#include "tests/card/vcard/piv.h"
#include "tests/card/vcard/tlv.h"

#define BLOCK         8
#define MGM_LEN       24
#define KEY_MGM       0x9b
#define SIGNATURE_KEY 0x9c
#define CARD_KEY      0x9e /* wants no PIN */
#define ALG_3DES      0x03
#define ALG_DEFAULT   0x00
#define ALG_RSA_2048  0x07

/* SP 800-73-4, part 2, table 7. */
#define TAG_WITNESS   0x80
#define TAG_CHALLENGE 0x81
#define TAG_RESPONSE  0x82

static bool
encrypt(const struct card *card, const unsigned char *in, unsigned char *out)
{
	const struct item *key = state_item(&card->state, "mgm");
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	bool good = ctx != NULL && key != NULL && key->len == MGM_LEN &&
		    EVP_EncryptInit_ex(ctx, EVP_des_ede3_ecb(), NULL, key->value, NULL) == 1 &&
		    EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
		    EVP_EncryptUpdate(ctx, out, &n, in, BLOCK) == 1 && n == BLOCK;

	EVP_CIPHER_CTX_free(ctx);
	return good;
}

static void
put_block(struct reply *r, unsigned tag, const unsigned char *block)
{
	tlv_put(r, tag, block, BLOCK);
	tlv_wrap(r, 0, 0x7c);
}

/* The card's own number: encrypted as a witness, which is to come back in clear, or as it is. */
static void
begin(struct card *card, bool witness, struct reply *r)
{
	unsigned char block[BLOCK];

	card->witnessed = card->challenged = false;
	if (RAND_bytes(card->nonce, BLOCK) != 1 || !encrypt(card, card->nonce, block)) {
		r->sw = SW_FAILED;
		return;
	}
	card->witnessed = witness;
	card->challenged = !witness;
	put_block(r, witness ? TAG_WITNESS : TAG_CHALLENGE, witness ? block : card->nonce);
}

static bool
is_block(const struct tlv *t, const unsigned char *expected)
{
	return t->len == BLOCK && memcmp(t->value, expected, BLOCK) == 0;
}

/* The witness in clear, and a challenge for the card. */
static void
end_mutual(
    struct card *card, const struct tlv *witness, const struct tlv *challenge, struct reply *r)
{
	unsigned char block[BLOCK];

	if (!card->witnessed || !is_block(witness, card->nonce)) {
		r->sw = SW_NOT_SATISFIED;
	} else if (challenge->len != BLOCK || !encrypt(card, challenge->value, block)) {
		r->sw = SW_WRONG_DATA;
	} else {
		card->verified_so = true;
		put_block(r, TAG_RESPONSE, block);
	}
	card->witnessed = false;
}

static void
end_single(struct card *card, const struct tlv *response, struct reply *r)
{
	unsigned char block[BLOCK];

	if (card->challenged && encrypt(card, card->nonce, block) && is_block(response, block))
		card->verified_so = true;
	else
		r->sw = SW_NOT_SATISFIED;
	card->challenged = false;
}

/* t: what is in the template. */
static void
manage(struct card *card, const struct tlv *t, struct reply *r)
{
	struct tlv witness, challenge, response;
	bool has_witness = tlv_find(t->value, t->len, TAG_WITNESS, &witness);
	bool has_challenge = tlv_find(t->value, t->len, TAG_CHALLENGE, &challenge);
	bool has_response = tlv_find(t->value, t->len, TAG_RESPONSE, &response);

	if (has_witness && witness.len == 0)
		begin(card, true, r);
	else if (has_witness && has_challenge)
		end_mutual(card, &witness, &challenge, r);
	else if (has_challenge && challenge.len == 0)
		begin(card, false, r);
	else if (has_response && response.len > 0)
		end_single(card, &response, r);
	else
		r->sw = SW_WRONG_DATA;
}

static bool
may_use(const struct card *card, unsigned char slot)
{
	if (slot == SIGNATURE_KEY)
		return card->verified_sign;
	return slot == CARD_KEY || card->verified_user;
}

static const struct item *
find_key(const struct card *card, unsigned char slot)
{
	char name[ITEM_NAME];

	snprintf(name, sizeof(name), "key.%02x", slot);
	return state_item(&card->state, name);
}

static void
use_key(struct card *card, unsigned char slot, const struct tlv *t, struct reply *r)
{
	const struct item *key = find_key(card, slot);
	unsigned char out[KEY_BYTES];
	struct tlv challenge;

	if (key == NULL)
		r->sw = SW_NO_REFERENCE;
	else if (!may_use(card, slot))
		r->sw = SW_NOT_SATISFIED;
	else if (!tlv_find(t->value, t->len, TAG_CHALLENGE, &challenge) ||
		 challenge.len != KEY_BYTES || !key_raw(key->value, key->len, challenge.value, out))
		r->sw = SW_WRONG_DATA;
	else
		tlv_put(r, TAG_RESPONSE, out, sizeof(out));
	if (r->sw == SW_OK)
		tlv_wrap(r, 0, 0x7c);
	if (slot == SIGNATURE_KEY)
		card->verified_sign = false;
}

void
piv_authenticate(struct card *card, const struct command *c, struct reply *r)
{
	struct tlv t;

	if (!tlv_find(c->data, c->len, 0x7c, &t))
		r->sw = SW_WRONG_DATA;
	else if (c->p2 == KEY_MGM && (c->p1 == ALG_3DES || c->p1 == ALG_DEFAULT))
		manage(card, &t, r);
	else if (c->p2 != KEY_MGM && c->p1 == ALG_RSA_2048)
		use_key(card, c->p2, &t, r);
	else
		r->sw = SW_WRONG_P1P2;
}

void
piv_generate(struct card *card, const struct command *c, struct reply *r)
{
	static unsigned char der[KEY_DER_MAX];
	unsigned char modulus[KEY_BYTES];
	char name[ITEM_NAME];
	struct tlv t, algorithm;
	size_t len;

	if (!card->verified_so) {
		r->sw = SW_NOT_SATISFIED;
		return;
	}
	if (c->p2 < 0x82 || c->p2 > 0x9e || c->p2 == KEY_MGM ||
	    !tlv_find(c->data, c->len, 0xac, &t) || !tlv_find(t.value, t.len, 0x80, &algorithm) ||
	    algorithm.len != 1 || algorithm.value[0] != ALG_RSA_2048) {
		r->sw = SW_WRONG_DATA;
		return;
	}
	snprintf(name, sizeof(name), "key.%02x", c->p2);
	if (!key_generate(der, sizeof(der), &len) || !key_modulus(der, len, modulus) ||
	    !state_put(&card->state, name, der, len)) {
		r->sw = SW_FAILED;
		return;
	}
	tlv_put(r, 0x81, modulus, sizeof(modulus));
	tlv_put(r, 0x82, "\x01\x00\x01", 3);
	tlv_wrap(r, 0, 0x7f49);
}
