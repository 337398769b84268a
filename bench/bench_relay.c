/* SPDX-License-Identifier: MIT */
/*
 * The relay inside one process: what a governed packet costs, how long it takes, and whether one
 * drowned shard is felt by another.
 *
 *   bench_relay [TEXT]   only the cases with TEXT in their name
 *
 *   core/RULES    one core does all: it submits 256 packets to its own shard, applies
 *                 rules, delivers
 *   core/locked   the same by what one would write first: a queue and a table of token
 *                 buckets behind a mutex, packet by packet, the clock read for each
 *   scale/N       core/limits on N cores at once, each for itself; a core's nanoseconds
 *   pair/RULES    a producer on one core, the shard on another
 *   latency/RATE  from when a packet was due to be sent until it is delivered on another
 *                 core; the producer keeps to its times whatever happens, so a delay
 *                 counts for all behind it
 *   alone, beside, drowned
 *                 a shard fed 50,000 a second on its own core: with the other core
 *                 polling only; beside a shard that works as fast as it can; beside one
 *                 that is flooded behind a sink that takes one packet a round. What
 *                 beside adds to alone is what the cores share
 *
 * Producers are workers' poll hooks, so that there is never more than one thread a core.
 * RULES: open (all allowed), limits (a bucket each topic and each sender), flights (and
 * packets in flight counted). Topics are 1000 a shard. Rounds of the last three take
 * turns. Units: ns a packet, or ns.
 * Invariant: what was delivered is counted by the relay, and nothing else counts.
 */
#include "nw_bench.h"

#include <nw/relay.h>
#include <nw/rules.h>

#include <pthread.h>
#include <stdatomic.h>

enum {
	BATCH = 256,
	PACKETS = 4 * BATCH, /* that a feeder sends in turn */
	TOPICS = 1000,       /* of a shard */
	SHARDS_MAX = 64,
	SAMPLES_MAX = 1 << 20,
	PIECE_MS = 100, /* of a repetition */
};

enum rules { OPEN, LIMITS, FLIGHTS };
static const char *const rules_names[] = { "open", "limits", "flights" };

enum load { IDLE, BUSY, DROWNED, LOADS };
static const char *const load_names[LOADS] = { "alone", "beside", "drowned" };

/* What a worker does besides its shard's work; its own lines. */
struct feeder {
	_Alignas(NW_CACHE_PAIR) struct nw_relay_producer *producer;
	uint32_t target;            /* the shard that it feeds; UINT32_MAX: none */
	uint64_t period_ns, due_ns; /* 0: as fast as it goes */
	uint64_t turn;
	struct nw_packet packets[PACKETS];
};

struct rig {
	struct nw_topo *topo;
	struct nw_relay *_Atomic relay;
	uint32_t shard_count;
	_Atomic uint32_t load; /* of shard 0, where another is sampled: enum load */
	uint32_t sampled;      /* the shard whose latencies are kept; UINT32_MAX: none */
	_Atomic uint64_t sample_count;
	uint32_t *samples; /* ns */
	struct feeder *feeders;
};

/* ---- packets ---- */

/* The k-th topic of a shard: its slot is one of the shard's. */
static uint32_t topic_of(uint32_t shard, uint32_t k, uint32_t shard_count)
{
	return k % (NW_TOPIC_SLOT_COUNT / SHARDS_MAX) * SHARDS_MAX / shard_count * shard_count +
	       shard + k / 64 * NW_TOPIC_SLOT_COUNT;
}

static void make_packets(struct feeder *feeder, uint32_t shard_count)
{
	for (uint32_t i = 0; i < PACKETS; i++)
		feeder->packets[i] = (struct nw_packet){
			.topic = topic_of(feeder->target, i * 7 % TOPICS, shard_count),
			.flags = NW_PACKET_INLINE,
			.length = 8,
		};
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
	feeder->turn = (feeder->turn + 1) % 4;
	return (uint32_t)nw_relay_submit(feeder->producer, feeder->packets + feeder->turn * BATCH,
					 BATCH, NULL);
}

/* On the worker itself, so that nobody is in a submit. */
static void stop_feeding(void *ctx, uint32_t shard_idx)
{
	struct feeder *feeder = &((struct rig *)ctx)->feeders[shard_idx];

	nw_relay_producer_close(feeder->producer);
	feeder->producer = NULL;
}

/* ---- a rig ---- */

static void open_rig(struct rig *rig, enum rules rules)
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
			make_packets(&rig->feeders[i], rig->shard_count);
	if (nw_relay_create(&relay, &options, &diag) < 0) {
		printf("# %s\n", diag.text);
		exit(1);
	}
	nw_relay_rules_set(relay, make_rules(rules, rig->shard_count));
	atomic_store_explicit(&rig->relay, relay, memory_order_release);
}

static void close_rig(struct rig *rig)
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

static void clear_rig(struct rig *rig, uint32_t shard_count)
{
	rig->shard_count = shard_count;
	rig->sampled = UINT32_MAX;
	rig->sample_count = 0;
	rig->load = IDLE;
	memset(rig->feeders, 0, (size_t)SHARDS_MAX * sizeof(*rig->feeders));
	for (uint32_t i = 0; i < SHARDS_MAX; i++)
		rig->feeders[i].target = UINT32_MAX;
}

static void wait_ms(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

static uint64_t delivered(struct rig *rig)
{
	struct nw_relay_stats stats;

	nw_relay_stats(rig->relay, &stats);
	return stats.delivered;
}

/* ---- cases ---- */

/* Repetitions of a rig that runs: nanoseconds of `cores` cores a packet delivered. */
static void measure_rate(struct rig *rig, const char *name, uint32_t cores)
{
	double values[NW_BENCH_REPEAT_MAX];
	uint32_t n = nw_bench_repeat();

	wait_ms(200); /* warm */
	for (uint32_t i = 0; i < n; i++) {
		uint64_t before = delivered(rig), begin_ns = nw_bench_now_ns(), spent_ns;

		wait_ms((long)(PIECE_MS * nw_bench_scale()));
		spent_ns = nw_bench_now_ns() - begin_ns;
		values[i] = (double)spent_ns * cores / (double)(delivered(rig) - before + 1);
	}
	printf("# %s: %.1f million packets a second and core\n", name,
	       1000 / nw_bench_row(name, "ns/packet", values, n));
}

static void run_cores(struct rig *rig, const char *name, enum rules rules, uint32_t shard_count)
{
	clear_rig(rig, shard_count);
	for (uint32_t i = 0; i < shard_count; i++)
		rig->feeders[i].target = i;
	open_rig(rig, rules);
	measure_rate(rig, name, shard_count);
	close_rig(rig);
}

static void run_pair(struct rig *rig, const char *name, enum rules rules)
{
	clear_rig(rig, 2);
	rig->feeders[0].target = 1;
	open_rig(rig, rules);
	measure_rate(rig, name, 1);
	close_rig(rig);
}

static int compare_samples(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static const double quantiles[] = { 0.5, 0.99, 0.999 };
static const char *const quantile_names[] = { "p50", "p99", "p99.9" };
enum { QUANTILES = 3 };

/* One repetition: what came in a piece of time, as quantiles. */
static void sample(struct rig *rig, double ret_values[QUANTILES])
{
	uint64_t n;

	atomic_store(&rig->sample_count, 0);
	wait_ms((long)(UINT64_C(2) * PIECE_MS * nw_bench_scale()));
	n = atomic_load(&rig->sample_count);
	atomic_store(&rig->sample_count, SAMPLES_MAX); /* hold still */
	wait_ms(1);
	qsort(rig->samples, n, sizeof(*rig->samples), compare_samples);
	for (int q = 0; q < QUANTILES; q++)
		ret_values[q] = n > 0 ? rig->samples[(uint64_t)(quantiles[q] * (double)(n - 1))]
				      : 0;
}

static void print_quantiles(const char *name, double values[][NW_BENCH_REPEAT_MAX], uint32_t n)
{
	for (int q = 0; q < QUANTILES; q++) {
		char row[64];

		(void)snprintf(row, sizeof(row), "%s/%s", name, quantile_names[q]);
		(void)nw_bench_row(row, "ns", values[q], n);
	}
}

static void run_latency(struct rig *rig, const char *name, uint64_t period_ns)
{
	static double values[QUANTILES][NW_BENCH_REPEAT_MAX];
	uint32_t n = nw_bench_repeat();

	clear_rig(rig, 2);
	rig->feeders[0].target = rig->sampled = 1;
	rig->feeders[0].period_ns = period_ns;
	open_rig(rig, LIMITS);
	wait_ms(200);
	for (uint32_t i = 0; i < n; i++) {
		double got[QUANTILES];

		sample(rig, got);
		for (int q = 0; q < QUANTILES; q++)
			values[q][i] = got[q];
	}
	print_quantiles(name, values, n);
	close_rig(rig);
}

/* A round of each load; the p99 while drowned by the others'. */
static void sample_loads(struct rig *rig, double ret_got[LOADS][QUANTILES])
{
	for (uint32_t load = 0; load < LOADS; load++) {
		atomic_store(&rig->load, load);
		wait_ms(20);
		sample(rig, ret_got[load]);
	}
}

static void run_drowned(struct rig *rig)
{
	static double values[LOADS][QUANTILES][NW_BENCH_REPEAT_MAX];
	static double by_alone[NW_BENCH_REPEAT_MAX], by_beside[NW_BENCH_REPEAT_MAX];
	uint32_t n = nw_bench_repeat();

	clear_rig(rig, 2);
	rig->feeders[0].target = 0;
	rig->feeders[1].target = rig->sampled = 1;
	rig->feeders[1].period_ns = 20000;
	open_rig(rig, LIMITS);
	wait_ms(200);
	for (uint32_t i = 0; i < n; i++) {
		double got[LOADS][QUANTILES];

		sample_loads(rig, got);
		for (int k = 0; k < LOADS * QUANTILES; k++)
			values[k / QUANTILES][k % QUANTILES][i] = got[k / QUANTILES][k % QUANTILES];
		by_alone[i] = got[DROWNED][1] / (got[IDLE][1] + 1);
		by_beside[i] = got[DROWNED][1] / (got[BUSY][1] + 1);
	}
	printf("# shard 0 while drowned: %s\n",
	       nw_relay_level_name(nw_relay_level_of(rig->relay, 0)));
	for (uint32_t load = 0; load < LOADS; load++)
		print_quantiles(load_names[load], values[load], n);
	(void)nw_bench_row("drowned/p99_by_alone", "ratio", by_alone, n);
	(void)nw_bench_row("drowned/p99_by_beside", "ratio", by_beside, n);
	close_rig(rig);
}

/* ---- what one would write first ---- */

struct locked {
	pthread_mutex_t lock;
	struct nw_packet ring[1024];
	uint64_t head, tail;
	struct {
		uint32_t topic;
		double tokens;
		uint64_t last_ns;
	} buckets[2048];
};

static bool locked_push(struct locked *locked, const struct nw_packet *packet)
{
	bool has_room;

	pthread_mutex_lock(&locked->lock);
	has_room = locked->head - locked->tail < 1024;
	if (has_room)
		locked->ring[locked->head++ % 1024] = *packet;
	pthread_mutex_unlock(&locked->lock);
	return has_room;
}

static bool locked_allows(struct locked *locked, uint32_t topic)
{
	uint64_t now_ns = nw_bench_now_ns();
	uint32_t i = topic * 0x9e3779b1u >> 21;

	while (locked->buckets[i % 2048].topic != topic && locked->buckets[i % 2048].topic != 0)
		i++;
	i %= 2048;
	locked->buckets[i].topic = topic;
	locked->buckets[i].tokens += (double)(now_ns - locked->buckets[i].last_ns) * 2;
	locked->buckets[i].last_ns = now_ns;
	if (locked->buckets[i].tokens > 1e9)
		locked->buckets[i].tokens = 1e9;
	if (locked->buckets[i].tokens < 1)
		return false;
	locked->buckets[i].tokens--;
	return true;
}

static uint32_t locked_pop(struct locked *locked)
{
	struct nw_packet packet = { .topic = 0 };
	bool is_there, is_allowed = false;

	pthread_mutex_lock(&locked->lock);
	is_there = locked->head != locked->tail;
	if (is_there) {
		packet = locked->ring[locked->tail++ % 1024];
		is_allowed = locked_allows(locked, packet.topic);
	}
	pthread_mutex_unlock(&locked->lock);
	nw_bench_keep(&packet);
	return is_allowed;
}

static double run_locked_once(uint64_t op_count, void *arg)
{
	struct feeder *feeder = arg;
	static struct locked locked = { .lock = PTHREAD_MUTEX_INITIALIZER };
	uint64_t done = 0, begin_ns = nw_bench_now_ns();

	while (done < op_count) {
		for (uint32_t i = 0; i < BATCH; i++)
			(void)locked_push(&locked, &feeder->packets[i]);
		for (uint32_t i = 0; i < BATCH; i++)
			done += locked_pop(&locked);
	}
	return (double)(nw_bench_now_ns() - begin_ns) * (double)op_count / (double)done;
}

static void run_locked(struct rig *rig)
{
	clear_rig(rig, 1);
	rig->feeders[0].target = 0;
	make_packets(&rig->feeders[0], 1);
	(void)nw_bench_run("core/locked", 1 << 20, run_locked_once, &rig->feeders[0]);
}

/* ---- all of them ---- */

static bool is_wanted(const char *name, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strstr(name, argv[i]))
			return true;
	return argc < 2;
}

static void run_all(struct rig *rig, uint32_t cores, int argc, char **argv)
{
	char name[64];

	for (int r = 0; r < 3; r++) {
		(void)snprintf(name, sizeof(name), "core/%s", rules_names[r]);
		if (is_wanted(name, argc, argv))
			run_cores(rig, name, (enum rules)r, 1);
	}
	if (is_wanted("core/locked", argc, argv))
		run_locked(rig);
	for (uint32_t n = 2; n <= cores && n <= SHARDS_MAX; n *= 2) {
		(void)snprintf(name, sizeof(name), "scale/%u", n);
		if (is_wanted(name, argc, argv))
			run_cores(rig, name, LIMITS, n);
	}
	if (cores < 2) {
		printf("# one core: nothing between cores is measured\n");
		return;
	}
	for (int r = 0; r < 3; r++) {
		(void)snprintf(name, sizeof(name), "pair/%s", rules_names[r]);
		if (is_wanted(name, argc, argv))
			run_pair(rig, name, (enum rules)r);
	}
	if (is_wanted("latency/100k", argc, argv))
		run_latency(rig, "latency/100k", 10000);
	if (is_wanted("latency/1M", argc, argv))
		run_latency(rig, "latency/1M", 1000);
	if (is_wanted("alone, beside, drowned", argc, argv))
		run_drowned(rig);
}

int main(int argc, char **argv)
{
	static struct rig rig;
	struct nw_diag diag;

	if (nw_topo_open(&rig.topo, &(struct nw_topo_options){ 0 }, &diag) < 0)
		return fprintf(stderr, "bench_relay: %s\n", diag.text), 1;
	rig.samples = calloc(SAMPLES_MAX, sizeof(*rig.samples));
	rig.feeders = aligned_alloc(NW_CACHE_PAIR, SHARDS_MAX * sizeof(*rig.feeders));
	if (!rig.samples || !rig.feeders)
		return fprintf(stderr, "bench_relay: no memory\n"), 1;
	nw_bench_preamble("relay", rig.topo);
	run_all(&rig, nw_topo_core_count(rig.topo), argc, argv);
	free(rig.samples);
	free(rig.feeders);
	nw_topo_close(rig.topo);
	return 0;
}
