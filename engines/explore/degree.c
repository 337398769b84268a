/* SPDX-License-Identifier: MIT */
/*
 * How many states were found from each: counted after the search from the links to parents, so that
 * it costs nothing while there is one.
 *
 * Invariant: a state that was kept has one parent, or is an initial one; so the sum over all states
 * is the number of those that are not initial.
 */
#include "explore.h"

#include <errno.h>

/* One byte a state, of all pools one behind the other. */
struct tally {
	struct nw_mem mem;
	uint8_t *counts;
	uint64_t *bases; /* [pool] */
};

static int open_tally(struct nw_explore *explore, struct tally *tally)
{
	size_t table_bytes = explore->pool_count * sizeof(*tally->bases);
	uint64_t state_count = 0;

	for (uint32_t p = 0; p < explore->pool_count; p++)
		state_count += explore->pools[p]->state_count;
	if (!nwi_budget_take(&explore->budget, table_bytes + state_count))
		return -ENOMEM;
	if (nw_mem_alloc(&tally->mem, NW_NODE_ANY, table_bytes + state_count, 0) < 0) {
		nwi_budget_give(&explore->budget, table_bytes + state_count);
		return -ENOMEM;
	}
	tally->bases = tally->mem.base;
	tally->counts = (uint8_t *)tally->mem.base + table_bytes;
	state_count = 0;
	for (uint32_t p = 0; p < explore->pool_count; p++) {
		tally->bases[p] = state_count;
		state_count += explore->pools[p]->state_count;
	}
	return 0;
}

static void count_children(const struct nw_explore *explore, struct tally *tally, uint32_t most)
{
	for (uint32_t p = 0; p < explore->pool_count; p++) {
		const struct nwi_array *array = &explore->pools[p]->links;
		const nwi_link *links = array->items;

		for (uint64_t i = 0; i < array->count; i++) {
			uint8_t *count;

			if (nwi_link_pool(links[i]) == NWI_POOL_NONE)
				continue;
			count = tally->counts + tally->bases[nwi_link_pool(links[i])] +
				nwi_link_index(links[i]);
			if (*count < most)
				++*count;
		}
	}
}

int nw_explore_out_degrees(struct nw_explore *explore, uint64_t *ret_counts, uint32_t count_max)
{
	struct tally tally;
	uint64_t state_count = 0;

	if (count_max == 0 || count_max > UINT8_MAX)
		return -EINVAL;
	if (explore->options.no_trace)
		return -ENODATA;
	if (open_tally(explore, &tally) < 0)
		return -ENOMEM;
	count_children(explore, &tally, count_max - 1);
	memset(ret_counts, 0, count_max * sizeof(*ret_counts));
	for (uint32_t p = 0; p < explore->pool_count; p++)
		state_count += explore->pools[p]->state_count;
	for (uint64_t i = 0; i < state_count; i++)
		ret_counts[tally.counts[i]]++;
	nwi_budget_give(&explore->budget, explore->pool_count * sizeof(*tally.bases) + state_count);
	nw_mem_free(&tally.mem);
	return 0;
}
