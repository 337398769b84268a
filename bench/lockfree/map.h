/* SPDX-License-Identifier: MIT */
/*
 * What the hash maps that are measured have in common: keys, and the walk over them.
 * Invariant: keys 0..LF_MAP_KEYS-1 are in the map; a put-and-del takes one of its thread's own.
 */
#ifndef BENCH_LOCKFREE_MAP_H
#define BENCH_LOCKFREE_MAP_H

#include "lockfree.h"

enum { LF_MAP_KEYS = 1 << 16 };

/* A good hash, the same for all. */
static inline uint64_t lf_map_hash(uint64_t key)
{
	key *= UINT64_C(0x9e3779b97f4a7c15);
	return key ^ key >> 32;
}

/* The i-th key that is looked up: no order that a prefetcher could follow. */
static inline uint64_t lf_map_key(uint64_t i)
{
	return lf_map_hash(i) % LF_MAP_KEYS;
}

/* The key that a thread puts and takes out. */
static inline uint64_t lf_map_own_key(uint32_t thread_idx, uint64_t i)
{
	return (UINT64_C(1) << 32) + (uint64_t)thread_idx * LF_PAIR_NODES + i % LF_PAIR_NODES;
}

#endif /* BENCH_LOCKFREE_MAP_H */
