/* SPDX-License-Identifier: MIT */
/*
 * Partitioners that need more than a line.
 *
 * Invariant: every item has exactly one home; the counts of all parts add up to the items.
 * Products of two 64-bit numbers are taken in 128 bits, so no size overflows.
 */
#include <nw/part.h>

#include <assert.h>
#include <errno.h>
#include <stdbool.h>

__extension__ typedef unsigned __int128 u128;

struct nw_part_range nw_part_block(uint64_t item_count, uint32_t part_count, uint32_t part_idx)
{
	uint64_t each = item_count / part_count, longer_count = item_count % part_count;
	bool is_longer = part_idx < longer_count;

	assert(part_idx < part_count);
	return (struct nw_part_range){
		.first_idx = each * part_idx + (is_longer ? part_idx : longer_count),
		.count = each + is_longer,
	};
}

uint32_t nw_part_block_of(uint64_t item_idx, uint64_t item_count, uint32_t part_count)
{
	uint64_t each = item_count / part_count, longer_count = item_count % part_count;
	uint64_t longer_items = longer_count * (each + 1);

	assert(item_idx < item_count);
	if (item_idx < longer_items)
		return (uint32_t)(item_idx / (each + 1));
	/* each is not 0 here: else all items lie in the longer parts. */
	return (uint32_t)(longer_count + (item_idx - longer_items) / each);
}

struct split {
	const uint64_t *weights;
	uint64_t sum;
	uint64_t item_count;
};

static uint64_t remainder_of(const struct split *split, uint32_t i)
{
	return (uint64_t)((u128)split->item_count * split->weights[i] % split->sum);
}

/* Of the parts after `last` in the order (largest remainder, lowest index), the first. */
static uint32_t next_largest(const struct split *split, uint32_t part_count, uint32_t last)
{
	uint64_t last_rest = last < part_count ? remainder_of(split, last) : UINT64_MAX;
	uint64_t best_rest = 0;
	uint32_t best = part_count;

	for (uint32_t i = 0; i < part_count; i++) {
		uint64_t rest = remainder_of(split, i);
		bool is_after = rest < last_rest || (rest == last_rest && i > last);

		if (is_after && rest > best_rest) {
			best = i;
			best_rest = rest;
		}
	}
	return best;
}

static int sum_weights(const uint64_t *weights, uint32_t part_count, uint64_t *ret_sum)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < part_count; i++) {
		if (weights[i] > UINT64_MAX - sum)
			return -EOVERFLOW;
		sum += weights[i];
	}
	if (sum == 0)
		return -EINVAL;
	*ret_sum = sum;
	return 0;
}

int nw_part_weights(const uint64_t *weights, uint32_t part_count, uint64_t item_count,
		    uint64_t *ret_counts)
{
	struct split split = { .weights = weights, .item_count = item_count };
	uint64_t left = item_count;
	uint32_t last = part_count;
	int rc = sum_weights(weights, part_count, &split.sum);

	if (rc < 0)
		return rc;
	for (uint32_t i = 0; i < part_count; i++) {
		ret_counts[i] = (uint64_t)((u128)item_count * weights[i] / split.sum);
		left -= ret_counts[i];
	}
	/* `left` is the sum of the remainders over `sum`, so fewer than the parts that have
	 * one: each of these gets at most one more, and next_largest() always finds it. */
	for (; left > 0; left--) {
		last = next_largest(&split, part_count, last);
		ret_counts[last]++;
	}
	return 0;
}

uint32_t nw_part_weighted_of(const uint64_t *counts, uint32_t part_count, uint64_t item_idx)
{
	uint32_t i = 0;

	while (i + 1 < part_count && item_idx >= counts[i])
		item_idx -= counts[i++];
	return i;
}
