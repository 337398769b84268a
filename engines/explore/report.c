/* SPDX-License-Identifier: MIT */
/*
 * What a search has done so far, from counters that its workers never stop for.
 * Invariant: nothing here writes what a worker reads.
 */
#include "explore.h"

#include <string.h>
#include <time.h>

static uint64_t read_count(const _Atomic uint64_t *count)
{
	/* relaxed: statistic. */
	return atomic_load_explicit(count, memory_order_relaxed);
}

static struct nw_explore_counts counts_of(const struct nwi_worker *worker)
{
	const struct nwi_tally *t = &worker->tally;
	struct nw_explore_counts c = {
		.generated = read_count(&t->generated),
		.distinct = read_count(&t->distinct),
		.checks = read_count(&t->checks),
		.local_checks = read_count(&t->local_checks),
		.expanded = read_count(&t->expanded),
		.shared = read_count(&t->shared),
		.batches_sent = read_count(&t->batches_sent),
	};

	return c;
}

static void add(struct nw_explore_counts *sum, const struct nw_explore_counts *c)
{
	sum->generated += c->generated;
	sum->distinct += c->distinct;
	sum->checks += c->checks;
	sum->local_checks += c->local_checks;
	sum->expanded += c->expanded;
	sum->shared += c->shared;
	sum->batches_sent += c->batches_sent;
}

void nw_explore_worker_counts(const struct nw_explore *explore, uint32_t worker_idx,
			      struct nw_explore_counts *ret_counts, uint32_t *ret_node_idx,
			      nw_cpu *ret_cpu)
{
	const struct nwi_worker *worker = explore->workers[worker_idx];

	*ret_counts = counts_of(worker);
	*ret_node_idx = worker->node_idx;
	*ret_cpu = worker->self->cpu;
}

static double seconds_of(const struct nw_explore *explore)
{
	uint64_t start = atomic_load(&explore->started_ns), end = atomic_load(&explore->ended_ns);
	struct timespec t;

	if (start == 0)
		return explore->seconds_before;
	if (end == 0) {
		clock_gettime(CLOCK_MONOTONIC, &t);
		end = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	}
	return explore->seconds_before + (double)(end - start) / 1e9;
}

static void add_sets(const struct nw_explore *explore, struct nw_explore_report *r)
{
	bool has_ended = atomic_load(&explore->ended_ns) != 0;

	for (uint32_t s = 0; s < explore->shard_count; s++) {
		const struct nwi_shard *shard = &explore->shards[s];
		struct nw_fpset_stats stats = { 0 };

		if (!shard->exact)
			nw_fpset_stats(shard->set, &stats);
		else if (has_ended) /* until then they are the owner's alone */
			nwi_exact_stats(shard->exact, &stats);
		r->slot_count += stats.slot_count;
		r->set_bytes += stats.n_bytes;
		if (stats.unbound_count > 0 && r->unbound_count++ == 0)
			r->unbound_reason = stats.unbound_reason;
	}
}

static uint32_t count_unpinned(const struct nw_explore *explore)
{
	uint32_t n = 0;

	for (uint32_t w = 0; w < explore->worker_count; w++)
		n += !explore->options.no_pin && !nw_crew_worker_at(explore->crew, w)->is_pinned;
	return n;
}

static void estimate_collisions(struct nw_explore_report *r)
{
	double n = (double)r->total.distinct, again = (double)r->total.generated - n;

	if (r->is_exact)
		return;
	r->collision_expected = n * n / 0x1p65;
	r->collision_actual = n * (again > 0 ? again : 0) / 0x1p64;
}

static void add_checkpoints(const struct nw_explore *explore, struct nw_explore_report *r)
{
	r->checkpoint_count = read_count(&explore->checkpoint_count);
	r->checkpoint_distinct = read_count(&explore->checkpoint_distinct);
	r->checkpoint_bytes = read_count(&explore->checkpoint_bytes);
	r->checkpoint_seconds = (double)read_count(&explore->checkpoint_ns) / 1e9;
	r->checkpoint_error = atomic_load(&explore->checkpoint_error);
	r->is_suspended = atomic_load(&explore->is_suspended);
}

void nw_explore_report(const struct nw_explore *explore, struct nw_explore_report *ret_report)
{
	struct nw_explore_report r = { .worker_count = explore->worker_count,
				       .node_count = explore->node_count,
				       .is_exact = explore->options.exact };
	/* [report.end] acquire, pairs with [end.told]: the fault's fields. */
	int end = atomic_load_explicit(&explore->end, memory_order_acquire);

	r.total = explore->before;
	r.recovered_count = explore->before.distinct;
	for (uint32_t w = 0; w < explore->worker_count; w++) {
		struct nw_explore_counts c = counts_of(explore->workers[w]);

		add(&r.total, &c);
		r.violation_count += read_count(&explore->workers[w]->tally.violations);
	}
	r.total.queue = r.total.distinct > r.total.expanded ? r.total.distinct - r.total.expanded
							    : 0;
	if (end >= 0 && explore->fault.is_kept && r.total.queue > 0)
		r.total.queue--;
	r.end = end < 0 ? NW_EXPLORE_STOPPED : (enum nw_explore_end)end;
	/* relaxed: statistic. */
	r.depth = atomic_load_explicit(&explore->depth, memory_order_relaxed);
	r.seconds = seconds_of(explore);
	r.memory_bytes = read_count(&explore->budget.used_bytes);
	r.memory_bytes_peak = read_count(&explore->budget.peak_bytes);
	r.bytes_per_state = r.total.distinct
				    ? (double)r.memory_bytes_peak / (double)r.total.distinct
				    : 0;
	r.is_simulated = nw_topo_kind(explore->options.topo) == NW_TOPO_SIMULATED;
	add_sets(explore, &r);
	r.unpinned_count = count_unpinned(explore);
	estimate_collisions(&r);
	add_checkpoints(explore, &r);
	if (end >= 0) {
		r.invariant = explore->fault.name;
		memcpy(r.fault_text, explore->fault_text, sizeof(r.fault_text));
	}
	*ret_report = r;
}

uint32_t nw_explore_levels(const struct nw_explore *explore, uint64_t *ret_levels,
			   uint32_t level_count_max)
{
	/* [report.depth] acquire, pairs with [level.depth]: the array up to there; it only grows,
	 * and in place. */
	uint32_t n = atomic_load_explicit(&explore->depth, memory_order_acquire);

	for (uint32_t i = 0; i < n && i < level_count_max; i++)
		ret_levels[i] = ((const uint64_t *)explore->levels.items)[i];
	return n;
}

bool nw_explore_region_at(const struct nw_explore *explore, size_t region_idx,
			  struct nw_explore_region *ret_region)
{
	for (uint32_t s = 0; s < explore->shard_count; s++) {
		const struct nwi_shard *shard = &explore->shards[s];
		struct nw_mem mem;

		for (uint32_t i = 0; shard->exact ? i == 0 && nwi_exact_region(shard->exact, &mem)
						  : nw_fpset_region_at(shard->set, i, &mem);
		     i++) {
			if (region_idx-- > 0)
				continue;
			*ret_region = (struct nw_explore_region){ mem.base, mem.n_bytes,
								  shard->node_idx,
								  shard->memory_node };
			return true;
		}
	}
	return false;
}

const char *nw_explore_route_name(enum nw_explore_route route)
{
	static const char *const names[] = { "batch", "fp-first", "anywhere", "push" };

	return (unsigned)route < sizeof(names) / sizeof(names[0]) ? names[route] : "?";
}
