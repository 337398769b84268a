/* SPDX-License-Identifier: MIT */
/*
 * The graph of a search is that of a search by one worker, whatever the number of workers and the
 * route; it is whole, and it tells lack of memory. The model: two counters up to a limit, each a
 * part, the sums above a bound left out.
 */
#include "nw_test.h"

#include <nw/graph.h>

#include <errno.h>

enum { LIMIT = 7, BOUND = 10 };

static void pair_init(void *context, struct nw_emit *emit)
{
	uint8_t start[2] = { 0, 0 }, other[2] = { 0, 1 };

	(void)context;
	if (nw_emit(emit, start, 2))
		(void)nw_emit(emit, other, 2);
}

static void pair_part(void *context, const uint8_t *state, size_t n_bytes, uint32_t part_idx,
		      struct nw_emit *emit)
{
	uint8_t next[2] = { state[0], state[1] };

	(void)context;
	if (++next[part_idx] > LIMIT)
		return;
	if (next[0] + next[1] > BOUND)
		nw_emit_drop(emit);
	else
		(void)nw_emit(emit, next, n_bytes);
}

static void pair_next(void *context, const uint8_t *state, size_t n_bytes, struct nw_emit *emit)
{
	pair_part(context, state, n_bytes, 0, emit);
	pair_part(context, state, n_bytes, 1, emit);
}

static uint32_t pair_part_count(void *context)
{
	(void)context;
	return 2;
}

static uint64_t pair_identity(void *context, const uint8_t *state, size_t n_bytes)
{
	uint64_t low = state[0] < state[1] ? state[0] : state[1];
	uint64_t high = state[0] < state[1] ? state[1] : state[0];
	uint64_t mixed = (low * 256 + high + 1) * UINT64_C(0x9e3779b97f4a7c15);

	(void)context;
	(void)n_bytes;
	return mixed ^ mixed >> 32;
}

static const char *pair_invariant(void *context, const uint8_t *state, size_t n_bytes)
{
	(void)context;
	(void)n_bytes;
	return state[0] == 5 ? "NotFive" : NULL;
}

static void pair_print(void *context, const uint8_t *state, size_t n_bytes, char *text,
		       size_t text_bytes)
{
	(void)context;
	(void)n_bytes;
	(void)snprintf(text, text_bytes, "%u %u", state[0], state[1]);
}

static const struct nw_model pair = {
	.abi = NW_MODEL_ABI,
	.name = "pair",
	.about = "two counters",
	.parameters = "",
	.state_bytes = 2,
	.flags = NW_MODEL_MAY_END,
	.init = pair_init,
	.next = pair_next,
	.print = pair_print,
	.part_count = pair_part_count,
	.next_part = pair_part,
};

struct run {
	struct nw_topo *topo;
	struct nw_graph *graph;
	struct nw_explore *explore;
	struct nw_explore_report report;
};

static struct run explored(const struct nw_model *model, uint32_t worker_count,
			   enum nw_explore_route route, uint64_t memory)
{
	struct nw_explore_options options = { .worker_count = worker_count,
					      .route = route,
					      .batch_count = 2,
					      .no_pin = true,
					      .oversubscribe = true };
	struct nw_diag diag;
	struct run run;

	CHECK_INT(nw_topo_open(&run.topo, NULL, &diag), ==, 0);
	CHECK_INT(nw_graph_create(&run.graph, model, NULL, memory), ==, 0);
	options.topo = run.topo;
	options.model = nw_graph_model(run.graph);
	options.model_data = run.graph;
	if (nw_explore_create(&run.explore, &options, &diag) < 0)
		FAIL("%s", diag.text);
	(void)nw_explore_run(run.explore);
	nw_explore_report(run.explore, &run.report);
	return run;
}

static void end(struct run *run)
{
	nw_explore_destroy(run->explore);
	nw_graph_destroy(run->graph);
	nw_topo_close(run->topo);
}

/* "a b: level, steps" of all states in order. */
static char *text_of(const struct nw_graph *graph)
{
	static char text[2][1 << 16];
	static int turn;
	char *at = text[turn ^= 1];
	size_t room = sizeof(text[0]);

	for (uint64_t i = 0; i < nw_graph_state_count(graph); i++) {
		struct nw_graph_state state;
		int n;

		nw_graph_state_at(graph, i, &state);
		n = snprintf(at, room, "%u %u%s: %u", state.state[0], state.state[1],
			     state.is_initial ? "!" : "", state.level);
		at += n;
		room -= (size_t)n;
		for (uint64_t k = 0; k < state.edge_count; k++) {
			struct nw_graph_edge edge;

			nw_graph_edge_at(graph, state.edge_first + k, &edge);
			n = snprintf(at, room, " %d>%u%s", (int)edge.part_idx, (unsigned)edge.to,
				     edge.is_first ? "!" : "");
			at += n;
			room -= (size_t)n;
		}
		n = snprintf(at, room, "\n");
		at += n;
		room -= (size_t)n;
	}
	return text[turn];
}

TEST(the_graph_does_not_depend_on_workers_and_routes)
{
	struct run alone = explored(&pair, 1, NW_ROUTE_BATCH, 0);

	CHECK_INT(nw_graph_finish(alone.graph), ==, 0);
	for (int route = NW_ROUTE_BATCH; route <= NW_ROUTE_PUSH; route++)
		for (uint32_t workers = 2; workers <= 4; workers++) {
			struct run run = explored(&pair, workers, (enum nw_explore_route)route, 0);

			CHECK_INT(nw_graph_finish(run.graph), ==, 0);
			CHECK_INT(run.report.total.generated, ==, alone.report.total.generated);
			CHECK_STR(text_of(run.graph), text_of(alone.graph));
			end(&run);
		}
	end(&alone);
}

TEST(states_come_in_the_order_of_a_search_with_all_their_steps)
{
	struct run run = explored(&pair, 2, NW_ROUTE_BATCH, 0);
	uint64_t edges = 0;
	const char *text;

	CHECK_INT(nw_graph_state_count(run.graph), ==, 0);
	CHECK_INT(nw_graph_finish(run.graph), ==, 0);
	CHECK_INT(nw_graph_state_count(run.graph), ==, run.report.total.distinct);
	text = text_of(run.graph);
	CHECK(strncmp(text,
		      "0 0!: 1 0>2! 1>1\n"
		      "0 1!: 1 0>3! 1>4!\n"
		      "1 0: 2 0>5! 1>3\n",
		      17 + 18 + 16) == 0);
	for (uint64_t i = 0; i < nw_graph_state_count(run.graph); i++) {
		struct nw_graph_state state;

		nw_graph_state_at(run.graph, i, &state);
		CHECK_INT(state.edge_first, ==, edges);
		edges += state.edge_count;
		/* Dropped successors are no steps. */
		CHECK_INT(state.edge_count, ==,
			  state.state[0] + state.state[1] == BOUND
				  ? 0
				  : (state.state[0] < LIMIT) + (state.state[1] < LIMIT));
	}
	end(&run);
}

TEST(a_model_without_parts_has_the_same_steps)
{
	struct nw_model plain = pair;
	struct run run, parts = explored(&pair, 2, NW_ROUTE_BATCH, 0);
	struct nw_graph_edge edge;

	plain.part_count = NULL;
	run = explored(&plain, 3, NW_ROUTE_BATCH, 0);
	CHECK_INT(nw_graph_finish(run.graph), ==, 0);
	CHECK_INT(nw_graph_finish(parts.graph), ==, 0);
	CHECK_INT(nw_graph_state_count(run.graph), ==, nw_graph_state_count(parts.graph));
	nw_graph_edge_at(run.graph, 1, &edge);
	CHECK_INT(edge.part_idx, ==, NW_PART_NONE);
	CHECK_INT(edge.to, ==, 1);
	end(&run);
	end(&parts);
}

TEST(states_of_one_identity_are_one_state)
{
	struct nw_model same = pair;
	struct run run;

	same.identity = pair_identity;
	run = explored(&same, 2, NW_ROUTE_BATCH, 0);
	CHECK_INT(nw_graph_finish(run.graph), ==, 0);
	CHECK_INT(nw_graph_state_count(run.graph), ==, run.report.total.distinct);
	end(&run);
}

TEST(a_search_that_ends_early_has_what_it_saw_and_its_trace)
{
	struct nw_model faulty = pair;
	const struct nw_explore_step *steps;
	struct run run;
	size_t count;

	faulty.invariant = pair_invariant;
	run = explored(&faulty, 1, NW_ROUTE_BATCH, 0);
	CHECK_INT(run.report.end, ==, NW_EXPLORE_VIOLATION);
	CHECK_INT(nw_explore_trace(run.explore, &steps, &count), ==, 0);
	CHECK_INT(count, ==, 6);
	CHECK_INT(nw_graph_finish(run.graph), ==, 0);
	CHECK_INT(nw_graph_state_count(run.graph), >=, run.report.total.distinct);
	end(&run);
}

TEST(without_memory_there_is_no_graph)
{
	struct run run = explored(&pair, 1, NW_ROUTE_BATCH, 40000);

	CHECK_INT(run.report.end, ==, NW_EXPLORE_DONE);
	CHECK_INT(nw_graph_finish(run.graph), ==, -ENOMEM);
	end(&run);
}
