/* SPDX-License-Identifier: MIT */
/*
 * What a model may do besides emitting states: drop successors, tell of faulty steps, and say
 * itself which states are the same. The model is two counters, each stepped by one up to a limit.
 */
#include "nw_test.h"

#include <nw/explore.h>

#include <errno.h>

enum { LIMIT = 9 };

/* What the model does when a counter would be `at`. */
struct pair_rules {
	uint8_t drop_at, violate_at, error_at;
	uint8_t invariant_below; /* the sum of both, where it is not 0 */
	uint8_t sum_unknown_at;  /* the invariant cannot be told of that sum */
	bool fails_at_once, is_final;
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
		CHECK(!nw_emit_fault(emit, NW_FAULT_ERROR, "no beginning", NULL, 0));
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
			if (!nw_emit_fault(emit,
					   rules->is_final ? NW_FAULT_FINAL : NW_FAULT_VIOLATION,
					   "TooHigh", next, n_bytes))
				return;
			continue;
		}
		if (next[i] == rules->error_at) {
			CHECK(!nw_emit_fault(emit, NW_FAULT_ERROR, "cannot count so far", NULL, 0));
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

static const char unknown[] = "nobody knows";

static const char *pair_invariant(void *context, const uint8_t *state, size_t n_bytes)
{
	const struct pair_rules *rules = context;
	unsigned sum = (unsigned)state[0] + state[1];

	(void)n_bytes;
	if (rules->sum_unknown_at && sum == rules->sum_unknown_at)
		return unknown;
	return rules->invariant_below && sum >= rules->invariant_below ? "Low" : NULL;
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
	.invariant = pair_invariant,
	.print = pair_print,
	.failure = unknown,
};

static struct nw_explore *explored_with(struct nw_explore_options options,
					struct nw_topo **ret_topo,
					struct nw_explore_report *ret_report)
{
	struct nw_explore *explore;
	struct nw_diag diag;

	CHECK_INT(nw_topo_open(ret_topo, NULL, &diag), ==, 0);
	options.topo = *ret_topo;
	options.oversubscribe = options.no_pin = true;
	if (nw_explore_create(&explore, &options, &diag))
		FAIL("%s", diag.text);
	(void)nw_explore_run(explore);
	nw_explore_report(explore, ret_report);
	return explore;
}

/* Explores with two workers; the caller destroys. */
static struct nw_explore *explored(const struct nw_model *model, const struct pair_rules *rules,
				   enum nw_explore_route route, struct nw_topo **ret_topo,
				   struct nw_explore_report *ret_report)
{
	return explored_with((struct nw_explore_options){ .model = model,
							  .model_data = rules,
							  .route = route,
							  .worker_count = 2,
							  .no_deadlock = model->flags != 0 },
			     ret_topo, ret_report);
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

TEST(new_states_are_counted_where_they_were_found)
{
	struct pair_rules rules = { 0 };
	struct nw_explore_report report;
	struct nw_topo *topo;
	uint64_t counts[3];
	struct nw_explore *explore = explored_with(
		(struct nw_explore_options){
			.model = &pair, .model_data = &rules, .worker_count = 1 },
		&topo, &report);

	/* While levels grow the first of each finds two, and all others one; then the last finds
	 * none. */
	CHECK_INT(nw_explore_out_degrees(explore, counts, 3), ==, 0);
	CHECK_INT(counts[0], ==, 10);
	CHECK_INT(counts[1], ==, 81);
	CHECK_INT(counts[2], ==, 9);
	CHECK_INT(nw_explore_out_degrees(explore, counts, 2), ==, 0); /* 1: or more */
	CHECK_INT(counts[0], ==, 10);
	CHECK_INT(counts[1], ==, 90);
	CHECK_INT(nw_explore_out_degrees(explore, counts, 0), ==, -EINVAL);
	CHECK_INT(nw_explore_out_degrees(explore, counts, 256), ==, -EINVAL);
	finish(explore, topo);
	for (int route = NW_ROUTE_BATCH; route <= NW_ROUTE_PUSH; route++) {
		explore = explored(&pair, &rules, (enum nw_explore_route)route, &topo, &report);
		CHECK_INT(nw_explore_out_degrees(explore, counts, 3), ==, 0);
		CHECK_INT(counts[0] + counts[1] + counts[2], ==, 100);
		CHECK_INT(counts[1] + 2 * counts[2], ==, 99);
		finish(explore, topo);
	}
	explore = explored_with((struct nw_explore_options){ .model = &pair,
							     .model_data = &rules,
							     .no_trace = true },
				&topo, &report);
	CHECK_INT(nw_explore_out_degrees(explore, counts, 3), ==, -ENODATA);
	finish(explore, topo);
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

/* ---- going on ---- */

/* A path of the model that ends in a state, or a step, of that name. */
static void check_path(const struct nw_explore_violation *v, unsigned sum)
{
	CHECK_INT(v->step_count, ==, sum + 1);
	for (size_t i = 0; i < v->step_count; i++)
		CHECK_INT(v->steps[i].state[0] + v->steps[i].state[1], ==, i);
}

static unsigned last_sum(const struct nw_explore_violation *v)
{
	const uint8_t *last = v->steps[v->step_count - 1].state;

	return (unsigned)last[0] + last[1];
}

/* Sums 12..18 of two digits 0..9: 7, 6, .. 1 states. */
static void check_states_kept(const struct nw_model *model, enum nw_explore_route route,
			      uint32_t worker_count)
{
	struct pair_rules rules = { .invariant_below = 12 };
	struct nw_explore_options options = { .model = model,
					      .model_data = &rules,
					      .route = route,
					      .worker_count = worker_count,
					      .batch_count = 2,
					      .keep_going = true };
	struct nw_explore_violation v;
	struct nw_explore_report report;
	struct nw_topo *topo;
	struct nw_explore *explore = explored_with(options, &topo, &report);
	unsigned found[19] = { 0 }, before = 0;

	CHECK_INT(report.end, ==, NW_EXPLORE_DONE);
	CHECK_INT(report.violation_count, ==, 28);
	CHECK_INT(report.total.distinct, ==, 100);
	CHECK_INT(report.total.generated, ==, 1 + 2 * 90);
	for (uint64_t i = 0; i < 28; i++) {
		CHECK_INT(nw_explore_violation_at(explore, i, &v), ==, 0);
		CHECK_STR(v.name, "Low");
		CHECK(!v.is_step);
		check_path(&v, last_sum(&v));
		CHECK_INT(before, <=, last_sum(&v));
		before = last_sum(&v);
		found[before]++;
	}
	CHECK_INT(nw_explore_violation_at(explore, 28, &v), ==, -ENODATA);
	for (unsigned sum = 12; sum <= 18; sum++)
		CHECK_INT(found[sum], ==, 19 - sum);
	finish(explore, topo);
}

TEST(a_search_may_go_on_after_violations_and_keeps_a_path_to_each)
{
	for (int route = NW_ROUTE_BATCH; route <= NW_ROUTE_PUSH; route++)
		for (uint32_t workers = 1; workers <= 6; workers += workers < 3 ? 1 : 3)
			check_states_kept(&pair, (enum nw_explore_route)route, workers);
}

/* Steps to 4 from 3, the other counter at 0..3, for both counters. */
TEST(steps_at_fault_are_gone_on_after_too)
{
	struct pair_rules rules = { .violate_at = 4 };
	struct nw_explore_options options = { .model = &pair,
					      .model_data = &rules,
					      .keep_going = true };
	struct nw_explore_violation v;
	struct nw_explore_report report;
	struct nw_topo *topo;

	for (uint32_t workers = 1; workers <= 4; workers++) {
		struct nw_explore *explore;

		options.worker_count = workers;
		explore = explored_with(options, &topo, &report);
		CHECK_INT(report.end, ==, NW_EXPLORE_DONE);
		CHECK_INT(report.total.distinct, ==, 16);
		CHECK_INT(report.violation_count, ==, 8);
		for (uint64_t i = 0; i < 8; i++) {
			CHECK_INT(nw_explore_violation_at(explore, i, &v), ==, 0);
			CHECK(v.is_step);
			CHECK_INT(last_sum(&v), ==, 4 + i / 2);
			check_path(&v, last_sum(&v));
		}
		finish(explore, topo);
	}
}

TEST(no_search_goes_on_after_a_final_violation_or_an_error)
{
	struct pair_rules final = { .violate_at = 4, .is_final = true };
	struct pair_rules error = { .invariant_below = 2, .error_at = 3 };
	struct pair_rules unsure = { .invariant_below = 2, .sum_unknown_at = 3 };
	struct nw_explore_options options = { .model = &pair,
					      .worker_count = 1,
					      .keep_going = true };
	const struct nw_explore_step *steps;
	struct nw_explore_report report;
	struct nw_explore *explore;
	struct nw_topo *topo;
	size_t count;

	options.model_data = &final;
	explore = explored_with(options, &topo, &report);
	finish(explore, topo);
	CHECK_INT(report.end, ==, NW_EXPLORE_VIOLATION);
	options.model_data = &error;
	explore = explored_with(options, &topo, &report);
	finish(explore, topo);
	CHECK_INT(report.end, ==, NW_EXPLORE_ERROR);
	CHECK_INT(report.violation_count, ==, 3); /* all of sum 2 */
	options.model_data = &unsure;
	for (uint32_t i = 0; i < 2; i++) {
		options.keep_going = i == 0;
		options.worker_count = 1 + i;
		unsure.invariant_below = i == 0 ? 2 : 0;
		explore = explored_with(options, &topo, &report);
		CHECK_INT(report.end, ==, NW_EXPLORE_ERROR);
		CHECK_STR(report.invariant, unknown);
		CHECK_INT(nw_explore_trace(explore, &steps, &count), ==, 0);
		CHECK_INT(count, ==, 4);
		finish(explore, topo);
	}
}

TEST(without_parents_the_violations_are_their_states)
{
	struct pair_rules rules = { .invariant_below = 18 };
	struct nw_explore_options options = {
		.model = &pair, .model_data = &rules, .no_trace = true, .keep_going = true
	};
	struct nw_explore_violation v;
	struct nw_explore_report report;
	struct nw_topo *topo;
	struct nw_explore *explore = explored_with(options, &topo, &report);

	CHECK_INT(report.violation_count, ==, 1);
	CHECK_INT(nw_explore_violation_at(explore, 0, &v), ==, 0);
	CHECK_INT(v.step_count, ==, 1);
	CHECK_INT(last_sum(&v), ==, 18);
	finish(explore, topo);
}
