/* SPDX-License-Identifier: MIT */
/*
 * What one might do instead, as models: all shards step in turn, messages arrive at once, and
 * nobody stalls. So what they overshoot here, they overshoot at best.
 *
 *   merge-later   each shard has the bucket as it was at the tick, and admits from it; at the tick
 *                 what all admitted is taken from it. (N - 1) bursts too many, if all are busy.
 *   push-equal    at each tick each shard gets a Nth of what was earned, and keeps at most a Nth of
 *                 the burst. Never too many; a shard that alone is busy gets a Nth of the rate, and
 *                 parts of less than a token are lost (Envoy's local cluster limit).
 *   push-demand   the same, by what each was asked for in the last tick. It comes a tick late.
 *   pull-no-room  slices are pulled from the home, whose refill fills the room that it finds. What
 *                 the rate earned while the bucket was full is given too, if only for one tick.
 */
#include "bench/govern_sim/sim.h"

#include <stdio.h>
#include <stdlib.h>

#define NANO UINT64_C(1000000000)

struct rival {
	const struct sim_config *config;
	struct nw_limit limit;
	uint64_t level, last_ns;           /* nano-tokens: of the bucket, of the home's pool */
	uint64_t debt;                     /* merge-later: admitted beyond the bucket */
	uint64_t local[SIM_SHARDS_MAX];    /* nano-tokens */
	uint64_t admitted[SIM_SHARDS_MAX]; /* since the tick */
	uint64_t demand[SIM_SHARDS_MAX];   /* in the tick */
	bool is_dry[SIM_SHARDS_MAX];
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t cap_of(const struct rival *rival)
{
	return rival->limit.burst * NANO;
}

/* What was earned since last time, in all. */
static uint64_t earn(struct rival *rival, uint64_t now_ns)
{
	uint64_t earned = (now_ns - rival->last_ns) * rival->limit.rate_per_s;

	rival->last_ns = now_ns;
	return earned;
}

static uint64_t out_of(const struct rival *rival)
{
	uint64_t out = 0;

	for (uint32_t i = 0; i < rival->config->shard_count; i++)
		out += rival->local[i];
	return out;
}

static void merge(struct rival *rival, uint64_t now_ns)
{
	uint32_t n = rival->config->shard_count;
	uint64_t spent = 0;

	for (uint32_t i = 0; i < n; i++)
		spent += rival->admitted[i] * NANO, rival->admitted[i] = 0;
	/* What was too much is paid back before anything is admitted again. */
	spent += rival->debt;
	rival->level += earn(rival, now_ns);
	rival->debt = spent > rival->level ? spent - rival->level : 0;
	rival->level = spent < rival->level ? rival->level - spent : 0;
	rival->level = least(rival->level, cap_of(rival));
	for (uint32_t i = 0; i < n; i++)
		rival->local[i] = rival->level;
}

static void push(struct rival *rival, uint64_t now_ns, bool by_demand)
{
	uint32_t n = rival->config->shard_count;
	uint64_t earned = earn(rival, now_ns), all = 0, most = cap_of(rival) / n;

	for (uint32_t i = 0; i < n; i++)
		all += rival->demand[i];
	for (uint32_t i = 0; i < n; i++) {
		uint64_t part = earned / n;

		if (by_demand && all > 0)
			part = (uint64_t)((double)earned * (double)rival->demand[i] / (double)all);
		rival->local[i] = least(rival->local[i] + part, by_demand ? cap_of(rival) : most);
		rival->demand[i] = 0;
	}
	/* Together they hold no more than the burst. */
	all = out_of(rival);
	for (uint32_t i = 0; all > cap_of(rival) && i < n; i++)
		rival->local[i] = (uint64_t)((double)rival->local[i] * (double)cap_of(rival) /
					     (double)all);
}

static void refill(struct rival *rival, uint64_t now_ns)
{
	uint64_t out = out_of(rival), room = out < cap_of(rival) ? cap_of(rival) - out : 0;

	rival->level = least(rival->level + earn(rival, now_ns), room);
	for (uint32_t i = 0; i < rival->config->shard_count; i++)
		rival->is_dry[i] = false;
}

static void pull(struct rival *rival, uint32_t i)
{
	uint64_t slice = rival->limit.burst / (4 * (uint64_t)rival->config->shard_count);
	uint64_t n = least(slice < 1 ? 1 : slice, rival->level / NANO) * NANO;

	if (rival->is_dry[i])
		return;
	rival->is_dry[i] = n == 0;
	rival->level -= n;
	rival->local[i] += n;
}

static void tick(struct rival *rival, uint64_t now_ns)
{
	if (rival->config->method == SIM_MERGE_LATER)
		merge(rival, now_ns);
	else if (rival->config->method == SIM_PULL_NO_ROOM)
		refill(rival, now_ns);
	else
		push(rival, now_ns, rival->config->method == SIM_PUSH_DEMAND);
}

static uint64_t admit(struct rival *rival, uint32_t i, uint64_t offered)
{
	uint64_t n = 0;

	rival->demand[i] += offered;
	while (n < offered) {
		if (rival->local[i] < NANO && rival->config->method == SIM_PULL_NO_ROOM)
			pull(rival, i);
		if (rival->local[i] < NANO)
			break;
		rival->local[i] -= NANO;
		n++;
	}
	rival->admitted[i] += n;
	return n;
}

static void begin(struct rival *rival, const struct sim_config *config)
{
	uint32_t n = config->shard_count;

	*rival = (struct rival){ .config = config, .limit = config->limits[0] };
	rival->level = cap_of(rival);
	for (uint32_t i = 0; i < n; i++) {
		if (config->method == SIM_MERGE_LATER)
			rival->local[i] = rival->level;
		else if (config->method != SIM_PULL_NO_ROOM)
			rival->local[i] = rival->level / n;
	}
}

static void judge(const struct sim_config *config, struct sim_log *log, struct sim_result *result)
{
	const struct nw_limit *limit = &config->limits[0];
	sim_wide over = sim_overshoot(log, limit, 0, UINT64_MAX, &result->interval_ns);

	result->overshoot = (double)over / 1e9;
	result->used = (double)result->admitted /
		       ((double)limit->burst +
			(double)limit->rate_per_s * (double)config->duration_ns / 1e9);
	if (over > 0)
		(void)snprintf(result->text, sizeof(result->text),
			       "%s: %.1f too many in an interval of %.3f ms",
			       sim_method_name(config->method), result->overshoot,
			       (double)result->interval_ns / 1e6);
}

void sim_run_rival(const struct sim_config *config, struct sim_result *ret_result)
{
	struct sim_source source = { .config = config };
	struct sim_log log = { 0 };
	struct rival rival;
	uint64_t next_tick_ns = config->tick_ns;

	nwi_prng_init(&source.prng, config->seed);
	begin(&rival, config);
	for (uint64_t now_ns = config->step_ns; now_ns < config->duration_ns;
	     now_ns += config->step_ns) {
		if (now_ns >= next_tick_ns) {
			tick(&rival, now_ns);
			next_tick_ns += config->tick_ns;
		}
		for (uint32_t i = 0; i < config->shard_count; i++) {
			uint64_t offered = sim_offer(&source, i, now_ns - config->step_ns, now_ns);
			uint64_t n = admit(&rival, i, offered);

			ret_result->offered += offered;
			ret_result->admitted += n;
			ret_result->refused += offered - n;
			if (n > 0)
				sim_log_add(&log, (struct sim_record){ now_ns, now_ns, n });
		}
	}
	judge(config, &log, ret_result);
	free(log.records);
}
