/* SPDX-License-Identifier: MIT */
/*
 * What walks counted, so that what is beyond the fault can be taken off again: workers are ahead of
 * the lowest walk that is still walked, and a fault there makes what they did since not done.
 *
 * Invariant: a walk is dropped from the log only when no walk below it is, or will be, walked.
 */
#include "walk.h"

enum { LOG_LIMIT_FIRST = 256 };

/* No walk below is being walked. Walks to come are above all those that were given out. */
static uint64_t lowest_walk(const struct nw_walk *walk)
{
	uint64_t lowest = NWI_NO_WALK;

	for (uint32_t w = 0; w < walk->worker_count; w++) {
		uint64_t its = atomic_load(&walk->walkers[w]->lowest_idx);

		lowest = its < lowest ? its : lowest;
	}
	return lowest;
}

static void drop_settled(struct nwi_walker *walker)
{
	struct nwi_logged *log = walker->log.items;
	uint64_t lowest = lowest_walk(walker->walk), kept = 0;

	for (uint64_t i = 0; i < walker->log.count; i++)
		if (log[i].walk_idx >= lowest)
			log[kept++] = log[i];
	walker->log.count = kept;
	walker->log_limit = 2 * kept > LOG_LIMIT_FIRST ? 2 * kept : LOG_LIMIT_FIRST;
}

/* As TLC: a walk of full length has as many as its limit, a shorter one as many as its states. */
static uint64_t length_of(const struct nwi_walker *walker)
{
	uint64_t count = walker->path.places.count;
	uint64_t count_max = walker->walk->options.step_count_max;

	return count_max && count > count_max ? count_max : count;
}

void nwi_walk_log(struct nwi_walker *walker, bool is_whole)
{
	struct nwi_logged now = { walker->walk_idx, walker->generated, length_of(walker),
				  is_whole };

	if (is_whole) {
		nwi_count(&walker->walk_total, 1);
		nwi_count(&walker->length_sum, now.length);
		nwi_count(&walker->length_square_sum, now.length * now.length);
	}
	if (walker->log.count >= walker->log_limit)
		drop_settled(walker);
	if (nwi_array_grow(&walker->log, &walker->walk->budget) < 0) {
		nwi_walk_end(walker->walk, NW_EXPLORE_NO_MEMORY);
		return;
	}
	((struct nwi_logged *)walker->log.items)[walker->log.count++] = now;
}

static void cut_walker(struct nw_walk *walk, const struct nwi_walker *walker)
{
	const struct nwi_logged *log = walker->log.items;

	for (uint64_t i = 0; i < walker->log.count; i++) {
		if (log[i].walk_idx <= walk->fault.walk_idx)
			continue;
		walk->beyond_generated += log[i].generated;
		if (!log[i].is_whole)
			continue;
		walk->beyond_walks++;
		walk->beyond_length += log[i].length;
		walk->beyond_square += log[i].length * log[i].length;
	}
}

void nwi_walk_cut(struct nw_walk *walk)
{
	if (walk->fault.walk_idx == NWI_NO_WALK)
		return;
	for (uint32_t w = 0; w < walk->worker_count; w++)
		cut_walker(walk, walk->walkers[w]);
}
