/* SPDX-License-Identifier: BSD-3-Clause */
/* What a hostile client says: conversations by number, the same at each run. */
#include <string.h>

#include "helper/wire.h"
#include "tests/lib/hostile.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* splitmix64 */
uint64_t
attack_draw(struct attack *a, uint64_t below)
{
	uint64_t z = (a->state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (z ^ (z >> 31)) % below;
}

static void
say(struct said *s, const void *bytes, size_t len, bool wait)
{
	if (s->n == STEPS_MAX || s->len + len > SAID_MAX)
		return;
	memcpy(s->bytes + s->len, bytes, len);
	s->len += len;
	s->steps[s->n].len = len;
	s->steps[s->n].fds = 0;
	s->steps[s->n++].wait = wait;
}

static void
say_frame(struct said *s, struct wire *w, bool wait)
{
	static unsigned char bytes[WIRE_HEADER_LEN + WIRE_PAYLOAD_MAX];

	memset(bytes, 0, WIRE_HEADER_LEN);
	bytes[0] = WIRE_VERSION;
	bytes[1] = w->type;
	bytes[4] = (unsigned char)(w->len >> 24);
	bytes[5] = (unsigned char)(w->len >> 16);
	bytes[6] = (unsigned char)(w->len >> 8);
	bytes[7] = (unsigned char)w->len;
	if (w->len > 0)
		memcpy(bytes + WIRE_HEADER_LEN, w->payload, w->len);
	say(s, bytes, WIRE_HEADER_LEN + w->len, wait);
	wire_end(w);
}

/* --- At random
 * ------------------------------------------------------------------------------------ */

static const uint8_t types[] = {WIRE_LOGIN, WIRE_SET_PIN, WIRE_SO_LOGIN, WIRE_INIT_PIN, WIRE_SET_SO,
    WIRE_RESULT, WIRE_LOGOUT, WIRE_RELEASE, WIRE_ORDER, WIRE_HOLD, WIRE_HAND_OVER, WIRE_ANSWER};

static size_t
noise(struct attack *a, unsigned char *to, size_t max)
{
	size_t len = (size_t)attack_draw(a, max + 1), i;

	for (i = 0; i < len; i++)
		to[i] = (unsigned char)attack_draw(a, 256);
	return len;
}

static void
put_identity(struct attack *a, struct wire *w, bool tries)
{
	unsigned char id[IDENTITY_WIRE_LEN];
	size_t i, n;

	memcpy(id, a->identity, sizeof(id));
	/* A value that is tried on the card costs a second. */
	if (attack_draw(a, tries ? 100 : 3) != 0) {
		n = 1 + (size_t)attack_draw(a, 8);
		for (i = 0; i < n; i++)
			id[attack_draw(a, sizeof(id))] = (unsigned char)attack_draw(a, 256);
	}
	wire_put(w, WIRE_IDENTITY, id, attack_draw(a, 20) != 0 ? sizeof(id) : 95);
}

static void
put_something(struct attack *a, struct wire *w, uint8_t tag)
{
	static const char *const texts[] = {"", "pkcs11:", "pkcs11:token=latch", "/etc/passwd",
	    "%00", "[Description]\n", "0123456789abcdef:0123456789abcdef0123456789abcdef"};
	static const char digits[] = "0123456789";
	unsigned char bytes[300];
	const char *text;
	size_t i;

	switch (attack_draw(a, 5)) {
	case 0:
		wire_put(w, tag, bytes, noise(a, bytes, sizeof(bytes)));
		break;
	case 1:
		wire_put_u32(w, tag, (uint32_t)attack_draw(a, 1ull << 32));
		break;
	case 2:
		wire_put_u32(w, tag, (uint32_t)1 << attack_draw(a, 32));
		break;
	case 3:
		text = texts[attack_draw(a, COUNT(texts))];
		wire_put(w, tag, text, strlen(text));
		break;
	default:
		/* Never of the right one's length. */
		for (i = 0; i < 9; i++)
			bytes[i] = (unsigned char)digits[attack_draw(a, 10)];
		wire_put(w, tag, bytes, 9);
	}
}

static void
say_fields(struct attack *a, struct said *s)
{
	struct wire w;
	uint8_t tag;

	wire_begin(&w, 0);
	w.type = types[attack_draw(a, COUNT(types))];
	if (attack_draw(a, 8) != 0)
		put_identity(a, &w, w.type == WIRE_LOGIN || w.type == WIRE_SET_PIN);
	if (w.type == WIRE_ORDER)
		wire_put_u8(&w, WIRE_OP, (uint8_t)attack_draw(a, 14));
	while (attack_draw(a, 4) != 0 && w.n < WIRE_FIELDS_MAX) {
		tag = (uint8_t)(2 + attack_draw(a, 17));
		if (wire_get(&w, tag) == NULL)
			put_something(a, &w, tag);
	}
	if (attack_draw(a, 2) != 0 && wire_get(&w, WIRE_TOKEN_FLAGS) == NULL)
		wire_put_u32(&w, WIRE_TOKEN_FLAGS, attack_draw(a, 2) != 0 ? 0x40d : 0x405);
	say_frame(s, &w, attack_draw(a, 4) != 0);
}

/* Cut off or with other bytes than it had. */
static void
damage(struct attack *a, struct said *s)
{
	struct step *last = &s->steps[s->n - 1];
	size_t n = 1 + (size_t)attack_draw(a, 3);

	if (last->len == 0)
		return;
	if (attack_draw(a, 3) == 0) {
		size_t less = (size_t)attack_draw(a, last->len);

		s->len -= last->len - less;
		last->len = less;
		return;
	}
	while (n-- > 0)
		s->bytes[s->len - 1 - attack_draw(a, last->len)] ^=
		    (unsigned char)(1u << attack_draw(a, 8));
}

static void
say_noise(struct attack *a, struct said *s)
{
	unsigned char bytes[600];
	size_t len = noise(a, bytes + WIRE_HEADER_LEN, sizeof(bytes) - WIRE_HEADER_LEN);

	noise(a, bytes, WIRE_HEADER_LEN);
	if (attack_draw(a, 3) != 0) {
		memset(bytes, 0, WIRE_HEADER_LEN);
		bytes[0] = WIRE_VERSION;
		bytes[1] = types[attack_draw(a, COUNT(types))];
		bytes[6] = (unsigned char)(len >> 8);
		bytes[7] = (unsigned char)len;
	}
	say(s, bytes, WIRE_HEADER_LEN + len, attack_draw(a, 2) != 0);
}

void
attack_random(struct attack *a, struct said *s)
{
	size_t n = 1 + (size_t)attack_draw(a, 6);

	s->len = s->n = 0;
	while (s->n < n) {
		if (attack_draw(a, 5) == 0)
			say_noise(a, s);
		else
			say_fields(a, s);
		if (attack_draw(a, 4) == 0)
			damage(a, s);
		if (attack_draw(a, 10) == 0)
			s->steps[s->n - 1].fds = (int)attack_draw(a, 254);
	}
}

/* --- Crafted
 * ------------------------------------------------------------------------------------ */

struct field {
	uint8_t tag;
	const char *text; /* NULL: number */
	uint32_t number;
};

struct sentence {
	uint8_t type;
	bool there; /* of the token that there is */
	struct field fields[5];
};

#define NONE               \
	{                  \
		0, NULL, 0 \
	}

static const struct sentence kinds[][3] = {
    {{WIRE_LOGIN, false, {{WIRE_PIN, "99999999", 0}, {WIRE_FLAGS, NULL, 8}}}},
    {{WIRE_SET_PIN, false,
	{{WIRE_PIN, "99999999", 0}, {WIRE_NEW_PIN, "88888888", 0}, {WIRE_FLAGS, NULL, 2}}}},
    {{WIRE_SO_LOGIN, true, {{WIRE_PIN, "99999999", 0}, {WIRE_TOKEN_FLAGS, NULL, 0x40d}}},
	{WIRE_INIT_PIN, true, {{WIRE_TOKEN_FLAGS, NULL, 0x40d}}},
	{WIRE_RESULT, true, {{WIRE_RV, NULL, 0}}}},
    {{WIRE_SO_LOGIN, true, {{WIRE_PIN, "99999999", 0}}},
	{WIRE_SET_SO, true, {{WIRE_NEW_PIN, "77777777", 0}}},
	{WIRE_RESULT, true, {{WIRE_RV, NULL, 0}}}},
    {{WIRE_SO_LOGIN, true, {{WIRE_PIN, "99999999", 0}}}, {WIRE_LOGOUT, true, {NONE}}},
    {{WIRE_RELEASE, true, {{WIRE_FLAGS, NULL, 1}}}},
    {{WIRE_RELEASE, true,
	{{WIRE_RV, NULL, 0}, {WIRE_FLAGS, NULL, 128}, {WIRE_TOKEN_FLAGS, NULL, 0x40d}}}},
    {{WIRE_ORDER, false,
	{{WIRE_TEXT, "pkcs11:token=latch", 0}, {WIRE_FLAGS, NULL, 3}, {WIRE_PIN, "99999999", 0},
	    {WIRE_NEW_PIN, "88888888", 0}}}},
    {{WIRE_HOLD, false, {NONE}}},
    {{WIRE_INIT_PIN, true,
	 {{WIRE_COOKIE, "0123456789abcdef:0123456789abcdef0123456789abcdef", 0},
	     {WIRE_TOKEN_FLAGS, NULL, 0x405}}},
	{WIRE_RESULT, true, {{WIRE_RV, NULL, 5}}}},
    {{WIRE_HAND_OVER, true, {{WIRE_PIN, "99999999", 0}, {WIRE_FLAGS, NULL, 1}}}},
};

static void
say_sentence(struct attack *a, const struct sentence *x, struct said *s)
{
	unsigned char id[IDENTITY_WIRE_LEN];
	const struct field *f;
	struct wire w;

	wire_begin(&w, 0);
	w.type = x->type;
	memcpy(id, a->identity, sizeof(id));
	if (!x->there)
		id[sizeof(id) - 1] ^= 1;
	if (x->type == WIRE_ORDER)
		wire_put_u8(&w, WIRE_OP, (uint8_t)attack_draw(a, 14));
	else if (x->type != WIRE_HOLD)
		wire_put(&w, WIRE_IDENTITY, id, sizeof(id));
	for (f = x->fields; f < x->fields + COUNT(x->fields) && f->tag != 0; f++) {
		if (f->text != NULL)
			wire_put(&w, f->tag, f->text, strlen(f->text));
		else
			wire_put_u32(&w, f->tag, f->number);
	}
	say_frame(s, &w, true);
}

bool
attack_kind(struct attack *a, unsigned kind, struct said *s)
{
	size_t i;

	if (kind >= COUNT(kinds))
		return false;
	s->len = s->n = 0;
	for (i = 0; i < COUNT(kinds[kind]) && kinds[kind][i].type != 0; i++)
		say_sentence(a, &kinds[kind][i], s);
	return true;
}
