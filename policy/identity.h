/* SPDX-License-Identifier: BSD-3-Clause */
/* What one token is known by: its four strings, and the names that are made of them. */
#ifndef POLICY_IDENTITY_H
#define POLICY_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#define IDENTITY_WIRE_LEN 96  /* label 32, manufacturerID 32, model 16, serialNumber 16 */
#define IDENTITY_NAME_MAX 210 /* longest file name, with its NUL */

/*
 * The strings of CK_TOKEN_INFO (PKCS#11 2.40, 3.3) without the blanks and NULs they end in. They
 * come from the token and may hold any byte but NUL.
 */
struct identity {
	char manufacturer[33];
	char model[17];
	char serial[17];
	char label[33];
};

/* From the fixed, blank-padded fields of a CK_TOKEN_INFO. */
void identity_set(struct identity *id, const unsigned char label[32],
    const unsigned char manufacturer[32], const unsigned char model[16],
    const unsigned char serial[16]);

/* It has no word in it: a module that says CKR_OK to C_GetTokenInfo, and writes nothing. */
bool identity_is_empty(const struct identity *id);

/* To and from the form that crosses the wire: the four fields, blank-padded, in that order. */
void identity_pack(const struct identity *id, unsigned char wire[IDENTITY_WIRE_LEN]);
void identity_unpack(struct identity *id, const unsigned char wire[IDENTITY_WIRE_LEN]);

/* The label counts only where with_label says so (serial numbers that are constant). */
bool identity_equal(const struct identity *a, const struct identity *b, bool with_label);

/*
 * A file name that no other identity has: MANUFACTURER.MODEL.SERIAL[.LABEL], each byte that is not
 * one of [A-Za-z0-9_-] as %XX; where that would be too long, "hex-" and the bytes in hexadecimal.
 */
void identity_name(const struct identity *id, bool with_label, char name[IDENTITY_NAME_MAX]);

/* For people: an RFC 7512 URI, percent-encoded, safe to print. At most IDENTITY_URI_MAX with NUL.
 */
#define IDENTITY_URI_MAX 360
void identity_uri(const struct identity *id, char uri[IDENTITY_URI_MAX]);

#endif
