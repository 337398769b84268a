/* SPDX-License-Identifier: MIT */
/* Small calls of the relay: rules, places and memory of shards, levels, a step. Invariant: what is
 * replaced is given to RCU under the lock, and released by a later control call. */
#include "shard.h"

#include <nw/rules.h>

void nw_relay_rules_set(struct nw_relay *relay, struct nw_rules *rules)
{
	struct nw_rules *old;

	pthread_mutex_lock(&relay->lock);
	old = nw_rcu_exchange_pointer(&relay->rules, rules);
	nw_rules_retire(relay->control, old);
	nwi_guests_reap(relay);
	(void)nw_rcu_run(relay->control); /* what is left waits for the next call */
	pthread_mutex_unlock(&relay->lock);
}

uint64_t nw_relay_rules_version(struct nw_relay *relay)
{
	const struct nw_rules *rules;
	uint64_t version = 0;

	/* Under the lock nobody retires a set. */
	pthread_mutex_lock(&relay->lock);
	rules = nw_rcu_dereference(&relay->rules);
	if (rules)
		version = nw_rules_version(rules);
	pthread_mutex_unlock(&relay->lock);
	return version;
}

void nw_relay_tend(struct nw_relay *relay)
{
	pthread_mutex_lock(&relay->lock);
	nwi_guests_reap(relay);
	(void)nw_rcu_run(relay->control); /* how many does not matter */
	pthread_mutex_unlock(&relay->lock);
}

uint32_t nw_relay_shard_count(const struct nw_relay *relay)
{
	return relay->shard_count;
}

enum nw_relay_level nw_relay_level_of(const struct nw_relay *relay, uint32_t shard_idx)
{
	/* relaxed: a hint. */
	return atomic_load_explicit(&relay->board->faces[shard_idx].level, memory_order_relaxed);
}

uint32_t nw_relay_step(struct nw_relay *relay, uint32_t shard_idx)
{
	assert(relay->options.stepped && shard_idx < relay->shard_count);
	return nwi_shard_step(relay->shards[shard_idx]);
}

void nw_relay_complete(struct nw_relay *relay, uint32_t shard_idx, uint32_t sender, uint32_t count)
{
	assert(relay->options.completes);
	nw_govern_release(relay->shards[shard_idx]->govern, sender, count);
}

/* ---- where a shard is ---- */

enum { REGIONS = 4 };

static const struct nw_mem *region_of(const struct nwi_shard *shard, uint32_t i,
				      const char **ret_what)
{
	static const char *const what[REGIONS] = { "shard", "ring", "rules' state", "arena" };

	*ret_what = what[i];
	switch (i) {
	case 0:
		return nw_arena_mem(shard->arena);
	case 1:
		return nw_mpsc_memory(shard->ring);
	case 2:
		return nw_govern_memory(shard->govern);
	default:
		return &shard->store->shm.mem;
	}
}

static uint32_t regions_of(const struct nw_relay *relay)
{
	return relay->options.arena_bytes > 0 ? REGIONS : REGIONS - 1;
}

bool nw_relay_region_at(const struct nw_relay *relay, size_t region_idx,
			struct nw_relay_region *ret_region)
{
	uint32_t regions = regions_of(relay);

	if (region_idx >= (size_t)relay->shard_count * regions)
		return false;
	ret_region->shard_idx = (uint32_t)(region_idx / regions);
	ret_region->mem = region_of(relay->shards[ret_region->shard_idx],
				    (uint32_t)(region_idx % regions), &ret_region->what);
	return true;
}

void nw_relay_place(const struct nw_relay *relay, uint32_t shard_idx,
		    struct nw_relay_place *ret_place)
{
	const struct nwi_shard *shard = relay->shards[shard_idx];
	struct nw_relay_place place = { .node = shard->node,
					.bell_fd = shard->gate.hear_fd,
					.ring_fd = shard->gate.ring_fd };

	if (relay->crew) {
		const struct nw_crew_worker *worker = nw_crew_worker_at(relay->crew, shard_idx);

		place.node_idx = worker->node_idx;
		place.cpu = worker->cpu;
		place.is_pinned = worker->is_pinned;
		place.pin_reason = worker->pin_reason;
	}
	for (uint32_t i = 0; i < regions_of(relay); i++) {
		const char *what;
		const struct nw_mem *mem = region_of(shard, i, &what);

		place.memory_bytes += mem->n_bytes;
		if (mem->level > place.level) {
			place.level = mem->level;
			place.reason = mem->reason;
		}
	}
	*ret_place = place;
}
