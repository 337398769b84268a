/* SPDX-License-Identifier: MIT */
/*
 * Between two levels, and where a checkpoint cuts one: everyone meets, the last one in decides.
 * Invariant: while that one works, all others wait; what each wrote before is seen by all after.
 */
#include "explore.h"

void nwi_meet(struct nwi_worker *worker, void (*serial)(struct nw_explore *explore))
{
	struct nw_explore *explore = worker->explore;
	struct nwi_meeting *meeting = &explore->meeting;
	uint32_t rounds = 0;
	/* relaxed: it cannot change before this worker has arrived. */
	uint32_t round = atomic_load_explicit(&meeting->round, memory_order_relaxed);
	/* [meet.arrive] acq_rel, pairs with [meet.arrive]: the last to arrive sees what all
	 * others did before. */
	uint32_t arrived = atomic_fetch_add_explicit(&meeting->arrived_count, 1,
						     memory_order_acq_rel);

	if (arrived + 1 == explore->worker_count) {
		serial(explore);
		/* relaxed: [meet.open] publishes it. */
		atomic_store_explicit(&meeting->arrived_count, 0, memory_order_relaxed);
		/* [meet.open] release, pairs with [meet.wait]: what `serial` did. */
		atomic_store_explicit(&meeting->round, round + 1, memory_order_release);
		for (uint32_t w = 0; w < explore->worker_count; w++)
			nwi_wake(explore->workers[w]);
		return;
	}
	/* [meet.wait] acquire, pairs with [meet.open]: what `serial` did. */
	while (atomic_load_explicit(&meeting->round, memory_order_acquire) == round)
		nwi_wait_round(worker, &rounds);
}

static bool turn_pools(struct nw_explore *explore, uint64_t *ret_states, uint64_t *ret_chunks)
{
	uint32_t next = explore->now ^ 1;
	uint64_t states = 0, chunks = 0;

	if (explore->options.keep_states && nwi_level_keep(explore) < 0)
		return false;
	for (uint32_t p = 0; p < explore->pool_count; p++) {
		struct nwi_pool *pool = explore->pools[p];

		if (nwi_pool_turn(pool, explore->now) < 0)
			return false;
		states += pool->state_count - pool->counted;
		pool->counted = pool->state_count;
		chunks += pool->lists[next].count;
	}
	*ret_states = states;
	*ret_chunks = chunks;
	return true;
}

static void note_level(struct nw_explore *explore, uint64_t states)
{
	if (nwi_array_grow(&explore->levels, &explore->budget) < 0) {
		nwi_end(explore, NW_EXPLORE_NO_MEMORY);
		return;
	}
	((uint64_t *)explore->levels.items)[explore->levels.count++] = states;
	/* [level.depth] release, pairs with [report.depth]: the level's number is in the array. */
	atomic_store_explicit(&explore->depth, (uint32_t)explore->levels.count,
			      memory_order_release);
}

/* A level that was cut short is not counted: its number of states would mean nothing. */
static void end_level(struct nw_explore *explore)
{
	uint32_t depth_max = explore->options.depth_max;
	uint64_t states = 0, chunks = 0;

	if (!nwi_is_stopping(explore) && !turn_pools(explore, &states, &chunks))
		nwi_end(explore, NW_EXPLORE_NO_MEMORY);
	if (!nwi_is_stopping(explore) && states > 0)
		note_level(explore, states);
	if (!nwi_is_stopping(explore) && explore->levels.count == 0)
		nwi_end_fault(explore, "the model has no initial state");
	if (!nwi_is_stopping(explore) && states == 0)
		nwi_end(explore, NW_EXPLORE_DONE);
	if (!nwi_is_stopping(explore) && depth_max && explore->levels.count >= depth_max)
		nwi_end(explore, NW_EXPLORE_TOO_DEEP);
	explore->turn = nwi_is_stopping(explore) ? NWI_TURN_OVER : NWI_TURN_LEVEL;
	if (explore->turn == NWI_TURN_OVER)
		return;
	explore->now ^= 1;
	/* relaxed: under the meeting, which publishes it. */
	atomic_store_explicit(&explore->outstanding, (int64_t)(chunks + explore->worker_count),
			      memory_order_relaxed);
}

/* Nobody works: the level has ended, or rests, or the search is ending. */
void nwi_level_turn(struct nw_explore *explore)
{
	/* relaxed: under the meeting, which publishes it; and so it is below. */
	atomic_store_explicit(&explore->paused_count, 0, memory_order_relaxed);
	if (nwi_is_stopping(explore))
		explore->turn = NWI_TURN_OVER;
	/* relaxed: as above. */
	else if (atomic_load_explicit(&explore->outstanding, memory_order_relaxed) == 0)
		end_level(explore);
	else
		nwi_checkpoint_begin(explore);
}
