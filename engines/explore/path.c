/* SPDX-License-Identifier: MIT */
/*
 * The path to the state at hand, for a model that asks while it makes successors or looks at a
 * state. Where states are kept, chunks are not used again: those of finished levels are found by
 * the places in them, and a path is the parents' links and the states that stand there.
 *
 * Invariant: what a path goes through was put where it is in levels before this one, so that it
 * does not change while workers read it.
 */
#include "explore.h"

#include <errno.h>

_Thread_local struct nwi_worker *nwi_worker_here;

/* ---- finding states ---- */

int nwi_level_keep(struct nw_explore *explore)
{
	for (uint32_t p = 0; p < explore->pool_count; p++) {
		struct nwi_array *done = &explore->pools[p]->lists[explore->now];

		for (uint64_t i = 0; i < done->count; i++) {
			struct nwi_chunk *chunk = ((struct nwi_chunk **)done->items)[i];
			int rc = nwi_pool_keep(explore->pools[chunk->pool_idx], chunk);

			if (rc < 0)
				return rc;
		}
		done->count = 0;
	}
	return 0;
}

static bool holds(const struct nwi_chunk *chunk, uint32_t count, uint64_t state_idx)
{
	return chunk->first_idx <= state_idx && state_idx - chunk->first_idx < count;
}

/* Of a finished level. */
static const struct nwi_chunk *kept_chunk(const struct nwi_pool *pool, uint64_t state_idx)
{
	struct nwi_chunk *const *chunks = pool->kept.items;
	uint64_t low = 0, high = pool->kept.count;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (chunks[middle]->first_idx > state_idx)
			high = middle;
		else
			low = middle + 1;
	}
	return low > 0 && holds(chunks[low - 1], chunks[low - 1]->count, state_idx)
		       ? chunks[low - 1]
		       : NULL;
}

/* is_over: a chunk may be open. */
static const struct nwi_chunk *listed_chunk(const struct nwi_pool *pool, uint32_t list_idx,
					    nwi_link place, bool is_over)
{
	const struct nwi_array *list = &pool->lists[list_idx];

	for (uint64_t i = 0; i < list->count; i++) {
		const struct nwi_chunk *chunk = ((struct nwi_chunk **)list->items)[i];
		uint32_t count = is_over ? nwi_chunk_count(pool, chunk) : chunk->count;

		if (chunk->pool_idx == nwi_link_pool(place) &&
		    holds(chunk, count, nwi_link_index(place)))
			return chunk;
	}
	return NULL;
}

/* Of this level, or the next one; after a recovery it may be in any pool's list. */
static const struct nwi_chunk *present_chunk(const struct nw_explore *explore, nwi_link place,
					     bool is_over)
{
	const struct nwi_chunk *chunk = NULL;

	for (uint32_t p = 0; !chunk && p < explore->pool_count; p++) {
		const struct nwi_pool
			*pool = explore->pools[(nwi_link_pool(place) + p) % explore->pool_count];

		chunk = listed_chunk(pool, explore->now, place, is_over);
		if (!chunk && is_over)
			chunk = listed_chunk(pool, explore->now ^ 1, place, true);
	}
	return chunk;
}

const uint8_t *nwi_state_at(const struct nw_explore *explore, nwi_link place, bool is_over,
			    uint32_t *ret_bytes)
{
	uint32_t pool_idx = nwi_link_pool(place), fixed = explore->state_bytes;
	uint64_t state_idx = nwi_link_index(place);
	const struct nwi_chunk *chunk = kept_chunk(explore->pools[pool_idx], state_idx);
	const uint8_t *at;

	if (!chunk)
		chunk = present_chunk(explore, place, is_over);
	if (!chunk)
		return NULL;
	*ret_bytes = fixed;
	if (fixed)
		return chunk->bytes + (state_idx - chunk->first_idx) * fixed;
	at = chunk->bytes;
	memcpy(ret_bytes, at, sizeof(*ret_bytes));
	for (uint64_t i = chunk->first_idx; i < state_idx; i++) {
		at += sizeof(*ret_bytes) + *ret_bytes;
		memcpy(ret_bytes, at, sizeof(*ret_bytes));
	}
	return at + sizeof(*ret_bytes);
}

/* ---- paths ---- */

static nwi_link parent_of(const struct nw_explore *explore, nwi_link place)
{
	const struct nwi_array *links = &explore->pools[nwi_link_pool(place)]->links;

	return ((const nwi_link *)links->items)[nwi_link_index(place)];
}

static nwi_link place_at_hand(const struct nwi_worker *worker)
{
	if (worker->looked_from != NWI_NO_LINK)
		return worker->looked_from;
	return worker->origin_count > 0 ? worker->origins[worker->origin_count - 1].place
					: nwi_link_to(NWI_POOL_NONE, 0, 0);
}

static int make_room(struct nwi_worker *worker, size_t count)
{
	int rc = 0;

	while (rc == 0 && worker->path.count_max < count)
		rc = nwi_array_extend(&worker->path, &worker->explore->budget);
	return rc;
}

static bool fill(const struct nw_explore *explore, nwi_link place, struct nw_explore_step *steps,
		 size_t count)
{
	for (size_t i = count; i-- > 0; place = parent_of(explore, place)) {
		uint32_t n_bytes = 0;
		const uint8_t *state = nwi_state_at(explore, place, false, &n_bytes);

		if (!state)
			return false;
		steps[i] = (struct nw_explore_step){ .state = state,
						     .n_bytes = n_bytes,
						     .part_idx = NW_PART_NONE };
	}
	return true;
}

int nw_explore_path(const struct nw_explore *explore, const struct nw_explore_step **ret_steps,
		    size_t *ret_step_count)
{
	struct nwi_worker *worker = nwi_worker_here;
	nwi_link place;
	size_t count = 0;

	if (!worker || worker->explore != explore || !explore->options.keep_states)
		return -EINVAL;
	place = place_at_hand(worker);
	for (nwi_link l = place; nwi_link_pool(l) != NWI_POOL_NONE; l = parent_of(explore, l))
		count++;
	if (make_room(worker, count) < 0)
		return -ENOMEM;
	if (!fill(explore, place, worker->path.items, count))
		return -EINVAL;
	*ret_steps = worker->path.items;
	*ret_step_count = count;
	return 0;
}
