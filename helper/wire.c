/* SPDX-License-Identifier: BSD-3-Clause */
/* The protocol between module and helper: frames built, parsed, sent and received. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "helper/wire.h"

#define FIELD_HEADER_LEN 5
#define FIRST_SIZE       512
#define FDS_MAX          8 /* descriptors taken from one message, all but the first to close them */
#define REST_MS          5000

static void
put_be(unsigned char *to, uint64_t value, size_t len)
{
	while (len-- > 0) {
		to[len] = (unsigned char)(value & 0xff);
		value >>= 8;
	}
}

static uint64_t
get_be(const unsigned char *from, size_t len)
{
	uint64_t value = 0;

	while (len-- > 0)
		value = value << 8 | *from++;
	return value;
}

void
wire_begin(struct wire *w, enum wire_type type)
{
	memset(w, 0, sizeof(*w));
	w->type = (uint8_t)type;
	w->fd = -1;
}

/* Not realloc(): what it leaves behind may hold a PIN. */
static bool
grow(struct wire *w, size_t need)
{
	size_t size = w->size > 0 ? w->size : FIRST_SIZE, i;
	unsigned char *bigger;

	while (size < need)
		size *= 2;
	if (size == w->size)
		return true;
	bigger = malloc(size);
	if (bigger == NULL)
		return false;
	for (i = 0; i < w->n; i++)
		w->fields[i].bytes = bigger + (w->fields[i].bytes - w->payload);
	if (w->payload != NULL) {
		memcpy(bigger, w->payload, w->len);
		explicit_bzero(w->payload, w->size);
		free(w->payload);
	}
	w->payload = bigger;
	w->size = size;
	return true;
}

void
wire_put(struct wire *w, enum wire_tag tag, const void *bytes, size_t len)
{
	unsigned char *at;

	if (w->failed)
		return;
	if (w->n == WIRE_FIELDS_MAX || len > WIRE_PAYLOAD_MAX ||
	    w->len + FIELD_HEADER_LEN + len > WIRE_PAYLOAD_MAX || wire_get(w, tag) != NULL ||
	    !grow(w, w->len + FIELD_HEADER_LEN + len)) {
		w->failed = true;
		return;
	}
	at = w->payload + w->len;
	at[0] = (unsigned char)tag;
	put_be(at + 1, len, 4);
	if (len > 0)
		memcpy(at + FIELD_HEADER_LEN, bytes, len);
	w->fields[w->n].tag = (uint8_t)tag;
	w->fields[w->n].len = (uint32_t)len;
	w->fields[w->n].bytes = at + FIELD_HEADER_LEN;
	w->n++;
	w->len += FIELD_HEADER_LEN + len;
}

static void
put_number(struct wire *w, enum wire_tag tag, uint64_t value, size_t len)
{
	unsigned char bytes[8];

	put_be(bytes, value, len);
	wire_put(w, tag, bytes, len);
}

void
wire_put_u8(struct wire *w, enum wire_tag tag, uint8_t value)
{
	put_number(w, tag, value, 1);
}

void
wire_put_u32(struct wire *w, enum wire_tag tag, uint32_t value)
{
	put_number(w, tag, value, 4);
}

void
wire_put_rv(struct wire *w, enum wire_tag tag, unsigned long rv)
{
	put_number(w, tag, rv < UINT32_MAX ? rv : UINT32_MAX, 4);
}

void
wire_put_u64(struct wire *w, enum wire_tag tag, uint64_t value)
{
	put_number(w, tag, value, 8);
}

const struct wire_field *
wire_get(const struct wire *w, enum wire_tag tag)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (w->fields[i].tag == (uint8_t)tag)
			return &w->fields[i];
	return NULL;
}

static bool
get_number(const struct wire *w, enum wire_tag tag, size_t len, uint64_t *value)
{
	const struct wire_field *f = wire_get(w, tag);

	if (f == NULL || f->len != len)
		return false;
	*value = get_be(f->bytes, len);
	return true;
}

bool
wire_get_u8(const struct wire *w, enum wire_tag tag, uint8_t *value)
{
	uint64_t v;

	if (!get_number(w, tag, 1, &v))
		return false;
	*value = (uint8_t)v;
	return true;
}

bool
wire_get_u32(const struct wire *w, enum wire_tag tag, uint32_t *value)
{
	uint64_t v;

	if (!get_number(w, tag, 4, &v))
		return false;
	*value = (uint32_t)v;
	return true;
}

bool
wire_get_u64(const struct wire *w, enum wire_tag tag, uint64_t *value)
{
	return get_number(w, tag, 8, value);
}

bool
wire_parse(struct wire *w)
{
	size_t at = 0;

	w->n = 0;
	while (at < w->len) {
		struct wire_field *f = &w->fields[w->n];
		uint64_t len;

		if (w->n == WIRE_FIELDS_MAX || w->len - at < FIELD_HEADER_LEN)
			return false;
		len = get_be(w->payload + at + 1, 4);
		if (len > w->len - at - FIELD_HEADER_LEN || wire_get(w, w->payload[at]) != NULL)
			return false;
		f->tag = w->payload[at];
		f->len = (uint32_t)len;
		f->bytes = w->payload + at + FIELD_HEADER_LEN;
		at += FIELD_HEADER_LEN + (size_t)len;
		w->n++;
	}
	return true;
}

void
wire_end(struct wire *w)
{
	if (w->payload != NULL) {
		explicit_bzero(w->payload, w->size);
		free(w->payload);
	}
	if (w->received && w->fd >= 0)
		close(w->fd);
	wire_begin(w, 0);
}

/* --- The stream ------------------------------------------------------------------------------- */

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits for events on sock until the clock shows end; -1: without limit. */
static enum wire_status
wait_for(int sock, short events, int64_t end)
{
	struct pollfd p = {.fd = sock, .events = events};

	for (;;) {
		int64_t left = end < 0 ? -1 : end - now_ms();
		int n;

		if (end >= 0 && left <= 0)
			return WIRE_TIMEOUT;
		n = poll(&p, 1, left > 1000000 ? 1000000 : (int)left);
		if (n > 0)
			return WIRE_OK;
		if (n < 0 && errno != EINTR)
			return WIRE_BROKEN;
	}
}

static enum wire_status
status_of_errno(void)
{
	return errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN ? WIRE_CLOSED
									  : WIRE_BROKEN;
}

union fd_space {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

static void
attach_fd(struct msghdr *m, union fd_space *space, int fd)
{
	struct cmsghdr *c;

	memset(space, 0, sizeof(*space));
	m->msg_control = space->bytes;
	m->msg_controllen = CMSG_SPACE(sizeof(int));
	c = CMSG_FIRSTHDR(m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
}

/* Drops n bytes from the front of the row of buffers. */
static void
advance(struct msghdr *m, size_t n)
{
	while (m->msg_iovlen > 0 && n >= m->msg_iov[0].iov_len) {
		n -= m->msg_iov[0].iov_len;
		m->msg_iov++;
		m->msg_iovlen--;
	}
	if (m->msg_iovlen > 0) {
		m->msg_iov[0].iov_base = (char *)m->msg_iov[0].iov_base + n;
		m->msg_iov[0].iov_len -= n;
	}
}

enum wire_status
wire_send(int sock, const struct wire *w, int timeout_ms)
{
	unsigned char header[WIRE_HEADER_LEN] = {WIRE_VERSION, w->type};
	struct iovec v[2] = {{header, sizeof(header)}, {w->payload, w->len}};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = w->len > 0 ? 2 : 1};
	int64_t end = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
	union fd_space space;
	enum wire_status status;
	ssize_t n;

	if (w->failed) {
		errno = EMSGSIZE;
		return WIRE_BROKEN;
	}
	put_be(header + 4, w->len, 4);
	if (w->fd >= 0)
		attach_fd(&m, &space, w->fd);
	while (m.msg_iovlen > 0) {
		n = sendmsg(sock, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0) {
			/* The descriptor went with the first bytes. */
			m.msg_control = NULL;
			m.msg_controllen = 0;
			advance(&m, (size_t)n);
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			status = wait_for(sock, POLLOUT, end);
			if (status != WIRE_OK)
				return status;
		} else if (errno != EINTR) {
			return status_of_errno();
		}
	}
	return WIRE_OK;
}

static void
take_fds(struct msghdr *m, struct wire *w)
{
	struct cmsghdr *c;
	size_t i, n;
	int fd;

	for (c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (w->fd < 0)
				w->fd = fd;
			else
				close(fd);
		}
	}
}

/* Reads len bytes; *end is set when the first of them comes, if there was no limit before. */
static enum wire_status
read_all(int sock, struct wire *w, unsigned char *to, size_t len, int64_t *end)
{
	enum wire_status status;
	union fd_space space;
	ssize_t n;

	while (len > 0) {
		struct iovec v = {to, len};
		struct msghdr m = {.msg_iov = &v,
		    .msg_iovlen = 1,
		    .msg_control = space.bytes,
		    .msg_controllen = sizeof(space.bytes)};

		status = wait_for(sock, POLLIN, *end);
		if (status != WIRE_OK)
			return status;
		n = recvmsg(sock, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		if (n == 0)
			return WIRE_CLOSED;
		if (n < 0) {
			if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)
				continue;
			return status_of_errno();
		}
		take_fds(&m, w);
		if (*end < 0)
			*end = now_ms() + REST_MS;
		to += n;
		len -= (size_t)n;
	}
	return WIRE_OK;
}

enum wire_status
wire_receive(int sock, struct wire *w, int timeout_ms)
{
	unsigned char header[WIRE_HEADER_LEN];
	int64_t end = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
	enum wire_status status;
	size_t len;

	wire_begin(w, 0);
	w->received = true;
	status = read_all(sock, w, header, sizeof(header), &end);
	if (status != WIRE_OK)
		return status;
	errno = EPROTONOSUPPORT;
	if (header[0] != WIRE_VERSION)
		return WIRE_BROKEN;
	errno = EPROTO;
	len = (size_t)get_be(header + 4, 4);
	if (header[2] != 0 || header[3] != 0 || len > WIRE_PAYLOAD_MAX)
		return WIRE_BROKEN;
	w->type = header[1];
	if (len == 0)
		return WIRE_OK;
	w->payload = malloc(len);
	if (w->payload == NULL)
		return WIRE_BROKEN;
	w->size = w->len = len;
	status = read_all(sock, w, w->payload, len, &end);
	errno = EPROTO;
	if (status == WIRE_OK && !wire_parse(w))
		status = WIRE_BROKEN;
	return status;
}
