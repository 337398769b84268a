/* SPDX-License-Identifier: MIT */
/* Shards beside each other: credit on its way, packets that wait for it, slots that move, a death.
 */
#include "nw_test.h"

#include <nw/govern.h>

#include <errno.h>

#define S  UINT64_C(1000000000)
#define MS UINT64_C(1000000)

enum { SHARDS_MAX = 4, WIRE = 256, BATCH = 64 };

/* Messages that were sent and not yet taken, in order. */
struct wire {
	struct nw_govern_message messages[WIRE];
	uint32_t count;
};

static struct nw_govern *shards[SHARDS_MAX];
static struct wire wires[SHARDS_MAX];
static uint32_t shard_count, wire_room;
static uint32_t blind_idx = UINT32_MAX; /* it does not see new rules */
static struct nw_rules *rules;
static uint64_t version, now_ns;

static void begin(uint32_t count, struct nw_govern_options options)
{
	shard_count = count;
	wire_room = WIRE;
	now_ns = S;
	for (uint32_t i = 0; i < count; i++) {
		options.shard_idx = i;
		options.shard_count = count;
		CHECK_INT(nw_govern_create(&shards[i], NW_NODE_ANY, &options), ==, 0);
	}
}

/* One topic with a limit of its own, 1; all senders have the same rule. */
static void use(struct nw_sender_rule any, struct nw_limit topic, struct nw_limit all)
{
	struct nw_rules_builder *builder;
	struct nw_rules *old = rules;

	CHECK_INT(nw_rules_builder_create(&builder), ==, 0);
	for (uint32_t i = 0; i < 3; i++) {
		struct nw_topic_rule rule = { .topic = 1 + i * NW_TOPIC_SLOT_COUNT,
					      .limit = topic };

		CHECK_INT(nw_rules_builder_add_topic(builder, &rule, 0, NULL), ==, 0);
	}
	CHECK_INT(nw_rules_builder_any_sender(builder, &any, 0, NULL), ==, 0);
	if (all.burst > 0)
		CHECK_INT(nw_rules_builder_limit_all(builder, &all, 0, NULL), ==, 0);
	CHECK_INT(nw_rules_builder_finish(builder, ++version, NW_NODE_ANY, &rules, NULL), ==, 0);
	nw_rules_builder_destroy(builder);
	for (uint32_t i = 0; i < shard_count; i++) {
		if (i != blind_idx)
			nw_govern_tick(shards[i], rules, now_ns);
	}
	nw_rules_destroy(old);
}

static void use_limit(uint64_t burst, uint64_t rate_per_s)
{
	use((struct nw_sender_rule){ .limit = { burst, rate_per_s } }, (struct nw_limit){ 0 },
	    (struct nw_limit){ 0 });
}

static void end(void)
{
	for (uint32_t i = 0; i < shard_count; i++)
		nw_govern_destroy(shards[i]);
	nw_rules_destroy(rules);
}

static bool send(void *context, uint32_t to, const struct nw_govern_message *message)
{
	(void)context;
	if (wires[to].count == wire_room)
		return false;
	wires[to].messages[wires[to].count++] = *message;
	return true;
}

static void take(uint32_t shard)
{
	for (uint32_t i = 0; i < wires[shard].count; i++)
		nw_govern_take_message(shards[shard], &wires[shard].messages[i]);
	wires[shard].count = 0;
}

/* A step of a shard; how many of its waiting packets were allowed. */
static uint32_t step(uint32_t shard)
{
	struct nw_packet packets[BATCH];
	uint8_t verdicts[BATCH];
	uint32_t allowed = 0, n;

	take(shard);
	nw_govern_tick(shards[shard], rules, now_ns);
	while ((n = nw_govern_settle(shards[shard], packets, verdicts, BATCH)) > 0) {
		for (uint32_t i = 0; i < n; i++) {
			CHECK(nw_verdict_of(verdicts[i]) != NW_VERDICT_WAIT);
			allowed += nw_verdict_of(verdicts[i]) == NW_VERDICT_ALLOW;
		}
	}
	(void)nw_govern_send_messages(shards[shard], send, NULL);
	return allowed;
}

static uint32_t step_all(uint32_t rounds)
{
	uint32_t allowed = 0;

	for (; rounds > 0; rounds--) {
		for (uint32_t i = 0; i < shard_count; i++)
			allowed += step(i);
	}
	return allowed;
}

static enum nw_verdict decide(uint32_t shard, uint32_t topic, uint32_t sender)
{
	struct nw_packet packet = { .topic = topic, .sender = sender, .flags = NW_PACKET_INLINE };
	uint8_t byte;

	(void)nw_govern_batch(shards[shard], &packet, 1, &byte);
	return nw_verdict_of(byte);
}

/* A sender whose home is, or is not, the shard: one that is decided upon at once, or waits. */
static uint32_t sender_at(uint32_t home)
{
	for (uint32_t sender = 1; sender < 1000; sender++) {
		enum nw_verdict verdict = decide(home, 1, sender);

		if (verdict == NW_VERDICT_ALLOW)
			return sender;
		CHECK_INT(verdict, ==, NW_VERDICT_WAIT);
		if (sender % 16 == 0) /* room to wait is not what this is about */
			now_ns += 100 * MS, step_all(2);
	}
	FAIL("no sender's home is shard %u", home);
}

/* -- credit ------------------------------------------------------------------------------- */

TEST(a_packet_without_credit_waits_for_the_homes_answer)
{
	struct nw_govern_stats stats;
	uint32_t sender;

	begin(2, (struct nw_govern_options){ 0 });
	use((struct nw_sender_rule){ .limit = { 100, 1 } }, (struct nw_limit){ 0 },
	    (struct nw_limit){ 0 });
	sender = sender_at(0);
	now_ns += S, step_all(4);
	CHECK_INT(decide(1, 1, sender), ==, NW_VERDICT_WAIT);
	nw_govern_stats(shards[1], &stats);
	CHECK_INT(stats.waiting_count, ==, 1);
	CHECK_INT(step(1), ==, 0); /* asks */
	CHECK_INT(step(0), ==, 0); /* gives */
	CHECK_INT(step(1), ==, 1);
	CHECK_INT(decide(1, 1, sender), ==,
		  NW_VERDICT_ALLOW); /* there is more where it came from */
	nw_govern_stats(shards[1], &stats);
	CHECK_INT(stats.waiting_count, ==, 0);
	end();
}

TEST(a_home_that_does_not_answer_is_waited_for_four_ticks)
{
	uint32_t sender;
	struct nw_govern_stats stats;

	begin(2, (struct nw_govern_options){ 0 });
	use((struct nw_sender_rule){ .limit = { 100, 1 } }, (struct nw_limit){ 0 },
	    (struct nw_limit){ 0 });
	sender = sender_at(0);
	now_ns += S, step_all(4);
	CHECK_INT(decide(1, 1, sender), ==, NW_VERDICT_WAIT);
	now_ns += 4 * MS - 1;
	CHECK_INT(step(1), ==, 0);
	nw_govern_stats(shards[1], &stats);
	CHECK_INT(stats.waiting_count, ==, 1);
	now_ns += MS;
	CHECK_INT(step(1), ==, 0);
	nw_govern_stats(shards[1], &stats);
	CHECK_INT(stats.waiting_count, ==, 0);
	CHECK(stats.verdict_count[NW_VERDICT_SENDER_RATE] >= 1);
	CHECK_INT(decide(1, 1, sender), ==,
		  NW_VERDICT_SENDER_RATE); /* and no more wait meanwhile */
	end();
}

TEST(an_empty_pool_is_known_to_be_empty)
{
	uint32_t sender;

	begin(2, (struct nw_govern_options){ 0 });
	use((struct nw_sender_rule){ .limit = { 20, 0 } }, (struct nw_limit){ 0 },
	    (struct nw_limit){ 0 });
	sender = sender_at(0);
	for (int i = 1; i < 20; i++)
		CHECK_INT(decide(0, 1, sender), ==, NW_VERDICT_ALLOW);
	CHECK_INT(decide(0, 1, sender), ==, NW_VERDICT_SENDER_RATE);
	CHECK_INT(decide(1, 1, sender), ==, NW_VERDICT_WAIT);
	step(1), step(0);
	CHECK_INT(step(1), ==, 0);
	CHECK_INT(decide(1, 1, sender), ==, NW_VERDICT_SENDER_RATE); /* at once */
	end();
}

/* Has the home answer; packets that come out have the numbers from `next` on. */
static uint32_t settle_in_order(uint32_t next)
{
	struct nw_packet packets[BATCH];
	uint8_t verdicts[BATCH];
	uint32_t n;

	(void)nw_govern_send_messages(shards[1], send, NULL);
	step(0);
	take(1);
	nw_govern_tick(shards[1], rules, now_ns);
	while ((n = nw_govern_settle(shards[1], packets, verdicts, 3)) > 0) {
		for (uint32_t k = 0; k < n; k++) {
			CHECK_INT(nw_verdict_of(verdicts[k]), ==, NW_VERDICT_ALLOW);
			CHECK_INT(packets[k].type, ==, next++);
		}
	}
	return next;
}

TEST(packets_of_a_sender_keep_their_order)
{
	struct nw_packet packet = { .topic = 1, .flags = NW_PACKET_INLINE };
	uint32_t next = 0;
	uint8_t byte;

	begin(2, (struct nw_govern_options){ 0 });
	use((struct nw_sender_rule){ .limit = { 1000, 1 } }, (struct nw_limit){ 0 },
	    (struct nw_limit){ 1000, 1 });
	packet.sender = sender_at(0);
	now_ns += S, step_all(8);
	for (packet.type = 0; packet.type < 100; packet.type++) {
		if (nw_govern_batch(shards[1], &packet, 1, &byte) == 1)
			CHECK_INT(next++, ==, packet.type);
		else
			CHECK_INT(nw_verdict_of(byte), ==, NW_VERDICT_WAIT);
		if (packet.type % 10 == 9)
			next = settle_in_order(next);
	}
	CHECK(next >= 90);
	end();
}

TEST(who_finds_no_room_to_wait_is_refused)
{
	uint32_t sender, waits = 0;

	begin(2, (struct nw_govern_options){ .waiting_count_max = 64 });
	use((struct nw_sender_rule){ .limit = { 1000, 1 } }, (struct nw_limit){ 0 },
	    (struct nw_limit){ 0 });
	sender = sender_at(0);
	now_ns += S, step_all(4);
	for (int i = 0; i < 100; i++) {
		enum nw_verdict verdict = decide(1, 1, sender);

		CHECK(verdict == NW_VERDICT_WAIT || verdict == NW_VERDICT_SENDER_RATE);
		waits += verdict == NW_VERDICT_WAIT;
	}
	CHECK_INT(waits, ==, 16); /* one sender has a fourth */
	end();
	begin(2, (struct nw_govern_options){ .no_waiting = true });
	version = 0, rules = NULL;
	use((struct nw_sender_rule){ .in_flight_max = 10 }, (struct nw_limit){ 0 },
	    (struct nw_limit){ 0 });
	waits = 0;
	for (uint32_t i = 0; i < 100; i++) {
		enum nw_verdict verdict = decide(1, 1, i);

		CHECK(verdict == NW_VERDICT_ALLOW || verdict == NW_VERDICT_IN_FLIGHT);
		waits += verdict == NW_VERDICT_IN_FLIGHT;
	}
	CHECK(waits > 20 && waits < 80); /* those whose home is the other shard */
	end();
}

TEST(messages_that_are_not_taken_are_kept)
{
	uint32_t sender;

	begin(2, (struct nw_govern_options){ 0 });
	use((struct nw_sender_rule){ .limit = { 100, 1 } }, (struct nw_limit){ 0 },
	    (struct nw_limit){ 0 });
	sender = sender_at(0);
	now_ns += S, step_all(4);
	CHECK_INT(decide(1, 1, sender), ==, NW_VERDICT_WAIT);
	wire_room = 0;
	for (int i = 0; i < 3; i++)
		CHECK_INT(nw_govern_send_messages(shards[1], send, NULL), >=, 1);
	wire_room = WIRE;
	CHECK_INT(nw_govern_send_messages(shards[1], send, NULL), ==, 0);
	take(0);
	nw_govern_tick(shards[0], rules, now_ns);
	wire_room = 0;
	CHECK_INT(nw_govern_send_messages(shards[0], send, NULL), >=, 1);
	wire_room = WIRE;
	CHECK_INT(nw_govern_send_messages(shards[0], send, NULL), ==, 0);
	CHECK_INT(step(1), ==, 1);
	end();
}

TEST(a_shard_says_when_it_needs_a_step)
{
	uint32_t sender;

	begin(2, (struct nw_govern_options){ 0 });
	use((struct nw_sender_rule){ .limit = { 100, 1 } }, (struct nw_limit){ 0 },
	    (struct nw_limit){ 0 });
	CHECK(nw_govern_next_ns(shards[1]) == UINT64_MAX);
	sender = sender_at(1);
	CHECK(nw_govern_next_ns(shards[1]) <= now_ns + MS);
	for (int i = 0; i < 3000; i++)
		now_ns += MS, step_all(1);
	CHECK(nw_govern_next_ns(shards[1]) == UINT64_MAX); /* all credit went home */
	CHECK_INT(decide(1, 1, sender), ==, NW_VERDICT_ALLOW);
	end();
}

TEST(credit_of_an_older_rule_set_goes_back)
{
	struct nw_govern_stats stats;
	struct nw_govern_message kept;
	uint32_t sender, count = 0;

	begin(2, (struct nw_govern_options){ 0 });
	use((struct nw_sender_rule){ .limit = { 100, 0 } }, (struct nw_limit){ 0 },
	    (struct nw_limit){ 0 });
	sender = sender_at(0);
	now_ns += S, step_all(4);
	CHECK_INT(decide(1, 1, sender), ==, NW_VERDICT_WAIT);
	step(1), step(0); /* the grant is on its way */
	CHECK_INT(wires[1].count, ==, 1);
	kept = wires[1].messages[0];
	wires[1].count = 0;
	use((struct nw_sender_rule){ .limit = { 5, 0 } }, (struct nw_limit){ 0 },
	    (struct nw_limit){ 0 });
	(void)decide(1, 1, sender); /* sees the new limit */
	nw_govern_take_message(shards[1], &kept);
	nw_govern_stats(shards[1], &stats);
	CHECK_INT(stats.bounced_count, ==, 1);
	/* Five in all, of the hundred that were there. */
	for (int i = 0; i < 20; i++) {
		count += step_all(3);
		count += decide(0, 1, sender) == NW_VERDICT_ALLOW;
		count += decide(1, 1, sender) == NW_VERDICT_ALLOW;
	}
	CHECK(count >= 4 && count <= 5);
	end();
}

TEST(a_shard_that_passed_over_a_rule_set_gives_its_credit_back)
{
	uint32_t sender;

	begin(2, (struct nw_govern_options){ 0 });
	use_limit(100, 0);
	sender = sender_at(0);
	now_ns += S, step_all(4);
	CHECK_INT(decide(1, 1, sender), ==, NW_VERDICT_WAIT);
	CHECK_INT(step_all(2), ==, 1);
	CHECK_INT(decide(1, 1, sender), ==, NW_VERDICT_ALLOW);
	use_limit(100, 0); /* seen by all, and the same: it stays */
	CHECK_INT(decide(1, 1, sender), ==, NW_VERDICT_ALLOW);
	blind_idx = 1;
	use_limit(1000, 0);
	blind_idx = UINT32_MAX;
	use_limit(100, 0); /* the same, but what was in between? */
	CHECK_INT(decide(1, 1, sender), ==, NW_VERDICT_WAIT);
	end();
}

TEST(a_grant_that_was_not_sent_is_taken_back_by_new_limits)
{
	uint32_t sender, count = 0;

	begin(2, (struct nw_govern_options){ 0 });
	use_limit(100, 0);
	sender = sender_at(0);
	now_ns += S, step_all(4);
	CHECK_INT(decide(1, 1, sender), ==, NW_VERDICT_WAIT);
	step(1);
	wire_room = 0;
	step(0); /* it gives, and cannot send */
	use_limit(5, 0);
	count += decide(0, 1, sender) == NW_VERDICT_ALLOW; /* the home sees them, too */
	count += step(1);
	wire_room = WIRE;
	for (int i = 0; i < 30; i++) {
		count += step_all(2);
		count += decide(1, 1, sender) == NW_VERDICT_ALLOW;
		count += decide(0, 1, sender) == NW_VERDICT_ALLOW;
	}
	CHECK(count >= 4 && count <= 5);
	end();
}

TEST(room_is_seen_as_soon_as_spending_is_told)
{
	uint32_t sender;

	begin(2, (struct nw_govern_options){ 0 });
	use_limit(1, 1000);
	sender = sender_at(0);
	now_ns += 10 * MS, step_all(4);
	CHECK_INT(decide(1, 1, sender), ==, NW_VERDICT_WAIT);
	step(1), step(0);
	CHECK_INT(step(1), ==, 1); /* spent, and told */
	step(0);
	now_ns += MS; /* earns one */
	CHECK_INT(decide(1, 1, sender), ==, NW_VERDICT_WAIT);
	step(1), step(0);
	CHECK_INT(step(1), ==, 1);
	end();
}

TEST(a_packet_waits_four_ticks_in_all_however_often_it_asks)
{
	struct nw_govern_stats stats;
	uint32_t sender;

	begin(2, (struct nw_govern_options){ 0 });
	use_limit(4, 0);
	sender = sender_at(0);
	now_ns += S, step_all(4);
	CHECK_INT(decide(1, 1, sender), ==, NW_VERDICT_WAIT);
	CHECK_INT(decide(1, 1, sender), ==, NW_VERDICT_WAIT);
	step(1), step(0); /* one token, a slice */
	now_ns += 3 * MS;
	CHECK_INT(step(1), ==, 1); /* the second packet asks again */
	now_ns += MS;
	CHECK_INT(step(1), ==, 0);
	nw_govern_stats(shards[1], &stats);
	CHECK_INT(stats.waiting_count, ==, 0);
	end();
}

TEST(who_comes_later_goes_behind_who_waits)
{
	struct nw_packet packet = { .topic = 1, .flags = NW_PACKET_INLINE }, waited;
	uint8_t byte;

	begin(2, (struct nw_govern_options){ 0 });
	use((struct nw_sender_rule){ .in_flight_max = 1 }, (struct nw_limit){ 0 },
	    (struct nw_limit){ 0 });
	packet.sender = sender_at(0);
	nw_govern_release(shards[0], packet.sender, 1);
	now_ns += 2 * S, step_all(2), now_ns += 2 * S, step_all(2);
	CHECK_INT(decide(1, 1, packet.sender), ==, NW_VERDICT_WAIT);
	CHECK_INT(step_all(2), ==, 1);
	packet.type = 1;
	CHECK_INT(nw_govern_batch(shards[1], &packet, 1, &byte), ==, 0);
	CHECK_INT(nw_verdict_of(byte), ==, NW_VERDICT_WAIT);
	nw_govern_release(shards[1], packet.sender, 1); /* there is one now */
	packet.type = 2;
	CHECK_INT(nw_govern_batch(shards[1], &packet, 1, &byte), ==, 0);
	CHECK_INT(nw_verdict_of(byte), ==, NW_VERDICT_WAIT);
	CHECK_INT(nw_govern_settle(shards[1], &waited, &byte, 1), ==, 1);
	CHECK(waited.type == 1 && nw_verdict_of(byte) == NW_VERDICT_ALLOW);
	end();
}

/* -- slots -------------------------------------------------------------------------------- */

/* Moves slot 1 from one shard to another, `room` records at a time; how many there were. */
static uint32_t move(uint32_t from, uint32_t to, uint32_t room)
{
	struct nw_govern_topic topics[8];
	uint32_t n, all = 0;
	int rc;

	do {
		rc = nw_govern_export(shards[from], 1, topics, room, &n);
		CHECK(rc == 0 || rc == -EAGAIN);
		nw_govern_import(shards[to], topics, n);
		all += n;
	} while (rc == -EAGAIN);
	return all;
}

static uint32_t allowed(uint32_t shard, uint32_t topic, uint32_t n)
{
	uint32_t count = 0;

	for (; n > 0; n--)
		count += decide(shard, topic, 1) == NW_VERDICT_ALLOW;
	return count;
}

TEST(a_topic_takes_its_tokens_along)
{
	uint32_t other = 1 + NW_TOPIC_SLOT_COUNT;

	begin(2, (struct nw_govern_options){ 0 });
	use((struct nw_sender_rule){ 0 }, (struct nw_limit){ 10, 1 }, (struct nw_limit){ 0 });
	CHECK_INT(allowed(0, 1, 7), ==, 7);
	CHECK_INT(allowed(0, other, 20), ==, 10);
	CHECK_INT(move(0, 1, 1), ==, 2);
	CHECK_INT(allowed(1, 1, 20), ==, 3);
	CHECK_INT(allowed(1, other, 20), ==, 0);
	now_ns += 2 * S;
	step_all(1);
	CHECK_INT(allowed(1, other, 20), ==, 2); /* earned on the way too */
	CHECK_INT(move(1, 0, 8), ==, 2);
	CHECK_INT(allowed(0, 1, 20), ==, 2);
	CHECK_INT(move(0, 1, 8), ==, 2);
	CHECK_INT(move(0, 1, 8), ==, 0);
	end();
}

TEST(a_shard_whose_clock_is_behind_earns_nothing_twice)
{
	begin(2, (struct nw_govern_options){ 0 });
	use((struct nw_sender_rule){ 0 }, (struct nw_limit){ 10, 1 }, (struct nw_limit){ 0 });
	nw_govern_tick(shards[0], rules, now_ns + 5 * S);
	CHECK_INT(allowed(0, 1, 20), ==, 10);
	CHECK_INT(move(0, 1, 8), ==, 1);
	CHECK_INT(allowed(1, 1, 20), ==, 0); /* five seconds before it was empty */
	nw_govern_tick(shards[1], rules, now_ns + 5 * S);
	CHECK_INT(allowed(1, 1, 20), ==, 0);
	nw_govern_tick(shards[1], rules, now_ns + 6 * S);
	CHECK_INT(allowed(1, 1, 20), ==, 1);
	end();
}

TEST(a_slot_without_its_state_begins_empty)
{
	begin(2, (struct nw_govern_options){ 0 });
	use((struct nw_sender_rule){ 0 }, (struct nw_limit){ 10, 1 }, (struct nw_limit){ 0 });
	CHECK_INT(allowed(0, 1, 20), ==, 10);
	nw_govern_import_cold(shards[1], 1);
	step_all(1);
	CHECK_INT(allowed(1, 1, 20), ==, 0);
	now_ns += 3 * S;
	step_all(1);
	CHECK_INT(allowed(1, 1, 20), ==, 3);
	CHECK_INT(allowed(1, 1 + NW_TOPIC_SLOT_COUNT, 20), ==,
		  3); /* of the same slot, never seen */
	end();
}

TEST(a_cold_slot_stays_cold_when_it_moves_on)
{
	begin(2, (struct nw_govern_options){ 0 });
	use((struct nw_sender_rule){ 0 }, (struct nw_limit){ 10, 1 }, (struct nw_limit){ 0 });
	nw_govern_import_cold(shards[0], 1);
	step_all(1);
	now_ns += 4 * S;
	step_all(1);
	CHECK_INT(allowed(0, 1, 20), ==, 4);
	CHECK_INT(move(0, 1, 8), ==, 2); /* the topic, and that the slot is cold */
	CHECK_INT(allowed(1, 1, 20), ==, 0);
	CHECK_INT(allowed(1, 1 + NW_TOPIC_SLOT_COUNT, 20), ==, 4);
	/* It left the first shard: there nothing is known of it any more. */
	CHECK_INT(allowed(0, 1 + 2 * NW_TOPIC_SLOT_COUNT, 20), ==, 10);
	end();
}

TEST(what_finds_no_room_begins_empty)
{
	begin(2, (struct nw_govern_options){ .topic_count_max = 2 });
	use((struct nw_sender_rule){ 0 }, (struct nw_limit){ 10, 1 }, (struct nw_limit){ 0 });
	CHECK_INT(allowed(0, 1, 20), ==, 10);
	CHECK_INT(allowed(1, 1 + NW_TOPIC_SLOT_COUNT, 5), ==, 5);
	CHECK_INT(allowed(1, 1 + 2 * NW_TOPIC_SLOT_COUNT, 5), ==, 5);
	CHECK_INT(move(0, 1, 8), ==, 1);
	CHECK_INT(decide(1, 1, 1), ==, NW_VERDICT_NO_ROOM);
	CHECK_INT(move(1, 0, 8), ==, 3); /* two topics; and that the slot is cold since just now */
	step_all(1);
	CHECK_INT(allowed(0, 1 + NW_TOPIC_SLOT_COUNT, 20), ==, 5);
	CHECK_INT(decide(0, 1, 1), ==, NW_VERDICT_NO_ROOM);
	end();
}

TEST(a_slot_does_not_leave_while_a_packet_of_it_waits)
{
	struct nw_govern_topic topics[8];
	uint32_t n, sender;

	begin(2, (struct nw_govern_options){ 0 });
	use((struct nw_sender_rule){ .limit = { 100, 1 } }, (struct nw_limit){ 10, 1 },
	    (struct nw_limit){ 0 });
	sender = sender_at(0);
	now_ns += S, step_all(4);
	CHECK_INT(decide(1, 1, sender), ==, NW_VERDICT_WAIT);
	CHECK_INT(nw_govern_export(shards[1], 1, topics, 8, &n), ==, -EAGAIN);
	CHECK_INT(n, ==, 0);
	step(1), step(0), step(1);
	CHECK_INT(nw_govern_export(shards[1], 1, topics, 8, &n), ==, 0);
	CHECK_INT(n, ==, 1);
	end();
}

/* -- death -------------------------------------------------------------------------------- */

TEST(what_a_dead_shard_had_in_flight_is_free)
{
	uint32_t sender;

	begin(2, (struct nw_govern_options){ 0 });
	use((struct nw_sender_rule){ .in_flight_max = 4 }, (struct nw_limit){ 0 },
	    (struct nw_limit){ 0 });
	sender = sender_at(0);
	nw_govern_release(shards[0], sender, 1);
	now_ns += S, step_all(4);
	for (int i = 0; i < 30; i++)
		(void)decide(1, 1, sender), now_ns += MS, step_all(2);
	CHECK_INT(decide(0, 1, sender), ==, NW_VERDICT_IN_FLIGHT); /* all four are shard 1's */
	nw_govern_lost(shards[0], 1);
	step(0);
	for (int i = 0; i < 4; i++)
		CHECK_INT(decide(0, 1, sender), ==, NW_VERDICT_ALLOW);
	CHECK_INT(decide(0, 1, sender), ==, NW_VERDICT_IN_FLIGHT);
	end();
}

TEST(what_a_dead_shard_had_not_spent_is_forfeited)
{
	uint32_t sender, count = 0;

	begin(2, (struct nw_govern_options){ 0 });
	use((struct nw_sender_rule){ .limit = { 100, 0 } }, (struct nw_limit){ 0 },
	    (struct nw_limit){ 0 });
	sender = sender_at(0);
	now_ns += S, step_all(4);
	CHECK_INT(decide(1, 1, sender), ==, NW_VERDICT_WAIT);
	step(1), step(0);
	CHECK_INT(step(1), ==, 1); /* it has 12 now, a slice, and used one of them */
	nw_govern_lost(shards[0], 1);
	for (int i = 0; i < 200; i++)
		count += decide(0, 1, sender) == NW_VERDICT_ALLOW;
	CHECK(count >= 70 && count <= 99 - 12);
	end();
}

TEST(a_sender_whose_home_is_dead_is_refused_at_once)
{
	uint32_t sender;

	begin(2, (struct nw_govern_options){ 0 });
	use((struct nw_sender_rule){ .limit = { 100, 1 } }, (struct nw_limit){ 0 },
	    (struct nw_limit){ 0 });
	sender = sender_at(0);
	now_ns += S, step_all(4);
	CHECK_INT(decide(1, 1, sender), ==, NW_VERDICT_WAIT);
	nw_govern_lost(shards[1], 0);
	CHECK_INT(step(1), ==, 0);
	CHECK_INT(decide(1, 1, sender), ==, NW_VERDICT_SENDER_RATE);
	CHECK_INT(nw_govern_send_messages(shards[1], send, NULL), ==, 0);
	CHECK_INT(wires[0].count, ==, 0);
	end();
}
