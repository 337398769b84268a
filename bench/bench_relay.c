/* SPDX-License-Identifier: MIT */
/*
 * The relay: what a governed packet costs, how long it takes, and whether one drowned shard is felt
 * by another, inside one process; what packets go through between threads, beside what others have
 * for it; and `nodewise relay` as a process, beside other servers.
 *
 *   bench_relay [TEXT]   only the cases with TEXT in their name
 *
 *   core/RULES    one core does all: it submits 256 packets to its own shard, applies
 *                 rules, delivers; core/RULES/rules is what the rules are of that, as the
 *                 relay's own samples have it
 *   core/locked   the same by what one would write first: a queue and a table of token
 *                 buckets behind a mutex, packet by packet, the clock read for each
 *   scale/N/..., efficiency/N/...  see inside/spread.c
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
 *   spsc/..., mpsc/...    see packet/run.c
 *   wire/..., wire-age/...  see wire/measure.c
 *
 * Producers are workers' poll hooks, so that there is never more than one thread a core.
 * RULES: open (all allowed), limits (a bucket each topic and each sender), flights (and
 * packets in flight counted). Topics are 1000 a shard. Rounds of the last three take
 * turns. Units: ns a packet, or ns.
 * Invariant: what was delivered is counted by the relay, and nothing else counts.
 */
#include "inside/rig.h"
#include "nw_bench.h"
#include "packet/packet.h"
#include "wire/wire.h"

enum { CPUS_MAX = 4 };

static const char *const rules_names[] = { "open", "limits", "flights" };
static const char *const load_names[LOADS] = { "alone", "beside", "drowned" };

/* ---- cases ---- */

static void measure_rate(struct rig *rig, const char *name)
{
	double values[NW_BENCH_REPEAT_MAX] = { 0 }, govern[NW_BENCH_REPEAT_MAX] = { 0 };
	uint32_t n = nw_bench_repeat();
	char row[64];

	rig_wait_ms(200); /* warm */
	for (uint32_t i = 0; i < n; i++) {
		values[i] = rig_measure(rig, 1);
		govern[i] = rig_govern_ns(rig);
	}
	(void)snprintf(row, sizeof(row), "%s/rules", name);
	(void)nw_bench_row(row, "ns/packet", govern, n);
	printf("# %s: %.1f million packets a second and core\n", name,
	       1000 / nw_bench_row(name, "ns/packet", values, n));
}

static void run_core(struct rig *rig, const char *name, enum rules rules)
{
	rig_clear(rig, 1);
	rig->feeders[0].target = 0;
	rig_open(rig, rules);
	measure_rate(rig, name);
	rig_close(rig);
}

static void run_pair(struct rig *rig, const char *name, enum rules rules)
{
	rig_clear(rig, 2);
	rig->feeders[0].target = 1;
	rig_open(rig, rules);
	measure_rate(rig, name);
	rig_close(rig);
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
	rig_wait_ms((long)(UINT64_C(2) * PIECE_MS * nw_bench_scale()));
	n = atomic_load(&rig->sample_count);
	atomic_store(&rig->sample_count, SAMPLES_MAX); /* hold still */
	rig_wait_ms(1);
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

	rig_clear(rig, 2);
	rig->feeders[0].target = rig->sampled = 1;
	rig->feeders[0].period_ns = period_ns;
	rig_open(rig, LIMITS);
	rig_wait_ms(200);
	for (uint32_t i = 0; i < n; i++) {
		double got[QUANTILES];

		sample(rig, got);
		for (int q = 0; q < QUANTILES; q++)
			values[q][i] = got[q];
	}
	print_quantiles(name, values, n);
	rig_close(rig);
}

/* A round of each load; the p99 while drowned by the others'. */
static void sample_loads(struct rig *rig, double ret_got[LOADS][QUANTILES])
{
	for (uint32_t load = 0; load < LOADS; load++) {
		atomic_store(&rig->load, load);
		rig_wait_ms(20);
		sample(rig, ret_got[load]);
	}
}

static void run_drowned(struct rig *rig)
{
	static double values[LOADS][QUANTILES][NW_BENCH_REPEAT_MAX];
	static double by_alone[NW_BENCH_REPEAT_MAX], by_beside[NW_BENCH_REPEAT_MAX];
	uint32_t n = nw_bench_repeat();

	rig_clear(rig, 2);
	rig->feeders[0].target = 0;
	rig->feeders[1].target = rig->sampled = 1;
	rig->feeders[1].period_ns = 20000;
	rig_open(rig, LIMITS);
	rig_wait_ms(200);
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
	rig_close(rig);
}

/* ---- all of them ---- */

/* NULL-terminated; empty: all cases. */
static char **wanted;
static bool has_any; /* case that is wanted */

static bool is_wanted(const char *name)
{
	bool is_so = !*wanted;

	for (char **w = wanted; *w && !is_so; w++)
		is_so = strstr(name, *w) != NULL;
	has_any |= is_so;
	return is_so;
}

static void run_alone(struct rig *rig, uint32_t cores)
{
	char name[64];

	for (int r = 0; r < 3; r++) {
		(void)snprintf(name, sizeof(name), "core/%s", rules_names[r]);
		if (is_wanted(name))
			run_core(rig, name, (enum rules)r);
	}
	if (is_wanted("core/locked"))
		packet_run_locked();
	spread_run(rig, cores, is_wanted);
}

static void run_between(struct rig *rig)
{
	char name[64];

	for (int r = 0; r < 3; r++) {
		(void)snprintf(name, sizeof(name), "pair/%s", rules_names[r]);
		if (is_wanted(name))
			run_pair(rig, name, (enum rules)r);
	}
	if (is_wanted("latency/100k"))
		run_latency(rig, "latency/100k", 10000);
	if (is_wanted("latency/1M"))
		run_latency(rig, "latency/1M", 1000);
	if (is_wanted("alone, beside, drowned"))
		run_drowned(rig);
}

/* A CPU each of the first cores; how many. */
static uint32_t find_cpus(const struct nw_topo *topo, int ret_cpus[CPUS_MAX])
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < nw_topo_cpu_count(topo) && n < CPUS_MAX; i++)
		if (nw_topo_cpu_at(topo, i)->smt_idx == 0)
			ret_cpus[n++] = (int)nw_topo_cpu_at(topo, i)->cpu.id;
	return n;
}

static bool run_all(struct rig *rig)
{
	int cpus[CPUS_MAX] = { 0 };
	uint32_t cores = find_cpus(rig->topo, cpus);
	bool is_good = packet_run(cores, cpus, is_wanted);

	run_alone(rig, nw_topo_core_count(rig->topo));
	if (cores < 2) {
		printf("# one core: nothing between cores is measured\n");
		return is_good;
	}
	run_between(rig);
	wire_run((uint32_t)cpus[0], (uint32_t)cpus[1], is_wanted);
	return is_good;
}

int main(int argc, char **argv)
{
	static struct rig rig;
	struct nw_diag diag;

	bool is_good;

	(void)argc;
	wanted = argv + 1;
	if (nw_topo_open(&rig.topo, &(struct nw_topo_options){ 0 }, &diag) < 0)
		return fprintf(stderr, "bench_relay: %s\n", diag.text), 1;
	rig.samples = calloc(SAMPLES_MAX, sizeof(*rig.samples));
	rig.feeders = aligned_alloc(NW_CACHE_PAIR, SHARDS_MAX * sizeof(*rig.feeders));
	if (!rig.samples || !rig.feeders)
		return fprintf(stderr, "bench_relay: no memory\n"), 1;
	nw_bench_preamble("relay", rig.topo);
	is_good = run_all(&rig);
	free(rig.samples);
	free(rig.feeders);
	nw_topo_close(rig.topo);
	if (!has_any)
		return fprintf(stderr, "bench_relay: no case has '%s' in its name\n", *wanted), 2;
	return is_good ? 0 : 1;
}
