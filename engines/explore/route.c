/* SPDX-License-Identifier: MIT */
/*
 * From the group of candidates a worker has just made to the place where they are checked.
 *
 *   anywhere, push   the generator checks all of them in the shards of their homes
 *   batch            candidates are copied to the open batch of their home; a full batch goes
 *                    through the lane to the home's server, which checks and keeps
 *   fp-first         the same, but the server reads fingerprints only and sends the batch back
 *                    with its answer; the generator packs the new states and sends those
 *
 * A lane is two rings of the same capacity, and at most that many batches are away on it, so
 * neither ring is ever full. A worker that waits for a batch to come back serves others
 * meanwhile, and serving sends nothing but batches on their way back: so nobody waits in a circle.
 *
 * Invariant: a batch is counted in `outstanding` from its first send until its last reader is
 * done with it.
 */
#include "explore.h"

#include <errno.h>
#include <string.h>

enum { IN_PLACE_WORKERS_MAX = 4 };

/* ---- checking from where one is ---- */

static uint32_t shard_of(const struct nw_explore *explore, uint64_t fp)
{
	return explore->homes[nw_fpset_home(fp, explore->home_count)].shard_idx;
}

/* Sorts candidates by shard into order[] and order_fps[]; ends[s] is where shard s ends. */
static void sort_by_shard(struct nwi_worker *worker, const struct nwi_picks *picks, uint32_t *ends)
{
	const struct nw_explore *explore = worker->explore;
	uint32_t at = 0;

	memset(ends, 0, (explore->shard_count + 1) * sizeof(*ends));
	for (uint32_t k = 0; k < picks->count; k++)
		ends[shard_of(explore, picks->fps[k])]++;
	for (uint32_t s = 0; s <= explore->shard_count; s++) {
		uint32_t n = ends[s];

		ends[s] = at;
		at += n;
	}
	for (uint32_t k = 0; k < picks->count; k++) {
		uint32_t to = ends[shard_of(explore, picks->fps[k])]++;

		worker->order[to] = nwi_pick(picks, k);
		worker->order_fps[to] = picks->fps[k];
	}
}

/* Candidates of one shard: which of the lot they are, idxs NULL for all. */
static bool check_part(struct nwi_worker *worker, uint32_t shard_idx, const struct nwi_lot *lot,
		       const struct nwi_picks *picks)
{
	uint64_t is_new[NWI_GROUP_MAX / 64];
	struct nwi_lot part = { .count = picks->count, .fps = picks->fps, .is_new = is_new };

	if (picks->count == 0)
		return true;
	return nwi_check(worker, shard_idx, &part) &&
	       nwi_keep_new(worker, lot, picks->idxs, is_new, picks->count);
}

static bool check_by_shard(struct nwi_worker *worker, const struct nwi_picks *picks)
{
	uint32_t *ends = worker->shard_ends, first = 0;

	sort_by_shard(worker, picks, ends);
	for (uint32_t s = 0; s < worker->explore->shard_count; s++) {
		struct nwi_picks part = { .count = ends[s] - first,
					  .fps = worker->order_fps + first,
					  .idxs = worker->order + first };

		if (!check_part(worker, s, &worker->group, &part))
			return false;
		first = ends[s];
	}
	return true;
}

/* only_shard: the one all candidates belong to, or NWI_SHARDS_MANY. */
static bool check_here(struct nwi_worker *worker, const struct nwi_picks *picks,
		       uint32_t only_shard)
{
	if (only_shard != NWI_SHARDS_MANY)
		return check_part(worker, only_shard, &worker->group, picks);
	return check_by_shard(worker, picks);
}

/* ---- batches ---- */

static struct nwi_batch *create_batch(struct nwi_worker *worker)
{
	const struct nw_explore *explore = worker->explore;
	uint32_t n = explore->batch_count;
	size_t words = (n + 63) / 64;
	size_t n_bytes = sizeof(struct nwi_batch) + n * (2 * sizeof(uint64_t) + sizeof(uint32_t)) +
			 2 * sizeof(uint32_t) + words * sizeof(uint64_t) + explore->batch_bytes;
	struct nwi_batch *batch;
	uint8_t *at;

	if (!nwi_budget_take(&worker->explore->budget, n_bytes))
		return NULL;
	at = nw_arena_alloc(worker->arena, n_bytes, NW_CACHE_PAIR);
	if (!at)
		return NULL;
	batch = (void *)at;
	batch->lot.fps = (void *)(at += sizeof(*batch));
	batch->lot.links = (void *)(at += n * sizeof(uint64_t));
	batch->lot.is_new = (void *)(at += n * sizeof(uint64_t));
	at += words * sizeof(uint64_t);
	batch->lot.offsets = explore->state_bytes ? NULL : (void *)at;
	batch->lot.bytes = at + (n + 2) * sizeof(uint32_t);
	batch->lot.state_bytes = explore->state_bytes;
	return batch;
}

static struct nwi_batch *open_batch(struct nwi_worker *worker, uint32_t home_idx)
{
	struct nwi_batch *batch = worker->free_batches;

	if (batch)
		worker->free_batches = batch->next_free;
	else
		batch = create_batch(worker);
	if (!batch) {
		nwi_end(worker->explore, NW_EXPLORE_NO_MEMORY);
		return NULL;
	}
	batch->home_idx = home_idx;
	batch->lot.count = 0;
	batch->n_bytes = 0;
	worker->open[home_idx] = batch;
	return batch;
}

static void free_batch(struct nwi_worker *worker, struct nwi_batch *batch)
{
	batch->next_free = worker->free_batches;
	worker->free_batches = batch;
}

/* is_sent: by another worker. The worker's own passed the table of recent ones when they were made
 * and would all be stopped by it. */
static bool check_and_keep(struct nwi_worker *worker, struct nwi_batch *batch, bool is_sent)
{
	uint32_t shard_idx = worker->explore->homes[batch->home_idx].shard_idx;
	struct nwi_lot *lot = &batch->lot;
	struct nwi_picks picks;

	if (!is_sent || worker->explore->options.exact)
		return nwi_check(worker, shard_idx, lot) &&
		       nwi_keep_new(worker, lot, NULL, lot->is_new, lot->count);
	nwi_recent_pick(worker, &worker->sent, lot, &picks);
	return check_part(worker, shard_idx, lot, &picks);
}

static void keep_all(struct nwi_worker *worker, struct nwi_batch *batch)
{
	uint64_t *is_new = batch->lot.is_new;
	uint32_t count = batch->lot.count;

	memset(is_new, 0xff, (count + 63) / 64 * sizeof(*is_new));
	if (count % 64)
		is_new[count / 64] = (UINT64_C(1) << count % 64) - 1;
	(void)nwi_keep_new(worker, &batch->lot, NULL, is_new, count);
}

/* Moves the new candidates to the front. */
static void pack_new(struct nwi_batch *batch)
{
	struct nwi_lot *lot = &batch->lot;
	uint32_t to = 0, at = 0;

	for (uint32_t i = 0; i < lot->count; i++) {
		uint32_t n_bytes;
		const uint8_t *state = nwi_lot_state(lot, i, &n_bytes);

		if (!(lot->is_new[i / 64] >> i % 64 & 1))
			continue;
		memmove(lot->bytes + at, state, n_bytes);
		lot->links[to] = lot->links[i];
		lot->fps[to] = lot->fps[i];
		if (lot->offsets)
			lot->offsets[to] = at;
		to++;
		at += n_bytes;
	}
	if (lot->offsets)
		lot->offsets[to] = at;
	lot->count = to;
}

/* ---- lanes ---- */

static void push(struct nw_ring *ring, struct nwi_batch *batch)
{
	bool is_pushed = nw_ring_push(ring, batch);

	/* away_count <= NWI_LANE_BATCHES = the rings' capacity. */
	(void)is_pushed;
	assert(is_pushed);
}

/* Takes back what the server of a lane has finished with. Sends at most what it took back. */
static bool collect(struct nwi_worker *worker, struct nwi_lane *lane)
{
	void *item;
	bool has_any = false;

	while (nw_ring_pop(lane->back, &item)) {
		struct nwi_batch *batch = item;

		has_any = true;
		if (batch->kind == NWI_BATCH_ANSWER) {
			pack_new(batch);
			if (batch->lot.count > 0) {
				batch->kind = NWI_BATCH_DELIVER;
				push(lane->there, batch);
				continue;
			}
			nwi_done_one(worker->explore);
		}
		lane->away_count--;
		free_batch(worker, batch);
	}
	return has_any;
}

static void serve_batch(struct nwi_worker *worker, struct nwi_batch *batch)
{
	switch (batch->kind) {
	case NWI_BATCH_ASK:
		(void)nwi_check(worker, worker->explore->homes[batch->home_idx].shard_idx,
				&batch->lot);
		batch->kind = NWI_BATCH_ANSWER;
		return; /* still outstanding: the sender goes on with it */
	case NWI_BATCH_CHECK:
		(void)check_and_keep(worker, batch, true);
		break;
	default:
		keep_all(worker, batch);
	}
	batch->kind = NWI_BATCH_SPENT;
	nwi_done_one(worker->explore);
}

static bool serve_lane(struct nwi_worker *worker, struct nwi_lane *lane)
{
	void *items[NWI_LANE_BATCHES];
	uint32_t n = nw_ring_pop_burst(lane->there, items, NWI_LANE_BATCHES);

	for (uint32_t i = 0; i < n; i++) {
		if (!nwi_is_stopping(worker->explore))
			serve_batch(worker, items[i]);
		push(lane->back, items[i]);
	}
	return n > 0;
}

bool nwi_serve(struct nwi_worker *worker)
{
	struct nw_explore *explore = worker->explore;
	bool has_any = false;

	if (!worker->lanes)
		return false;
	for (uint32_t w = 0; w < explore->worker_count; w++) {
		if (w == worker->worker_idx)
			continue;
		has_any |= serve_lane(worker, &explore->workers[w]->lanes[worker->worker_idx]);
		has_any |= collect(worker, &worker->lanes[w]);
	}
	return has_any;
}

static bool send(struct nwi_worker *worker, struct nwi_batch *batch)
{
	struct nw_explore *explore = worker->explore;
	struct nwi_lane *lane = &worker->lanes[explore->homes[batch->home_idx].worker_idx];
	uint32_t rounds = 0;

	while (lane->away_count == NWI_LANE_BATCHES) {
		if (nwi_is_stopping(explore))
			return false;
		if (!nwi_serve(worker))
			nwi_wait_round(worker, &rounds);
	}
	batch->kind = explore->options.route == NW_ROUTE_FP_FIRST ? NWI_BATCH_ASK : NWI_BATCH_CHECK;
	lane->away_count++;
	/* relaxed: this worker holds a token, so the count is above zero before and after. */
	atomic_fetch_add_explicit(&explore->outstanding, 1, memory_order_relaxed);
	nwi_count(&worker->tally.batches_sent, 1);
	push(lane->there, batch);
	nwi_wake(explore->workers[explore->homes[batch->home_idx].worker_idx]);
	return true;
}

/* A full batch, or a last one: checked here if this worker serves its home, else sent. */
static bool close_batch(struct nwi_worker *worker, struct nwi_batch *batch)
{
	bool goes_on;

	worker->open[batch->home_idx] = NULL;
	if (worker->explore->homes[batch->home_idx].worker_idx != worker->worker_idx)
		return send(worker, batch);
	goes_on = check_and_keep(worker, batch, false);
	free_batch(worker, batch);
	return goes_on;
}

/* The open batch of a home, with room for one more state of n_bytes; NULL: the search is ending. */
static struct nwi_batch *batch_for(struct nwi_worker *worker, uint32_t home_idx, uint32_t n_bytes)
{
	struct nwi_batch *batch = worker->open[home_idx];

	if (batch && batch->n_bytes + n_bytes > worker->explore->batch_bytes) {
		if (!close_batch(worker, batch))
			return NULL;
		batch = NULL;
	}
	return batch ? batch : open_batch(worker, home_idx);
}

/* For states whose size varies, and for the first of a batch. */
static bool append_slowly(struct nwi_worker *worker, uint32_t home_idx, uint32_t i)
{
	const struct nwi_lot *group = &worker->group;
	uint32_t n_bytes;
	const uint8_t *state = nwi_lot_state(group, i, &n_bytes);
	struct nwi_batch *batch = batch_for(worker, home_idx, n_bytes);
	struct nwi_lot *lot;

	if (!batch)
		return false;
	lot = &batch->lot;
	lot->fps[lot->count] = group->fps[i];
	lot->links[lot->count] = group->links[i];
	nwi_copy_state(lot->bytes + batch->n_bytes, state, n_bytes);
	if (lot->offsets)
		lot->offsets[lot->count] = batch->n_bytes;
	batch->n_bytes += n_bytes;
	lot->count++;
	if (lot->offsets)
		lot->offsets[lot->count] = batch->n_bytes;
	return lot->count < worker->explore->batch_count || close_batch(worker, batch);
}

static inline bool append(struct nwi_worker *worker, uint32_t home_idx, uint32_t i)
{
	struct nwi_batch *batch = worker->open[home_idx];
	const struct nwi_lot *group = &worker->group;
	size_t n_bytes = group->state_bytes;
	uint32_t n;

	if (!batch || n_bytes == 0)
		return append_slowly(worker, home_idx, i);
	n = batch->lot.count++;
	batch->lot.fps[n] = group->fps[i];
	batch->lot.links[n] = group->links[i];
	nwi_copy_state(batch->lot.bytes + n * n_bytes, group->bytes + i * n_bytes,
		       (uint32_t)n_bytes);
	return n + 1 < worker->explore->batch_count || close_batch(worker, batch);
}

/* Parts what other workers serve from what this one does, without a branch that cannot be
 * predicted. Returns how many are foreign. */
static uint32_t part_own(struct nwi_worker *worker, const struct nwi_picks *picks,
			 struct nwi_picks *ret_own)
{
	const struct nw_explore *explore = worker->explore;
	uint32_t own = 0, foreign = 0;

	for (uint32_t k = 0; k < picks->count; k++) {
		uint32_t i = nwi_pick(picks, k);
		uint32_t home_idx = nw_fpset_home(picks->fps[k], explore->home_count);
		bool is_own = explore->homes[home_idx].worker_idx == worker->worker_idx;

		worker->own_idxs[own] = i;
		worker->own_fps[own] = picks->fps[k];
		worker->foreign_idxs[foreign] = i;
		own += is_own;
		foreign += !is_own;
	}
	*ret_own = (struct nwi_picks){ .count = own,
				       .fps = worker->own_fps,
				       .idxs = worker->own_idxs };
	return foreign;
}

/* Sends off what other workers serve; the rest this one can check in place. */
static bool send_foreign(struct nwi_worker *worker, const struct nwi_picks *picks,
			 struct nwi_picks *ret_own)
{
	uint32_t foreign = part_own(worker, picks, ret_own);

	for (uint32_t k = 0; k < foreign; k++) {
		uint32_t i = worker->foreign_idxs[k];
		uint64_t fp = worker->group.fps[i];

		if (!append(worker, nw_fpset_home(fp, worker->explore->home_count), i))
			return false;
	}
	return true;
}

/* Of many workers' groups each own part is too small to fetch ahead in: those wait in a batch. */
static bool append_all(struct nwi_worker *worker, const struct nwi_picks *picks)
{
	for (uint32_t k = 0; k < picks->count; k++) {
		uint32_t home_idx = nw_fpset_home(picks->fps[k], worker->explore->home_count);

		if (!append(worker, home_idx, nwi_pick(picks, k)))
			return false;
	}
	return true;
}

static bool send_on(struct nwi_worker *worker)
{
	struct nwi_picks picks, own;

	nwi_recent_pick(worker, &worker->made, &worker->group, &picks);
	if (!worker->lanes)
		return check_here(worker, &picks,
				  worker->explore->shard_count == 1 ? 0 : NWI_SHARDS_MANY);
	if (!worker->checks_own_in_place)
		return append_all(worker, &picks);
	return send_foreign(worker, &picks, &own) && check_here(worker, &own, worker->own_shard);
}

bool nwi_route_group(struct nwi_worker *worker)
{
	bool goes_on;

	nwi_count_dropped(worker);
	worker->unmade_count = 0;
	worker->unbegun_count = 0;
	worker->kept_idx = UINT32_MAX;
	goes_on = nwi_group_close(worker) && send_on(worker);
	nwi_count(&worker->tally.generated, worker->emit.count - worker->unmade_count);
	nwi_count(&worker->tally.expanded, 0 - worker->unbegun_count);
	worker->emit.count = 0;
	worker->emit.drop_count = 0;
	worker->emit.cur = worker->emit_bytes;
	worker->origin_count = 0;
	return goes_on && !nwi_is_stopping(worker->explore);
}

void nwi_flush(struct nwi_worker *worker)
{
	if (!worker->lanes)
		return;
	for (uint32_t h = 0; h < worker->explore->home_count; h++)
		if (worker->open[h] && !close_batch(worker, worker->open[h]))
			return;
}

/* The one shard this worker serves, or NWI_SHARDS_MANY. */
static uint32_t own_shard(const struct nwi_worker *worker)
{
	const struct nw_explore *explore = worker->explore;
	uint32_t only = NWI_SHARDS_MANY;

	for (uint32_t h = 0; h < explore->home_count; h++) {
		if (explore->homes[h].worker_idx != worker->worker_idx)
			continue;
		if (only != NWI_SHARDS_MANY && only != explore->homes[h].shard_idx)
			return NWI_SHARDS_MANY;
		only = explore->homes[h].shard_idx;
	}
	return only;
}

/* Rings lie with their reader: the server for `there`, the sender for `back`. */
int nwi_lanes_create(struct nwi_worker *worker)
{
	struct nw_explore *explore = worker->explore;
	struct nwi_lane *lanes;
	int rc = 0;

	lanes = nw_arena_alloc(worker->arena, explore->worker_count * sizeof(*lanes), 8);
	worker->open = nw_arena_alloc(worker->arena, explore->home_count * sizeof(void *), 8);
	if (!lanes || !worker->open)
		return -ENOMEM;
	worker->lanes = lanes;
	worker->own_shard = own_shard(worker);
	worker->checks_own_in_place = explore->worker_count <= IN_PLACE_WORKERS_MAX &&
				      !explore->options.exact;
	for (uint32_t w = 0; w < explore->worker_count && rc == 0; w++) {
		uint32_t node_idx = explore->workers[w]->node_idx;

		if (w == worker->worker_idx)
			continue;
		rc = nw_ring_create(&lanes[w].there, NWI_LANE_BATCHES,
				    nwi_memory_node(explore, node_idx));
		if (rc == 0)
			rc = nw_ring_create(&lanes[w].back, NWI_LANE_BATCHES,
					    nwi_memory_node(explore, worker->node_idx));
	}
	return rc;
}

void nwi_lanes_destroy(struct nwi_worker *worker)
{
	for (uint32_t w = 0; worker->lanes && w < worker->explore->worker_count; w++) {
		nw_ring_destroy(worker->lanes[w].there);
		nw_ring_destroy(worker->lanes[w].back);
	}
}
