/* SPDX-License-Identifier: MIT */
/*
 * Pools and shards of the process that wrote, in those of this one: links need only another pool
 * and something added; chunks are dealt out to the workers in turn; fingerprints go to the shards
 * that are their homes now.
 *
 * Invariant: numbers are looked at before they are places in memory.
 */
#include "recovery.h"

#include <errno.h>

int nwi_refill_state(struct nwi_recovery *r, uint32_t *ret_bytes)
{
	const struct nw_model *model = r->explore->options.model;
	uint32_t fixed = r->explore->state_bytes;
	size_t n_bytes = 0;
	int rc;

	if (model->unpack) {
		rc = model->unpack(r->pack, &r->file, r->state, &n_bytes);
	} else {
		uint32_t stored;

		rc = nwi_recovery_get(r, &stored, sizeof(stored));
		n_bytes = stored;
		if (rc == 0 && n_bytes > NW_STATE_BYTES_MAX)
			rc = -EBADMSG;
		if (rc == 0)
			rc = nwi_recovery_get(r, r->state, n_bytes);
	}
	if (rc == 0 && (n_bytes > NW_STATE_BYTES_MAX || (fixed && n_bytes != fixed)))
		rc = -EBADMSG;
	*ret_bytes = (uint32_t)n_bytes;
	return rc;
}

/* ---- pools ---- */

static uint32_t new_pool(const struct nwi_recovery *r, uint32_t pool_idx)
{
	return pool_idx % r->explore->worker_count;
}

bool nwi_refill_link(const struct nwi_recovery *r, nwi_link *inout_link)
{
	uint32_t pool_idx = nwi_link_pool(*inout_link);
	uint64_t state_idx = nwi_link_index(*inout_link);

	if (pool_idx == NWI_POOL_NONE)
		return true; /* an initial state's */
	if (pool_idx >= r->head.pool_count || state_idx >= r->pools[pool_idx].state_count)
		return false;
	*inout_link = nwi_link_to(new_pool(r, pool_idx), r->bases[pool_idx] + state_idx,
				  nwi_link_ordinal(*inout_link));
	return true;
}

int nwi_refill_places(struct nwi_recovery *r)
{
	struct nw_explore *explore = r->explore;

	for (uint32_t p = 0; p < r->head.pool_count; p++) {
		struct nwi_pool *pool = explore->pools[new_pool(r, p)];
		int rc;

		r->bases[p] = pool->state_count;
		if (r->pools[p].state_count > UINT64_C(1) << NWI_INDEX_BITS ||
		    r->pools[p].counted > r->pools[p].state_count)
			return -EBADMSG;
		if (pool->state_count + r->pools[p].state_count > UINT64_C(1) << NWI_INDEX_BITS)
			return -ERANGE;
		rc = nwi_pool_add_places(pool, r->pools[p].state_count);
		if (rc < 0)
			return rc;
		pool->counted += r->pools[p].counted;
	}
	return 0;
}

static int get_links(struct nwi_recovery *r, uint32_t pool_idx)
{
	struct nwi_pool *pool = r->explore->pools[new_pool(r, pool_idx)];
	uint64_t left = pool->has_links ? r->pools[pool_idx].state_count : 0;
	nwi_link *to = (nwi_link *)pool->links.items + r->bases[pool_idx];

	while (left > 0) {
		uint64_t n = left < NWI_SAVED_PIECE ? left : NWI_SAVED_PIECE;
		int rc = nwi_recovery_get(r, to, n * sizeof(*to));

		if (rc < 0)
			return rc;
		for (uint64_t i = 0; i < n; i++)
			if (!nwi_refill_link(r, &to[i]))
				return -EBADMSG;
		to += n;
		left -= n;
	}
	return 0;
}

static int get_states(struct nwi_recovery *r, const struct nwi_pool *pool, struct nwi_chunk *chunk)
{
	uint32_t fixed = r->explore->state_bytes, n_bytes;
	uint8_t *at = chunk->bytes, *end = chunk->bytes + pool->chunk_bytes;
	int rc = 0;

	if (fixed && !r->explore->options.model->unpack)
		return nwi_recovery_get(r, at, (size_t)chunk->count * fixed);
	for (uint32_t i = 0; rc == 0 && i < chunk->count; i++) {
		rc = nwi_refill_state(r, &n_bytes);
		if (rc == 0 && (size_t)(end - at) < n_bytes + (fixed ? 0 : sizeof(n_bytes)))
			rc = -EBADMSG;
		if (rc < 0)
			break;
		if (!fixed) {
			memcpy(at, &n_bytes, sizeof(n_bytes));
			at += sizeof(n_bytes);
		}
		memcpy(at, r->state, n_bytes);
		at += n_bytes;
	}
	return rc;
}

/* An empty chunk in the pool of the worker whose turn it is. */
static int add_chunk(struct nwi_recovery *r, const struct nwi_saved_chunk *saved,
		     struct nwi_chunk **ret_chunk)
{
	struct nw_explore *explore = r->explore;
	struct nwi_pool *pool = explore->pools[r->chunk_count++ % explore->worker_count];
	uint32_t from = saved->pool_idx;

	if (saved->level > NWI_SAVED_PAST || from >= r->head.pool_count || saved->count == 0 ||
	    saved->count > pool->chunk_count || saved->first_idx > r->pools[from].state_count ||
	    saved->count > r->pools[from].state_count - saved->first_idx)
		return -EBADMSG;
	*ret_chunk = nwi_pool_spare(pool);
	if (!*ret_chunk)
		return -ENOMEM;
	(*ret_chunk)->first_idx = r->bases[from] + saved->first_idx;
	(*ret_chunk)->pool_idx = new_pool(r, from);
	(*ret_chunk)->count = saved->count;
	if (saved->level == NWI_SAVED_PAST)
		return nwi_pool_keep(explore->pools[new_pool(r, from)], *ret_chunk);
	explore->first_chunk_count += saved->level == NWI_SAVED_NOW;
	return nwi_pool_enlist(
		pool, saved->level == NWI_SAVED_NOW ? explore->now : explore->now ^ 1, *ret_chunk);
}

/* First all that they are, then all that is in them: pointers to them meanwhile, in pieces. */
static int get_chunks(struct nwi_recovery *r)
{
	const struct nw_explore *explore = r->explore;
	uint64_t count, first = r->chunk_count;
	struct nwi_array chunks;
	int rc = nwi_recovery_get(r, &count, sizeof(count));

	if (rc < 0)
		return rc;
	rc = nwi_array_open(&chunks, NW_NODE_ANY, explore->reserve_bytes, sizeof(void *));
	for (uint64_t i = 0; rc == 0 && i < count; i++) {
		struct nwi_saved_chunk saved;

		rc = nwi_array_grow(&chunks, &r->explore->budget);
		if (rc == 0)
			rc = nwi_recovery_get(r, &saved, sizeof(saved));
		if (rc == 0)
			rc = add_chunk(r, &saved,
				       &((struct nwi_chunk **)chunks.items)[chunks.count++]);
	}
	for (uint64_t i = 0; rc == 0 && i < count; i++)
		rc = get_states(r, explore->pools[(first + i) % explore->worker_count],
				((struct nwi_chunk **)chunks.items)[i]);
	nwi_array_close(&chunks, &r->explore->budget);
	return rc;
}

int nwi_refill_pools(struct nwi_recovery *r)
{
	for (;;) {
		uint64_t pool_idx;
		int rc = nwi_recovery_get(r, &pool_idx, sizeof(pool_idx));

		if (rc < 0 || pool_idx == UINT64_MAX)
			return rc;
		if (pool_idx >= r->head.pool_count)
			return -EBADMSG;
		rc = get_links(r, (uint32_t)pool_idx);
		if (rc == 0)
			rc = get_chunks(r);
		if (rc < 0)
			return rc;
	}
}

/* ---- shards ---- */

static struct nwi_shard *shard_of(const struct nwi_recovery *r, uint64_t fp, uint32_t *ret_idx)
{
	const struct nw_explore *explore = r->explore;

	*ret_idx = explore->homes[nw_fpset_home(fp, explore->home_count)].shard_idx;
	return &explore->shards[*ret_idx];
}

static int flush(struct nwi_recovery *r, uint32_t shard_idx)
{
	struct nwi_recovery_queue *queue = &r->queues[shard_idx];
	uint64_t is_new[NWI_GROUP_MAX / 64];
	uint64_t new_count = 0;
	int rc = nw_fpset_insert(r->explore->shards[shard_idx].set, 0, queue->fps, queue->count,
				 is_new);

	for (uint32_t i = 0; i < queue->count; i++)
		new_count += is_new[i / 64] >> i % 64 & 1;
	if (rc == 0 && new_count != queue->count)
		rc = -EBADMSG;
	r->seen_count += queue->count;
	queue->count = 0;
	return rc;
}

static int get_fingerprints(struct nwi_recovery *r, uint64_t count)
{
	int rc = 0;

	while (rc == 0 && count > 0) {
		uint64_t n = count < NWI_SAVED_PIECE ? count : NWI_SAVED_PIECE;

		rc = nwi_recovery_get(r, r->piece, n * sizeof(*r->piece));
		for (uint64_t i = 0; rc == 0 && i < n; i++) {
			uint32_t shard_idx;
			struct nwi_recovery_queue *queue;

			(void)shard_of(r, r->piece[i], &shard_idx);
			queue = &r->queues[shard_idx];
			queue->fps[queue->count++] = r->piece[i];
			if (queue->count == NWI_GROUP_MAX)
				rc = flush(r, shard_idx);
		}
		count -= n;
	}
	return rc;
}

static int get_whole_states(struct nwi_recovery *r, uint64_t count)
{
	int rc = 0;

	for (uint64_t i = 0; rc == 0 && i < count; i++) {
		uint32_t n_bytes, shard_idx;
		uint64_t fp;

		rc = nwi_refill_state(r, &n_bytes);
		if (rc < 0)
			break;
		fp = nwi_fingerprint(r->state, n_bytes);
		rc = nwi_exact_insert(shard_of(r, fp, &shard_idx)->exact, fp, r->state, n_bytes);
		rc = rc == 1 ? 0 : rc == 0 ? -EBADMSG : rc;
		r->seen_count++;
	}
	return rc;
}

int nwi_refill_shards(struct nwi_recovery *r)
{
	for (;;) {
		uint64_t shard_idx, count;
		int rc = nwi_recovery_get(r, &shard_idx, sizeof(shard_idx));

		if (rc < 0 || shard_idx == UINT64_MAX)
			return rc;
		rc = nwi_recovery_get(r, &count, sizeof(count));
		if (rc == 0)
			rc = r->explore->options.exact ? get_whole_states(r, count)
						       : get_fingerprints(r, count);
		if (rc < 0)
			return rc;
	}
}

int nwi_refill_flush(struct nwi_recovery *r)
{
	int rc = 0;

	for (uint32_t s = 0; rc == 0 && s < r->explore->shard_count; s++)
		rc = r->explore->options.exact ? 0 : flush(r, s);
	return rc;
}
