/* SPDX-License-Identifier: BSD-3-Clause */
/* What a virtual smart card keeps without power: its PINs and its data, in one file of lines. */
#ifndef TESTS_CARD_VCARD_STATE_H
#define TESTS_CARD_VCARD_STATE_H

#include <stdbool.h>
#include <stddef.h>

#define PINS_MAX    4
#define PIN_MAX     127
#define ITEMS_MAX   96
#define ITEM_NAME   24
#define VALUE_MAX   3072
#define KIND_LENGTH 16

struct pin {
	char name[ITEM_NAME];
	unsigned tries, max; /* left, and after a success */
	size_t min_len, max_len;
	unsigned char value[PIN_MAX];
	size_t len; /* 0: none is set */
};

struct item {
	char name[ITEM_NAME]; /* of data: its tag in hex; else a word */
	unsigned char *value;
	size_t len;
};

struct state {
	char kind[KIND_LENGTH];
	struct pin pins[PINS_MAX];
	size_t n_pins;
	struct item items[ITEMS_MAX];
	size_t n_items;
	bool changed; /* since it was read or written */
};

/* NULL: the card has none of this name. */
struct pin *state_pin(struct state *s, const char *name);
const struct item *state_item(const struct state *s, const char *name);

/* Its first byte, or fallback. */
unsigned state_byte(const struct state *s, const char *name, unsigned fallback);

/* False where it does not fit. Of length 0 it is still there; state_drop() takes it away. */
bool state_put(struct state *s, const char *name, const void *value, size_t len);
void state_drop(struct state *s, const char *name);

void state_add_pin(struct state *s, const char *name, unsigned tries, size_t min_len,
    size_t max_len, const char *value);

/* False, with a line on standard error, if it cannot. Written by renaming: whole or not at all. */
bool state_read(struct state *s, const char *dir);
bool state_write(struct state *s, const char *dir);
void state_free(struct state *s);

/* Hex digits of any case into at most size bytes. False: they are not. */
bool hex_read(const char *hex, unsigned char *out, size_t size, size_t *len);

#endif
