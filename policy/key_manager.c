/* SPDX-License-Identifier: BSD-3-Clause */
/* A card manager key that answers challenges: DES or AES, told by its length. */
#include "policy/key_manager.h"

enum key_fault
key_parse_manager(const struct secret *written, struct secret **bytes, bool *aes, bool *well_known)
{
	enum key_fault fault = key_parse(written, false, bytes, well_known);
	/* No DES key is so long. */
	bool longer = fault == KEY_BAD_LENGTH && key_parse(written, true, NULL, NULL) == KEY_GOOD;

	if (aes != NULL)
		*aes = longer;
	return longer ? key_parse(written, true, bytes, well_known) : fault;
}
