/* SPDX-License-Identifier: MIT */
/*
 * What a model may do besides emitting states: drop successors, end the search with a faulty step,
 * and say itself which states are the same. The model is two counters, each stepped by one up to a
 * limit.
 */
#include "nw_test.h"

#include <nw/explore.h>

#include <errno.h>

enum { LIMIT = 9 };

/* What the model does when a counter would be `at`. */
struct pair_rules {
	uint8_t drop_at, violate_at, error_at;
	bool fails_at_once;
};

static int rules_open(void **ret_context, const void *model)
{
	*ret_context = (void *)(uintptr_t)model; /* read only */
	return 0;
}

static void pair_init(void *context, struct nw_emit *emit)
{
	const struct pair_rules *rules = context;
	uint8_t start[2] = { 0, 0 };

	if (rules->fails_at_once)
		nw_emit_fault(emit, NW_FAULT_ERROR, "no beginning", NULL, 0);
	else
		(void)nw_emit(emit, start, 2);
}

static void pair_next(void *context, const uint8_t *state, size_t n_bytes, struct nw_emit *emit)
{
	const struct pair_rules *rules = context;

	for (int i = 0; i < 2; i++) {
		uint8_t next[2] = { state[0], state[1] };

		if (++next[i] > LIMIT)
			continue;
		if (next[i] == rules->violate_at) {
			nw_emit_fault(emit, NW_FAULT_VIOLATION, "TooHigh", next, n_bytes);
			return;
		}
		if (next[i] == rules->error_at) {
			nw_emit_fault(emit, NW_FAULT_ERROR, "cannot count so far", NULL, 0);
			return;
		}
		if (next[i] == rules->drop_at)
			nw_emit_drop(emit);
		else if (!nw_emit(emit, next, n_bytes))
			return;
	}
}

/* (a, b) and (b, a) are the same. */
static uint64_t pair_identity(void *context, const uint8_t *state, size_t n_bytes)
{
	uint64_t low = state[0] < state[1] ? state[0] : state[1];
	uint64_t high = state[0] < state[1] ? state[1] : state[0];
	uint64_t mixed = (low * 256 + high + 1) * UINT64_C(0x9e3779b97f4a7c15);

	(void)context;
	(void)n_bytes;
	return mixed ^ mixed >> 32;
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
	.open = rules_open,
	.init = pair_init,
	.next = pair_next,
	.print = pair_print,
};

/* Explores with two workers; the caller destroys. */
static struct nw_explore *explored(const struct nw_model *model, const struct pair_rules *rules,
				   enum nw_explore_route route, struct nw_topo **ret_topo,
				   struct nw_explore_report *ret_report)
{
	struct nw_explore_options options = { .model = model,
					      .model_data = rules,
					      .route = route,
					      .worker_count = 2,
					      .oversubscribe = true,
					      .no_pin = true,
					      .no_deadlock = model->flags != 0 };
	struct nw_explore *explore;
	struct nw_diag diag;

	CHECK_INT(nw_topo_open(ret_topo, NULL, &diag), ==, 0);
	options.topo = *ret_topo;
	if (nw_explore_create(&explore, &options, &diag))
		FAIL("%s", diag.text);
	(void)nw_explore_run(explore);
	nw_explore_report(explore, ret_report);
	return explore;
}

static void finish(struct nw_explore *explore, struct nw_topo *topo)
{
	nw_explore_destroy(explore);
	nw_topo_close(topo);
}

TEST(dropped_successors_are_generated_and_not_explored)
{
	struct pair_rules rules = { .drop_at = 5 };
	struct nw_explore_report report;
	struct nw_topo *topo;

	for (int route = NW_ROUTE_BATCH; route <= NW_ROUTE_PUSH; route++) {
		struct nw_explore *explore = explored(&pair, &rules, (enum nw_explore_route)route,
						      &topo, &report);

		CHECK_INT(report.end, ==, NW_EXPLORE_DONE);
		CHECK_INT(report.total.distinct, ==, 25); /* 0..4 twice */
		CHECK_INT(report.total.generated, ==, 1 + 2 * 25);
		finish(explore, topo);
	}
}

TEST(a_state_whose_successors_are_all_dropped_is_no_deadlock)
{
	struct pair_rules rules = { .drop_at = 1 };
	struct nw_model model = pair;
	struct nw_explore_report report;
	struct nw_explore *explore;
	struct nw_topo *topo;

	model.flags = 0;
	explore = explored(&model, &rules, NW_ROUTE_BATCH, &topo, &report);
	CHECK_INT(report.end, ==, NW_EXPLORE_DONE);
	CHECK_INT(report.total.distinct, ==, 1);
	finish(explore, topo);
}

TEST(states_of_one_identity_are_one_state)
{
	struct pair_rules rules = { 0 };
	struct nw_model model = pair;
	struct nw_explore_report report;
	struct nw_topo *topo;

	model.identity = pair_identity;
	for (int route = NW_ROUTE_BATCH; route <= NW_ROUTE_PUSH; route++) {
		struct nw_explore *explore = explored(&model, &rules, (enum nw_explore_route)route,
						      &topo, &report);

		CHECK_INT(report.end, ==, NW_EXPLORE_DONE);
		CHECK_INT(report.total.distinct, ==, (LIMIT + 1) * (LIMIT + 2) / 2);
		CHECK_INT(report.depth, ==, 2 * LIMIT + 1);
		finish(explore, topo);
	}
}

TEST(a_faulty_step_ends_the_trace)
{
	struct pair_rules rules = { .violate_at = 4 };
	const struct nw_explore_step *steps;
	struct nw_explore_report report;
	struct nw_topo *topo;
	struct nw_explore *explore = explored(&pair, &rules, NW_ROUTE_BATCH, &topo, &report);
	size_t count;

	CHECK_INT(report.end, ==, NW_EXPLORE_VIOLATION);
	CHECK_STR(report.invariant, "TooHigh");
	CHECK_INT(nw_explore_trace(explore, &steps, &count), ==, 0);
	CHECK_INT(count, ==, 5);
	CHECK(steps[0].state[0] == 0 && steps[0].state[1] == 0);
	for (size_t i = 0; i < count; i++)
		CHECK_INT(steps[i].state[0] + steps[i].state[1], ==, i);
	CHECK(steps[4].state[0] == 4 || steps[4].state[1] == 4);
	finish(explore, topo);
}

TEST(an_error_has_the_trace_up_to_the_state_it_came_from)
{
	struct pair_rules rules = { .error_at = 3 };
	const struct nw_explore_step *steps;
	struct nw_explore_report report;
	struct nw_topo *topo;
	struct nw_explore *explore = explored(&pair, &rules, NW_ROUTE_BATCH, &topo, &report);
	size_t count;

	CHECK_INT(report.end, ==, NW_EXPLORE_ERROR);
	CHECK_STR(report.invariant, "cannot count so far");
	CHECK_INT(nw_explore_trace(explore, &steps, &count), ==, 0);
	CHECK_INT(count, ==, 3);
	CHECK(steps[2].state[0] == 2 || steps[2].state[1] == 2);
	finish(explore, topo);
}

TEST(an_error_before_any_state_has_an_empty_trace)
{
	struct pair_rules rules = { .fails_at_once = true };
	const struct nw_explore_step *steps;
	struct nw_explore_report report;
	struct nw_topo *topo;
	struct nw_explore *explore = explored(&pair, &rules, NW_ROUTE_BATCH, &topo, &report);
	size_t count = 9;

	CHECK_INT(report.end, ==, NW_EXPLORE_ERROR);
	CHECK_INT(nw_explore_trace(explore, &steps, &count), ==, 0);
	CHECK_INT(count, ==, 0);
	finish(explore, topo);
}

TEST(identities_and_exact_search_exclude_each_other)
{
	struct pair_rules rules = { 0 };
	struct nw_model model = pair;
	struct nw_explore_options options = { .model = &model,
					      .model_data = &rules,
					      .exact = true };
	struct nw_explore *explore;
	struct nw_topo *topo;
	struct nw_diag diag;

	model.identity = pair_identity;
	CHECK_INT(nw_topo_open(&topo, NULL, &diag), ==, 0);
	options.topo = topo;
	CHECK_INT(nw_explore_create(&explore, &options, &diag), ==, -EINVAL);
	CHECK(strstr(diag.text, "fingerprints") != NULL);
	nw_topo_close(topo);
}
