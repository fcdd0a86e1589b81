/* SPDX-License-Identifier: BSD-3-Clause */
/* The public record of one token: what everybody may know. The reader links libc only. */
#ifndef CARD_RECORD_H
#define CARD_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/identity.h"

/*
 * The file: an INI file of one section, written in this order, the last six only where they say
 * something. An older version may lack Since.
 *
 *	[Record]
 *	Version=1
 *	State=personalizing | blocked | active
 *	Method=none | lock | scramble | refuse
 *	Sequence=DECIMAL
 *	Since=DECIMAL
 *	Token=192 hexadecimal digits: the identity as it crosses the wire
 *	Ending=true
 *	ByUser=true
 *	Hold=16 hexadecimal digits
 *	Why=text
 *	Tickets=DECIMAL: an offline-unblockable card has so many left
 *	Challenge=16 or 32 hexadecimal digits: that of the next
 *
 * The file of the sequence number, DIR/sequence, holds one decimal number and a newline.
 */
#define RECORD_VERSION  1
#define RECORD_FILE_MAX 4096 /* bytes */
#define HOLD_ID_LEN     16   /* hexadecimal digits */
#define CHALLENGE_TEXT  32   /* digits at most */
#define RECORD_TICKETS  1000000

enum record_state { RECORD_NONE, RECORD_PERSONALIZING, RECORD_BLOCKED, RECORD_ACTIVE };
enum record_method { METHOD_NONE, METHOD_LOCK, METHOD_SCRAMBLE, METHOD_REFUSE };

/* METHOD_REFUSE: could not be blocked, and is refused by p11-latch only (state personalizing). */
struct record {
	enum record_state state;
	enum record_method method;
	uint64_t sequence;          /* of the state directory when this was written */
	int64_t since;              /* seconds since 1970, of the state */
	bool ending;                /* the holder is gone, the watcher is blocking the card */
	bool by_user;               /* blocked by wrong PINs while it was active */
	char hold[HOLD_ID_LEN + 1]; /* "" where no hold has it */
	struct identity identity;
	char why[160]; /* for people: what is in the way; printable ASCII */
	/* As they were when this was written. */
	bool offline;                       /* the card has, or had, tickets */
	unsigned tickets;                   /* that are left */
	char challenge[CHALLENGE_TEXT + 1]; /* "" where none is */
};

enum record_status {
	RECORD_FOUND,  /* *r is filled */
	RECORD_ABSENT, /* no such file: *r is all zero (RECORD_NONE) */
	RECORD_BAD     /* unreadable, truncated, of another version: errno or EINVAL; logged */
};

/* Reads STATE_DIR/records/NAME. Without a free descriptor it still tells absence (RECORD_ABSENT).
 */
enum record_status record_read(
    const char *state_dir, const struct identity *id, bool with_label, struct record *r);

/* The state directory's sequence number; 0 where none was written yet. -1 on an error (errno). */
int sequence_read(const char *state_dir, uint64_t *sequence);

/* Parses the text of a record; what record_read uses, and the fuzzer. */
bool record_parse(const char *text, size_t len, struct record *r);

/*
 * The version of a file of the state directory, whose one section is named so; -1 where it says
 * none. One beyond RECORD_VERSION or PRIVATE_VERSION is a newer p11-latch's, and is not touched.
 * Older ones are read, and written as this version at the next change.
 */
int64_t record_version(const char *section, const char *text, size_t len);

const char *record_state_name(enum record_state s);
const char *record_method_name(enum record_method m);

#endif
