/* SPDX-License-Identifier: BSD-3-Clause */
/* vcard: a virtual smart card in a virtual reader, that fails where a test tells it to. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/card/vcard/card.h"
#include "tests/card/vcard/key.h"
#include "tests/card/vcard/reader.h"

static int
usage(void)
{
	fputs(
	    "usage: vcard new DIR openpgp|piv [key=FILE] [NAME=HEX] [pin.NAME=TEXT] "
	    "[tries.NAME=N]\n"
	    "       vcard run DIR PORT\n"
	    "DIR keeps the card. new: key is made where FILE is not there yet; NAME is an item of\n"
	    "the card: serial, atr, manufacturer, version, mgm, wrong, keeps, or the tag of data; "
	    "the\n"
	    "PINs are pw1, rc, pw3 (openpgp), pin, puk (piv). run: it is in the reader of vpcd's\n"
	    "PORT, but not while DIR/out is there; DIR/fault tells it to fail, DIR/apdus is what\n"
	    "it saw. A state that is moved to DIR/again is the card's from then on.\n",
	    stderr);
	return 2;
}

/* From the file, or made and left there: making one takes its time. */
static bool
get_key(const char *path, unsigned char *der, size_t *len)
{
	FILE *f = path != NULL ? fopen(path, "re") : NULL;
	bool good;

	if (f != NULL) {
		*len = fread(der, 1, KEY_DER_MAX, f);
		fclose(f);
		return *len > 0;
	}
	if (!key_generate(der, KEY_DER_MAX, len))
		return false;
	f = path != NULL ? fopen(path, "we") : NULL;
	if (f == NULL)
		return path == NULL;
	good = fwrite(der, 1, *len, f) == *len;
	return fclose(f) == 0 && good;
}

static bool
set_pin(struct state *s, const char *word)
{
	bool tries = strncmp(word, "tries.", 6) == 0;
	const char *name = strchr(word, '.') + 1, *value = strchr(word, '=') + 1;
	char plain[ITEM_NAME];
	struct pin *p;

	snprintf(plain, sizeof(plain), "%.*s", (int)(value - 1 - name), name);
	p = state_pin(s, plain);
	if (p == NULL || strlen(value) > p->max_len)
		return false;
	if (tries) {
		p->tries = p->max = (unsigned)strtoul(value, NULL, 10);
		return p->max > 0 && p->max < 16;
	}
	p->len = strlen(value);
	memcpy(p->value, value, p->len);
	return true;
}

static bool
set_item(struct state *s, const char *word)
{
	static unsigned char value[VALUE_MAX];
	const char *hex = strchr(word, '=') + 1;
	char name[ITEM_NAME];
	size_t len;

	if ((size_t)(hex - word) > sizeof(name))
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)(hex - 1 - word), word);
	return hex_read(hex, value, sizeof(value), &len) && state_put(s, name, value, len);
}

static bool
is_pin_word(const char *word)
{
	return strncmp(word, "pin.", 4) == 0 || strncmp(word, "tries.", 6) == 0;
}

/* Items first: what a card is made of depends on them. Its PINs afterwards. */
static bool
apply(struct state *s, char **words, int n, bool pins)
{
	int i;

	for (i = 0; i < n; i++) {
		if (strncmp(words[i], "key=", 4) == 0)
			continue;
		if (strchr(words[i], '=') == NULL ||
		    (is_pin_word(words[i]) == pins &&
			!(pins ? set_pin(s, words[i]) : set_item(s, words[i])))) {
			fprintf(stderr, "vcard: not understood: %s\n", words[i]);
			return false;
		}
	}
	return true;
}

static int
new_card(const char *dir, const char *kind, char **words, int n)
{
	static struct state s;
	static unsigned char key[KEY_DER_MAX];
	const char *path = NULL;
	size_t len;
	bool openpgp = strcmp(kind, "openpgp") == 0;
	int i;

	if (!openpgp && strcmp(kind, "piv") != 0)
		return usage();
	for (i = 0; i < n; i++)
		if (strncmp(words[i], "key=", 4) == 0)
			path = words[i] + 4;
	snprintf(s.kind, sizeof(s.kind), "%s", kind);
	if (!get_key(path, key, &len)) {
		fprintf(stderr, "vcard: no RSA key%s%s\n", path ? " in " : "", path ? path : "");
		return 1;
	}
	if (!apply(&s, words, n, false) ||
	    !(openpgp ? openpgp_make(&s, key, len) : piv_make(&s, key, len)) ||
	    !apply(&s, words, n, true))
		return 1;
	return state_write(&s, dir) ? 0 : 1;
}

int
main(int argc, char **argv)
{
	if (argc >= 4 && strcmp(argv[1], "new") == 0)
		return new_card(argv[2], argv[3], argv + 4, argc - 4);
	if (argc == 4 && strcmp(argv[1], "run") == 0)
		return reader_run(argv[2], (unsigned)strtoul(argv[3], NULL, 10));
	return usage();
}
