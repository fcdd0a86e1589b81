/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes values of elements and keys: the first byte chooses the element, the rest is the text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/key.h"
#include "policy/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
count_digits(const struct secret *s)
{
	size_t n = 0;

	for (size_t i = 0; i < secret_len(s); i++)
		n += strchr(" :-", secret_bytes(s)[i]) == NULL || secret_bytes(s)[i] == '\0';
	return n;
}

/* What a good key is made of: its digits are its bytes, and its bytes written out are it again. */
static void
check_good(const struct secret *written, const struct secret *bytes, bool aes)
{
	static const char digits[] = "0123456789abcdef";
	struct secret *again = NULL, *other = secret_alloc(2 * secret_len(bytes));
	size_t len = secret_len(bytes);
	char kcv[7];

	if (len != 16 && len != 24 && !(aes && len == 32))
		abort();
	if (count_digits(written) != 2 * len || other == NULL)
		abort();
	for (size_t i = 0; i < len; i++) {
		secret_data(other)[2 * i] = (unsigned char)digits[secret_bytes(bytes)[i] >> 4];
		secret_data(other)[2 * i + 1] = (unsigned char)digits[secret_bytes(bytes)[i] & 15];
	}
	if (key_parse(other, aes, &again, NULL) != KEY_GOOD || !secret_equal(again, bytes))
		abort();
	if (key_check_value(bytes, false, kcv) != (len != 32) || (len != 32 && strlen(kcv) != 6))
		abort();
	if (!key_check_value(bytes, true, kcv) || strlen(kcv) != 6)
		abort();
	secret_free(&again);
	secret_free(&other);
}

static void
key(const uint8_t *data, size_t size, bool aes)
{
	struct secret *written = secret_new(data, size), *bytes = NULL, *digits;
	bool known;
	enum key_fault fault;

	if (written == NULL)
		return;
	fault = key_parse(written, aes, &bytes, &known);
	if ((bytes != NULL) != (fault == KEY_GOOD) || key_fault_text(fault)[0] == '\0')
		abort();
	digits = key_digits(written);
	if (digits == NULL || secret_len(digits) != count_digits(written))
		abort();
	if (bytes != NULL)
		check_good(written, bytes, aes);
	secret_free(&digits);
	secret_free(&bytes);
	secret_free(&written);
}

/* No message tells a value that may be a secret: a PIN, since other words may stand there anyhow.
 */
static void
check_silent(const struct element *e, const char *text, const struct diags *d)
{
	if (!element_is_secret(e) || strlen(text) < 8 || text[0] != '#' ||
	    strspn(text + 1, "0123456789") != strlen(text + 1))
		return;
	for (size_t i = 0; i < d->n; i++) {
		char *line = diag_line(&d->list[i]);

		if (line != NULL && strstr(line, text + 1) != NULL)
			abort();
		free(line);
	}
}

static void
value(const struct element *e, const char *text)
{
	struct place where = {"fuzz", 1, 1};
	struct diags d = {0};
	struct value v = {0};

	if (value_parse(e, text, where, &d, &v) != (d.n_errors == 0))
		abort();
	if ((v.kind == VALUE_LITERAL) != (v.literal != NULL) ||
	    (v.kind == VALUE_FIELD) != (v.field != NULL) || v.dialog > 3)
		abort();
	if (v.literal != NULL)
		value_check_literal(e, v.literal, true, where, &d);
	check_silent(e, text, &d);
	value_free(&v);
	diags_free(&d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct element *e;
	char *text;

	if (size == 0)
		return 0;
	e = &elements[data[0] % n_elements];
	key(data + 1, size - 1, (data[0] & 1) != 0);
	text = strndup((const char *)data + 1, size - 1);
	if (text != NULL && e->type != ELEMENT_BOOLEAN && e->type != ELEMENT_LIST &&
	    e->type != ELEMENT_RAW)
		value(e, text);
	free(text);
	return 0;
}
