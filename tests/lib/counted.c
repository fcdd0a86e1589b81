/* SPDX-License-Identifier: BSD-3-Clause */
/* What a process that ends by _exit() has run is counted too. Linked under --enable-coverage alone.
 */
#include <dlfcn.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/lib/wrapfault.h"

void __gcov_dump(void); /* libgcov's */

/* Where tests/lib/sysfault.so is loaded, its name for the same. */
void __attribute__((weak)) wrapfault_stop(void)
{
	void *symbol = dlsym(RTLD_DEFAULT, "sysfault_stop");
	void (*stop)(void);

	memcpy(&stop, &symbol, sizeof(stop));
	if (stop != NULL)
		stop();
}

/* Instead of libc's. */
void
_exit(int status)
{
	wrapfault_stop();
	__gcov_dump();
	for (;;)
		syscall(SYS_exit_group, status);
}
