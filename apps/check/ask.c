/* SPDX-License-Identifier: MIT */
/*
 * What specifications ask of the search and tell it: TLCGet("..."), TLCSet("..."), Trace and its
 * like, and what they print.
 *
 * Invariant: called on any worker, but for what says that it needs the main thread; nothing here
 * changes but under the lock of messages, or atomically.
 */
#include "check/ask.h"

#include "tla/model/actions.h"
#include "tla/value/fcn.h"
#include "tla/value/order.h"
#include "tla/value/set.h"

#include <inttypes.h>
#include <string.h>

/* --- Counts --- */

static tla_value count_value(uint64_t count)
{
	return tla_int(count < INT32_MAX ? (int64_t)count : INT32_MAX);
}

/* The initial states are level 1, as with TLC even before there are any. */
static tla_value diameter(const struct nw_explore_report *now)
{
	return tla_int(now->depth > 0 ? now->depth : 1);
}

static tla_value duration(const struct check_spec *spec)
{
	return count_value((uint64_t)check_say_ms(spec->say) / 1000);
}

static tla_value stats_record(const struct check_spec *spec, const struct nw_explore_report *now,
			      struct tla_eval *eval)
{
	struct check_fields fields = { .count = 0 };

	check_add_field(&fields, eval, "generated", count_value(now->total.generated));
	check_add_field(&fields, eval, "distinct", count_value(now->total.distinct));
	check_add_field(&fields, eval, "queue", count_value(now->total.queue));
	check_add_field(&fields, eval, "initial", count_value(spec->initial_count));
	check_add_field(&fields, eval, "diameter", diameter(now));
	check_add_field(&fields, eval, "duration", duration(spec));
	check_add_field(&fields, eval, "worker", tla_int(0));
	return check_record_of(eval, &fields);
}

/* Of random walks. Which actions a behavior has taken is not known; what TLC counts with its
 * extended statistics only is -1, as there. */
static tla_value walk_record(const struct check_spec *spec, const struct nw_walk_report *now,
			     struct tla_eval *eval)
{
	struct check_fields fields = { .count = 0 }, behavior = { .count = 0 };
	tla_value none = tla_tuple(eval->heap, NULL, 0);

	check_add_field(&behavior, eval, "id", count_value(eval->walk_idx));
	check_add_field(&behavior, eval, "actions", none);
	check_add_field(&fields, eval, "traces", count_value(now->walk_count));
	check_add_field(&fields, eval, "duration", duration(spec));
	check_add_field(&fields, eval, "generated", count_value(now->generated));
	check_add_field(&fields, eval, "behavior", check_record_of(eval, &behavior));
	check_add_field(&fields, eval, "worker", tla_int(0));
	check_add_field(&fields, eval, "distinct", tla_int(-1));
	check_add_field(&fields, eval, "distinctvalues", tla_int(-1));
	check_add_field(&fields, eval, "retries", tla_int(-1));
	check_add_field(&fields, eval, "actions", none);
	check_add_field(&fields, eval, "levelmean", count_value((uint64_t)now->length_mean));
	check_add_field(&fields, eval, "levelvariance",
			count_value((uint64_t)now->length_variance));
	return check_record_of(eval, &fields);
}

/* As TLC, which knows nothing of states that walks have in common. */
static tla_value walk_count_of(const struct check_spec *spec, struct tla_eval *eval,
			       const char *name)
{
	struct nw_walk_report now;

	nw_walk_report(spec->walk, &now);
	if (strcmp(name, "stats") == 0)
		return walk_record(spec, &now, eval);
	if (strcmp(name, "generated") == 0)
		return count_value(now.generated);
	if (strcmp(name, "diameter") == 0) /* TLC has the number of the behavior for it */
		return count_value(now.walk_count + 1);
	return strcmp(name, "duration") == 0 ? duration(spec) : TLA_NONE;
}

/* TLA_NONE: it is none of these. */
static tla_value count_of(const struct check_spec *spec, struct tla_eval *eval, const char *name)
{
	struct nw_explore_report now = { 0 };

	if (spec->walk)
		return walk_count_of(spec, eval, name);
	if (spec->explore)
		nw_explore_report(spec->explore, &now);
	/* Levels are counted at their end: not less than the one at hand, or that ended it all. */
	if (now.depth < spec->last_level)
		now.depth = spec->last_level;
	if (now.depth < eval->level)
		now.depth = eval->level;
	if (strcmp(name, "stats") == 0)
		return stats_record(spec, &now, eval);
	if (strcmp(name, "generated") == 0)
		return count_value(now.total.generated);
	if (strcmp(name, "distinct") == 0)
		return count_value(now.total.distinct);
	if (strcmp(name, "queue") == 0)
		return count_value(now.total.queue);
	if (strcmp(name, "diameter") == 0)
		return diameter(&now);
	return strcmp(name, "duration") == 0 ? duration(spec) : TLA_NONE;
}

/* --- Registers of all workers --- */

static tla_value register_of(const struct check_spec *spec, const struct tla_eval *eval,
			     uint32_t worker_idx, tla_value key)
{
	const struct tla_registers *of_worker = spec->has_search
							? tla_search_registers(&spec->search,
									       worker_idx)
							: NULL;
	tla_value v = tla_register(of_worker ? of_worker : &eval->registers, key);

	return v ? v : tla_register(&spec->model->registers, key);
}

/* A sequence of what each worker has in a register; TLA_NONE: the first has nothing, or failed. */
static tla_value register_values(const struct check_spec *spec, struct tla_eval *eval,
				 tla_value key)
{
	uint32_t count = spec->has_search ? spec->worker_count : 1;
	tla_value *values = tla_alloc(eval->heap, (count + 1) * sizeof(*values));

	if (!values || !register_of(spec, eval, 0, key))
		return TLA_NONE;
	for (uint32_t i = 0; i < count; i++) {
		values[i] = register_of(spec, eval, i, key);
		if (!values[i])
			return tla_fail(eval->heap,
					"TLCGet(\"all\"): worker %u has not set a register that "
					"another has.",
					i + 1);
	}
	return tla_tuple(eval->heap, values, count);
}

static tla_value add_register(const struct check_spec *spec, struct tla_eval *eval, tla_value key,
			      tla_value all)
{
	tla_value values = register_values(spec, eval, key);

	if (!values)
		return eval->heap->has_failed ? TLA_NONE : all;
	return tla_override(eval->heap, all, tla_single(eval->heap, key, values));
}

static tla_value add_named(const struct check_spec *spec, struct tla_eval *eval,
			   const struct tla_registers *registers, bool are_named, tla_value all)
{
	for (uint32_t i = 0; all && i < registers->named_count; i++)
		if (tla_is_string(registers->named[i].key) == are_named)
			all = add_register(spec, eval, registers->named[i].key, all);
	return all;
}

/* A function from registers to sequences of values: of numbers, or of names. */
static tla_value all_registers(const struct check_spec *spec, struct tla_eval *eval, bool are_named)
{
	const struct tla_registers *first = spec->has_search
						    ? tla_search_registers(&spec->search, 0)
						    : NULL;
	tla_value all = tla_tuple(eval->heap, NULL, 0);

	if (spec->explore && eval != &spec->runner->eval)
		return tla_fail(eval->heap, "TLCGet(\"all\") is known in assumptions and "
					    "postconditions: while workers run each has its own.");
	for (int64_t i = 0; all && !are_named && i < TLA_REGISTERS; i++)
		all = add_register(spec, eval, tla_int(i), all);
	all = add_named(spec, eval, &spec->model->registers, are_named, all);
	return first ? add_named(spec, eval, first, are_named, all) : all;
}

/* --- States --- */

static tla_value incomplete_state(const struct check_spec *spec, struct tla_eval *eval,
				  const tla_value *state)
{
	enum { NAMES_BYTES = 256 };
	const struct tla_world *world = &spec->model->world;
	char names[NAMES_BYTES] = "";
	uint32_t count = 0;

	for (uint32_t i = 0; i < world->var_count; i++) {
		size_t used = strlen(names);

		if (!state[i])
			(void)snprintf(names + used, sizeof(names) - used, "%s%s",
				       count++ ? ", " : "", check_name(spec, world->vars[i]));
	}
	return tla_fail(eval->heap,
			"In evaluating TLCExt!Trace, the state is not completely specified yet "
			"(variable%s %s undefined).",
			count == 1 ? "" : "s", names);
}

/* A record of the variables; with the action that led there, where it is to be told. */
static tla_value state_value(const struct check_spec *spec, struct tla_eval *eval,
			     const tla_value *state, tla_value action)
{
	const struct tla_world *world = &spec->model->world;
	uint32_t count = world->var_count + (action != TLA_NONE);
	tla_value *names = tla_alloc(eval->heap, 2 * ((size_t)count + 1) * sizeof(*names));
	tla_value *values = names + count + 1;

	for (uint32_t i = 0; names && i < world->var_count; i++) {
		if (!state[i])
			return incomplete_state(spec, eval, state);
		names[i] = tla_string(world->vars[i]);
		values[i] = state[i];
	}
	if (names && action) {
		names[count - 1] = tla_new_string(eval, "_action", 7);
		values[count - 1] = action;
	}
	return names ? tla_record(eval->heap, names, values, count) : TLA_NONE;
}

/* As TLC, whose random walks know of their actions, and whose searches do not. */
static tla_value action_of_step(const struct check_spec *spec, struct tla_eval *eval,
				uint32_t part_idx, bool is_initial)
{
	const struct tla_formulas *init = &spec->model->init;

	if (!spec->walk)
		return TLA_NONE;
	if (is_initial && init->count > 0)
		return check_action_value(spec, eval, init->at[0].name, init->at[0].span);
	if (part_idx < spec->action_count)
		return check_action_value(spec, eval, spec->actions[part_idx].name,
					  spec->actions[part_idx].span);
	return check_action_value(spec, eval, TLA_NO_SYM, (struct tla_span){ 0 });
}

/* The steps that lead to the state at hand, or to the one before it. */
static int steps_to(const struct check_spec *spec, const struct tla_eval *eval,
		    const struct nw_explore_step **ret_steps, size_t *ret_count)
{
	*ret_steps = NULL;
	*ret_count = 0;
	if (eval == &spec->runner->eval) {
		*ret_steps = spec->path_steps;
		*ret_count = eval->level < spec->path_count ? eval->level : spec->path_count;
		return 0;
	}
	if (eval->level <= 1)
		return 0;
	return spec->walk ? nw_walk_path(spec->walk, ret_steps, ret_count)
			  : nw_explore_path(spec->explore, ret_steps, ret_count);
}

static tla_value trace_value(const struct check_spec *spec, struct tla_eval *eval)
{
	const struct nw_explore_step *steps;
	tla_value *items;
	size_t count;
	bool is_behind; /* the state at hand comes after the steps */

	if (steps_to(spec, eval, &steps, &count) < 0)
		return tla_fail(eval->heap, "TLCExt!Trace needs the states' parents: not with "
					    "--no-trace.");
	is_behind = count == 0 || count < eval->level;
	items = tla_alloc(eval->heap, (count + 2) * sizeof(*items));
	for (size_t i = 0; items && i < count + is_behind; i++) {
		const void *words = i < count ? (const void *)steps[i].state : eval->now;
		uint32_t part_idx = i < count ? steps[i].part_idx : eval->walk_part_idx;

		items[i] = state_value(spec, eval, words,
				       action_of_step(spec, eval, part_idx, i == 0));
		if (!items[i])
			return TLA_NONE;
	}
	return items ? tla_tuple(eval->heap, items, (uint32_t)count + is_behind) : TLA_NONE;
}

static tla_value counterexample_value(const struct check_spec *spec, struct tla_eval *eval)
{
	struct check_fields fields = { .count = 0 };

	if (spec->counterexample)
		return spec->counterexample;
	check_add_field(&fields, eval, "action", check_set_of(eval, tla_alloc(eval->heap, 8), 0));
	check_add_field(&fields, eval, "state", check_set_of(eval, tla_alloc(eval->heap, 8), 0));
	return check_record_of(eval, &fields);
}

/* --- The user --- */

static bool read_line(char *line, size_t line_bytes)
{
	(void)fflush(stdout); /* app_finish_output() says if it fails */
	return fgets(line, (int)line_bytes, stdin);
}

/* Nobody there, an empty line, or one that begins with y: go on to that state. */
static tla_value pick(struct check_spec *spec, struct tla_eval *eval)
{
	tla_value answer = TLA_TRUE;
	char line[256];

	pthread_mutex_lock(&spec->say->lock);
	printf("Extend behavior of length %u? (Yes/no):\n", (unsigned)eval->level);
	if (read_line(line, sizeof(line)) && (line[0] == 'n' || line[0] == 'N'))
		answer = TLA_FALSE;
	pthread_mutex_unlock(&spec->say->lock);
	return answer;
}

static void pause_search(struct check_spec *spec)
{
	char line[256];

	pthread_mutex_lock(&spec->say->lock);
	printf("Press enter to resume model checking.\n");
	(void)read_line(line, sizeof(line));
	pthread_mutex_unlock(&spec->say->lock);
}

/* --- The hooks --- */

static tla_value report(struct tla_eval *eval, void *context, const char *name)
{
	struct check_spec *spec = context;

	if (strcmp(name, "all") == 0 || strcmp(name, "all:named") == 0)
		return all_registers(spec, eval, name[3] == ':');
	if (strcmp(name, "spec") == 0)
		return check_spec_record(spec, eval);
	if (strcmp(name, "action") == 0) /* TLC knows it in simulations only */
		return check_action_value(spec, eval, TLA_NO_SYM, (struct tla_span){ 0 });
	if (strcmp(name, "Trace") == 0)
		return trace_value(spec, eval);
	if (strcmp(name, "CounterExample") == 0)
		return counterexample_value(spec, eval);
	if (strcmp(name, "PickSuccessor") == 0)
		return pick(spec, eval);
	return count_of(spec, eval, name);
}

static int set(struct tla_eval *eval, void *context, const char *name, tla_value v)
{
	struct check_spec *spec = context;

	(void)eval;
	if (strcmp(name, "exit") == 0) {
		if (v == TLA_TRUE) {
			atomic_store(&spec->has_exit, true);
			if (spec->explore)
				nw_explore_stop(spec->explore);
			if (spec->walk)
				nw_walk_stop(spec->walk);
		}
		return 1;
	}
	if (strcmp(name, "pause") == 0) {
		if (v == TLA_TRUE)
			pause_search(spec);
		return 1;
	}
	return 0;
}

static void print(void *context, const char *text)
{
	const struct check_spec *spec = context;

	check_say_value(spec->say, text);
}

/* TLC counts all of them first, then those that walks may begin in. */
static void tell_initial_of_walks(struct check_spec *spec)
{
	struct nw_walk_report now;

	nw_walk_report(spec->walk, &now);
	spec->initial_count = now.generated;
	check_say(spec->say, SAY_INITIAL_SO_FAR, "Computed %" PRIu64 " initial states...",
		  now.generated);
	check_say_initial(spec->say, now.initial_count, now.initial_count);
}

/* By one worker, while all others wait, so that the counts are those of the initial states. */
static void tell_initial(void *context)
{
	struct check_spec *spec = context;
	struct nw_explore_report now;

	if (app_was_interrupted())
		return;
	if (spec->walk) {
		tell_initial_of_walks(spec);
		return;
	}
	nw_explore_report(spec->explore, &now);
	spec->initial_count = now.total.generated;
	check_say_initial(spec->say, now.total.generated, now.total.distinct);
}

void check_ask_connect(struct check_spec *spec)
{
	struct tla_eval *eval = &spec->runner->eval;

	eval->print = print;
	eval->report = report;
	eval->set = set;
	eval->print_context = eval->report_context = spec;
}

void check_ask_connect_search(struct check_spec *spec)
{
	spec->search.hooks = (struct tla_search_hooks){ .print = print,
							.report = report,
							.set = set,
							.initial = tell_initial,
							.context = spec };
}
