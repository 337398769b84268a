/* SPDX-License-Identifier: MIT */
/*
 * Counterexamples of specifications, as TLC prints them.
 *
 * Invariant: states of the engine are words of stored values, in the order of the variables, and
 * stay until the engine is destroyed.
 */
#include "check/trace.h"

#include "tla/model/actions.h"
#include "tla/value/fcn.h"
#include "tla/value/print.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const tla_value *check_trace_state(const struct check_trace *trace, size_t i)
{
	return (const tla_value *)(const void *)trace->steps[i].state;
}

char *check_value_text(const struct check_spec *spec, tla_value v)
{
	const struct tla_heap *heap = spec->runner->eval.heap;
	size_t n_bytes = tla_print(heap, v, (char[1]){ 0 }, 1) + 1;
	char *text = malloc(n_bytes);

	if (text)
		tla_print(heap, v, text, n_bytes);
	return text;
}

/* The action that leads to a state: the one that a walk knows of, or the first that does, evaluated
 * as it was, at the level of the state before. */
bool check_trace_move(const struct check_trace *trace, size_t to, struct tla_move *ret_move)
{
	struct tla_runner *runner = trace->spec->runner;
	uint32_t part_idx = trace->steps[to].part_idx, count = 0;
	const struct tla_action *actions = tla_runner_actions(runner, &count);

	if (part_idx != NW_PART_NONE) {
		if (part_idx < count)
			tla_move_of(&actions[part_idx], ret_move);
		return part_idx < count;
	}
	runner->eval.level = (uint32_t)to;
	return tla_move_find(runner, check_trace_state(trace, to - 1), check_trace_state(trace, to),
			     ret_move);
}

void check_shown_free(struct check_shown *shown)
{
	free(shown->names);
	free(shown->values);
	free(shown->prints);
	*shown = (struct check_shown){ 0 };
}

static bool shown_open(struct check_shown *shown, uint32_t count)
{
	shown->count = count;
	shown->names = calloc(count + 1, sizeof(*shown->names));
	shown->values = calloc(count + 1, sizeof(*shown->values));
	shown->prints = calloc(count + 1, sizeof(*shown->prints));
	if (shown->names && shown->values && shown->prints)
		return true;
	check_shown_free(shown);
	return false;
}

static const tla_value *print_at(const struct check_trace *trace, size_t i)
{
	const struct tla_retrace *retrace = trace->spec->retrace;

	return retrace ? tla_retrace_at(retrace, i) : check_trace_state(trace, i);
}

/* error: of the alias, told as TLC does; or TLA_NONE. */
static bool show_failed(const struct check_trace *trace, size_t i, tla_value error,
			struct check_shown *shown)
{
	const struct tla_world *world = &trace->spec->model->world;

	if (!shown_open(shown, world->var_count + (error != TLA_NONE)))
		return false;
	if (error) {
		shown->names[world->var_count] = "_ALIASEvalError";
		shown->values[world->var_count] = shown->prints[world->var_count] = error;
	}
	for (uint32_t k = 0; k < world->var_count; k++) {
		shown->names[k] = tla_world_string_text(world, world->vars[k]);
		shown->values[k] = check_trace_state(trace, i)[k];
		shown->prints[k] = print_at(trace, i)[k];
	}
	return true;
}

static bool show_variables(const struct check_trace *trace, size_t i, struct check_shown *shown)
{
	return show_failed(trace, i, TLA_NONE, shown);
}

/* The alias of a state and the one after it; of the last one and itself. Stored: it outlives the
 * evaluation. TLA_NONE: it has no value, *ret_error says why. */
static tla_value alias_at(const struct check_trace *trace, size_t i, tla_value *ret_error)
{
	struct tla_runner *runner = trace->spec->runner;
	char text[TLA_ERROR_BYTES] = "";
	tla_value v;

	runner->eval.level = (uint32_t)i + 1;
	v = tla_run_value(runner, &trace->spec->model->alias, check_trace_state(trace, i),
			  check_trace_state(trace, i + 1 < trace->count ? i + 1 : i));
	if (v)
		v = tla_store(runner->eval.keeper, runner->eval.heap, v);
	else
		(void)snprintf(text, sizeof(text), "%s", runner->eval.heap->error);
	tla_runner_cut(runner);
	*ret_error = *text ? tla_new_string(&runner->eval, text, strlen(text)) : TLA_NONE;
	return v;
}

/* The same as it was made; TLA_NONE: it is not known. */
static tla_value alias_print_at(const struct check_trace *trace, size_t i)
{
	struct check_spec *spec = trace->spec;
	tla_value v;

	if (!spec->retrace)
		return TLA_NONE;
	spec->runner->eval.level = (uint32_t)i + 1;
	v = tla_retrace_value(spec->retrace, &spec->model->alias, i,
			      i + 1 < trace->count ? i + 1 : i);
	return v && tla_is_record(v) ? v : TLA_NONE;
}

/* print: equal to the alias, as it was made, or TLA_NONE. */
static bool show_record(const struct check_trace *trace, tla_value alias, tla_value print,
			struct check_shown *shown)
{
	const struct tla_world *world = &trace->spec->model->world;
	const struct tla_obj *record = tla_obj(alias);

	if (!shown_open(shown, record->count))
		return false;
	for (uint32_t k = 0; k < record->count; k++) {
		shown->names[k] = tla_world_string_text(world,
							tla_id_of(tla_fcn_domain_at(record, k)));
		shown->values[k] = record->items[1 + k];
		shown->prints[k] = print && tla_obj(print)->count == record->count
					   ? tla_obj(print)->items[1 + k]
					   : shown->values[k];
	}
	return true;
}

/* As TLC: where the alias cannot be evaluated, or is no record, the state itself is shown, and why.
 */
bool check_trace_show(const struct check_trace *trace, size_t i, struct check_shown *shown)
{
	tla_value error = TLA_NONE, print;
	tla_value alias = trace->spec->model->alias.fn ? alias_at(trace, i, &error) : TLA_NONE;

	if (!alias || !tla_is_record(alias))
		return show_failed(trace, i, error, shown);
	print = alias_print_at(trace, i);
	return show_record(trace, alias, print, shown);
}

/* Once for each trace; without memory the stored values are printed. */
static void retrace(const struct check_trace *trace)
{
	struct check_spec *spec = trace->spec;
	const tla_value **states;

	if (spec->retraced == trace->steps)
		return;
	tla_retrace_destroy(spec->retrace);
	spec->retrace = NULL;
	spec->retraced = trace->steps;
	states = calloc(trace->count, sizeof(*states));
	for (size_t i = 0; states && i < trace->count; i++)
		states[i] = check_trace_state(trace, i);
	if (states)
		spec->retrace = tla_retrace_create(spec->runner, states, trace->count);
	free(states);
}

int check_trace_path(struct check_spec *spec, const struct check *check,
		     const struct nw_explore_step **ret_steps, size_t *ret_step_count)
{
	int r = check_steps(check, ret_steps, ret_step_count);

	spec->path_steps = r < 0 ? NULL : *ret_steps;
	spec->path_count = r < 0 ? 0 : *ret_step_count;
	return r;
}

bool check_trace_open(struct check_trace *trace, struct check_spec *spec, const struct check *check,
		      int *ret_error)
{
	*trace = (struct check_trace){ .spec = spec };
	*ret_error = check_trace_path(spec, check, &trace->steps, &trace->count);
	if (*ret_error < 0 || trace->count == 0)
		return false;
	retrace(trace);
	return true;
}

/* --- Text --- */

static void print_value(const struct check_trace *trace, const char *name, tla_value v, bool is_one,
			FILE *out)
{
	char *text = v ? check_value_text(trace->spec, v) : NULL;

	fprintf(out, "%s%s = ", is_one ? "" : "/\\ ", name);
	if (!v)
		fputs("null", out);
	else if (text)
		check_layout(out, text);
	fputc('\n', out);
	free(text);
}

/* What is the same as in the state before is left out where before is given. */
static void print_shown(const struct check_trace *trace, const struct check_shown *shown,
			const struct check_shown *before, FILE *out)
{
	for (uint32_t k = 0; k < shown->count; k++)
		if (!before || before->count != shown->count ||
		    shown->values[k] != before->values[k])
			print_value(trace, shown->names[k], shown->prints[k], shown->count == 1,
				    out);
}

static void print_action(const struct check_spec *spec, tla_sym name, const char *args,
			 struct tla_span span, FILE *out)
{
	char at[512];

	fprintf(out, "<%s%s %s>", name ? check_name(spec, name) : "Action", args,
		check_span(spec, span, at, sizeof(at)));
}

/* "2: <Name line 1, col 2 to line 3, col 4 of module M>"; without a name where none leads there. */
static void print_head(const struct check_trace *trace, size_t i, FILE *out)
{
	const struct tla_formulas *init = &trace->spec->model->init;
	struct tla_move move;

	fprintf(out, "%zu:", i + 1);
	if (i == 0 && trace->spec->walk && init->count > 0) {
		fputc(' ', out); /* as TLC, which knows it in simulations only */
		print_action(trace->spec, init->at[0].name, "", init->at[0].span, out);
	} else if (i == 0) {
		fputs(" <Initial predicate>", out);
	} else if (check_trace_move(trace, i, &move)) {
		fputc(' ', out);
		print_action(trace->spec, move.name, move.args, move.span, out);
	}
	fputc('\n', out);
}

/* One message a state. *inout_before: what was shown before, then this. */
static bool say_state(const struct check_trace *trace, size_t i, struct check_shown *inout_before)
{
	const struct check_options *options = trace->spec->options;
	bool is_alone = options->explore.no_trace;
	enum check_code code = is_alone ? SAY_STATE_ALONE : SAY_STATE;
	struct check_shown shown;
	FILE *out;

	if (!check_trace_show(trace, i, &shown))
		return false;
	out = check_say_begin(trace->spec->say, code);
	if (out && is_alone)
		fputs(":\n", out);
	else if (out)
		print_head(trace, i, out);
	if (out)
		print_shown(trace, &shown, options->is_diff_trace && i > 0 ? inout_before : NULL,
			    out);
	check_say_end(trace->spec->say, code);
	check_shown_free(inout_before);
	*inout_before = shown;
	return true;
}

/* The step behind the trace that is not whole. */
static void say_gap(const struct check_trace *trace, const struct check_shown *before)
{
	const struct check_spec *spec = trace->spec;
	const struct tla_world *world = &spec->model->world;
	struct check_shown shown;
	FILE *out;

	if (!shown_open(&shown, world->var_count))
		return;
	for (uint32_t k = 0; k < world->var_count; k++) {
		shown.names[k] = tla_world_string_text(world, world->vars[k]);
		shown.values[k] = shown.prints[k] = spec->gap[k];
	}
	out = check_say_begin(spec->say, SAY_STATE);
	if (out) {
		fprintf(out, "%zu: ", trace->count + 1);
		print_action(spec, spec->gap_move.name, spec->gap_move.args, spec->gap_move.span,
			     out);
		fputc('\n', out);
		print_shown(trace, &shown, spec->options->is_diff_trace ? before : NULL, out);
	}
	check_say_end(spec->say, SAY_STATE);
	check_shown_free(&shown);
}

void check_state_write(const struct check_spec *spec, const struct nw_explore_step *step, FILE *out)
{
	struct check_trace trace = { .spec = (struct check_spec *)spec, .steps = step, .count = 1 };
	struct check_shown shown;

	if (!show_variables(&trace, 0, &shown))
		return;
	print_shown(&trace, &shown, NULL, out);
	check_shown_free(&shown);
}

/* The alias of one state; false: there is none that has a value without the next one. */
static bool show_alone(const struct check_trace *trace, uint32_t level, struct check_shown *shown)
{
	const struct tla_formula *alias = &trace->spec->model->alias;
	struct tla_runner *runner = trace->spec->runner;
	tla_value v = TLA_NONE;

	if (!alias->fn || alias->fn->level > TLA_STATE)
		return false;
	runner->eval.level = level;
	v = tla_run_value(runner, alias, check_trace_state(trace, 0), NULL);
	if (v)
		v = tla_store(runner->eval.keeper, runner->eval.heap, v);
	tla_runner_cut(runner);
	return v && tla_is_record(v) && show_record(trace, v, TLA_NONE, shown);
}

void check_state_show(struct check_spec *spec, const struct nw_explore_step *step,
		      const struct nw_explore_step *before, uint32_t level, FILE *out)
{
	struct check_trace trace = { .spec = spec, .steps = step, .count = 1 };
	struct check_trace last = { .spec = spec, .steps = before, .count = 1 };
	struct check_shown shown, shown_before = { 0 };

	if (!show_alone(&trace, level, &shown) && !show_variables(&trace, 0, &shown))
		return;
	if (before && spec->options->is_diff_trace && !show_alone(&last, level - 1, &shown_before))
		(void)show_variables(&last, 0, &shown_before); /* without memory all are shown */
	print_shown(&trace, &shown, shown_before.names ? &shown_before : NULL, out);
	check_shown_free(&shown);
	check_shown_free(&shown_before);
}

void check_trace_write(const struct check_spec *spec, const struct nw_explore_step *steps,
		       size_t step_count, FILE *out)
{
	struct check_trace trace = { .spec = (struct check_spec *)spec,
				     .steps = steps,
				     .count = step_count };
	struct tla_move move;
	struct check_shown shown;

	for (size_t i = 0; i < step_count && show_variables(&trace, i, &shown); i++) {
		fputs("\\* ", out);
		if (i == 0)
			fputs("<Initial predicate>", out);
		else if (check_trace_move(&trace, i, &move))
			print_action(spec, move.name, move.args, move.span, out);
		fprintf(out, "\nSTATE_%zu == \n", i + 1);
		print_shown(&trace, &shown, NULL, out);
		fputs("\n\n", out);
		check_shown_free(&shown);
	}
}

void check_trace_say(struct check_spec *spec, const struct check *check)
{
	struct check_shown before = { 0 };
	struct check_trace trace;
	int error;

	if (!check_trace_open(&trace, spec, check, &error)) {
		if (error < 0)
			check_say(spec->say, SAY_OUTPUT, "No trace: %s.", check_no_trace(error));
		return;
	}
	check_say(spec->say, SAY_BEHAVIOR, "The %s",
		  check->options->explore.no_trace ? "state, without a trace (--no-trace), is:"
						   : "behavior up to this point is:");
	for (size_t i = 0; i < trace.count; i++)
		if (!say_state(&trace, i, &before))
			break;
	if (spec->gap && spec->gap_steps == trace.steps)
		say_gap(&trace, &before);
	check_shown_free(&before);
}

void check_trace_last(struct check_spec *spec, const struct check *check, FILE *out)
{
	struct check_shown shown;
	struct check_trace trace;
	int error;

	if (!out || !check_trace_open(&trace, spec, check, &error) ||
	    !check_trace_show(&trace, trace.count - 1, &shown))
		return;
	print_shown(&trace, &shown, NULL, out);
	check_shown_free(&shown);
}
