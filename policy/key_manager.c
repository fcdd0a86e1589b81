/* SPDX-License-Identifier: BSD-3-Clause */
/* A card manager key that answers challenges: DES or AES, told by its length. */
#include "policy/key_manager.h"

#define AES_ONLY 32 /* bytes: no DES key has so many */

enum key_fault
key_parse_manager(const struct secret *written, struct secret **bytes, bool *aes, bool *well_known)
{
	enum key_fault fault = key_parse(written, false, bytes, well_known);
	struct secret *longer = NULL;

	if (aes != NULL)
		*aes = false;
	if (fault != KEY_BAD_LENGTH || key_parse(written, true, &longer, well_known) != KEY_GOOD)
		return fault;
	if (secret_len(longer) != AES_ONLY) {
		secret_free(&longer);
		return fault;
	}
	if (aes != NULL)
		*aes = true;
	if (bytes != NULL)
		*bytes = longer;
	else
		secret_free(&longer);
	return KEY_GOOD;
}
