/* SPDX-License-Identifier: MIT */
/*
 * Governance on real threads and the real clock: a shard a thread, messages through rings that are
 * often full, a writer that replaces the rules all the time. What each shard admitted is kept with
 * its instant; at the end every interval of all of them is looked at, and packets in flight are
 * counted all along.
 */
#include "nw_test.h"

#include "bench/govern_sim/sim.h"
#include "govern/govern.h"

#include <nw/mpsc.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

enum {
	SHARDS = 4,
	STEPS = 20000,
	BATCH = 64,
	WIRE_SLOTS = 8,
	SENDER = 7,
	IN_FLIGHT_MAX = 200,
	TICK_NS = 200000,
	HELD_MAX = 256,
};

static const struct nw_limit wide_limit = { 3000, 2000000 };
static const struct nw_limit narrow_limit = { 5, 1000 };

struct world;

struct member {
	struct world *world;
	uint32_t idx;
	struct nw_govern *govern;
	struct nw_mpsc *inbox;
	struct sim_log log;
	uint64_t allowed, refused;
	uint32_t held; /* in flight */
};

struct world {
	struct member members[SHARDS];
	struct nw_rcu *rcu;
	_Atomic(struct nw_rules *) rules;
	struct nw_limit limit;
	_Atomic uint32_t in_flight;
	_Atomic uint32_t running;
	bool swaps;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static struct nw_rules *make_rules(const struct nw_limit *limit, uint64_t version)
{
	struct nw_topic_rule topic = { .topic = 1 };
	struct nw_sender_rule sender = { .sender = SENDER,
					 .in_flight_max = IN_FLIGHT_MAX,
					 .limit = *limit };
	struct nw_rules_builder *builder;
	struct nw_rules *rules;

	CHECK_INT(nw_rules_builder_create(&builder), ==, 0);
	CHECK_INT(nw_rules_builder_add_topic(builder, &topic, 0, NULL), ==, 0);
	CHECK_INT(nw_rules_builder_add_sender(builder, &sender, 0, NULL), ==, 0);
	CHECK_INT(nw_rules_builder_finish(builder, version, NW_NODE_ANY, &rules, NULL), ==, 0);
	nw_rules_builder_destroy(builder);
	return rules;
}

static bool send(void *context, uint32_t to, const struct nw_govern_message *message)
{
	struct member *member = context;

	return nw_mpsc_push(member->world->members[to].inbox, message);
}

static void count(struct member *member, const uint8_t *verdicts, uint32_t n)
{
	uint32_t allowed = 0;

	for (uint32_t i = 0; i < n; i++) {
		enum nw_verdict verdict = nw_verdict_of(verdicts[i]);

		allowed += verdict == NW_VERDICT_ALLOW;
		member->refused += verdict != NW_VERDICT_ALLOW && verdict != NW_VERDICT_WAIT;
		CHECK((verdicts[i] & NW_VERDICT_HELD) != 0 || verdict != NW_VERDICT_ALLOW);
	}
	if (allowed == 0)
		return;
	CHECK_INT(atomic_fetch_add(&member->world->in_flight, allowed) + allowed, <=,
		  IN_FLIGHT_MAX);
	member->held += allowed;
	member->allowed += allowed;
	sim_log_add(&member->log, (struct sim_record){ .at_ns = member->govern->now_ns,
						       .real_ns = member->govern->now_ns,
						       .count = allowed });
}

/* Some of those in flight land: not counted before the shard is told. */
static void land(struct member *member, struct nwi_prng *prng)
{
	uint32_t n = member->held > 0 ? nwi_prng_below(prng, member->held + 1) : 0;

	if (n == 0)
		return;
	atomic_fetch_sub(&member->world->in_flight, n);
	member->held -= n;
	nw_govern_release(member->govern, SENDER, n);
}

static void step(struct member *member, const struct nw_rules *rules, struct nwi_prng *prng)
{
	struct nw_packet packets[BATCH];
	struct nw_govern_message message;
	uint8_t verdicts[BATCH];
	uint32_t n;

	while (nw_mpsc_pop(member->inbox, &message))
		nw_govern_take_message(member->govern, &message);
	nw_govern_tick(member->govern, rules, now_ns());
	while ((n = nw_govern_settle(member->govern, packets, verdicts, BATCH)) > 0)
		count(member, verdicts, n);
	for (uint32_t i = 0; i < BATCH; i++)
		packets[i] = (struct nw_packet){ .topic = 1,
						 .sender = SENDER,
						 .flags = NW_PACKET_INLINE };
	n = nwi_prng_below(prng, BATCH + 1);
	(void)nw_govern_batch(member->govern, packets, n, verdicts);
	count(member, verdicts, n);
	land(member, prng);
	(void)nw_govern_send_messages(member->govern, send, member);
}

static void *run_member(void *arg)
{
	struct member *member = arg;
	struct nw_rcu_thread *thread;
	struct nwi_prng prng;

	nwi_prng_init(&prng, nw_test_seed() + member->idx);
	CHECK_INT(nw_rcu_register(&thread, member->world->rcu, "shard"), ==, 0);
	for (int i = 0; i < STEPS * nw_test_scale(); i++) {
		nw_rcu_read_lock(thread);
		step(member, nw_rcu_dereference(&member->world->rules), &prng);
		nw_rcu_read_unlock(thread);
		if (nwi_prng_below(&prng, 8) == 0)
			sched_yield();
	}
	nw_rcu_unregister(thread);
	atomic_fetch_sub(&member->world->running, 1);
	return NULL;
}

/* Replaces the rules as often as it can; how often it did. */
static uint64_t swap_rules(struct world *world)
{
	struct nw_rcu_thread *thread;
	uint64_t version = 1;

	CHECK_INT(nw_rcu_register(&thread, world->rcu, "writer"), ==, 0);
	while (atomic_load(&world->running) > 0) {
		if (world->swaps) {
			struct nw_rules *rules = make_rules(&world->limit, ++version);

			nw_rules_retire(thread, nw_rcu_exchange_pointer(&world->rules, rules));
			(void)nw_rcu_run(thread);
		}
		sched_yield();
	}
	nw_rcu_unregister(thread);
	return version - 1;
}

static void begin(struct world *world)
{
	CHECK_INT(nw_rcu_create(&world->rcu, NW_NODE_ANY, NULL), ==, 0);
	atomic_init(&world->rules, make_rules(&world->limit, 1));
	atomic_init(&world->running, SHARDS);
	for (uint32_t i = 0; i < SHARDS; i++) {
		struct nw_govern_options options = { .shard_idx = i,
						     .shard_count = SHARDS,
						     .topic_count_max = 4,
						     .sender_count_max = 4,
						     .waiting_count_max = HELD_MAX,
						     .tick_ns = TICK_NS };
		struct member *member = &world->members[i];

		member->world = world;
		member->idx = i;
		CHECK_INT(nw_govern_create(&member->govern, NW_NODE_ANY, &options), ==, 0);
		CHECK_INT(nw_mpsc_create(&member->inbox, WIRE_SLOTS,
					 sizeof(struct nw_govern_message), NW_NODE_ANY),
			  ==, 0);
	}
}

static void judge(struct world *world)
{
	struct sim_log all = { 0 };
	uint64_t interval_ns, allowed = 0, refused = 0;
	sim_wide over;

	for (uint32_t i = 0; i < SHARDS; i++) {
		struct member *member = &world->members[i];

		for (size_t k = 0; k < member->log.count; k++)
			sim_log_add(&all, member->log.records[k]);
		allowed += member->allowed;
		refused += member->refused;
	}
	over = sim_overshoot(&all, &world->limit, 0, UINT64_MAX, &interval_ns);
	if (over > 0)
		FAIL("%.9f too many in an interval of %" PRIu64 " ns", (double)over / 1e9,
		     interval_ns);
	CHECK(allowed >= world->limit.burst && refused > 0);
	free(all.records);
}

static void end(struct world *world)
{
	for (uint32_t i = 0; i < SHARDS; i++) {
		nw_govern_destroy(world->members[i].govern);
		nw_mpsc_destroy(world->members[i].inbox);
		free(world->members[i].log.records);
	}
	nw_rules_destroy(atomic_load(&world->rules));
	nw_rcu_destroy(world->rcu);
}

static void run(struct nw_limit limit, bool swaps)
{
	struct world *world = calloc(1, sizeof *world);
	pthread_t threads[SHARDS];
	uint64_t swap_count;

	CHECK(world);
	world->limit = limit;
	world->swaps = swaps;
	begin(world);
	for (uint32_t i = 0; i < SHARDS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, run_member, &world->members[i]), ==, 0);
	swap_count = swap_rules(world);
	for (uint32_t i = 0; i < SHARDS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), ==, 0);
	CHECK(!swaps || swap_count > 10);
	judge(world);
	end(world);
	free(world);
}

TEST(threads_keep_a_wide_limit)
{
	run(wide_limit, false);
}

TEST(threads_keep_a_wide_limit_while_rules_are_replaced)
{
	run(wide_limit, true);
}

TEST(threads_keep_a_limit_of_a_few)
{
	run(narrow_limit, false);
}

TEST(threads_keep_a_limit_of_a_few_while_rules_are_replaced)
{
	run(narrow_limit, true);
}
