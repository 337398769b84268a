/* SPDX-License-Identifier: MIT */
/* The relay on one thread, step by step: every return code, every reason, and what is counted. */
#include "lib/relay.h"
#include "relay/shard.h"

#include <errno.h>
#include <nw/bell.h>
#include <poll.h>

static const nw_node any = { -1 };

struct rig {
	struct relay_sink *sink;
	struct nw_relay *relay;
	struct nw_relay_producer *producer;
};

static struct rig new_rig_of(struct nw_relay_options options)
{
	struct rig rig = { .sink = relay_new_sink() };
	struct nw_diag diag = { "" };

	options.stepped = true;
	options.hooks.ctx = rig.sink;
	options.hooks.clock = relay_clock;
	options.hooks.deliver = relay_deliver;
	if (nw_relay_create(&rig.relay, &options, &diag) < 0)
		FAIL("%s", diag.text);
	nw_relay_rules_set(rig.relay, relay_allow_all(1));
	CHECK_INT(nw_relay_producer_open(&rig.producer, rig.relay, NULL), ==, 0);
	return rig;
}

static struct rig new_rig(uint32_t shards, uint32_t ring_slots)
{
	return new_rig_of(
		(struct nw_relay_options){ .shard_count = shards, .ring_slots = ring_slots });
}

static void end_rig(struct rig *rig)
{
	relay_check_counts(rig->relay);
	nw_relay_producer_close(rig->producer);
	relay_check_counts(rig->relay);
	nw_relay_destroy(rig->relay);
	free(rig->sink);
}

static void send_one(struct rig *rig, uint32_t topic, uint64_t number)
{
	struct nw_packet packet = relay_packet(topic, number);

	CHECK_INT(nw_relay_submit(rig->producer, &packet, 1, NULL), ==, 1);
}

/* ---- create ---- */

static int try_create(struct nw_relay_options options)
{
	struct nw_relay *relay = (void *)&options; /* any value: must stay as it is */
	struct nw_diag diag = { "" };
	int rc = nw_relay_create(&relay, &options, &diag);

	if (rc < 0) {
		CHECK(relay == (void *)&options);
		CHECK(diag.text[0] != 0);
		return rc;
	}
	nw_relay_destroy(relay);
	return 0;
}

static int fail_open(void *ctx, uint32_t shard_idx)
{
	(void)ctx;
	return shard_idx == 2 ? -EDOM : 0;
}

TEST(options_out_of_range_are_refused_with_a_reason)
{
	struct nw_relay_options o = { .stepped = true };

	CHECK_INT(try_create(o), ==, 0);
	CHECK_INT(try_create((struct nw_relay_options){ .shard_count = 1 }), ==, -EINVAL);
	o.shard_count = 129;
	CHECK_INT(try_create(o), ==, -ERANGE);
	o.shard_count = 128;
	o.hand_over_slots = 2;
	o.ring_slots = 2;
	o.topics_max = o.senders_max = 8;
	o.waiting_max = 16;
	CHECK_INT(try_create(o), ==, 0);
	o.shard_count = 3;
	o.hooks.open = fail_open;
	CHECK_INT(try_create(o), ==, -EDOM);
	o.shard_count = 2;
	o.hand_over_slots = 3;
	CHECK_INT(try_create(o), ==, -EINVAL);
	o.hand_over_slots = 0;
	o.ring_slots = 3;
	CHECK_INT(try_create(o), ==, -EINVAL);
	o.ring_slots = 1u << 25;
	CHECK_INT(try_create(o), ==, -EINVAL);
	o.ring_slots = 0;
	o.batch = 1025;
	CHECK_INT(try_create(o), ==, -EINVAL);
	o.batch = 0;
	o.arena_bytes = 4095;
	CHECK_INT(try_create(o), ==, -EINVAL);
	o.arena_bytes = 2048;
	CHECK_INT(try_create(o), ==, -EINVAL);
	o.arena_bytes = UINT64_C(1) << 31;
	CHECK_INT(try_create(o), ==, -EINVAL);
	o.arena_bytes = 0;
	o.tick_ns = 1;
	CHECK_INT(try_create(o), ==, -EINVAL);
	nw_relay_destroy(NULL);
}

TEST(producers_and_subscribers_check_their_options)
{
	struct rig rig = new_rig(2, 16);
	struct nw_relay_producer *producer = NULL;
	struct nw_relay_subscriber *subscriber = NULL;
	struct nw_relay_producer_options p = { .node = any, .rights = 1u << 7 };
	struct nw_relay_subscriber_options s = { .node = any, .lane_slots = 3 };

	CHECK_INT(nw_relay_producer_open(&producer, rig.relay, &p), ==, -EINVAL);
	p = (struct nw_relay_producer_options){ .node = any, .priority_top = 4 };
	CHECK_INT(nw_relay_producer_open(&producer, rig.relay, &p), ==, -EINVAL);
	p = (struct nw_relay_producer_options){ .node = { 1023 } };
	CHECK_INT(nw_relay_producer_open(&producer, rig.relay, &p), ==, -ENODEV);
	CHECK(!producer);
	CHECK_INT(nw_relay_subscriber_open(&subscriber, rig.relay, &s), ==, -EINVAL);
	s = (struct nw_relay_subscriber_options){ .node = { 1023 } };
	CHECK_INT(nw_relay_subscriber_open(&subscriber, rig.relay, &s), ==, -ENODEV);
	CHECK(!subscriber);
	nw_relay_producer_close(NULL);
	nw_relay_subscriber_close(NULL);
	end_rig(&rig);
}

/* ---- from in to out ---- */

TEST(packets_come_out_in_order_at_the_shard_of_their_topic)
{
	enum { SHARDS = 3, TOPICS = 50, EACH = 40 };
	struct rig rig = new_rig(SHARDS, 4096);
	struct nw_packet packets[TOPICS];
	uint64_t next[TOPICS] = { 0 };
	struct nw_relay_receipt receipt;

	for (uint64_t n = 0; n < EACH; n++) {
		for (uint32_t t = 0; t < TOPICS; t++)
			packets[t] = relay_packet(t * 977, n);
		CHECK_INT(nw_relay_submit(rig.producer, packets, TOPICS, &receipt), ==, TOPICS);
		CHECK_INT(receipt.accepted, ==, TOPICS);
		CHECK_INT(receipt.refused, ==, 0);
		CHECK_INT(receipt.reason, ==, NW_RELAY_ACCEPTED);
	}
	relay_check_counts(rig.relay);
	CHECK(!nw_relay_quiesce(rig.relay, 0));
	relay_settle(rig.relay);
	CHECK(nw_relay_quiesce(rig.relay, 0));
	CHECK_INT(rig.sink->count, ==, TOPICS * EACH);
	for (uint32_t i = 0; i < rig.sink->count; i++) {
		uint32_t topic = rig.sink->packets[i].topic;

		CHECK_INT(rig.sink->shards[i], ==, topic % NW_TOPIC_SLOT_COUNT % SHARDS);
		CHECK_INT(relay_number(&rig.sink->packets[i]), ==, next[topic / 977]++);
		CHECK(rig.sink->packets[i].flags & NW_PACKET_GOVERNED);
	}
	end_rig(&rig);
}

TEST(the_sender_is_the_producers_unless_it_may_speak_for_others)
{
	struct rig rig = new_rig(1, 16);
	struct nw_relay_producer_options options = { .sender = 7, .node = any };
	struct nw_relay_producer *own, *front;
	struct nw_packet packet = relay_packet(1, 0);

	packet.sender = 99;
	CHECK_INT(nw_relay_producer_open(&own, rig.relay, &options), ==, 0);
	options.rights = NW_RELAY_MAY_SPEAK_FOR;
	CHECK_INT(nw_relay_producer_open(&front, rig.relay, &options), ==, 0);
	CHECK_INT(nw_relay_submit(own, &packet, 1, NULL), ==, 1);
	CHECK_INT(nw_relay_submit(front, &packet, 1, NULL), ==, 1);
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->packets[0].sender, ==, 7);
	CHECK_INT(rig.sink->packets[1].sender, ==, 99);
	nw_relay_producer_close(own);
	nw_relay_producer_close(front);
	end_rig(&rig);
}

TEST(a_stalled_sink_fills_its_own_shard_only)
{
	struct rig rig = new_rig_of(
		(struct nw_relay_options){ .shard_count = 2, .ring_slots = 8, .batch = 4 });
	struct nw_relay_receipt receipt;
	struct nw_packet packet = relay_packet(0, 0);
	struct nw_relay_stats stats;
	uint64_t n = 0;

	rig.sink->quota = 3;
	while (nw_relay_submit(rig.producer, &packet, 1, &receipt) == 1) {
		packet = relay_packet(0, ++n);
		nw_relay_step(rig.relay, 0);
		nw_relay_step(rig.relay, 1);
		CHECK_INT(n, <, 100);
	}
	/* 3 gone, up to 4 in the batch, 8 in the ring. */
	CHECK_INT(n, >=, 3 + 8);
	CHECK_INT(n, <=, 3 + 4 + 8);
	CHECK_INT(receipt.reason, ==, NW_RELAY_FULL);
	CHECK_INT(receipt.refused_idx, ==, 0);
	CHECK_INT(receipt.shard, ==, 0);
	CHECK_INT(receipt.retry_after_ns, >, 0);
	nw_relay_shard_stats(rig.relay, 0, &stats);
	CHECK_INT(stats.queued, ==, n - 3);
	relay_check_counts(rig.relay);
	rig.sink->quota = 1;
	send_one(&rig, 1, 1000); /* the other shard goes on */
	nw_relay_step(rig.relay, 1);
	CHECK_INT(relay_number(&rig.sink->packets[3]), ==, 1000);
	rig.sink->quota = UINT32_MAX;
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->count, ==, n + 1);
	for (uint32_t i = 0; i < n - 3; i++)
		CHECK_INT(relay_number(&rig.sink->packets[i + 4]), ==, i + 3);
	end_rig(&rig);
}

/* ---- what is refused ---- */

static void check_refused(struct rig *rig, const struct nw_packet *packet,
			  enum nw_relay_refusal reason)
{
	struct nw_relay_receipt receipt;
	uint8_t reasons[3] = { 9, 9, 9 };
	struct nw_packet three[3] = { relay_packet(2, 0), *packet, relay_packet(2, 1) };
	struct nw_relay_stats before, after;

	nw_relay_stats(rig->relay, &before);
	CHECK_INT(nw_relay_submit(rig->producer, three, 3, &receipt), ==, 1);
	CHECK_INT(receipt.refused, ==, 1);
	CHECK_INT(receipt.refused_idx, ==, 1);
	CHECK_INT(receipt.reason, ==, reason);
	CHECK_INT(receipt.shard, ==, nw_relay_shard_of(rig->relay, packet->topic));
	CHECK_INT(nw_relay_submit_each(rig->producer, three, 3, reasons, &receipt), ==, 2);
	CHECK_INT(receipt.refused, ==, 1);
	CHECK_INT(receipt.refused_idx, ==, 1);
	CHECK_INT(reasons[0] | reasons[2], ==, NW_RELAY_ACCEPTED);
	CHECK_INT(reasons[1], ==, reason);
	CHECK_INT(nw_relay_submit_each(rig->producer, three, 3, NULL, NULL), ==, 2);
	nw_relay_stats(rig->relay, &after);
	CHECK_INT(after.refused[reason], ==, before.refused[reason] + 3);
	CHECK_INT(after.accepted, ==, before.accepted + 5);
	relay_check_counts(rig->relay);
	relay_settle(rig->relay);
}

TEST(bad_packets_are_refused_one_by_one)
{
	struct rig rig = new_rig(3, 64);
	struct nw_packet packet = relay_packet(1, 0);

	packet.flags = 0;
	check_refused(&rig, &packet, NW_RELAY_BAD);
	packet = relay_packet(1, 0);
	packet.length = 37;
	check_refused(&rig, &packet, NW_RELAY_BAD);
	packet = relay_packet(1, 0);
	packet.flags |= NW_PACKET_SYSTEM;
	check_refused(&rig, &packet, NW_RELAY_RIGHTS);
	packet = relay_packet(1, 0);
	packet.flags = NW_PACKET_SHM;
	nw_packet_set_ref(&packet, &(struct nw_packet_ref){ .bytes = 1 });
	check_refused(&rig, &packet, NW_RELAY_FORM);
	end_rig(&rig);
}

TEST(a_system_packet_needs_the_right_and_no_rules)
{
	struct rig rig = new_rig(1, 16);
	struct nw_relay_producer_options options = { .rights = NW_RELAY_MAY_SYSTEM, .node = any };
	struct nw_relay_producer *producer;
	struct nw_packet packets[2] = { relay_packet(1, 0), relay_packet(1, 1) };
	struct nw_relay_stats stats;

	packets[1].flags |= NW_PACKET_SYSTEM;
	CHECK_INT(nw_relay_producer_open(&producer, rig.relay, &options), ==, 0);
	nw_relay_rules_set(rig.relay, NULL);
	CHECK_INT(nw_relay_rules_version(rig.relay), ==, 0);
	CHECK_INT(nw_relay_submit(producer, packets, 2, NULL), ==, 2);
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->count, ==, 1);
	CHECK_INT(relay_number(&rig.sink->packets[0]), ==, 1);
	nw_relay_stats(rig.relay, &stats);
	CHECK_INT(stats.dropped[NW_VERDICT_NO_RULES], ==, 1);
	nw_relay_producer_close(producer);
	end_rig(&rig);
}

TEST(what_does_not_fit_is_refused_shard_by_shard)
{
	enum { SLOTS = 8, COUNT = 24 };
	struct rig rig = new_rig(2, SLOTS);
	struct nw_packet packets[COUNT];
	uint8_t reasons[COUNT];
	struct nw_relay_receipt receipt;

	/* Two of shard 0, then one of shard 1, and so on: 16 and 8. */
	for (uint32_t i = 0; i < COUNT; i++)
		packets[i] = relay_packet(i % 3 == 2 ? 1 : 0, i);
	CHECK_INT(nw_relay_submit_each(rig.producer, packets, COUNT, reasons, &receipt), ==, 16);
	CHECK_INT(receipt.refused, ==, 8);
	CHECK_INT(receipt.refused_idx, ==, 12);
	CHECK_INT(receipt.shard, ==, 0);
	for (uint32_t i = 0; i < COUNT; i++)
		CHECK_INT(reasons[i], ==,
			  i % 3 != 2 && i >= 12 ? NW_RELAY_FULL : NW_RELAY_ACCEPTED);
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->count, ==, 16);
	end_rig(&rig);
}

TEST(a_prefix_ends_at_the_first_that_does_not_fit_and_leaves_no_trace_behind)
{
	enum { SLOTS = 8, COUNT = 24 };
	struct rig rig = new_rig(2, SLOTS);
	struct nw_packet packets[COUNT];
	struct nw_relay_receipt receipt;
	struct nw_relay_stats stats;

	for (uint32_t i = 0; i < COUNT; i++)
		packets[i] = relay_packet(i % 3 == 2 ? 1 : 0, i);
	packets[20].flags = 0; /* never reached */
	CHECK_INT(nw_relay_submit(rig.producer, packets, COUNT, &receipt), ==, 12);
	CHECK_INT(receipt.accepted, ==, 12);
	CHECK_INT(receipt.refused, ==, 1);
	CHECK_INT(receipt.refused_idx, ==, 12);
	CHECK_INT(receipt.reason, ==, NW_RELAY_FULL);
	CHECK_INT(receipt.shard, ==, 0);
	relay_check_counts(rig.relay);
	nw_relay_shard_stats(rig.relay, 1, &stats);
	CHECK_INT(stats.queued, ==, 4);
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->count, ==, 12);
	CHECK_INT(nw_relay_submit(rig.producer, packets + 12, COUNT - 12, &receipt), ==, 8);
	CHECK_INT(receipt.reason, ==, NW_RELAY_BAD);
	CHECK_INT(receipt.retry_after_ns, ==, 0);
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->count, ==, 20);
	end_rig(&rig);
}

TEST(more_than_a_chunk_is_submitted_in_chunks)
{
	enum { COUNT = 1000 };
	struct rig rig = new_rig(2, 1024);
	struct nw_packet packets[COUNT];
	uint8_t reasons[COUNT];
	struct nw_relay_receipt receipt;

	for (uint32_t i = 0; i < COUNT; i++)
		packets[i] = relay_packet(i, i);
	packets[700].flags = 0;
	CHECK_INT(nw_relay_submit(rig.producer, packets, COUNT, &receipt), ==, 700);
	CHECK_INT(receipt.refused_idx, ==, 700);
	relay_settle(rig.relay);
	CHECK_INT(nw_relay_submit_each(rig.producer, packets, COUNT, reasons, &receipt), ==, 999);
	CHECK_INT(receipt.refused_idx, ==, 700);
	CHECK_INT(reasons[700], ==, NW_RELAY_BAD);
	CHECK_INT(nw_relay_submit(rig.producer, packets, 0, &receipt), ==, 0);
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->count, ==, 1699);
	end_rig(&rig);
}

/* Fills the ring of shard 0, whose sink stalls, up to `count`, and lets it look. */
static void fill_to(struct rig *rig, uint32_t *inout_count, uint32_t count)
{
	for (; *inout_count < count; ++*inout_count)
		send_one(rig, 1, 0);
	nw_relay_step(rig->relay, 0);
}

static void check_level(struct rig *rig, enum nw_relay_level level)
{
	struct nw_packet packets[4];
	struct nw_relay_receipt receipt;
	uint8_t reasons[4], lowest[] = { 3, 3, 2, 1 };

	CHECK_INT(nw_relay_level_of(rig->relay, 0), ==, level);
	for (uint8_t p = 0; p < 4; p++) {
		packets[p] = relay_packet(1, 99);
		packets[p].priority = p;
	}
	CHECK_INT(nw_relay_submit_each(rig->producer, packets, 4, reasons, &receipt), ==,
		  lowest[level] + 1);
	for (uint8_t p = 0; p < 4; p++)
		CHECK_INT(reasons[p], ==,
			  p > lowest[level] ? NW_RELAY_PRIORITY : NW_RELAY_ACCEPTED);
	CHECK_INT(receipt.level, ==, level);
	if (receipt.refused > 0)
		CHECK_INT(receipt.retry_after_ns, >=, 300 * 1000 * 1000);
}

/* Windows of 100 ms, all calm; how many until the level falls. */
static uint32_t windows_until_change(struct rig *rig)
{
	enum nw_relay_level level = nw_relay_level_of(rig->relay, 0);
	uint32_t n = 0;

	while (nw_relay_level_of(rig->relay, 0) == level) {
		CHECK_INT(++n, <, 20);
		rig->sink->now_ns += 100 * 1000 * 1000;
		nw_relay_step(rig->relay, 0);
	}
	CHECK_INT(nw_relay_level_of(rig->relay, 0), ==, level - 1);
	return n;
}

TEST(a_level_rises_at_once_and_falls_one_by_one_after_calm_windows)
{
	struct rig rig = new_rig(1, 1024);
	uint32_t count = 0;

	rig.sink->quota = 0;
	send_one(&rig, 1, 0);
	nw_relay_step(rig.relay, 0); /* this one blocks the batch */
	fill_to(&rig, &count, 511);
	check_level(&rig, NW_RELAY_GREEN); /* puts four more in */
	nw_relay_step(rig.relay, 0);
	check_level(&rig, NW_RELAY_YELLOW);
	fill_to(&rig, &count, 820 - 8);
	check_level(&rig, NW_RELAY_ORANGE);
	fill_to(&rig, &count, 973 - 11);
	check_level(&rig, NW_RELAY_RED);
	rig.sink->quota = UINT32_MAX;
	relay_settle(rig.relay);
	check_level(&rig, NW_RELAY_RED);               /* empty, but not calm for long */
	CHECK_INT(windows_until_change(&rig), ==, 11); /* the first has seen it full */
	CHECK_INT(windows_until_change(&rig), ==, 5);
	check_level(&rig, NW_RELAY_YELLOW);
	CHECK_INT(windows_until_change(&rig), ==, 3);
	check_level(&rig, NW_RELAY_GREEN);
	relay_settle(rig.relay);
	end_rig(&rig);
}

TEST(a_producers_priority_is_not_better_than_its_top)
{
	struct rig rig = new_rig(1, 16);
	struct nw_relay_producer_options options = { .priority_top = 2, .node = any };
	struct nw_packet packet = relay_packet(1, 0);
	struct nw_relay_producer *producer;
	struct nw_relay_receipt receipt;

	CHECK_INT(nw_relay_producer_open(&producer, rig.relay, &options), ==, 0);
	CHECK_INT(nw_relay_submit(producer, &packet, 1, NULL), ==, 1);
	rig.sink->quota = 0;
	nw_relay_step(rig.relay, 0);
	for (int i = 0; i < 16; i++)
		send_one(&rig, 1, 0);
	nw_relay_step(rig.relay, 0);
	CHECK_INT(nw_relay_submit(producer, &packet, 1, &receipt), ==, 0);
	CHECK_INT(receipt.reason, ==, NW_RELAY_PRIORITY);
	CHECK_INT(receipt.level, ==, NW_RELAY_RED);
	nw_relay_producer_close(producer);
	end_rig(&rig);
}

/* ---- time ---- */

TEST(a_packet_expires_at_its_deadline_and_says_what_is_left)
{
	struct rig rig = new_rig(1, 16);
	struct nw_packet packets[4];
	struct nw_relay_stats stats;

	for (uint32_t i = 0; i < 4; i++)
		packets[i] = relay_packet(1, i);
	packets[0].ttl_us = 100;
	packets[1].ttl_us = 101;
	packets[2].ttl_us = UINT32_MAX; /* cut to 2^31 - 1 */
	CHECK_INT(nw_relay_submit(rig.producer, packets, 4, NULL), ==, 4);
	rig.sink->now_ns += 100 * 1000;
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->count, ==, 3);
	CHECK_INT(relay_number(&rig.sink->packets[0]), ==, 1);
	CHECK_INT(rig.sink->packets[0].ttl_us, ==, 1);
	CHECK_INT(rig.sink->packets[1].ttl_us, ==, INT32_MAX - 100);
	CHECK_INT(rig.sink->packets[2].ttl_us, ==, 0);
	nw_relay_stats(rig.relay, &stats);
	CHECK_INT(stats.dropped[NW_RELAY_DROP_EXPIRED], ==, 1);
	end_rig(&rig);
}

/* A packet of each of many senders, all dropped; how many senders the relay knows of. */
static uint32_t drop_of_each(struct rig *rig, struct nw_relay_producer *producer, uint32_t first,
			     uint32_t senders)
{
	uint64_t dropped[NW_RELAY_DROP_COUNT];
	uint32_t known = 0;

	for (uint32_t i = first; i < first + senders; i++) {
		struct nw_packet packet = relay_packet(i, 0);

		packet.sender = i;
		packet.ttl_us = 1;
		CHECK_INT(nw_relay_submit(producer, &packet, 1, NULL), ==, 1);
		rig->sink->now_ns += 10 * 1000;
		relay_settle(rig->relay);
	}
	for (uint32_t i = first; i < first + senders; i++) {
		nw_relay_sender_drops(rig->relay, i, dropped);
		CHECK(dropped[NW_RELAY_DROP_EXPIRED] <= 1);
		known += dropped[NW_RELAY_DROP_EXPIRED] == 1;
	}
	return known;
}

TEST(drops_are_known_by_whose_they_were_for_a_thousand_senders_a_shard)
{
	struct rig rig = new_rig(2, 16);
	struct nw_relay_producer *front;
	struct nw_relay_producer_options options = { .rights = NW_RELAY_MAY_SPEAK_FOR,
						     .node = any };
	uint64_t dropped[NW_RELAY_DROP_COUNT];
	struct nw_packet packet = relay_packet(1, 0);
	struct nw_relay_stats stats;
	uint32_t known;

	CHECK_INT(nw_relay_producer_open(&front, rig.relay, &options), ==, 0);
	CHECK_INT(drop_of_each(&rig, front, 0, 500), ==, 500);
	/* By rules, in two shards, and of others than before. */
	nw_relay_rules_set(rig.relay, NULL);
	for (uint32_t topic = 0; topic < 4; topic++) {
		packet = relay_packet(topic, 0);
		packet.sender = 600;
		CHECK_INT(nw_relay_submit(front, &packet, 1, NULL), ==, 1);
	}
	relay_settle(rig.relay);
	nw_relay_sender_drops(rig.relay, 600, dropped);
	CHECK_INT(dropped[NW_VERDICT_NO_RULES], ==, 4);
	CHECK_INT(dropped[NW_RELAY_DROP_EXPIRED], ==, 0);
	nw_relay_sender_drops(rig.relay, 601, dropped);
	CHECK_INT(dropped[NW_VERDICT_NO_RULES], ==, 0);
	/* More than there is room for: they are in the sums. */
	known = drop_of_each(&rig, front, 1000, 4000);
	CHECK(known > 1500 && known < 2048);
	nw_relay_stats(rig.relay, &stats);
	CHECK_INT(stats.dropped[NW_RELAY_DROP_EXPIRED] + stats.dropped[NW_VERDICT_NO_RULES], ==,
		  500 + 4 + 4000);
	nw_relay_producer_close(front);
	end_rig(&rig);
}

TEST(deadlines_survive_the_turn_of_their_clock)
{
	struct rig rig = new_rig(1, 16);
	struct nw_packet packet = relay_packet(1, 0);

	/* At the moment at which the deadline would be 0, which means none. */
	packet.ttl_us = 10;
	rig.sink->now_ns += (UINT64_C(1) << 32) * 1000 - 10 * 1000;
	CHECK_INT(nw_relay_submit(rig.producer, &packet, 1, NULL), ==, 1);
	CHECK_INT(nw_relay_submit(rig.producer, &packet, 1, NULL), ==, 1);
	rig.sink->quota = 1;
	rig.sink->now_ns += 9 * 1000;
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->count, ==, 1);
	CHECK_INT(nw_relay_submit(rig.producer, &packet, 1, NULL), ==, 1);
	rig.sink->quota = 9;
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->count, ==, 3);
	CHECK_INT(nw_relay_submit(rig.producer, &packet, 1, NULL), ==, 1);
	rig.sink->now_ns += 11 * 1000;
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->count, ==, 3);
	end_rig(&rig);
}

/* ---- rules ---- */

static struct nw_rules *limit_topic(uint32_t topic, uint64_t burst, uint64_t version)
{
	struct nw_rules_builder *builder;
	struct nw_topic_rule rule = { .topic = topic, .limit = { burst, 0 } };

	CHECK_INT(nw_rules_builder_create(&builder), ==, 0);
	CHECK_INT(nw_rules_builder_add_topic(builder, &rule, 0, NULL), ==, 0);
	CHECK_INT(nw_rules_builder_any_sender(builder, &(struct nw_sender_rule){ 0 }, 0, NULL), ==,
		  0);
	return relay_rules_of(builder, version);
}

TEST(each_verdict_is_a_reason_of_its_own_and_a_reload_refills_nothing)
{
	struct rig rig = new_rig(2, 64);
	struct nw_relay_stats stats;

	nw_relay_rules_set(rig.relay, limit_topic(6, 3, 2));
	CHECK_INT(nw_relay_rules_version(rig.relay), ==, 2);
	for (int i = 0; i < 5; i++)
		send_one(&rig, 6, 0);
	send_one(&rig, 7, 0);
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->count, ==, 3);
	nw_relay_rules_set(rig.relay, limit_topic(6, 3, 3));
	send_one(&rig, 6, 0);
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->count, ==, 3);
	nw_relay_stats(rig.relay, &stats);
	CHECK_INT(stats.dropped[NW_VERDICT_TOPIC_RATE], ==, 3);
	CHECK_INT(stats.dropped[NW_VERDICT_TOPIC_UNKNOWN], ==, 1);
	nw_relay_tend(rig.relay);
	end_rig(&rig);
}

static struct nw_rules *limit_flights(uint32_t flights)
{
	struct nw_rules_builder *builder;
	struct nw_sender_rule rule = { .in_flight_max = flights };

	CHECK_INT(nw_rules_builder_create(&builder), ==, 0);
	nw_rules_builder_allow_all(builder);
	CHECK_INT(nw_rules_builder_any_sender(builder, &rule, 0, NULL), ==, 0);
	return relay_rules_of(builder, 2);
}

/* Rounds and time, until packets that wait have a verdict. */
static void run_ticks(struct rig *rig, int ticks)
{
	while (ticks-- > 0) {
		rig->sink->now_ns += 1000 * 1000;
		relay_settle(rig->relay);
	}
}

TEST(what_is_in_flight_is_so_until_it_is_completed)
{
	struct rig rig = new_rig_of((struct nw_relay_options){ .completes = true });
	struct nw_relay_stats stats;
	uint32_t held = 0;

	nw_relay_rules_set(rig.relay, limit_flights(2));
	run_ticks(&rig, 2);
	for (int i = 0; i < 4; i++)
		send_one(&rig, 1, 0);
	run_ticks(&rig, 10);
	CHECK_INT(rig.sink->count, ==, 2);
	for (uint32_t i = 0; i < 2; i++)
		held += (rig.sink->packets[i].flags & NW_RELAY_HELD) != 0;
	CHECK_INT(held, ==, 2);
	nw_relay_stats(rig.relay, &stats);
	CHECK_INT(stats.dropped[NW_VERDICT_IN_FLIGHT], ==, 2);
	nw_relay_complete(rig.relay, 0, 0, 2);
	send_one(&rig, 1, 0);
	run_ticks(&rig, 10);
	CHECK_INT(rig.sink->count, ==, 3);
	end_rig(&rig);
}

TEST(without_completion_delivery_ends_the_flight)
{
	struct rig rig = new_rig(1, 64);

	nw_relay_rules_set(rig.relay, limit_flights(2));
	run_ticks(&rig, 2);
	for (int i = 0; i < 6; i++) {
		send_one(&rig, 1, 0);
		run_ticks(&rig, 6);
	}
	CHECK_INT(rig.sink->count, ==, 6);
	CHECK_INT(rig.sink->packets[0].flags & NW_RELAY_HELD, ==, 0);
	end_rig(&rig);
}

/* ---- slots ---- */

TEST(a_slot_moves_with_its_state_and_keeps_the_order)
{
	enum { SLOT = 6 };
	struct rig rig = new_rig(3, 64);
	struct nw_packet packet = relay_packet(SLOT, 0);
	struct nw_relay_receipt receipt;
	struct nw_relay_stats stats;
	bool is_moving;

	nw_relay_rules_set(rig.relay, limit_topic(SLOT, 5, 2));
	CHECK_INT(nw_relay_slot_move(rig.relay, NW_TOPIC_SLOT_COUNT, 0), ==, -ERANGE);
	CHECK_INT(nw_relay_slot_move(rig.relay, SLOT, 3), ==, -ERANGE);
	CHECK_INT(nw_relay_slot_move(rig.relay, SLOT, 0), ==, 0); /* it is there */
	for (uint64_t i = 0; i < 2; i++)
		send_one(&rig, SLOT, i);
	CHECK_INT(nw_relay_slot_move(rig.relay, SLOT, 2), ==, 0);
	CHECK_INT(nw_relay_slot_move(rig.relay, SLOT, 1), ==, -EBUSY);
	CHECK_INT(nw_relay_slot_move(rig.relay, SLOT + 3, 1), ==, -EBUSY); /* same shard */
	nw_relay_step(rig.relay, 0);
	CHECK_INT(nw_relay_slot_at(rig.relay, SLOT, &is_moving), ==, 0);
	CHECK(is_moving);
	CHECK_INT(nw_relay_slot_move(rig.relay, SLOT, 1), ==, -EBUSY);
	CHECK_INT(nw_relay_submit(rig.producer, &packet, 1, &receipt), ==, 0);
	CHECK_INT(receipt.reason, ==, NW_RELAY_MOVING);
	CHECK_INT(receipt.retry_after_ns, >, 0);
	relay_settle(rig.relay);
	CHECK_INT(nw_relay_slot_at(rig.relay, SLOT, &is_moving), ==, 2);
	CHECK(!is_moving);
	for (uint64_t i = 2; i < 9; i++)
		send_one(&rig, SLOT, i);
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->count, ==, 5); /* of five in all */
	for (uint32_t i = 0; i < 5; i++) {
		CHECK_INT(relay_number(&rig.sink->packets[i]), ==, i);
		CHECK_INT(rig.sink->shards[i], ==, i < 2 ? 0 : 2);
	}
	nw_relay_shard_stats(rig.relay, 0, &stats);
	CHECK_INT(stats.slots_out, ==, 1);
	nw_relay_shard_stats(rig.relay, 2, &stats);
	CHECK_INT(stats.slots_in, ==, 1);
	CHECK_INT(stats.delivered, ==, 3);
	CHECK_INT(nw_relay_slot_move(rig.relay, SLOT, 0), ==, 0);
	relay_settle(rig.relay);
	CHECK_INT(nw_relay_slot_at(rig.relay, SLOT, NULL), ==, 0);
	end_rig(&rig);
}

/* ---- subscribers ---- */

static struct nw_relay_subscriber *new_subscriber(struct rig *rig, uint32_t slots, bool is_lossless)
{
	struct nw_relay_subscriber_options options = { .lane_slots = slots,
						       .is_lossless = is_lossless,
						       .node = any };
	struct nw_relay_subscriber *subscriber;

	CHECK_INT(nw_relay_subscriber_open(&subscriber, rig->relay, &options), ==, 0);
	return subscriber;
}

/* What a subscriber hears of a topic, read one by one or many at a time, is 0, 1, 2 ... */
static void check_heard(struct nw_relay_subscriber *subscriber, size_t at_a_time, uint64_t count)
{
	struct nw_packet packets[64];
	uint64_t heard = 0;
	size_t n;

	while ((n = nw_relay_receive(subscriber, packets, at_a_time)) > 0)
		for (size_t i = 0; i < n; i++)
			CHECK_INT(relay_number(&packets[i]), ==, heard++);
	CHECK_INT(heard, ==, count);
	CHECK(nw_relay_receive_rest(subscriber));
}

TEST(a_subscriber_hears_a_topic_in_order_though_its_slot_moves)
{
	enum { SLOT = 6, MOVES = 7 };
	struct rig rig = new_rig(3, 64);
	struct nw_relay_subscriber *readers[3] = { new_subscriber(&rig, 64, false),
						   new_subscriber(&rig, 64, true),
						   new_subscriber(&rig, 64, false) };
	struct nw_relay_stats stats;
	uint64_t sent = 0;

	for (int i = 0; i < 3; i++)
		CHECK_INT(nw_relay_subscribe_all(readers[i], true), ==, 0);
	for (uint32_t m = 0; m < MOVES; m++) {
		CHECK_INT(nw_relay_slot_move(rig.relay, SLOT, m % 3), ==, 0);
		relay_settle(rig.relay);
		for (int i = 0; i < 3; i++)
			send_one(&rig, SLOT, sent++);
		relay_settle(rig.relay);
	}
	check_heard(readers[0], 64, sent);
	check_heard(readers[1], 1, sent);
	check_heard(readers[2], 5, sent);
	nw_relay_stats(rig.relay, &stats);
	CHECK_INT(stats.copies, ==, 3 * sent); /* gates are no copies */
	for (int i = 0; i < 3; i++)
		nw_relay_subscriber_close(readers[i]);
	end_rig(&rig);
}

/* More gates than a lane has room for. */
TEST(a_lane_of_two_slots_takes_its_gates_one_after_the_other)
{
	enum { SHARDS = 9, SLOT = 8 };
	struct rig rig = new_rig(SHARDS, 64);
	struct nw_relay_subscriber *subscriber = new_subscriber(&rig, 2, true);
	struct nw_packet packet;
	uint64_t heard = 0;

	CHECK_INT(nw_relay_subscribe_all(subscriber, true), ==, 0);
	for (uint32_t s = 0; s + 1 < SHARDS; s++) {
		send_one(&rig, s, s); /* so that there is something to wait for */
		relay_settle(rig.relay);
		CHECK_INT(nw_relay_slot_move(rig.relay, s, SHARDS - 1), ==, 0);
		relay_settle(rig.relay);
	}
	for (uint32_t s = 0; s + 1 < SHARDS; s++)
		send_one(&rig, s, s);
	for (int i = 0; i < 100; i++) {
		relay_settle(rig.relay);
		while (nw_relay_receive(subscriber, &packet, 1) == 1)
			heard++;
	}
	CHECK_INT(heard, ==, 2 * (SHARDS - 1));
	nw_relay_subscriber_close(subscriber);
	end_rig(&rig);
}

static uint64_t topics_heard(struct nw_relay_subscriber *subscriber)
{
	struct nw_packet packets[64];
	uint64_t heard = 0;
	size_t n;

	while ((n = nw_relay_receive(subscriber, packets, 64)) > 0)
		for (size_t i = 0; i < n; i++) {
			CHECK(!(heard >> packets[i].topic & 1));
			heard |= UINT64_C(1) << packets[i].topic;
		}
	return heard;
}

static void send_topics(struct rig *rig, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		send_one(rig, i, i);
	relay_settle(rig->relay);
}

TEST(subscribers_hear_what_they_asked_for_once)
{
	struct rig rig = new_rig(2, 64);
	struct nw_relay_subscriber *some = new_subscriber(&rig, 0, false),
				   *all = new_subscriber(&rig, 64, false);
	const uint32_t three[] = { 3, 5, 5, 8, 3 }, gone[] = { 5, 77 };
	struct nw_relay_stats stats;

	send_topics(&rig, 10);
	CHECK_INT(topics_heard(some) | topics_heard(all), ==, 0);
	CHECK_INT(nw_relay_subscribe(some, three, 5), ==, 0);
	CHECK_INT(nw_relay_subscribe(all, three, 2), ==, 0);
	CHECK_INT(nw_relay_subscribe_all(all, true), ==, 0);
	send_topics(&rig, 10);
	CHECK_INT(topics_heard(some), ==, 1 << 3 | 1 << 5 | 1 << 8);
	CHECK_INT(topics_heard(all), ==, (1 << 10) - 1);
	CHECK_INT(nw_relay_unsubscribe(some, gone, 2), ==, 0);
	CHECK_INT(nw_relay_subscribe_all(all, false), ==, 0);
	send_topics(&rig, 10);
	CHECK_INT(topics_heard(some), ==, 1 << 3 | 1 << 8);
	CHECK_INT(topics_heard(all), ==, 1 << 3 | 1 << 5);
	nw_relay_subscriber_close(some);
	send_topics(&rig, 10);
	CHECK_INT(topics_heard(all), ==, 1 << 3 | 1 << 5);
	nw_relay_stats(rig.relay, &stats);
	CHECK_INT(stats.copies, ==, 13 + 4 + 2);
	CHECK_INT(stats.copies_lost, ==, 0);
	nw_relay_subscriber_close(all);
	end_rig(&rig);
}

TEST(many_topics_of_many_subscribers_are_found)
{
	enum { SUBSCRIBERS = 9, TOPICS = 3000 };
	struct rig rig = new_rig(2, 8192);
	struct nw_relay_subscriber *subscribers[SUBSCRIBERS];
	uint32_t topics[TOPICS];

	for (uint32_t s = 0; s < SUBSCRIBERS; s++) {
		uint32_t n = 0;

		subscribers[s] = new_subscriber(&rig, 4096, false);
		for (uint32_t t = 0; t < TOPICS; t++)
			if (t % (s + 1) == 0)
				topics[n++] = t * 0x01000193u;
		CHECK_INT(nw_relay_subscribe(subscribers[s], topics, n), ==, 0);
	}
	for (uint32_t t = 0; t < TOPICS; t++)
		send_one(&rig, t * 0x01000193u, t);
	relay_settle(rig.relay);
	for (uint32_t s = 0; s < SUBSCRIBERS; s++) {
		struct nw_packet packet;
		uint32_t n = 0;

		while (nw_relay_receive(subscribers[s], &packet, 1) == 1) {
			CHECK_INT(relay_number(&packet) % (s + 1), ==, 0);
			n++;
		}
		CHECK_INT(n, ==, (TOPICS + s) / (s + 1));
		nw_relay_subscriber_close(subscribers[s]);
	}
	end_rig(&rig);
}

TEST(a_slow_subscriber_loses_and_is_told_how_much)
{
	struct rig rig = new_rig(1, 64);
	struct nw_relay_subscriber *slow = new_subscriber(&rig, 4, false);
	struct nw_relay_subscriber_counts counts;
	struct nw_relay_stats stats;

	CHECK_INT(nw_relay_subscribe_all(slow, true), ==, 0);
	send_topics(&rig, 10);
	CHECK_INT(topics_heard(slow), ==, 15);
	nw_relay_subscriber_counts(slow, &counts);
	CHECK_INT(counts.offered, ==, 10);
	CHECK_INT(counts.lost, ==, 6);
	nw_relay_stats(rig.relay, &stats);
	CHECK_INT(stats.delivered, ==, 10);
	CHECK_INT(stats.copies_lost, ==, 6);
	nw_relay_subscriber_close(slow);
	end_rig(&rig);
}

TEST(a_lossless_subscriber_holds_its_shards_up_instead)
{
	struct rig rig = new_rig(2, 64);
	struct nw_relay_subscriber *slow = new_subscriber(&rig, 4, true),
				   *other = new_subscriber(&rig, 64, false);
	struct nw_relay_stats stats;

	CHECK_INT(nw_relay_subscribe(slow, (uint32_t[]){ 0, 2, 4, 6, 8, 10 }, 6), ==, 0);
	CHECK_INT(nw_relay_subscribe_all(other, true), ==, 0);
	for (uint32_t i = 0; i < 12; i++)
		send_one(&rig, i, i);
	for (int i = 0; i < 5; i++) {
		nw_relay_step(rig.relay, 0);
		nw_relay_step(rig.relay, 1);
	}
	nw_relay_shard_stats(rig.relay, 0, &stats);
	CHECK_INT(stats.delivered, ==, 4);
	CHECK_INT(stats.queued, ==, 2);
	nw_relay_shard_stats(rig.relay, 1, &stats);
	CHECK_INT(stats.delivered, ==, 6);
	CHECK_INT(topics_heard(slow), ==, 1 | 1 << 2 | 1 << 4 | 1 << 6);
	relay_settle(rig.relay);
	CHECK_INT(topics_heard(slow), ==, 1 << 8 | 1 << 10);
	CHECK_INT(topics_heard(other), ==, (1 << 12) - 1);
	nw_relay_stats(rig.relay, &stats);
	CHECK_INT(stats.copies_lost, ==, 0);
	nw_relay_subscriber_close(slow);
	nw_relay_subscriber_close(other);
	end_rig(&rig);
}

TEST(a_subscriber_that_rests_is_rung_for)
{
	struct rig rig = new_rig(2, 64);
	struct nw_relay_subscriber *subscriber = new_subscriber(&rig, 64, false);
	struct pollfd poller = { .fd = nw_relay_subscriber_fd(subscriber), .events = POLLIN };

	CHECK_INT(nw_relay_subscribe_all(subscriber, true), ==, 0);
	CHECK(!nw_relay_receive_wait(subscriber, 1000));
	CHECK(nw_relay_receive_rest(subscriber));
	CHECK_INT(poll(&poller, 1, 0), ==, 0);
	send_topics(&rig, 3);
	CHECK_INT(poll(&poller, 1, 0), ==, 1);
	CHECK(nw_relay_receive_wait(subscriber, UINT64_MAX));
	CHECK_INT(topics_heard(subscriber), ==, 7);
	CHECK(!nw_relay_receive_wait(subscriber, 1000));
	nw_relay_subscriber_close(subscriber);
	end_rig(&rig);
}

/* ---- payloads ---- */

static void fill_payload(unsigned char *bytes, uint32_t n_bytes, uint64_t number)
{
	for (uint32_t i = 0; i < n_bytes; i++)
		bytes[i] = (unsigned char)(number * 31 + i * 7);
}

static struct nw_packet attach(struct rig *rig, uint32_t topic, uint32_t n_bytes, uint64_t number)
{
	struct nw_packet packet = relay_packet(topic, 0);
	unsigned char bytes[4096];

	fill_payload(bytes, n_bytes, number);
	CHECK_INT(nw_relay_attach(rig->producer, &packet, bytes, n_bytes), ==, 0);
	CHECK_INT(nw_packet_check(&packet), ==, NW_PACKET_GOOD);
	return packet;
}

static void check_payload(const struct rig *rig, const struct nw_packet *packet, uint32_t n_bytes,
			  uint64_t number)
{
	unsigned char expected[4096], got[4096];

	fill_payload(expected, n_bytes, number);
	CHECK_INT(nw_relay_payload(rig->relay, packet, got, sizeof(got)), ==, n_bytes);
	CHECK(memcmp(expected, got, n_bytes) == 0);
}

TEST(payloads_come_whole_and_their_room_comes_back)
{
	struct rig rig = new_rig_of(
		(struct nw_relay_options){ .shard_count = 2, .arena_bytes = 4096 });
	uint64_t number = 0;

	for (int round = 0; round < 300; round++) {
		uint32_t n_bytes = 1 + (uint32_t)round * 37 % 1500, topic = (uint32_t)round;
		struct nw_packet packet = attach(&rig, topic, n_bytes, number);

		rig.sink->count = 0;
		CHECK_INT(nw_relay_submit(rig.producer, &packet, 1, NULL), ==, 1);
		relay_settle(rig.relay);
		CHECK_INT(rig.sink->count, ==, 1);
		check_payload(&rig, &rig.sink->packets[0], n_bytes, number++);
	}
	end_rig(&rig);
}

TEST(payloads_that_cannot_be_are_refused)
{
	struct rig none = new_rig(1, 16), rig = new_rig_of((struct nw_relay_options){
						  .shard_count = 1, .arena_bytes = 4096 });
	struct nw_packet packet = relay_packet(1, 0), other;
	struct nw_packet_ref ref;
	struct nw_relay_receipt receipt;
	unsigned char bytes[4096] = { 0 };

	CHECK_INT(nw_relay_attach(none.producer, &packet, bytes, 1), ==, -ENOTSUP);
	CHECK_INT(nw_relay_payload(none.relay, &packet, bytes, 9), ==, -EINVAL);
	CHECK_INT(nw_relay_attach(rig.producer, &packet, bytes, 0), ==, -E2BIG);
	CHECK_INT(nw_relay_attach(rig.producer, &packet, bytes, 2048 - 64 + 1), ==, -E2BIG);
	CHECK_INT(nw_relay_attach(rig.producer, &packet, bytes, 2048 - 64), ==, 0);
	CHECK_INT(nw_relay_payload(rig.relay, &packet, bytes, 100), ==, -EMSGSIZE);
	other = packet;
	ref = nw_packet_ref(&packet);
	ref.offset += 64;
	nw_packet_set_ref(&other, &ref);
	CHECK_INT(nw_relay_submit(rig.producer, &other, 1, &receipt), ==, 0);
	CHECK_INT(receipt.reason, ==, NW_RELAY_FORM);
	CHECK_INT(nw_relay_payload(rig.relay, &other, bytes, 4096), ==, -ESTALE);
	ref.offset += 1;
	nw_packet_set_ref(&other, &ref);
	CHECK_INT(nw_relay_payload(rig.relay, &other, bytes, 4096), ==, -ESTALE);
	ref.region = 7;
	nw_packet_set_ref(&other, &ref);
	CHECK_INT(nw_relay_submit(rig.producer, &other, 1, &receipt), ==, 0);
	CHECK_INT(nw_relay_payload(rig.relay, &other, bytes, 4096), ==, -EINVAL);
	nw_relay_detach(rig.producer, &other);
	nw_relay_detach(rig.producer, &packet);
	nw_relay_detach(rig.producer, &packet); /* once is enough, twice does nothing */
	CHECK_INT(nw_relay_submit(rig.producer, &packet, 1, &receipt), ==, 0);
	CHECK_INT(receipt.reason, ==, NW_RELAY_FORM);
	end_rig(&none);
	end_rig(&rig);
}

TEST(a_full_arena_refuses_raises_the_level_and_recovers)
{
	struct rig rig = new_rig_of(
		(struct nw_relay_options){ .shard_count = 1, .arena_bytes = 4096 });
	struct nw_packet packets[8];
	unsigned char bytes[448] = { 0 };
	uint32_t count = 0;

	for (; count < 8; count++)
		packets[count] = attach(&rig, 1, 448, count); /* 512 with its head */
	CHECK_INT(nw_relay_attach(rig.producer, &packets[0], bytes, 1), ==, -ENOSPC);
	nw_relay_step(rig.relay, 0);
	CHECK_INT(nw_relay_level_of(rig.relay, 0), ==, NW_RELAY_RED);
	CHECK_INT(nw_relay_submit(rig.producer, packets, 8, NULL), ==, 8);
	relay_settle(rig.relay);
	CHECK_INT(rig.sink->count, ==, 8);
	for (uint32_t i = 0; i < 8; i++)
		check_payload(&rig, &rig.sink->packets[i], 448, i);
	for (uint32_t i = 0; i < 8; i++) {
		CHECK_INT(nw_relay_payload(rig.relay, &rig.sink->packets[i], bytes, 448), ==, 448);
		packets[i] = attach(&rig, 1, 448, 100 + i);
		/* Its place is taken. */
		CHECK_INT(nw_relay_payload(rig.relay, &rig.sink->packets[i], bytes, 448), ==,
			  -ESTALE);
	}
	for (uint32_t i = 0; i < 8; i++)
		nw_relay_detach(rig.producer, &packets[i]);
	end_rig(&rig);
}

TEST(payloads_of_dropped_packets_are_given_back)
{
	struct rig rig = new_rig_of(
		(struct nw_relay_options){ .shard_count = 1, .arena_bytes = 4096 });
	struct nw_packet packet;

	nw_relay_rules_set(rig.relay, NULL);
	for (int i = 0; i < 50; i++) {
		packet = attach(&rig, 1, 900, 0);
		packet.ttl_us = (uint32_t)i % 2;
		CHECK_INT(nw_relay_submit(rig.producer, &packet, 1, NULL), ==, 1);
		rig.sink->now_ns += 2000;
		relay_settle(rig.relay);
	}
	CHECK_INT(rig.sink->count, ==, 0);
	end_rig(&rig);
}

TEST(a_payload_stays_where_it_is_when_its_slot_moves)
{
	struct rig rig = new_rig_of(
		(struct nw_relay_options){ .shard_count = 2, .arena_bytes = 4096 });
	struct nw_packet packet;

	for (int i = 0; i < 20; i++) {
		packet = attach(&rig, 0, 700, (uint64_t)i);
		CHECK_INT(nw_relay_slot_move(rig.relay, 0, (uint32_t)(i + 1) % 2), ==, 0);
		relay_settle(rig.relay);
		rig.sink->count = 0;
		CHECK_INT(nw_relay_submit(rig.producer, &packet, 1, NULL), ==, 1);
		relay_settle(rig.relay);
		CHECK_INT(rig.sink->count, ==, 1);
		CHECK_INT(rig.sink->shards[0], ==, (i + 1) % 2);
		check_payload(&rig, &rig.sink->packets[0], 700, (uint64_t)i);
	}
	end_rig(&rig);
}

/* ---- sleep ---- */

TEST(a_shard_waits_awake_for_what_comes_often)
{
	CHECK_INT(nwi_shard_spin_ns(50000, 100), ==, 200000);
	CHECK_INT(nwi_shard_spin_ns(50000, 199999), ==, 200000);
	CHECK_INT(nwi_shard_spin_ns(50000, 200000), ==, 50000);
	CHECK_INT(nwi_shard_spin_ns(0, 0), ==, 0);
	CHECK(nwi_shard_spin_ns(UINT64_MAX, 1) == UINT64_MAX);
	CHECK(nwi_shard_spin_ns(UINT64_MAX / 2, UINT64_MAX - 1) == UINT64_MAX);
}

/* ---- the end ---- */

TEST(a_closed_relay_refuses_and_drains)
{
	struct rig rig = new_rig(2, 64);
	struct nw_packet packets[3] = { relay_packet(0, 0), relay_packet(1, 1),
					relay_packet(2, 2) };
	struct nw_relay_receipt receipt;
	uint8_t reasons[3];

	CHECK(nw_relay_quiesce(rig.relay, 0));
	CHECK_INT(nw_relay_submit(rig.producer, packets, 3, NULL), ==, 3);
	CHECK(!nw_relay_drain(rig.relay, 0));
	CHECK_INT(nw_relay_submit(rig.producer, packets, 3, &receipt), ==, 0);
	CHECK_INT(receipt.reason, ==, NW_RELAY_CLOSED);
	CHECK_INT(receipt.refused, ==, 1);
	CHECK_INT(receipt.retry_after_ns, ==, 0);
	CHECK_INT(nw_relay_submit_each(rig.producer, packets, 3, reasons, &receipt), ==, 0);
	CHECK_INT(receipt.refused, ==, 3);
	CHECK_INT(reasons[2], ==, NW_RELAY_CLOSED);
	relay_settle(rig.relay);
	CHECK(nw_relay_drain(rig.relay, 0));
	CHECK_INT(rig.sink->count, ==, 3);
	end_rig(&rig);
}

TEST(names_are_words)
{
	for (unsigned i = 0; i < NW_RELAY_REFUSAL_COUNT; i++)
		CHECK(strlen(nw_relay_refusal_name((enum nw_relay_refusal)i)) > 1);
	for (unsigned i = 0; i < NW_RELAY_DROP_COUNT; i++)
		CHECK(strlen(nw_relay_drop_name(i)) > 1);
	CHECK_STR(nw_relay_drop_name(NW_RELAY_DROP_EXPIRED), "expired");
	CHECK_STR(nw_relay_drop_name(NW_RELAY_DROP_COUNT), "?");
	CHECK_STR(nw_relay_refusal_name(NW_RELAY_REFUSAL_COUNT), "?");
	CHECK_STR(nw_relay_level_name(NW_RELAY_ORANGE), "orange");
	CHECK_STR(nw_relay_level_name((enum nw_relay_level)9), "?");
}

TEST(places_and_regions_tell_of_all_memory)
{
	struct rig rig = new_rig(3, 64);
	struct nw_relay_region region;
	struct nw_relay_place place;
	uint64_t sum[3] = { 0 };
	size_t i;

	for (i = 0; nw_relay_region_at(rig.relay, i, &region); i++) {
		CHECK(strlen(region.what) > 0);
		sum[region.shard_idx] += region.mem->n_bytes;
	}
	CHECK_INT(i, ==, 9);
	for (uint32_t s = 0; s < 3; s++) {
		nw_relay_place(rig.relay, s, &place);
		CHECK_INT(place.memory_bytes, ==, sum[s]);
		CHECK_INT(place.node.id, ==, -1);
		CHECK_INT(place.level, ==, NW_MEM_UNBOUND);
		CHECK(!nw_bell_hear(place.bell_fd));
		nw_bell_ring(place.ring_fd);
		CHECK(nw_bell_hear(place.bell_fd));
	}
	end_rig(&rig);
}
