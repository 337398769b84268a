/* SPDX-License-Identifier: MIT */
/*
 * What a worker does between two meetings: expand chunks of its own pool, then of its node's,
 * serve what others send, and leave when nothing is outstanding, or nothing but chunks that no one
 * takes because a checkpoint was asked for.
 *
 * Invariant: a worker that holds a chunk, candidates in its group or an open batch is counted in
 * `outstanding` (its token); the token is given up only after nwi_flush(), and taken again only
 * while a chunk just taken is still counted.
 */
#include "explore.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

enum {
	GROUP_COUNT = NWI_GROUP_MAX,          /* candidates routed together */
	GROUP_FULL = GROUP_COUNT / 4 * 3,     /* of them, between two states */
	DROP_COUNT = 4 * GROUP_COUNT,         /* of dropped ones, whose places are known */
	GROUP_BYTES = 4 * NW_STATE_BYTES_MAX, /* fewer candidates where states are long */
	SPIN_ROUNDS = 128,                    /* of waiting, before the CPU is offered to others */
	YIELD_ROUNDS = 160,                   /* and before sleeping */
	SLEEP_NS_MIN = 30 * 1000,
	SLEEP_NS_MAX = 2 * 1000 * 1000,
};

static void sleep_a_while(struct nwi_worker *worker, uint32_t sleeps)
{
	uint64_t ns = (uint64_t)SLEEP_NS_MIN << (sleeps < 8 ? sleeps : 8);

	/* relaxed: hint, both; the time-out stands in for a wake-up that missed it. */
	atomic_store_explicit(&worker->is_asleep, true, memory_order_relaxed);
	(void)nw_crew_park(worker->self, 0, ns < SLEEP_NS_MAX ? ns : SLEEP_NS_MAX);
	atomic_store_explicit(&worker->is_asleep, false, memory_order_relaxed); /* relaxed: same */
}

void nwi_wait_round(struct nwi_worker *worker, uint32_t *rounds)
{
	++*rounds;
	if (*rounds < SPIN_ROUNDS)
		nwi_relax();
	else if (*rounds < YIELD_ROUNDS)
		(void)sched_yield();
	else
		sleep_a_while(worker, *rounds - YIELD_ROUNDS);
}

void nwi_done_one(struct nw_explore *explore)
{
	/* [worker.done] release, pairs with [worker.zero] and [pause.done]: what was done of it. */
	if (atomic_fetch_sub_explicit(&explore->outstanding, 1, memory_order_release) > 1)
		return;
	for (uint32_t w = 0; w < explore->worker_count; w++)
		nwi_wake(explore->workers[w]);
}

/* ---- making successors ---- */

/* The state at hand goes on in the next group, where its ordinals left off. */
static bool hand_on(struct nwi_worker *worker)
{
	struct nwi_origin from = worker->origins[worker->origin_count - 1];
	uint32_t emitted = worker->emit.count - from.first;

	from.ordinal += emitted;
	from.first = 0;
	worker->emitted_before += emitted;
	if (!nwi_route_group(worker))
		return false;
	worker->origins[worker->origin_count++] = from;
	return true;
}

static bool flush_group(struct nw_emit *emit, size_t n_bytes)
{
	struct nwi_worker *worker = emit->engine;

	if (n_bytes <= NW_STATE_BYTES_MAX)
		return hand_on(worker);
	nwi_end_fault(worker->explore, "a state may have %d bytes at most", NW_STATE_BYTES_MAX);
	return false;
}

static void begin_origin(struct nwi_worker *worker, nwi_link place)
{
	worker->emitted_before = 0;
	worker->origins[worker->origin_count++] = (struct nwi_origin){
		.first = worker->emit.count,
		.begun_count = worker->begun_count,
		.place = place,
	};
}

static bool has_successors(const struct nwi_worker *worker)
{
	return worker->emitted_before > 0 || worker->emit.dropped_count > 0 ||
	       worker->emit.count > worker->origins[worker->origin_count - 1].first;
}

void nwi_count_dropped(struct nwi_worker *worker)
{
	if (worker->emit.dropped_count == 0)
		return;
	nwi_count(&worker->tally.generated, worker->emit.dropped_count);
	worker->emitted_before += (uint32_t)worker->emit.dropped_count;
	worker->emit.dropped_count = 0;
}

/* Whether the last candidate of the group is this state. */
static bool ends_with(const struct nw_emit *emit, const void *state, size_t n_bytes)
{
	return emit->count > 0 && emit->mark[emit->count - 1] == n_bytes &&
	       memcmp(emit->cur - n_bytes, state, n_bytes) == 0;
}

/* The state at hand is the last origin's. */
static bool take_fault(struct nw_emit *emit, enum nw_fault kind, const char *text,
		       const void *successor, size_t n_bytes)
{
	struct nwi_worker *worker = emit->engine;
	struct nwi_fault fault = { .place = worker->origins[worker->origin_count - 1].place,
				   .name = text,
				   .state = successor,
				   .n_bytes = successor ? (uint32_t)n_bytes : 0,
				   .is_step = true };
	uint32_t count = emit->count;
	bool is_emitted = successor && ends_with(emit, successor, n_bytes);

	/* What was made before is looked at first, as if one by one. */
	if (emit->count > 0 && !hand_on(worker)) {
		nwi_count_dropped(worker);
		return false;
	}
	fault.is_kept = is_emitted && worker->kept_idx == count - 1;
	if (kind == NW_FAULT_VIOLATION && worker->explore->options.keep_going)
		return nwi_violated(worker, &fault);
	nwi_count_dropped(worker);
	nwi_end_at(worker->explore,
		   kind == NW_FAULT_ERROR ? NW_EXPLORE_ERROR : NW_EXPLORE_VIOLATION, &fault);
	return false;
}

static bool expand_state(struct nwi_worker *worker, nwi_link place, const uint8_t *state,
			 uint32_t n_bytes)
{
	struct nw_explore *explore = worker->explore;
	const struct nw_model *model = explore->options.model;

	worker->begun_count++;
	begin_origin(worker, place);
	model->next(worker->context, state, n_bytes, &worker->emit);
	if (nwi_is_stopping(explore))
		return false;
	if (!has_successors(worker)) {
		struct nwi_fault fault = { .place = place, .state = state, .n_bytes = n_bytes };

		if (explore->check_deadlock) {
			/* A violation made earlier is found earlier. */
			if (worker->emit.count > 0 && !nwi_route_group(worker))
				return false;
			nwi_end_at(explore, NW_EXPLORE_DEADLOCK, &fault);
			return false;
		}
		worker->origin_count--;
		return true;
	}
	nwi_count_dropped(worker);
	if (worker->origin_count == GROUP_COUNT || worker->emit.count >= GROUP_FULL)
		return nwi_route_group(worker);
	return true;
}

static void expand_chunk(struct nwi_worker *worker, const struct nwi_chunk *chunk)
{
	const uint8_t *at = chunk->bytes;
	uint32_t fixed = worker->explore->state_bytes;
	uint64_t begun_before = worker->begun_count;

	for (uint32_t i = 0; i < chunk->count; i++) {
		uint32_t n_bytes = fixed;

		if (!fixed) {
			memcpy(&n_bytes, at, sizeof(n_bytes));
			at += sizeof(n_bytes);
		}
		if (!expand_state(worker, nwi_link_to(chunk->pool_idx, chunk->first_idx + i, 0), at,
				  n_bytes))
			break;
		at += n_bytes;
	}
	nwi_count(&worker->tally.expanded, worker->begun_count - begun_before);
	if (chunk->pool_idx != worker->worker_idx)
		nwi_count(&worker->tally.shared, worker->begun_count - begun_before);
}

/* ---- finding work ---- */

static struct nwi_chunk *take_from_node(struct nwi_worker *worker, uint32_t node_idx)
{
	struct nw_explore *explore = worker->explore;
	struct nwi_chunk *chunk = NULL;

	for (uint32_t p = 0; p < explore->pool_count && !chunk; p++) {
		/* Its own pool first among equals: start there and go round. */
		uint32_t i = (worker->worker_idx + p) % explore->pool_count;

		if (explore->pools[i]->node_idx == node_idx)
			chunk = nwi_pool_take(explore->pools[i], explore->now);
	}
	return chunk;
}

/* Inside the node; where states stay with whoever made them, from afar too, nearest first. */
static struct nwi_chunk *take_chunk(struct nwi_worker *worker)
{
	struct nw_explore *explore = worker->explore;
	struct nwi_chunk *chunk = nwi_pool_take(worker->pool, explore->now);

	if (!chunk)
		chunk = take_from_node(worker, worker->node_idx);
	if (chunk || !worker->takes_from_afar)
		return chunk;
	for (uint32_t n = 1; n < explore->topo_node_count && !chunk; n++)
		chunk = take_from_node(worker, worker->nearest[n]);
	return chunk;
}

static void take_token(struct nwi_worker *worker)
{
	if (worker->has_token)
		return;
	/* relaxed: the chunk just taken is still counted, so the count is not zero. */
	atomic_fetch_add_explicit(&worker->explore->outstanding, 1, memory_order_relaxed);
	worker->has_token = true;
}

static void work_on_chunk(struct nwi_worker *worker, const struct nwi_chunk *chunk)
{
	take_token(worker);
	expand_chunk(worker, chunk);
	nwi_done_one(worker->explore);
}

static void give_up_token(struct nwi_worker *worker)
{
	if (worker->emit.count > 0 && !nwi_route_group(worker))
		return;
	nwi_flush(worker);
	worker->has_token = false;
	nwi_done_one(worker->explore);
}

static bool is_level_over(struct nwi_worker *worker)
{
	/* [worker.zero] acquire, pairs with [worker.done]: every state of the next level is in its
	 * pool. */
	return atomic_load_explicit(&worker->explore->outstanding, memory_order_acquire) == 0;
}

/* Whether this worker rests; it says so once. */
static bool rests(struct nwi_worker *worker, bool *inout_rests)
{
	if (!*inout_rests && nwi_is_pausing(worker->explore)) {
		*inout_rests = true;
		nwi_pause(worker->explore);
	}
	return *inout_rests;
}

static void work_on_level(struct nwi_worker *worker)
{
	bool is_resting = false;
	uint32_t rounds = 0;

	while (!nwi_is_stopping(worker->explore)) {
		bool has_served = nwi_serve(worker);
		struct nwi_chunk *chunk = rests(worker, &is_resting) ? NULL : take_chunk(worker);

		if (chunk) {
			work_on_chunk(worker, chunk);
			rounds = 0;
		} else if (worker->has_token) {
			give_up_token(worker);
		} else if (is_level_over(worker) || (is_resting && nwi_is_quiet(worker->explore))) {
			return;
		} else if (has_served) {
			rounds = 0;
		} else {
			nwi_wait_round(worker, &rounds);
		}
	}
}

/* The initial states are level 1: made by the first worker, checked like all others. */
static void make_initial_states(struct nwi_worker *worker)
{
	if (worker->worker_idx != 0)
		return;
	begin_origin(worker, nwi_link_to(NWI_POOL_NONE, 0, 0));
	worker->explore->options.model->init(worker->context, &worker->emit);
	nwi_count_dropped(worker);
}

/* Not of a level that was cut short. */
static void tell_level(struct nwi_worker *worker, uint32_t depth)
{
	const struct nw_model *model = worker->explore->options.model;

	if (model->level && !nwi_is_stopping(worker->explore))
		model->level(worker->context, depth);
}

/* The workers meet, and meet again when each has written its part of a checkpoint. */
static void meet(struct nwi_worker *worker)
{
	nwi_meet(worker, nwi_level_turn);
	if (worker->explore->turn != NWI_TURN_WRITE)
		return;
	nwi_checkpoint_write(worker);
	nwi_meet(worker, nwi_checkpoint_end);
}

void nwi_worker_run(struct nwi_worker *worker)
{
	const struct nw_explore *explore = worker->explore;

	nwi_worker_here = worker;
	tell_level(worker, (uint32_t)explore->levels.count);
	worker->has_token = true;
	if (explore->levels.count == 0)
		make_initial_states(worker);
	do {
		work_on_level(worker);
		if (is_level_over(worker))
			tell_level(worker, (uint32_t)explore->levels.count + 1);
		meet(worker);
		worker->has_token = explore->turn == NWI_TURN_LEVEL;
	} while (explore->turn != NWI_TURN_OVER);
}

/* ---- create ---- */

static int create_buffers(struct nwi_worker *worker)
{
	uint32_t state_bytes = worker->explore->state_bytes;
	size_t n_bytes = GROUP_BYTES;
	struct nwi_lot *group = &worker->group;
	struct nw_arena *arena = worker->arena;

	worker->emit_bytes = nw_arena_alloc(arena, n_bytes, NW_CACHE_PAIR);
	worker->emit.mark = nw_arena_alloc(arena, GROUP_COUNT * sizeof(uint32_t), 8);
	worker->emit.drops = nw_arena_alloc(arena, DROP_COUNT * sizeof(uint32_t), 8);
	worker->origins = nw_arena_alloc(arena, (GROUP_COUNT + 1) * sizeof(*worker->origins), 8);
	group->fps = nw_arena_alloc(arena, GROUP_COUNT * sizeof(uint64_t), 8);
	group->links = nw_arena_alloc(arena, GROUP_COUNT * sizeof(uint64_t), 8);
	if (!state_bytes)
		group->offsets = nw_arena_alloc(arena, (GROUP_COUNT + 1) * sizeof(uint32_t), 8);
	group->state_bytes = state_bytes;
	worker->order = nw_arena_alloc(arena, GROUP_COUNT * sizeof(uint32_t), 8);
	worker->order_fps = nw_arena_alloc(arena, GROUP_COUNT * sizeof(uint64_t), 8);
	worker->own_idxs = nw_arena_alloc(arena, GROUP_COUNT * sizeof(uint32_t), 8);
	worker->foreign_idxs = nw_arena_alloc(arena, GROUP_COUNT * sizeof(uint32_t), 8);
	worker->own_fps = nw_arena_alloc(arena, GROUP_COUNT * sizeof(uint64_t), 8);
	worker->nearest = nw_arena_alloc(arena, worker->explore->topo_node_count * sizeof(uint32_t),
					 8);
	if (!worker->nearest) /* the last one: when it fits, all do */
		return -ENOMEM;
	group->bytes = worker->emit_bytes;
	worker->emit.cur = worker->emit_bytes;
	worker->emit.end = worker->emit_bytes + n_bytes;
	worker->emit.count_max = GROUP_COUNT;
	worker->emit.drop_count_max = DROP_COUNT;
	worker->emit.flush = flush_group;
	worker->emit.fault = take_fault;
	worker->emit.engine = worker;
	return 0;
}

static int open_context(struct nwi_worker *worker, int *inout_open_rc)
{
	const struct nw_explore_options *o = &worker->explore->options;
	int rc = o->model->open ? o->model->open(&worker->context, o->model_data) : 0;

	if (rc < 0)
		*inout_open_rc = rc;
	return rc;
}

int nwi_worker_create(struct nw_explore *explore, struct nw_crew_worker *self, int *inout_open_rc)
{
	nw_node node = nwi_memory_node(explore, self->node_idx);
	struct nwi_worker *worker;
	struct nw_arena *arena;
	int rc = nw_arena_create(&arena, node, explore->reserve_bytes, 0);

	if (rc < 0)
		return rc;
	worker = nw_arena_alloc(arena, sizeof(*worker), NW_CACHE_PAIR);
	worker->arena = arena;
	worker->explore = explore;
	worker->self = self;
	worker->worker_idx = self->worker_idx;
	worker->node_idx = self->node_idx;
	worker->looked_from = NWI_NO_LINK;
	worker->has_local_memory = nw_topo_node_at(explore->options.topo, self->node_idx)
					   ->memory_bytes > 0;
	worker->takes_from_afar = explore->options.route == NW_ROUTE_ANYWHERE ||
				  explore->options.route == NW_ROUTE_PUSH;
	explore->workers[self->worker_idx] = worker;
	rc = create_buffers(worker);
	if (rc == 0)
		rc = nwi_recent_create(worker);
	if (rc == 0)
		rc = nwi_pool_create(&worker->pool, explore, self->worker_idx, self->node_idx);
	if (rc == 0 && explore->options.keep_states)
		rc = nwi_array_open(&worker->path, node, explore->reserve_bytes,
				    sizeof(struct nw_explore_step));
	if (rc == 0)
		rc = open_context(worker, inout_open_rc);
	if (rc < 0)
		return rc;
	nw_topo_nearest(explore->options.topo, self->node_idx, worker->nearest);
	explore->pools[self->worker_idx] = worker->pool;
	return 0;
}

void nwi_worker_destroy(struct nwi_worker *worker)
{
	const struct nw_model *model;

	if (!worker)
		return;
	model = worker->explore->options.model;
	if (worker->context && model->close)
		model->close(worker->context);
	nwi_array_close(&worker->path, &worker->explore->budget);
	nwi_lanes_destroy(worker);
	nwi_violations_destroy(worker);
	nwi_pool_destroy(worker->pool);
	nw_arena_destroy(worker->arena);
}
