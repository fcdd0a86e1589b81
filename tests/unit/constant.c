/* SPDX-License-Identifier: BSD-3-Clause */
/* constant: compares secrets that valgrind takes for memory which is not initialised, so that it
 * complains of each branch and each address that depends on one. tests/unit/constant_time.sh runs
 * it.
 */
#include <stdio.h>
#include <string.h>

#include <valgrind/memcheck.h>

#include "card/row.h"
#include "policy/key.h"
#include "policy/secret.h"

#define KEY     "0123456789ABCDEFFEDCBA98765432101122334455667788"
#define WRITTEN "01:23:45:67:89:ab:cd:ef:fe:dc:ba:98:76:54:32:10:11:22:33:44:55:66:77:88"
#define DEFAULT "010203040506070801020304050607080102030405060708"
#define HALVES  "11111111111111111111111111111111AABBCCDDEEFF0011"

/* How much of it may be known: its length, and no more. */
static struct secret *
secret(const char *text)
{
	struct secret *s = secret_new(text, strlen(text));

	(void)VALGRIND_MAKE_MEM_UNDEFINED(secret_data(s), secret_len(s));
	return s;
}

/* The control, which is to be complained of: what secret_equal() may not be. */
static bool
equal_in_haste(const char *a, const char *b)
{
	struct secret *x = secret(a), *y = secret(b);
	bool equal = true;

	for (size_t i = 0; i < secret_len(x) && equal; i++)
		equal = secret_bytes(x)[i] == secret_bytes(y)[i];
	secret_free(&x);
	secret_free(&y);
	return equal;
}

static bool
equal(const char *a, const char *b)
{
	struct secret *x = secret(a), *y = secret(b);
	bool same = secret_equal(x, y);

	secret_free(&x);
	secret_free(&y);
	return same;
}

static enum key_fault
parse(const char *text, bool *known)
{
	struct secret *written = secret(text), *bytes = NULL, *digits = key_digits(written);
	enum key_fault fault = key_parse(written, false, &bytes, known);

	secret_free(&written);
	secret_free(&bytes);
	secret_free(&digits);
	return fault;
}

static bool
same_key(const char *a, const char *b)
{
	struct secret *written = secret(a), *value = secret(b);
	struct so so = {.key = true};
	bool same;

	(void)key_parse(written, false, &so.bytes, NULL);
	so.pin = key_digits(written);
	same = so_same(&so, value);
	so_clear(&so);
	secret_free(&written);
	secret_free(&value);
	return same;
}

/* Which row a value is on a card whose policy has a PUK and a PIN letter. -1: none. */
static int
row_of(const char *puk, const char *letter, const char *text)
{
	struct description d = {
	    .initial_puk = {.kind = VALUE_LITERAL, .literal = secret(puk)},
	    .pin = {.kind = VALUE_LITERAL, .literal = secret(letter)},
	};
	struct binding b = {.unblock = &d, .pin_letter = true};
	struct office o = {.caller = CALLER_OPERATOR};
	/* Its own user's card has no letter: then a wrong value is refused before anything is
	 * written. */
	struct card c = {.office = &o, .binding = &b, .lock = -1, .gate = -1};
	struct presented p = {.value = secret(text), .via = SO_VIA_LOGIN};
	struct so so = {0};
	enum row row;
	CK_RV rv;

	c.record.by_user = letter[0] == '\0';
	rv = row_find(&c, &p, &row, &so);
	so_clear(&so);
	secret_free(&d.initial_puk.literal);
	secret_free(&d.pin.literal);
	secret_free((struct secret **)&p.value);
	return rv == CKR_OK ? (int)row : -1;
}

static int
check(bool good, const char *what)
{
	if (!good)
		fprintf(stderr, "constant: wrong: %s\n", what);
	return good ? 0 : 1;
}

static int
secrets(void)
{
	return check(equal("76543210", "76543210"), "equal") |
	       check(!equal("76543210", "76543211"), "not equal at the end") |
	       check(!equal("76543210", "06543210"), "not equal at the start") |
	       check(!equal("76543210", "7654321"), "of other length");
}

static int
keys(void)
{
	bool known = true;
	int bad = check(parse(KEY, &known) == KEY_GOOD && !known, "a key");

	bad |= check(parse(WRITTEN, &known) == KEY_GOOD && !known, "a key with separators");
	bad |= check(parse(DEFAULT, &known) == KEY_GOOD && known, "a default key");
	bad |= check(parse(HALVES, &known) == KEY_HALVES_EQUAL, "two parts equal");
	bad |= check(parse("0123", &known) == KEY_BAD_LENGTH, "a short key");
	bad |= check(parse(KEY "x", &known) == KEY_BAD_DIGIT, "no digit");
	bad |= check(same_key(KEY, WRITTEN), "one key, written in two ways");
	bad |= check(!same_key(KEY, DEFAULT), "two keys");
	return bad | check(!same_key(KEY, "76543210"), "a key and a PUK");
}

static int
rows(void)
{
	return check(row_of("76543210", "864213", "76543210") == ROW_POLICY, "the policy's PUK") |
	       check(row_of("76543210", "864213", "864213") == ROW_LETTER, "the PIN letter") |
	       check(row_of("76543210", "", "76543211") == -1, "another value");
}

int
main(int argc, char **argv)
{
	const char *part = argc == 2 ? argv[1] : "";

	if (strcmp(part, "secrets") == 0)
		return secrets();
	if (strcmp(part, "keys") == 0)
		return keys();
	if (strcmp(part, "rows") == 0)
		return rows();
	if (strcmp(part, "control") == 0)
		return check(!equal_in_haste("76543210", "76543211"), "control");
	fputs("usage: constant secrets|keys|rows|control\n", stderr);
	return 2;
}
