/* SPDX-License-Identifier: MIT */
/*
 * Pools: the states of this level and the next, and the parent of each state ever kept.
 *
 * A state's place is its number in its pool. Chunks hold states in the order of their places, so
 * a place needs no memory of its own: a chunk notes that of its first state.
 *
 * Invariant: while a level runs, this level's list does not change but for `taken`, and the next
 * level's list is written by the pool's owner alone (or under its lock), so taking and adding
 * never meet.
 */
#include "explore.h"

#include <errno.h>
#include <string.h>

enum {
	CHUNK_STATES = 256, /* what one worker takes at a time */
	CHUNK_BYTES_VARYING = 72 * 1024,
	LENGTH_BYTES = sizeof(uint32_t),
};

static int open_arrays(struct nwi_pool *pool, nw_node node, size_t reserve_bytes)
{
	size_t list_bytes = reserve_bytes / 64 + 4096;
	int rc = nw_arena_create(&pool->chunks, node, reserve_bytes, NW_MEM_HUGE);

	for (int i = 0; i < 2 && rc == 0; i++)
		rc = nwi_array_open(&pool->lists[i], node, list_bytes, sizeof(void *));
	if (rc == 0)
		rc = nwi_array_open(&pool->spare, node, list_bytes, sizeof(void *));
	if (rc == 0 && pool->has_links)
		rc = nwi_array_open(&pool->links, node, reserve_bytes, sizeof(nwi_link));
	return rc;
}

int nwi_pool_create(struct nwi_pool **ret_pool, struct nw_explore *explore, uint32_t pool_idx,
		    uint32_t node_idx)
{
	nw_node node = nwi_memory_node(explore, node_idx);
	struct nw_arena *arena;
	struct nwi_pool *pool;
	int rc = nw_arena_create(&arena, node, sizeof(*pool) + NW_CACHE_PAIR, 0);

	if (rc < 0)
		return rc;
	pool = nw_arena_alloc(arena, sizeof(*pool), NW_CACHE_PAIR);
	pool->arena = arena;
	pool->budget = &explore->budget;
	pool->pool_idx = pool_idx;
	pool->node_idx = node_idx;
	pool->state_bytes = explore->state_bytes;
	pool->chunk_bytes = pool->state_bytes ? pool->state_bytes * CHUNK_STATES :
						CHUNK_BYTES_VARYING;
	pool->has_links = !explore->options.no_trace;
	pthread_mutex_init(&pool->lock, NULL);
	rc = open_arrays(pool, node, explore->reserve_bytes);
	if (rc < 0) {
		nwi_pool_destroy(pool);
		return rc;
	}
	*ret_pool = pool;
	return 0;
}

void nwi_pool_destroy(struct nwi_pool *pool)
{
	if (!pool)
		return;
	nwi_array_close(&pool->links, pool->budget);
	nwi_array_close(&pool->spare, pool->budget);
	nwi_array_close(&pool->lists[1], pool->budget);
	nwi_array_close(&pool->lists[0], pool->budget);
	nw_arena_destroy(pool->chunks);
	pthread_mutex_destroy(&pool->lock);
	nw_arena_destroy(pool->arena);
}

static int push_chunk(struct nwi_pool *pool, struct nwi_array *list, struct nwi_chunk *chunk)
{
	int rc = nwi_array_grow(list, pool->budget);

	if (rc == 0)
		((struct nwi_chunk **)list->items)[list->count++] = chunk;
	return rc;
}

static struct nwi_chunk *spare_chunk(struct nwi_pool *pool)
{
	size_t n_bytes = sizeof(struct nwi_chunk) + pool->chunk_bytes;
	struct nwi_chunk *chunk;

	if (pool->spare.count > 0)
		return ((struct nwi_chunk **)pool->spare.items)[--pool->spare.count];
	if (!nwi_budget_take(pool->budget, n_bytes))
		return NULL;
	chunk = nw_arena_alloc(pool->chunks, n_bytes, alignof(struct nwi_chunk));
	if (!chunk)
		nwi_budget_give(pool->budget, n_bytes);
	return chunk;
}

static int open_chunk(struct nwi_pool *pool, uint32_t next)
{
	struct nwi_chunk *chunk = spare_chunk(pool);

	if (!chunk || push_chunk(pool, &pool->lists[next], chunk) < 0)
		return -ENOMEM;
	chunk->first_idx = pool->state_count;
	chunk->pool_idx = pool->pool_idx;
	chunk->count = 0;
	chunk->n_bytes = 0;
	pool->open = chunk;
	return 0;
}

static bool has_room(const struct nwi_pool *pool, const struct nwi_chunk *chunk, uint32_t n_bytes)
{
	uint32_t length_bytes = pool->state_bytes ? 0 : LENGTH_BYTES;

	return chunk && chunk->count < CHUNK_STATES &&
	       chunk->n_bytes + length_bytes + n_bytes <= pool->chunk_bytes;
}

static int note_link(struct nwi_pool *pool, nwi_link link)
{
	int rc = nwi_array_grow(&pool->links, pool->budget);

	if (rc == 0)
		((nwi_link *)pool->links.items)[pool->links.count++] = link;
	return rc;
}

int nwi_pool_add(struct nwi_pool *pool, uint32_t next, const uint8_t *state, uint32_t n_bytes,
		 nwi_link link)
{
	struct nwi_chunk *chunk;
	uint8_t *to;

	if (pool->has_links && note_link(pool, link) < 0)
		return -ENOMEM;
	if (!has_room(pool, pool->open, n_bytes) && open_chunk(pool, next) < 0)
		return -ENOMEM;
	chunk = pool->open;
	to = chunk->bytes + chunk->n_bytes;
	if (pool->state_bytes == 0) {
		memcpy(to, &n_bytes, LENGTH_BYTES);
		to += LENGTH_BYTES;
		chunk->n_bytes += LENGTH_BYTES;
	}
	if (pool->state_bytes == 8) /* the commonest size, as one store */
		memcpy(to, state, 8);
	else
		memcpy(to, state, n_bytes);
	chunk->n_bytes += n_bytes;
	chunk->count++;
	pool->state_count++;
	return 0;
}

struct nwi_chunk *nwi_pool_take(struct nwi_pool *pool, uint32_t now)
{
	const struct nwi_array *list = &pool->lists[now];
	uint64_t i;

	/* relaxed: hint that keeps idle workers from writing; checked again below. */
	if (atomic_load_explicit(&pool->taken, memory_order_relaxed) >= list->count)
		return NULL;
	/* relaxed: the number is all that is shared; the list and the chunks were published to
	 * every worker when they met before this level. */
	i = atomic_fetch_add_explicit(&pool->taken, 1, memory_order_relaxed);
	return i < list->count ? ((struct nwi_chunk **)list->items)[i] : NULL;
}

int nwi_pool_turn(struct nwi_pool *pool, uint32_t now)
{
	struct nwi_array *done = &pool->lists[now];

	for (uint64_t i = 0; i < done->count; i++) {
		int rc = push_chunk(pool, &pool->spare, ((struct nwi_chunk **)done->items)[i]);

		if (rc < 0)
			return rc;
	}
	done->count = 0;
	pool->open = NULL;
	/* relaxed: under the meeting: no worker takes until it is released from it. */
	atomic_store_explicit(&pool->taken, 0, memory_order_relaxed);
	return 0;
}
