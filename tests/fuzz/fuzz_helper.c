/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes the helper with what a module, a command or anybody who may connect says. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/office.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	office_set_up(NULL);
	return 0;
}

/* A scene of four bytes (office.h), then the bytes on its socket. The card is honest. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scene scene;
	const char *config;
	int ends[2];

	if (size < sizeof(scene) || size > 60000)
		return 0;
	memcpy(&scene, data, sizeof(scene));
	config = office_scene(&scene);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		abort();
	size -= sizeof(scene);
	if (write(ends[0], data + sizeof(scene), size) != (ssize_t)size ||
	    shutdown(ends[0], SHUT_WR) != 0)
		abort();
	office_converse(&scene, config, ends[1]);
	close(ends[0]);
	return 0;
}
