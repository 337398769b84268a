/* SPDX-License-Identifier: MIT */
/*
 * Random walks: what they count and find does not depend on the workers; every way to end; choices
 * are even. The model is two counters that go up by one, each a part.
 */
#include "nw_test.h"

#include <nw/walk.h>

#include <errno.h>
#include <stdatomic.h>

enum { LIMIT = 9, STEPS = 12, WALKS = 400 };

/* What the model does; the last fields are what it saw. */
struct rules {
	uint8_t drop_at, violate_at, error_at, invariant_sum;
	bool fails_at_once, has_no_start, stutters;
	uint8_t bad_size_at;
	uint64_t full_after; /* steps of a context; 0: never */
	_Atomic uint64_t forgotten_count, in_use_count, init_count;
	_Atomic uint64_t seed_sum;
};

struct context {
	struct rules *rules;
	uint64_t step_count;
};

static int pair_open(void **ret_context, const void *model)
{
	struct context *context = calloc(1, sizeof(*context));

	context->rules = (struct rules *)(uintptr_t)model;
	*ret_context = context;
	return 0;
}

static void pair_close(void *context)
{
	free(context);
}

static void pair_init(void *opaque, struct nw_emit *emit)
{
	struct rules *rules = ((struct context *)opaque)->rules;
	uint8_t start[2] = { 0, 0 };

	rules->init_count++;
	if (rules->fails_at_once)
		CHECK(!nw_emit_fault(emit, NW_FAULT_ERROR, "no beginning", NULL, 0));
	else if (rules->has_no_start)
		nw_emit_drop(emit);
	else
		(void)nw_emit(emit, start, 2);
}

static void pair_part(void *opaque, const uint8_t *state, size_t n_bytes, uint32_t part_idx,
		      struct nw_emit *emit)
{
	struct context *context = opaque;
	struct rules *rules = context->rules;
	uint8_t next[3] = { state[0], state[1] };

	atomic_fetch_add(&rules->in_use_count, 1);
	context->step_count++;
	if (rules->stutters && part_idx == 0)
		(void)nw_emit(emit, next, n_bytes);
	else if (++next[part_idx] > LIMIT)
		; /* there is no such step */
	else if (next[part_idx] == rules->violate_at)
		CHECK(!nw_emit_fault(emit, NW_FAULT_VIOLATION, "TooHigh", next, n_bytes));
	else if (next[part_idx] == rules->error_at)
		CHECK(!nw_emit_fault(emit, NW_FAULT_ERROR, "cannot count so far", NULL, 0));
	else if (next[part_idx] == rules->drop_at)
		nw_emit_drop(emit);
	else
		(void)nw_emit(emit, next, n_bytes + (next[part_idx] == rules->bad_size_at));
	atomic_fetch_sub(&rules->in_use_count, 1);
}

static void pair_next(void *opaque, const uint8_t *state, size_t n_bytes, struct nw_emit *emit)
{
	for (uint32_t i = 0; i < 2; i++)
		pair_part(opaque, state, n_bytes, i, emit);
}

static const char *pair_invariant(void *opaque, const uint8_t *state, size_t n_bytes)
{
	const struct rules *rules = ((struct context *)opaque)->rules;

	(void)n_bytes;
	return rules->invariant_sum && state[0] + state[1] >= rules->invariant_sum ? "Low" : NULL;
}

static uint32_t pair_part_count(void *opaque)
{
	(void)opaque;
	return 2;
}

static const char *pair_part_name(void *opaque, uint32_t part_idx)
{
	(void)opaque;
	return part_idx ? "Right" : "Left";
}

static void pair_walk(void *opaque, uint64_t walk_idx, uint64_t seed)
{
	(void)walk_idx;
	atomic_fetch_add(&((struct context *)opaque)->rules->seed_sum, seed);
}

static bool pair_is_full(void *opaque)
{
	struct context *context = opaque;
	uint64_t full_after = context->rules->full_after;

	if (!full_after || context->step_count < full_after)
		return false;
	context->step_count = 0;
	return true;
}

static void pair_forget(const void *model)
{
	struct rules *rules = (struct rules *)(uintptr_t)model;

	CHECK_INT(rules->in_use_count, ==, 0);
	rules->forgotten_count++;
}

static void pair_print(void *opaque, const uint8_t *state, size_t n_bytes, char *text,
		       size_t text_bytes)
{
	(void)opaque;
	(void)n_bytes;
	(void)snprintf(text, text_bytes, "%u %u", state[0], state[1]);
}

static const struct nw_model pair = {
	.abi = NW_MODEL_ABI,
	.name = "pair",
	.about = "two counters",
	.parameters = "",
	.state_bytes = 2,
	.open = pair_open,
	.close = pair_close,
	.init = pair_init,
	.next = pair_next,
	.invariant = pair_invariant,
	.print = pair_print,
	.part_count = pair_part_count,
	.next_part = pair_part,
	.part_name = pair_part_name,
	.walk = pair_walk,
	.is_full = pair_is_full,
	.forget = pair_forget,
};

/* Walks that were made; the caller calls end(). */
struct run {
	struct nw_topo *topo;
	struct nw_walk *walk;
	struct nw_walk_report report;
	enum nw_explore_end end;
	const struct nw_explore_step *steps;
	size_t step_count;
};

static struct nw_walk_options usual(const struct nw_model *model, struct rules *rules)
{
	return (struct nw_walk_options){ .model = model,
					 .model_data = rules,
					 .worker_count = 2,
					 .seed = nw_test_seed(),
					 .walk_count = WALKS,
					 .step_count_max = STEPS,
					 .no_pin = true,
					 .oversubscribe = true };
}

static struct run begin(struct nw_walk_options options)
{
	struct nw_diag diag;
	struct run run = { 0 };

	CHECK_INT(nw_topo_open(&run.topo, NULL, &diag), ==, 0);
	options.topo = run.topo;
	if (nw_walk_create(&run.walk, &options, &diag))
		FAIL("%s", diag.text);
	return run;
}

static void go(struct run *run)
{
	run->end = nw_walk_run(run->walk);
	nw_walk_report(run->walk, &run->report);
	CHECK_INT(run->end, ==, run->report.end);
	if (nw_walk_trace(run->walk, &run->steps, &run->step_count) < 0)
		run->steps = NULL;
}

static struct run walked(struct nw_walk_options options)
{
	struct run run = begin(options);

	go(&run);
	return run;
}

static void end(struct run *run)
{
	nw_walk_destroy(run->walk);
	nw_topo_close(run->topo);
}

static void check_same(const struct run *a, const struct run *b)
{
	CHECK_INT(a->end, ==, b->end);
	CHECK_INT(a->report.generated, ==, b->report.generated);
	CHECK_INT(a->report.walk_count, ==, b->report.walk_count);
	CHECK_INT(a->report.fault_walk_idx, ==, b->report.fault_walk_idx);
	CHECK(a->report.length_mean == b->report.length_mean);
	CHECK(a->report.length_variance == b->report.length_variance);
	CHECK_INT(a->step_count, ==, b->step_count);
	for (size_t i = 0; i < a->step_count; i++) {
		CHECK(memcmp(a->steps[i].state, b->steps[i].state, 2) == 0);
		CHECK_INT(a->steps[i].part_idx, ==, b->steps[i].part_idx);
	}
}

/* With the same rules and other numbers of workers. */
static void check_workers(struct nw_walk_options options, enum nw_explore_end wanted)
{
	struct run alone;

	options.worker_count = 1;
	alone = walked(options);
	CHECK_INT(alone.end, ==, wanted);
	for (uint32_t workers = 2; workers <= 7; workers += workers < 3 ? 1 : 4) {
		struct run run;

		options.worker_count = workers;
		run = walked(options);
		CHECK_INT(run.report.worker_count, ==, workers);
		check_same(&alone, &run);
		end(&run);
	}
	end(&alone);
}

TEST(what_is_counted_and_found_does_not_depend_on_the_workers)
{
	struct rules fine = { 0 }, high = { .violate_at = LIMIT }, error = { .error_at = LIMIT };
	struct rules low = { .invariant_sum = STEPS }, dropped = { .drop_at = 4 };
	struct nw_model no_parts = pair;
	struct nw_walk_options options;

	no_parts.part_count = NULL;
	for (int i = 0; i < 2; i++) {
		const struct nw_model *model = i ? &no_parts : &pair;

		check_workers(usual(model, &fine), NW_EXPLORE_DONE);
		check_workers(usual(model, &high), NW_EXPLORE_VIOLATION);
		check_workers(usual(model, &low), NW_EXPLORE_VIOLATION);
		check_workers(usual(model, &error), NW_EXPLORE_ERROR);
		check_workers(usual(model, &dropped), NW_EXPLORE_DONE);
		options = usual(model, &fine);
		options.step_count_max = 0;
		check_workers(options, NW_EXPLORE_DEADLOCK);
		options.no_deadlock = true;
		check_workers(options, NW_EXPLORE_DONE);
	}
}

TEST(all_walks_asked_for_are_made_and_every_step_is_counted)
{
	struct rules rules = { 0 };
	struct run run = walked(usual(&pair, &rules));

	CHECK_INT(run.end, ==, NW_EXPLORE_DONE);
	CHECK_INT(run.report.walk_count, ==, WALKS);
	CHECK_INT(run.report.initial_count, ==, 1);
	CHECK(run.report.length_mean == STEPS);
	CHECK(run.report.length_variance == 0);
	CHECK_INT(run.report.generated, ==, 1 + WALKS * STEPS); /* one of a part */
	CHECK_INT(run.report.fault_walk_idx, ==, UINT64_MAX);
	CHECK(run.steps == NULL);
	CHECK_INT(rules.init_count, ==, 1);
	end(&run);
}

struct told {
	_Atomic uint64_t count;
	_Atomic bool is_told[WALKS];
	_Atomic uint64_t choices[WALKS]; /* which parts were taken, one bit each */
};

static void note_violation(void *arg, const struct nw_walk_path *path, const char *name)
{
	struct told *told = arg;
	uint64_t choices = 0;

	CHECK_STR(name, "Low");
	CHECK_INT(path->step_count, ==, 8);
	for (size_t i = 0; i < path->step_count; i++) {
		CHECK_INT(path->steps[i].state[0] + path->steps[i].state[1], ==, i);
		choices = choices * 2 + (i > 0 && path->steps[i].part_idx);
	}
	CHECK(!atomic_exchange(&told->is_told[path->walk_idx], true));
	atomic_store(&told->choices[path->walk_idx], choices);
	atomic_fetch_add(&told->count, 1);
}

TEST(walks_go_on_after_violations_that_someone_is_told_of)
{
	struct rules rules = { .invariant_sum = 7 };
	static struct told told[2];

	for (uint32_t workers = 1; workers <= 7; workers += 3) {
		struct nw_walk_options options = usual(&pair, &rules);
		struct told *to = &told[workers > 1];
		struct run run;

		memset(to, 0, sizeof(*to));
		options.on_violation = note_violation;
		options.arg = to;
		options.worker_count = workers;
		run = walked(options);
		CHECK_INT(run.end, ==, NW_EXPLORE_DONE);
		CHECK_INT(run.report.walk_count, ==, WALKS);
		CHECK_INT(run.report.violation_count, ==, WALKS);
		CHECK_INT(run.report.generated, ==, 1 + WALKS * 7);
		CHECK_INT(to->count, ==, WALKS);
		CHECK(run.report.length_mean == 0);
		end(&run);
		for (int i = 0; workers > 1 && i < WALKS; i++)
			CHECK_INT(told[0].choices[i], ==, told[1].choices[i]);
	}
}

TEST(errors_and_initial_states_end_walks_that_would_go_on)
{
	struct rules error = { .error_at = 5, .invariant_sum = 60 };
	struct rules low = { .invariant_sum = 0, .fails_at_once = true };
	static struct told told;
	struct nw_walk_options options = usual(&pair, &error);
	struct run run;

	options.on_violation = note_violation;
	options.arg = &told;
	run = walked(options);
	CHECK_INT(run.end, ==, NW_EXPLORE_ERROR);
	end(&run);
	options.model_data = &low;
	run = walked(options);
	CHECK_INT(run.end, ==, NW_EXPLORE_ERROR);
	CHECK_INT(told.count, ==, 0);
	end(&run);
}

TEST(the_trace_is_a_walk_with_the_parts_that_led_on)
{
	struct rules rules = { .invariant_sum = 7 };
	struct run run = walked(usual(&pair, &rules));

	CHECK_INT(run.end, ==, NW_EXPLORE_VIOLATION);
	CHECK_STR(run.report.invariant, "Low");
	CHECK_INT(run.report.fault_walk_idx, ==, 0);
	CHECK_INT(run.report.walk_count, ==, 1);
	CHECK_INT(run.step_count, ==, 8);
	CHECK_INT(run.steps[0].part_idx, ==, NW_PART_NONE);
	CHECK(run.steps[0].action == NULL);
	for (size_t i = 1; i < 8; i++) {
		uint32_t part = run.steps[i].part_idx;

		CHECK_STR(run.steps[i].action, part ? "Right" : "Left");
		CHECK_INT(run.steps[i].state[part], ==, run.steps[i - 1].state[part] + 1);
		CHECK_INT(run.steps[i].state[!part], ==, run.steps[i - 1].state[!part]);
	}
	end(&run);
}

TEST(a_walk_can_be_walked_again_alone)
{
	struct rules rules = { .violate_at = LIMIT };
	struct nw_walk_options options = usual(&pair, &rules);
	struct run all = walked(options), alone;

	CHECK_INT(all.report.fault_walk_idx, >, 0);
	options.walk_first = all.report.fault_walk_idx;
	options.walk_count = 1;
	alone = walked(options);
	CHECK_INT(alone.end, ==, NW_EXPLORE_VIOLATION);
	CHECK_INT(alone.report.fault_walk_idx, ==, all.report.fault_walk_idx);
	CHECK_INT(alone.step_count, ==, all.step_count);
	for (size_t i = 0; i < all.step_count; i++)
		CHECK(memcmp(all.steps[i].state, alone.steps[i].state, 2) == 0);
	end(&all);
	end(&alone);
}

TEST(another_seed_is_another_walk)
{
	struct rules rules[2] = { 0 };
	struct nw_walk_options options = usual(&pair, &rules[0]);
	struct run run = walked(options);

	end(&run);
	options.seed++;
	options.model_data = &rules[1];
	run = walked(options);
	end(&run);
	CHECK(rules[0].seed_sum != rules[1].seed_sum);
}

TEST(where_all_successors_are_left_out_a_walk_ends)
{
	struct rules rules = { .drop_at = 2 };
	struct run run = walked(usual(&pair, &rules));

	CHECK_INT(run.end, ==, NW_EXPLORE_DONE);
	CHECK(run.report.length_mean == 3); /* states: two steps */
	CHECK_INT(run.report.walk_count, ==, WALKS);
	end(&run);
}

TEST(a_deadlock_ends_in_the_state_without_successors)
{
	struct rules rules = { 0 };
	struct nw_walk_options options = usual(&pair, &rules);
	struct run run;

	options.step_count_max = 100;
	run = walked(options);
	CHECK_INT(run.end, ==, NW_EXPLORE_DEADLOCK);
	CHECK(run.report.invariant == NULL);
	CHECK_INT(run.step_count, ==, 2 * LIMIT + 1);
	CHECK_INT(run.steps[run.step_count - 1].state[0], ==, LIMIT);
	end(&run);
}

TEST(an_error_has_the_states_up_to_it)
{
	struct rules rules = { .error_at = 3 }, at_once = { .fails_at_once = true };
	struct run run = walked(usual(&pair, &rules));

	CHECK_INT(run.end, ==, NW_EXPLORE_ERROR);
	CHECK_STR(run.report.invariant, "cannot count so far");
	CHECK_INT(run.steps[run.step_count - 1].state[0] == 2 ||
			  run.steps[run.step_count - 1].state[1] == 2,
		  ==, 1);
	end(&run);
	run = walked(usual(&pair, &at_once));
	CHECK_INT(run.end, ==, NW_EXPLORE_ERROR);
	CHECK(run.steps != NULL);
	CHECK_INT(run.step_count, ==, 0);
	CHECK_INT(run.report.walk_count, ==, 0);
	CHECK_INT(run.report.fault_walk_idx, ==, UINT64_MAX);
	end(&run);
}

TEST(without_initial_states_there_is_no_walk)
{
	struct rules rules = { .has_no_start = true };
	struct run run = walked(usual(&pair, &rules));

	CHECK_INT(run.end, ==, NW_EXPLORE_DONE);
	CHECK_INT(run.report.initial_count, ==, 0);
	CHECK_INT(run.report.generated, ==, 1);
	CHECK_INT(run.report.walk_count, ==, 0);
	end(&run);
}

static const char *always(void *context, const uint8_t *state, size_t n_bytes)
{
	(void)context;
	(void)state;
	(void)n_bytes;
	return "Always";
}

TEST(an_initial_state_may_be_the_fault)
{
	struct rules rules = { 0 };
	struct nw_model model = pair;
	struct run run;

	model.invariant = always;
	run = walked(usual(&model, &rules));
	CHECK_INT(run.end, ==, NW_EXPLORE_VIOLATION);
	CHECK_STR(run.report.invariant, "Always");
	CHECK_INT(run.step_count, ==, 1);
	CHECK_INT(run.report.walk_count, ==, 0);
	CHECK_INT(run.report.fault_walk_idx, ==, UINT64_MAX);
	end(&run);
}

TEST(states_that_follow_themselves_are_shown_once)
{
	struct rules rules = { .stutters = true, .invariant_sum = 3 };
	struct run run = walked(usual(&pair, &rules));

	CHECK_INT(run.end, ==, NW_EXPLORE_VIOLATION);
	CHECK_INT(run.step_count, ==, 4);
	for (size_t i = 0; i < 4; i++)
		CHECK_INT(run.steps[i].state[1], ==, i);
	end(&run);
}

TEST(a_state_of_another_size_is_a_breach)
{
	struct rules rules = { .bad_size_at = 2 };
	struct run run = walked(usual(&pair, &rules));

	CHECK_INT(run.end, ==, NW_EXPLORE_MODEL_FAULT);
	CHECK(strstr(run.report.fault_text, "size") != NULL);
	CHECK(run.steps == NULL);
	end(&run);
}

TEST(endless_walks_end_when_they_are_stopped_or_the_time_is_over)
{
	struct rules rules = { .stutters = true };
	struct nw_walk_options options = usual(&pair, &rules);
	struct run run;

	options.walk_count = options.step_count_max = 0;
	run = begin(options);
	nw_walk_stop(run.walk);
	go(&run);
	CHECK_INT(run.end, ==, NW_EXPLORE_STOPPED);
	CHECK_INT(run.report.walk_count, ==, 0);
	CHECK(!run.report.is_time_over);
	end(&run);
	options.time_ns_max = 20 * 1000 * 1000;
	options.no_deadlock = true;
	run = walked(options);
	CHECK_INT(run.end, ==, NW_EXPLORE_DONE);
	CHECK(run.report.is_time_over);
	CHECK(run.report.seconds >= 0.02);
	end(&run);
}

TEST(paths_longer_than_memory_end_the_walks)
{
	struct rules rules = { .stutters = true };
	struct nw_model model = pair;
	struct nw_walk_options options = usual(&model, &rules);
	struct run run;

	model.part_count = NULL; /* one part stutters for ever */
	options.walk_count = options.step_count_max = 0;
	options.memory_bytes_max = 1 << 20;
	options.worker_count = 1;
	options.no_deadlock = true;
	rules.drop_at = 1;
	run = walked(options);
	CHECK_INT(run.end, ==, NW_EXPLORE_NO_MEMORY);
	CHECK(run.report.memory_bytes_peak <= 1 << 20);
	end(&run);
}

TEST(a_model_forgets_only_while_nobody_walks)
{
	struct rules rules = { .full_after = 50 };

	for (uint32_t workers = 1; workers <= 5; workers++) {
		struct nw_walk_options options = usual(&pair, &rules);
		struct run run;

		options.worker_count = workers;
		rules.forgotten_count = 0;
		run = walked(options);
		CHECK_INT(run.end, ==, NW_EXPLORE_DONE);
		CHECK_INT(run.report.walk_count, ==, WALKS);
		CHECK_INT(rules.forgotten_count, >=, 2); /* once at the beginning */
		CHECK_INT(rules.forgotten_count, <=, 1 + WALKS * STEPS / 50);
		end(&run);
	}
}

/* ---- walks that are handed out ---- */

struct seen {
	_Atomic uint32_t count[WALKS];
	_Atomic uint64_t left_count, step_count;
};

static void see(void *arg, const struct nw_walk_path *path)
{
	struct seen *seen = arg;

	CHECK_INT(path->walk_idx, <, WALKS);
	atomic_fetch_add(&seen->count[path->walk_idx], 1);
	CHECK_INT(path->step_count, ==, STEPS + 1);
	for (size_t i = 1; i < path->step_count; i++)
		atomic_fetch_add(&seen->left_count, path->steps[i].part_idx == 0);
	atomic_fetch_add(&seen->step_count, path->step_count - 1);
}

TEST(every_walk_is_handed_out_once_and_parts_are_chosen_evenly)
{
	static struct seen seen;
	struct rules rules = { 0 };
	struct nw_walk_options options = usual(&pair, &rules);
	struct run run;
	double share;

	options.on_walk = see;
	options.arg = &seen;
	options.step_count_max = STEPS;
	run = walked(options);
	for (uint32_t i = 0; i < WALKS; i++)
		CHECK_INT(seen.count[i], ==, 1);
	CHECK_INT(seen.step_count, ==, WALKS * STEPS);
	/* 4800 tosses: 0.5 +- 0.007; ten times that, and less where a counter is at its end. */
	share = (double)seen.left_count / (double)seen.step_count;
	CHECK(share > 0.43 && share < 0.57);
	end(&run);
}

/* ---- many successors ---- */

enum { FAN = 5000, FAN_WALKS = 20000 };

static void fan_init(void *context, struct nw_emit *emit)
{
	uint32_t start = 0;

	(void)context;
	(void)nw_emit(emit, &start, sizeof(start));
}

static void fan_next(void *context, const uint8_t *state, size_t n_bytes, struct nw_emit *emit)
{
	(void)context;
	(void)state;
	for (uint32_t i = 1; i <= FAN; i++)
		if (!nw_emit(emit, &i, n_bytes))
			return;
}

static void fan_see(void *arg, const struct nw_walk_path *path)
{
	_Atomic uint32_t *tenths = arg;
	uint32_t to;

	memcpy(&to, path->steps[1].state, sizeof(to));
	atomic_fetch_add(&tenths[(to - 1) / (FAN / 10)], 1);
}

/* The buffer holds 1024: five blocks. */
TEST(of_more_successors_than_a_buffer_holds_each_is_as_likely)
{
	struct nw_model fan = { .abi = NW_MODEL_ABI,
				.name = "fan",
				.state_bytes = sizeof(uint32_t),
				.init = fan_init,
				.next = fan_next,
				.print = pair_print };
	_Atomic uint32_t tenths[10] = { 0 };
	struct nw_walk_options options = usual(&fan, NULL);
	struct run run;

	options.walk_count = FAN_WALKS / 10;
	options.step_count_max = 1;
	options.on_walk = fan_see;
	options.arg = tenths;
	run = walked(options);
	CHECK_INT(run.report.generated, ==, 1 + FAN_WALKS / 10 * FAN);
	/* 200 +- 13 each; six times that. */
	for (uint32_t i = 0; i < 10; i++) {
		CHECK_INT(tenths[i], >, 120);
		CHECK_INT(tenths[i], <, 280);
	}
	end(&run);
}

TEST(options_that_cannot_be_are_refused)
{
	struct nw_model old = pair, large = pair;
	struct nw_walk_options options = usual(&old, NULL);
	struct nw_topo *topo;
	struct nw_walk *walk;
	struct nw_diag diag;

	old.abi = NW_MODEL_ABI - 1;
	large.state_bytes = NW_STATE_BYTES_MAX + 1;
	CHECK_INT(nw_topo_open(&topo, NULL, &diag), ==, 0);
	options.topo = topo;
	CHECK_INT(nw_walk_create(&walk, &options, &diag), ==, -EINVAL);
	CHECK(strstr(diag.text, "rebuild") != NULL);
	options.model = &large;
	CHECK_INT(nw_walk_create(&walk, &options, &diag), ==, -EINVAL);
	options.model = NULL;
	CHECK_INT(nw_walk_create(&walk, &options, NULL), ==, -EINVAL);
	nw_walk_destroy(NULL);
	nw_topo_close(topo);
}
