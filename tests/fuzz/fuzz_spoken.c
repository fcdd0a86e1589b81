/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes challenges and responses as people type them. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/spoken.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is what is written, and the digits of the text in their order. */
static void
check_good(const char *text, size_t len, const unsigned char *bytes, size_t size)
{
	unsigned char again[SPOKEN_MAX];
	char written[SPOKEN_TEXT];
	const char *at = written;

	spoken_write(bytes, size, written);
	if (spoken_read(written, strlen(written), again, NULL) != size ||
	    memcmp(again, bytes, size) != 0)
		abort();
	for (size_t i = 0; i < len; i++) {
		if (!isxdigit((unsigned char)text[i]))
			continue;
		at += *at == ' ';
		if (toupper((unsigned char)text[i]) != *at++)
			abort();
	}
	if (*at != '\0')
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char bytes[SPOKEN_MAX];
	struct spoken_fault fault;
	/* Of its own, so that reading beyond its end is seen. */
	char *text = malloc(size + (size == 0));
	size_t n;

	if (text == NULL)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	n = spoken_read(text, size, bytes, &fault);
	if ((n != 0 && n != 8 && n != 16) || (n == 0) != (fault.what[0] != '\0') ||
	    strlen(fault.what) >= sizeof(fault.what) || spoken_read(text, size, bytes, NULL) != n)
		abort();
	if (n != 0)
		check_good(text, size, bytes, n);
	free(text);
	return 0;
}
