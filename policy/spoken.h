/* SPDX-License-Identifier: BSD-3-Clause */
/* What is read out over the phone: challenges and responses, as digits in groups. */
#ifndef POLICY_SPOKEN_H
#define POLICY_SPOKEN_H

#include <stddef.h>

#define SPOKEN_MAX  16 /* bytes */
#define SPOKEN_TEXT 40 /* 32 digits in groups of four, and NUL */

/* Why a text is none, for people: goes on from "the challenge: ". Bears no digit of it. */
struct spoken_fault {
	char what[200];
};

/*
 * Reads 16 or 32 hexadecimal digits, with blanks, '-', ':' and '.' anywhere (also the blanks and
 * dashes that letters and mails have in UTF-8). Gives the number of bytes, 8 or 16; 0 where it is
 * none, and then, where fault is not NULL, what is wrong and at which place.
 */
size_t spoken_read(
    const char *text, size_t len, unsigned char bytes[SPOKEN_MAX], struct spoken_fault *fault);

/* The digits of 8 or 16 bytes in groups of four. */
void spoken_write(const unsigned char *bytes, size_t size, char text[SPOKEN_TEXT]);

#endif
