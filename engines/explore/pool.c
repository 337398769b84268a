/* SPDX-License-Identifier: MIT */
/*
 * Pools: the states of this level and the next, and the parent of each state ever kept.
 *
 * A state's place is its number in its pool. Chunks hold states in the order of their places, so
 * a place needs no memory of its own: a chunk notes that of its first state.
 *
 * A chunk's count is written when it is closed: until then what is in it follows from the
 * pool's state_count.
 *
 * Invariant: while a level runs, this level's list does not change but for `taken`, and the next
 * level's list is written by the pool's owner alone (or under its lock), so taking and adding
 * never meet.
 */
#include "explore.h"

#include <errno.h>
#include <string.h>

enum {
#ifdef NW_SMALL
	CHUNK_STATES = 8,
#else
	CHUNK_STATES = 256, /* what one worker takes at a time */
#endif
	CHUNK_BYTES_FIXED = 256 * 1024, /* longer states go in fewer to a chunk */
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
	if (rc == 0)
		rc = nwi_array_open(&pool->kept, node, list_bytes, sizeof(void *));
	if (rc == 0 && pool->has_links)
		rc = nwi_array_open(&pool->links, node, reserve_bytes, sizeof(nwi_link));
	return rc;
}

static uint32_t chunk_count(uint32_t state_bytes)
{
	uint32_t fits = state_bytes ? CHUNK_BYTES_FIXED / state_bytes : CHUNK_STATES;

	return fits < CHUNK_STATES ? fits : CHUNK_STATES;
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
	pool->chunk_count = chunk_count(pool->state_bytes);
	pool->chunk_bytes = pool->state_bytes ? pool->state_bytes * pool->chunk_count
					      : CHUNK_BYTES_VARYING;
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
	nwi_array_close(&pool->kept, pool->budget);
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

struct nwi_chunk *nwi_pool_spare(struct nwi_pool *pool)
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

/* Notes in the open chunk what was put there. */
static void close_chunk(struct nwi_pool *pool)
{
	struct nwi_chunk *chunk = pool->open;

	if (!chunk)
		return;
	chunk->count = (uint32_t)(pool->state_count - chunk->first_idx);
	pool->open = NULL;
	pool->room = 0;
}

static int open_chunk(struct nwi_pool *pool, uint32_t next)
{
	struct nwi_chunk *chunk;

	/* A place past what a link can hold could not be told from another one. */
	if (pool->has_links && pool->state_count + CHUNK_STATES > UINT64_C(1) << NWI_INDEX_BITS)
		return -ENOMEM;
	chunk = nwi_pool_spare(pool);
	close_chunk(pool);
	if (!chunk || push_chunk(pool, &pool->lists[next], chunk) < 0)
		return -ENOMEM;
	chunk->first_idx = pool->state_count;
	chunk->pool_idx = pool->pool_idx;
	pool->open = chunk;
	pool->at = chunk->bytes;
	return 0;
}

/* Room for CHUNK_STATES more links, so that a chunk's states need not ask. */
static int make_link_room(struct nwi_pool *pool)
{
	struct nwi_array *links = &pool->links;
	int rc = 0;

	while (pool->has_links && links->count_max - links->count < CHUNK_STATES && rc == 0)
		rc = nwi_array_extend(links, pool->budget);
	return rc;
}

static bool has_room(const struct nwi_pool *pool, uint32_t n_bytes)
{
	const struct nwi_chunk *chunk = pool->open;

	return chunk && pool->state_count - chunk->first_idx < CHUNK_STATES &&
	       (size_t)(pool->at - chunk->bytes) + LENGTH_BYTES + n_bytes <= pool->chunk_bytes;
}

static int add_varying(struct nwi_pool *pool, uint32_t next, const uint8_t *state, uint32_t n_bytes,
		       nwi_link link)
{
	if (!has_room(pool, n_bytes) && (open_chunk(pool, next) < 0 || make_link_room(pool) < 0))
		return -ENOMEM;
	if (pool->has_links)
		((nwi_link *)pool->links.items)[pool->links.count++] = link;
	memcpy(pool->at, &n_bytes, LENGTH_BYTES);
	memcpy(pool->at + LENGTH_BYTES, state, n_bytes);
	pool->at += LENGTH_BYTES + n_bytes;
	pool->state_count++;
	return 0;
}

int nwi_pool_add_slowly(struct nwi_pool *pool, uint32_t next, const uint8_t *state,
			uint32_t n_bytes, nwi_link link)
{
	if (pool->state_bytes == 0)
		return add_varying(pool, next, state, n_bytes, link);
	if (open_chunk(pool, next) < 0 || make_link_room(pool) < 0)
		return -ENOMEM;
	pool->room = pool->chunk_count;
	return nwi_pool_add(pool, next, state, n_bytes, link);
}

int nwi_pool_enlist(struct nwi_pool *pool, uint32_t list_idx, struct nwi_chunk *chunk)
{
	return push_chunk(pool, &pool->lists[list_idx], chunk);
}

int nwi_pool_add_places(struct nwi_pool *pool, uint64_t state_count)
{
	struct nwi_array *links = &pool->links;
	int rc = 0;

	pool->state_count += state_count;
	while (pool->has_links && links->count_max < pool->state_count && rc == 0)
		rc = nwi_array_extend(links, pool->budget);
	if (rc == 0 && pool->has_links)
		links->count = pool->state_count;
	return rc;
}

uint64_t nwi_pool_untaken(const struct nwi_pool *pool, uint32_t now)
{
	/* relaxed: it cannot change before the workers have met: nobody takes. */
	uint64_t taken = atomic_load_explicit(&pool->taken, memory_order_relaxed);

	return taken < pool->lists[now].count ? pool->lists[now].count - taken : 0;
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

/* In the order of their places, in which they come but after a recovery. */
int nwi_pool_keep(struct nwi_pool *pool, struct nwi_chunk *chunk)
{
	int rc = push_chunk(pool, &pool->kept, chunk);
	struct nwi_chunk **at;

	if (rc < 0)
		return rc;
	at = (struct nwi_chunk **)pool->kept.items + pool->kept.count - 1;
	for (uint64_t i = pool->kept.count - 1; i > 0 && at[-1]->first_idx > chunk->first_idx; i--)
		*at = at[-1], at--;
	*at = chunk;
	return 0;
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
	close_chunk(pool);
	/* relaxed: under the meeting: no worker takes until it is released from it. */
	atomic_store_explicit(&pool->taken, 0, memory_order_relaxed);
	return 0;
}
