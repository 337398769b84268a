/* SPDX-License-Identifier: MIT */
/*
 * The steps of an idle worker: its own node's injector and workers, then those of other nodes as
 * the policy chooses, then their injectors, then sleep.
 *
 * A spell goes through its phases in order and never back. Each phase makes its moves one by one
 * and says when it has none left.
 *
 * Invariant: `tries` counts the moves of this phase (of this round, in PHASE_LOCAL); every phase is
 * bounded by the options or by the number of nodes, so that a spell is.
 */
#include "sched/policy.h"

#include <assert.h>
#include <string.h>

enum phase {
	PHASE_INJECTOR,
	PHASE_LOCAL,
	PHASE_LOOK,
	PHASE_REMOTE,
	PHASE_REMOTE_INJECTORS,
	PHASE_SLEEP,
};

/* 1/i^2 as an integer: relative error below i^2 / 2^40. */
#define CLASS_WEIGHT (UINT64_C(1) << 40)

static const char *const names[NWI_POLICY_COUNT] = {
	[NWI_POLICY_RANDOM] = "random",
	[NWI_POLICY_NEAREST] = "nearest",
	[NWI_POLICY_IMBALANCE] = "imbalance",
	[NWI_POLICY_OCTONION] = "octonion",
};

void nwi_policy_options_default(struct nwi_policy_options *ret_options, enum nwi_policy_kind kind)
{
	*ret_options = (struct nwi_policy_options){
		.kind = kind,
		.local_rounds = 2,
		.round_tries_max = 16,
		.remote_tries = 8,
		.remote_count_max = 4,
		.weights = { [NWI_LOAD_CPU] = 1 },
	};
}

enum nwi_policy_kind nwi_policy_default_kind(uint32_t node_count)
{
	return node_count > 2 ? NWI_POLICY_IMBALANCE : NWI_POLICY_NEAREST;
}

const char *nwi_policy_name(enum nwi_policy_kind kind)
{
	return (uint32_t)kind < NWI_POLICY_COUNT ? names[kind] : NULL;
}

bool nwi_policy_by_name(const char *name, enum nwi_policy_kind *ret_kind)
{
	for (uint32_t i = 0; i < NWI_POLICY_COUNT; i++) {
		if (strcmp(names[i], name) == 0) {
			*ret_kind = (enum nwi_policy_kind)i;
			return true;
		}
	}
	return false;
}

bool nwi_policy_reads_loads(enum nwi_policy_kind kind)
{
	return kind == NWI_POLICY_IMBALANCE || kind == NWI_POLICY_OCTONION;
}

void nwi_policy_init(struct nwi_policy *ret_policy, const struct nwi_policy_map *map,
		     const struct nwi_policy_options *options, uint32_t worker_idx, uint64_t seed)
{
	assert((uint32_t)options->kind < NWI_POLICY_COUNT);
	assert(options->local_rounds >= 1 && options->round_tries_max >= 1);
	assert(options->remote_count_max >= 1);
	*ret_policy = (struct nwi_policy){
		.map = map,
		.options = *options,
		.worker_idx = worker_idx,
		.node_idx = nwi_policy_map_node_of(map, worker_idx),
		.phase = PHASE_SLEEP,
	};
	nwi_prng_init(&ret_policy->prng, seed);
}

/* 0..n-1, n >= 1. Biased by less than n / 2^64. */
static uint64_t below(struct nwi_prng *prng, uint64_t n)
{
	return (uint64_t)((nwi_u128)nwi_prng_next(prng) * n >> 64);
}

static uint32_t workers_of(const struct nwi_policy_map *map, uint32_t node_idx)
{
	return map->first_worker[node_idx + 1] - map->first_worker[node_idx];
}

static uint32_t own_workers(const struct nwi_policy *policy)
{
	return workers_of(policy->map, policy->node_idx);
}

static const uint32_t *row_of(const struct nwi_policy *policy, const uint32_t *table)
{
	return table + (size_t)policy->node_idx * policy->map->node_count;
}

/* Whether there is anybody elsewhere whom the options allow to try. */
static bool may_leave(const struct nwi_policy *policy)
{
	return policy->options.remote_tries > 0 && policy->map->worker_count > own_workers(policy);
}

static bool move_injector(struct nwi_policy *policy, uint32_t node_idx, uint32_t count_max,
			  struct nwi_move *ret_move)
{
	*ret_move = (struct nwi_move){
		.kind = NWI_MOVE_INJECTOR,
		.node_idx = node_idx,
		.worker_idx = policy->worker_idx,
		.count_max = count_max,
	};
	return true;
}

static bool move_steal(struct nwi_policy *policy, uint32_t node_idx, uint32_t worker_idx,
		       struct nwi_move *ret_move)
{
	bool is_local = node_idx == policy->node_idx;

	*ret_move = (struct nwi_move){
		.kind = NWI_MOVE_STEAL,
		.node_idx = node_idx,
		.worker_idx = worker_idx,
		.count_max = is_local ? 1 : policy->options.remote_count_max,
	};
	return true;
}

static bool move_plain(const struct nwi_policy *policy, enum nwi_move_kind kind,
		       struct nwi_move *ret_move)
{
	*ret_move = (struct nwi_move){
		.kind = kind,
		.node_idx = policy->node_idx,
		.worker_idx = policy->worker_idx,
	};
	return true;
}

static bool in_injector(struct nwi_policy *policy, struct nwi_move *ret_move)
{
	if (policy->tries++ > 0)
		return false;
	return move_injector(policy, policy->node_idx, 1, ret_move);
}

static uint32_t round_tries(const struct nwi_policy *policy, uint32_t others)
{
	uint32_t max = policy->options.round_tries_max;

	return others < max ? others : max;
}

static void end_round(struct nwi_policy *policy)
{
	policy->rounds++;
	policy->rounds_empty += !policy->has_lost;
	policy->tries = 0;
	policy->has_lost = false;
}

static bool in_local(struct nwi_policy *policy, struct nwi_move *ret_move)
{
	uint32_t others = own_workers(policy) - 1, k = policy->options.local_rounds, victim;

	if (others == 0)
		return false;
	if (policy->tries == round_tries(policy, others))
		end_round(policy);
	if (policy->rounds_empty >= k || policy->rounds >= 2 * k)
		return false;
	if (policy->tries == 0)
		policy->round_from = (uint32_t)below(&policy->prng, others);
	victim = policy->map->first_worker[policy->node_idx] +
		 (policy->round_from + policy->tries++) % others;
	return move_steal(policy, policy->node_idx, victim + (victim >= policy->worker_idx),
			  ret_move);
}

/* The baseline: any other worker, as often as the others' local and remote tries together. */
static bool in_anywhere(struct nwi_policy *policy, struct nwi_move *ret_move)
{
	uint32_t others = policy->map->worker_count - 1, victim;
	uint64_t max = (uint64_t)policy->options.local_rounds * round_tries(policy, others) +
		       policy->options.remote_tries;

	if (others == 0 || policy->tries >= max)
		return false;
	policy->tries++;
	victim = (uint32_t)below(&policy->prng, others);
	victim += victim >= policy->worker_idx;
	return move_steal(policy, nwi_policy_map_node_of(policy->map, victim), victim, ret_move);
}

/* The only workers `random` may try when it must not leave its node. */
static bool in_tries(struct nwi_policy *policy, struct nwi_move *ret_move)
{
	if (policy->options.kind == NWI_POLICY_RANDOM && may_leave(policy))
		return in_anywhere(policy, ret_move);
	return in_local(policy, ret_move);
}

static bool in_look(struct nwi_policy *policy, struct nwi_move *ret_move)
{
	if (policy->has_looked || !nwi_policy_reads_loads(policy->options.kind) ||
	    !may_leave(policy))
		return false;
	policy->has_looked = true;
	return move_plain(policy, NWI_MOVE_LOOK, ret_move);
}

/* The neighbours from position `at` on that are of one class: how many positions, how many workers.
 */
static uint32_t span_class(const struct nwi_policy *policy, uint32_t at, uint32_t *ret_workers)
{
	const uint32_t *nearest = row_of(policy, policy->map->nearest);
	const uint32_t *class = row_of(policy, policy->map->nearest_class);
	uint32_t end = at;

	*ret_workers = 0;
	for (; end + 1 < policy->map->node_count && class[end] == class[at]; end++)
		*ret_workers += workers_of(policy->map, nearest[end]);
	return end - at;
}

static uint64_t weight_at(const struct nwi_policy *policy, uint32_t at)
{
	uint64_t class = row_of(policy, policy->map->nearest_class)[at];

	return CLASS_WEIGHT / (class * class);
}

/* The class whose run of weights `draw` falls into: the position of its first neighbour. */
static uint32_t find_class(const struct nwi_policy *policy, uint64_t draw, uint32_t *ret_workers)
{
	uint32_t at = 0, span, workers;

	for (;; at += span) {
		span = span_class(policy, at, &workers);
		if (workers > 0 && draw < weight_at(policy, at))
			break;
		draw -= workers > 0 ? weight_at(policy, at) : 0;
	}
	*ret_workers = workers;
	return at;
}

static bool choose_nearest(struct nwi_policy *policy, struct nwi_move *ret_move)
{
	const uint32_t *nearest = row_of(policy, policy->map->nearest);
	uint32_t workers, at, victim;
	uint64_t sum = 0;

	for (at = 0; at + 1 < policy->map->node_count;) {
		uint32_t span = span_class(policy, at, &workers);

		sum += workers > 0 ? weight_at(policy, at) : 0;
		at += span;
	}
	at = find_class(policy, below(&policy->prng, sum), &workers);
	victim = (uint32_t)below(&policy->prng, workers);
	for (; victim >= workers_of(policy->map, nearest[at]); at++)
		victim -= workers_of(policy->map, nearest[at]);
	return move_steal(policy, nearest[at], policy->map->first_worker[nearest[at]] + victim,
			  ret_move);
}

static bool choose_worker(struct nwi_policy *policy, uint32_t node_idx, struct nwi_move *ret_move)
{
	uint32_t victim = (uint32_t)below(&policy->prng, workers_of(policy->map, node_idx));

	return move_steal(policy, node_idx, policy->map->first_worker[node_idx] + victim, ret_move);
}

/* How much more a node has than ours, over its distance; 0: not more, ours, or nobody is there. */
static nwi_u128 excess_of(const struct nwi_policy *policy, const struct nwi_load *loads,
			  uint32_t node_idx)
{
	const struct nwi_policy_map *map = policy->map;
	uint32_t own = policy->node_idx;
	nwi_i128 more;

	if (node_idx == own || workers_of(map, node_idx) == 0)
		return 0;
	more = nwi_load_imbalance(&loads[node_idx], &map->capacity[node_idx], &loads[own],
				  &map->capacity[own], policy->options.weights);
	if (more <= 0)
		return 0;
	return (nwi_u128)more * NWI_POLICY_LOCAL_DISTANCE / row_of(policy, map->distance)[node_idx];
}

static uint32_t bits_of(nwi_u128 n)
{
	uint32_t bits = 0;

	for (; n > 0; n >>= 1)
		bits++;
	return bits;
}

/* In proportion to the excess, so that thieves of one moment spread out. */
static bool choose_imbalance(struct nwi_policy *policy, const struct nwi_load *loads,
			     struct nwi_move *ret_move)
{
	uint32_t count = policy->map->node_count, shift, node = 0;
	nwi_u128 sum = 0;
	uint64_t draw;

	for (uint32_t i = 0; i < count; i++)
		sum += excess_of(policy, loads, i);
	if (sum == 0)
		return false;
	shift = bits_of(sum) > 64 ? bits_of(sum) - 64 : 0;
	draw = below(&policy->prng, (uint64_t)(sum >> shift));
	/* Shifted back, the draw is below the sum, so the loop ends at a node with an excess. */
	sum = (nwi_u128)draw << shift;
	for (; sum >= excess_of(policy, loads, node); node++)
		sum -= excess_of(policy, loads, node);
	return choose_worker(policy, node, ret_move);
}

static void shares_of(const struct nwi_policy_map *map, const struct nwi_load *loads,
		      uint32_t node_idx, int64_t *ret_shares)
{
	for (uint32_t i = 0; i < NWI_LOAD_DIM_COUNT; i++)
		ret_shares[i] = nwi_load_share(loads[node_idx].amount[i],
					       map->capacity[node_idx].amount[i]);
}

/* The greatest norm of the difference, whichever side has more. */
static bool choose_octonion(struct nwi_policy *policy, const struct nwi_load *loads,
			    struct nwi_move *ret_move)
{
	int64_t ours[NWI_LOAD_DIM_COUNT], theirs[NWI_LOAD_DIM_COUNT];
	struct nwi_load_square best = { 0 };
	uint32_t node = 0, equal_count = 0;

	shares_of(policy->map, loads, policy->node_idx, ours);
	for (uint32_t i = 0; i < policy->map->node_count; i++) {
		struct nwi_load_square square;
		int order;

		if (i == policy->node_idx || workers_of(policy->map, i) == 0)
			continue;
		shares_of(policy->map, loads, i, theirs);
		square = nwi_load_distance_square(theirs, ours);
		order = nwi_load_square_compare(square, best);
		if (order < 0 || (square.high == 0 && square.low == 0))
			continue;
		equal_count = order > 0 ? 1 : equal_count + 1;
		best = square;
		if (below(&policy->prng, equal_count) == 0)
			node = i;
	}
	return equal_count > 0 && choose_worker(policy, node, ret_move);
}

static bool in_remote(struct nwi_policy *policy, const struct nwi_load *loads,
		      struct nwi_move *ret_move)
{
	if (!may_leave(policy) || policy->tries >= policy->options.remote_tries)
		return false;
	policy->tries++;
	switch (policy->options.kind) {
	case NWI_POLICY_NEAREST:
		return choose_nearest(policy, ret_move);
	case NWI_POLICY_IMBALANCE:
		return choose_imbalance(policy, loads, ret_move);
	case NWI_POLICY_OCTONION:
		return choose_octonion(policy, loads, ret_move);
	default: /* random had its tries */
		return false;
	}
}

static bool in_remote_injectors(struct nwi_policy *policy, struct nwi_move *ret_move)
{
	const uint32_t *nearest = row_of(policy, policy->map->nearest);

	if (!may_leave(policy))
		return false;
	while (policy->tries + 1 < policy->map->node_count) {
		uint32_t node = nearest[policy->tries++];

		if (workers_of(policy->map, node) > 0)
			return move_injector(policy, node, policy->options.remote_count_max,
					     ret_move);
	}
	return false;
}

static bool in_phase(struct nwi_policy *policy, const struct nwi_load *loads,
		     struct nwi_move *ret_move)
{
	switch ((enum phase)policy->phase) {
	case PHASE_INJECTOR:
		return in_injector(policy, ret_move);
	case PHASE_LOCAL:
		return in_tries(policy, ret_move);
	case PHASE_LOOK:
		return in_look(policy, ret_move);
	case PHASE_REMOTE:
		return in_remote(policy, loads, ret_move);
	case PHASE_REMOTE_INJECTORS:
		return in_remote_injectors(policy, ret_move);
	case PHASE_SLEEP:
		break;
	}
	return move_plain(policy, NWI_MOVE_SLEEP, ret_move);
}

static void begin_spell(struct nwi_policy *policy)
{
	policy->phase = PHASE_INJECTOR;
	policy->tries = 0;
	policy->rounds = 0;
	policy->rounds_empty = 0;
	policy->has_looked = false;
	policy->has_lost = false;
}

void nwi_policy_step(struct nwi_policy *policy, enum nwi_saw saw, const struct nwi_load *loads,
		     struct nwi_move *ret_move)
{
	if (saw == NWI_SAW_START || saw == NWI_SAW_GOT)
		begin_spell(policy);
	if (saw == NWI_SAW_LOST && policy->phase == PHASE_LOCAL)
		policy->has_lost = true;
	while (!in_phase(policy, loads, ret_move)) {
		policy->phase++;
		policy->tries = 0;
	}
}

uint32_t nwi_policy_spell_max(const struct nwi_policy *policy)
{
	const struct nwi_policy_options *options = &policy->options;

	/* Injector, rounds and as many that lost, look, tries afar, others' injectors, sleep. */
	return 1 + 2 * options->local_rounds * options->round_tries_max + 1 +
	       options->remote_tries + policy->map->node_count - 1 + 1;
}
