/* SPDX-License-Identifier: MIT */
/*
 * A relay inside the benchmark: its rules, its packets, the hooks that feed and sample it.
 * Invariant: a feeder sends its packets in their order and none twice, whatever is refused
 * meanwhile.
 */
#include "bench/inside/rig.h"

#include "bench/nw_bench.h"

#include <nw/rules.h>

/* ---- packets ---- */

/* The k-th topic of a shard: its slot is one of the shard's. */
static uint32_t topic_of(uint32_t shard, uint32_t k, uint32_t shard_count)
{
	return k % (NW_TOPIC_SLOT_COUNT / SHARDS_MAX) * SHARDS_MAX / shard_count * shard_count +
	       shard + k / 64 * NW_TOPIC_SLOT_COUNT;
}

/* The topic of rank k among those of all shards. */
static uint32_t topic_of_rank(uint32_t k, uint32_t shard_count)
{
	return topic_of(k % shard_count, k / shard_count, shard_count);
}

/* A rank, each as often as its law has it: `at` is even over 0..1. */
static uint32_t rank_of(double at, enum mix mix, uint32_t count)
{
	double sum = 0, all = 0;
	uint32_t k;

	if (mix == UNIFORM)
		return (uint32_t)(at * count) % count;
	for (k = 1; k <= count; k++)
		all += 1.0 / k;
	for (k = 0; k + 1 < count && sum + 1.0 / (k + 1) < at * all; k++)
		sum += 1.0 / (k + 1);
	return k;
}

static void make_packets(const struct rig *rig, struct feeder *feeder, uint32_t seed)
{
	uint32_t n = rig->shard_count, state = 2654435761u * (seed + 1);

	for (uint32_t i = 0; i < PACKETS; i++) {
		uint32_t topic = topic_of(feeder->target, i * 7 % TOPICS, n);

		state = state * 1664525u + 1013904223u;
		if (rig->mix != OWN)
			topic = topic_of_rank(rank_of(state / 0x1p32, rig->mix, TOPICS * n), n);
		feeder->packets[i] = (struct nw_packet){ .topic = topic,
							 .flags = NW_PACKET_INLINE,
							 .length = 8 };
	}
}

static struct nw_rules *make_rules(enum rules kind, uint32_t shard_count)
{
	struct nw_sender_rule anybody = { .limit = { 1u << 30, 1u << 31 } };
	struct nw_rules_builder *builder;
	struct nw_rules *rules = NULL;
	bool is_fine = nw_rules_builder_create(&builder) == 0;

	if (is_fine && kind == OPEN)
		nw_rules_builder_allow_all(builder);
	for (uint32_t s = 0; is_fine && kind != OPEN && s < shard_count; s++)
		for (uint32_t k = 0; is_fine && k < TOPICS; k++) {
			struct nw_topic_rule rule = { .topic = topic_of(s, k, shard_count),
						      .limit = { 1u << 30, 1u << 31 } };

			is_fine = nw_rules_builder_add_topic(builder, &rule, 0, NULL) == 0;
		}
	if (kind == FLIGHTS)
		anybody.in_flight_max = 1u << 20;
	if (is_fine && kind != OPEN)
		is_fine = nw_rules_builder_any_sender(builder, &anybody, 0, NULL) == 0;
	if (!is_fine || nw_rules_builder_finish(builder, 1, NW_NODE_ANY, &rules, NULL) < 0) {
		printf("# the rules cannot be made\n");
		exit(1);
	}
	nw_rules_builder_destroy(builder);
	return rules;
}

/* ---- hooks ---- */

static uint32_t deliver(void *ctx, uint32_t shard_idx, const struct nw_packet *packets,
			uint32_t count)
{
	struct rig *rig = ctx;
	uint64_t now_ns, n;

	if (shard_idx == 0 && atomic_load_explicit(&rig->load, memory_order_relaxed) == DROWNED)
		return count > 0;
	if (shard_idx != rig->sampled) {
		nw_bench_keep(packets);
		return count;
	}
	now_ns = nw_bench_now_ns();
	n = atomic_load_explicit(&rig->sample_count, memory_order_relaxed);
	for (uint32_t i = 0; i < count && n < SAMPLES_MAX; i++)
		rig->samples[n++] = (uint32_t)(now_ns - packets[i].time_ns);
	atomic_store_explicit(&rig->sample_count, n, memory_order_relaxed);
	return count;
}

/* As many packets as are due, with the times at which they were. */
static uint32_t feed_in_time(struct feeder *feeder, uint64_t now_ns)
{
	struct nw_packet packets[BATCH];
	struct nw_relay_receipt receipt = { .reason = NW_RELAY_ACCEPTED };
	uint32_t n = 0;

	if (feeder->due_ns == 0)
		feeder->due_ns = now_ns;
	for (; n < BATCH && feeder->due_ns <= now_ns; n++, feeder->due_ns += feeder->period_ns) {
		packets[n] = feeder->packets[feeder->turn++ % PACKETS];
		packets[n].time_ns = feeder->due_ns;
	}
	for (uint32_t at = 0; at < n && receipt.reason != NW_RELAY_CLOSED;)
		at += (uint32_t)nw_relay_submit(feeder->producer, packets + at, n - at, &receipt);
	return n;
}

/* What is refused is sent again, so that the mix stays what it is. */
static uint32_t feed_some(struct feeder *feeder)
{
	uint32_t at = (uint32_t)(feeder->turn % PACKETS);
	uint32_t n = PACKETS - at < BATCH ? PACKETS - at : BATCH;
	size_t accepted = nw_relay_submit(feeder->producer, feeder->packets + at, n, NULL);

	feeder->turn += accepted;
	return (uint32_t)accepted;
}

static uint32_t feed(void *ctx, uint32_t shard_idx, uint64_t now_ns)
{
	struct rig *rig = ctx;
	struct feeder *feeder = &rig->feeders[shard_idx];
	struct nw_relay *relay = atomic_load_explicit(&rig->relay, memory_order_acquire);

	if (!relay || feeder->target == UINT32_MAX)
		return 0;
	if (!feeder->producer && nw_relay_producer_open(&feeder->producer, relay, NULL) < 0)
		return 0;
	if (feeder->period_ns > 0)
		return feed_in_time(feeder, nw_bench_now_ns());
	(void)now_ns;
	if (rig->sampled != UINT32_MAX && shard_idx == 0 &&
	    atomic_load_explicit(&rig->load, memory_order_relaxed) == IDLE)
		return 0;
	return feed_some(feeder);
}

/* On the worker itself, so that nobody is in a submit. */
static void stop_feeding(void *ctx, uint32_t shard_idx)
{
	struct feeder *feeder = &((struct rig *)ctx)->feeders[shard_idx];

	nw_relay_producer_close(feeder->producer);
	feeder->producer = NULL;
}

/* ---- a rig ---- */

void rig_open(struct rig *rig, enum rules rules)
{
	struct nw_relay_options options = {
		.topo = rig->topo,
		.hooks = { .ctx = rig, .close = stop_feeding, .deliver = deliver, .poll = feed },
		.shard_count = rig->shard_count,
		.spin_ns = UINT64_MAX
	};
	struct nw_relay *relay;
	struct nw_diag diag = { "" };

	for (uint32_t i = 0; i < rig->shard_count; i++)
		if (rig->feeders[i].target != UINT32_MAX)
			make_packets(rig, &rig->feeders[i], i);
	if (nw_relay_create(&relay, &options, &diag) < 0) {
		printf("# %s\n", diag.text);
		exit(1);
	}
	nw_relay_rules_set(relay, make_rules(rules, rig->shard_count));
	atomic_store_explicit(&rig->relay, relay, memory_order_release);
}

void rig_close(struct rig *rig)
{
	struct nw_relay *relay = rig->relay;

	/* Nobody feeds any more; what is left of the flood may be lost. */
	atomic_store(&rig->relay, NULL);
	nw_relay_close(relay);
	atomic_store(&rig->load, IDLE);
	if (!nw_relay_drain(relay, UINT64_C(10000000000)))
		printf("# not drained\n");
	nw_relay_destroy(relay);
}

void rig_clear(struct rig *rig, uint32_t shard_count)
{
	rig->shard_count = shard_count;
	rig->sampled = UINT32_MAX;
	rig->sample_count = 0;
	rig->load = IDLE;
	rig->govern_ns = rig->govern_packets = 0;
	rig->mix = OWN;
	memset(rig->feeders, 0, (size_t)SHARDS_MAX * sizeof(*rig->feeders));
	for (uint32_t i = 0; i < SHARDS_MAX; i++)
		rig->feeders[i].target = UINT32_MAX;
}

void rig_wait_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

uint64_t rig_delivered(struct rig *rig)
{
	struct nw_relay_stats stats;

	nw_relay_stats(rig->relay, &stats);
	return stats.delivered;
}

double rig_measure(struct rig *rig, uint32_t cores)
{
	uint64_t before = rig_delivered(rig), begin_ns = nw_bench_now_ns(), spent_ns;

	rig_wait_ms((long)(PIECE_MS * nw_bench_scale()));
	spent_ns = nw_bench_now_ns() - begin_ns;
	return (double)spent_ns * cores / (double)(rig_delivered(rig) - before + 1);
}

double rig_govern_ns(struct rig *rig)
{
	struct nw_relay_stats stats;
	double ns, packets;

	nw_relay_stats(rig->relay, &stats);
	ns = (double)(stats.govern_ns - rig->govern_ns);
	packets = (double)(stats.govern_packets - rig->govern_packets);
	rig->govern_ns = stats.govern_ns;
	rig->govern_packets = stats.govern_packets;
	return packets > 0 ? ns / packets : 0;
}
