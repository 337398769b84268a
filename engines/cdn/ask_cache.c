/* SPDX-License-Identifier: MIT */
/* Answers that are kept: chains of pieces, buckets, an order of use. */
#include "cdn/ask_cache.h"

#include <errno.h>
#include <string.h>
#include <xxhash.h>

struct nwi_cache_entry {
	XXH128_hash_t key;
	uint64_t until_ns;
	uint32_t n_bytes, first_piece;
	uint32_t bucket_next;  /* also of the free ones */
	uint32_t newer, older; /* order of use */
};

int nwi_cache_init(struct nwi_cache *cache, struct nw_arena *arena, uint32_t count, uint64_t secret)
{
	uint32_t buckets = 1;

	*cache = (struct nwi_cache){ .count = count, .secret = secret };
	if (count == 0)
		return 0;
	while (buckets < count)
		buckets *= 2;
	cache->mask = buckets - 1;
	cache->piece_count = count * NWI_CACHE_PIECES_EACH;
	cache->entries = nw_arena_alloc(arena, count * sizeof(*cache->entries), 16);
	cache->buckets = nw_arena_alloc(arena, buckets * sizeof(*cache->buckets), 8);
	cache->piece_next = nw_arena_alloc(arena, cache->piece_count * sizeof(*cache->piece_next),
					   8);
	cache->pieces = nw_arena_alloc(arena, (size_t)cache->piece_count * NWI_CACHE_PIECE_BYTES,
				       16);
	if (!cache->entries || !cache->buckets || !cache->piece_next || !cache->pieces)
		return -ENOMEM;
	for (uint32_t i = count; i > 0; i--) {
		cache->entries[i - 1].bucket_next = cache->free_entry;
		cache->free_entry = i;
	}
	for (uint32_t i = cache->piece_count; i > 0; i--) {
		cache->piece_next[i - 1] = cache->free_piece;
		cache->free_piece = i;
	}
	cache->free_piece_count = cache->piece_count;
	return 0;
}

static struct nwi_cache_entry *entry(struct nwi_cache *cache, uint32_t id)
{
	return &cache->entries[id - 1];
}

static uint32_t *bucket(struct nwi_cache *cache, XXH128_hash_t key)
{
	return &cache->buckets[key.low64 & cache->mask];
}

static uint32_t find(struct nwi_cache *cache, XXH128_hash_t key)
{
	uint32_t id = *bucket(cache, key);

	while (id && !XXH128_isEqual(entry(cache, id)->key, key))
		id = entry(cache, id)->bucket_next;
	return id;
}

/* --- The order of use --- */

static void leave_order(struct nwi_cache *cache, uint32_t id)
{
	struct nwi_cache_entry *e = entry(cache, id);

	*(e->newer ? &entry(cache, e->newer)->older : &cache->newest) = e->older;
	*(e->older ? &entry(cache, e->older)->newer : &cache->oldest) = e->newer;
}

static void become_newest(struct nwi_cache *cache, uint32_t id)
{
	struct nwi_cache_entry *e = entry(cache, id);

	e->newer = 0;
	e->older = cache->newest;
	*(e->older ? &entry(cache, e->older)->newer : &cache->oldest) = id;
	cache->newest = id;
}

/* --- Pieces --- */

static void give_back(struct nwi_cache *cache, struct nwi_cache_entry *e)
{
	for (uint32_t piece = e->first_piece, next; piece; piece = next) {
		next = cache->piece_next[piece - 1];
		cache->piece_next[piece - 1] = cache->free_piece;
		cache->free_piece = piece;
		cache->free_piece_count++;
	}
	e->first_piece = 0;
}

static void drop(struct nwi_cache *cache, uint32_t id)
{
	struct nwi_cache_entry *e = entry(cache, id);
	uint32_t *link = bucket(cache, e->key);

	while (*link != id)
		link = &entry(cache, *link)->bucket_next;
	*link = e->bucket_next;
	leave_order(cache, id);
	give_back(cache, e);
	e->bucket_next = cache->free_entry;
	cache->free_entry = id;
	cache->used_count--;
}

static size_t piece_part(size_t n_bytes)
{
	return n_bytes < NWI_CACHE_PIECE_BYTES ? n_bytes : NWI_CACHE_PIECE_BYTES;
}

static unsigned char *piece_at(struct nwi_cache *cache, uint32_t piece)
{
	return cache->pieces + (size_t)(piece - 1) * NWI_CACHE_PIECE_BYTES;
}

/* There are free pieces enough. */
static void fill(struct nwi_cache *cache, struct nwi_cache_entry *e, const unsigned char *value,
		 size_t n_bytes)
{
	uint32_t *link = &e->first_piece;

	e->n_bytes = (uint32_t)n_bytes;
	for (size_t n; n_bytes > 0; value += n, n_bytes -= n) {
		uint32_t piece = cache->free_piece;

		n = piece_part(n_bytes);
		cache->free_piece = cache->piece_next[piece - 1];
		cache->free_piece_count--;
		memcpy(piece_at(cache, piece), value, n);
		*link = piece;
		link = &cache->piece_next[piece - 1];
	}
	*link = 0;
}

/* --- Both ways --- */

bool nwi_cache_get(struct nwi_cache *cache, const void *key, size_t key_bytes, uint64_t now_ns,
		   void *ret_value, size_t room)
{
	uint32_t id = cache->count
			      ? find(cache, XXH3_128bits_withSeed(key, key_bytes, cache->secret))
			      : 0;
	unsigned char *out = ret_value;
	size_t left;

	if (id && entry(cache, id)->until_ns <= now_ns) {
		drop(cache, id);
		id = 0;
	}
	if (!id || entry(cache, id)->n_bytes > room) {
		cache->miss_count++;
		return false;
	}
	left = entry(cache, id)->n_bytes;
	for (uint32_t piece = entry(cache, id)->first_piece; piece;
	     piece = cache->piece_next[piece - 1]) {
		memcpy(out, piece_at(cache, piece), piece_part(left));
		out += piece_part(left);
		left -= piece_part(left);
	}
	leave_order(cache, id);
	become_newest(cache, id);
	cache->hit_count++;
	return true;
}

void nwi_cache_put(struct nwi_cache *cache, const void *key, size_t key_bytes, const void *value,
		   size_t n_bytes, uint64_t until_ns)
{
	size_t pieces = (n_bytes + NWI_CACHE_PIECE_BYTES - 1) / NWI_CACHE_PIECE_BYTES;
	XXH128_hash_t hash;
	uint32_t id;

	if (cache->count == 0 || pieces > cache->piece_count / 4)
		return;
	hash = XXH3_128bits_withSeed(key, key_bytes, cache->secret);
	id = find(cache, hash);
	if (id)
		drop(cache, id);
	while (!cache->free_entry || cache->free_piece_count < pieces) {
		drop(cache, cache->oldest);
		cache->evicted_count++;
	}
	id = cache->free_entry;
	cache->free_entry = entry(cache, id)->bucket_next;
	entry(cache, id)->key = hash;
	entry(cache, id)->until_ns = until_ns;
	entry(cache, id)->bucket_next = *bucket(cache, hash);
	*bucket(cache, hash) = id;
	become_newest(cache, id);
	fill(cache, entry(cache, id), value, n_bytes);
	cache->used_count++;
}
