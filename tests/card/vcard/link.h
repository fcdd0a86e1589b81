/* SPDX-License-Identifier: BSD-3-Clause */
/* The wire between a virtual smart card and vpcd, its reader. */
#ifndef TESTS_CARD_VCARD_LINK_H
#define TESTS_CARD_VCARD_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define LINK_MAX 65536

/* Messages of one byte, in place of an APDU. */
enum link_control {
	LINK_OFF = 0,
	LINK_ON = 1,
	LINK_RESET = 2,
	LINK_ATR = 4, /* the only one that is answered */
};

/* To vpcd on this port of the loopback. -1: nobody listens. */
int link_connect(unsigned port);

/* One message, of LINK_MAX bytes at most. -1: the reader is gone. */
ssize_t link_receive(int fd, unsigned char *message);
bool link_send(int fd, const unsigned char *message, size_t len);

#endif
