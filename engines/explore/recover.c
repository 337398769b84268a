/* SPDX-License-Identifier: MIT */
/*
 * Going on from a checkpoint, in a search of other workers, routes and nodes.
 *
 * A pool of the process that wrote is put behind another in one of this one's pools: its states
 * keep their order, so that links need only another pool and something added. Chunks are dealt out
 * to the workers in turn. Fingerprints go to the shards that are their homes now.
 *
 * Invariant: what is read is what was written (nw_snapshot_get() sees to that); numbers are looked
 * at all the same before they are places in memory.
 */
#include "saved.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

enum { TOLD_BYTES = 64 };

/* Fingerprints of one shard, on their way there. */
struct queue {
	uint32_t count;
	uint64_t fps[NWI_GROUP_MAX];
};

struct nwi_recovery {
	struct nw_model_file file; /* first: the model's way to the part */
	struct nw_arena *arena;    /* this, and the arrays */
	struct nw_explore *explore;
	struct nw_snapshot_view *view;
	struct nwi_saved_head head;
	const struct nwi_saved_pool *pools; /* [head.pool_count] */
	const uint64_t *levels;             /* [head.level_count] */
	uint64_t *bases;                    /* [head.pool_count] where it begins in its new pool */
	struct queue *queues;               /* [shard] */
	uint64_t *piece;                    /* NWI_SAVED_PIECE links */
	uint8_t *state;                     /* NW_STATE_BYTES_MAX */
	void *pack;                         /* the model's, where it has one */
	uint64_t chunk_count;               /* dealt out so far */
	uint64_t seen_count;                /* fingerprints or states put into shards */
};

/* ---- saying why not ---- */

static int explain(const struct nw_explore *explore, int rc, struct nw_diag *diag)
{
	const char *folder = explore->options.recover_folder;
	char text[160];

	if (rc == -ENODATA)
		rc = -EBADMSG;
	if (rc == -ENOTSUP)
		rc = -ESTALE;
	if (rc == -ENOENT)
		(void)snprintf(text, sizeof(text), "there is no checkpoint");
	else if (rc == -EBADMSG)
		(void)snprintf(text, sizeof(text), "the checkpoint is damaged");
	else if (rc == -ESTALE)
		(void)snprintf(text, sizeof(text),
			       "the checkpoint is of another version, or another machine");
	else if (rc == -ENOMEM)
		(void)snprintf(text, sizeof(text),
			       "the checkpoint does not fit the memory allowed; allow more");
	else if (rc == -ERANGE)
		(void)snprintf(text, sizeof(text),
			       "the checkpoint is too large for so few workers");
	else
		(void)snprintf(text, sizeof(text), "%s", strerror(-rc));
	if (diag)
		(void)snprintf(diag->text, sizeof(diag->text), "%.80s: %s", folder, text);
	return rc;
}

/* The line of a text that begins at a place, without its end and not too long to tell. */
static int line_bytes(const char *text, size_t n_bytes, size_t at)
{
	size_t n = 0;

	while (at + n < n_bytes && text[at + n] != '\n' && n < TOLD_BYTES)
		n++;
	return (int)n;
}

/* Tells the first line that differs. */
static int refuse_other(const struct nw_explore *explore, const char *theirs, size_t n_bytes,
			struct nw_diag *diag)
{
	const char *ours = explore->about;
	size_t at = 0;

	for (size_t i = 0; i < n_bytes && i < explore->about_bytes && theirs[i] == ours[i]; i++)
		if (theirs[i] == '\n')
			at = i + 1;
	if (diag)
		(void)snprintf(
			diag->text, sizeof(diag->text),
			"%.60s: the checkpoint is of another search: \"%.*s\", here \"%.*s\"",
			explore->options.recover_folder, line_bytes(theirs, n_bytes, at),
			theirs + at, line_bytes(ours, explore->about_bytes, at), ours + at);
	return -ESTALE;
}

/* ---- reading ---- */

static int get(struct nwi_recovery *r, void *bytes, size_t n_bytes)
{
	return nw_snapshot_get(r->view, bytes, n_bytes);
}

static int get_for_model(struct nw_model_file *file, void *bytes, size_t n_bytes)
{
	return get((struct nwi_recovery *)(void *)file, bytes, n_bytes);
}

static int put_for_model(struct nw_model_file *file, const void *bytes, size_t n_bytes)
{
	(void)file;
	(void)bytes;
	(void)n_bytes;
	return -EBADF; /* it is read from */
}

/* A state into r->state, as it is in this process. */
static int get_state(struct nwi_recovery *r, uint32_t *ret_bytes)
{
	const struct nw_model *model = r->explore->options.model;
	uint32_t fixed = r->explore->state_bytes;
	size_t n_bytes = 0;
	int rc;

	if (model->unpack) {
		rc = model->unpack(r->pack, &r->file, r->state, &n_bytes);
	} else {
		uint32_t stored;

		rc = get(r, &stored, sizeof(stored));
		n_bytes = stored;
		if (rc == 0 && n_bytes > NW_STATE_BYTES_MAX)
			rc = -EBADMSG;
		if (rc == 0)
			rc = get(r, r->state, n_bytes);
	}
	if (rc == 0 && (n_bytes > NW_STATE_BYTES_MAX || (fixed && n_bytes != fixed)))
		rc = -EBADMSG;
	*ret_bytes = (uint32_t)n_bytes;
	return rc;
}

/* ---- about ---- */

static int read_about(struct nwi_recovery *r, struct nw_diag *diag)
{
	struct nw_explore *explore = r->explore;
	size_t n_bytes, lists;
	const uint8_t *from = nw_snapshot_about(r->view, &n_bytes);
	uint8_t *copy = nw_arena_alloc(r->arena, n_bytes + 1, 8);

	if (!copy)
		return explain(explore, -ENOMEM, diag);
	memcpy(copy, from, n_bytes);
	copy[n_bytes] = '\0';
	if (n_bytes < sizeof(r->head))
		return explain(explore, -EBADMSG, diag);
	memcpy(&r->head, copy, sizeof(r->head));
	if (r->head.version != NWI_SAVED_VERSION)
		return explain(explore, -ESTALE, diag);
	lists = r->head.pool_count * sizeof(*r->pools) + r->head.level_count * sizeof(*r->levels);
	if (r->head.pool_count == 0 || r->head.pool_count > NWI_POOLS_MAX ||
	    r->head.level_count == 0 || r->head.level_count > UINT32_MAX ||
	    r->head.about_bytes > n_bytes ||
	    sizeof(r->head) + lists + r->head.about_bytes != n_bytes)
		return explain(explore, -EBADMSG, diag);
	r->pools = (const void *)(copy + sizeof(r->head));
	r->levels = (const void *)(r->pools + r->head.pool_count);
	copy += sizeof(r->head) + lists;
	if (r->head.about_bytes != explore->about_bytes ||
	    memcmp(copy, explore->about, explore->about_bytes) != 0)
		return refuse_other(explore, (const char *)copy, r->head.about_bytes, diag);
	return 0;
}

static int restore_model(struct nwi_recovery *r)
{
	const struct nw_explore_options *o = &r->explore->options;
	int rc = nw_snapshot_read_part(r->view, 0);

	if (rc == 0 && o->model->restore)
		rc = o->model->restore(o->model_data, &r->file);
	return rc;
}

int nwi_recovery_open(struct nw_explore *explore, struct nw_diag *reterr_diag)
{
	struct nwi_recovery *r;
	struct nw_arena *arena;
	int rc;

	if (!explore->options.recover_folder)
		return 0;
	rc = nw_arena_create(&arena, NW_NODE_ANY, explore->reserve_bytes, 0);
	if (rc < 0)
		return explain(explore, rc, reterr_diag);
	r = nw_arena_alloc(arena, sizeof(*r), 8);
	*r = (struct nwi_recovery){ .file = { put_for_model, get_for_model },
				    .arena = arena,
				    .explore = explore };
	explore->recovery = r;
	rc = nw_snapshot_open(&r->view, explore->options.recover_folder, NULL);
	if (rc < 0)
		return explain(explore, rc, reterr_diag);
	rc = read_about(r, reterr_diag);
	if (rc < 0)
		return rc;
	rc = restore_model(r);
	return rc < 0 ? explain(explore, rc, reterr_diag) : 0;
}

void nwi_recovery_close(struct nw_explore *explore)
{
	if (!explore->recovery)
		return;
	nw_snapshot_close(explore->recovery->view);
	nw_arena_destroy(explore->recovery->arena);
	explore->recovery = NULL;
}

/* ---- pools ---- */

static uint32_t new_pool(const struct nwi_recovery *r, uint32_t pool_idx)
{
	return pool_idx % r->explore->worker_count;
}

/* The place in this process of one in the process that wrote. False: there is none such. */
static bool move_link(const struct nwi_recovery *r, nwi_link *inout_link)
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

/* Room for all pools, one behind the other. */
static int make_places(struct nwi_recovery *r)
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
		int rc = get(r, to, n * sizeof(*to));

		if (rc < 0)
			return rc;
		for (uint64_t i = 0; i < n; i++)
			if (!move_link(r, &to[i]))
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
		return get(r, at, (size_t)chunk->count * fixed);
	for (uint32_t i = 0; rc == 0 && i < chunk->count; i++) {
		rc = get_state(r, &n_bytes);
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
	int rc = get(r, &count, sizeof(count));

	if (rc < 0)
		return rc;
	rc = nwi_array_open(&chunks, NW_NODE_ANY, explore->reserve_bytes, sizeof(void *));
	for (uint64_t i = 0; rc == 0 && i < count; i++) {
		struct nwi_saved_chunk saved;

		rc = nwi_array_grow(&chunks, &r->explore->budget);
		if (rc == 0)
			rc = get(r, &saved, sizeof(saved));
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

static int get_pools(struct nwi_recovery *r)
{
	for (;;) {
		uint64_t pool_idx;
		int rc = get(r, &pool_idx, sizeof(pool_idx));

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
	struct queue *queue = &r->queues[shard_idx];
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

		rc = get(r, r->piece, n * sizeof(*r->piece));
		for (uint64_t i = 0; rc == 0 && i < n; i++) {
			uint32_t shard_idx;
			struct queue *queue;

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

		rc = get_state(r, &n_bytes);
		if (rc < 0)
			break;
		fp = nwi_fingerprint(r->state, n_bytes);
		rc = nwi_exact_insert(shard_of(r, fp, &shard_idx)->exact, fp, r->state, n_bytes);
		rc = rc == 1 ? 0 : rc == 0 ? -EBADMSG : rc;
		r->seen_count++;
	}
	return rc;
}

static int get_shards(struct nwi_recovery *r)
{
	for (;;) {
		uint64_t shard_idx, count;
		int rc = get(r, &shard_idx, sizeof(shard_idx));

		if (rc < 0 || shard_idx == UINT64_MAX)
			return rc;
		rc = get(r, &count, sizeof(count));
		if (rc == 0)
			rc = r->explore->options.exact ? get_whole_states(r, count)
						       : get_fingerprints(r, count);
		if (rc < 0)
			return rc;
	}
}

/* ---- violations ---- */

static int get_violation(struct nwi_recovery *r)
{
	struct nwi_saved_violation saved;
	struct nwi_fault fault;
	uint32_t n_bytes = 0;
	char *name;
	int rc = get(r, &saved, sizeof(saved));

	if (rc < 0)
		return rc;
	name = nw_arena_alloc(r->explore->arena, (size_t)saved.name_bytes + 1, 1);
	if (!name)
		return -ENOMEM;
	rc = get(r, name, saved.name_bytes);
	if (rc == 0 && saved.n_bytes > 0)
		rc = get_state(r, &n_bytes);
	if (rc == 0 && (n_bytes != saved.n_bytes || !move_link(r, &saved.place)))
		rc = -EBADMSG;
	name[saved.name_bytes] = '\0';
	fault = (struct nwi_fault){ .place = saved.place,
				    .name = name,
				    .state = r->state,
				    .n_bytes = n_bytes,
				    .depth = saved.depth,
				    .is_step = saved.is_step };
	return rc < 0 ? rc : nwi_violation_keep(r->explore->workers[0], &fault);
}

static int get_violations(struct nwi_recovery *r)
{
	int rc = 0;

	for (uint64_t i = 0; rc == 0 && i < r->head.violation_count; i++)
		rc = get_violation(r);
	return rc;
}

/* ---- all of it ---- */

static int make_room(struct nwi_recovery *r)
{
	r->bases = nw_arena_alloc(r->arena, r->head.pool_count * sizeof(*r->bases), 8);
	r->queues = nw_arena_alloc(r->arena, r->explore->shard_count * sizeof(*r->queues), 8);
	r->piece = nw_arena_alloc(r->arena, NWI_SAVED_PIECE * sizeof(*r->piece), 8);
	r->state = nw_arena_alloc(r->arena, NW_STATE_BYTES_MAX, 8);
	return r->bases && r->queues && r->piece && r->state ? 0 : -ENOMEM;
}

static int take_over_head(struct nwi_recovery *r)
{
	const struct nwi_saved_head *head = &r->head;
	struct nw_explore *explore = r->explore;

	explore->before = (struct nw_explore_counts){ .generated = head->generated,
						      .distinct = head->distinct,
						      .checks = head->checks,
						      .local_checks = head->local_checks,
						      .expanded = head->expanded,
						      .shared = head->shared,
						      .batches_sent = head->batches_sent };
	explore->seconds_before = head->seconds;
	for (uint64_t i = 0; i < head->level_count; i++) {
		if (nwi_array_grow(&explore->levels, &explore->budget) < 0)
			return -ENOMEM;
		((uint64_t *)explore->levels.items)[explore->levels.count++] = r->levels[i];
	}
	atomic_store(&explore->depth, (uint32_t)head->level_count);
	return 0;
}

static int open_pack(struct nwi_recovery *r)
{
	const struct nw_explore_options *o = &r->explore->options;

	return o->model->unpack ? o->model->pack_open(&r->pack, o->model_data) : 0;
}

static void close_pack(struct nwi_recovery *r)
{
	const struct nw_explore_options *o = &r->explore->options;

	if (o->model->unpack && r->pack)
		o->model->pack_close(r->pack);
	r->pack = NULL;
}

/* Part 0 was begun by the model. */
static int get_part(struct nwi_recovery *r, uint32_t part_idx)
{
	int rc = part_idx > 0 ? nw_snapshot_read_part(r->view, part_idx) : 0;

	if (rc == 0)
		rc = open_pack(r);
	if (rc == 0 && part_idx == 0)
		rc = get_violations(r);
	if (rc == 0 && part_idx > 0)
		rc = get_pools(r);
	if (rc == 0 && part_idx > 0)
		rc = get_shards(r);
	close_pack(r);
	return rc;
}

static int fill(struct nwi_recovery *r)
{
	int rc = make_room(r);

	if (rc == 0)
		rc = take_over_head(r);
	if (rc == 0)
		rc = make_places(r);
	for (uint32_t p = 0; rc == 0 && p < nw_snapshot_part_count(r->view); p++)
		rc = get_part(r, p);
	for (uint32_t s = 0; rc == 0 && s < r->explore->shard_count; s++)
		rc = r->explore->options.exact ? 0 : flush(r, s);
	if (rc == 0 && (r->seen_count != r->head.distinct || r->explore->first_chunk_count == 0))
		rc = -EBADMSG;
	return rc;
}

int nwi_recovery_fill(struct nw_explore *explore, struct nw_diag *reterr_diag)
{
	int rc = explore->recovery ? fill(explore->recovery) : 0;

	return rc < 0 ? explain(explore, rc, reterr_diag) : 0;
}
