/* SPDX-License-Identifier: MIT */
/* One shard's governance: the order of reasons, exact buckets, what survives a new rule set. */
#include "nw_test.h"

#include <nw/govern.h>

#include <errno.h>

#define S UINT64_C(1000000000)

static struct nw_rules_builder *builder;
static struct nw_govern *govern;
static struct nw_rules *rules;
static uint64_t version;

static void open_builder(void)
{
	CHECK_INT(nw_rules_builder_create(&builder), ==, 0);
}

static void topic(uint32_t id, bool is_denied, uint64_t burst, uint64_t rate_per_s)
{
	struct nw_topic_rule rule = { .topic = id,
				      .is_denied = is_denied,
				      .limit = { burst, rate_per_s } };
	struct nw_diag diag;

	if (nw_rules_builder_add_topic(builder, &rule, 0, &diag) < 0)
		FAIL("%s", diag.text);
}

static void sender(struct nw_sender_rule rule)
{
	struct nw_diag diag;

	if (nw_rules_builder_add_sender(builder, &rule, 0, &diag) < 0)
		FAIL("%s", diag.text);
}

/* The set takes the place of the last one, which is gone. */
static void use(uint64_t now_ns)
{
	struct nw_rules *old = rules;

	CHECK_INT(nw_rules_builder_finish(builder, ++version, NW_NODE_ANY, &rules, NULL), ==, 0);
	nw_rules_builder_destroy(builder);
	nw_govern_tick(govern, rules, now_ns);
	nw_rules_destroy(old);
}

static void begin(struct nw_govern_options options)
{
	if (options.shard_count == 0)
		options.shard_count = 1;
	CHECK_INT(nw_govern_create(&govern, NW_NODE_ANY, &options), ==, 0);
	open_builder();
}

static void end(void)
{
	nw_govern_destroy(govern);
	nw_rules_destroy(rules);
}

static uint8_t decide(uint32_t topic_id, uint32_t sender_id)
{
	struct nw_packet packet = { .topic = topic_id,
				    .sender = sender_id,
				    .flags = NW_PACKET_INLINE };
	uint8_t byte = 0xff;
	uint32_t allowed = nw_govern_batch(govern, &packet, 1, &byte);

	CHECK_INT(allowed, ==, nw_verdict_of(byte) == NW_VERDICT_ALLOW);
	return byte;
}

static enum nw_verdict verdict(uint32_t topic_id, uint32_t sender_id)
{
	return nw_verdict_of(decide(topic_id, sender_id));
}

/* How many of n are allowed at an instant. */
static uint32_t allowed_at(uint64_t now_ns, uint32_t topic_id, uint32_t sender_id, uint32_t n)
{
	uint32_t count = 0;

	nw_govern_tick(govern, rules, now_ns);
	for (uint32_t i = 0; i < n; i++)
		count += verdict(topic_id, sender_id) == NW_VERDICT_ALLOW;
	return count;
}

TEST(without_rules_nothing_passes_but_system)
{
	struct nw_packet packet = { .flags = NW_PACKET_INLINE | NW_PACKET_SYSTEM, .priority = 1 };
	struct nw_govern_stats stats;
	uint8_t byte;

	begin((struct nw_govern_options){ 0 });
	nw_rules_builder_destroy(builder);
	nw_govern_tick(govern, NULL, S);
	CHECK_INT(verdict(1, 1), ==, NW_VERDICT_NO_RULES);
	CHECK_INT(nw_govern_batch(govern, &packet, 1, &byte), ==, 1);
	CHECK(nw_verdict_of(byte) == NW_VERDICT_ALLOW && nw_verdict_priority(byte) == 1);
	nw_govern_stats(govern, &stats);
	CHECK(stats.verdict_count[NW_VERDICT_NO_RULES] == 1 && stats.system_count == 1);
	end();
}

TEST(what_no_rule_allows_is_refused)
{
	begin((struct nw_govern_options){ 0 });
	topic(1, false, 0, 0);
	topic(2, true, 0, 0);
	sender((struct nw_sender_rule){ .sender = 1 });
	sender((struct nw_sender_rule){ .sender = 2, .is_denied = true });
	use(S);
	CHECK_INT(verdict(1, 1), ==, NW_VERDICT_ALLOW);
	CHECK_INT(verdict(2, 1), ==, NW_VERDICT_TOPIC_DENIED);
	CHECK_INT(verdict(3, 1), ==, NW_VERDICT_TOPIC_UNKNOWN);
	CHECK_INT(verdict(1, 2), ==, NW_VERDICT_SENDER_DENIED);
	CHECK_INT(verdict(1, 3), ==, NW_VERDICT_SENDER_UNKNOWN);
	CHECK_INT(verdict(2, 2), ==, NW_VERDICT_TOPIC_DENIED); /* the first reason */
	end();
}

TEST(allow_all_allows_what_no_rule_denies)
{
	begin((struct nw_govern_options){ 0 });
	topic(2, true, 0, 0);
	topic(3, false, 1, 0);
	sender((struct nw_sender_rule){ .sender = 2, .is_denied = true });
	nw_rules_builder_allow_all(builder);
	use(S);
	CHECK_INT(verdict(77, 99), ==, NW_VERDICT_ALLOW);
	CHECK_INT(verdict(2, 99), ==, NW_VERDICT_TOPIC_DENIED);
	CHECK_INT(verdict(77, 2), ==, NW_VERDICT_SENDER_DENIED);
	CHECK_INT(verdict(3, 99), ==, NW_VERDICT_ALLOW);
	CHECK_INT(verdict(3, 99), ==, NW_VERDICT_TOPIC_RATE);
	end();
}

/* The filter has 65,536 bits: topics that share one with an allowed topic stay refused. */
TEST(a_topic_that_shares_the_filters_bit_is_refused)
{
	begin((struct nw_govern_options){ 0 });
	topic(5, false, 0, 0);
	topic(5 + 65536, true, 0, 0);
	sender((struct nw_sender_rule){ .sender = 1 });
	use(S);
	CHECK_INT(verdict(5, 1), ==, NW_VERDICT_ALLOW);
	for (uint32_t i = 1; i < 65536; i++) {
		CHECK_INT(verdict(5 + i * 65536, 1), ==,
			  i == 1 ? NW_VERDICT_TOPIC_DENIED : NW_VERDICT_TOPIC_UNKNOWN);
	}
	CHECK_INT(verdict(5, 1), ==, NW_VERDICT_ALLOW);
	end();
}

TEST(a_topics_bucket_is_exact_to_the_nanosecond)
{
	begin((struct nw_govern_options){ 0 });
	topic(1, false, 2, 3);
	sender((struct nw_sender_rule){ .sender = 1 });
	use(S);
	CHECK_INT(allowed_at(S, 1, 1, 5), ==, 2);
	CHECK_INT(allowed_at(S + S / 3, 1, 1, 5), ==, 0); /* 333,333,333 ns earn less than one */
	CHECK_INT(allowed_at(S + S / 3 + 1, 1, 1, 5), ==, 1);
	CHECK_INT(allowed_at(S + 2 * S / 3, 1, 1, 5), ==, 0);
	CHECK_INT(allowed_at(S + 2 * S / 3 + 1, 1, 1, 5), ==, 1);
	CHECK_INT(allowed_at(2 * S - 1, 1, 1, 5), ==, 0);
	CHECK_INT(allowed_at(2 * S, 1, 1, 5), ==, 1); /* nothing was lost by looking in between */
	CHECK_INT(allowed_at(900 * S, 1, 1, 5), ==, 2);
	end();
}

TEST(the_largest_bucket_does_not_wrap)
{
	begin((struct nw_govern_options){ 0 });
	topic(1, false, NW_RULES_BURST_MAX, NW_RULES_RATE_MAX);
	sender((struct nw_sender_rule){ .sender = 1,
					.limit = { NW_RULES_BURST_MAX, NW_RULES_RATE_MAX } });
	use(1);
	CHECK_INT(allowed_at(2, 1, 1, 1000), ==, 1000);
	CHECK_INT(allowed_at(UINT64_MAX / 2, 1, 1, 1000), ==, 1000);
	CHECK_INT(allowed_at(UINT64_MAX, 1, 1, 1000), ==, 1000);
	end();
}

TEST(a_clock_that_goes_back_stands_still)
{
	begin((struct nw_govern_options){ 0 });
	topic(1, false, 1, 1);
	sender((struct nw_sender_rule){ .sender = 1 });
	use(10 * S);
	CHECK_INT(allowed_at(10 * S, 1, 1, 2), ==, 1);
	CHECK_INT(allowed_at(5 * S, 1, 1, 2), ==, 0);
	CHECK_INT(allowed_at(10 * S + S / 2, 1, 1, 2), ==, 0);
	CHECK_INT(allowed_at(2 * S, 1, 1, 2), ==, 0);
	CHECK_INT(allowed_at(11 * S, 1, 1, 2), ==, 1);
	end();
}

TEST(a_new_rule_set_refills_nothing)
{
	begin((struct nw_govern_options){ 0 });
	topic(1, false, 10, 1);
	sender((struct nw_sender_rule){ .sender = 1, .limit = { 20, 1 } });
	use(S);
	CHECK_INT(allowed_at(S, 1, 1, 7), ==, 7);
	for (int i = 0; i < 100; i++) {
		open_builder();
		topic(1, false, 10, 1);
		sender((struct nw_sender_rule){ .sender = 1, .limit = { 20, 1 } });
		use(S + (uint64_t)i);
	}
	CHECK_INT(allowed_at(S + 100, 1, 1, 10), ==, 3);
	open_builder();
	topic(1, false, 1000, 1); /* a larger burst is not a gift either */
	sender((struct nw_sender_rule){ .sender = 1, .limit = { 20, 1 } });
	use(S + 100);
	CHECK_INT(allowed_at(S + 100, 1, 1, 10), ==, 0);
	end();
}

TEST(a_topic_removed_and_added_again_has_what_it_had)
{
	begin((struct nw_govern_options){ 0 });
	topic(1, false, 10, 1);
	sender((struct nw_sender_rule){ .sender = 1 });
	use(S);
	CHECK_INT(allowed_at(S, 1, 1, 20), ==, 10);
	open_builder();
	sender((struct nw_sender_rule){ .sender = 1 });
	use(2 * S);
	for (uint64_t i = 0; i < 100; i++) /* ticks sweep, and find that it is not full yet */
		CHECK_INT(allowed_at(2 * S + i * 10000000, 1, 1, 1), ==, 0);
	open_builder();
	topic(1, false, 10, 1);
	sender((struct nw_sender_rule){ .sender = 1 });
	use(3 * S);
	CHECK_INT(allowed_at(3 * S, 1, 1, 20), ==, 2);
	end();
}

/* A lower limit makes what is left full; forgotten for that, it would come back as the higher one.
 */
TEST(a_sender_whose_limit_was_lower_for_a_while_is_not_refilled)
{
	static const uint64_t bursts[] = { 10, 4, 10 };

	begin((struct nw_govern_options){ 0 });
	for (uint64_t i = 0; i < 3; i++) {
		if (i > 0)
			open_builder();
		topic(1, false, 0, 0);
		sender((struct nw_sender_rule){ .sender = 1, .limit = { bursts[i], 1 } });
		use(S + i * 200000000);
		if (i == 0)
			CHECK_INT(allowed_at(S, 1, 1, 6), ==, 6);
		for (uint64_t k = 1; k < 100; k++) /* sweeps */
			nw_govern_tick(govern, rules, S + i * 200000000 + k * 1000000);
	}
	CHECK_INT(allowed_at(S + 500000000, 1, 1, 20), ==, 4);
	end();
}

TEST(what_says_nothing_any_more_is_forgotten)
{
	struct nw_govern_stats stats;

	begin((struct nw_govern_options){ 0 });
	for (uint32_t i = 0; i < 1000; i++)
		topic(i, false, 1, 1);
	sender((struct nw_sender_rule){ .sender = 1, .in_flight_max = 2, .limit = { 5000, 1000 } });
	use(S);
	for (uint32_t i = 0; i < 1000; i++) {
		CHECK_INT(verdict(i, 1), ==, NW_VERDICT_ALLOW);
		nw_govern_release(govern, 1, 1);
	}
	open_builder();
	use(S + 1);
	for (uint64_t i = 0; i < 100; i++)
		nw_govern_tick(govern, rules, S + i * 1000000);
	nw_govern_stats(govern, &stats);
	CHECK_INT(stats.topic_count, ==, 1000); /* their tokens are not back */
	for (uint64_t i = 0; i < 300; i++)
		nw_govern_tick(govern, rules, 30 * S + i * 1000000);
	nw_govern_stats(govern, &stats);
	CHECK_INT(stats.topic_count, ==, 0);
	CHECK_INT(stats.sender_count, ==, 0);
	CHECK_INT(stats.home_count, ==, 0);
	CHECK_INT(stats.forgotten_count, ==, 1002);
	end();
}

TEST(more_topics_than_room_are_refused_and_counted)
{
	struct nw_govern_stats stats;

	begin((struct nw_govern_options){ .topic_count_max = 8, .sender_count_max = 4 });
	for (uint32_t i = 0; i < 20; i++)
		topic(i, false, 1, 1);
	for (uint32_t i = 0; i < 10; i++)
		sender((struct nw_sender_rule){ .sender = i, .limit = { 100, 1 } });
	use(S);
	for (uint32_t i = 0; i < 20; i++)
		CHECK_INT(verdict(i, 0), ==, i < 8 ? NW_VERDICT_ALLOW : NW_VERDICT_NO_ROOM);
	for (uint32_t i = 1; i < 10; i++)
		CHECK_INT(verdict(0, i), ==, i < 4 ? NW_VERDICT_TOPIC_RATE : NW_VERDICT_NO_ROOM);
	nw_govern_stats(govern, &stats);
	CHECK_INT(stats.no_room_count, ==, 18);
	end();
}

TEST(unknown_topics_and_senders_take_no_room)
{
	struct nw_govern_stats stats;

	begin((struct nw_govern_options){ .topic_count_max = 8, .sender_count_max = 4 });
	topic(1, false, 0, 0);
	nw_rules_builder_allow_all(builder);
	use(S);
	for (uint32_t i = 0; i < 100000; i++)
		CHECK_INT(verdict(i, i), ==, NW_VERDICT_ALLOW);
	nw_govern_stats(govern, &stats);
	CHECK(stats.topic_count <= 1 && stats.sender_count == 0);
	end();
}

TEST(a_sender_has_so_many_in_flight_and_no_more)
{
	uint8_t byte;

	begin((struct nw_govern_options){ 0 });
	topic(1, false, 0, 0);
	sender((struct nw_sender_rule){ .sender = 1, .in_flight_max = 3 });
	sender((struct nw_sender_rule){ .sender = 2 });
	use(S);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 3; i++) {
			byte = decide(1, 1);
			CHECK_INT(byte, ==, NW_VERDICT_ALLOW | NW_VERDICT_HELD);
		}
		CHECK_INT(verdict(1, 1), ==, NW_VERDICT_IN_FLIGHT);
		CHECK_INT(decide(1, 2), ==, NW_VERDICT_ALLOW);
		nw_govern_release(govern, 1, 3);
		nw_govern_tick(govern, rules, S + (uint64_t)round * 1000000);
	}
	end();
}

TEST(a_priority_is_at_best_the_senders)
{
	struct nw_packet packet = { .topic = 1, .sender = 1, .flags = NW_PACKET_INLINE };
	uint8_t byte;

	begin((struct nw_govern_options){ 0 });
	topic(1, false, 0, 0);
	sender((struct nw_sender_rule){ .sender = 1, .priority_top = 2 });
	use(S);
	for (uint8_t priority = 0; priority < 4; priority++) {
		packet.priority = priority;
		CHECK_INT(nw_govern_batch(govern, &packet, 1, &byte), ==, 1);
		CHECK_INT(nw_verdict_priority(byte), ==, priority < 2 ? 2 : priority);
	}
	end();
}

TEST(who_is_refused_takes_nothing)
{
	struct nw_limit all = { 5, 0 };

	begin((struct nw_govern_options){ 0 });
	topic(1, false, 3, 0);
	topic(2, false, 100, 0);
	sender((struct nw_sender_rule){ .sender = 1, .in_flight_max = 100, .limit = { 4, 0 } });
	sender((struct nw_sender_rule){ .sender = 2 });
	CHECK_INT(nw_rules_builder_limit_all(builder, &all, 0, NULL), ==, 0);
	use(S);
	CHECK_INT(allowed_at(S, 1, 1, 3), ==, 3);
	for (int i = 0; i < 50; i++)
		CHECK_INT(verdict(1, 1), ==, NW_VERDICT_TOPIC_RATE);
	CHECK_INT(verdict(2, 1), ==, NW_VERDICT_ALLOW); /* the fourth of sender 1 */
	for (int i = 0; i < 50; i++)
		CHECK_INT(verdict(2, 1), ==, NW_VERDICT_SENDER_RATE);
	CHECK_INT(verdict(2, 2), ==, NW_VERDICT_ALLOW); /* the fifth of all */
	for (int i = 0; i < 50; i++)
		CHECK_INT(verdict(2, 2), ==, NW_VERDICT_GLOBAL_RATE);
	open_builder();
	topic(1, false, 3, 0);
	topic(2, false, 100, 0);
	sender((struct nw_sender_rule){ .sender = 1, .in_flight_max = 100 });
	sender((struct nw_sender_rule){ .sender = 2 });
	use(S);
	CHECK_INT(allowed_at(S, 2, 2, 200), ==, 98); /* 2 were allowed of topic 2, 100 refused */
	end();
}

TEST(a_cold_shard_begins_with_nothing)
{
	begin((struct nw_govern_options){ .is_cold = true });
	topic(1, false, 10, 1);
	topic(2, false, 10, 1);
	sender((struct nw_sender_rule){ .sender = 1 });
	sender((struct nw_sender_rule){ .sender = 2, .limit = { 10, 1 } });
	topic(3, false, 0, 0);
	use(100 * S);
	CHECK_INT(allowed_at(100 * S, 1, 1, 5), ==, 0);
	CHECK_INT(allowed_at(103 * S, 1, 1, 5), ==, 3);
	CHECK_INT(allowed_at(103 * S, 2, 1, 5), ==, 3); /* earned since, though never seen */
	CHECK_INT(allowed_at(103 * S, 3, 2, 5), ==, 3);
	end();
}

TEST(options_out_of_range_are_refused)
{
	static const struct nw_govern_options bad[] = {
		{ .shard_count = 0 },
		{ .shard_count = 257 },
		{ .shard_count = 4, .shard_idx = 4 },
		{ .shard_count = 1, .topic_count_max = NW_GOVERN_TOPICS_MAX + 1 },
		{ .shard_count = 1, .sender_count_max = NW_GOVERN_SENDERS_MAX + 1 },
		{ .shard_count = 1, .waiting_count_max = 15 },
		{ .shard_count = 1, .waiting_count_max = 65537 },
		{ .shard_count = 1, .tick_ns = 99999 },
		{ .shard_count = 1, .tick_ns = 100000001 },
	};
	struct nw_govern_options good = { .shard_count = 256, .shard_idx = 255 };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		CHECK_INT(nw_govern_create(&govern, NW_NODE_ANY, &bad[i]), ==, -EINVAL);
	CHECK(!govern);
	CHECK_INT(nw_govern_create(&govern, (nw_node){ 1023 }, &good), ==, -ENODEV);
	CHECK_INT(nw_govern_create(&govern, NW_NODE_ANY, &good), ==, 0);
	CHECK(nw_govern_memory(govern)->n_bytes > 0);
	nw_govern_destroy(govern);
	nw_govern_destroy(NULL);
}

TEST(verdicts_have_names)
{
	for (int i = 0; i < NW_VERDICT_COUNT; i++) {
		for (int k = 0; k < i; k++)
			CHECK(strcmp(nw_verdict_name((enum nw_verdict)i),
				     nw_verdict_name((enum nw_verdict)k)) != 0);
	}
	CHECK_STR(nw_verdict_name(NW_VERDICT_SENDER_RATE), "sender_rate");
	CHECK_STR(nw_verdict_name(NW_VERDICT_COUNT), "no such verdict");
}
