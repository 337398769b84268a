/* SPDX-License-Identifier: MIT */
/*
 * Homes: which shard a fingerprint belongs to, who serves it, and the check itself.
 *
 * Fingerprints are dealt in equal shares to homes: one for each worker of a node, and one for a
 * node that lists a worker's CPU without having a worker of its own (pretended nodes that
 * outnumber the cores). Under NW_OWNER_NODE the homes of a node share one shard.
 *
 * Invariant: a shard is one that its home's server checks; under `anywhere` and `push` anyone
 * does, and the set is a shared one. `checks` counts every look-up where it is made, and
 * `local_checks` those whose shard's memory is on a node that lists the worker's CPU.
 */
#include "explore.h"

#include <errno.h>
#include <string.h>

enum { SLOTS_FIRST_ALL = 1 << 20, SLOTS_FIRST_MIN = 1 << 14, SLOTS_LEAST = 1 << 10 };

static bool lists_cpu(const struct nw_topo *topo, uint32_t node_idx, nw_cpu cpu)
{
	uint32_t count;
	const uint32_t *cpus = nw_topo_node_cpus(topo, node_idx, &count);

	for (uint32_t i = 0; i < count; i++)
		if (nw_topo_cpu_at(topo, cpus[i])->cpu.id == cpu.id)
			return true;
	return false;
}

static bool is_used(const struct nw_explore_options *o, uint32_t node_idx)
{
	for (uint32_t i = 0; i < o->node_idx_count; i++)
		if (o->node_idxs[i] == node_idx)
			return true;
	return !o->node_idxs;
}

/* Workers whose own node it is; without any, the one that serves it from a CPU it lists. */
static uint32_t servers_of(const struct nw_explore *explore, uint32_t node_idx)
{
	uint32_t own = 0, server;

	for (uint32_t w = 0; w < explore->worker_count; w++)
		own += nw_crew_worker_at(explore->crew, w)->node_idx == node_idx;
	if (own > 0)
		return own;
	server = nw_crew_server_of(explore->crew, node_idx, 0);
	return lists_cpu(explore->options.topo, node_idx,
			 nw_crew_worker_at(explore->crew, server)->cpu);
}

/* A node without memory keeps its shard in the nearest that has some. */
static nw_node memory_near(const struct nw_topo *topo, uint32_t node_idx)
{
	uint32_t best = node_idx;

	for (uint32_t n = 0; n < nw_topo_node_count(topo); n++) {
		if (nw_topo_node_at(topo, n)->memory_bytes == 0)
			continue;
		if (nw_topo_node_at(topo, best)->memory_bytes == 0 ||
		    nw_topo_distance(topo, node_idx, n) < nw_topo_distance(topo, node_idx, best))
			best = n;
	}
	return nw_topo_node_at(topo, best)->memory_node;
}

static bool reserve(void *budget, int64_t n_bytes)
{
	if (n_bytes > 0)
		return nwi_budget_take(budget, (uint64_t)n_bytes);
	nwi_budget_give(budget, (uint64_t)-n_bytes);
	return true;
}

/* A first capacity of 8 MiB in all spares small searches every split. Of a small limit the sets
 * begin with an eighth, or what rounding up to a power of two makes of it. */
static uint64_t first_slots(const struct nw_explore *explore)
{
	uint64_t slots = SLOTS_FIRST_ALL / explore->worker_count;
	uint64_t afford = explore->budget.bytes_max / 8 / sizeof(uint64_t) / explore->worker_count;

	if (slots < SLOTS_FIRST_MIN)
		slots = SLOTS_FIRST_MIN;
	if (slots > afford)
		slots = afford;
	return slots < SLOTS_LEAST ? SLOTS_LEAST : slots;
}

static int create_shard(struct nw_explore *explore, uint32_t node_idx)
{
	struct nwi_shard *shard = &explore->shards[explore->shard_count];
	const struct nw_explore_options *o = &explore->options;
	struct nw_fpset_options set = {
		.node = memory_near(o->topo, node_idx),
		.party_count = explore->has_shared_shards ? explore->worker_count : 1,
		.slots_min = o->slots_min ? o->slots_min : first_slots(explore),
		.reserve = reserve,
		.arg = &explore->budget,
	};
	int rc;

	shard->node_idx = node_idx;
	shard->memory_node = set.node;
	rc = o->exact ? nwi_exact_create(&shard->exact, explore, set.node)
		      : nw_fpset_create(&shard->set, &set);
	if (rc == 0)
		explore->shard_count++;
	return rc;
}

static int create_homes_of(struct nw_explore *explore, uint32_t node_idx)
{
	uint32_t servers = servers_of(explore, node_idx);
	int rc = 0;

	for (uint32_t turn = 0; turn < servers && rc == 0; turn++) {
		if (turn == 0 || explore->options.owner == NW_OWNER_WORKER)
			rc = create_shard(explore, node_idx);
		explore->homes[explore->home_count++] = (struct nwi_home){
			.shard_idx = explore->shard_count - 1,
			.worker_idx = nw_crew_server_of(explore->crew, node_idx, turn),
		};
	}
	explore->node_count += servers > 0;
	return rc;
}

/* Whether a shard lies on its node, not on another because the node has no memory. */
static bool has_own_memory(const struct nw_explore *explore, uint32_t shard_idx)
{
	const struct nwi_shard *shard = &explore->shards[shard_idx];

	return nw_topo_node_at(explore->options.topo, shard->node_idx)->memory_node.id ==
	       shard->memory_node.id;
}

static int note_local(struct nw_explore *explore)
{
	for (uint32_t w = 0; w < explore->worker_count; w++) {
		bool *is_local = nw_arena_alloc(explore->arena, explore->shard_count, 1);

		if (!is_local)
			return -ENOMEM;
		for (uint32_t s = 0; s < explore->shard_count; s++)
			is_local[s] = has_own_memory(explore, s) &&
				      lists_cpu(explore->options.topo, explore->shards[s].node_idx,
						nw_crew_worker_at(explore->crew, w)->cpu);
		explore->workers[w]->is_local = is_local;
		explore->workers[w]->shard_ends = nw_arena_alloc(
			explore->arena, (explore->shard_count + 1) * sizeof(uint32_t), 8);
		if (!explore->workers[w]->shard_ends)
			return -ENOMEM;
	}
	return 0;
}

int nwi_shards_create(struct nw_explore *explore)
{
	uint32_t node_count = nw_topo_node_count(explore->options.topo);
	size_t max = (size_t)explore->worker_count + node_count;
	int rc = 0;

	explore->shards = nw_arena_alloc(explore->arena, max * sizeof(*explore->shards), 8);
	explore->homes = nw_arena_alloc(explore->arena, max * sizeof(*explore->homes), 8);
	if (!explore->shards || !explore->homes)
		return -ENOMEM;
	for (uint32_t n = 0; n < node_count && rc == 0; n++)
		if (is_used(&explore->options, n))
			rc = create_homes_of(explore, n);
	return rc < 0 ? rc : note_local(explore);
}

void nwi_shards_destroy(struct nw_explore *explore)
{
	for (uint32_t s = 0; s < explore->shard_count; s++) {
		nw_fpset_destroy(explore->shards[s].set);
		nwi_exact_destroy(explore->shards[s].exact);
	}
}

/* ---- the check ---- */

static int check_exact(struct nwi_exact *exact, struct nwi_lot *lot)
{
	memset(lot->is_new, 0, (lot->count + 63) / 64 * sizeof(uint64_t));
	for (uint32_t i = 0; i < lot->count; i++) {
		uint32_t n_bytes;
		const uint8_t *state = nwi_lot_state(lot, i, &n_bytes);
		int rc = nwi_exact_insert(exact, lot->fps[i], state, n_bytes);

		if (rc < 0)
			return rc;
		lot->is_new[i / 64] |= (uint64_t)rc << i % 64;
	}
	return 0;
}

bool nwi_check(struct nwi_worker *worker, uint32_t shard_idx, struct nwi_lot *lot)
{
	struct nwi_shard *shard = &worker->explore->shards[shard_idx];
	uint32_t party;
	int rc;

	nwi_count(&worker->tally.checks, lot->count);
	if (worker->is_local[shard_idx])
		nwi_count(&worker->tally.local_checks, lot->count);
	if (shard->exact) {
		rc = check_exact(shard->exact, lot);
	} else {
		party = worker->explore->has_shared_shards ? worker->worker_idx : 0;
		rc = nw_fpset_insert(shard->set, party, lot->fps, lot->count, lot->is_new);
	}
	if (rc < 0)
		nwi_end(worker->explore, NW_EXPLORE_NO_MEMORY);
	return rc == 0;
}

/* ---- keeping what is new ---- */

static inline const char *violated(struct nwi_worker *worker, const uint8_t *state,
				   uint32_t n_bytes, nwi_link link)
{
	const struct nw_model *model = worker->explore->options.model;
	const char *name;

	if (!model->invariant)
		return NULL;
	worker->looked_from = link;
	name = model->invariant(worker->context, state, n_bytes);
	worker->looked_from = NWI_NO_LINK;
	return name;
}

static inline bool keep(struct nwi_worker *worker, struct nwi_pool *pool, const uint8_t *state,
			uint32_t n_bytes, nwi_link link)
{
	struct nw_explore *explore = worker->explore;
	const char *invariant = violated(worker, state, n_bytes, link);
	struct nwi_fault fault = {
		.name = invariant, .state = state, .n_bytes = n_bytes, .is_kept = true
	};
	uint64_t place = pool->state_count;

	if (nwi_pool_add(pool, explore->now ^ 1, state, n_bytes, link) < 0) {
		nwi_end(explore, NW_EXPLORE_NO_MEMORY);
		return false;
	}
	if (!invariant)
		return true;
	fault.place = nwi_link_to(pool->pool_idx, place, 0);
	if (invariant != explore->options.model->failure)
		return nwi_violated(worker, &fault);
	nwi_end_at(explore, NW_EXPLORE_ERROR, &fault);
	return false;
}

/* As the seed has it: every new state alone into the one pool of its home's node. */
static bool keep_at_node(struct nwi_worker *worker, uint64_t fp, const uint8_t *state,
			 uint32_t n_bytes, nwi_link link)
{
	struct nw_explore *explore = worker->explore;
	uint32_t home = nw_fpset_home(fp, explore->home_count);
	uint32_t node_idx = explore->shards[explore->homes[home].shard_idx].node_idx;
	struct nwi_pool *pool = explore->pools[explore->worker_count + node_idx];
	bool is_kept;

	pthread_mutex_lock(&pool->lock);
	is_kept = keep(worker, pool, state, n_bytes, link);
	pthread_mutex_unlock(&pool->lock);
	return is_kept;
}

static inline bool keep_one(struct nwi_worker *worker, const struct nwi_lot *lot, uint32_t i)
{
	uint32_t n_bytes;
	const uint8_t *state = nwi_lot_state(lot, i, &n_bytes);

	if (worker->explore->options.route == NW_ROUTE_PUSH)
		return keep_at_node(worker, lot->fps[i], state, n_bytes, lot->links[i]);
	return keep(worker, worker->pool, state, n_bytes, lot->links[i]);
}

/* A worker alone tells what it would have made, and begun, up to a faulty candidate of the group,
 * had it looked at each successor at once. */
static void take_back(struct nwi_worker *worker, const struct nwi_lot *lot, uint32_t faulty_idx)
{
	uint32_t o = worker->origin_count - 1;

	while (o > 0 && worker->origins[o].first > faulty_idx)
		o--;
	worker->unmade_count = lot->count - 1 - faulty_idx;
	for (uint32_t i = worker->emit.drop_count; i > 0; i--)
		worker->unmade_count += worker->emit.drops[i - 1] > faulty_idx;
	worker->unbegun_count = worker->begun_count - worker->origins[o].begun_count;
}

bool nwi_keep_new(struct nwi_worker *worker, const struct nwi_lot *lot, const uint32_t *lot_idxs,
		  const uint64_t *is_new, uint32_t count)
{
	uint64_t kept = 0;
	bool goes_on = true;

	for (uint32_t word = 0; word < (count + 63) / 64 && goes_on; word++) {
		for (uint64_t bits = is_new[word]; bits && goes_on; bits &= bits - 1) {
			uint32_t i = word * 64 + (uint32_t)__builtin_ctzll(bits);

			worker->kept_idx = lot_idxs ? lot_idxs[i] : i;
			goes_on = keep_one(worker, lot, worker->kept_idx);
			if (!goes_on && !worker->lanes)
				take_back(worker, lot, worker->kept_idx);
			kept++;
		}
	}
	nwi_count(&worker->tally.distinct, kept);
	return goes_on;
}
