/* SPDX-License-Identifier: MIT */
/*
 * The adaptive threshold, and whether a migration is worth its cost.
 *
 * Invariant: no division but by a count of workers that is not 0; every product fits 128 bits, as
 * the header works out; the threshold stays within its bounds.
 */
#include "sched/policy.h"

#include <assert.h>

enum { PS_PER_NS = 1000 };

void nwi_threshold_init(struct nwi_threshold *ret_threshold, uint32_t min, uint32_t first,
			uint32_t max, uint32_t window)
{
	assert(1 <= min && min <= first && first <= max && window >= 1);
	*ret_threshold = (struct nwi_threshold){
		.value = first,
		.min = min,
		.max = max,
		.window = window,
	};
}

/* -1: most tries succeeded, +1: few did, 0: neither. */
static int8_t lean_of(uint64_t tries, uint64_t successes)
{
	if (successes * 4 > tries * 3)
		return -1;
	return successes * 4 < tries ? 1 : 0;
}

static uint32_t raise(const struct nwi_threshold *threshold)
{
	return threshold->value > threshold->max / 2 ? threshold->max : threshold->value * 2;
}

static uint32_t lower(const struct nwi_threshold *threshold)
{
	uint32_t half = threshold->value / 2;

	return half < threshold->min ? threshold->min : half;
}

bool nwi_threshold_step(struct nwi_threshold *threshold, uint32_t tries, uint32_t successes)
{
	/* Modulo 2^32: right across a wrap. */
	uint32_t tried = tries - threshold->tries_seen;
	uint32_t succeeded = successes - threshold->successes_seen;
	uint32_t before = threshold->value;
	int8_t lean;

	if (tried < threshold->window)
		return false;
	lean = lean_of(tried, succeeded);
	if (lean != 0 && lean == threshold->lean)
		threshold->value = lean > 0 ? raise(threshold) : lower(threshold);
	threshold->lean = lean;
	threshold->tries_seen = tries;
	threshold->successes_seen = successes;
	return threshold->value != before;
}

bool nwi_migration_is_judged(bool names_node, uint64_t bytes)
{
	return names_node || bytes >= NWI_MIGRATION_BYTES_MIN;
}

enum nwi_verdict nwi_migration_judge(const struct nwi_migration *migration, uint32_t threshold)
{
	uint64_t from = migration->queue_from, to = migration->queue_to;
	uint64_t byte_ps = (uint64_t)migration->distance * migration->price_ps;
	nwi_u128 cost, benefit;

	if (from <= to || from - to <= threshold)
		return NWI_REFUSED_DIFFERENCE;
	cost = (nwi_u128)migration->bytes * byte_ps;
	benefit = (nwi_u128)migration->wait_saved_ns * PS_PER_NS * migration->priority;
	return cost < benefit ? NWI_MIGRATE : NWI_REFUSED_COST;
}

uint64_t nwi_migration_wait_saved_ns(uint64_t queue_from, uint32_t workers_from, uint64_t queue_to,
				     uint32_t workers_to, uint64_t task_ns)
{
	nwi_u128 here, there, saved;
	uint64_t workers = (uint64_t)workers_from * workers_to;

	if (workers_to == 0)
		return 0;
	if (workers_from == 0)
		return UINT64_MAX;
	here = (nwi_u128)queue_from * workers_to;
	there = (nwi_u128)queue_to * workers_from;
	if (here <= there)
		return 0;
	/* (here - there) * task_ns / workers; in two parts, since the product may need 160 bits. */
	saved = (here - there) / workers;
	if (saved > UINT64_MAX)
		return UINT64_MAX;
	saved *= task_ns;
	saved += (here - there) % workers * task_ns / workers;
	return saved > UINT64_MAX ? UINT64_MAX : (uint64_t)saved;
}
