/* SPDX-License-Identifier: MIT */
/* Clients of a relay through shared memory, both sides in one process and the relay step by step:
 * every return code, what is counted on both sides, and what hostile bytes can do. */
#include "lib/relay.h"
#include "lib/relay_door.h"

#include "base/prng.h"
#include "engines/relay/client.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/un.h>

static const nw_node any = { -1 };

struct rig {
	struct relay_sink *sink;
	struct nw_relay *relay;
	struct relay_door door;
	struct nw_relay_client *client;
	pthread_t server;
	_Atomic bool is_serving;
};

static void open_relay(struct rig *rig, struct nw_relay_options options)
{
	struct nw_diag diag = { "" };

	rig->sink = relay_new_sink();
	options.stepped = true;
	options.hooks.ctx = rig->sink;
	options.hooks.deliver = relay_deliver;
	if (nw_relay_create(&rig->relay, &options, &diag) < 0)
		FAIL("%s", diag.text);
	nw_relay_rules_set(rig->relay, relay_allow_all(1));
	rig->door.relay = rig->relay;
}

static void open_rig(struct rig *rig, uint32_t shards, uint32_t slots)
{
	struct nw_diag diag = { "" };

	memset(rig, 0, sizeof(*rig));
	open_relay(rig, (struct nw_relay_options){ .shard_count = shards, .ring_slots = 256 });
	rig->door.options.sender = 42;
	rig->door.client_options.submit_slots = rig->door.client_options.receive_slots = slots;
	if (relay_door_open(&rig->door, &rig->client, &diag) < 0)
		FAIL("%s", diag.text);
}

/* Answers what the client asks, while it waits. */
static void *serve(void *arg)
{
	struct rig *rig = arg;
	struct pollfd poller = { .fd = nw_relay_guest_fd(rig->door.guest), .events = POLLIN };

	while (atomic_load(&rig->is_serving))
		if (poll(&poller, 1, 1) == 1)
			CHECK_INT(nw_relay_guest_serve(rig->door.guest), ==, 0);
	return NULL;
}

static void start_serving(struct rig *rig)
{
	atomic_store(&rig->is_serving, true);
	CHECK_INT(pthread_create(&rig->server, NULL, serve, rig), ==, 0);
}

static void stop_serving(struct rig *rig)
{
	atomic_store(&rig->is_serving, false);
	CHECK_INT(pthread_join(rig->server, NULL), ==, 0);
}

static void end_rig(struct rig *rig)
{
	nw_relay_client_close(rig->client);
	nw_relay_guest_close(rig->door.guest);
	relay_settle(rig->relay);
	nw_relay_tend(rig->relay);
	relay_check_counts(rig->relay);
	nw_relay_destroy(rig->relay);
	free(rig->sink);
}

static size_t submit_some(struct rig *rig, uint32_t topic, uint64_t first, size_t count)
{
	struct nw_packet packets[64];

	for (size_t i = 0; i < count; i++)
		packets[i] = relay_packet(topic, first + i);
	return nw_relay_client_submit(rig->client, packets, count, NULL);
}

/* ---- coming ---- */

TEST(a_hello_that_is_none_is_told)
{
	unsigned char bytes[NW_RELAY_HELLO_BYTES] = "NWR1";
	struct nw_relay_hello hello;

	CHECK(!nw_relay_hello_read(bytes, &hello));
	for (int i = 0; i < 4; i++)
		bytes[i] = (unsigned char)NW_RELAY_HELLO_MAGIC[i];
	CHECK(!nw_relay_hello_read(bytes, &hello)); /* version 0 */
	bytes[4] = NWI_WIRE_VERSION;
	CHECK(nw_relay_hello_read(bytes, &hello));
	memset(bytes + offsetof(struct nwi_hello, name), 'x', NWI_NAME_BYTES);
	CHECK(!nw_relay_hello_read(bytes, &hello)); /* no end */
}

TEST(a_client_says_who_it_is_and_hears_who_it_is_taken_for)
{
	struct rig rig = { .door = { .options = { .sender = 7, .priority_top = 1 } } };
	struct nw_diag diag = { "" };

	open_relay(&rig, (struct nw_relay_options){ .shard_count = 3 });
	rig.door.client_options.name = "me";
	rig.door.client_options.token = "secret";
	CHECK_INT(relay_door_open(&rig.door, &rig.client, &diag), ==, 0);
	CHECK_STR(rig.door.hello.name, "me");
	CHECK_STR(rig.door.hello.token, "secret");
	CHECK_INT(nw_relay_client_sender(rig.client), ==, 7);
	CHECK_INT(nw_relay_client_shard_count(rig.client), ==, 3);
	CHECK(!nw_relay_client_is_closed(rig.client));
	CHECK(nw_relay_client_stream_fd(rig.client) >= 0);
	end_rig(&rig);
}

TEST(who_is_not_admitted_is_told_why)
{
	struct rig rig = { .door = { .refuse_rc = -EACCES } };
	struct nw_diag diag = { "" };

	open_relay(&rig, (struct nw_relay_options){ .shard_count = 1 });
	CHECK_INT(relay_door_open(&rig.door, &rig.client, &diag), ==, -EACCES);
	CHECK_STR(diag.text, "not you");
	end_rig(&rig);
}

TEST(options_out_of_range_are_refused)
{
	struct nw_relay_client_options o = { .name = NULL };
	struct nw_relay_client *client = NULL;
	struct nw_diag diag = { "" };
	char name[300];
	int fds[2];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
	o.name = name;
	CHECK_INT(nw_relay_client_open(&client, fds[1], &o, &diag), ==, -EINVAL);
	o = (struct nw_relay_client_options){ .token = name };
	CHECK_INT(nw_relay_client_open(&client, fds[1], &o, &diag), ==, -EINVAL);
	o = (struct nw_relay_client_options){ .submit_slots = 3 };
	CHECK_INT(nw_relay_client_open(&client, fds[1], &o, &diag), ==, -EINVAL);
	o = (struct nw_relay_client_options){ .receive_slots = 1u << 17 };
	CHECK_INT(nw_relay_client_open(&client, fds[1], &o, &diag), ==, -EINVAL);
	o = (struct nw_relay_client_options){ .timeout_ns = 1000000 };
	CHECK_INT(nw_relay_client_open(&client, fds[1], &o, &diag), ==, -ETIMEDOUT);
	close(fds[0]);
	CHECK_INT(nw_relay_client_open(&client, fds[1], &o, &diag), ==, -EPIPE);
	close(fds[1]);
	CHECK(!client);
	CHECK_INT(nw_relay_client_connect(&client, "/nowhere/at/all", NULL, &diag), ==, -ENOENT);
	CHECK(strstr(diag.text, "/nowhere/at/all"));
	CHECK_INT(nw_relay_client_connect(&client, name, NULL, &diag), ==, -ENAMETOOLONG);
	nw_relay_client_close(NULL);
	nw_relay_guest_close(NULL);
}

/* What a client makes of an answer that is any bytes. */
static int answer_with(const struct nwi_welcome *welcome)
{
	struct nw_relay_client *client;
	struct nw_diag diag = { "" };
	int fds[2], rc;

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
	CHECK_INT(write(fds[0], welcome, sizeof(*welcome)), ==, sizeof(*welcome));
	rc = nw_relay_client_open(&client, fds[1], NULL, &diag);
	CHECK_INT(rc, <, 0);
	CHECK(diag.text[0] != 0);
	close(fds[0]);
	close(fds[1]);
	return rc;
}

TEST(an_answer_that_does_not_add_up_is_refused)
{
	struct nwi_welcome welcome = { .magic = 1 };

	CHECK_INT(answer_with(&welcome), ==, -EPROTO);
	welcome.magic = NWI_WELCOME_MAGIC;
	CHECK_INT(answer_with(&welcome), ==, -EPROTO);
	welcome.version = NWI_WIRE_VERSION;
	CHECK_INT(answer_with(&welcome), ==, -EPROTO);
	welcome.shard_count = 1;
	welcome.submit_slots = welcome.receive_slots = 2;
	welcome.stride_bytes = nwi_stride_bytes(2, 2, 0);
	welcome.board_bytes = nwi_board_bytes(1);
	CHECK_INT(answer_with(&welcome), ==, -EPROTO); /* no descriptors */
	welcome.rc = INT32_MIN;
	CHECK_INT(answer_with(&welcome), ==, -EPROTO);
	welcome.rc = -ENODEV;
	CHECK_INT(answer_with(&welcome), ==, -ENODEV);
}

TEST(a_client_comes_over_a_socket_with_a_name)
{
	struct rig rig = { .sink = NULL };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct nw_diag diag = { "" };
	char path[64];
	pthread_t thread;
	int listener;

	open_relay(&rig, (struct nw_relay_options){ .shard_count = 2 });
	snprintf(path, sizeof(path), "@nw-test-%d", getpid());
	memcpy(address.sun_path + 1, path + 1, strlen(path) - 1);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK_INT(bind(listener, (struct sockaddr *)&address,
		       (socklen_t)(sizeof(sa_family_t) + strlen(path))),
		  ==, 0);
	CHECK_INT(listen(listener, 1), ==, 0);
	rig.door.fds[1] = nw_local_connect(path);
	CHECK(rig.door.fds[1] >= 0);
	rig.door.fds[0] = accept(listener, NULL, NULL);
	CHECK_INT(pthread_create(&thread, NULL, relay_door_keep, &rig.door), ==, 0);
	CHECK_INT(nw_relay_client_open(&rig.client, rig.door.fds[1], NULL, &diag), ==, 0);
	CHECK_INT(pthread_join(thread, NULL), ==, 0);
	CHECK_INT(submit_some(&rig, 1, 0, 1), ==, 1);
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->count, ==, 1);
	close(listener);
	end_rig(&rig);
}

/* ---- in ---- */

TEST(packets_of_a_client_come_in_order_with_its_sender)
{
	struct rig rig;
	struct nw_relay_client_counts counts;
	struct nw_relay_guest_counts seen;

	open_rig(&rig, 3, 64);
	for (uint64_t n = 0; n < 100; n += 5) {
		CHECK_INT(submit_some(&rig, 5, n, 5), ==, 5);
		if (n % 10 == 0)
			relay_settle(rig.relay);
	}
	relay_settle(rig.relay);
	CHECK(nw_relay_quiesce(rig.relay, 0));
	CHECK_INT(rig.sink->count, ==, 100);
	for (uint32_t i = 0; i < 100; i++) {
		CHECK_INT(relay_number(&rig.sink->packets[i]), ==, i);
		CHECK_INT(rig.sink->packets[i].sender, ==, 42);
		CHECK_INT(rig.sink->shards[i], ==, 2);
	}
	nw_relay_client_counts(rig.client, &counts);
	CHECK_INT(counts.submitted, ==, 100);
	CHECK_INT(counts.accepted, ==, 100);
	CHECK_INT(counts.taken, ==, 100);
	CHECK_INT(counts.unread, ==, 0);
	nw_relay_guest_counts(rig.door.guest, &seen);
	CHECK_INT(seen.submitted, ==, 100);
	CHECK_INT(seen.refused, ==, 0);
	CHECK(!seen.is_broken);
	end_rig(&rig);
}

/* One packet, a step, and how many were delivered until then. */
static uint32_t one_and_a_step(struct rig *rig, uint32_t *inout_sent)
{
	CHECK_INT(submit_some(rig, 1, (*inout_sent)++, 1), ==, 1);
	(void)nw_relay_step(rig->relay, 0);
	return rig->sink->count;
}

static void open_clocked_rig(struct rig *rig)
{
	struct nw_diag diag = { "" };

	memset(rig, 0, sizeof(*rig));
	open_relay(rig, (struct nw_relay_options){ .shard_count = 1, .hooks.clock = relay_clock });
	rig->door.client_options.submit_slots = 256;
	if (relay_door_open(&rig->door, &rig->client, &diag) < 0)
		FAIL("%s", diag.text);
}

TEST(a_lane_that_streams_is_left_alone_until_more_has_gathered)
{
	struct rig rig;
	uint32_t sent = 0, steps = 0;

	open_clocked_rig(&rig);
	while (one_and_a_step(&rig, &sent) == sent)
		CHECK_INT(sent, <, 16);
	CHECK_INT(sent, >, 2); /* two in a row are no stream yet */
	/* A step that leaves it alone is not idle, so nobody falls asleep meanwhile. */
	CHECK_INT(nw_relay_step(rig.relay, 0), >, 0);
	CHECK_INT(rig.sink->count, ==, sent - 1);
	rig.sink->now_ns += 1000;
	(void)nw_relay_step(rig.relay, 0);
	CHECK_INT(rig.sink->count, ==, sent);
	/* Where the clock stands still, steps count. */
	CHECK_INT(submit_some(&rig, 1, sent++, 1), ==, 1);
	for (; rig.sink->count < sent; steps++) {
		CHECK_INT(nw_relay_step(rig.relay, 0), >, 0);
		CHECK_INT(steps, <, 100);
	}
	CHECK_INT(steps, >, 10);
	end_rig(&rig);
}

TEST(a_lane_that_was_found_empty_in_between_is_not_left_alone)
{
	struct rig rig;
	uint32_t sent = 0;

	open_clocked_rig(&rig);
	for (int i = 0; i < 100; i++) {
		for (int twice = 0; twice < 2; twice++)
			CHECK_INT(one_and_a_step(&rig, &sent), ==, sent);
		CHECK_INT(nw_relay_step(rig.relay, 0), ==, 0);
	}
	end_rig(&rig);
}

TEST(a_client_refuses_what_a_producer_refuses)
{
	struct rig rig;
	struct nw_relay_receipt receipt;
	struct nw_packet packet = relay_packet(0, 0);

	open_rig(&rig, 2, 4);
	packet.flags = 0;
	CHECK_INT(nw_relay_client_submit(rig.client, &packet, 1, &receipt), ==, 0);
	CHECK_INT(receipt.reason, ==, NW_RELAY_BAD);
	packet = relay_packet(0, 0);
	packet.flags |= NW_PACKET_SYSTEM;
	CHECK_INT(nw_relay_client_submit(rig.client, &packet, 1, &receipt), ==, 0);
	CHECK_INT(receipt.reason, ==, NW_RELAY_RIGHTS);
	packet.flags = NW_PACKET_ARENA;
	nw_packet_set_ref(&packet, &(struct nw_packet_ref){ .bytes = 1 });
	CHECK_INT(nw_relay_client_submit(rig.client, &packet, 1, &receipt), ==, 0);
	CHECK_INT(receipt.reason, ==, NW_RELAY_FORM);
	CHECK_INT(submit_some(&rig, 0, 0, 6), ==, 4);
	packet = relay_packet(0, 4);
	CHECK_INT(nw_relay_client_submit(rig.client, &packet, 1, &receipt), ==, 0);
	CHECK_INT(receipt.reason, ==, NW_RELAY_FULL);
	CHECK_INT(receipt.shard, ==, 0);
	CHECK_INT(receipt.retry_after_ns, >, 0);
	CHECK_INT(submit_some(&rig, 1, 0, 1), ==, 1); /* the other shard's lane */
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->count, ==, 5);
	nw_relay_close(rig.relay);
	CHECK(nw_relay_client_is_closed(rig.client));
	CHECK_INT(nw_relay_client_submit(rig.client, &packet, 1, &receipt), ==, 0);
	CHECK_INT(receipt.reason, ==, NW_RELAY_CLOSED);
	end_rig(&rig);
}

TEST(a_client_that_waits_for_room_is_rung)
{
	struct rig rig;
	struct pollfd poller;

	open_rig(&rig, 1, 2);
	poller = (struct pollfd){ .fd = nw_relay_client_room_fd(rig.client), .events = POLLIN };
	CHECK(nw_relay_client_wait_room(rig.client, 0, 0));
	CHECK_INT(submit_some(&rig, 1, 0, 3), ==, 2);
	CHECK(!nw_relay_client_wait_room(rig.client, 0, 1000));
	CHECK(nw_relay_client_rest_room(rig.client, 0));
	CHECK_INT(poll(&poller, 1, 0), ==, 0);
	relay_settle(rig.relay);
	CHECK_INT(poll(&poller, 1, 0), ==, 1);
	CHECK(nw_relay_client_wait_room(rig.client, 0, UINT64_MAX));
	end_rig(&rig);
}

TEST(a_clients_packet_expires_in_its_lane)
{
	struct rig rig;
	struct nw_packet packet = relay_packet(1, 0);
	struct nw_relay_client_counts counts;
	struct nw_relay_stats stats;

	open_rig(&rig, 1, 8);
	packet.ttl_us = 1;
	CHECK_INT(nw_relay_client_submit(rig.client, &packet, 1, NULL), ==, 1);
	packet.ttl_us = 1000000000;
	CHECK_INT(nw_relay_client_submit(rig.client, &packet, 1, NULL), ==, 1);
	CHECK_INT(poll(NULL, 0, 2), ==, 0);
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->count, ==, 1);
	CHECK_INT(rig.sink->packets[0].ttl_us, <, 1000000000);
	CHECK_INT(rig.sink->packets[0].ttl_us, >, 900000000);
	nw_relay_stats(rig.relay, &stats);
	CHECK_INT(stats.dropped[NW_RELAY_DROP_EXPIRED], ==, 1);
	nw_relay_client_counts(rig.client, &counts);
	CHECK_INT(counts.dropped[NW_RELAY_DROP_EXPIRED], ==, 1);
	CHECK_INT(counts.dropped[NW_VERDICT_TOPIC_RATE], ==, 0);
	end_rig(&rig);
}

TEST(what_a_dead_client_had_shown_is_carried)
{
	struct rig rig;

	open_rig(&rig, 2, 64);
	for (uint32_t topic = 0; topic < 2; topic++)
		CHECK_INT(submit_some(&rig, topic, 0, 10), ==, 10);
	nw_relay_client_close(rig.client);
	rig.client = NULL;
	CHECK_INT(nw_relay_guest_serve(rig.door.guest), ==, -ENOENT);
	nw_relay_guest_close(rig.door.guest);
	rig.door.guest = NULL;
	CHECK(!nw_relay_quiesce(rig.relay, 0));
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->count, ==, 20);
	CHECK(nw_relay_quiesce(rig.relay, 0));
	end_rig(&rig);
}

TEST(what_comes_after_the_close_is_turned_down_and_told)
{
	struct rig rig;
	struct nw_relay_client_counts counts;
	struct nw_relay_stats stats;
	struct nw_packet packet = relay_packet(0, 9);

	open_rig(&rig, 1, 64);
	CHECK_INT(submit_some(&rig, 0, 0, 3), ==, 3);
	nw_relay_close(rig.relay);
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->count, ==, 3);
	/* A client that did not look. */
	CHECK_INT(nw_lane_push(&rig.client->piers[0].writer, &packet, 1), ==, 1);
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->count, ==, 3);
	CHECK(nw_relay_drain(rig.relay, 0));
	nw_relay_client_counts(rig.client, &counts);
	CHECK_INT(counts.taken, ==, 3);
	CHECK_INT(counts.turned_down[NW_RELAY_CLOSED], ==, 1);
	nw_relay_stats(rig.relay, &stats);
	CHECK_INT(stats.refused[NW_RELAY_CLOSED], ==, 1);
	end_rig(&rig);
}

/* ---- slots that move ---- */

TEST(a_client_follows_a_slot_and_keeps_the_order)
{
	struct rig rig;
	struct nw_relay_receipt receipt;
	struct nw_packet packet = relay_packet(0, 4);

	open_rig(&rig, 2, 64);
	CHECK_INT(submit_some(&rig, 0, 0, 2), ==, 2);
	CHECK_INT(nw_relay_slot_move(rig.relay, 0, 1), ==, 0);
	rig.sink->quota = 0; /* shard 0 cannot finish */
	for (int i = 0; i < 5; i++)
		nw_relay_step(rig.relay, 0);
	CHECK_INT(nw_relay_client_submit(rig.client, &packet, 1, &receipt), ==, 0);
	CHECK_INT(receipt.reason, ==, NW_RELAY_MOVING);
	rig.sink->quota = UINT32_MAX;
	relay_settle(rig.relay);
	CHECK_INT(submit_some(&rig, 0, 2, 2), ==, 2);
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->count, ==, 4);
	for (uint32_t i = 0; i < 4; i++) {
		CHECK_INT(relay_number(&rig.sink->packets[i]), ==, i);
		CHECK_INT(rig.sink->shards[i], ==, i < 2 ? 0 : 1);
	}
	end_rig(&rig);
}

TEST(a_stray_is_handed_over_before_what_comes_after_it)
{
	struct rig rig;
	struct nw_packet packet = relay_packet(0, 0);
	struct nw_relay_receipt receipt;
	struct nw_relay_stats stats;

	open_rig(&rig, 2, 64);
	CHECK_INT(nw_relay_slot_move(rig.relay, 0, 1), ==, 0);
	relay_settle(rig.relay);
	/* The client had looked at the map before that, and shows its packet only now. */
	CHECK_INT(nw_lane_push(&rig.client->piers[0].writer, &packet, 1), ==, 1);
	packet = relay_packet(0, 1);
	CHECK_INT(nw_relay_client_submit(rig.client, &packet, 1, &receipt), ==, 0);
	CHECK_INT(receipt.reason, ==, NW_RELAY_MOVING); /* its old lane is not read yet */
	nw_relay_step(rig.relay, 0);
	CHECK_INT(nw_relay_client_submit(rig.client, &packet, 1, &receipt), ==, 1);
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->count, ==, 2);
	CHECK_INT(relay_number(&rig.sink->packets[0]), ==, 0);
	CHECK_INT(rig.sink->shards[0], ==, 1);
	nw_relay_shard_stats(rig.relay, 0, &stats);
	CHECK_INT(stats.misrouted, ==, 1);
	CHECK_INT(stats.accepted, ==, 0);
	nw_relay_shard_stats(rig.relay, 1, &stats);
	CHECK_INT(stats.accepted, ==, 2);
	end_rig(&rig);
}

/* ---- out ---- */

static bool may_hear(void *ctx, uint32_t topic)
{
	(void)ctx;
	return topic != 13;
}

static bool may_hear_all(void *ctx)
{
	return *(bool *)ctx;
}

static size_t find(void *ctx, const char *prefix, size_t n_bytes, bool is_on, uint32_t *ret_topics,
		   size_t max)
{
	(void)ctx;
	(void)is_on;
	if (n_bytes != 2 || memcmp(prefix, "ab", 2) != 0)
		return 0;
	for (uint32_t i = 0; i < 3 && i < max; i++)
		ret_topics[i] = 20 + i;
	return 3;
}

static uint64_t topics_heard(struct rig *rig)
{
	struct nw_packet packets[16];
	uint64_t heard = 0;
	size_t n;

	while ((n = nw_relay_client_receive(rig->client, packets, 16)) > 0)
		for (size_t i = 0; i < n; i++)
			heard |= UINT64_C(1) << packets[i].topic;
	return heard;
}

static void send_topics(struct rig *rig)
{
	for (uint32_t topic = 0; topic < 25; topic++)
		CHECK_INT(submit_some(rig, topic, 0, 1), ==, 1);
	relay_settle(rig->relay);
}

TEST(a_client_hears_a_topic_in_order_though_its_slot_moves)
{
	struct rig rig;
	struct nw_packet packets[5];
	uint64_t sent = 0, heard = 0;
	const uint32_t topic = 6;
	size_t n;

	open_rig(&rig, 3, 64);
	start_serving(&rig);
	CHECK_INT(nw_relay_client_subscribe(rig.client, &topic, 1, true), ==, 0);
	stop_serving(&rig);
	for (uint32_t m = 0; m < 7; m++) {
		CHECK_INT(nw_relay_slot_move(rig.relay, topic, m % 3), ==, 0);
		relay_settle(rig.relay);
		sent += submit_some(&rig, topic, sent, 4);
		relay_settle(rig.relay);
	}
	CHECK_INT(sent, ==, 28);
	while ((n = nw_relay_client_receive(rig.client, packets, 5)) > 0)
		for (size_t i = 0; i < n; i++)
			CHECK_INT(relay_number(&packets[i]), ==, heard++);
	CHECK_INT(heard, ==, sent);
	CHECK(nw_relay_client_rest(rig.client));
	end_rig(&rig);
}

TEST(a_client_hears_what_it_asks_for_and_may_hear)
{
	struct rig rig;
	bool all_may = false;
	uint32_t count = 99;
	const uint32_t two[] = { 3, 4 }, bad[] = { 5, 13 };
	struct nw_relay_client_counts counts;

	open_rig(&rig, 2, 64);
	CHECK_INT(nw_relay_guest_serve(rig.door.guest), ==, 0);
	start_serving(&rig);
	CHECK_INT(nw_relay_client_subscribe_prefix(rig.client, "ab", 2, true, &count), ==,
		  -ENOTSUP);
	CHECK_INT(count, ==, 99);
	stop_serving(&rig);
	nw_relay_guest_close(rig.door.guest);
	nw_relay_client_close(rig.client);

	rig.door.options.names = (struct nw_relay_names){ &all_may, may_hear_all, may_hear, find };
	CHECK_INT(relay_door_open(&rig.door, &rig.client, NULL), ==, 0);
	start_serving(&rig);
	CHECK_INT(nw_relay_client_subscribe(rig.client, two, 2, true), ==, 0);
	CHECK_INT(nw_relay_client_subscribe(rig.client, bad, 2, true), ==, -EACCES);
	CHECK_INT(nw_relay_client_subscribe(rig.client, two, 16385, true), ==, -E2BIG);
	CHECK_INT(nw_relay_client_subscribe_all(rig.client, true), ==, -EACCES);
	CHECK_INT(nw_relay_client_subscribe_prefix(rig.client, "ab", 2, true, &count), ==, 0);
	CHECK_INT(count, ==, 3);
	CHECK_INT(nw_relay_client_subscribe_prefix(rig.client, "b", 1, true, &count), ==, 0);
	CHECK_INT(count, ==, 0);
	send_topics(&rig);
	CHECK_INT(topics_heard(&rig), ==, 3 << 3 | 7 << 20);
	CHECK_INT(nw_relay_client_subscribe(rig.client, two, 1, false), ==, 0);
	CHECK_INT(nw_relay_client_subscribe_prefix(rig.client, "ab", 2, false, NULL), ==, 0);
	send_topics(&rig);
	CHECK_INT(topics_heard(&rig), ==, 1 << 4);
	all_may = true;
	CHECK_INT(nw_relay_client_subscribe_all(rig.client, true), ==, 0);
	send_topics(&rig);
	CHECK_INT(topics_heard(&rig), ==, (1 << 25) - 1);
	nw_relay_client_counts(rig.client, &counts);
	CHECK_INT(counts.received, ==, 5 + 1 + 25);
	CHECK_INT(counts.lost, ==, 0);
	CHECK_INT(nw_relay_client_subscribe_all(rig.client, false), ==, 0);
	stop_serving(&rig);
	end_rig(&rig);
}

TEST(a_client_that_rests_is_rung_and_a_slow_one_loses)
{
	struct rig rig;
	struct pollfd poller;
	struct nw_relay_client_counts counts;
	struct nw_relay_guest_counts seen;
	const uint32_t topic = 1;

	open_rig(&rig, 2, 4);
	start_serving(&rig);
	CHECK_INT(nw_relay_client_subscribe(rig.client, &topic, 1, true), ==, 0);
	stop_serving(&rig);
	poller = (struct pollfd){ .fd = nw_relay_client_bell_fd(rig.client), .events = POLLIN };
	CHECK(!nw_relay_client_receive_wait(rig.client, 1000));
	CHECK(nw_relay_client_rest(rig.client));
	CHECK_INT(poll(&poller, 1, 0), ==, 0);
	for (int i = 0; i < 3; i++) {
		CHECK_INT(submit_some(&rig, 1, 0, 2), ==, 2);
		relay_settle(rig.relay);
	}
	CHECK_INT(poll(&poller, 1, 0), ==, 1);
	CHECK(nw_relay_client_receive_wait(rig.client, UINT64_MAX));
	nw_relay_client_counts(rig.client, &counts);
	CHECK_INT(counts.lost, ==, 2);
	nw_relay_guest_counts(rig.door.guest, &seen);
	CHECK_INT(seen.offered, ==, 6);
	CHECK_INT(seen.lost, ==, 2);
	CHECK_INT(topics_heard(&rig), ==, 1 << 1);
	end_rig(&rig);
}

TEST(a_client_whose_relay_is_gone_does_not_wait)
{
	struct rig rig;
	const uint32_t topic = 1;

	open_rig(&rig, 1, 4);
	nw_relay_guest_close(rig.door.guest);
	rig.door.guest = NULL;
	relay_settle(rig.relay);
	nw_relay_tend(rig.relay);
	nw_relay_tend(rig.relay);
	CHECK(!nw_relay_client_receive_wait(rig.client, UINT64_MAX));
	CHECK_INT(submit_some(&rig, 1, 0, 9), ==, 4); /* nobody reads it */
	CHECK(!nw_relay_client_wait_room(rig.client, 0, UINT64_MAX));
	CHECK_INT(nw_relay_client_subscribe(rig.client, &topic, 1, true), <, 0);
	CHECK_INT(rig.sink->count, ==, 0);
	end_rig(&rig);
}

/* ---- payloads ---- */

static void open_with_arenas(struct rig *rig, uint32_t payload_bytes)
{
	struct nw_diag diag = { "" };

	memset(rig, 0, sizeof(*rig));
	open_relay(rig, (struct nw_relay_options){ .shard_count = 2, .arena_bytes = 8192 });
	rig->door.options.sender = 42;
	rig->door.client_options.submit_slots = 4;
	rig->door.client_options.payload_bytes = payload_bytes;
	if (relay_door_open(&rig->door, &rig->client, &diag) < 0)
		FAIL("%s", diag.text);
	CHECK_INT(nw_relay_guest_hear(rig->door.guest, (uint32_t[]){ 0, 1, 2, 3 }, 4, true), ==, 0);
}

TEST(payloads_of_clients_come_whole_to_hooks_and_to_clients)
{
	unsigned char bytes[1000], got[1000];
	struct rig rig;

	open_with_arenas(&rig, 1000);
	for (uint32_t round = 0; round < 200; round++) {
		uint32_t n_bytes = 1 + round * 37 % 1000;
		struct nw_packet packet = relay_packet(round % 4, 0);

		packet.ttl_us = round % 3 * 100000000;
		for (uint32_t i = 0; i < n_bytes; i++)
			bytes[i] = (unsigned char)(i * 3 + round);
		CHECK(nw_relay_client_submit_payload(rig.client, &packet, bytes, n_bytes, NULL));
		rig.sink->count = 0;
		relay_settle(rig.relay);
		CHECK_INT(rig.sink->count, ==, 1);
		packet = rig.sink->packets[0];
		CHECK_INT(packet.flags & NW_PACKET_FORM_MASK, ==, NW_PACKET_ARENA);
		CHECK_INT(packet.sender, ==, 42);
		CHECK_INT(nw_relay_payload(rig.relay, &packet, got, 1000), ==, n_bytes);
		CHECK(memcmp(bytes, got, n_bytes) == 0);
		memset(got, 0, sizeof(got));
		CHECK_INT(nw_relay_client_receive(rig.client, &packet, 1), ==, 1);
		CHECK_INT(nw_relay_client_payload(rig.client, &packet, got, 1000), ==, n_bytes);
		CHECK(memcmp(bytes, got, n_bytes) == 0);
	}
	end_rig(&rig);
}

TEST(payloads_that_are_too_long_or_find_no_room_are_refused)
{
	unsigned char bytes[2000] = { 0 };
	struct nw_packet packet = relay_packet(0, 0);
	struct nw_relay_receipt receipt;
	struct rig rig;

	open_with_arenas(&rig, 1000);
	CHECK(!nw_relay_client_submit_payload(rig.client, &packet, bytes, 1001, &receipt));
	CHECK_INT(receipt.reason, ==, NW_RELAY_FORM);
	CHECK(!nw_relay_client_submit_payload(rig.client, &packet, bytes, 0, &receipt));
	CHECK_INT(receipt.reason, ==, NW_RELAY_FORM);
	rig.sink->quota = 0;
	for (int i = 0; i < 4; i++)
		CHECK(nw_relay_client_submit_payload(rig.client, &packet, bytes, 1000, &receipt));
	CHECK(!nw_relay_client_submit_payload(rig.client, &packet, bytes, 1, &receipt));
	CHECK_INT(receipt.reason, ==, NW_RELAY_FULL);
	/* The arena has room for seven of them; the rest wait in the lane. */
	for (int i = 0; i < 40; i++) {
		(void)nw_relay_client_submit_payload(rig.client, &packet, bytes, 1000, &receipt);
		nw_relay_step(rig.relay, 0);
	}
	CHECK_INT(rig.sink->count, ==, 0);
	rig.sink->quota = UINT32_MAX;
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->count, >=, 8);
	CHECK(nw_relay_quiesce(rig.relay, 0));
	CHECK_INT(nw_relay_client_payload(rig.client, &packet, bytes, 9), ==, -EINVAL);
	end_rig(&rig);
	open_rig(&rig, 1, 4); /* a relay without arenas */
	CHECK(!nw_relay_client_submit_payload(rig.client, &packet, bytes, 1, &receipt));
	CHECK_INT(receipt.reason, ==, NW_RELAY_FORM);
	end_rig(&rig);
}

TEST(references_of_clients_are_followed_nowhere_else)
{
	struct rig rig;
	struct nw_relay_client_counts counts;
	static const struct nw_packet_ref refs[] = {
		{ .offset = 1000, .bytes = 8 },           /* of another slot */
		{ .offset = 0, .bytes = 1001 },           /* too long */
		{ .offset = UINT64_MAX - 10, .bytes = 8 } /* anywhere */
	};

	open_with_arenas(&rig, 1000);
	for (uint32_t i = 0; i < 3; i++) {
		struct nw_packet packet = relay_packet(0, 0);

		packet.flags = NW_PACKET_SHM;
		nw_packet_set_ref(&packet, &refs[i]);
		CHECK_INT(nw_lane_push(&rig.client->piers[0].writer, &packet, 1), ==, 1);
		relay_settle(rig.relay);
	}
	CHECK_INT(rig.sink->count, ==, 0);
	nw_relay_client_counts(rig.client, &counts);
	CHECK_INT(counts.turned_down[NW_RELAY_FORM], ==, 3);
	end_rig(&rig);
}

/* ---- hostile bytes ---- */

TEST(bad_records_in_a_lane_are_refused_and_told)
{
	struct rig rig;
	struct nw_packet packets[5];
	struct nw_relay_client_counts counts;

	open_rig(&rig, 1, 8);
	for (int i = 0; i < 5; i++)
		packets[i] = relay_packet(1, 0);
	packets[0].flags = 0;
	packets[1].flags |= NW_PACKET_SYSTEM;
	packets[2].flags = NW_PACKET_SHM;
	nw_packet_set_ref(&packets[2], &(struct nw_packet_ref){ .bytes = 1 });
	packets[3].flags = 0xffff;
	packets[4].sender = 1; /* not its own to say */
	CHECK_INT(nw_lane_push(&rig.client->piers[0].writer, packets, 5), ==, 5);
	relay_settle(rig.relay);
	nw_relay_client_counts(rig.client, &counts);
	CHECK_INT(counts.turned_down[NW_RELAY_BAD], ==, 2);
	CHECK_INT(counts.turned_down[NW_RELAY_RIGHTS], ==, 1);
	CHECK_INT(counts.turned_down[NW_RELAY_FORM], ==, 1);
	CHECK_INT(counts.taken, ==, 1);
	CHECK_INT(rig.sink->count, ==, 1);
	CHECK_INT(rig.sink->packets[0].sender, ==, 42);
	end_rig(&rig);
}

TEST(any_bytes_in_the_shared_block_harm_nobody_else)
{
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed());
	for (int round = 0; round < 300; round++) {
		struct rig rig;
		struct nw_relay_producer *producer;
		struct nw_packet packet = relay_packet(0, 7);
		uint32_t *words;
		size_t word_count;

		open_with_arenas(&rig, 64);
		words = rig.client->lanes_shm.mem.base;
		word_count = rig.client->lanes_shm.mem.n_bytes / sizeof(*words);
		for (int step = 0; step < 20; step++) {
			for (int i = 0; i < 200; i++)
				words[nwi_prng_below(&prng, (uint32_t)word_count)] =
					nwi_prng_below(&prng, 4) == 0
						? (uint32_t)nwi_prng_next(&prng)
						: nwi_prng_below(&prng, 12);
			nw_relay_step(rig.relay, 0);
			nw_relay_step(rig.relay, 1);
		}
		rig.sink->count = 0;
		CHECK_INT(nw_relay_producer_open(&producer, rig.relay, NULL), ==, 0);
		CHECK_INT(nw_relay_submit(producer, &packet, 1, NULL), ==, 1);
		nw_relay_step(rig.relay, 0);
		CHECK(rig.sink->count > 0);
		CHECK_INT(relay_number(&rig.sink->packets[rig.sink->count - 1]), ==, 7);
		nw_relay_producer_close(producer);
		end_rig(&rig);
	}
}

TEST(any_bytes_on_the_stream_end_the_guest_or_nothing)
{
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed());
	for (int round = 0; round < 300; round++) {
		struct rig rig;
		unsigned char bytes[200];
		int rc = 0;

		open_rig(&rig, 1, 8);
		for (int i = 0; i < 8 && rc == 0; i++) {
			uint32_t n = 1 + nwi_prng_below(&prng, sizeof(bytes));

			for (uint32_t k = 0; k < n; k++)
				bytes[k] = nwi_prng_below(&prng, 3) == 0
						   ? (unsigned char)nwi_prng_next(&prng)
						   : (unsigned char)nwi_prng_below(&prng, 4);
			CHECK_INT(write(rig.door.fds[1], bytes, n), ==, n);
			rc = nw_relay_guest_serve(rig.door.guest);
			CHECK(rc == 0 || rc == -EPROTO);
		}
		end_rig(&rig);
	}
}

TEST(a_relay_ends_with_guests_that_have_just_left)
{
	struct rig rig;

	open_rig(&rig, 2, 8);
	CHECK_INT(submit_some(&rig, 0, 0, 3), ==, 3);
	nw_relay_guest_close(rig.door.guest);
	nw_relay_client_close(rig.client);
	nw_relay_destroy(rig.relay);
	free(rig.sink);
}

TEST(admission_checks_its_options)
{
	struct rig rig = { .sink = NULL };
	struct nw_relay_hello hello = { .submit_slots = 3, .receive_slots = 4 };
	struct nw_relay_guest_options o = { .sender = 1 };
	struct nw_relay_guest *guest = NULL;
	struct nw_diag diag = { "" };
	int fds[2];

	(void)any;
	open_relay(&rig, (struct nw_relay_options){ .shard_count = 2 });
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
	CHECK_INT(nw_relay_guest_admit(&guest, rig.relay, fds[0], &hello, &o, &diag), ==, -EINVAL);
	hello.submit_slots = 4;
	o.rights = NW_RELAY_MAY_SPEAK_FOR;
	CHECK_INT(nw_relay_guest_admit(&guest, rig.relay, fds[0], &hello, &o, &diag), ==, -EINVAL);
	o.rights = 0;
	o.priority_top = 4;
	CHECK_INT(nw_relay_guest_admit(&guest, rig.relay, fds[0], &hello, &o, NULL), ==, -EINVAL);
	o.priority_top = 0;
	close(fds[1]);
	CHECK_INT(nw_relay_guest_admit(&guest, rig.relay, fds[0], &hello, &o, &diag), ==, -EPIPE);
	CHECK(strlen(diag.text) > 0);
	CHECK(!guest);
	close(fds[0]);
	end_rig(&rig);
}
