/* SPDX-License-Identifier: MIT */
/*
 * The engine with every route, owner, worker count and pretended machine, at capacities so
 * small that batches, lanes, blocks and chunks are full all the time. Counts are known from
 * arithmetic, so a lost or doubled state shows as a wrong number; local checks are counted.
 */
#include "nw_test.h"

#include <nw/explore.h>
#include <nw/models.h>
#include <nw/walk.h>

#include <pthread.h>
#include <stdatomic.h>

struct setting {
	const char *model;
	const char *names[2], *values[2];
	uint64_t distinct, generated;
	uint32_t depth;
};

/* 13 x 9 grid: (12+1)(8+1) states; every edge is crossed both ways, and one initial state. */
static const struct setting grid = { "grid", { "size" }, { "12x8" }, 117, 1 + 2 * (12 * 9 + 13 * 8),
				     21 };
/* Sum of 3^k for k = 0..6; every state but the root is generated once. */
static const struct setting tree = { "tree", { "depth", "branch" }, { "6", "3" }, 1093, 1093, 7 };
static const struct setting slide = { "slide", { "size" }, { "2x3" }, 360, 0, 22 };

static struct nw_topo *open_topo(uint32_t simulate_nodes)
{
	struct nw_topo_options o = { .simulate_nodes = simulate_nodes };
	struct nw_topo *topo;
	struct nw_diag diag;

	if (nw_topo_open(&topo, &o, &diag) < 0)
		FAIL("%s", diag.text);
	return topo;
}

/* Beyond four the engine batches a worker's own candidates too. */
enum { WORKERS_MAX = 6 };

static void run(const struct setting *s, struct nw_explore_options *o)
{
	const struct nw_model *model = nw_model_find(s->model);
	struct nw_explore *explore;
	struct nw_explore_report report;
	struct nw_diag diag = { "" };
	void *data = NULL;

	CHECK(model);
	CHECK_INT(model->configure(&data, s->names, s->values, s->names[1] ? 2 : 1, &diag), ==, 0);
	o->model = model;
	o->model_data = data;
	if (nw_explore_create(&explore, o, &diag) < 0)
		FAIL("%s", diag.text);
	CHECK_INT(nw_explore_run(explore), ==, NW_EXPLORE_DONE);
	nw_explore_report(explore, &report);
	CHECK_INT(report.total.distinct, ==, s->distinct);
	if (s->generated)
		CHECK_INT(report.total.generated, ==, s->generated);
	CHECK_INT(report.depth, ==, s->depth);
	CHECK_INT(report.total.queue, ==, 0);
	CHECK_INT(report.total.checks, ==, report.total.generated);
	if (o->route == NW_ROUTE_BATCH || o->route == NW_ROUTE_FP_FIRST)
		CHECK_INT(report.total.local_checks, ==, report.total.checks);
	nw_explore_destroy(explore);
	if (model->dispose)
		model->dispose(data);
}

static void run_all(const struct setting *s, uint32_t simulate_nodes, bool exact)
{
	struct nw_topo *topo = open_topo(simulate_nodes);

	for (uint32_t workers = 1; workers <= WORKERS_MAX; workers += workers < 3 ? 1 : 3) {
		for (int route = 0; route <= NW_ROUTE_PUSH; route++) {
			for (int owner = 0; owner <= NW_OWNER_NODE; owner++) {
				struct nw_explore_options o = {
					.topo = topo,
					.route = (enum nw_explore_route)route,
					.owner = (enum nw_explore_owner)owner,
					.worker_count = workers,
					.memory_bytes_max = 1 << 30,
					.slots_min = 8,
					.batch_count = 3,
					.exact = exact,
					.oversubscribe = true,
				};

				if (exact && (route != NW_ROUTE_BATCH || owner != NW_OWNER_WORKER))
					continue;
				run(s, &o);
			}
		}
	}
	nw_topo_close(topo);
}

TEST(every_route_and_owner_counts_the_grid)
{
	for (int i = 0; i < 2 * nw_test_scale(); i++)
		run_all(&grid, 0, false);
}

TEST(every_route_and_owner_counts_the_tree)
{
	for (int i = 0; i < nw_test_scale(); i++)
		run_all(&tree, 0, false);
}

TEST(every_route_and_owner_counts_the_puzzle)
{
	for (int i = 0; i < nw_test_scale(); i++)
		run_all(&slide, 0, false);
}

TEST(pretended_nodes_change_no_count)
{
	for (uint32_t nodes = 2; nodes <= 6; nodes++) {
		run_all(&grid, nodes, false);
		run_all(&tree, nodes, false);
	}
}

TEST(whole_states_give_the_same_counts)
{
	run_all(&grid, 0, true);
	run_all(&slide, 6, true);
}

/* The default sizes, on a space large enough for growth to happen in every shard. */
TEST(default_capacities)
{
	static const struct setting large = { "grid", { "size" }, { "499x399" }, 200000, 0, 899 };
	struct nw_topo *topo = open_topo(0);

	for (int route = 0; route <= NW_ROUTE_PUSH; route++) {
		struct nw_explore_options o = { .topo = topo,
						.memory_bytes_max = 1 << 30,
						.route = (enum nw_explore_route)route };

		run(&large, &o);
	}
	nw_topo_close(topo);
}

/* A model that ends at once, in a fault: of itself without a beginning, or by a step. */
static void begin_at(void *context, struct nw_emit *emit)
{
	const uint8_t *is_empty = context, start = 0;

	if (!*is_empty)
		(void)nw_emit(emit, &start, 1);
}

static void step_into_fault(void *context, const uint8_t *state, size_t n_bytes,
			    struct nw_emit *emit)
{
	(void)context;
	(void)nw_emit_fault(emit, NW_FAULT_VIOLATION, "Bad", state, n_bytes);
}

static void print_number(void *context, const uint8_t *state, size_t n_bytes, char *text,
			 size_t text_bytes)
{
	(void)context;
	(void)n_bytes;
	(void)snprintf(text, text_bytes, "%u", *state);
}

static int open_shared(void **ret_context, const void *model)
{
	*ret_context = (void *)(uintptr_t)model; /* read only */
	return 0;
}

static const struct nw_model ends_in_a_fault = {
	.abi = NW_MODEL_ABI,
	.name = "fault",
	.about = "ends in a fault",
	.parameters = "",
	.state_bytes = 1,
	.open = open_shared,
	.init = begin_at,
	.next = step_into_fault,
	.print = print_number,
};

struct onlooker {
	const struct nw_explore *explore;
	_Atomic bool is_over;
};

/* Reports again and again: what ended is told whole, or not yet. */
static void *look_on(void *arg)
{
	struct onlooker *onlooker = arg;
	struct nw_explore_report report;

	while (!atomic_load(&onlooker->is_over)) {
		nw_explore_report(onlooker->explore, &report);
		if (report.end == NW_EXPLORE_MODEL_FAULT)
			CHECK_STR(report.fault_text, "the model has no initial state");
		if (report.end == NW_EXPLORE_VIOLATION)
			CHECK_STR(report.invariant, "Bad");
	}
	return NULL;
}

static void end_under_the_eyes(struct nw_topo *topo, const uint8_t *is_empty)
{
	struct nw_explore_options o = { .topo = topo,
					.model = &ends_in_a_fault,
					.model_data = (void *)(uintptr_t)is_empty,
					.memory_bytes_max = 1 << 28,
					.slots_min = 8,
					.worker_count = 2,
					.no_pin = true,
					.oversubscribe = true };
	struct nw_explore *explore;
	struct nw_diag diag = { "" };
	struct onlooker onlooker;
	pthread_t thread;

	if (nw_explore_create(&explore, &o, &diag) < 0)
		FAIL("%s", diag.text);
	onlooker.explore = explore;
	atomic_init(&onlooker.is_over, false);
	CHECK_INT(pthread_create(&thread, NULL, look_on, &onlooker), ==, 0);
	CHECK_INT(nw_explore_run(explore), ==,
		  *is_empty ? NW_EXPLORE_MODEL_FAULT : NW_EXPLORE_VIOLATION);
	atomic_store(&onlooker.is_over, true);
	CHECK_INT(pthread_join(thread, NULL), ==, 0);
	nw_explore_destroy(explore);
}

TEST(a_report_at_any_moment_tells_the_whole_fault_or_none)
{
	struct nw_topo *topo = open_topo(0);

	for (int i = 0; i < 40 * nw_test_scale(); i++)
		end_under_the_eyes(topo, &(const uint8_t){ (uint8_t)(i % 2) });
	nw_topo_close(topo);
}

struct walk_onlooker {
	const struct nw_walk *walk;
	_Atomic bool is_over;
};

static void *look_on_walks(void *arg)
{
	struct walk_onlooker *onlooker = arg;
	struct nw_walk_report report;

	while (!atomic_load(&onlooker->is_over)) {
		nw_walk_report(onlooker->walk, &report);
		if (report.end == NW_EXPLORE_VIOLATION)
			CHECK_STR(report.invariant, "Bad");
	}
	return NULL;
}

static void walk_under_the_eyes(struct nw_topo *topo)
{
	static const uint8_t is_empty = 0;
	struct nw_walk_options o = { .topo = topo,
				     .model = &ends_in_a_fault,
				     .model_data = (void *)(uintptr_t)&is_empty,
				     .memory_bytes_max = 1 << 26,
				     .walk_count = 50,
				     .worker_count = 2,
				     .no_pin = true,
				     .oversubscribe = true };
	struct nw_diag diag = { "" };
	struct walk_onlooker onlooker;
	struct nw_walk *walk;
	pthread_t thread;

	if (nw_walk_create(&walk, &o, &diag) < 0)
		FAIL("%s", diag.text);
	onlooker.walk = walk;
	atomic_init(&onlooker.is_over, false);
	CHECK_INT(pthread_create(&thread, NULL, look_on_walks, &onlooker), ==, 0);
	CHECK_INT(nw_walk_run(walk), ==, NW_EXPLORE_VIOLATION);
	atomic_store(&onlooker.is_over, true);
	CHECK_INT(pthread_join(thread, NULL), ==, 0);
	nw_walk_destroy(walk);
}

TEST(a_report_of_walks_at_any_moment_reads_nothing_that_is_being_written)
{
	struct nw_topo *topo = open_topo(0);

	for (int i = 0; i < 40 * nw_test_scale(); i++)
		walk_under_the_eyes(topo);
	nw_topo_close(topo);
}
