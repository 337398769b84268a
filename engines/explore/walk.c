/* SPDX-License-Identifier: MIT */
/*
 * Birth, run and death of random walks; what is told of them.
 *
 * As with an exploration the crew is started at creation, so that every worker makes what it needs
 * on its own node and bad options are refused before anything runs.
 *
 * Invariant: how the walks ended is settled once all workers are joined: a fault comes before the
 * reason for which they were stopped.
 */
#include "walk.h"

#include <errno.h>
#include <stdio.h>

static const uint64_t RESERVE_BYTES_MAX = UINT64_C(1) << 34;

void nwi_walk_end(struct nw_walk *walk, enum nw_explore_end end)
{
	int none = -1;

	(void)atomic_compare_exchange_strong(&walk->end, &none, (int)end);
	atomic_store(&walk->is_stopping, true);
}

void nw_walk_stop(struct nw_walk *walk)
{
	nwi_walk_end(walk, NW_EXPLORE_STOPPED);
}

/* ---- create ---- */

static int refuse(struct nw_diag *diag, int rc, const char *text)
{
	if (diag)
		(void)snprintf(diag->text, sizeof(diag->text), "%s", text);
	return rc;
}

static uint32_t size_of_state(const struct nw_walk_options *o)
{
	return o->model->size_of_state ? o->model->size_of_state(o->model_data)
				       : o->model->state_bytes;
}

static int check_options(const struct nw_walk_options *o, struct nw_diag *diag)
{
	const struct nw_model *model = o->model;

	if (!o->topo || !model || !model->init || !model->next)
		return refuse(diag, -EINVAL,
			      "a topology and a model with init and next are needed");
	if (model->abi != NW_MODEL_ABI)
		return refuse(diag, -EINVAL,
			      "the model was built for another version of nw/model.h; rebuild it");
	if (size_of_state(o) > NW_STATE_BYTES_MAX)
		return refuse(diag, -EINVAL, "the model's states have more than 65535 bytes");
	return 0;
}

static void begin(struct nwi_walker *walker)
{
	struct nw_walk *walk = walker->walk;

	if (walker->self->worker_idx != 0) {
		(void)nw_gate_pass(&walk->gate, NWI_STAGE_BEGUN);
		return;
	}
	nwi_walk_begin(walker);
	nw_gate_open(&walk->gate, NWI_STAGE_BEGUN);
}

static void work(struct nw_crew_worker *self, void *arg)
{
	struct nw_walk *walk = arg;
	int rc, open_rc = 0;

	if (nw_gate_pass(&walk->gate, NWI_STAGE_SETUP) == NWI_STAGE_QUIT)
		return;
	rc = nwi_walker_create(walk, self, &open_rc);
	if (open_rc < 0)
		atomic_store(&walk->open_rc, open_rc);
	nw_gate_report(&walk->gate, rc);
	if (nw_gate_pass(&walk->gate, NWI_STAGE_RUN) == NWI_STAGE_QUIT)
		return;
	begin(walk->walkers[self->worker_idx]);
	nwi_walker_run(walk->walkers[self->worker_idx]);
}

static int start_crew(struct nw_walk *walk, struct nw_diag *diag)
{
	const struct nw_walk_options *o = &walk->options;
	struct nw_crew_options crew = {
		.topo = o->topo,
		.name = "walk",
		.node_idxs = o->node_idxs,
		.node_idx_count = o->node_idx_count,
		.worker_count = o->worker_count,
		.use_smt = o->use_smt,
		.no_pin = o->no_pin,
		.oversubscribe = o->oversubscribe,
	};
	int rc = nw_crew_start(&walk->crew, &crew, work, walk, diag);

	if (rc < 0)
		return rc;
	walk->worker_count = nw_crew_worker_count(walk->crew);
	walk->rest.active_count = walk->worker_count;
	walk->walkers = nw_arena_alloc(walk->arena, walk->worker_count * sizeof(*walk->walkers), 8);
	return walk->walkers ? 0 : -ENOMEM;
}

static void set_sizes(struct nw_walk *walk)
{
	const struct nw_walk_options *o = &walk->options;
	uint64_t share = nwi_addresses_allowed() / (8 * (uint64_t)nw_topo_cpu_count(o->topo) + 8);

	walk->state_bytes = size_of_state(o);
	walk->budget.bytes_max = o->memory_bytes_max ? o->memory_bytes_max
						     : nw_mem_available_bytes() / 100 * 85;
	walk->reserve_bytes = share < RESERVE_BYTES_MAX ? share : RESERVE_BYTES_MAX;
	walk->check_deadlock = !o->no_deadlock && !(o->model->flags & NW_MODEL_MAY_END);
}

static int set_up(struct nw_walk *walk, struct nw_diag *diag)
{
	int rc = start_crew(walk, diag), open_rc;

	if (rc < 0)
		return rc;
	rc = nwi_path_open(&walk->initial, NW_NODE_ANY, walk->reserve_bytes);
	if (rc == 0) {
		nw_gate_open(&walk->gate, NWI_STAGE_SETUP);
		rc = nw_gate_wait(&walk->gate, walk->worker_count);
	}
	open_rc = atomic_load(&walk->open_rc);
	if (open_rc < 0) {
		if (diag)
			(void)snprintf(diag->text, sizeof(diag->text),
				       "the model's open() failed: %s", strerror(-open_rc));
		return open_rc;
	}
	return rc < 0 ? refuse(diag, rc, "not enough memory for the workers") : 0;
}

static int create_empty(struct nw_walk **ret_walk, const struct nw_walk_options *options)
{
	struct nw_walk *walk;
	struct nw_arena *arena;
	int rc = nw_arena_create(&arena, NW_NODE_ANY, UINT64_C(1) << 20, 0);

	if (rc < 0)
		return rc;
	walk = nw_arena_alloc(arena, sizeof(*walk), NW_CACHE_PAIR);
	walk->arena = arena;
	walk->options = *options;
	walk->fault.walk_idx = NWI_NO_WALK;
	atomic_init(&walk->bound, NWI_NO_WALK);
	atomic_init(&walk->end, -1);
	pthread_mutex_init(&walk->fault_lock, NULL);
	nwi_rest_open(&walk->rest);
	*ret_walk = walk;
	return 0;
}

int nw_walk_create(struct nw_walk **ret_walk, const struct nw_walk_options *options,
		   struct nw_diag *reterr_diag)
{
	struct nw_walk *walk;
	int rc = check_options(options, reterr_diag);

	if (rc < 0)
		return rc;
	rc = create_empty(&walk, options);
	if (rc < 0)
		return refuse(reterr_diag, rc, "no memory");
	set_sizes(walk);
	rc = set_up(walk, reterr_diag);
	if (rc < 0) {
		nw_walk_destroy(walk);
		return rc;
	}
	*ret_walk = walk;
	return 0;
}

void nw_walk_destroy(struct nw_walk *walk)
{
	if (!walk)
		return;
	nw_gate_open(&walk->gate, NWI_STAGE_QUIT);
	nw_crew_destroy(walk->crew);
	for (uint32_t w = 0; walk->walkers && w < walk->worker_count; w++)
		nwi_walker_destroy(walk->walkers[w]);
	nwi_path_close(&walk->initial, &walk->budget);
	nw_arena_destroy(walk->fault.arena);
	nwi_rest_close(&walk->rest);
	pthread_mutex_destroy(&walk->fault_lock);
	nw_arena_destroy(walk->arena);
}

/* ---- run ---- */

static enum nw_explore_end end_of(const struct nw_walk *walk)
{
	int end = atomic_load(&walk->end);

	if (end == NW_EXPLORE_MODEL_FAULT)
		return NW_EXPLORE_MODEL_FAULT;
	if (walk->fault.walk_idx != NWI_NO_WALK)
		return walk->fault.end;
	return end < 0 ? NW_EXPLORE_DONE : (enum nw_explore_end)end;
}

enum nw_explore_end nw_walk_run(struct nw_walk *walk)
{
	atomic_store(&walk->started_ns, nwi_now_ns());
	nw_gate_open(&walk->gate, NWI_STAGE_RUN);
	nw_crew_join(walk->crew);
	nwi_walk_cut(walk);
	atomic_store(&walk->ended_ns, nwi_now_ns());
	return end_of(walk);
}

int nw_walk_trace(const struct nw_walk *walk, const struct nw_explore_step **ret_steps,
		  size_t *ret_step_count)
{
	if (walk->fault.walk_idx == NWI_NO_WALK)
		return -ENODATA;
	*ret_steps = walk->fault.steps;
	*ret_step_count = walk->fault.step_count;
	return 0;
}

/* ---- report ---- */

static uint64_t read_count(const _Atomic uint64_t *count)
{
	/* relaxed: statistic. */
	return atomic_load_explicit(count, memory_order_relaxed);
}

static double seconds_of(const struct nw_walk *walk)
{
	uint64_t from = atomic_load(&walk->started_ns), to = atomic_load(&walk->ended_ns);

	if (from == 0)
		return 0;
	return (double)((to ? to : nwi_now_ns()) - from) / 1e9;
}

static void add_lengths(struct nw_walk_report *r, uint64_t count, uint64_t sum, uint64_t squares)
{
	if (count == 0)
		return;
	r->length_mean = (double)sum / (double)count;
	r->length_variance = (double)squares / (double)count - r->length_mean * r->length_mean;
	if (r->length_variance < 0)
		r->length_variance = 0;
}

/* What was made beyond the walk that ended them is known, and left out, when they have ended. */
static void add_walkers(const struct nw_walk *walk, bool has_ended, struct nw_walk_report *r)
{
	uint64_t walks = 0, sum = 0, squares = 0;

	for (uint32_t w = 0; w < walk->worker_count; w++) {
		const struct nwi_walker *walker = walk->walkers[w];

		r->generated += read_count(&walker->generated_total);
		walks += read_count(&walker->walk_total);
		sum += read_count(&walker->length_sum);
		squares += read_count(&walker->length_square_sum);
		r->violation_count += read_count(&walker->violation_total);
		r->unpinned_count += !walk->options.no_pin && !walker->self->is_pinned;
	}
	if (has_ended) {
		r->generated -= walk->beyond_generated;
		walks -= walk->beyond_walks;
		sum -= walk->beyond_length;
		squares -= walk->beyond_square;
	}
	add_lengths(r, walks, sum, squares);
	r->walk_count = walks + r->violation_count;
}

/* Nodes that workers walk on. */
static uint32_t node_count(const struct nw_walk *walk)
{
	uint32_t count = 0;

	for (uint32_t w = 0; w < walk->worker_count; w++)
		count += w == 0 || nw_crew_worker_at(walk->crew, w)->node_idx !=
					   nw_crew_worker_at(walk->crew, w - 1)->node_idx;
	return count;
}

void nw_walk_report(const struct nw_walk *walk, struct nw_walk_report *ret_report)
{
	struct nw_walk_report r = { .end = NW_EXPLORE_STOPPED,
				    .worker_count = walk->worker_count,
				    .node_count = node_count(walk),
				    .fault_walk_idx = NWI_NO_WALK };
	bool has_ended = atomic_load(&walk->ended_ns) != 0;

	add_walkers(walk, has_ended, &r);
	r.seconds = seconds_of(walk);
	r.memory_bytes_peak = read_count(&walk->budget.peak_bytes);
	r.is_simulated = nw_topo_kind(walk->options.topo) == NW_TOPO_SIMULATED;
	r.is_time_over = atomic_load(&walk->is_time_over);
	r.initial_count = atomic_load(&walk->initial_count);
	if (has_ended) {
		r.end = end_of(walk);
		r.invariant = walk->fault.name;
		/* A walk that came to a fault is one, but an initial state is none. */
		if (walk->fault.walk_idx != NWI_NO_WALK && r.initial_count > 0) {
			r.fault_walk_idx = walk->fault.walk_idx;
			r.walk_count++;
		}
		memcpy(r.fault_text, walk->fault_text, sizeof(r.fault_text));
	}
	*ret_report = r;
}
