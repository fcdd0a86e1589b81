/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of p11drive, the scripting PKCS#11 client of the tests, share. */
#ifndef TESTS_LIB_P11DRIVE_H
#define TESTS_LIB_P11DRIVE_H

#include <stdbool.h>
#include <stddef.h>

#include <p11-kit/pkcs11.h>

#define SESSIONS_MAX 16
#define NAME_MAX_LEN 24
#define REPLY_MAX    8192
#define WORDS_MAX    16
#define TEXT_MAX     1024

/* PKCS#11 3.0, 5.6.8: C_LoginUser, which Debian 12's header does not have. */
typedef CK_RV (*login_user_fn)(
    CK_SESSION_HANDLE, CK_USER_TYPE, CK_UTF8CHAR_PTR, CK_ULONG, CK_UTF8CHAR_PTR, CK_ULONG);

struct session {
	char name[NAME_MAX_LEN]; /* "" where the place is free */
	CK_SESSION_HANDLE handle;
};

/* The one client of this process. */
struct drive {
	CK_FUNCTION_LIST_PTR f;
	void *library;
	CK_SLOT_ID slot;
	struct session sessions[SESSIONS_MAX];
	struct session *now; /* the one that commands work on */
	char reply[REPLY_MAX];
	size_t reply_len;
	bool dying;              /* the reply is to be sent, then after() called */
	void (*after)(int code); /* does not return */
	int after_code;
	int listener, connection; /* control descriptors, -1: none; no child keeps them */
	char **exec_words;        /* exec: the program and its arguments */
};

struct command {
	const char *name;
	unsigned min; /* words after the name */
	unsigned max;
	const char *usage;
	CK_RV (*run)(struct drive *d, char **words, unsigned n);
};

/* Tables, each ended by a NULL name. */
extern const struct command token_commands[];
extern const struct command login_commands[];
extern const struct command object_commands[];
extern const struct command process_commands[];

/* Appends " text" to the reply of the command that runs. */
void detail(struct drive *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Appends " name=text", with every byte that is not plain as %XX. */
void detail_text(struct drive *d, const char *name, const unsigned char *text, size_t len);

/* Runs one line, wipes it, and leaves one line with newline in d->reply. */
void drive_line(struct drive *d, char *line);

/* A PIN or label as written: text, hex:00ff, empty, null. */
struct text {
	unsigned char bytes[TEXT_MAX];
	CK_ULONG len;
	bool null;
	bool bad;
};

/* A variable of that type that is wiped as its function ends: what a test then finds in memory is
 * not p11drive's. */
#define SCRUBBED __attribute__((cleanup(text_wipe)))

void text_read(struct text *t, const char *word);
void text_wipe(struct text *t);
CK_UTF8CHAR_PTR text_pointer(struct text *t);

/* Serves commands on a unix socket until one of them ends the process. */
int link_serve(struct drive *d, const char *path);

/* Sends one command to the process that serves there, and prints its reply. */
int link_send(const char *path, char **words, int n);

#endif
