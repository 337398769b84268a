/* SPDX-License-Identifier: MIT */
/*
 * Birth, run and death of an exploration.
 *
 * The crew is started at creation, so that everything a worker needs is made by its own thread
 * on its own node, and so that bad options are refused before anything runs. Stages: none ->
 * setup (workers make themselves) -> run or quit.
 *
 * Invariant: tables that all workers read are written in stage none or between setup and run,
 * while every worker waits.
 */
#include "explore.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { BATCH_COUNT_DEFAULT = 512, BATCH_BYTES_DEFAULT = 256 * 1024, VARYING_STATE_GUESS = 96 };
static const uint64_t RESERVE_BYTES_ALL = UINT64_C(1) << 45; /* addresses for all pools */

static int refuse(struct nw_diag *diag, int rc, const char *text)
{
	if (diag)
		(void)snprintf(diag->text, sizeof(diag->text), "%s", text);
	return rc;
}

static uint32_t size_of_state(const struct nw_explore_options *o)
{
	return o->model->size_of_state ? o->model->size_of_state(o->model_data)
				       : o->model->state_bytes;
}

static int refuse_size(const struct nw_explore_options *o, struct nw_diag *diag)
{
	if (diag)
		(void)snprintf(diag->text, sizeof(diag->text),
			       "the model's states have %" PRIu32 " bytes; %d is the most",
			       size_of_state(o), NW_STATE_BYTES_MAX);
	return -EINVAL;
}

static int check_options(const struct nw_explore_options *o, struct nw_diag *diag)
{
	if (!o->topo || !o->model || !o->model->init || !o->model->next || !o->model->print)
		return refuse(diag, -EINVAL,
			      "a topology and a model with init, next and print are needed");
	if (o->model->abi != NW_MODEL_ABI)
		return refuse(diag, -EINVAL,
			      "the model was built for another version of nw/model.h; rebuild it");
	if (o->batch_count > NWI_GROUP_MAX)
		return refuse(diag, -EINVAL, "a batch holds 1 to 1024 candidates");
	if (o->exact && (o->route != NW_ROUTE_BATCH || o->owner != NW_OWNER_WORKER))
		return refuse(diag, -EINVAL,
			      "exact search needs route batch and owner worker: "
			      "whole states are compared by their one owner");
	if (o->keep_states && o->no_trace)
		return refuse(diag, -EINVAL, "states are kept for paths, which need their parents");
	if (o->exact && o->model->identity)
		return refuse(diag, -EINVAL,
			      "this model tells states apart by their fingerprints: not exact");
	if ((unsigned)o->route > NW_ROUTE_PUSH || (unsigned)o->owner > NW_OWNER_NODE)
		return refuse(diag, -EINVAL, "unknown route or owner");
	if (size_of_state(o) > NW_STATE_BYTES_MAX)
		return refuse_size(o, diag);
	return 0;
}

/* Every pair of workers has several batches on its way: those of long states hold few. */
static uint32_t default_batch_count(uint32_t state_bytes)
{
	uint32_t fits = state_bytes ? BATCH_BYTES_DEFAULT / state_bytes : BATCH_COUNT_DEFAULT;

	return fits < BATCH_COUNT_DEFAULT ? fits : BATCH_COUNT_DEFAULT;
}

/* Half of what ulimit -v leaves to all: stacks, sets and libraries want some too. */
uint64_t nwi_addresses_allowed(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
	    limit.rlim_cur / 2 < RESERVE_BYTES_ALL)
		return limit.rlim_cur / 2;
	return RESERVE_BYTES_ALL;
}

static void set_sizes(struct nw_explore *explore)
{
	const struct nw_explore_options *o = &explore->options;
	uint64_t pools = nw_topo_cpu_count(o->topo) + explore->topo_node_count;
	uint64_t share = nwi_addresses_allowed() / (3 * pools);

	explore->state_bytes = size_of_state(o);
	explore->batch_count = o->batch_count ? o->batch_count
					      : default_batch_count(explore->state_bytes);
	explore->batch_bytes = explore->batch_count * explore->state_bytes;
	if (!explore->state_bytes)
		explore->batch_bytes = explore->batch_count * VARYING_STATE_GUESS;
	if (!explore->state_bytes && explore->batch_bytes < NW_STATE_BYTES_MAX)
		explore->batch_bytes = NW_STATE_BYTES_MAX;
	explore->budget.bytes_max = o->memory_bytes_max ? o->memory_bytes_max
							: nw_mem_available_bytes() / 100 * 85;
	explore->reserve_bytes = (size_t)(explore->budget.bytes_max < share
						  ? explore->budget.bytes_max
						  : share) +
				 (16u << 20);
	explore->check_deadlock = !o->no_deadlock && !(o->model->flags & NW_MODEL_MAY_END);
	explore->has_shared_shards = o->owner == NW_OWNER_NODE || o->route == NW_ROUTE_ANYWHERE ||
				     o->route == NW_ROUTE_PUSH;
}

static void work(struct nw_crew_worker *self, void *arg)
{
	struct nw_explore *explore = arg;
	int rc, open_rc = 0;

	if (nw_gate_pass(&explore->gate, NWI_STAGE_SETUP) == NWI_STAGE_QUIT)
		return;
	rc = nwi_worker_create(explore, self, &open_rc);
	if (open_rc < 0)
		atomic_store(&explore->open_rc, open_rc);
	nw_gate_report(&explore->gate, rc);
	if (nw_gate_pass(&explore->gate, NWI_STAGE_RUN) == NWI_STAGE_RUN)
		nwi_worker_run(explore->workers[self->worker_idx]);
}

/* ---- create ---- */

static int start_crew(struct nw_explore *explore, struct nw_diag *diag)
{
	const struct nw_explore_options *o = &explore->options;
	struct nw_crew_options crew = {
		.topo = o->topo,
		.name = "explore",
		.node_idxs = o->node_idxs,
		.node_idx_count = o->node_idx_count,
		.worker_count = o->worker_count,
		.use_smt = o->use_smt,
		.no_pin = o->no_pin,
		.oversubscribe = o->oversubscribe,
	};
	int rc = nw_crew_start(&explore->crew, &crew, work, explore, diag);

	if (rc < 0)
		return rc;
	explore->worker_count = nw_crew_worker_count(explore->crew);
	if (explore->worker_count + explore->topo_node_count > NWI_POOLS_MAX)
		return refuse(diag, -ERANGE, "too many workers and nodes: 1023 together at most");
	return 0;
}

static void *table(struct nw_explore *explore, size_t count, size_t item_bytes)
{
	return nw_arena_alloc(explore->arena, count * item_bytes, 8);
}

static int create_tables(struct nw_explore *explore)
{
	size_t workers = explore->worker_count;
	size_t pools = workers + explore->topo_node_count;

	explore->workers = table(explore, workers, sizeof(*explore->workers));
	explore->pools = table(explore, pools, sizeof(*explore->pools));
	explore->fault_state = table(explore, NW_STATE_BYTES_MAX, 1);
	if (!explore->fault_state)
		return -ENOMEM;
	return nwi_array_open(&explore->levels, NW_NODE_ANY, explore->reserve_bytes,
			      sizeof(uint64_t));
}

/* Under `push` every node has a pool that all workers add to. */
static int create_node_pools(struct nw_explore *explore)
{
	int rc = 0;

	explore->pool_count = explore->worker_count;
	if (explore->options.route != NW_ROUTE_PUSH)
		return 0;
	for (uint32_t n = 0; n < explore->topo_node_count && rc == 0; n++) {
		rc = nwi_pool_create(&explore->pools[explore->pool_count], explore,
				     explore->pool_count, n);
		explore->pool_count += rc == 0;
	}
	return rc;
}

static int create_lanes(struct nw_explore *explore)
{
	const struct nw_explore_options *o = &explore->options;
	int rc = 0;

	if (explore->worker_count == 1 && !o->exact)
		return 0;
	if (o->route != NW_ROUTE_BATCH && o->route != NW_ROUTE_FP_FIRST)
		return 0;
	for (uint32_t w = 0; w < explore->worker_count && rc == 0; w++)
		rc = nwi_lanes_create(explore->workers[w]);
	return rc;
}

static int refuse_open(int rc, struct nw_diag *diag)
{
	if (diag)
		(void)snprintf(diag->text, sizeof(diag->text), "the model's open() failed: %s",
			       strerror(-rc));
	return rc;
}

static int set_up(struct nw_explore *explore, struct nw_diag *diag)
{
	int rc = start_crew(explore, diag);

	if (rc < 0)
		return rc;
	rc = create_tables(explore);
	if (rc == 0) {
		nw_gate_open(&explore->gate, NWI_STAGE_SETUP);
		rc = nw_gate_wait(&explore->gate, explore->worker_count);
	}
	if (rc == 0)
		rc = nwi_shards_create(explore);
	if (rc == 0)
		rc = create_node_pools(explore);
	if (rc == 0)
		rc = create_lanes(explore);
	if (atomic_load(&explore->open_rc) < 0)
		return refuse_open(atomic_load(&explore->open_rc), diag);
	if (rc == -ENOMEM)
		return refuse(
			diag, rc,
			"not enough memory for the first tables; allow more, or use fewer workers");
	if (rc < 0 && diag)
		(void)snprintf(diag->text, sizeof(diag->text),
			       "the workers' memory could not be set up: %s", strerror(-rc));
	return rc;
}

static int create_empty(struct nw_explore **ret_explore, const struct nw_explore_options *options)
{
	struct nw_explore *explore;
	struct nw_arena *arena;
	int rc = nw_arena_create(&arena, NW_NODE_ANY, UINT64_C(1) << 30, 0);

	if (rc < 0)
		return rc;
	explore = nw_arena_alloc(arena, sizeof(*explore), NW_CACHE_PAIR);
	explore->arena = arena;
	explore->options = *options;
	explore->topo_node_count = nw_topo_node_count(options->topo);
	atomic_init(&explore->end, -1);
	*ret_explore = explore;
	return 0;
}

int nw_explore_create(struct nw_explore **ret_explore, const struct nw_explore_options *options,
		      struct nw_diag *reterr_diag)
{
	struct nw_explore *explore;
	int rc = check_options(options, reterr_diag);

	if (rc < 0)
		return rc;
	rc = create_empty(&explore, options);
	if (rc < 0)
		return refuse(reterr_diag, rc, "no memory");
	set_sizes(explore);
	rc = nwi_checkpoint_open(explore, reterr_diag);
	if (rc == 0)
		rc = nwi_recovery_open(explore, reterr_diag);
	if (rc == 0)
		rc = set_up(explore, reterr_diag);
	if (rc == 0)
		rc = nwi_recovery_fill(explore, reterr_diag);
	nwi_recovery_close(explore);
	if (rc < 0) {
		nw_explore_destroy(explore);
		return rc;
	}
	*ret_explore = explore;
	return 0;
}

void nw_explore_destroy(struct nw_explore *explore)
{
	if (!explore)
		return;
	nw_gate_open(&explore->gate, NWI_STAGE_QUIT);
	nw_crew_destroy(explore->crew);
	for (uint32_t w = 0; explore->workers && w < explore->worker_count; w++)
		nwi_worker_destroy(explore->workers[w]);
	for (uint32_t p = explore->worker_count; p < explore->pool_count; p++)
		nwi_pool_destroy(explore->pools[p]);
	nwi_shards_destroy(explore);
	nwi_array_close(&explore->levels, &explore->budget);
	nwi_checkpoint_close(explore);
	nwi_trace_destroy(explore, &explore->trace);
	nwi_trace_destroy(explore, &explore->violation_trace);
	nw_arena_destroy(explore->violation_arena);
	nw_arena_destroy(explore->arena);
}

uint64_t nwi_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

enum nw_explore_end nw_explore_run(struct nw_explore *explore)
{
	/* The first level: every worker holds a token; there are chunks only to go on with. */
	atomic_store(&explore->outstanding,
		     (int64_t)(explore->worker_count + explore->first_chunk_count));
	if (explore->options.depth_max && explore->levels.count >= explore->options.depth_max)
		nwi_end(explore, NW_EXPLORE_TOO_DEEP);
	atomic_store(&explore->started_ns, nwi_now_ns());
	nw_gate_open(&explore->gate, NWI_STAGE_RUN);
	nw_crew_join(explore->crew);
	atomic_store(&explore->ended_ns, nwi_now_ns());
	return (enum nw_explore_end)atomic_load(&explore->end);
}
