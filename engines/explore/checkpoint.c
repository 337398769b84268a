/* SPDX-License-Identifier: MIT */
/*
 * Checkpoints: the workers rest between two chunks, each writes what is its own, and they go on.
 *
 * Rest is safe when every worker has said that it takes no more chunks, and what is outstanding is
 * as much as the chunks that are left: then there are no candidates but in pools and shards, and
 * nobody makes any. specs/CheckpointRest.tla has it, and what is lost where the first half is left
 * out; stress_rest makes the window wide in which this code would.
 *
 * Invariant: a checkpoint replaces the one before only when all its parts are on the disk; whatever
 * fails, the search goes on as if none had been asked for.
 */
#include "saved.h"

#include <errno.h>
#include <stdio.h>

enum { SCAN_COUNT = 1024, LINE_BYTES = 128 };

/* One part, and what it is written with. */
struct writer {
	struct nw_model_file file; /* first: the model's way to the part */
	struct nw_explore *explore;
	struct nw_snapshot_part *part;
	void *pack; /* the model's, where it has one */
};

/* ---- asking for one ---- */

void nw_explore_checkpoint(struct nw_explore *explore)
{
	if (explore->folder)
		atomic_store(&explore->is_pausing, true);
}

/* Before there is a level there is nothing to keep, and initial states may take their time. */
void nw_explore_suspend(struct nw_explore *explore)
{
	/* relaxed: hint; a level more or less is no matter. */
	uint32_t depth = atomic_load_explicit(&explore->depth, memory_order_relaxed);

	if (!explore->folder || depth == 0) {
		nw_explore_stop(explore);
		return;
	}
	/* In this order, and taken up in the other: a request is not lost between two checkpoints.
	 */
	atomic_store(&explore->is_suspending, true);
	atomic_store(&explore->is_pausing, true);
}

int nw_explore_checkpoint_remove(struct nw_explore *explore)
{
	return explore->folder ? nw_snapshot_folder_remove(explore->folder) : 0;
}

/* ---- resting ---- */

void nwi_pause(struct nw_explore *explore)
{
	/* [pause.rest] release, pairs with [pause.quiet]: the chunks that this worker has taken. */
	atomic_fetch_add_explicit(&explore->paused_count, 1, memory_order_release);
}

bool nwi_is_quiet(const struct nw_explore *explore)
{
	int64_t untaken = 0;

	/* [pause.quiet] acquire, pairs with [pause.rest]: the chunks that each worker has taken. */
	if (atomic_load_explicit(&explore->paused_count, memory_order_acquire) <
	    explore->worker_count)
		return false;
	for (uint32_t p = 0; p < explore->pool_count; p++)
		untaken += (int64_t)nwi_pool_untaken(explore->pools[p], explore->now);
	/* [pause.done] acquire, pairs with [worker.done]: what the chunks and batches led to. */
	return atomic_load_explicit(&explore->outstanding, memory_order_acquire) == untaken;
}

/* ---- what a part holds ---- */

static int put_for_model(struct nw_model_file *file, const void *bytes, size_t n_bytes)
{
	return nw_snapshot_put(((struct writer *)(void *)file)->part, bytes, n_bytes);
}

static int get_for_model(struct nw_model_file *file, void *bytes, size_t n_bytes)
{
	(void)file;
	(void)bytes;
	(void)n_bytes;
	return -EBADF; /* it is written to */
}

/* Another part has failed, or the search is to end: then this one is of no use. */
static int check_stop(const struct nw_explore *explore)
{
	return nwi_is_stopping(explore) || atomic_load(&explore->write_error) < 0 ? -ECANCELED : 0;
}

static int put_count(struct writer *w, uint64_t count)
{
	return nw_snapshot_put(w->part, &count, sizeof(count));
}

static int put_links(struct writer *w, const struct nwi_pool *pool)
{
	const nwi_link *links = pool->links.items;
	int rc = 0;

	for (uint64_t at = 0; rc == 0 && at < pool->links.count; at += NWI_SAVED_PIECE) {
		uint64_t left = pool->links.count - at;

		rc = check_stop(w->explore);
		if (rc == 0)
			rc = nw_snapshot_put_records(
				w->part, links + at,
				left < NWI_SAVED_PIECE ? left : NWI_SAVED_PIECE, sizeof(*links));
	}
	return rc;
}

static int put_state(struct writer *w, const uint8_t *state, uint32_t n_bytes)
{
	const struct nw_model *model = w->explore->options.model;
	int rc;

	if (model->pack)
		return model->pack(w->pack, &w->file, state, n_bytes);
	rc = nw_snapshot_put(w->part, &n_bytes, sizeof(n_bytes));
	return rc < 0 ? rc : nw_snapshot_put(w->part, state, n_bytes);
}

static int put_states(struct writer *w, const struct nwi_pool *pool, const struct nwi_chunk *chunk)
{
	uint32_t count = nwi_chunk_count(pool, chunk), fixed = w->explore->state_bytes;
	const uint8_t *at = chunk->bytes;
	int rc = check_stop(w->explore);

	if (rc == 0 && fixed && !w->explore->options.model->pack)
		return nw_snapshot_put_records(w->part, chunk->bytes, count, fixed);
	for (uint32_t i = 0; rc == 0 && i < count; i++) {
		uint32_t n_bytes = fixed;

		if (!fixed) {
			memcpy(&n_bytes, at, sizeof(n_bytes));
			at += sizeof(n_bytes);
		}
		rc = put_state(w, at, n_bytes);
		at += n_bytes;
	}
	return rc;
}

/* Some chunks of a list. */
struct run {
	const struct nwi_array *list;
	uint64_t from, to;
	enum nwi_saved_level level;
};

/* First what they are, or then what is in them. */
static int put_run(struct writer *w, const struct nwi_pool *pool, const struct run *run,
		   bool is_content)
{
	int rc = 0;

	for (uint64_t i = run->from; rc == 0 && i < run->to; i++) {
		const struct nwi_chunk *chunk = ((struct nwi_chunk **)run->list->items)[i];
		struct nwi_saved_chunk saved = { .first_idx = chunk->first_idx,
						 .pool_idx = chunk->pool_idx,
						 .count = nwi_chunk_count(pool, chunk),
						 .level = run->level };

		rc = is_content ? put_states(w, pool, chunk)
				: nw_snapshot_put_records(w->part, &saved, 1, sizeof(saved));
	}
	return rc;
}

static int put_chunks(struct writer *w, const struct nwi_pool *pool)
{
	uint32_t now = w->explore->now;
	const struct nwi_array *present = &pool->lists[now], *next = &pool->lists[now ^ 1];
	uint64_t taken = present->count - nwi_pool_untaken(pool, now);
	bool keeps = w->explore->options.keep_states;
	const struct run runs[] = {
		{ present, taken, present->count, NWI_SAVED_NOW },
		{ next, 0, next->count, NWI_SAVED_NEXT },
		{ present, 0, keeps ? taken : 0, NWI_SAVED_PAST },
		{ &pool->kept, 0, pool->kept.count, NWI_SAVED_PAST },
	};
	uint64_t count = 0;
	int rc;

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
		count += runs[i].to - runs[i].from;
	rc = put_count(w, count);
	for (size_t i = 0; rc == 0 && i < sizeof(runs) / sizeof(runs[0]); i++)
		rc = put_run(w, pool, &runs[i], false);
	for (size_t i = 0; rc == 0 && i < sizeof(runs) / sizeof(runs[0]); i++)
		rc = put_run(w, pool, &runs[i], true);
	return rc;
}

static int put_pools(struct writer *w, uint32_t worker_idx)
{
	const struct nw_explore *explore = w->explore;
	int rc = 0;

	for (uint32_t p = worker_idx; rc == 0 && p < explore->pool_count;
	     p += explore->worker_count) {
		rc = put_count(w, p);
		if (rc == 0)
			rc = put_links(w, explore->pools[p]);
		if (rc == 0)
			rc = put_chunks(w, explore->pools[p]);
	}
	return rc < 0 ? rc : put_count(w, UINT64_MAX);
}

static int put_fingerprints(struct writer *w, struct nw_fpset *set)
{
	struct nw_fpset_cursor cursor = { 0 };
	struct nw_fpset_stats stats;
	uint64_t fps[SCAN_COUNT];
	size_t n = 1;
	int rc;

	nw_fpset_stats(set, &stats);
	rc = put_count(w, stats.count);
	while (rc == 0 && n > 0) {
		n = nw_fpset_scan(set, &cursor, fps, SCAN_COUNT);
		rc = check_stop(w->explore);
		if (rc == 0)
			rc = nw_snapshot_put_records(w->part, fps, n, sizeof(fps[0]));
	}
	return rc;
}

static int put_whole_states(struct writer *w, const struct nwi_exact *exact)
{
	struct nw_fpset_stats stats;
	const uint8_t *state;
	uint64_t at = 0;
	uint32_t n_bytes;
	int rc;

	nwi_exact_stats(exact, &stats);
	rc = put_count(w, stats.count);
	while (rc == 0 && nwi_exact_next(exact, &at, &state, &n_bytes)) {
		rc = check_stop(w->explore);
		if (rc == 0)
			rc = put_state(w, state, n_bytes);
	}
	return rc;
}

static int put_shards(struct writer *w, uint32_t worker_idx)
{
	const struct nw_explore *explore = w->explore;
	int rc = 0;

	for (uint32_t s = worker_idx; rc == 0 && s < explore->shard_count;
	     s += explore->worker_count) {
		const struct nwi_shard *shard = &explore->shards[s];

		rc = put_count(w, s);
		if (rc == 0)
			rc = shard->exact ? put_whole_states(w, shard->exact)
					  : put_fingerprints(w, shard->set);
	}
	return rc < 0 ? rc : put_count(w, UINT64_MAX);
}

static int put_violations(struct writer *w)
{
	const struct nw_explore *explore = w->explore;
	int rc = 0;

	for (uint64_t i = 0; rc == 0 && i < explore->violation_count; i++) {
		const struct nwi_fault *fault = explore->violations[i];
		struct nwi_saved_violation saved = { .place = fault->place,
						     .depth = fault->depth,
						     .name_bytes = (uint32_t)strlen(fault->name),
						     .n_bytes = fault->n_bytes,
						     .is_step = fault->is_step };

		rc = nw_snapshot_put(w->part, &saved, sizeof(saved));
		if (rc == 0)
			rc = nw_snapshot_put(w->part, fault->name, saved.name_bytes);
		if (rc == 0 && fault->n_bytes > 0)
			rc = put_state(w, fault->state, fault->n_bytes);
	}
	return rc;
}

static int put_common(struct writer *w)
{
	const struct nw_explore_options *o = &w->explore->options;
	int rc = o->model->save ? o->model->save(o->model_data, &w->file) : 0;

	return rc < 0 ? rc : put_violations(w);
}

/* part_idx 0: the one that is no worker's. */
static int write_part(struct nw_explore *explore, uint32_t part_idx)
{
	const struct nw_explore_options *o = &explore->options;
	struct writer w = { .file = { put_for_model, get_for_model },
			    .explore = explore,
			    .part = nw_snapshot_part_at(explore->folder, part_idx) };
	int rc = o->model->pack ? o->model->pack_open(&w.pack, o->model_data) : 0;

	if (rc < 0)
		return rc;
	if (part_idx == 0)
		rc = put_common(&w);
	else
		rc = put_pools(&w, part_idx - 1);
	if (rc == 0 && part_idx > 0)
		rc = put_shards(&w, part_idx - 1);
	if (o->model->pack)
		o->model->pack_close(w.pack);
	return rc < 0 ? rc : nw_snapshot_end_part(w.part);
}

void nwi_checkpoint_write(struct nwi_worker *worker)
{
	struct nw_explore *explore = worker->explore;
	int none = 0, rc = worker->worker_idx == 0 ? write_part(explore, 0) : 0;

	if (rc == 0)
		rc = write_part(explore, worker->worker_idx + 1);
	if (rc < 0)
		(void)atomic_compare_exchange_strong(&explore->write_error, &none, rc);
}

/* ---- beginning and end ---- */

static size_t size_of_about(const struct nw_explore *explore)
{
	return sizeof(struct nwi_saved_head) + explore->pool_count * sizeof(struct nwi_saved_pool) +
	       explore->levels.count * sizeof(uint64_t) + explore->about_bytes;
}

static void fill_about(const struct nw_explore *explore, uint8_t *at)
{
	struct nw_explore_report r;
	struct nwi_saved_head head;

	nw_explore_report(explore, &r);
	head = (struct nwi_saved_head){ .version = NWI_SAVED_VERSION,
					.pool_count = explore->pool_count,
					.level_count = explore->levels.count,
					.about_bytes = explore->about_bytes,
					.violation_count = explore->violation_count,
					.generated = r.total.generated,
					.distinct = r.total.distinct,
					.checks = r.total.checks,
					.local_checks = r.total.local_checks,
					.expanded = r.total.expanded,
					.shared = r.total.shared,
					.batches_sent = r.total.batches_sent,
					.seconds = r.seconds };
	memcpy(at, &head, sizeof(head));
	at += sizeof(head);
	for (uint32_t p = 0; p < explore->pool_count; p++) {
		struct nwi_saved_pool pool = { explore->pools[p]->state_count,
					       explore->pools[p]->counted };

		memcpy(at, &pool, sizeof(pool));
		at += sizeof(pool);
	}
	memcpy(at, explore->levels.items, explore->levels.count * sizeof(uint64_t));
	at += explore->levels.count * sizeof(uint64_t);
	memcpy(at, explore->about, explore->about_bytes);
}

static int commit(struct nw_explore *explore, uint64_t *ret_bytes)
{
	size_t n_bytes = size_of_about(explore);
	struct nw_mem mem;
	int rc = nw_mem_alloc(&mem, NW_NODE_ANY, n_bytes, 0);

	if (rc < 0)
		return rc;
	fill_about(explore, mem.base);
	rc = nw_snapshot_commit(explore->folder, mem.base, n_bytes, ret_bytes);
	nw_mem_free(&mem);
	return rc;
}

/* What came of it; the search goes on, unless it was to end with this. */
static void conclude(struct nw_explore *explore, int rc, uint64_t n_bytes)
{
	struct nw_explore_report r;

	if (rc == 0) {
		nw_explore_report(explore, &r);
		atomic_store(&explore->checkpoint_distinct, r.total.distinct);
		atomic_store(&explore->checkpoint_bytes, n_bytes);
		atomic_store(&explore->checkpoint_ns, nwi_now_ns() - explore->writing_ns);
		atomic_fetch_add(&explore->checkpoint_count, 1);
	}
	if (rc != -ECANCELED)
		atomic_store(&explore->checkpoint_error, rc);
	if (atomic_load(&explore->is_suspending)) {
		atomic_store(&explore->is_suspended, rc == 0);
		nwi_end(explore, NW_EXPLORE_STOPPED);
	}
	explore->turn = nwi_is_stopping(explore) ? NWI_TURN_OVER : NWI_TURN_ON;
}

void nwi_checkpoint_begin(struct nw_explore *explore)
{
	int rc;

	explore->writing_ns = nwi_now_ns();
	atomic_store(&explore->write_error, 0);
	atomic_store(&explore->is_pausing, false);
	rc = nwi_violations_gather(explore);
	if (rc == 0)
		rc = nw_snapshot_begin(explore->folder, explore->worker_count + 1);
	if (rc == 0)
		explore->turn = NWI_TURN_WRITE;
	else
		conclude(explore, rc, 0);
}

void nwi_checkpoint_end(struct nw_explore *explore)
{
	int rc = atomic_load(&explore->write_error);
	uint64_t n_bytes = 0;

	if (rc == 0)
		rc = commit(explore, &n_bytes);
	nw_snapshot_abandon(explore->folder);
	conclude(explore, rc, n_bytes);
}

/* ---- what has to be the same ---- */

static int describe(struct nw_explore *explore)
{
	const struct nw_explore_options *o = &explore->options;
	const char *more = o->checkpoint_about ? o->checkpoint_about : "";
	size_t room = (size_t)5 * LINE_BYTES + strlen(o->model->name) + strlen(more);
	int n;

	explore->about = nw_arena_alloc(explore->arena, room, 1);
	if (!explore->about)
		return -ENOMEM;
	n = snprintf(explore->about, room,
		     "model: %s\nstate bytes: %u\nseen states: %s\nparents: %s\n"
		     "past states: %s\nstates without successors: %s\n%s",
		     o->model->name, (unsigned)explore->state_bytes,
		     o->exact ? "whole" : "fingerprints", o->no_trace ? "not kept" : "kept",
		     o->keep_states ? "kept" : "not kept",
		     explore->check_deadlock ? "faults" : "ends", more);
	explore->about_bytes = (size_t)n;
	return 0;
}

int nwi_checkpoint_open(struct nw_explore *explore, struct nw_diag *reterr_diag)
{
	const struct nw_explore_options *o = &explore->options;
	int rc = describe(explore);

	if (rc < 0 || !o->checkpoint_folder)
		return rc;
	return nw_snapshot_folder_open(&explore->folder, o->checkpoint_folder, reterr_diag);
}

void nwi_checkpoint_close(struct nw_explore *explore)
{
	nw_snapshot_folder_close(explore->folder);
}
