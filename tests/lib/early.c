/* SPDX-License-Identifier: BSD-3-Clause */
/* To be preloaded with AddressSanitizer's runtime: it is begun before any other library is. */
#include <stdlib.h>

/*
 * gcc 12's runtime begins in the first malloc() of a program that is not sanitized itself. Where
 * that is newlocale()'s in libp11-kit, which is under glibc's lock of locales, the runtime's own
 * dlerror() takes that lock once more, and gives it back twice: the program hangs at its end. The
 * linker is told -z initfirst.
 */
static void __attribute__((constructor)) begin(void)
{
	void *volatile first = malloc(1);

	free(first);
}
