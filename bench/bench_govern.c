/* SPDX-License-Identifier: MIT */
/*
 * What a decision about a packet costs, beside what it replaces; and what limits over many shards
 * are worth, in simulation.
 *
 *   bench_govern [TEXT]       only the cases with TEXT in their name
 *   bench_govern sim          the methods on every load: overshoot of the burst, use of the limit
 *   bench_govern replay SEED  one random run of tests/sim/sim_govern, with what it was made of
 *
 *   topic             allowed topic with a bucket; sender without limits
 *   sender            sender with a bucket and flights; topic without a limit
 *   both              topic bucket, sender bucket, flights
 *   .../release       the same, each packet released
 *   .../uniform-N     N topics with equal chance, 1,000 senders
 *   .../zipf-N        N topics, the k-th with 1/k of the first one's share, 1,000 senders
 *   denied, unknown   a flood of topics that a rule denies, that no rule knows
 *   one-by-one        `both` in batches of one, with a clock read for each
 *   locked            what one writes first: a mutex, a table of buckets in floating point, a clock
 *                     read for each
 *   tick              a step without packets, at a tick, with 1,000 senders' credit to look at
 *   swap              a new rule set in place of the old one: exchange, and hand the old one on
 *   first-batch       nanoseconds a packet of the batch after a swap, of 256: all state is resolved
 *
 * Batches are of 256 packets; the clock is read once for each. Cases take turns, round by round.
 * Invariant: each case's packets are all decided as its name says, or the program fails.
 */
#include "nw_bench.h"

#include "bench/govern_sim/sim.h"

#include <nw/govern.h>

#include <pthread.h>
#include <stdatomic.h>

enum {
	BATCH = 256,
	PACKETS = 1 << 16, /* drawn before; cases go round in them */
	TOPICS = 10000,
	SENDERS = 1000,
	OPS = 1 << 20,
	CASES_MAX = 32,
};

struct naive_bucket {
	uint32_t key;
	bool is_used;
	double tokens, rate, burst;
	uint64_t last_ns;
};

/* A table in which the packets of a case are decided upon. */
struct bench {
	struct nw_rules *rules[2];
	struct nw_govern *govern;
	struct nw_packet *packets;
	uint64_t version;
	enum nw_verdict expected;
	bool is_released, is_single;
	pthread_mutex_t lock;
	struct naive_bucket *naive; /* topics and senders */
};

enum { WITH_TOPIC = 1, WITH_SENDER = 2, WITH_FLIGHTS = 4, WITH_DENIED = 8 };

static void fail(const char *what)
{
	printf("# failed: %s\n", what);
	exit(1);
}

/* -- rules and packets -------------------------------------------------------------------- */

static uint32_t topic_of(uint32_t i)
{
	char name[32];
	int n = snprintf(name, sizeof(name), "bench.%" PRIu32, i);

	return nw_topic_id(name, (size_t)n);
}

static struct nw_rules *make_rules(uint32_t topic_count, unsigned with, uint64_t version)
{
	struct nw_limit limit = { NW_RULES_BURST_MAX, NW_RULES_RATE_MAX };
	struct nw_rules_builder *builder;
	struct nw_rules *rules = NULL;
	struct nw_diag diag = { "no memory" };
	int rc = nw_rules_builder_create(&builder);

	for (uint32_t i = 0; rc == 0 && i < topic_count; i++) {
		struct nw_topic_rule rule = { .topic = topic_of(i),
					      .is_denied = (with & WITH_DENIED) != 0 };

		if (with & WITH_TOPIC)
			rule.limit = limit;
		rc = nw_rules_builder_add_topic(builder, &rule, 0, &diag);
	}
	for (uint32_t i = 0; rc == 0 && i < SENDERS; i++) {
		struct nw_sender_rule rule = { .sender = i };

		if (with & WITH_SENDER)
			rule.limit = limit;
		if (with & WITH_FLIGHTS)
			rule.in_flight_max = UINT32_MAX / 4;
		rc = nw_rules_builder_add_sender(builder, &rule, 0, &diag);
	}
	if (rc < 0 || nw_rules_builder_finish(builder, version, NW_NODE_ANY, &rules, &diag) < 0)
		fail(diag.text);
	nw_rules_builder_destroy(builder);
	return rules;
}

/* Topics by rank: uniform, or each with its share of the harmonic sum. */
static void draw_topics(uint32_t *ret_topics, uint32_t topic_count, bool is_zipf, bool is_unknown)
{
	double *sums = malloc(topic_count * sizeof(*sums)), sum = 0;
	struct nwi_prng prng;

	if (!sums)
		fail("no memory");
	nwi_prng_init(&prng, 42);
	for (uint32_t i = 0; i < topic_count; i++)
		sums[i] = sum += is_zipf ? 1.0 / (i + 1) : 1.0;
	for (uint32_t i = 0; i < PACKETS; i++) {
		double at = (double)(nwi_prng_next(&prng) >> 11) * 0x1p-53 * sum;
		uint32_t lo = 0, hi = topic_count - 1;

		while (lo < hi) {
			uint32_t middle = (lo + hi) / 2;

			if (sums[middle] <= at)
				lo = middle + 1;
			else
				hi = middle;
		}
		ret_topics[i] = topic_of(is_unknown ? 1000000 + lo : lo);
	}
	free(sums);
}

static void make_packets(struct bench *bench, uint32_t topic_count, bool is_zipf, bool is_unknown)
{
	uint32_t *topics = malloc(PACKETS * sizeof(*topics));
	struct nwi_prng prng;

	bench->packets = aligned_alloc(64, PACKETS * sizeof(*bench->packets));
	if (!topics || !bench->packets)
		fail("no memory");
	nwi_prng_init(&prng, 43);
	draw_topics(topics, topic_count, is_zipf, is_unknown);
	for (uint32_t i = 0; i < PACKETS; i++)
		bench->packets[i] = (struct nw_packet){ .topic = topics[i],
							.sender = nwi_prng_below(&prng, SENDERS),
							.flags = NW_PACKET_INLINE };
	free(topics);
}

static struct bench *make_bench(uint32_t topic_count, bool is_zipf, unsigned with,
				enum nw_verdict expected)
{
	struct nw_govern_options options = { .shard_count = 1 };
	struct bench *bench = calloc(1, sizeof(*bench));

	if (!bench || nw_govern_create(&bench->govern, NW_NODE_ANY, &options) < 0)
		fail("no memory");
	bench->expected = expected;
	bench->version = 1;
	bench->rules[0] = make_rules(topic_count, with, 1);
	make_packets(bench, topic_count, is_zipf, expected == NW_VERDICT_TOPIC_UNKNOWN);
	return bench;
}

/* -- cases -------------------------------------------------------------------------------- */

static double decide(uint64_t op_count, void *arg)
{
	struct bench *bench = arg;
	uint32_t batch = bench->is_single ? 1 : BATCH;
	uint64_t begin = nw_bench_now_ns(), allowed = 0;
	uint8_t verdicts[BATCH];

	for (uint64_t i = 0; i < op_count; i += batch) {
		const struct nw_packet *packets = &bench->packets[i % PACKETS];

		nw_govern_tick(bench->govern, bench->rules[0], nw_bench_now_ns());
		allowed += nw_govern_batch(bench->govern, packets, batch, verdicts);
		if (bench->is_released)
			nw_govern_release_batch(bench->govern, packets, verdicts, batch);
		nw_bench_keep(verdicts);
	}
	if (nw_verdict_of(verdicts[0]) != bench->expected ||
	    allowed != (bench->expected == NW_VERDICT_ALLOW ? op_count : 0))
		return -1;
	return (double)(nw_bench_now_ns() - begin);
}

static struct naive_bucket *naive_find(struct bench *bench, uint32_t key, bool is_topic)
{
	struct naive_bucket *table = bench->naive + (is_topic ? 0 : 4 * TOPICS);
	uint32_t size = is_topic ? 4 * TOPICS : 4 * SENDERS;

	for (uint32_t i = key % size;; i = (i + 1) % size) {
		if (!table[i].is_used)
			table[i] = (struct naive_bucket){ key, true, 1e9, 1e10, 1e9, 0 };
		if (table[i].key == key)
			return &table[i];
	}
}

static bool naive_take(struct naive_bucket *bucket, uint64_t now_ns)
{
	bucket->tokens += (double)(now_ns - bucket->last_ns) * 1e-9 * bucket->rate;
	bucket->last_ns = now_ns;
	if (bucket->tokens > bucket->burst)
		bucket->tokens = bucket->burst;
	if (bucket->tokens < 1)
		return false;
	bucket->tokens -= 1;
	return true;
}

static double decide_locked(uint64_t op_count, void *arg)
{
	struct bench *bench = arg;
	uint64_t begin = nw_bench_now_ns(), allowed = 0;

	for (uint64_t i = 0; i < op_count; i++) {
		const struct nw_packet *packet = &bench->packets[i % PACKETS];
		uint64_t now_ns = nw_bench_now_ns();

		pthread_mutex_lock(&bench->lock);
		allowed += naive_take(naive_find(bench, packet->topic, true), now_ns) &&
			   naive_take(naive_find(bench, packet->sender, false), now_ns);
		pthread_mutex_unlock(&bench->lock);
	}
	return allowed == op_count ? (double)(nw_bench_now_ns() - begin) : -1;
}

/* Steps a millisecond apart, by the clock they are given; the senders have credit. */
static double tick(uint64_t op_count, void *arg)
{
	static uint64_t now_ns = UINT64_C(1) << 60;
	struct bench *bench = arg;
	uint64_t begin;

	(void)decide(1 << 14, bench);
	begin = nw_bench_now_ns();
	for (uint64_t i = 0; i < op_count; i++)
		nw_govern_tick(bench->govern, bench->rules[0], now_ns += 1000000);
	return (double)(nw_bench_now_ns() - begin);
}

struct swap {
	struct nw_rcu *rcu;
	struct nw_rcu_thread *writer, *reader;
	_Atomic(struct nw_rules *) current;
	uint64_t version;
};

/* The set is made before; the clock runs while it takes the old one's place. */
static double swap_rules(uint64_t op_count, void *arg)
{
	struct swap *swap = arg;
	uint64_t spent_ns = 0;

	for (uint64_t i = 0; i < op_count; i++) {
		struct nw_rules *rules = make_rules(16, WITH_TOPIC, ++swap->version), *old;
		uint64_t begin = nw_bench_now_ns();

		old = nw_rcu_exchange_pointer(&swap->current, rules);
		nw_rules_retire(swap->writer, old);
		spent_ns += nw_bench_now_ns() - begin;
		(void)nw_rcu_run(swap->writer);
	}
	return (double)spent_ns;
}

/* Each batch sees another set: two sets with the same limits in turn, under higher versions. */
static double first_batch(uint64_t op_count, void *arg)
{
	struct bench *bench = arg;
	uint64_t spent_ns = 0;
	uint8_t verdicts[BATCH];

	for (uint64_t i = 0; i < op_count; i += BATCH) {
		struct nw_rules *old = bench->rules[0];
		uint64_t begin;

		bench->rules[0] = make_rules(TOPICS, WITH_TOPIC | WITH_SENDER | WITH_FLIGHTS,
					     ++bench->version);
		begin = nw_bench_now_ns();
		nw_govern_tick(bench->govern, bench->rules[0], begin);
		if (nw_govern_batch(bench->govern, &bench->packets[i % PACKETS], BATCH, verdicts) !=
		    BATCH)
			return -1;
		spent_ns += nw_bench_now_ns() - begin;
		nw_rules_destroy(old);
	}
	return (double)spent_ns;
}

/* -- rounds ------------------------------------------------------------------------------- */

struct bench_case {
	const char *name;
	nw_bench_fn *run;
	void *arg;
	uint64_t op_count;
	double values[NW_BENCH_REPEAT_MAX];
};

static struct bench_case cases[CASES_MAX];
static uint32_t case_count;
static const char *wanted;

/* A case that is wanted; NULL: it is not. */
static struct bench_case *add(const char *name, nw_bench_fn *run, uint64_t op_count)
{
	if (wanted && !strstr(name, wanted))
		return NULL;
	cases[case_count] = (struct bench_case){ .name = name, .run = run, .op_count = op_count };
	return &cases[case_count++];
}

static struct bench *add_decide(const char *name, uint32_t topic_count, bool is_zipf, unsigned with,
				enum nw_verdict expected)
{
	struct bench_case *made = add(name, decide, OPS);
	struct bench *bench;

	if (!made)
		return NULL;
	bench = make_bench(topic_count, is_zipf, with, expected);
	bench->is_released = strstr(name, "release") != NULL;
	bench->is_single = strstr(name, "one-by-one") != NULL;
	made->arg = bench;
	return bench;
}

static void add_others(void)
{
	unsigned all = WITH_TOPIC | WITH_SENDER | WITH_FLIGHTS;
	struct bench_case *made = add("locked/zipf-10000", decide_locked, OPS);
	static struct swap swap;

	if (made) {
		struct bench *bench = made->arg = make_bench(TOPICS, true, all, NW_VERDICT_ALLOW);

		bench->naive = calloc((size_t)4 * (TOPICS + SENDERS), sizeof(*bench->naive));
		pthread_mutex_init(&bench->lock, NULL);
		if (!bench->naive)
			fail("no memory");
	}
	made = add("tick/1000-senders", tick, 256);
	if (made)
		made->arg = make_bench(16, false, all, NW_VERDICT_ALLOW);
	made = add("swap", swap_rules, 64);
	if (made) {
		made->arg = &swap;
		if (nw_rcu_create(&swap.rcu, NW_NODE_ANY,
				  &(struct nw_rcu_options){ .flavour = NW_RCU_GENERAL }) < 0 ||
		    nw_rcu_register(&swap.writer, swap.rcu, "writer") < 0)
			fail("no memory");
	}
	made = add("first-batch/10000", first_batch, (uint64_t)8 * BATCH);
	if (made)
		made->arg = make_bench(TOPICS, true, all, NW_VERDICT_ALLOW);
}

static void add_all(void)
{
	unsigned all = WITH_TOPIC | WITH_SENDER | WITH_FLIGHTS;

	add_decide("topic/uniform-16", 16, false, WITH_TOPIC, NW_VERDICT_ALLOW);
	add_decide("sender/uniform-16", 16, false, WITH_SENDER | WITH_FLIGHTS, NW_VERDICT_ALLOW);
	add_decide("both/uniform-16", 16, false, all, NW_VERDICT_ALLOW);
	add_decide("both/uniform-10000", TOPICS, false, all, NW_VERDICT_ALLOW);
	add_decide("both/zipf-10000", TOPICS, true, all, NW_VERDICT_ALLOW);
	add_decide("both/zipf-10000/release", TOPICS, true, all, NW_VERDICT_ALLOW);
	add_decide("denied/zipf-10000", TOPICS, true, WITH_DENIED, NW_VERDICT_TOPIC_DENIED);
	add_decide("unknown/zipf-10000", TOPICS, true, all, NW_VERDICT_TOPIC_UNKNOWN);
	add_decide("one-by-one/zipf-10000", TOPICS, true, all, NW_VERDICT_ALLOW);
	add_others();
}

static void run_all(void)
{
	uint32_t rounds = nw_bench_repeat();

	for (uint32_t round = 0; round <= rounds; round++) {
		for (uint32_t i = 0; i < case_count; i++) {
			uint64_t n = cases[i].op_count * nw_bench_scale();
			double spent = cases[i].run(n, cases[i].arg);

			if (spent < 0)
				fail(cases[i].name);
			if (round > 0) /* the first warms up */
				cases[i].values[round - 1] = spent / (double)n;
		}
	}
	for (uint32_t i = 0; i < case_count; i++)
		(void)nw_bench_row(cases[i].name, "ns/op", cases[i].values, rounds);
}

/* -- simulation --------------------------------------------------------------------------- */

static void simulate_one(enum sim_method method, enum sim_load load, uint32_t shards,
			 struct nw_limit limit)
{
	struct sim_config config = { .method = method,
				     .load = load,
				     .shard_count = shards,
				     .limits = { limit },
				     .limit_count = 1,
				     .duration_ns = 400000000,
				     .step_ns = 20000,
				     .tick_ns = 1000000,
				     .delay_ns_max = 2000,
				     .seed = 1 };
	struct sim_result result;
	char name[96];
	double over, used, refused;

	(void)sim_run(&config, &result);
	over = result.overshoot / (double)limit.burst * 100;
	used = result.used * 100;
	refused = result.offered ? (double)result.refused / (double)result.offered * 100 : 0;
	(void)snprintf(name, sizeof(name), "%s/%s/%" PRIu32 "/b%" PRIu64 "-r%" PRIu64,
		       sim_method_name(method), sim_load_name(load), shards, limit.burst,
		       limit.rate_per_s);
	(void)nw_bench_row(name, "%burst-over", &over, 1);
	if (load == SIM_TRICKLE)
		(void)nw_bench_row(name, "%refused", &refused, 1);
	else if (load != SIM_BURSTS)
		(void)nw_bench_row(name, "%used", &used, 1);
}

static void simulate(void)
{
	static const struct nw_limit limits[] = { { 10000, 1000000 }, { 16, 1000 } };

	printf("# simulated shards: real code (credits) and models, virtual time, one seed\n");
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		for (enum sim_load load = SIM_FLOOD; load < SIM_LOAD_COUNT; load++) {
			for (enum sim_method method = SIM_CREDITS; method < SIM_METHOD_COUNT;
			     method++)
				simulate_one(method, load, 16, limits[i]);
		}
	}
}

static int replay(const char *text)
{
	struct sim_config config;
	struct sim_result result;
	bool is_good;

	sim_config_random(strtoull(text, NULL, 10), &config);
	is_good = sim_run(&config, &result);
	printf("# %" PRIu32 " shards, %s, tick %" PRIu64 " ns, step %" PRIu64 " ns, delay %" PRIu64
	       " ns, %" PRIu32 " lost and %" PRIu32 " stalls of 1000, skew %" PRIu64
	       " ns, jump %" PRIu64 " ns, reload %" PRIu64 " ns, death %" PRIu64 " ns, %" PRIu32
	       " in flight%s%s\n",
	       config.shard_count, sim_load_name(config.load), config.tick_ns, config.step_ns,
	       config.delay_ns_max, config.lost_per_1000, config.stall_per_1000, config.skew_ns,
	       config.jump_ns, config.reload_ns, config.death_ns, config.in_flight_max,
	       config.is_global ? ", limit of all" : "", config.no_waiting ? ", no waiting" : "");
	for (uint32_t i = 0; i < config.limit_count; i++)
		printf("# burst %" PRIu64 ", rate %" PRIu64 "\n", config.limits[i].burst,
		       config.limits[i].rate_per_s);
	printf("# offered %" PRIu64 ", admitted %" PRIu64 ", refused %" PRIu64 ", messages %" PRIu64
	       "\n# %s\n",
	       result.offered, result.admitted, result.refused, result.messages,
	       is_good ? "every interval is within the limits" : result.text);
	return is_good ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct nw_topo *topo;
	struct nw_diag diag;

	if (argc > 2 && strcmp(argv[1], "replay") == 0)
		return replay(argv[2]);
	if (nw_topo_open(&topo, NULL, &diag) < 0)
		fail(diag.text);
	nw_bench_preamble("govern", topo);
	nw_topo_close(topo);
	wanted = argc > 1 ? argv[1] : NULL;
	if (wanted && strcmp(wanted, "sim") == 0)
		return simulate(), 0;
	add_all();
	if (case_count == 0)
		fail("no case has that in its name");
	run_all();
	return 0;
}
