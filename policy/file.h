/* SPDX-License-Identifier: BSD-3-Clause */
/* Opening the files of policy: regular files only, never waiting, not writable by others. libc
 * only. */
#ifndef POLICY_FILE_H
#define POLICY_FILE_H

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Flags of file_open. */
#define FILE_TRUSTED \
	1u /* neither group nor others may write; owned by root or this user (root: any owner) */
#define FILE_OWN 2u /* owned by root or this user, also where this user is root */

/* Why a file cannot be used, for people. */
struct file_fault {
	char what[160];     /* goes on from the file's name: "is a folder" */
	const char *remedy; /* static */
};

/* What file_open() looks at, of a file that need not be readable here. 0; -1: fault says why. */
int file_check(const struct stat *st, unsigned flags, struct file_fault *fault);

/* Opens path for reading; st may be NULL. -1 where it cannot be used: fault says why. */
int file_open(const char *path, unsigned flags, struct stat *st, struct file_fault *fault);

/* Reads until size bytes or the end; -1 on an error (errno). */
ssize_t file_read(int fd, void *buf, size_t size);

/*
 * Moves fd above 2, CLOEXEC, and closes the old one: an application may run with its standard
 * descriptors closed, and whoever then gets one of them gets what it reads and prints. -1: errno.
 */
int file_above_2(int fd);

/*
 * Moves fd, CLOEXEC, to a high number, for what is kept while a vendor module works: openCryptoki
 * locks, unlocks and closes descriptors of its last C_Initialize by number, whoever has that number
 * now. It stays where it is where there is no room. -1 stays -1.
 */
int file_aside(int fd);

/*
 * Makes room for file_aside(), before a vendor module is loaded, which may start a thread (OpenSC):
 * Linux lets a process with threads wait for all processors before its table of descriptors grows,
 * which took from 5 to 30 ms. Does nothing where there are threads already.
 */
void file_make_room(void);

#endif
