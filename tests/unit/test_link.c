/* SPDX-License-Identifier: MIT */
/*
 * Raw links over a pair of virtual interfaces in a network namespace of the test's own: what is
 * sent at one end arrives at the other, in the link whose port it has, and nothing else does.
 */
#include "nw_test.h"

#include "probe/frame.h"

#include <errno.h>
#include <nw/link.h>
#include <sched.h>

static const struct nwi_sip_key key = { 1, 2 };

/* Both ends and their neighbours, in a namespace that goes with this process. */
static void make_pair(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		SKIP("no network namespace: needs root");
	if (system("ip link add va type veth peer name vb && ip link set va up && "
		   "ip link set vb up && ip addr add 192.0.2.1/24 dev va && "
		   "ip addr add 2001:db8::1/64 dev va nodad && "
		   "ip route add 198.51.100.0/24 via 192.0.2.9 && "
		   "ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev va") != 0)
		SKIP("no veth pair: needs iproute2 and a kernel that has veth");
}

static struct nw_link *open_link_by(enum nw_link_path path, const char *interface, uint16_t first,
				    uint16_t last, uint16_t group, uint32_t group_count)
{
	struct nw_link_options options = { .interface = interface,
					   .node = { 0 },
					   .ring_bytes = 1 << 20,
					   .port_first = first,
					   .port_last = last,
					   .group = group,
					   .group_count = group_count,
					   .path = path };
	struct nw_link *link = NULL;
	struct nw_diag diag = { "" };

	if (nw_link_open(&link, &options, &diag) < 0)
		FAIL("open: %s", diag.text);
	return link;
}

static struct nw_link *open_link(const char *interface, uint16_t first, uint16_t last,
				 uint16_t group, uint32_t group_count)
{
	return open_link_by(NW_LINK_PATH_MMSG, interface, first, last, group, group_count);
}

static struct nwi_address address(const char *text)
{
	struct nwi_address a;

	CHECK(nwi_address_parse(text, &a));
	return a;
}

/* Frames to ports first.., all of one kind, from va's side. */
static void write_frames(struct nw_link *link, enum nwi_frame_kind kind, const char *from,
			 const char *to, uint16_t first, uint32_t count, uint32_t *lengths)
{
	struct nwi_frame_terms terms = { .kind = kind,
					 .source = address(from),
					 .key = key,
					 .has_link = true,
					 .to_mac = { 255, 255, 255, 255, 255, 255 } };
	struct nwi_frame_template template;

	nwi_frame_template_init(&template, &terms);
	for (uint32_t i = 0; i < count; i++) {
		struct nwi_frame_ask ask = { .target = address(to),
					     .port = (uint16_t)(first + i),
					     .source_port = 4000 };

		lengths[i] = nwi_frame_write(&template, &ask, nw_link_frame(link, i));
	}
}

static void send_frames(struct nw_link *link, enum nwi_frame_kind kind, const char *from,
			const char *to, uint16_t first, uint32_t count)
{
	uint32_t lengths[NW_LINK_BATCH], sent = 0;

	write_frames(link, kind, from, to, first, count, lengths);
	while (sent < count) {
		int rc = nw_link_send(link, sent, count - sent, lengths);

		CHECK(rc >= 0);
		sent += (uint32_t)rc;
	}
}

struct seen {
	uint32_t count, ports[65536];
};

static void note(void *context, const unsigned char *frame, uint32_t n_bytes)
{
	struct seen *seen = context;
	struct nwi_answer answer;

	nwi_frame_read(key, frame, n_bytes, NWI_FRAME_LINK_BYTES, &answer);
	/* The kernel's own talk about groups and routers is none of ours. */
	if (nwi_address_compare(answer.from, address("192.0.2.1")) != 0 &&
	    nwi_address_compare(answer.from, address("2001:db8::1")) != 0)
		return;
	if (answer.from.family == NWI_IPV6 && answer.source_port == 0)
		return;
	seen->count++;
	/* Read as an answer, the destination is its source port. */
	seen->ports[answer.source_port]++;
}

static uint32_t receive_all(struct nw_link *link, struct seen *seen)
{
	*seen = (struct seen){ 0 };
	while (nw_link_wait(link, 200000000))
		(void)nw_link_receive(link, note, seen);
	return seen->count;
}

TEST(only_frames_of_the_right_ports_arrive)
{
	static struct seen seen;
	struct nw_link *a, *b;

	make_pair();
	a = open_link("va", 1, 1, 0, 0);
	b = open_link("vb", 100, 119, 0, 0);
	send_frames(a, NWI_FRAME_TCP_SYN, "192.0.2.1", "192.0.2.2", 90, 40);
	CHECK_INT(receive_all(b, &seen), ==, 20);
	send_frames(a, NWI_FRAME_UDP, "192.0.2.1", "192.0.2.2", 90, 40);
	CHECK_INT(receive_all(b, &seen), ==, 20);
	for (uint32_t port = 100; port < 120; port++)
		CHECK_INT(seen.ports[port], ==, 1);
	send_frames(a, NWI_FRAME_TCP_SYN, "2001:db8::1", "2001:db8::2", 90, 40);
	CHECK_INT(receive_all(b, &seen), ==, 20);
	send_frames(a, NWI_FRAME_ECHO, "192.0.2.1", "192.0.2.2", 0, 3);
	CHECK_INT(receive_all(b, &seen), ==, 3);
	CHECK_INT(nw_link_drops(b), ==, 0);
	nw_link_close(a);
	nw_link_close(b);
}

/* More frames than the rings of the paths have slots. */
TEST(each_path_sends_each_frame_once)
{
	static struct seen seen;

	make_pair();
	for (enum nw_link_path path = NW_LINK_PATH_MMSG; path <= NW_LINK_PATH_XDP; path++) {
		struct nw_link *a = open_link_by(path, "va", 1, 1, 0, 0);
		struct nw_link *b = open_link("vb", 1000, 1000 + 2560 - 1, 0, 0);

		CHECK_INT(nw_link_path(a), ==, path);
		CHECK_STR(nw_link_path_why(a), "as was asked for");
		CHECK_INT(nw_link_memory(a)->node.id, ==, 0);
		for (uint16_t i = 0; i < 2560; i = (uint16_t)(i + NW_LINK_BATCH))
			send_frames(a, i % 128 ? NWI_FRAME_TCP_SYN : NWI_FRAME_UDP, "192.0.2.1",
				    "192.0.2.2", (uint16_t)(1000 + i), NW_LINK_BATCH);
		CHECK_INT(receive_all(b, &seen), ==, 2560);
		for (uint32_t port = 1000; port < 1000 + 2560; port++)
			CHECK_INT(seen.ports[port], ==, 1);
		nw_link_close(a);
		nw_link_close(b);
	}
}

/* An interface whose other end is down throws frames away. */
TEST(what_the_interface_throws_away_is_sent_later)
{
	static struct seen seen;
	uint32_t lengths[NW_LINK_BATCH];

	make_pair();
	for (enum nw_link_path path = NW_LINK_PATH_MMSG; path <= NW_LINK_PATH_XDP; path++) {
		struct nw_link *a = open_link_by(path, "va", 1, 1, 0, 0), *b;
		int taken;

		write_frames(a, NWI_FRAME_TCP_SYN, "192.0.2.1", "192.0.2.2", 100, NW_LINK_BATCH,
			     lengths);
		CHECK_INT(system("ip link set vb down"), ==, 0);
		taken = nw_link_send(a, 0, NW_LINK_BATCH, lengths);
		CHECK_INT(taken, ==, path == NW_LINK_PATH_XDP ? NW_LINK_BATCH : 0);
		CHECK_INT(system("ip link set vb up"), ==, 0);
		b = open_link("vb", 100, 163, 0, 0);
		if (taken == 0)
			taken = nw_link_send(a, 0, NW_LINK_BATCH, lengths);
		CHECK_INT(taken, ==, NW_LINK_BATCH);
		(void)receive_all(a, &seen);
		(void)nw_link_receive(a, note, &seen); /* what waits goes out */
		CHECK_INT(receive_all(b, &seen), ==, NW_LINK_BATCH);
		for (uint32_t port = 100; port < 164; port++)
			CHECK_INT(seen.ports[port], ==, 1);
		nw_link_close(a);
		nw_link_close(b);
	}
}

TEST(the_path_is_what_the_interface_has_and_it_says_why)
{
	struct nw_link *a, *again;

	make_pair();
	a = open_link_by(NW_LINK_PATH_AUTO, "va", 1, 1, 0, 0);
	if (nw_link_path(a) != NW_LINK_PATH_XDP)
		SKIP(nw_link_path_why(a));
	CHECK(strstr(nw_link_path_why(a), "va has its queue 0") != NULL);
	again = open_link_by(NW_LINK_PATH_AUTO, "va", 2, 2, 0, 0);
	CHECK_INT(nw_link_path(again), ==, NW_LINK_PATH_MMSG);
	CHECK(strstr(nw_link_path_why(again), "another socket has queue 0") != NULL);
	nw_link_close(a);
	nw_link_close(again);
	a = open_link_by(NW_LINK_PATH_AUTO, "va", 1, 1, 0, 0);
	CHECK_INT(nw_link_path(a), ==, NW_LINK_PATH_XDP);
	nw_link_close(a);
}

/* TCP's frame of a question, made an answer: ACK beside SYN. */
static void make_answers(struct nw_link *link, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		nw_link_frame(link, i)[NWI_FRAME_LINK_BYTES + 20 + 13] |= 0x10;
}

/* Of all that arrives, the socket has answers to this address and these ports, and the ring the
 * rest that its filter lets in; more than the socket has chunks. */
TEST(answers_alone_come_by_the_socket_and_nothing_twice)
{
	static struct seen seen;
	const unsigned char here[] = { 192, 0, 2, 2 };
	struct nw_link_options options = { .interface = "vb",
					   .node = { 0 },
					   .port_first = 100,
					   .port_last = 131,
					   .path = NW_LINK_PATH_XDP,
					   .source_ipv4 = here };
	uint32_t lengths[NW_LINK_BATCH], wanted = 0;
	struct nw_link *a, *b;

	make_pair();
	CHECK_INT(nw_link_open(&b, &options, NULL), ==, 0);
	if (nw_link_receive_path(b) != NW_LINK_PATH_XDP)
		SKIP(nw_link_receive_why(b));
	a = open_link("va", 1, 1, 0, 0);
	write_frames(a, NWI_FRAME_TCP_SYN, "192.0.2.1", "192.0.2.2", 95, 40, lengths);
	make_answers(a, 40);
	seen = (struct seen){ 0 };
	for (int round = 0; round < 400; round++) {
		CHECK_INT(nw_link_send(a, 0, 40, lengths), ==, 40);
		wanted += 32;
		while (seen.count < wanted && nw_link_wait(b, 2000000000))
			(void)nw_link_receive(b, note, &seen);
	}
	CHECK_INT(seen.count, ==, 400 * 32);
	CHECK_INT(nw_link_received_xdp(b), ==, 400 * 32);
	/* A question to a service here, another address, another protocol. */
	send_frames(a, NWI_FRAME_TCP_SYN, "192.0.2.1", "192.0.2.2", 100, 32);
	CHECK_INT(receive_all(b, &seen), ==, 32);
	write_frames(a, NWI_FRAME_TCP_SYN, "192.0.2.1", "192.0.2.9", 100, 32, lengths);
	make_answers(a, 32);
	CHECK_INT(nw_link_send(a, 0, 32, lengths), ==, 32);
	CHECK_INT(receive_all(b, &seen), ==, 32);
	send_frames(a, NWI_FRAME_UDP, "2001:db8::1", "2001:db8::2", 100, 32);
	CHECK_INT(receive_all(b, &seen), ==, 32);
	CHECK_INT(nw_link_received_xdp(b), ==, 400 * 32);
	CHECK_INT(nw_link_drops(b), ==, 0);
	nw_link_close(b);
	CHECK_INT(system("ip link show vb | grep -q xdp"), !=, 0);
	nw_link_close(a);
}

TEST(a_queue_that_is_not_there_is_explained)
{
	struct nw_link_options options = { .interface = "va",
					   .node = { 0 },
					   .port_first = 1,
					   .port_last = 1,
					   .path = NW_LINK_PATH_XDP,
					   .queue = 7 };
	struct nw_link *link = (struct nw_link *)1;
	struct nw_diag diag;

	make_pair();
	CHECK_INT(nw_link_open(&link, &options, &diag), ==, -EINVAL);
	CHECK(strstr(diag.text, "a queue of the interface for each link") != NULL);
	CHECK(link == (struct nw_link *)1);
	options.path = NW_LINK_PATH_AUTO;
	CHECK_INT(nw_link_open(&link, &options, &diag), ==, 0);
	CHECK_INT(nw_link_path(link), ==, NW_LINK_PATH_MMSG);
	CHECK(strstr(nw_link_path_why(link), "va has no queue 7") != NULL);
	nw_link_close(link);
	options.path = (enum nw_link_path)9;
	CHECK_INT(nw_link_open(&link, &options, &diag), ==, -EINVAL);
}

TEST(links_of_a_group_get_each_their_slice)
{
	static struct seen seen;
	struct nw_link *a, *b[3];
	uint32_t total = 0;

	make_pair();
	a = open_link("va", 1, 1, 0, 0);
	for (int i = 0; i < 3; i++)
		b[i] = open_link("vb", 100, 129, 77, 3);
	send_frames(a, NWI_FRAME_TCP_SYN, "192.0.2.1", "192.0.2.2", 95, 40);
	send_frames(a, NWI_FRAME_UDP, "2001:db8::1", "2001:db8::2", 95, 40);
	for (uint32_t i = 0; i < 3; i++) {
		total += receive_all(b[i], &seen);
		for (uint32_t port = 100; port < 130; port++)
			CHECK_INT(seen.ports[port], ==, (port - 100) / 10 == i ? 2 : 0);
	}
	CHECK_INT(total, ==, 60);
	for (int i = 0; i < 3; i++)
		nw_link_close(b[i]);
	nw_link_close(a);
}

/* More than the smallest ring holds, and nobody takes it out: lost frames are told. */
TEST(what_the_ring_has_no_room_for_is_counted)
{
	static struct seen seen;
	struct nw_link *a, *b;
	uint32_t arrived;

	make_pair();
	a = open_link("va", 1, 1, 0, 0);
	b = open_link("vb", 100, 163, 0, 0);
	for (int i = 0; i < 250; i++)
		send_frames(a, NWI_FRAME_TCP_SYN, "192.0.2.1", "192.0.2.2", 100, 64);
	arrived = receive_all(b, &seen);
	CHECK_INT(arrived, <, 250 * 64);
	CHECK_INT(arrived + nw_link_drops(b), >=, 250 * 64);
	CHECK_INT(arrived + nw_link_drops(b), <, 250 * 64 + 10); /* the kernel's own talk */
	CHECK_INT(nw_link_memory(a)->node.id, ==, 0);
	nw_link_close(a);
	nw_link_close(b);
}

TEST(routes_and_neighbours_are_the_kernel_s)
{
	struct nw_link_route route;
	struct nw_link_info info;
	unsigned char target[16] = { 198, 51, 100, 7 }, mac[6] = { 0 };

	make_pair();
	CHECK_INT(nw_link_describe("va", &info), ==, 0);
	CHECK(info.is_up && info.has_ethernet && !info.is_loopback && info.mtu == 1500);
	CHECK_INT(nw_link_describe("none", &info), ==, -ENODEV);
	CHECK_INT(nw_link_describe("a-name-that-is-too-long", &info), ==, -ENODEV);
	CHECK_INT(nw_link_route(target, false, &route), ==, 0);
	CHECK_STR(route.interface, "va");
	CHECK(memcmp(route.source, "\xc0\x00\x02\x01", 4) == 0);
	CHECK(memcmp(route.gateway, "\xc0\x00\x02\x09", 4) == 0);
	CHECK_INT(nw_link_neighbour("va", route.gateway, false, 0, mac), ==, 0);
	CHECK(memcmp(mac, "\x02\0\0\0\0\x09", 6) == 0);
	memcpy(target, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02", 16);
	CHECK_INT(nw_link_route(target, true, &route), ==, 0);
	CHECK(memcmp(route.gateway, target, 16) == 0);
	CHECK_INT(nw_link_neighbour("va", target, true, 50000000, mac), ==, -EHOSTUNREACH);
	memcpy(target, "\xcb\x00\x71\x01", 4);
	CHECK_INT(nw_link_route(target, false, &route), ==, -ENETUNREACH);
}

TEST(what_cannot_be_opened_is_explained)
{
	struct nw_link_options options = {
		.interface = "none", .node = NW_NODE_ANY, .port_first = 5, .port_last = 4
	};
	struct nw_link *link = (struct nw_link *)1;
	struct nw_diag diag;

	make_pair();
	CHECK_INT(nw_link_open(&link, &options, &diag), ==, -EINVAL);
	options.port_last = 6;
	options.group = 1;
	options.group_count = 3;
	CHECK_INT(nw_link_open(&link, &options, &diag), ==, -EINVAL);
	CHECK(strstr(diag.text, "cannot share") != NULL);
	options.group = 0;
	CHECK_INT(nw_link_open(&link, &options, &diag), ==, -ENODEV);
	CHECK(strstr(diag.text, "no such interface") != NULL);
	CHECK_INT(system("ip link set va down"), ==, 0);
	options.interface = "va";
	CHECK_INT(nw_link_open(&link, &options, &diag), ==, -ENETDOWN);
	CHECK(link == (struct nw_link *)1);
}
