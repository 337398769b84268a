/* SPDX-License-Identifier: MIT */
/*
 * One worker's walks.
 *
 * Random numbers: a generator (splitmix64) that begins anew with each walk from the seed and the
 * walk's number. Successors come in blocks as the buffer fills; of all of them each is chosen with
 * the same probability, without being kept: a block replaces the choice with the probability of
 * its share.
 *
 * Invariant: a walk looks at nothing that another walk leaves behind.
 */
#include "walk.h"

#include <stdio.h>

__extension__ typedef unsigned __int128 u128;

enum {
	EMIT_COUNT = 1024,
	EMIT_BYTES = 4 * NW_STATE_BYTES_MAX,
	CLOCK_STEPS = 64, /* between two looks at the clock */
};

/* ---- chance ---- */

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static uint64_t draw_word(struct nwi_walker *walker)
{
	walker->random += UINT64_C(0x9e3779b97f4a7c15);
	return mix(walker->random);
}

/* 0..below-1; the bias, below / 2^64, is nothing. */
static uint64_t draw(struct nwi_walker *walker, uint64_t below)
{
	return (uint64_t)((u128)draw_word(walker) * below >> 64);
}

static void seed_walk(struct nwi_walker *walker)
{
	const struct nw_walk_options *o = &walker->walk->options;

	walker->random = mix(mix(o->seed) + walker->walk_idx * UINT64_C(0x9e3779b97f4a7c15));
	if (o->model->walk)
		o->model->walk(walker->context, walker->walk_idx, draw_word(walker));
}

/* ---- faults ---- */

/* The walk ends with it, and others go on. */
static void tell_violation(struct nwi_walker *walker, const char *name, const void *state,
			   uint32_t n_bytes)
{
	const struct nw_walk_options *o = &walker->walk->options;
	struct nw_walk_path path = { .walk_idx = walker->walk_idx };

	walker->is_over = true;
	if ((state && nwi_path_add(&walker->path, &walker->walk->budget, state, n_bytes,
				   walker->part_idx) < 0) ||
	    nwi_path_make_room(walker) < 0) {
		nwi_walk_end(walker->walk, NW_EXPLORE_NO_MEMORY);
		return;
	}
	path.steps = walker->steps.items;
	path.step_count = nwi_path_steps(walker, walker->steps.items);
	nwi_count(&walker->violation_total, 1);
	o->on_violation(o->arg, &path, name);
}

static void keep_fault(struct nwi_walker *walker, enum nw_explore_end end, const char *name,
		       const void *state, uint32_t n_bytes)
{
	if (end == NW_EXPLORE_VIOLATION && walker->walk->options.on_violation &&
	    walker->path.places.count > 0) {
		tell_violation(walker, name, state, n_bytes);
		return;
	}
	if (!nwi_walk_keep_fault(walker, end, name, state, n_bytes))
		nwi_walk_end(walker->walk, NW_EXPLORE_NO_MEMORY);
}

static void break_contract(struct nwi_walker *walker, const char *text)
{
	struct nw_walk *walk = walker->walk;

	walker->is_over = true;
	pthread_mutex_lock(&walk->fault_lock);
	(void)snprintf(walk->fault_text, sizeof(walk->fault_text), "%s", text);
	pthread_mutex_unlock(&walk->fault_lock);
	nwi_walk_end(walk, NW_EXPLORE_MODEL_FAULT);
}

static bool is_stopping(const struct nwi_walker *walker)
{
	/* relaxed: hint; what matters is read after the workers were joined. */
	return atomic_load_explicit(&walker->walk->is_stopping, memory_order_relaxed);
}

/* ---- what the model emits ---- */

static void reset_emit(struct nwi_walker *walker)
{
	walker->emit.count = 0;
	walker->emit.cur = walker->emit_bytes;
}

static void count_made(struct nwi_walker *walker, uint64_t count)
{
	walker->generated += count;
	nwi_count(&walker->generated_total, count);
}

/* Whether the invariants hold of a state and its size is right. */
static bool is_good(struct nwi_walker *walker, const uint8_t *state, uint32_t n_bytes)
{
	const struct nw_model *model = walker->walk->options.model;
	uint32_t fixed = walker->walk->state_bytes;
	const char *name;

	if (n_bytes > NW_STATE_BYTES_MAX || (fixed && n_bytes != fixed)) {
		break_contract(walker, "the model emitted a state whose size is not the one it "
				       "declared");
		return false;
	}
	name = model->invariant ? model->invariant(walker->context, state, n_bytes) : NULL;
	if (!name)
		return true;
	keep_fault(walker, name == model->failure ? NW_EXPLORE_ERROR : NW_EXPLORE_VIOLATION, name,
		   state, n_bytes);
	return false;
}

/* Looks at the states in the buffer and empties it. False: one is faulty. */
static bool take_block(struct nwi_walker *walker)
{
	const uint8_t *at = walker->emit_bytes;
	uint32_t count = walker->emit.count;
	uint64_t chosen = count ? draw(walker, walker->made_count + count) : 0;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t n_bytes = walker->emit.mark[i];

		count_made(walker, 1);
		if (!is_good(walker, at, n_bytes))
			return false;
		if (i == chosen) {
			memcpy(walker->chosen, at, n_bytes);
			walker->chosen_bytes = n_bytes;
		}
		at += n_bytes;
	}
	walker->made_count += count;
	reset_emit(walker);
	return true;
}

static bool take_initial(struct nwi_walker *walker)
{
	struct nw_walk *walk = walker->walk;
	const uint8_t *at = walker->emit_bytes;

	for (uint32_t i = 0; i < walker->emit.count; i++) {
		uint32_t n_bytes = walker->emit.mark[i];

		count_made(walker, 1);
		if (!is_good(walker, at, n_bytes))
			return false;
		if (nwi_path_add(&walk->initial, &walk->budget, at, n_bytes, NW_PART_NONE) < 0) {
			nwi_walk_end(walk, NW_EXPLORE_NO_MEMORY);
			return false;
		}
		at += n_bytes;
	}
	reset_emit(walker);
	return true;
}

static bool take_emitted(struct nwi_walker *walker)
{
	if (walker->emit.dropped_count > 0)
		count_made(walker, walker->emit.dropped_count);
	walker->emit.dropped_count = 0;
	return walker->path.places.count > 0 ? take_block(walker) : take_initial(walker);
}

static bool flush(struct nw_emit *emit, size_t n_bytes)
{
	struct nwi_walker *walker = emit->engine;

	if (n_bytes > NW_STATE_BYTES_MAX) {
		break_contract(walker, "a state may have 65535 bytes at most");
		return false;
	}
	return !walker->is_over && take_emitted(walker) && !is_stopping(walker);
}

/* What was made before is looked at first, as if one by one. */
static bool on_fault(struct nw_emit *emit, enum nw_fault kind, const char *text,
		     const void *successor, size_t n_bytes)
{
	struct nwi_walker *walker = emit->engine;

	if (walker->is_over || !take_emitted(walker))
		return false;
	keep_fault(walker, kind == NW_FAULT_ERROR ? NW_EXPLORE_ERROR : NW_EXPLORE_VIOLATION, text,
		   successor, (uint32_t)n_bytes);
	return false;
}

_Thread_local struct nwi_walker *nwi_walker_here;

/* ---- steps ---- */

/* Has the model make successors, of one part or all. *inout_excluded: the model left some out. */
static bool make_successors(struct nwi_walker *walker, bool *inout_excluded)
{
	const struct nw_model *model = walker->walk->options.model;
	uint64_t last = walker->path.places.count - 1;
	const uint8_t *state = nwi_path_state(&walker->path, last);
	uint32_t n_bytes = nwi_path_at(&walker->path, last)->n_bytes;

	if (walker->part_idx == NW_PART_NONE)
		model->next(walker->context, state, n_bytes, &walker->emit);
	else
		model->next_part(walker->context, state, n_bytes, walker->part_idx, &walker->emit);
	*inout_excluded |= walker->emit.dropped_count > 0;
	return !walker->is_over && take_emitted(walker);
}

/* The parts in an order that depends on two random numbers: a prime that is no divisor of their
 * number leads through all of them. */
static bool try_parts(struct nwi_walker *walker, bool *inout_excluded)
{
	static const uint32_t primes[] = { 1048583, 1048589, 1048601, 1048609,
					   1048613, 1048627, 1048633, 1048661 };
	uint32_t count = walker->part_count;
	uint64_t at = draw(walker, count), stride = primes[draw(walker, 8)];

	for (uint32_t i = 0; i < count && walker->made_count == 0; i++) {
		walker->part_idx = (uint32_t)(at % count);
		if (!make_successors(walker, inout_excluded))
			return false;
		at += stride;
	}
	return true;
}

static void tell_level(const struct nwi_walker *walker, uint64_t depth)
{
	const struct nw_model *model = walker->walk->options.model;

	if (model->level)
		model->level(walker->context, (uint32_t)depth);
}

/* Chooses the next state. False: the walk ends, with or without a fault. */
static bool choose(struct nwi_walker *walker)
{
	bool is_excluded = false, goes_on;

	walker->made_count = 0;
	walker->part_idx = NW_PART_NONE;
	tell_level(walker, walker->path.places.count);
	goes_on = walker->part_count > 0 ? try_parts(walker, &is_excluded)
					 : make_successors(walker, &is_excluded);
	if (!goes_on || walker->made_count > 0)
		return goes_on;
	if (!is_excluded && walker->walk->check_deadlock && !is_stopping(walker))
		keep_fault(walker, NW_EXPLORE_DEADLOCK, NULL, NULL, 0);
	return false;
}

static bool keep_state(struct nwi_walker *walker, const uint8_t *state, uint32_t n_bytes)
{
	if (nwi_path_add(&walker->path, &walker->walk->budget, state, n_bytes, walker->part_idx) ==
	    0)
		return true;
	nwi_walk_end(walker->walk, NW_EXPLORE_NO_MEMORY);
	return false;
}

static void look_at_clock(struct nw_walk *walk)
{
	uint64_t time_ns_max = walk->options.time_ns_max;

	if (!time_ns_max || nwi_now_ns() - atomic_load(&walk->started_ns) < time_ns_max)
		return;
	atomic_store(&walk->is_time_over, true);
	nwi_walk_end(walk, NW_EXPLORE_DONE);
}

/* Whether the walk is still of interest. */
static bool matters(const struct nwi_walker *walker)
{
	/* relaxed: hint; a walk that goes on for nothing is cut off afterwards. */
	return !is_stopping(walker) &&
	       walker->walk_idx <= atomic_load_explicit(&walker->walk->bound, memory_order_relaxed);
}

/* ---- walks ---- */

static void start(struct nwi_walker *walker)
{
	const struct nwi_path *initial = &walker->walk->initial;
	uint64_t i;

	walker->path.bytes.count = walker->path.places.count = 0;
	walker->generated = 0;
	walker->is_over = false;
	walker->emit.dropped_count = 0;
	reset_emit(walker); /* of a walk that ended with a violation something may be left */
	walker->part_idx = NW_PART_NONE;
	seed_walk(walker);
	i = draw(walker, initial->places.count);
	(void)keep_state(walker, nwi_path_state(initial, i), nwi_path_at(initial, i)->n_bytes);
}

static void hand_out(struct nwi_walker *walker)
{
	const struct nw_walk_options *o = &walker->walk->options;
	struct nw_walk_path path = { .walk_idx = walker->walk_idx };

	if (nwi_path_make_room(walker) < 0) {
		nwi_walk_end(walker->walk, NW_EXPLORE_NO_MEMORY);
		return;
	}
	path.steps = walker->steps.items;
	path.step_count = nwi_path_steps(walker, walker->steps.items);
	o->on_walk(o->arg, &path);
}

/* One walk to its end. */
static void wander(struct nwi_walker *walker)
{
	uint64_t steps_max = walker->walk->options.step_count_max;
	bool is_whole = true;

	start(walker);
	for (uint64_t i = 0; !steps_max || i < steps_max; i++) {
		is_whole = matters(walker);
		if (!is_whole || !choose(walker) ||
		    !keep_state(walker, walker->chosen, walker->chosen_bytes))
			break;
		if (i % CLOCK_STEPS == CLOCK_STEPS - 1)
			look_at_clock(walker->walk);
	}
	is_whole &= !walker->is_over && matters(walker);
	nwi_walk_log(walker, is_whole);
	if (is_whole && walker->walk->options.on_walk)
		hand_out(walker);
}

/* The number of the next walk. False: there is none, or none that matters. */
static bool take_walk(struct nwi_walker *walker)
{
	struct nw_walk *walk = walker->walk;
	const struct nw_walk_options *o = &walk->options;
	uint64_t count;

	/* First what it will be at least, so that nobody takes a walk below for settled. */
	atomic_store(&walker->lowest_idx, o->walk_first + atomic_load(&walk->next_idx));
	count = atomic_fetch_add(&walk->next_idx, 1);
	walker->walk_idx = o->walk_first + count;
	atomic_store(&walker->lowest_idx, walker->walk_idx);
	return (!o->walk_count || count < o->walk_count) && matters(walker);
}

void nwi_walker_run(struct nwi_walker *walker)
{
	struct nw_walk *walk = walker->walk;

	nwi_walker_here = walker;
	if (walk->options.model->part_count)
		walker->part_count = walk->options.model->part_count(walker->context);
	while (walk->initial.places.count > 0 && take_walk(walker)) {
		wander(walker);
		look_at_clock(walk);
		nwi_rest_pass(walker);
	}
	atomic_store(&walker->lowest_idx, NWI_NO_WALK);
	nwi_rest_leave(walker);
}

void nwi_walk_begin(struct nwi_walker *walker)
{
	struct nw_walk *walk = walker->walk;

	nwi_walker_here = walker;
	/* A fault of an initial state comes before those of all walks. */
	walker->walk_idx = 0;
	walker->part_idx = NW_PART_NONE;
	tell_level(walker, 0);
	if (!is_stopping(walker))
		walk->options.model->init(walker->context, &walker->emit);
	if (!walker->is_over)
		(void)take_emitted(walker);
	if (walker->is_over) {
		atomic_store(&walk->is_stopping, true);
		walk->initial.places.count = 0;
	} else if (walk->options.model->forget) {
		walk->options.model->forget(walk->options.model_data);
	}
	atomic_store(&walk->initial_count, walk->initial.places.count);
}

/* ---- create ---- */

static int create_buffers(struct nwi_walker *walker, nw_node node)
{
	size_t reserve_bytes = walker->walk->reserve_bytes;
	int rc = nwi_path_open(&walker->path, node, reserve_bytes);

	if (rc == 0)
		rc = nwi_array_open(&walker->log, node, reserve_bytes, sizeof(struct nwi_logged));
	if (rc == 0)
		rc = nwi_array_open(&walker->steps, node, reserve_bytes,
				    sizeof(struct nw_explore_step));
	if (rc < 0)
		return rc;
	walker->emit_bytes = nw_arena_alloc(walker->arena, EMIT_BYTES, NW_CACHE_PAIR);
	walker->chosen = nw_arena_alloc(walker->arena, NW_STATE_BYTES_MAX, 8);
	walker->emit = (struct nw_emit){
		.cur = walker->emit_bytes,
		.end = walker->emit_bytes + EMIT_BYTES,
		.mark = nw_arena_alloc(walker->arena, EMIT_COUNT * sizeof(uint32_t), 8),
		.count_max = EMIT_COUNT,
		.flush = flush,
		.fault = on_fault,
		.engine = walker,
	};
	return 0;
}

int nwi_walker_create(struct nw_walk *walk, struct nw_crew_worker *self, int *inout_open_rc)
{
	const struct nw_walk_options *o = &walk->options;
	nw_node node = nw_topo_node_at(o->topo, self->node_idx)->memory_node;
	struct nwi_walker *walker;
	struct nw_arena *arena;
	int rc = nw_arena_create(&arena, node,
				 sizeof(*walker) + EMIT_BYTES + NW_STATE_BYTES_MAX +
					 EMIT_COUNT * sizeof(uint32_t) + 4096,
				 0);

	if (rc < 0)
		return rc;
	walker = nw_arena_alloc(arena, sizeof(*walker), NW_CACHE_PAIR);
	walker->arena = arena;
	walker->walk = walk;
	walker->self = self;
	atomic_init(&walker->lowest_idx, NWI_NO_WALK);
	walk->walkers[self->worker_idx] = walker;
	rc = create_buffers(walker, node);
	if (rc == 0 && o->model->open) {
		rc = o->model->open(&walker->context, o->model_data);
		*inout_open_rc = rc;
	}
	return rc;
}

void nwi_walker_destroy(struct nwi_walker *walker)
{
	const struct nw_model *model;

	if (!walker)
		return;
	model = walker->walk->options.model;
	if (walker->context && model->close)
		model->close(walker->context);
	nwi_path_close(&walker->path, &walker->walk->budget);
	nwi_array_close(&walker->log, &walker->walk->budget);
	nwi_array_close(&walker->steps, &walker->walk->budget);
	nw_arena_destroy(walker->arena);
}
