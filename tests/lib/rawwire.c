/* SPDX-License-Identifier: BSD-3-Clause */
/* rawwire: speaks the helper's protocol as a hostile client would: any frame, any order, any bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "helper/wire.h"

#define ANSWER_MS 60000
#define FDS_MAX   253 /* SCM_MAX_FD of Linux */

struct client {
	int sock;
	struct wire frame;
	int fds; /* that go with the next bytes */
};

static const struct {
	const char *name;
	uint8_t number;
} types[] =
    {
	{"login", WIRE_LOGIN},
	{"set-pin", WIRE_SET_PIN},
	{"so-login", WIRE_SO_LOGIN},
	{"init-pin", WIRE_INIT_PIN},
	{"set-so", WIRE_SET_SO},
	{"result", WIRE_RESULT},
	{"logout", WIRE_LOGOUT},
	{"release", WIRE_RELEASE},
	{"order", WIRE_ORDER},
	{"hold", WIRE_HOLD},
	{"hand-over", WIRE_HAND_OVER},
	{"answer", WIRE_ANSWER},
},
  tags[] = {
      {"id", WIRE_IDENTITY},
      {"pin", WIRE_PIN},
      {"new", WIRE_NEW_PIN},
      {"rv", WIRE_RV},
      {"verdict", WIRE_VERDICT},
      {"r", WIRE_R},
      {"sequence", WIRE_SEQUENCE},
      {"cookie", WIRE_COOKIE},
      {"flags", WIRE_FLAGS},
      {"text", WIRE_TEXT},
      {"token-flags", WIRE_TOKEN_FLAGS},
      {"op", WIRE_OP},
      {"file", WIRE_FILE},
      {"description", WIRE_DESCRIPTION},
      {"new-so", WIRE_NEW_SO},
      {"given", WIRE_GIVEN},
      {"response", WIRE_RESPONSE},
      {"log", WIRE_LOG},
      {"profile", WIRE_PROFILE},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
fail(const char *what)
{
	printf("rawwire: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int
connect_to(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (sock < 0 || connect(sock, (struct sockaddr *)&a, sizeof(a)) != 0)
		fail(path);
	return sock;
}

/* Sends bytes with n descriptors of /dev/null; the other end may be gone already. */
static void
send_bytes(struct client *c, const unsigned char *bytes, size_t len)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec v = {(void *)(size_t)bytes, len};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	int fds[FDS_MAX], i;

	for (i = 0; i < c->fds; i++)
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (c->fds > 0) {
		memset(&control, 0, sizeof(control));
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE((size_t)c->fds * sizeof(int));
		CMSG_FIRSTHDR(&m)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&m)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&m)->cmsg_len = CMSG_LEN((size_t)c->fds * sizeof(int));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), fds, (size_t)c->fds * sizeof(int));
	}
	while (v.iov_len > 0) {
		ssize_t n = sendmsg(c->sock, &m, MSG_NOSIGNAL);

		if (n < 0)
			break;
		m.msg_control = NULL;
		m.msg_controllen = 0;
		v.iov_base = (char *)v.iov_base + n;
		v.iov_len -= (size_t)n;
	}
	for (i = 0; i < c->fds; i++)
		close(fds[i]);
	c->fds = 0;
}

static size_t
from_hex(const char *text, unsigned char *to, size_t size)
{
	size_t n = 0;
	unsigned byte;

	while (n < size && sscanf(text + 2 * n, "%2x", &byte) == 1)
		to[n++] = (unsigned char)byte;
	return n;
}

static void
print_field(const char *name, const struct wire_field *f)
{
	size_t i;

	printf(" %s=", name);
	for (i = 0; i < f->len; i++)
		if (f->bytes[i] > ' ' && f->bytes[i] <= '~')
			putchar(f->bytes[i]);
		else
			printf("%%%02X", f->bytes[i]);
}

/* "answer verdict=N rv=0xN ...", or "closed", "broken", "silent". */
static void
take_answer(struct client *c)
{
	static const enum wire_tag texts[] = {WIRE_R, WIRE_TEXT, WIRE_LOG};
	static const char *const names[] = {"r", "text", "log"};
	uint32_t rv = 0xffffffff, flags = 0;
	uint8_t verdict = 255;
	struct wire w;
	size_t i;

	switch (wire_receive(c->sock, &w, ANSWER_MS)) {
	case WIRE_OK:
		wire_get_u32(&w, WIRE_RV, &rv);
		wire_get_u32(&w, WIRE_FLAGS, &flags);
		wire_get_u8(&w, WIRE_VERDICT, &verdict);
		printf("answer verdict=%u rv=0x%x flags=%u", verdict, rv, flags);
		for (i = 0; i < COUNT(texts); i++)
			if (wire_get(&w, texts[i]) != NULL)
				print_field(names[i], wire_get(&w, texts[i]));
		putchar('\n');
		break;
	case WIRE_CLOSED:
		puts("closed");
		break;
	case WIRE_TIMEOUT:
		puts("silent");
		break;
	default:
		puts("broken");
	}
	fflush(stdout);
	wire_end(&w);
}

/* "closed after N ms", as long as it takes, at most one minute. */
static void
await_end(struct client *c)
{
	int64_t begin = now_ms();
	char buf[4096];
	ssize_t n;

	do {
		struct pollfd p = {.fd = c->sock, .events = POLLIN};

		if (poll(&p, 1, ANSWER_MS) <= 0) {
			puts("still open");
			return;
		}
		n = recv(c->sock, buf, sizeof(buf), 0);
	} while (n > 0);
	printf("closed after %lld ms\n", (long long)(now_ms() - begin));
}

static size_t
pack(struct client *c, unsigned char **bytes)
{
	struct wire *w = &c->frame;

	*bytes = calloc(1, WIRE_HEADER_LEN + w->len + 1);
	if (*bytes == NULL)
		fail("memory");
	(*bytes)[0] = WIRE_VERSION;
	(*bytes)[1] = w->type;
	(*bytes)[4] = (unsigned char)(w->len >> 24);
	(*bytes)[5] = (unsigned char)(w->len >> 16);
	(*bytes)[6] = (unsigned char)(w->len >> 8);
	(*bytes)[7] = (unsigned char)w->len;
	if (w->len > 0)
		memcpy(*bytes + WIRE_HEADER_LEN, w->payload, w->len);
	return WIRE_HEADER_LEN + w->len;
}

/* Sends what was put together; half: only the first half of it; slow: a byte each 60 ms. */
static void
send_frame(struct client *c, bool half, bool slow)
{
	unsigned char *bytes;
	size_t len = pack(c, &bytes), i;

	if (half)
		len /= 2;
	if (!slow)
		send_bytes(c, bytes, len);
	for (i = 0; slow && i < len; i++) {
		send_bytes(c, bytes + i, 1);
		usleep(60000);
	}
	free(bytes);
}

static bool
begin_frame(struct client *c, const char *word)
{
	size_t i;

	for (i = 0; i < COUNT(types); i++)
		if (strcmp(word, types[i].name) == 0)
			break;
	if (i == COUNT(types) && strncmp(word, "type:", 5) != 0)
		return false;
	wire_end(&c->frame);
	wire_begin(&c->frame, 0);
	c->frame.type = i < COUNT(types) ? types[i].number : (uint8_t)atoi(word + 5);
	return true;
}

static bool
put_value(struct client *c, uint8_t tag, const char *value)
{
	static unsigned char bytes[WIRE_PAYLOAD_MAX];

	if (strncmp(value, "hex:", 4) == 0)
		wire_put(&c->frame, tag, bytes, from_hex(value + 4, bytes, sizeof(bytes)));
	else if (strncmp(value, "u8:", 3) == 0)
		wire_put_u8(&c->frame, tag, (uint8_t)strtoul(value + 3, NULL, 0));
	else if (strncmp(value, "u32:", 4) == 0)
		wire_put_u32(&c->frame, tag, (uint32_t)strtoul(value + 4, NULL, 0));
	else if (strncmp(value, "zeros:", 6) == 0) {
		memset(bytes, 0, sizeof(bytes));
		wire_put(&c->frame, tag, bytes, strtoul(value + 6, NULL, 0));
	} else {
		wire_put(&c->frame, tag, value, strlen(value));
	}
	return !c->frame.failed;
}

static bool
put_field(struct client *c, const char *word)
{
	const char *equals = strchr(word, '=');
	size_t i;

	for (i = 0; equals != NULL && i < COUNT(tags); i++)
		if (strlen(tags[i].name) == (size_t)(equals - word) &&
		    strncmp(word, tags[i].name, strlen(tags[i].name)) == 0)
			return put_value(c, tags[i].number, equals + 1);
	if (equals != NULL && strncmp(word, "tag:", 4) == 0)
		return put_value(c, (uint8_t)atoi(word + 4), equals + 1);
	return false;
}

static bool
act(struct client *c, const char *word)
{
	static unsigned char bytes[1 << 20];

	if (strcmp(word, "ask") == 0) {
		send_frame(c, false, false);
		take_answer(c);
	} else if (strcmp(word, "send") == 0) {
		send_frame(c, false, false);
	} else if (strcmp(word, "half") == 0) {
		send_frame(c, true, false);
	} else if (strcmp(word, "slow") == 0) {
		send_frame(c, false, true);
	} else if (strcmp(word, "read") == 0) {
		take_answer(c);
	} else if (strcmp(word, "end") == 0) {
		await_end(c);
	} else if (strcmp(word, "shut") == 0) {
		shutdown(c->sock, SHUT_WR);
	} else if (strncmp(word, "raw:", 4) == 0) {
		send_bytes(c, bytes, from_hex(word + 4, bytes, sizeof(bytes)));
	} else if (strncmp(word, "zeros:", 6) == 0) {
		send_bytes(c, bytes, strtoul(word + 6, NULL, 0) % sizeof(bytes));
	} else if (strncmp(word, "fds:", 4) == 0) {
		c->fds = atoi(word + 4) % (FDS_MAX + 1);
	} else if (strncmp(word, "ms:", 3) == 0) {
		usleep((useconds_t)strtoul(word + 3, NULL, 0) * 1000);
	} else {
		return begin_frame(c, word) || put_field(c, word);
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct client c = {0};
	int i;

	if (argc < 3) {
		fputs(
		    "usage: rawwire SOCKET WORD...\n"
		    "login, set-pin, ..., type:N   begin a frame; TAG=VALUE puts a field into it\n"
		    "VALUE: text, hex:00ff, u8:N, u32:N, zeros:N\n"
		    "ask, send, half, slow, read   send it and print the answer; only send; ...\n"
		    "raw:HEX, zeros:N, fds:N, ms:N, shut, end\n",
		    stderr);
		return 2;
	}
	c.sock = connect_to(argv[1]);
	wire_begin(&c.frame, 0);
	for (i = 2; i < argc; i++)
		if (!act(&c, argv[i])) {
			printf("rawwire: %s is not understood\n", argv[i]);
			return 2;
		}
	fflush(stdout);
	wire_end(&c.frame);
	close(c.sock);
	return 0;
}
