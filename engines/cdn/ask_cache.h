/* SPDX-License-Identifier: MIT */
/*
 * Answers that are kept: bounded in number and in bytes, each until its time is over, the longest
 * unused first to go.
 *
 * A value lies in a chain of pieces of 256 bytes. Keys are known by 128 bits of a hash with a
 * secret of the cache's own, so that nobody else can make two of them meet.
 *
 * Invariant: every piece is free or in one entry's chain; every entry is free or both in its bucket
 * and in the order of use.
 */
#ifndef NWI_CDN_ASK_CACHE_H
#define NWI_CDN_ASK_CACHE_H

#include <nw/arena.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NWI_CACHE_PIECE_BYTES = 256, NWI_CACHE_PIECES_EACH = 8 };

struct nwi_cache_entry;

struct nwi_cache {
	struct nwi_cache_entry *entries; /* [count] */
	uint32_t *buckets;               /* [mask + 1], 0: empty, else entry + 1, as everywhere */
	uint32_t *piece_next;            /* [piece_count] */
	unsigned char *pieces;
	uint64_t secret;
	uint32_t count, piece_count, mask;
	uint32_t free_entry, free_piece, free_piece_count;
	uint32_t newest, oldest;
	uint32_t used_count;
	uint64_t hit_count, miss_count, evicted_count;
};

/* count: entries at most; 0: nothing is kept. 0 or -ENOMEM; its memory is the arena's. */
int nwi_cache_init(struct nwi_cache *cache, struct nw_arena *arena, uint32_t count,
		   uint64_t secret);
/* false: it is not there, its time is over, or it has more than room bytes. */
bool nwi_cache_get(struct nwi_cache *cache, const void *key, size_t key_bytes, uint64_t now_ns,
		   void *ret_value, size_t room);
/* Replaces. A value that would need more than a quarter of all pieces is not kept. */
void nwi_cache_put(struct nwi_cache *cache, const void *key, size_t key_bytes, const void *value,
		   size_t n_bytes, uint64_t until_ns);

#endif /* NWI_CDN_ASK_CACHE_H */
