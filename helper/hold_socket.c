/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a hold's watcher is reached, and what is left there by those that are gone. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "card/record.h"
#include "card/state.h"
#include "helper/hold_socket.h"
#include "policy/log.h"

/* A hold that is just beginning has its socket an instant before it listens. */
#define BEGINNING_S 60

bool
hold_address(struct sockaddr_un *a, const char *state_dir, const char *id)
{
	int n;

	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	n = snprintf(a->sun_path, sizeof(a->sun_path), "%s/private/hold-%s.sock", state_dir, id);
	if (n > 0 && (size_t)n < sizeof(a->sun_path))
		return true;
	log_error("%s: too long for a socket's path (%zu bytes at most); choose a shorter "
		  "StateDirectory=",
	    state_dir, sizeof(a->sun_path) - sizeof("/private/hold-.sock") - HOLD_ID_LEN);
	return false;
}

static bool
is_dead(const struct sockaddr_un *a)
{
	struct stat st;
	bool dead;
	int sock;

	if (lstat(a->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode) ||
	    time(NULL) - st.st_mtime < BEGINNING_S)
		return false;
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return false;
	dead = connect(sock, (const struct sockaddr *)a, sizeof(*a)) != 0 && errno == ECONNREFUSED;
	close(sock);
	return dead;
}

/* False: the name is not that of a hold's socket. */
static bool
id_of(const char *name, char id[HOLD_ID_LEN + 1])
{
	int end = 0;

	return sscanf(name, "hold-%16[0-9a-f].sock%n", id, &end) == 1 && end > 0 &&
	       name[end] == '\0';
}

void
hold_sweep(const char *state_dir)
{
	char *path = state_path(state_dir, "private", "", ""), id[HOLD_ID_LEN + 1];
	DIR *folder = path != NULL ? opendir(path) : NULL;
	const struct dirent *entry;
	struct sockaddr_un a;

	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		if (id_of(entry->d_name, id) && hold_address(&a, state_dir, id) && is_dead(&a) &&
		    unlink(a.sun_path) == 0)
			log_debug("%s: its hold is gone; removed", a.sun_path);
	}
	if (folder != NULL)
		closedir(folder);
	free(path);
}
