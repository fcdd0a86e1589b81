/* SPDX-License-Identifier: BSD-3-Clause */
/* The protocol between module, command and helper: frames on one stream. Links libc only. */
#ifndef HELPER_WIRE_H
#define HELPER_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A frame: version, type, two zero bytes, payload length (32 bits, big-endian), payload. The
 * payload is a row of fields: tag (one byte), length (32 bits, big-endian), bytes. No tag comes
 * twice in a frame.
 */
#define WIRE_VERSION     1
#define WIRE_HEADER_LEN  8
#define WIRE_PAYLOAD_MAX (128u * 1024u)
#define WIRE_FIELDS_MAX  16

enum wire_type {
	/*
	 * Module to helper. Each is answered by one WIRE_ANSWER. The first four and WIRE_INIT_PIN
	 * bear TOKEN_FLAGS too: while its holder works, a watcher does not look at the card itself.
	 */
	/* C_Login as user on a card that policy holds: IDENTITY, PIN unless NULL. */
	WIRE_LOGIN = 1,
	/* C_SetPIN by user or public: IDENTITY, PIN (old), NEW_PIN unless NULL, FLAGS. */
	WIRE_SET_PIN = 2,
	/* C_Login as SO was right: IDENTITY, PIN unless NULL. Stays as watcher. */
	WIRE_SO_LOGIN = 3,
	/* C_InitPIN is about to be called: IDENTITY. */
	WIRE_INIT_PIN = 4,
	/* C_SetPIN in an SO session is about to be called: IDENTITY, NEW_PIN. */
	WIRE_SET_SO = 5,
	/* How the vendor's call ended that was asked for or announced before: RV. */
	WIRE_RESULT = 6,
	/* C_Logout ended an SO session. */
	WIRE_LOGOUT = 7,
	/*
	 * The last session on the token is closed; FLAGS: WIRE_FLAG_FINALIZE. As a conversation's
	 * first frame, with IDENTITY: the watcher died, and what it left is to be settled. With RV
	 * it died while the holder's C_InitPIN or C_SetPIN ran, which ended so: the PIN that it set
	 * may have come after a block.
	 */
	WIRE_RELEASE = 8,
	/* Command to helper: an order, helper/order_wire.h. */
	WIRE_ORDER = 20,
	WIRE_HOLD = 21, /* personalize --: a hold is opened; answered with TEXT, the cookie */
	/* Program under a hold (through its helper) to the hold's watcher. */
	/* IDENTITY, SO secrets as far as known: PIN that a program logged in with, or NEW_PIN that
	 * it changed it to; both where nobody knows whether it did; FLAGS: 1, it was proved that
	 * the card can be unblocked; the lock's descriptor if held. */
	WIRE_HAND_OVER = 22,
	/* Helper to all of them. */
	WIRE_ANSWER = 64
};

enum wire_tag {
	WIRE_IDENTITY = 1, /* 96 bytes, policy/identity.h */
	WIRE_PIN = 2,
	WIRE_NEW_PIN = 3,
	WIRE_RV = 4,      /* CK_RV, 32 bits, big-endian */
	WIRE_VERDICT = 5, /* enum wire_verdict, one byte */
	WIRE_R = 6,       /* R, the PIN that nobody knows */
	/* 64 bits: the record's after a change that this process made, or with WIRE_VENDOR to
	 * WIRE_LOGIN the one that it has read, if its vendor takes the value, too. */
	WIRE_SEQUENCE = 7,
	WIRE_COOKIE = 8, /* P11_LATCH_HOLD as it is: ID:SECRET; in a conversation's first frame */
	WIRE_FLAGS = 9,  /* 32 bits, big-endian */
	WIRE_TEXT = 10,
	WIRE_TOKEN_FLAGS = 11, /* CK_TOKEN_INFO.flags as the vendor shows them, 32 bits */
	/* WIRE_ORDER: helper/order_wire.h. */
	WIRE_OP = 12,
	WIRE_FILE = 13,
	WIRE_DESCRIPTION = 14,
	WIRE_NEW_SO = 15,
	WIRE_GIVEN = 16,
	WIRE_LOG = 17,
	/* The profile's name, by what the vendor module says in the program that asks. */
	WIRE_PROFILE = 18,
	/* WIRE_ORDER. */
	WIRE_PUK = 19,
	WIRE_RESPONSE = 20,
	WIRE_WAIT = 21 /* seconds, 32 bits, big-endian */
};

enum wire_verdict {
	/* RV is the application's answer. */
	WIRE_DONE = 0,
	/* Call the vendor with the application's own values. */
	WIRE_VENDOR = 1,
	/* WIRE_LOGIN: log in with R instead of the value. */
	WIRE_USE_R = 2,
	/* Call the vendor's C_SetPIN(R, new PIN), send WIRE_RESULT, read the next answer. */
	WIRE_SET_WITH_R = 3,
	/* WIRE_SO_LOGIN, INIT_PIN, SET_SO: governed; the helper stays, tell it what follows. */
	WIRE_WATCHING = 4,
	/* WIRE_INIT_PIN, SET_PIN: governed, and the card is to be blocked when this holder ends. */
	WIRE_PERSONALIZING = 5
};

/* WIRE_FLAGS */
#define WIRE_FLAG_FINALIZE  1u   /* WIRE_RELEASE: C_Finalize */
#define WIRE_FLAG_R_LOGIN   2u   /* WIRE_SET_PIN: this process is logged in with R */
#define WIRE_FLAG_STALE     4u   /* this process is stale for the token: R is of no use to it */
#define WIRE_FLAG_LOCKED    8u   /* the vendor shows or says that the PIN is locked */
#define WIRE_FLAG_LOGGED_IN 16u  /* WIRE_SET_PIN: a user session */
#define WIRE_FLAG_CONTEXT   32u  /* WIRE_LOGIN: CKU_CONTEXT_SPECIFIC */
#define WIRE_FLAG_KEEP      64u  /* answer to WIRE_RELEASE: BlockAfter=finalize, still the holder */
#define WIRE_FLAG_INIT_PIN  128u /* WIRE_RELEASE: RV is C_InitPIN's */

struct wire_field {
	uint8_t tag;
	uint32_t len;
	const unsigned char *bytes; /* into the message; empty: not NULL */
};

/* One frame, to be built or as it came. Starts with wire_begin() or wire_receive(). */
struct wire {
	uint8_t type;
	struct wire_field fields[WIRE_FIELDS_MAX];
	size_t n;
	unsigned char *payload; /* wiped by wire_end() */
	size_t len, size;
	bool failed;   /* no memory, or too many fields */
	int fd;        /* a descriptor that came with it, or is to go with it; -1: none */
	bool received; /* fd came with it, and is closed by wire_end() */
};

void wire_begin(struct wire *w, enum wire_type type);
void wire_put(struct wire *w, enum wire_tag tag, const void *bytes, size_t len);
void wire_put_u8(struct wire *w, enum wire_tag tag, uint8_t value);
void wire_put_u32(struct wire *w, enum wire_tag tag, uint32_t value);
/* A CK_RV, of which the wire has 32 bits: what is larger is another answer, and never CKR_OK. */
void wire_put_rv(struct wire *w, enum wire_tag tag, unsigned long rv);
void wire_put_u64(struct wire *w, enum wire_tag tag, uint64_t value);

/* NULL where the frame has no such field. */
const struct wire_field *wire_get(const struct wire *w, enum wire_tag tag);
bool wire_get_u8(const struct wire *w, enum wire_tag tag, uint8_t *value);
bool wire_get_u32(const struct wire *w, enum wire_tag tag, uint32_t *value);
bool wire_get_u64(const struct wire *w, enum wire_tag tag, uint64_t *value);

enum wire_status {
	WIRE_OK,
	WIRE_CLOSED,  /* the other end is gone */
	WIRE_TIMEOUT, /* not all of it within the time */
	WIRE_BROKEN   /* not of the form above (EPROTO), of another version (EPROTONOSUPPORT), or a
			 system error: errno */
};

/* Sends it whole, with w->fd as SCM_RIGHTS if >= 0 (it stays open here); never raises SIGPIPE. */
enum wire_status wire_send(int sock, const struct wire *w, int timeout_ms);

/*
 * Receives one whole frame; the time counts for all of it; -1: no limit before its first byte, 5 s
 * after. A descriptor that comes along is CLOEXEC and in w->fd, to be closed by the caller
 * (wire_end closes it); more than one are closed. To be ended by wire_end() whatever the status.
 */
enum wire_status wire_receive(int sock, struct wire *w, int timeout_ms);

/* Parses a payload alone; what wire_receive uses, and the fuzzer. */
bool wire_parse(struct wire *w);

/* Wipes and frees; closes the descriptor of a received frame. */
void wire_end(struct wire *w);

#endif
