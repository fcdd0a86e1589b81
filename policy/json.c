/* SPDX-License-Identifier: BSD-3-Clause */
/* Strings as JSON (RFC 8259, section 7) has them. */
#include "policy/json.h"

#include <string.h>

#include "policy/utf8.h"

void
json_string(FILE *out, const char *text)
{
	size_t len, bad;

	if (text == NULL) {
		fputs("null", out);
		return;
	}
	len = strlen(text);
	fputc('"', out);
	bad = utf8_valid(text, len);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		/* File names may be anything; JSON must be UTF-8. */
		if (i == bad) {
			fputs("\\ufffd", out);
			bad = i + 1 + utf8_valid(text + i + 1, len - i - 1);
		} else if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\u%04x", c);
		else
			fputc(c, out);
	}
	fputc('"', out);
}
