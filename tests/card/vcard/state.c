/* SPDX-License-Identifier: BSD-3-Clause */
/* What a virtual smart card keeps without power: its PINs and its data, in one file of lines. */
#include "tests/card/vcard/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 *	kind openpgp
 *	pin NAME TRIES MAX MINLENGTH MAXLENGTH HEX
 *	item NAME HEX
 * HEX is "-" where there is nothing.
 */
#define LINE_MAX_LEN (2 * VALUE_MAX + 128)

struct pin *
state_pin(struct state *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n_pins; i++)
		if (strcmp(s->pins[i].name, name) == 0)
			return &s->pins[i];
	return NULL;
}

static struct item *
find_item(const struct state *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n_items; i++)
		if (strcmp(s->items[i].name, name) == 0)
			return (struct item *)&s->items[i];
	return NULL;
}

const struct item *
state_item(const struct state *s, const char *name)
{
	return find_item(s, name);
}

unsigned
state_byte(const struct state *s, const char *name, unsigned fallback)
{
	const struct item *item = state_item(s, name);

	return item != NULL && item->len > 0 ? item->value[0] : fallback;
}

bool
state_put(struct state *s, const char *name, const void *value, size_t len)
{
	struct item *item = find_item(s, name);
	unsigned char *copy;

	if (len > VALUE_MAX || strlen(name) >= ITEM_NAME ||
	    (item == NULL && s->n_items == ITEMS_MAX))
		return false;
	copy = malloc(len > 0 ? len : 1);
	if (copy == NULL)
		return false;
	if (len > 0)
		memcpy(copy, value, len);
	if (item == NULL) {
		item = &s->items[s->n_items++];
		strcpy(item->name, name);
	} else {
		free(item->value);
	}
	item->value = copy;
	item->len = len;
	s->changed = true;
	return true;
}

void
state_drop(struct state *s, const char *name)
{
	struct item *item = find_item(s, name);

	if (item == NULL)
		return;
	free(item->value);
	*item = s->items[--s->n_items];
	s->changed = true;
}

void
state_add_pin(struct state *s, const char *name, unsigned tries, size_t min_len, size_t max_len,
    const char *value)
{
	struct pin *p;
	size_t len = strlen(value);

	if (s->n_pins == PINS_MAX || len > PIN_MAX)
		abort();
	p = &s->pins[s->n_pins++];
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->tries = p->max = tries;
	p->min_len = min_len;
	p->max_len = max_len;
	memcpy(p->value, value, len);
	p->len = len;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
hex_read(const char *hex, unsigned char *out, size_t size, size_t *len)
{
	*len = 0;
	if (strcmp(hex, "-") == 0)
		return true;
	for (; hex[0] != '\0'; hex += 2) {
		int high = hex_digit(hex[0]), low = high < 0 ? -1 : hex_digit(hex[1]);

		if (low < 0 || *len == size)
			return false;
		out[(*len)++] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static bool
read_pin(struct state *s, const char *line)
{
	struct pin *p = &s->pins[s->n_pins];
	char hex[2 * PIN_MAX + 2];

	if (s->n_pins == PINS_MAX ||
	    sscanf(line, "pin %23s %u %u %zu %zu %254s", p->name, &p->tries, &p->max, &p->min_len,
		&p->max_len, hex) != 6 ||
	    p->max_len > PIN_MAX || !hex_read(hex, p->value, sizeof(p->value), &p->len))
		return false;
	s->n_pins++;
	return true;
}

static bool
read_item(struct state *s, char *line)
{
	static unsigned char value[VALUE_MAX];
	char *name = line + strlen("item "), *hex = strchr(name, ' ');
	size_t len;

	if (hex == NULL)
		return false;
	*hex++ = '\0';
	return hex_read(hex, value, sizeof(value), &len) && state_put(s, name, value, len);
}

static bool
read_line(struct state *s, char *line)
{
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "kind ", 5) == 0)
		return sscanf(line, "kind %15s", s->kind) == 1;
	if (strncmp(line, "pin ", 4) == 0)
		return read_pin(s, line);
	return strncmp(line, "item ", 5) == 0 && read_item(s, line);
}

bool
state_read(struct state *s, const char *dir)
{
	static char line[LINE_MAX_LEN];
	char path[4096];
	bool good = true;
	FILE *f;

	memset(s, 0, sizeof(*s));
	snprintf(path, sizeof(path), "%s/state", dir);
	f = fopen(path, "re");
	if (f == NULL) {
		perror(path);
		return false;
	}
	while (good && fgets(line, sizeof(line), f) != NULL)
		good = read_line(s, line);
	fclose(f);
	if (!good)
		fprintf(stderr, "%s: not understood: %.60s\n", path, line);
	s->changed = false;
	return good && s->kind[0] != '\0';
}

static void
write_hex(FILE *f, const unsigned char *value, size_t len)
{
	size_t i;

	if (len == 0)
		fputc('-', f);
	for (i = 0; i < len; i++)
		fprintf(f, "%02x", value[i]);
	fputc('\n', f);
}

static void
write_lines(const struct state *s, FILE *f)
{
	size_t i;

	fprintf(f, "kind %s\n", s->kind);
	for (i = 0; i < s->n_pins; i++) {
		const struct pin *p = &s->pins[i];

		fprintf(
		    f, "pin %s %u %u %zu %zu ", p->name, p->tries, p->max, p->min_len, p->max_len);
		write_hex(f, p->value, p->len);
	}
	for (i = 0; i < s->n_items; i++) {
		fprintf(f, "item %s ", s->items[i].name);
		write_hex(f, s->items[i].value, s->items[i].len);
	}
}

bool
state_write(struct state *s, const char *dir)
{
	char path[4096], early[4096 + 8];
	bool good;
	FILE *f;

	snprintf(path, sizeof(path), "%s/state", dir);
	snprintf(early, sizeof(early), "%s.tmp", path);
	f = fopen(early, "we");
	if (f == NULL) {
		perror(early);
		return false;
	}
	write_lines(s, f);
	good = !ferror(f);
	good = fclose(f) == 0 && good && rename(early, path) == 0;
	if (!good)
		perror(path);
	s->changed = !good;
	return good;
}

void
state_free(struct state *s)
{
	size_t i;

	for (i = 0; i < s->n_items; i++)
		free(s->items[i].value);
	memset(s, 0, sizeof(*s));
}
