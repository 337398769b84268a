/* SPDX-License-Identifier: MIT */
/*
 * Random rule sets, packets, pauses and reloads against a naive reference: linear searches, 128-bit
 * integers, every bucket looked at in every step. All verdicts have to agree, bit by bit.
 *
 * Limits of senders are not among them: what they admit is bounded (tests/sim), not determined.
 */
#include "nw_test.h"

#include "base/prng.h"

#include <nw/govern.h>

enum { SEEDS = 400, STEPS = 60, TOPICS = 24, SENDERS = 8, BATCH = 40, NAMES = 3 };
#define NANO 1000000000
#define MS   UINT64_C(1000000)

__extension__ typedef __int128 wide;

/* What the rules say, as they were drawn. */
struct topic_rule {
	bool is_there, is_denied;
	uint64_t burst, rate;
};

struct sender_rule {
	bool is_there, is_denied;
	uint8_t priority_top;
	uint32_t in_flight_max;
};

struct drawn {
	struct topic_rule topics[TOPICS];
	struct sender_rule senders[SENDERS], any;
	bool allows_all, has_rules;
};

/* What a bucket is: what is in it, and what was taken and not earned since. */
struct bucket {
	bool is_known;
	wide level, debt, cap, rate;
};

struct reference {
	struct drawn rules;
	struct bucket buckets[TOPICS];
	uint32_t in_flight[SENDERS];
	uint64_t now_ns, next_tick_ns;
	bool is_new; /* the rules, since the last step */
};

static struct nwi_prng prng;
static uint64_t seed;

static uint32_t below(uint32_t n)
{
	return nwi_prng_below(&prng, n);
}

/* Some share the filter's bit, some differ in one bit, some are at the ends. */
static uint32_t topic_at(uint32_t i)
{
	static const uint32_t ids[] = {
		0, 1, 65536, 65537, 131072, UINT32_MAX, UINT32_MAX - 65536
	};

	return i < 7 ? ids[i] : i * UINT32_C(2654435761);
}

/* -- drawing ------------------------------------------------------------------------------ */

static void draw_topic(struct topic_rule *ret_rule)
{
	static const uint64_t rates[] = { 0, 1, 3, 7, 1000, 999999937, NW_RULES_RATE_MAX };

	*ret_rule = (struct topic_rule){ .is_there = below(4) != 0, .is_denied = below(6) == 0 };
	if (!ret_rule->is_there || ret_rule->is_denied || below(4) == 0)
		return;
	ret_rule->burst = below(8) == 0 ? NW_RULES_BURST_MAX : 1 + below(12);
	ret_rule->rate = rates[below(7)];
}

static void draw_sender(struct sender_rule *ret_rule)
{
	*ret_rule = (struct sender_rule){ .is_there = below(4) != 0, .is_denied = below(6) == 0 };
	if (!ret_rule->is_there || ret_rule->is_denied)
		return;
	ret_rule->priority_top = (uint8_t)below(4);
	ret_rule->in_flight_max = below(3) == 0 ? 0 : 1 + below(20);
}

static void draw(struct drawn *ret_rules)
{
	*ret_rules = (struct drawn){ .allows_all = below(4) == 0, .has_rules = below(12) != 0 };
	for (uint32_t i = 0; i < TOPICS; i++)
		draw_topic(&ret_rules->topics[i]);
	for (uint32_t i = 0; i < SENDERS; i++)
		draw_sender(&ret_rules->senders[i]);
	draw_sender(&ret_rules->any);
	ret_rules->any.is_there = !ret_rules->any.is_denied && below(3) == 0;
}

static struct nw_sender_rule rule_of(const struct sender_rule *rule, uint32_t sender)
{
	return (struct nw_sender_rule){ .sender = sender,
					.is_denied = rule->is_denied,
					.priority_top = rule->priority_top,
					.in_flight_max = rule->in_flight_max };
}

static struct nw_rules *build(const struct drawn *drawn, uint64_t version)
{
	struct nw_rules_builder *builder;
	struct nw_sender_rule any = rule_of(&drawn->any, 0);
	struct nw_rules *rules;

	if (!drawn->has_rules)
		return NULL;
	CHECK_INT(nw_rules_builder_create(&builder), ==, 0);
	for (uint32_t i = 0; i < TOPICS; i++) {
		struct nw_topic_rule rule = { .topic = topic_at(i),
					      .is_denied = drawn->topics[i].is_denied,
					      .limit = { drawn->topics[i].burst,
							 drawn->topics[i].rate } };

		if (drawn->topics[i].is_there)
			CHECK_INT(nw_rules_builder_add_topic(builder, &rule, 0, NULL), ==, 0);
	}
	for (uint32_t i = 0; i < SENDERS; i++) {
		struct nw_sender_rule rule = rule_of(&drawn->senders[i], i);

		if (drawn->senders[i].is_there)
			CHECK_INT(nw_rules_builder_add_sender(builder, &rule, 0, NULL), ==, 0);
	}
	if (drawn->any.is_there)
		CHECK_INT(nw_rules_builder_any_sender(builder, &any, 0, NULL), ==, 0);
	if (drawn->allows_all)
		nw_rules_builder_allow_all(builder);
	CHECK_INT(nw_rules_builder_finish(builder, version, NW_NODE_ANY, &rules, NULL), ==, 0);
	nw_rules_builder_destroy(builder);
	return rules;
}

/* -- the reference ------------------------------------------------------------------------ */

static bool is_allowed(const struct topic_rule *rule)
{
	return rule->is_there && !rule->is_denied;
}

static void pass_time(struct reference *ref, uint64_t now_ns)
{
	for (uint32_t i = 0; i < TOPICS; i++) {
		struct bucket *bucket = &ref->buckets[i];
		wide earned = bucket->rate * (now_ns - ref->now_ns);

		bucket->level += earned;
		if (bucket->level > bucket->cap)
			bucket->level = bucket->cap;
		bucket->debt = bucket->debt > earned ? bucket->debt - earned : 0;
	}
	ref->now_ns = now_ns;
}

static void see_limit(struct bucket *bucket, const struct topic_rule *rule)
{
	wide cap = (wide)rule->burst * NANO;

	if (!is_allowed(rule) || rule->burst == 0)
		return;
	if (bucket->cap == 0)
		*bucket = (struct bucket){ .level = cap };
	if (bucket->level > cap)
		bucket->level = cap;
	/* What a higher cap lacks counts as taken. */
	if (bucket->debt < cap - bucket->level)
		bucket->debt = cap - bucket->level;
	bucket->is_known = true;
	bucket->cap = cap;
	bucket->rate = rule->rate;
}

static void reference_step(struct reference *ref, uint64_t now_ns)
{
	pass_time(ref, now_ns);
	if (!ref->rules.has_rules)
		return;
	if (ref->is_new) {
		for (uint32_t i = 0; i < TOPICS; i++) {
			if (ref->buckets[i].is_known)
				see_limit(&ref->buckets[i], &ref->rules.topics[i]);
		}
	}
	ref->is_new = false;
	if (now_ns < ref->next_tick_ns)
		return;
	ref->next_tick_ns = now_ns + MS;
	for (uint32_t i = 0; i < TOPICS; i++) {
		bool is_carried = is_allowed(&ref->rules.topics[i]) ||
				  (!ref->rules.topics[i].is_there && ref->rules.allows_all);

		if (!is_carried && ref->buckets[i].debt == 0)
			ref->buckets[i] = (struct bucket){ .is_known = false };
	}
}

static enum nw_verdict judge_topic(const struct drawn *rules, uint32_t i)
{
	if (i >= TOPICS || !rules->topics[i].is_there)
		return rules->allows_all ? NW_VERDICT_ALLOW : NW_VERDICT_TOPIC_UNKNOWN;
	return rules->topics[i].is_denied ? NW_VERDICT_TOPIC_DENIED : NW_VERDICT_ALLOW;
}

static uint8_t judge(struct reference *ref, uint32_t topic_idx, const struct nw_packet *packet)
{
	static const struct sender_rule none = { .is_there = true };
	const struct drawn *rules = &ref->rules;
	const struct sender_rule *sender = &rules->senders[packet->sender];
	struct bucket *bucket = topic_idx < TOPICS ? &ref->buckets[topic_idx] : NULL;
	bool is_limited = bucket && is_allowed(&rules->topics[topic_idx]) &&
			  rules->topics[topic_idx].burst > 0;
	uint8_t priority = packet->priority;

	if (packet->flags & NW_PACKET_SYSTEM)
		return (uint8_t)(NW_VERDICT_ALLOW | (unsigned)priority << 6);
	if (!rules->has_rules)
		return NW_VERDICT_NO_RULES;
	if (bucket && !bucket->is_known && is_allowed(&rules->topics[topic_idx])) {
		see_limit(bucket, &rules->topics[topic_idx]); /* its first packet */
		bucket->is_known = true;
	}
	if (judge_topic(rules, topic_idx) != NW_VERDICT_ALLOW)
		return (uint8_t)judge_topic(rules, topic_idx);
	if (!sender->is_there)
		sender = rules->any.is_there ? &rules->any : rules->allows_all ? &none : sender;
	if (!sender->is_there)
		return NW_VERDICT_SENDER_UNKNOWN;
	if (sender->is_denied)
		return NW_VERDICT_SENDER_DENIED;
	if (sender->in_flight_max > 0 && ref->in_flight[packet->sender] >= sender->in_flight_max)
		return NW_VERDICT_IN_FLIGHT;
	if (is_limited && bucket->level < NANO)
		return NW_VERDICT_TOPIC_RATE;
	if (is_limited)
		bucket->level -= NANO, bucket->debt += NANO;
	priority = priority < sender->priority_top ? sender->priority_top : priority;
	if (sender->in_flight_max == 0)
		return (uint8_t)(NW_VERDICT_ALLOW | (unsigned)priority << 6);
	ref->in_flight[packet->sender]++;
	return (uint8_t)(NW_VERDICT_ALLOW | NW_VERDICT_HELD | (unsigned)priority << 6);
}

/* -- the comparison ----------------------------------------------------------------------- */

static void compare_batch(struct nw_govern *govern, struct reference *ref)
{
	struct nw_packet packets[BATCH];
	uint32_t topics[BATCH], count = 1 + below(BATCH), allowed = 0;
	uint8_t verdicts[BATCH];

	for (uint32_t i = 0; i < count; i++) {
		topics[i] = below(TOPICS + NAMES);
		packets[i] = (struct nw_packet){
			.topic = topics[i] < TOPICS ? topic_at(topics[i]) : 77 + 65536 * topics[i],
			.sender = below(SENDERS),
			.flags = below(20) == 0 ? NW_PACKET_INLINE | NW_PACKET_SYSTEM
						: NW_PACKET_INLINE,
			.priority = (uint8_t)below(4),
		};
	}
	allowed = nw_govern_batch(govern, packets, count, verdicts);
	for (uint32_t i = 0; i < count; i++) {
		uint8_t expected = judge(ref, topics[i], &packets[i]);

		if (verdicts[i] != expected)
			FAIL("seed %" PRIu64 ", topic %" PRIu32 ", sender %" PRIu32
			     ": %s (%#x), should be %s (%#x)",
			     seed, topics[i], packets[i].sender,
			     nw_verdict_name(nw_verdict_of(verdicts[i])), verdicts[i],
			     nw_verdict_name(nw_verdict_of(expected)), expected);
		allowed -= nw_verdict_of(expected) == NW_VERDICT_ALLOW;
	}
	CHECK_INT(allowed, ==, 0);
}

static void land_some(struct nw_govern *govern, struct reference *ref)
{
	for (uint32_t i = 0; i < SENDERS; i++) {
		uint32_t n = ref->in_flight[i] > 0 ? below(ref->in_flight[i] + 1) : 0;

		if (n > 0)
			nw_govern_release(govern, i, n);
		ref->in_flight[i] -= n;
	}
}

static void run_seed(void)
{
	struct nw_govern_options options = { .shard_count = 1, .topic_count_max = 64 };
	struct reference *ref = calloc(1, sizeof *ref);
	struct nw_rules *rules = NULL, *old;
	struct nw_govern *govern;
	uint64_t now_ns = 1, version = 0;

	nwi_prng_init(&prng, seed);
	CHECK(ref);
	ref->now_ns = now_ns;
	CHECK_INT(nw_govern_create(&govern, NW_NODE_ANY, &options), ==, 0);
	for (int step = 0; step < STEPS; step++) {
		static const uint64_t pauses[] = { 0, 1, 1000, MS, 333333333, NANO, 7777777777 };

		old = rules;
		now_ns += pauses[below(7)];
		if (step == 0 || below(5) == 0) {
			/* With a tick, so that all topics see the rules in this step. */
			now_ns += MS;
			draw(&ref->rules);
			rules = build(&ref->rules, ++version);
			ref->is_new = true;
		}
		nw_govern_tick(govern, rules, now_ns);
		reference_step(ref, now_ns);
		if (old != rules)
			nw_rules_destroy(old);
		compare_batch(govern, ref);
		land_some(govern, ref);
	}
	nw_govern_destroy(govern);
	nw_rules_destroy(rules);
	free(ref);
}

TEST(every_verdict_is_that_of_a_naive_reference)
{
	uint64_t first = nw_test_seed() * 1000003, count = (uint64_t)nw_test_scale() * SEEDS;

	for (seed = first; seed < first + count; seed++)
		run_seed();
}
