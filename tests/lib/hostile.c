/* SPDX-License-Identifier: BSD-3-Clause */
/* hostile: thousands of conversations with the helper that no honest client has, and what came of
 * them. */
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
#include "tests/lib/hostile.h"

#define END_MS    20000 /* a conversation is over by then, or never */
#define MOMENT_MS 40
#define FDS_MAX   253 /* SCM_MAX_FD of Linux */
#define HEARD_MAX (1u << 20)

struct tally {
	unsigned said, answers, bad;
	long long longest;
	char **secrets; /* that no answer may bear */
};

static int null_fd;

static long long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int
connect_to(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (sock < 0 || connect(sock, (struct sockaddr *)&a, sizeof(a)) != 0) {
		printf("hostile: %s: %s\n", path, strerror(errno));
		exit(2);
	}
	return sock;
}

/* False: the other end has gone, or takes no more. */
static bool
send_step(int sock, const unsigned char *bytes, const struct step *step)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec v = {(void *)(size_t)bytes, step->len};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	int fds[FDS_MAX], i;

	if (step->len == 0)
		return true;
	if (step->fds > 0) {
		memset(&control, 0, sizeof(control));
		for (i = 0; i < step->fds; i++)
			fds[i] = null_fd;
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE((size_t)step->fds * sizeof(int));
		CMSG_FIRSTHDR(&m)->cmsg_level = SOL_SOCKET;
		CMSG_FIRSTHDR(&m)->cmsg_type = SCM_RIGHTS;
		CMSG_FIRSTHDR(&m)->cmsg_len = CMSG_LEN((size_t)step->fds * sizeof(int));
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), fds, (size_t)step->fds * sizeof(int));
	}
	return sendmsg(sock, &m, MSG_NOSIGNAL) == (ssize_t)step->len;
}

/* What is there within the time is added to what was heard; false: the other end has ended. */
static bool
hear(int sock, unsigned char *heard, size_t *len, int ms)
{
	struct pollfd p = {.fd = sock, .events = POLLIN};
	ssize_t n;

	if (poll(&p, 1, ms) <= 0)
		return true;
	n = recv(sock, heard + *len, HEARD_MAX - *len, 0);
	if (n > 0)
		*len += (size_t)n;
	return n > 0;
}

static void
bad(struct tally *t, unsigned number, const char *what)
{
	t->bad++;
	printf("conversation %u: %s\n", number, what);
}

/* What nobody may get who never presented anything that is right. */
static void
judge(struct tally *t, unsigned number, const unsigned char *heard, size_t len)
{
	char **secret;
	size_t at = 0;

	for (secret = t->secrets; *secret != NULL; secret++)
		if (memmem(heard, len, *secret, strlen(*secret)) != NULL)
			bad(t, number, "an answer bears a secret");
	while (at + WIRE_HEADER_LEN <= len) {
		struct wire w;
		size_t payload = (size_t)heard[at + 6] << 8 | heard[at + 7];
		uint8_t verdict = 255;

		wire_begin(&w, WIRE_ANSWER);
		w.payload = (unsigned char *)(size_t)heard + at + WIRE_HEADER_LEN;
		w.len = payload;
		at += WIRE_HEADER_LEN + payload;
		if (at > len || heard[at - payload - WIRE_HEADER_LEN + 1] != WIRE_ANSWER ||
		    !wire_parse(&w)) {
			bad(t, number, "an answer that is none");
			return;
		}
		wire_get_u8(&w, WIRE_VERDICT, &verdict);
		if (wire_get(&w, WIRE_R) != NULL || verdict == WIRE_USE_R ||
		    verdict == WIRE_SET_WITH_R || verdict == WIRE_PERSONALIZING)
			bad(t, number, "got what only a right value gives");
		t->answers++;
	}
}

/* One conversation; dies: the process at this end is gone after the last byte, and hears nothing.
 */
static void
converse(struct tally *t, const char *path, unsigned number, const struct said *s, bool dies)
{
	static unsigned char heard[HEARD_MAX];
	int sock = connect_to(path);
	long long begin = now_ms();
	size_t at = 0, len = 0, i;
	bool open = true;

	for (i = 0; i < s->n && open; i++) {
		if (!send_step(sock, s->bytes + at, &s->steps[i]))
			break;
		at += s->steps[i].len;
		if (s->steps[i].wait && i + 1 < s->n)
			open = hear(sock, heard, &len, MOMENT_MS);
	}
	t->said++;
	if (!dies) {
		shutdown(sock, SHUT_WR);
		while (open && len < HEARD_MAX && now_ms() - begin < END_MS)
			open = hear(sock, heard, &len, END_MS);
		if (open)
			bad(t, number, "is not over in time");
		judge(t, number, heard, len);
		if (now_ms() - begin > t->longest)
			t->longest = now_ms() - begin;
	}
	close(sock);
}

static void
random_ones(struct tally *t, struct attack *a, const char *path, uint64_t seed, unsigned n)
{
	struct said s = {.bytes = malloc(SAID_MAX)};
	unsigned i;

	for (i = 0; i < n && s.bytes != NULL; i++) {
		a->state = seed * 1000003u + i;
		attack_random(a, &s);
		converse(t, path, i, &s, attack_draw(a, 10) == 0);
	}
	free(s.bytes);
}

/* The kind's bytes up to one of them, and there its end. */
static void
cut(struct said *s, size_t at)
{
	size_t begin = 0, i;

	for (i = 0; i < s->n && begin + s->steps[i].len <= at; i++)
		begin += s->steps[i].len;
	if (i < s->n) {
		s->steps[i].len = at - begin;
		s->n = i + 1;
	}
	s->len = at;
}

/*
 * Each kind: its caller dies after each of its bytes, and lives with each of its bytes another. Of
 * these every nth, from the seed on.
 */
static void
crafted_ones(struct tally *t, struct attack *a, const char *path, uint64_t seed, unsigned nth)
{
	struct said s = {.bytes = malloc(SAID_MAX)};
	unsigned kind, number = 0;
	size_t at, len;

	for (kind = 0; s.bytes != NULL && (a->state = seed, attack_kind(a, kind, &s)); kind++) {
		len = s.len;
		for (at = 0; at < 2 * len; at++, number++) {
			if ((number + seed) % nth != 0)
				continue;
			a->state = seed;
			attack_kind(a, kind, &s);
			if (at < len)
				cut(&s, at);
			else
				s.bytes[at - len] ^= (unsigned char)(1 + attack_draw(a, 255));
			converse(t, path, number, &s, at < len);
		}
	}
	free(s.bytes);
}

static bool
read_identity(const char *hex, struct attack *a)
{
	unsigned byte;
	size_t i;

	for (i = 0; i < sizeof(a->identity); i++) {
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return false;
		a->identity[i] = (unsigned char)byte;
	}
	return hex[2 * i] == '\0';
}

int
main(int argc, char **argv)
{
	struct tally t = {0};
	struct attack a = {0};
	unsigned n;

	if (argc < 6 || !read_identity(argv[2], &a) || (n = (unsigned)atoi(argv[5])) == 0) {
		fputs("usage: hostile SOCKET IDENTITY random SEED HOW-MANY [SECRET...]\n"
		      "       hostile SOCKET IDENTITY crafted SEED EVERY-NTH [SECRET...]\n"
		      "Says what was bad, or how many conversations there were.\n",
		    stderr);
		return 2;
	}
	null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	t.secrets = argv + 6;
	if (strcmp(argv[3], "random") == 0)
		random_ones(&t, &a, argv[1], strtoull(argv[4], NULL, 10), n);
	else
		crafted_ones(&t, &a, argv[1], strtoull(argv[4], NULL, 10), n);
	printf("%u conversations, %u answers, the longest %lld ms\n", t.said, t.answers, t.longest);
	return t.bad > 0 || t.said == 0;
}
