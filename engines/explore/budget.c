/* SPDX-License-Identifier: MIT */
/*
 * The memory the search may use, and arrays that grow within it.
 * Invariant: used_bytes is what is mapped or promised; it passes bytes_max only by what rounding
 * to pages adds.
 */
#include "explore.h"

#include <errno.h>

enum { PIECE_BYTES_MIN = 4096, PIECE_BYTES_MAX = 1 << 20 };

static void raise_peak(struct nwi_budget *budget, uint64_t used)
{
	/* relaxed: statistic. */
	uint64_t peak = atomic_load_explicit(&budget->peak_bytes, memory_order_relaxed);

	/* relaxed: statistic. */
	while (used > peak &&
	       !atomic_compare_exchange_weak_explicit(&budget->peak_bytes, &peak, used,
						      memory_order_relaxed, memory_order_relaxed))
		;
}

bool nwi_budget_take(struct nwi_budget *budget, uint64_t n_bytes)
{
	/* relaxed: statistic; the bytes themselves are handed over elsewhere. */
	uint64_t used = atomic_fetch_add_explicit(&budget->used_bytes, n_bytes,
						  memory_order_relaxed) +
			n_bytes;

	if (used > budget->bytes_max) {
		nwi_budget_give(budget, n_bytes);
		return false;
	}
	raise_peak(budget, used);
	return true;
}

void nwi_budget_give(struct nwi_budget *budget, uint64_t n_bytes)
{
	/* relaxed: statistic. */
	atomic_fetch_sub_explicit(&budget->used_bytes, n_bytes, memory_order_relaxed);
}

int nwi_array_open(struct nwi_array *array, nw_node node, size_t reserve_bytes, size_t item_bytes)
{
	*array = (struct nwi_array){ .item_bytes = item_bytes };
	return nw_arena_create(&array->arena, node, reserve_bytes, NW_MEM_HUGE);
}

void nwi_array_close(struct nwi_array *array, struct nwi_budget *budget)
{
	if (!array->arena)
		return;
	nwi_budget_give(budget, array->count_max * array->item_bytes);
	nw_arena_destroy(array->arena);
	array->arena = NULL;
}

/* Pieces of one arena lie end to end, so the array stays in one piece. */
int nwi_array_extend(struct nwi_array *array, struct nwi_budget *budget)
{
	size_t n_bytes = (size_t)array->count_max * array->item_bytes;
	void *piece;

	n_bytes = n_bytes < PIECE_BYTES_MIN   ? PIECE_BYTES_MIN
		  : n_bytes > PIECE_BYTES_MAX ? PIECE_BYTES_MAX
					      : n_bytes;
	if (!nwi_budget_take(budget, n_bytes))
		return -ENOMEM;
	piece = nw_arena_alloc(array->arena, n_bytes, array->item_bytes);
	if (!piece) {
		nwi_budget_give(budget, n_bytes);
		return -ENOMEM;
	}
	if (!array->items)
		array->items = piece;
	array->count_max += n_bytes / array->item_bytes;
	return 0;
}

int nwi_array_grow(struct nwi_array *array, struct nwi_budget *budget)
{
	return array->count < array->count_max ? 0 : nwi_array_extend(array, budget);
}
