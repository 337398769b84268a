/* SPDX-License-Identifier: MIT */
/**
 * @file
 * Partitioners: which part (node, worker, shard) is the home of an item. Pure functions.
 *
 * | by          | an item's home is                     | parts differ by           |
 * |-------------|---------------------------------------|---------------------------|
 * | round robin | item mod parts                        | at most one item          |
 * | block       | a run of neighbours                   | at most one item          |
 * | hash        | the top 32 bits of its hash, scaled   | chance                    |
 * | weight      | a run of neighbours, its share long   | < 1 item from their share |
 *
 * The hash partitioner reads the top 32 bits only, so a table may take its slots from the
 * low ones without the two being correlated.
 *
 * Threads: any thread, all of them: there is no state. Progress: wait-free.
 */
#ifndef NW_PART_H
#define NW_PART_H

#include <nw/base.h>

#include <stdint.h>

NW_BEGIN_DECLS

/** Items first_idx .. first_idx + count - 1. */
struct nw_part_range {
	uint64_t first_idx;
	uint64_t count;
};

/**
 * Home of an item when parts take turns.
 *
 * @param part_count  1 or more
 * @return 0..part_count-1
 *
 * Threads: any thread.
 */
static inline uint32_t nw_part_round_robin(uint64_t item_idx, uint32_t part_count)
{
	return (uint32_t)(item_idx % part_count);
}

/**
 * Home of a 64-bit hash, from its top 32 bits.
 *
 * @param hash        well mixed, at least in its top half
 * @param part_count  1 or more
 * @return 0..part_count-1; even as long as part_count is far below 2^32
 *
 * Threads: any thread.
 */
static inline uint32_t nw_part_hash(uint64_t hash, uint32_t part_count)
{
	return (uint32_t)((hash >> 32) * part_count >> 32);
}

/**
 * Home among the sub-parts of nw_part_hash(hash, part_count): the worker, once the node is
 * known. It scales what the first division left over, so the two are independent, parts may
 * have different numbers of sub-parts, and still only the top 32 bits are read.
 *
 * @param part_count  as given to nw_part_hash()
 * @param sub_count   sub-parts of that part, 1 or more
 * @return 0..sub_count-1; even as long as part_count * sub_count is far below 2^32
 *
 * Threads: any thread.
 */
static inline uint32_t nw_part_hash_sub(uint64_t hash, uint32_t part_count, uint32_t sub_count)
{
	uint32_t rest = (uint32_t)((hash >> 32) * part_count);

	return (uint32_t)((uint64_t)rest * sub_count >> 32);
}

/**
 * The run of items of one part, when neighbours stay together; the first parts are the
 * longer ones.
 *
 * @param item_count  any
 * @param part_count  1 or more
 * @param part_idx    0..part_count-1
 *
 * Threads: any thread.
 */
NW_API struct nw_part_range nw_part_block(uint64_t item_count, uint32_t part_count,
					  uint32_t part_idx);

/**
 * Home of an item under nw_part_block().
 *
 * @param item_idx  0..item_count-1
 * @return 0..part_count-1
 *
 * Threads: any thread.
 */
NW_API uint32_t nw_part_block_of(uint64_t item_idx, uint64_t item_count, uint32_t part_count);

/**
 * Split items by weight, exactly: largest remainders first, the lower index on a tie. Each
 * count is less than one item away from item_count * weight / sum, and they add up.
 *
 * @param weights     part_count of them, not all 0; a part of weight 0 gets nothing
 * @param part_count  1 or more
 * @param item_count  any
 * @param ret_counts  part_count of them, untouched on failure
 * @return 0
 * @return -EINVAL     no part, or all weights are 0
 * @return -EOVERFLOW  the sum of the weights does not fit 64 bits
 *
 * Threads: any thread.
 * Cost:    O(part_count^2) at worst, no allocation: for start-up.
 */
NW_API int nw_part_weights(const uint64_t *weights, uint32_t part_count, uint64_t item_count,
			   uint64_t *ret_counts) NW_MUST_USE;

/**
 * Home of an item when part i takes the next counts[i] items.
 *
 * @param counts    as nw_part_weights() gives them
 * @param item_idx  below the sum of counts
 * @return 0..part_count-1
 *
 * Threads: any thread.
 * Cost:    O(part_count).
 */
NW_API uint32_t nw_part_weighted_of(const uint64_t *counts, uint32_t part_count, uint64_t item_idx);

NW_END_DECLS

#endif /* NW_PART_H */
