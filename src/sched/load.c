/* SPDX-License-Identifier: MIT */
/*
 * Loads: shares, imbalance, the octonion norm, and the board a node shows them on.
 *
 * Invariant: exact or capped, never wrapped: each product below is of operands whose bits add up to
 * at most 128, and the one sum that can be longer carries into a second word.
 */
#include "sched/load.h"

#include <stddef.h>

void nwi_load_publish(struct nwi_load_board *board, const struct nwi_load *was,
		      const struct nwi_load *is)
{
	for (uint32_t i = 0; i < NWI_LOAD_DIM_COUNT; i++) {
		if (was->amount[i] == is->amount[i])
			continue;
		/* relaxed: the value alone; thieves take it for a hint. */
		(void)atomic_fetch_add_explicit(&board->amount[i], is->amount[i] - was->amount[i],
						memory_order_relaxed);
	}
}

bool nwi_load_differs_much(const struct nwi_load *shown, const struct nwi_load *is)
{
	for (uint32_t i = 0; i < NWI_LOAD_DIM_COUNT; i++) {
		uint64_t was = shown->amount[i], now = is->amount[i];

		if ((now > was ? now - was : was - now) > was / 4)
			return true;
	}
	return false;
}

void nwi_load_read(const struct nwi_load_board *board, struct nwi_load *ret_load)
{
	for (uint32_t i = 0; i < NWI_LOAD_DIM_COUNT; i++) {
		/* relaxed: a hint, may be stale. */
		ret_load->amount[i] = atomic_load_explicit(&board->amount[i], memory_order_relaxed);
	}
}

int64_t nwi_load_share(uint64_t amount, uint64_t capacity)
{
	nwi_u128 share;

	if (capacity == 0)
		return amount == 0 ? 0 : INT64_MAX;
	share = (nwi_u128)amount * NWI_LOAD_ONE / capacity;
	return share > INT64_MAX ? INT64_MAX : (int64_t)share;
}

nwi_i128 nwi_load_imbalance(const struct nwi_load *theirs, const struct nwi_load *their_capacity,
			    const struct nwi_load *ours, const struct nwi_load *our_capacity,
			    const uint16_t *weights)
{
	static const uint16_t only_cpu[NWI_LOAD_DIM_COUNT] = { [NWI_LOAD_CPU] = 1 };
	const uint16_t *weight = weights ? weights : only_cpu;
	nwi_i128 sum = 0;

	for (uint32_t i = 0; i < NWI_LOAD_DIM_COUNT; i++) {
		if (weight[i] == 0)
			continue;
		sum += weight[i] *
		       ((nwi_i128)nwi_load_share(theirs->amount[i], their_capacity->amount[i]) -
			nwi_load_share(ours->amount[i], our_capacity->amount[i]));
	}
	return sum;
}

struct nwi_load_square nwi_load_distance_square(const int64_t *a, const int64_t *b)
{
	struct nwi_load_square sum = { 0 };

	for (uint32_t i = 0; i < NWI_LOAD_DIM_COUNT; i++) {
		/* Unsigned: the difference of two 64-bit numbers has 65 bits with its sign. */
		uint64_t difference = a[i] > b[i] ? (uint64_t)a[i] - (uint64_t)b[i]
						  : (uint64_t)b[i] - (uint64_t)a[i];
		nwi_u128 square = (nwi_u128)difference * difference;

		sum.low += square;
		sum.high += sum.low < square;
	}
	return sum;
}

int nwi_load_square_compare(struct nwi_load_square a, struct nwi_load_square b)
{
	if (a.high != b.high)
		return a.high < b.high ? -1 : 1;
	return (a.low > b.low) - (a.low < b.low);
}
