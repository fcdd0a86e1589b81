/* SPDX-License-Identifier: BSD-3-Clause */
/* The state directory: its folders, files written whole or not at all, the sequence number. */
#ifndef CARD_STATE_H
#define CARD_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Makes the folders that are not there yet: DIR (0755), DIR/records (0755), DIR/private (0700).
 * False, and the log says what to do, where they cannot be made or written.
 */
bool state_prepare(const char *dir);

/* DIR/FOLDER/NAME SUFFIX; to be freed. NULL: no memory. */
char *state_path(const char *dir, const char *folder, const char *name, const char *suffix);

/*
 * Replaces a file: temporary file, fsync, rename, fsync of its folder. What root writes belongs to
 * the owner of the folder, so that a service of its own user can go on with it. False: logged, the
 * old file is intact.
 */
bool state_write(const char *path, const void *data, size_t len, mode_t mode);

/* Removes a file and makes that last; one that is not there is no error. */
bool state_remove(const char *path);

/*
 * Reads a regular file of at most max bytes: *data is to be freed (NUL added). -1: errno (ENOENT:
 * not there; EFBIG: longer).
 */
int state_read(const char *path, char **data, size_t *len, size_t max);

/* What root makes belongs to the owner of the folder. Faults are logged. */
void state_give(int fd, const char *path);

/* Raises the directory's sequence number by one, for all processes; *next is the new one. */
bool state_next_sequence(const char *dir, uint64_t *next);

/*
 * Where the file of the sequence number is lost or damaged, and there are records: begins again
 * with the number of the newest of them. False: logged.
 */
bool sequence_mend(const char *dir);

#endif
