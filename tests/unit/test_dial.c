/* SPDX-License-Identifier: MIT */
/*
 * Many connections at once, in a network namespace of the test's own: each call ends once, as
 * answered, refused, or hung up while it waited; by io_uring and by epoll alike.
 */
#include "nw_test.h"

#include "os/lookout.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <nw/dial.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { OPEN_PORT = 2000, CLOSED_PORT = 2001 };

static const unsigned char here[4] = { 127, 0, 0, 1 };
static const unsigned char nobody[4] = { 192, 0, 2,
					 7 }; /* what is sent there is for another card */
static const unsigned char here6[16] = { [15] = 1 };

/* Kernels that only take the error off a refused socket end the next connect so. */
static uint32_t aborted_left;

uint32_t __real_nwi_lookout_take(struct nwi_lookout *lookout, struct nwi_lookout_news *ret_news,
				 uint32_t count, uint64_t timeout_ns);
uint32_t __wrap_nwi_lookout_take(struct nwi_lookout *lookout, struct nwi_lookout_news *ret_news,
				 uint32_t count, uint64_t timeout_ns);

uint32_t __wrap_nwi_lookout_take(struct nwi_lookout *lookout, struct nwi_lookout_news *ret_news,
				 uint32_t count, uint64_t timeout_ns)
{
	uint32_t n = __real_nwi_lookout_take(lookout, ret_news, count, timeout_ns);

	for (uint32_t i = 0; i < n && aborted_left > 0; i++, aborted_left--)
		ret_news[i].result = -ECONNABORTED;
	return n;
}

static void make_network(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		SKIP("no network namespace: needs root");
	if (system("ip link set lo up && ip link add deaf type veth peer name other && "
		   "ip link set deaf up && ip link set other up && "
		   "ip addr add 192.0.2.1/24 dev deaf && "
		   "ip neigh add 192.0.2.7 lladdr 02:00:00:00:00:07 dev deaf") != 0)
		SKIP("no veth pair: needs iproute2 and a kernel that has veth");
}

static int listen_here(uint16_t port)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	CHECK(fd >= 0);
	CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	CHECK(listen(fd, 4096) == 0);
	return fd;
}

static struct nw_dial *open_dial(uint32_t lines, bool no_uring)
{
	struct nw_dial_options options = { .line_count = lines, .no_uring = no_uring };
	struct nw_diag diag = { "" };
	struct nw_dial *dial = NULL;

	if (nw_dial_open(&dial, &options, &diag) < 0)
		FAIL("open: %s", diag.text);
	return dial;
}

/* The next event; fails where none comes. */
static struct nw_dial_event next(struct nw_dial *dial)
{
	struct nw_dial_event event;

	for (int i = 0; i < 100; i++)
		if (nw_dial_take(dial, &event, 1, UINT64_C(100000000)) == 1)
			return event;
	FAIL("nothing happened for ten seconds");
	return event;
}

static uint32_t call(struct nw_dial *dial, const unsigned char *address, uint16_t port)
{
	uint32_t line = UINT32_MAX;

	CHECK(nw_dial_call(dial, address, address == here6, port, &line) == 0);
	return line;
}

static void calls_end_as_they_should(bool no_uring)
{
	struct nw_dial *dial;
	struct nw_dial_event event;
	uint32_t line;

	make_network();
	listen_here(OPEN_PORT);
	dial = open_dial(8, no_uring);
	CHECK(strncmp(nw_dial_how(dial), no_uring ? "epoll" : "io_uring", 5) == 0);
	for (int i = 0; i < 20; i++) {
		const unsigned char *address = i % 3 == 2 ? here6 : here;

		line = call(dial, address, OPEN_PORT);
		event = next(dial);
		CHECK(event.line == line && event.kind == NW_DIAL_ANSWERED && event.error == 0);
		CHECK(nw_dial_free_count(dial) == 7);
		nw_dial_hang_up(dial, line);
		CHECK(nw_dial_free_count(dial) == 8);
		line = call(dial, address, CLOSED_PORT);
		event = next(dial);
		CHECK(event.line == line && event.kind == NW_DIAL_FAILED);
		CHECK(event.error == -ECONNREFUSED);
		CHECK(nw_dial_free_count(dial) == 8);
	}
	nw_dial_close(dial);
}

TEST(a_call_is_answered_or_refused_by_io_uring)
{
	calls_end_as_they_should(false);
}

TEST(a_call_is_answered_or_refused_by_epoll)
{
	calls_end_as_they_should(true);
}

TEST(a_refused_socket_that_cannot_connect_again_is_reset_and_does)
{
	struct nw_dial *dial;
	struct nw_dial_event event;

	make_network();
	listen_here(OPEN_PORT);
	dial = open_dial(1, false);
	if (strcmp(nw_dial_how(dial), "io_uring") != 0)
		SKIP("no io_uring here");
	for (int i = 0; i < 3; i++) {
		(void)call(dial, here, CLOSED_PORT);
		CHECK(next(dial).error == -ECONNREFUSED);
		aborted_left = 1;
		(void)call(dial, here, OPEN_PORT);
		event = next(dial);
		CHECK(event.kind == NW_DIAL_ANSWERED && aborted_left == 0);
		nw_dial_hang_up(dial, event.line);
	}
	/* One that was not refused before is believed. */
	aborted_left = 1;
	(void)call(dial, here, OPEN_PORT);
	event = next(dial);
	CHECK(event.kind == NW_DIAL_FAILED && event.error == -ECONNABORTED);
	nw_dial_close(dial);
}

/* Silence tells nothing; a line that is hung up calls somebody else. */
static void silence_is_hung_up(bool no_uring)
{
	struct nw_dial_event events[8];
	struct nw_dial *dial;
	uint32_t lines[8], line;

	make_network();
	listen_here(OPEN_PORT);
	dial = open_dial(8, no_uring);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 8; i++)
			lines[i] = call(dial, nobody, OPEN_PORT);
		CHECK(nw_dial_call(dial, here, false, OPEN_PORT, &line) == -EAGAIN);
		CHECK(nw_dial_take(dial, events, 8, UINT64_C(50000000)) == 0);
		for (int i = 0; i < 8; i++)
			nw_dial_hang_up(dial, lines[i]);
		for (int i = 0; i < 100 && nw_dial_free_count(dial) < 8; i++)
			CHECK(nw_dial_take(dial, events, 8, UINT64_C(10000000)) == 0);
		CHECK(nw_dial_free_count(dial) == 8);
		for (int i = 0; i < 8; i++)
			(void)call(dial, here, i % 2 ? OPEN_PORT : CLOSED_PORT);
		for (int i = 0; i < 8; i++) {
			struct nw_dial_event event = next(dial);

			if (event.kind == NW_DIAL_ANSWERED)
				nw_dial_hang_up(dial, event.line);
		}
		CHECK(nw_dial_free_count(dial) == 8);
	}
	nw_dial_close(dial);
}

TEST(silence_is_hung_up_by_io_uring)
{
	silence_is_hung_up(false);
}

TEST(silence_is_hung_up_by_epoll)
{
	silence_is_hung_up(true);
}

static void streams_are_heard(bool no_uring)
{
	char heard[16] = "";
	struct nw_dial *dial;
	uint32_t line;
	int listener, other;

	make_network();
	listener = listen_here(OPEN_PORT);
	dial = open_dial(2, no_uring);
	line = call(dial, here, OPEN_PORT);
	CHECK(next(dial).kind == NW_DIAL_ANSWERED);
	other = accept(listener, NULL, NULL);
	CHECK(nw_dial_hear(dial, line, heard, sizeof(heard)) == -EAGAIN);
	CHECK(nw_dial_say(dial, line, "hail", 4) == 4);
	CHECK(recv(other, heard, sizeof(heard), 0) == 4);
	nw_dial_listen(dial, line);
	CHECK(send(other, "well met", 8, 0) == 8);
	CHECK(next(dial).kind == NW_DIAL_READABLE);
	CHECK(nw_dial_hear(dial, line, heard, sizeof(heard)) == 8 &&
	      memcmp(heard, "well met", 8) == 0);
	nw_dial_listen(dial, line); /* what is there already is told, too */
	close(other);
	CHECK(next(dial).kind == NW_DIAL_READABLE);
	CHECK(nw_dial_hear(dial, line, heard, sizeof(heard)) == 0);
	nw_dial_listen(dial, line);
	nw_dial_hang_up(dial, line); /* with a request */
	for (int i = 0; i < 100 && nw_dial_free_count(dial) < 2; i++) {
		struct nw_dial_event event;

		CHECK(nw_dial_take(dial, &event, 1, UINT64_C(10000000)) == 0);
	}
	CHECK(nw_dial_free_count(dial) == 2);
	nw_dial_close(dial);
}

TEST(a_stream_is_heard_by_io_uring)
{
	streams_are_heard(false);
}

TEST(a_stream_is_heard_by_epoll)
{
	streams_are_heard(true);
}

TEST(fewer_descriptors_than_lines_do_with_what_there_is)
{
	struct rlimit limit = { 40, 40 };
	struct nw_dial *dial;
	uint32_t line, count = 0;

	make_network();
	dial = open_dial(1000, false);
	CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	while (nw_dial_call(dial, nobody, false, 80, &line) == 0)
		count++;
	CHECK(count > 0 && count < 40);
	CHECK(nw_dial_call(dial, nobody, false, 80, &line) == -EAGAIN);
	nw_dial_close(dial);
}

/* With one port to call from and the same to call, a socket meets itself. */
TEST(nobody_listens_where_a_call_reaches_itself)
{
	struct nw_dial *dial;
	struct nw_dial_event event;

	make_network();
	if (system("echo 40000 40000 >/proc/sys/net/ipv4/ip_local_port_range") != 0)
		SKIP("the range of ports cannot be set here");
	for (int no_uring = 0; no_uring < 2; no_uring++) {
		dial = open_dial(1, no_uring);
		(void)call(dial, here, 40000);
		event = next(dial);
		CHECK(event.kind == NW_DIAL_FAILED && event.error == -ECONNREFUSED);
		nw_dial_close(dial);
	}
}

TEST(where_io_uring_is_not_allowed_epoll_does_and_says_so)
{
	struct sock_filter program[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = { sizeof(program) / sizeof(*program), program };
	struct nw_dial *dial;

	make_network();
	listen_here(OPEN_PORT);
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
		SKIP("no seccomp filters here");
	dial = open_dial(4, false);
	CHECK(strstr(nw_dial_how(dial), "epoll, io_uring is not allowed: Operation not permitted"));
	(void)call(dial, here, OPEN_PORT);
	CHECK(next(dial).kind == NW_DIAL_ANSWERED);
	nw_dial_close(dial);
}

TEST(limits_are_refused)
{
	struct nw_dial_options options = { .line_count = 0 };
	struct nw_diag diag = { "" };
	struct nw_dial *dial = NULL;

	CHECK(nw_dial_open(&dial, &options, &diag) == -EINVAL && diag.text[0] != '\0');
	options.line_count = NW_DIAL_LINES_MAX + 1;
	CHECK(nw_dial_open(&dial, &options, NULL) == -EINVAL);
	CHECK(dial == NULL);
	nw_dial_close(NULL);
}
