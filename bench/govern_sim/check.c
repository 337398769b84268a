/* SPDX-License-Identifier: MIT */
/*
 * Looks at every interval there is, in one pass. With A(x) packets admitted up to instant x, an
 * interval from s to e, both included, admits A(e) - A(before s). It is within the limit if
 *
 *     A(e) - rate * e - (A(before s) - rate * s) <= burst      for all s <= e
 *
 * so what has to be kept is the least A(before s) - rate * s so far. All in nano-tokens and 128
 * bits.
 */
#include "bench/govern_sim/sim.h"

#include <stdio.h>
#include <stdlib.h>

#define NANO UINT64_C(1000000000)

void sim_log_add(struct sim_log *log, struct sim_record record)
{
	if (log->count == log->room) {
		log->room = log->room ? log->room * 2 : 1024;
		log->records = realloc(log->records, log->room * sizeof(*log->records));
		if (!log->records)
			abort();
	}
	log->records[log->count++] = record;
}

static int compare(const void *a, const void *b)
{
	const struct sim_record *x = a, *y = b;

	return (x->at_ns > y->at_ns) - (x->at_ns < y->at_ns);
}

sim_wide sim_overshoot(struct sim_log *log, const struct nw_limit *limit, uint64_t from_ns,
		       uint64_t to_ns, uint64_t *ret_interval_ns)
{
	sim_wide admitted = 0, least = 0, worst = 0, burst = (sim_wide)limit->burst * NANO;
	uint64_t least_at = 0;
	bool has_begun = false;

	*ret_interval_ns = 0;
	if (log->count > 0)
		qsort(log->records, log->count, sizeof(*log->records), compare);
	for (size_t i = 0; i < log->count; i++) {
		const struct sim_record *record = &log->records[i];
		sim_wide earned = (sim_wide)limit->rate_per_s * record->at_ns;

		if (record->real_ns < from_ns || record->real_ns > to_ns)
			continue;
		if (!has_begun || admitted - earned < least)
			least = admitted - earned, least_at = record->at_ns, has_begun = true;
		admitted += (sim_wide)record->count * NANO;
		if (admitted - earned - least - burst > worst) {
			worst = admitted - earned - least - burst;
			*ret_interval_ns = record->at_ns - least_at;
		}
	}
	return worst;
}

/* -- loads -------------------------------------------------------------------------------- */

/* A random whole number around n / d. */
static uint64_t divided(struct nwi_prng *prng, uint64_t n, uint64_t d)
{
	return n / d + (nwi_prng_next(prng) % d < n % d);
}

static uint64_t offered_per_s(const struct sim_config *config)
{
	uint64_t most = config->limits[0].rate_per_s * 4;

	if (config->offered_per_s > 0)
		return config->offered_per_s;
	return most < 20000 ? 20000 : most;
}

static bool is_on(struct sim_source *source, uint64_t now_ns)
{
	while (now_ns >= source->until_ns) {
		source->is_on = !source->is_on;
		source->until_ns += 1 + nwi_prng_below(&source->prng, 15000000);
	}
	return source->is_on;
}

uint64_t sim_offer(struct sim_source *source, uint32_t shard_idx, uint64_t last_ns, uint64_t now_ns)
{
	const struct sim_config *config = source->config;
	uint64_t dt = now_ns - last_ns, rate = offered_per_s(config), n = config->shard_count;
	uint64_t trickle = config->limits[0].rate_per_s / 10 * 9;

	switch (config->load) {
	case SIM_FLOOD:
		return divided(&source->prng, rate * dt, NANO * n);
	case SIM_ONE:
		return shard_idx == n / 2 ? divided(&source->prng, rate * dt, NANO) : 0;
	case SIM_MOVING:
		return shard_idx == now_ns / 20000000 % n ? divided(&source->prng, rate * dt, NANO)
							  : 0;
	case SIM_BURSTS:
		return is_on(source, now_ns) ? divided(&source->prng, rate * dt, NANO * n) : 0;
	case SIM_TRICKLE:
		return divided(&source->prng, trickle * dt, NANO * n);
	case SIM_LOAD_COUNT:
		break;
	}
	return 0;
}

/* -- runs --------------------------------------------------------------------------------- */

const char *sim_method_name(enum sim_method method)
{
	static const char *const names[SIM_METHOD_COUNT] = {
		[SIM_CREDITS] = "credits",           [SIM_MERGE_LATER] = "merge-later",
		[SIM_PUSH_EQUAL] = "push-equal",     [SIM_PUSH_DEMAND] = "push-demand",
		[SIM_PULL_NO_ROOM] = "pull-no-room",
	};

	return names[method];
}

const char *sim_load_name(enum sim_load load)
{
	static const char *const names[SIM_LOAD_COUNT] = {
		[SIM_FLOOD] = "flood",   [SIM_ONE] = "one-shard",   [SIM_MOVING] = "moving",
		[SIM_BURSTS] = "bursts", [SIM_TRICKLE] = "trickle",
	};

	return names[load];
}

static uint64_t pick(struct nwi_prng *prng, const uint64_t *from, uint32_t count)
{
	return from[nwi_prng_below(prng, count)];
}

static struct nw_limit random_limit(struct nwi_prng *prng, uint32_t shard_count, uint64_t tick_ns)
{
	static const uint64_t rates[] = { 1, 10, 1000, 100000, 1000000, 10000000 };
	uint64_t rate = pick(prng, rates, 6), n = shard_count;
	uint64_t bursts[] = { 1,     2,    n > 1 ? n - 1 : 1,         n,
			      4 * n, 1000, rate * tick_ns / NANO + 1, rate / 100 + 1 };

	return (struct nw_limit){ .burst = pick(prng, bursts, 8), .rate_per_s = rate };
}

/* Faults come seldom enough that most runs have one or two. */
static uint64_t sometimes(struct nwi_prng *prng, uint64_t value)
{
	return nwi_prng_below(prng, 3) == 0 ? value : 0;
}

void sim_config_random(uint64_t seed, struct sim_config *ret_config)
{
	static const uint64_t shards[] = { 1, 2, 3, 5, 8, 16, 33, 64 };
	static const uint64_t ticks[] = { 100000, 1000000, 10000000 };
	static const uint64_t delays[] = { 1, 5000, 100000, 5000000 };
	struct sim_config config = { .method = SIM_CREDITS, .seed = seed };
	struct nwi_prng prng;

	nwi_prng_init(&prng, seed);
	config.shard_count = (uint32_t)pick(&prng, shards, 8);
	config.load = (enum sim_load)nwi_prng_below(&prng, SIM_LOAD_COUNT);
	config.tick_ns = pick(&prng, ticks, 3);
	config.limit_count = 1 + nwi_prng_below(&prng, SIM_LIMITS_MAX);
	for (uint32_t i = 0; i < config.limit_count; i++)
		config.limits[i] = random_limit(&prng, config.shard_count, config.tick_ns);
	config.is_global = nwi_prng_below(&prng, 4) == 0;
	config.in_flight_max = (uint32_t)sometimes(&prng, 1 + nwi_prng_below(&prng, 100));
	config.duration_ns = 100000000;
	config.step_ns = 5000 + nwi_prng_below(&prng, 20000) * (1 + config.shard_count / 4);
	config.delay_ns_max = pick(&prng, delays, 4);
	config.lost_per_1000 = (uint32_t)sometimes(&prng, 1 + nwi_prng_below(&prng, 200));
	config.stall_per_1000 = (uint32_t)sometimes(&prng, 1 + nwi_prng_below(&prng, 5));
	config.skew_ns = sometimes(&prng, 1 + nwi_prng_below(&prng, 5000000));
	config.jump_ns = sometimes(&prng, 1 + nwi_prng_below(&prng, 1000000000));
	config.reload_ns = sometimes(&prng, 2000000 + nwi_prng_below(&prng, 30000000));
	config.death_ns = config.shard_count > 1
				  ? sometimes(&prng, 1 + nwi_prng_below(&prng, 90000000))
				  : 0;
	config.no_waiting = nwi_prng_below(&prng, 4) == 0;
	*ret_config = config;
}

bool sim_run(const struct sim_config *config, struct sim_result *ret_result)
{
	*ret_result = (struct sim_result){ .text = "" };
	if (config->method == SIM_CREDITS)
		sim_run_credits(config, ret_result);
	else
		sim_run_rival(config, ret_result);
	return ret_result->text[0] == '\0';
}
