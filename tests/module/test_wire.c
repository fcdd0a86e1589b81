/* SPDX-License-Identifier: BSD-3-Clause */
/* The protocol: frames that arrive as they were sent, and all that is none. */
#include <check.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "helper/wire.h"

static int ends[2];

static void
begin(void)
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	alarm(20);
}

static void
end(void)
{
	close(ends[0]);
	close(ends[1]);
}

static long
milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

START_TEST(there_and_back)
{
	struct wire out, in;
	uint64_t big;
	uint32_t number;
	uint8_t small;

	wire_begin(&out, WIRE_LOGIN);
	wire_put(&out, WIRE_PIN, "1234\0005", 6);
	wire_put(&out, WIRE_NEW_PIN, NULL, 0);
	wire_put_u8(&out, WIRE_VERDICT, 3);
	wire_put_u32(&out, WIRE_RV, 0xdeadbeef);
	wire_put_u64(&out, WIRE_SEQUENCE, 0x0123456789abcdefull);
	ck_assert_int_eq(wire_send(ends[0], &out, 1000), WIRE_OK);
	wire_end(&out);
	ck_assert_int_eq(wire_receive(ends[1], &in, 1000), WIRE_OK);
	ck_assert_int_eq(in.type, WIRE_LOGIN);
	ck_assert_uint_eq(wire_get(&in, WIRE_PIN)->len, 6);
	ck_assert_mem_eq(wire_get(&in, WIRE_PIN)->bytes, "1234\0005", 6);
	/* Empty is not the same as not there. */
	ck_assert_ptr_nonnull(wire_get(&in, WIRE_NEW_PIN));
	ck_assert_uint_eq(wire_get(&in, WIRE_NEW_PIN)->len, 0);
	ck_assert_ptr_nonnull(wire_get(&in, WIRE_NEW_PIN)->bytes);
	ck_assert_ptr_null(wire_get(&in, WIRE_R));
	ck_assert(wire_get_u8(&in, WIRE_VERDICT, &small) && small == 3);
	ck_assert(wire_get_u32(&in, WIRE_RV, &number) && number == 0xdeadbeef);
	ck_assert(wire_get_u64(&in, WIRE_SEQUENCE, &big) && big == 0x0123456789abcdefull);
	/* Of another length: not such a number. */
	ck_assert(!wire_get_u32(&in, WIRE_SEQUENCE, &number));
	ck_assert(!wire_get_u32(&in, WIRE_FLAGS, &number));
	ck_assert_int_eq(in.fd, -1);
	wire_end(&in);
	wire_end(&in);
}
END_TEST

START_TEST(no_payload)
{
	struct wire out, in;

	wire_begin(&out, WIRE_LOGOUT);
	ck_assert_int_eq(wire_send(ends[0], &out, 1000), WIRE_OK);
	ck_assert_int_eq(wire_send(ends[0], &out, 1000), WIRE_OK);
	ck_assert_int_eq(wire_receive(ends[1], &in, -1), WIRE_OK);
	ck_assert_int_eq(in.type, WIRE_LOGOUT);
	ck_assert_uint_eq(in.n, 0);
	wire_end(&in);
	ck_assert_int_eq(wire_receive(ends[1], &in, -1), WIRE_OK);
	wire_end(&in);
}
END_TEST

START_TEST(descriptor)
{
	struct wire out, in;
	int fds[2], kept;
	char c;

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	wire_begin(&out, WIRE_LOGIN);
	wire_put(&out, WIRE_PIN, "x", 1);
	out.fd = fds[1];
	ck_assert_int_eq(wire_send(ends[0], &out, 1000), WIRE_OK);
	wire_end(&out);
	/* What was sent stays open here. */
	ck_assert_int_ge(fcntl(fds[1], F_GETFD), 0);
	ck_assert_int_eq(wire_receive(ends[1], &in, 1000), WIRE_OK);
	ck_assert_int_ge(in.fd, 0);
	ck_assert_int_eq(fcntl(in.fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(write(in.fd, "y", 1), 1);
	ck_assert_int_eq(read(fds[0], &c, 1), 1);
	kept = in.fd;
	wire_end(&in);
	ck_assert_int_eq(fcntl(kept, F_GETFD), -1);
}
END_TEST

/* More descriptors than one are closed. */
START_TEST(many_descriptors)
{
	unsigned char frame[WIRE_HEADER_LEN] = {WIRE_VERSION, WIRE_LOGOUT};
	struct iovec v = {frame, sizeof(frame)};
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(4 * sizeof(int))];
	} space;
	struct msghdr m = {.msg_iov = &v,
	    .msg_iovlen = 1,
	    .msg_control = space.bytes,
	    .msg_controllen = sizeof(space.bytes)};
	struct cmsghdr *c;
	int before, after, fds[4] = {0, 0, 0, 0};
	struct wire in;

	memset(&space, 0, sizeof(space));
	c = CMSG_FIRSTHDR(&m);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
	before = dup(0);
	close(before);
	ck_assert_int_eq(sendmsg(ends[0], &m, 0), sizeof(frame));
	ck_assert_int_eq(wire_receive(ends[1], &in, 1000), WIRE_OK);
	wire_end(&in);
	after = dup(0);
	ck_assert_int_eq(before, after);
	close(after);
}
END_TEST

START_TEST(too_much)
{
	static unsigned char much[WIRE_PAYLOAD_MAX + 1];
	struct wire w;
	unsigned i;

	wire_begin(&w, WIRE_LOGIN);
	wire_put(&w, WIRE_PIN, much, sizeof(much));
	ck_assert(w.failed);
	ck_assert_int_eq(wire_send(ends[0], &w, 1000), WIRE_BROKEN);
	wire_end(&w);
	wire_begin(&w, WIRE_LOGIN);
	wire_put(&w, WIRE_PIN, much, WIRE_PAYLOAD_MAX - 5);
	ck_assert(!w.failed);
	wire_put_u8(&w, WIRE_VERDICT, 1);
	ck_assert(w.failed);
	wire_end(&w);
	wire_begin(&w, WIRE_LOGIN);
	for (i = 0; i <= WIRE_FIELDS_MAX; i++)
		wire_put_u8(&w, (enum wire_tag)(i + 1), 0);
	ck_assert(w.failed);
	wire_end(&w);
	wire_begin(&w, WIRE_LOGIN);
	wire_put_u8(&w, WIRE_PIN, 0);
	wire_put_u8(&w, WIRE_PIN, 0);
	ck_assert(w.failed);
	wire_end(&w);
}
END_TEST

static void *
receive_largest(void *arg)
{
	static struct wire in;

	(void)arg;
	usleep(100000);
	return wire_receive(ends[1], &in, 5000) == WIRE_OK &&
		       wire_get(&in, WIRE_TEXT)->len == WIRE_PAYLOAD_MAX - 5
		   ? &in
		   : NULL;
}

/* More than a socket buffer holds: sending waits until it is read. */
START_TEST(largest)
{
	static unsigned char much[WIRE_PAYLOAD_MAX - 5];
	int small = 4096;
	struct wire out;
	pthread_t thread;
	void *result;

	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	wire_begin(&out, WIRE_ORDER);
	wire_put(&out, WIRE_TEXT, much, sizeof(much));
	ck_assert_int_eq(pthread_create(&thread, NULL, receive_largest, NULL), 0);
	ck_assert_int_eq(wire_send(ends[0], &out, 5000), WIRE_OK);
	pthread_join(thread, &result);
	ck_assert_ptr_nonnull(result);
	/* And not for ever. */
	ck_assert_int_eq(wire_send(ends[0], &out, 100), WIRE_TIMEOUT);
	wire_end(&out);
}
END_TEST

static const struct {
	const char *bytes;
	size_t len;
	enum wire_status status;
} bad[] = {
    {"\2\1\0\0\0\0\0\0", 8, WIRE_BROKEN},                       /* another version */
    {"\1\1\1\0\0\0\0\0", 8, WIRE_BROKEN},                       /* not zero */
    {"\1\1\0\0\0\2\0\1", 8, WIRE_BROKEN},                       /* longer than may be */
    {"\1\1\0\0\377\377\377\377", 8, WIRE_BROKEN},               /* much longer */
    {"\1\1\0\0\0\0\0\1\2", 9, WIRE_BROKEN},                     /* no room for a field */
    {"\1\1\0\0\0\0\0\5\2\0\0\0\1", 13, WIRE_BROKEN},            /* a field beyond the end */
    {"\1\1\0\0\0\0\0\5\2\377\377\377\377", 13, WIRE_BROKEN},    /* and far beyond */
    {"\1\1\0\0\0\0\0\12\2\0\0\0\0\2\0\0\0\0", 18, WIRE_BROKEN}, /* a tag that comes twice */
    {"GET / HTTP/1.1\r\n", 16, WIRE_BROKEN},
    {"\1\1\0\0\0\0\0\5\2\0\0", 11, WIRE_CLOSED}, /* the end in between */
    {"\1\1\0", 3, WIRE_CLOSED},
    {"", 0, WIRE_CLOSED},
};

START_TEST(bad_frames)
{
	struct wire in;

	ck_assert_int_eq(write(ends[0], bad[_i].bytes, bad[_i].len), (ssize_t)bad[_i].len);
	shutdown(ends[0], SHUT_WR);
	ck_assert_int_eq(wire_receive(ends[1], &in, 1000), bad[_i].status);
	wire_end(&in);
}
END_TEST

START_TEST(limits)
{
	long start = milliseconds();
	struct wire in;

	ck_assert_int_eq(wire_receive(ends[1], &in, 100), WIRE_TIMEOUT);
	wire_end(&in);
	ck_assert_int_lt(milliseconds() - start, 3000);
	/* The time is for all of it. */
	ck_assert_int_eq(write(ends[0], "\1\1\0\0\0\0\0\5\2", 9), 9);
	ck_assert_int_eq(wire_receive(ends[1], &in, 100), WIRE_TIMEOUT);
	wire_end(&in);
}
END_TEST

START_TEST(other_end_gone)
{
	struct wire out, in;

	close(ends[1]);
	ends[1] = dup(0);
	wire_begin(&out, WIRE_LOGIN);
	wire_put(&out, WIRE_PIN, "1234", 4);
	ck_assert_int_eq(wire_send(ends[0], &out, 1000), WIRE_CLOSED);
	wire_end(&out);
	ck_assert_int_eq(wire_receive(ends[0], &in, 1000), WIRE_CLOSED);
	wire_end(&in);
}
END_TEST

static void
on_signal(int signal_number)
{
	(void)signal_number;
}

static void *
disturb(void *arg)
{
	int i;

	for (i = 0; i < 10; i++) {
		usleep(10000);
		pthread_kill(*(pthread_t *)arg, SIGUSR1);
	}
	(void)!write(ends[0], "\1\7\0\0\0\0\0\0", 8);
	return NULL;
}

START_TEST(signals)
{
	struct sigaction action = {.sa_handler = on_signal};
	pthread_t thread, self = pthread_self();
	struct wire in;

	sigaction(SIGUSR1, &action, NULL);
	ck_assert_int_eq(pthread_create(&thread, NULL, disturb, &self), 0);
	ck_assert_int_eq(wire_receive(ends[1], &in, 5000), WIRE_OK);
	ck_assert_int_eq(in.type, WIRE_LOGOUT);
	wire_end(&in);
	pthread_join(thread, NULL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("wire");
	TCase *t = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, there_and_back);
	tcase_add_test(t, no_payload);
	tcase_add_test(t, descriptor);
	tcase_add_test(t, many_descriptors);
	tcase_add_test(t, too_much);
	tcase_add_test(t, largest);
	tcase_add_loop_test(t, bad_frames, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(t, limits);
	tcase_add_test(t, other_end_gone);
	tcase_add_test(t, signals);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
