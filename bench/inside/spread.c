/* SPDX-License-Identifier: MIT */
/*
 * What more cores bring.
 *
 *   scale/N/MIX        N cores, each a shard and a feeder: a core's nanoseconds a packet
 *   efficiency/N/MIX   rate of N cores by N times the rate of one, of the same round
 *
 * MIX: own, each core feeds itself; uniform, each feeds all shards, 1000 topics of each as often;
 * zipf, the k-th topic 1/k as often as the first. By Zipf's law one shard has more to do than the
 * others and nobody helps it, since a topic belongs to one: `ceiling` is 1/(N * its share).
 * Invariant: one core and N take turns, round by round.
 */
#include "bench/inside/rig.h"

#include "bench/nw_bench.h"

static const char *const mix_names[] = { "own", "uniform", "zipf" };

/* The largest share of packets that one shard gets. */
static double largest_share(enum mix mix, uint32_t n)
{
	double sums[SHARDS_MAX] = { 0 }, all = 0, most = 0;

	for (uint32_t k = 0; k < TOPICS * n; k++) {
		double weight = mix == ZIPF ? 1.0 / (k + 1) : 1;

		sums[k % n] += weight;
		all += weight;
	}
	for (uint32_t i = 0; i < n; i++)
		most = sums[i] > most ? sums[i] : most;
	return most / all;
}

static double measure_once(struct rig *rig, enum mix mix, uint32_t n)
{
	double value;

	rig_clear(rig, n);
	rig->mix = mix;
	for (uint32_t i = 0; i < n; i++)
		rig->feeders[i].target = i;
	rig_open(rig, LIMITS);
	rig_wait_ms(50); /* warm */
	value = rig_measure(rig, n);
	rig_close(rig);
	return value;
}

static void run_mix(struct rig *rig, enum mix mix, uint32_t n, const char *name)
{
	double values[NW_BENCH_REPEAT_MAX] = { 0 }, ratios[NW_BENCH_REPEAT_MAX] = { 0 };
	uint32_t repeat = nw_bench_repeat();
	char row[64];

	for (uint32_t i = 0; i < repeat; i++) {
		double alone = measure_once(rig, mix, 1);

		values[i] = measure_once(rig, mix, n);
		ratios[i] = alone / values[i];
	}
	(void)nw_bench_row(name, "ns/packet", values, repeat);
	(void)snprintf(row, sizeof(row), "efficiency/%" PRIu32 "/%s", n, mix_names[mix]);
	printf("# %s: %.2f; ceiling %.2f\n", row, nw_bench_row(row, "ratio", ratios, repeat),
	       1 / (n * largest_share(mix, n)));
}

void spread_run(struct rig *rig, uint32_t cores, bool (*is_wanted)(const char *name))
{
	char name[96];

	for (uint32_t n = 2; n <= cores && n <= SHARDS_MAX; n *= 2)
		for (int mix = OWN; mix <= ZIPF; mix++) {
			(void)snprintf(name, sizeof(name), "scale/%" PRIu32 "/%s", n,
				       mix_names[mix]);
			if (is_wanted(name) || is_wanted("efficiency"))
				run_mix(rig, (enum mix)mix, n, name);
		}
}
