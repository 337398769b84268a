/* SPDX-License-Identifier: MIT */
/*
 * Where the state of a key is: open addressing from a 32-bit key to a slot of an array whose
 * entries never move. A pool is an index with the slots that are free.
 *
 * Invariant: at most half of the pairs are used, so every search ends; between a key's place and
 * its pair no pair is empty (removal moves later ones back), so none ends too early.
 */
#ifndef NWI_GOVERN_INDEX_H
#define NWI_GOVERN_INDEX_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

#define NWI_NONE UINT32_MAX

struct nwi_pair {
	uint32_t key;
	uint32_t slot; /* and one; 0: empty */
};

struct nwi_index {
	struct nwi_pair *pairs;
	uint32_t bits; /* 1 << bits of them */
	uint32_t count;
};

struct nwi_pool {
	struct nwi_index index;
	uint32_t *spare;                         /* slots that were given back */
	uint32_t spare_count, fresh, slot_count; /* slots from fresh on were never used */
};

/* Fibonacci hashing: the high bits of a product, in which every bit of the key takes part. */
NWI_ALWAYS_INLINE uint32_t nwi_index_place(const struct nwi_index *index, uint32_t key)
{
	return key * UINT32_C(0x9e3779b1) >> (32 - index->bits);
}

NWI_ALWAYS_INLINE uint32_t nwi_index_after(const struct nwi_index *index, uint32_t at)
{
	return (at + 1) & ((UINT32_C(1) << index->bits) - 1);
}

/* The key's slot, or NWI_NONE. */
NWI_ALWAYS_INLINE uint32_t nwi_index_find(const struct nwi_index *index, uint32_t key)
{
	for (uint32_t at = nwi_index_place(index, key);; at = nwi_index_after(index, at)) {
		struct nwi_pair pair = index->pairs[at];

		if (pair.slot == 0 || pair.key == key)
			return pair.slot - 1; /* NWI_NONE of an empty one */
	}
}

/* The key is not there, and half of the pairs are empty. */
static inline void nwi_index_put(struct nwi_index *index, uint32_t key, uint32_t slot)
{
	uint32_t at = nwi_index_place(index, key);

	while (index->pairs[at].slot != 0)
		at = nwi_index_after(index, at);
	index->pairs[at] = (struct nwi_pair){ .key = key, .slot = slot + 1 };
	index->count++;
}

/* The key is there. Pairs behind it that the gap would cut off from their place move into it. */
static inline void nwi_index_remove(struct nwi_index *index, uint32_t key)
{
	uint32_t mask = (UINT32_C(1) << index->bits) - 1, gap = nwi_index_place(index, key), at;

	while (index->pairs[gap].key != key || index->pairs[gap].slot == 0)
		gap = nwi_index_after(index, gap);
	for (at = nwi_index_after(index, gap); index->pairs[at].slot != 0;
	     at = nwi_index_after(index, at)) {
		uint32_t place = nwi_index_place(index, index->pairs[at].key);

		if (((at - place) & mask) < ((at - gap) & mask))
			continue; /* its place is behind the gap */
		index->pairs[gap] = index->pairs[at];
		gap = at;
	}
	index->pairs[gap].slot = 0;
	index->count--;
}

/* A slot for a key that has none; NWI_NONE: all are taken. */
static inline uint32_t nwi_pool_add(struct nwi_pool *pool, uint32_t key)
{
	uint32_t slot;

	if (pool->spare_count > 0)
		slot = pool->spare[--pool->spare_count];
	else if (pool->fresh < pool->slot_count)
		slot = pool->fresh++;
	else
		return NWI_NONE;
	nwi_index_put(&pool->index, key, slot);
	return slot;
}

static inline void nwi_pool_remove(struct nwi_pool *pool, uint32_t key, uint32_t slot)
{
	nwi_index_remove(&pool->index, key);
	pool->spare[pool->spare_count++] = slot;
}

#endif /* NWI_GOVERN_INDEX_H */
