/* SPDX-License-Identifier: MIT */
/*
 * Flows: what they are made of, and how they are built, before a run and from inside one. The essay
 * is in flow.h, the run in flow_run.c.
 */
#include "dag/flow.h"

#include "base/diag.h"
#include "dag/flow_state.h"
#include "dag/options.h"
#include "reclaim/asym.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>

enum {
	TASK_MAX_DEFAULT = 1 << 22,
	TASK_MAX_LIMIT = 1 << 26,
	PIECE_BYTES_A_TASK = 64, /* of address space: edges beyond two, demands, slots of places */
	PIECE_BYTES_MIN = 1 << 20,
	WORKERS_MAX = (1 << (32 - NWI_FLOW_PLACE_SHIFT)) - 2,
};

/* ---- create, destroy ---- */

static uint32_t node_of(const struct nw_sched *sched, uint32_t worker_idx)
{
	return nw_crew_worker_at(nw_sched_crew(sched), worker_idx)->node_idx;
}

static uint32_t node_count_of(const struct nw_sched *sched, uint32_t worker_count)
{
	uint32_t count = 1;

	for (uint32_t i = 0; i < worker_count; i++)
		if (count <= node_of(sched, i))
			count = node_of(sched, i) + 1;
	return count;
}

static void init_places(struct nw_flow *flow)
{
	for (uint32_t i = 0; i <= flow->worker_count; i++) {
		struct nwi_place *place = &flow->places[i];

		place->flow = flow;
		place->place_idx = i;
		place->node_idx = i < flow->worker_count ? node_of(flow->sched, i) : UINT32_MAX;
		nwi_prng_init(&place->prng, i);
	}
}

static void init_helpers(struct nw_flow *flow)
{
	nw_group_init(&flow->group);
	nw_event_init(&flow->event);
	for (uint32_t i = 0; i < flow->slot_count; i++) {
		nw_job_init(&flow->slots[i].job, nwi_flow_help);
		flow->slots[i].job.group = &flow->group;
		flow->slots[i].flow = flow;
	}
}

/* The flow, its places, inboxes and helpers, one behind the other in a block. NULL: no memory. */
static struct nw_flow *alloc_flow(struct nw_sched *sched, uint32_t worker_count, int *ret_rc)
{
	uint32_t node_count = node_count_of(sched, worker_count), slot_count = 2 * worker_count + 2;
	struct nw_flow *flow;
	struct nw_mem memory;

	*ret_rc = nw_mem_alloc(&memory, NW_NODE_ANY,
			       sizeof(*flow) + (worker_count + 1) * sizeof(*flow->places) +
				       (node_count + 1) * sizeof(*flow->inboxes) +
				       slot_count * sizeof(*flow->slots),
			       NW_MEM_LOCAL);
	if (*ret_rc < 0)
		return NULL;
	flow = memory.base;
	flow->memory = memory;
	flow->sched = sched;
	flow->worker_count = worker_count;
	flow->node_count = node_count;
	flow->slot_count = slot_count;
	flow->places = (struct nwi_place *)(flow + 1);
	flow->inboxes = (struct nwi_flow_list *)(flow->places + worker_count + 1);
	flow->slots = (struct nwi_flow_helper *)(flow->inboxes + node_count + 1);
	return flow;
}

static int init_admission(struct nw_flow *flow, const struct nw_dag_options *options)
{
	/* relaxed: not yet published. */
	atomic_store_explicit(&flow->due_ns, UINT64_MAX, memory_order_relaxed);
	if (!options)
		return 0;
	flow->caps = options->caps;
	flow->has_admission = nwi_options_admit(&flow->admit, options) == 0;
	return flow->has_admission ? 0 : -ENOMEM;
}

static int check(const struct nw_flow_options *options, uint32_t worker_count,
		 struct nw_diag *reterr_diag)
{
	if (options->task_max > TASK_MAX_LIMIT || worker_count > WORKERS_MAX) {
		nwi_diag_set(reterr_diag, "a flow takes %d tasks a thread and %d workers at most",
			     TASK_MAX_LIMIT, WORKERS_MAX);
		return -EINVAL;
	}
	return options->admission ? nwi_options_check(options->admission, reterr_diag) : 0;
}

int nw_flow_create(struct nw_flow **ret_flow, struct nw_sched *sched,
		   const struct nw_flow_options *options, struct nw_diag *reterr_diag)
{
	const struct nw_flow_options none = { 0 };
	uint32_t worker_count = nw_crew_worker_count(nw_sched_crew(sched));
	struct nw_flow *flow;
	int rc;

	options = options ? options : &none;
	rc = check(options, worker_count, reterr_diag);
	if (rc != 0)
		return rc;
	flow = alloc_flow(sched, worker_count, &rc);
	if (!flow) {
		nwi_diag_set(reterr_diag, "no memory for a flow: %s", strerror(-rc));
		return rc;
	}
	flow->fence_reason = nwi_asym_choose(false);
	flow->task_max = options->task_max > 0 ? options->task_max : TASK_MAX_DEFAULT;
	init_places(flow);
	init_helpers(flow);
	rc = init_admission(flow, options->admission);
	if (rc != 0) {
		nw_flow_destroy(flow);
		nwi_diag_set(reterr_diag, "no memory for the admission of a flow");
		return rc;
	}
	*ret_flow = flow;
	return 0;
}

void nw_flow_destroy(struct nw_flow *flow)
{
	struct nw_mem memory;

	if (!flow)
		return;
	for (uint32_t i = 0; i <= flow->worker_count; i++) {
		nw_arena_destroy(flow->places[i].tasks);
		nw_arena_destroy(flow->places[i].pieces);
	}
	if (flow->has_admission)
		nwi_admit_fini(&flow->admit);
	nwi_timers_fini(&flow->timers);
	memory = flow->memory;
	nw_mem_free(&memory);
}

void nw_flow_clear(struct nw_flow *flow)
{
	assert(!flow->is_running);
	for (uint32_t i = 0; i <= flow->worker_count; i++) {
		struct nwi_place *place = &flow->places[i];

		if (place->tasks)
			nw_arena_reset(place->tasks);
		if (place->pieces)
			nw_arena_reset(place->pieces);
		nwi_flow_empty(place);
		place->slots = NULL; /* it was a piece */
		place->capacity = 0;
		atomic_store(&place->task_count, 0);
		atomic_store(&place->released_count, 0);
		for (int j = 0; j < 3; j++)
			atomic_store(&place->ended_count[j], 0);
	}
	atomic_store(&flow->run_count, 0);
}

/* ---- memory of a place ---- */

/* On the node of the thread that asks. */
static struct nw_arena *arena_of(struct nw_arena **arena, size_t reserve_bytes)
{
	if (!*arena && nw_arena_create(arena, NW_NODE_ANY, reserve_bytes, NW_MEM_LOCAL) != 0)
		return NULL;
	return *arena;
}

struct nw_arena *nwi_flow_pieces(struct nwi_place *place)
{
	size_t n_bytes = (size_t)place->flow->task_max * PIECE_BYTES_A_TASK;

	return arena_of(&place->pieces, n_bytes > PIECE_BYTES_MIN ? n_bytes : PIECE_BYTES_MIN);
}

/* Zeroed: an arena that was reset has what was left in it. */
void *nwi_flow_piece(struct nwi_place *place, size_t n_bytes)
{
	struct nw_arena *arena = nwi_flow_pieces(place);
	void *piece = arena ? nw_arena_alloc(arena, n_bytes, alignof(max_align_t)) : NULL;

	return piece ? memset(piece, 0, n_bytes) : NULL;
}

struct nwi_place *nwi_flow_home_of(struct nw_flow *flow, const struct nw_flow_task *task)
{
	/* relaxed: the place's bits never change. */
	return &flow->places[atomic_load_explicit(&task->state, memory_order_relaxed) >>
			     NWI_FLOW_PLACE_SHIFT];
}

uint32_t nwi_flow_task_count(const struct nwi_place *place)
{
	/* [flow_count.get] acquire, pairs with [flow_count.set]: the tasks. */
	return atomic_load_explicit(&place->task_count, memory_order_acquire);
}

static struct nw_flow_task *new_task(struct nwi_place *place, nw_flow_fn *fn, void *arg,
				     uint32_t flags)
{
	uint32_t count = nwi_flow_task_count(place);
	struct nw_arena *arena = arena_of(&place->tasks, ((size_t)place->flow->task_max + 1) *
								 sizeof(struct nw_flow_task));
	struct nw_flow_task *task;

	if (!arena || count == place->flow->task_max)
		return NULL;
	task = nw_arena_alloc(arena, sizeof(*task), alignof(struct nw_flow_task));
	if (!task)
		return NULL;
	if (count == 0)
		place->first_task = task;
	assert(task == place->first_task + count);
	memset(task, 0, sizeof(*task)); /* the arena may have been reset */
	task->fn = fn;
	task->arg = arg;
	/* relaxed: not yet published. */
	atomic_store_explicit(&task->state,
			      (uint32_t)NW_DAG_PENDING | flags |
				      place->place_idx << NWI_FLOW_PLACE_SHIFT,
			      memory_order_relaxed);
	/* [flow_count.set] release, pairs with [flow_count.get]: the task. */
	atomic_store_explicit(&place->task_count, count + 1, memory_order_release);
	return task;
}

struct nw_flow_task *nw_flow_add(struct nw_flow *flow, nw_flow_fn *fn, void *arg)
{
	assert(!flow->is_running);
	return new_task(&flow->places[flow->worker_count], fn, arg, 0);
}

/* Made at the first use, in the place of whoever may write the task now; NULL: no memory. */
static struct nwi_flow_extra *extra_in(struct nwi_place *place, struct nw_flow_task *task)
{
	struct nwi_flow_extra *extra = nwi_flow_extra(task);

	if (extra)
		return extra;
	extra = nwi_flow_piece(place, sizeof(*extra));
	if (!extra)
		return NULL;
	extra->hint = UINT32_MAX;
	/* [flow_extra.set] release, pairs with [flow_extra.get]: what is in it. */
	atomic_store_explicit(&task->extra, extra, memory_order_release);
	return extra;
}

struct nwi_flow_extra *nwi_flow_extra_of(struct nw_flow *flow, struct nw_flow_task *task)
{
	return extra_in(nwi_flow_home_of(flow, task), task);
}

int nw_flow_hint(struct nw_flow *flow, struct nw_flow_task *task, uint32_t node_idx)
{
	struct nwi_flow_extra *extra;

	if (node_idx >= flow->node_count)
		return -EINVAL;
	extra = nwi_flow_extra_of(flow, task);
	if (!extra)
		return -ENOMEM;
	extra->hint = node_idx;
	return 0;
}

int nw_flow_name(struct nw_flow *flow, struct nw_flow_task *task, const char *name)
{
	struct nwi_flow_extra *extra = nwi_flow_extra_of(flow, task);

	if (!extra)
		return -ENOMEM;
	extra->name = name;
	return 0;
}

/* Its extra is made now, so that it does not change under whoever runs the task. */
int nw_flow_open(struct nw_flow *flow, struct nw_flow_task *task)
{
	if (!nwi_flow_extra_of(flow, task))
		return -ENOMEM;
	/* relaxed: not shared yet, the task was not let go. */
	atomic_fetch_or_explicit(&task->state, NWI_FLOW_OPEN, memory_order_relaxed);
	return 0;
}

/* ---- edges ---- */

/* Room for one more beyond the first two. Who adds to the task's edges, in its own place. */
static struct nwi_flow_edges *reserve_edge(struct nwi_place *place, struct nw_flow_task *task,
					   uint32_t used)
{
	struct nwi_flow_extra *extra = extra_in(place, task);
	struct nwi_flow_edges *old, *more;
	uint32_t capacity;

	if (!extra)
		return NULL;
	/* relaxed: sole writer. */
	old = atomic_load_explicit(&extra->more, memory_order_relaxed);
	if (old && used < old->capacity)
		return old;
	capacity = old ? 2 * old->capacity : 4;
	more = nwi_flow_piece(place, sizeof(*more) + capacity * sizeof(struct nw_flow_task *));
	if (!more)
		return NULL;
	more->capacity = capacity;
	if (old)
		memcpy(more->tasks, old->tasks, used * sizeof(struct nw_flow_task *));
	/* [flow_more.set] release, pairs with [flow_more.get]: the array. */
	atomic_store_explicit(&extra->more, more, memory_order_release);
	return more;
}

static int append_edge(struct nwi_place *place, struct nw_flow_task *before,
		       struct nw_flow_task *after)
{
	/* relaxed: sole writer. */
	uint32_t count = atomic_load_explicit(&before->edge_count, memory_order_relaxed);

	if (count < NWI_FLOW_INLINE_EDGES) {
		before->successors[count] = after;
	} else {
		uint32_t used = count - NWI_FLOW_INLINE_EDGES;
		struct nwi_flow_edges *more = reserve_edge(place, before, used);

		if (!more)
			return -ENOMEM;
		more->tasks[used] = after;
	}
	after->due++;
	/* [flow_edge.set] release, pairs with [flow_edge.get], [flow_picture.edges]: the edge. */
	atomic_store_explicit(&before->edge_count, count + 1, memory_order_release);
	return 0;
}

int nw_flow_link(struct nw_flow *flow, struct nw_flow_task *before, struct nw_flow_task *after)
{
	assert(!flow->is_running);
	if (before == after)
		return -EINVAL;
	return append_edge(nwi_flow_home_of(flow, before), before, after);
}

/* ---- growing ---- */

struct nw_flow_task *nw_flow_grow(struct nw_flow_at *at, nw_flow_fn *fn, void *arg)
{
	struct nw_flow_task *task = new_task(at->place, fn, arg, NWI_FLOW_DRAFT);

	if (task)
		/* relaxed: not yet published. */
		atomic_store_explicit(&task->waiting, 1, memory_order_relaxed);
	return task;
}

/* The caller may add to its edges without more ado: itself, or a draft of this place. */
static bool is_own(const struct nw_flow_at *at, struct nw_flow_task *task)
{
	return task == at->task || ((nwi_flow_state_word(task) & NWI_FLOW_DRAFT) != 0 &&
				    nwi_flow_home_of(at->flow, task) == at->place);
}

static int append_at(struct nw_flow_at *at, struct nw_flow_task *before, struct nw_flow_task *after)
{
	enum nw_dag_state state = (enum nw_dag_state)(nwi_flow_state_word(before) & 0xff);

	if (state < NW_DAG_COMPLETED)
		/* relaxed: [flow_edge.set] orders it before any arrival by this edge. */
		atomic_fetch_add_explicit(&after->waiting, 1, memory_order_relaxed);
	else if (state != NW_DAG_COMPLETED)
		nwi_flow_poison(after);
	return append_edge(at->place, before, after);
}

int nw_flow_link_at(struct nw_flow_at *at, struct nw_flow_task *before, struct nw_flow_task *after)
{
	bool is_locked = nwi_flow_is_open(before);
	int rc;

	if (before == after || (nwi_flow_state_word(after) & NWI_FLOW_DRAFT) == 0)
		return -EINVAL;
	if (!is_own(at, before) && !is_locked)
		return -EBUSY;
	if (is_locked)
		nwi_flow_lock(before);
	rc = append_at(at, before, after);
	if (is_locked)
		nwi_flow_unlock(before);
	return rc;
}

void nw_flow_release(struct nw_flow_at *at, struct nw_flow_task *task)
{
	struct nwi_place *place = at->place;

	assert((nwi_flow_state_word(task) & NWI_FLOW_DRAFT) != 0);
	nwi_flow_count(&place->released_count);
	atomic_fetch_and(&task->state, ~(uint32_t)NWI_FLOW_DRAFT);
	if (!nwi_flow_arrive(task))
		return;
	if (!nwi_flow_extra(task) || !nwi_flow_hand_on(place, task))
		nwi_flow_put(place, task);
}
