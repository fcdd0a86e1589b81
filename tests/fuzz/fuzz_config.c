/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes the reader of p11-latch.conf. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is accepted is what the module and the helper rely on. */
static void
check(const struct config *c)
{
	char *operators = config_operators_socket(c);

	if (c->module_path[0] != '/' || c->policy[0] != '/' || c->state_dir[0] != '/')
		abort();
	if ((c->helper == NULL) == (c->helper_socket == NULL) || c->profile[0] == '\0' ||
	    c->init_reserved == NULL || c->call_timeout == 0)
		abort();
	if (c->helper != NULL ? c->helper[0] != '/' : c->helper_socket[0] != '/')
		abort();
	if (operators != NULL && (operators[0] != '/' || c->helper_socket == NULL))
		abort();
	free(operators);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct diags d = {0};
	struct config *c;
	char path[32];

	if (fd < 0)
		fd = memfd_create("p11-latch.conf", MFD_CLOEXEC);
	/* One that others can write is no configuration. */
	if (fd < 0 || fchmod(fd, 0644) != 0 || ftruncate(fd, 0) != 0 ||
	    pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	c = config_read(path, &d);
	if ((c == NULL) != (d.n_errors != 0))
		abort();
	for (size_t i = 0; i < d.n; i++)
		free(diag_line(&d.list[i]));
	if (c != NULL)
		check(c);
	config_free(c);
	diags_free(&d);
	return 0;
}
