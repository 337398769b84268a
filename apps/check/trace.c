/* SPDX-License-Identifier: MIT */
/*
 * Counterexamples of specifications: as TLC prints them, and in the two shapes that TLC dumps.
 *
 * Invariant: states of the engine are words of stored values, in the order of the variables, and
 * stay until the engine is destroyed.
 */
#include "check/spec.h"

#include "tla/model/actions.h"
#include "tla/value/fcn.h"
#include "tla/value/order.h"
#include "tla/value/print.h"
#include "tla/value/set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What is shown of a state: its variables, or the fields of the ALIAS. */
struct shown {
	const char **names;
	tla_value *values;
	uint32_t count;
};

struct trace {
	struct check_spec *spec;
	const struct nw_explore_step *steps;
	size_t count;
};

static const tla_value *state_at(const struct trace *trace, size_t i)
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
static bool find_move(const struct trace *trace, size_t to, struct tla_move *ret_move)
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
	return tla_move_find(runner, state_at(trace, to - 1), state_at(trace, to), ret_move);
}

static void shown_free(struct shown *shown)
{
	free(shown->names);
	free(shown->values);
	*shown = (struct shown){ 0 };
}

static bool shown_open(struct shown *shown, uint32_t count)
{
	shown->count = count;
	shown->names = calloc(count + 1, sizeof(*shown->names));
	shown->values = calloc(count + 1, sizeof(*shown->values));
	if (shown->names && shown->values)
		return true;
	shown_free(shown);
	return false;
}

static bool show_variables(const struct trace *trace, size_t i, struct shown *shown)
{
	const struct tla_world *world = &trace->spec->model->world;

	if (!shown_open(shown, world->var_count))
		return false;
	for (uint32_t k = 0; k < world->var_count; k++) {
		shown->names[k] = tla_world_string_text(world, world->vars[k]);
		shown->values[k] = state_at(trace, i)[k];
	}
	return true;
}

/* The alias of a state and the one after it; of the last one and itself. Stored: it outlives the
 * evaluation. TLA_NONE: it has no value. */
static tla_value alias_at(const struct trace *trace, size_t i)
{
	struct tla_runner *runner = trace->spec->runner;
	tla_value v;

	runner->eval.level = (uint32_t)i + 1;
	trace->spec->alias_steps = trace->steps;
	trace->spec->alias_count = i + 1;
	v = tla_run_value(runner, &trace->spec->model->alias, state_at(trace, i),
			  state_at(trace, i + 1 < trace->count ? i + 1 : i));
	if (v)
		v = tla_store(runner->eval.keeper, runner->eval.heap, v);
	tla_runner_cut(runner);
	trace->spec->alias_count = 0;
	return v;
}

/* As TLC: where the alias cannot be evaluated, or is no record, the state itself is shown. */
static bool show(const struct trace *trace, size_t i, struct shown *shown)
{
	const struct tla_world *world = &trace->spec->model->world;
	tla_value alias = trace->spec->model->alias.fn ? alias_at(trace, i) : TLA_NONE;
	const struct tla_obj *record;

	if (!alias || !tla_is_record(alias))
		return show_variables(trace, i, shown);
	record = tla_obj(alias);
	if (!shown_open(shown, record->count))
		return false;
	for (uint32_t k = 0; k < record->count; k++) {
		shown->names[k] = tla_world_string_text(world,
							tla_id_of(tla_fcn_domain_at(record, k)));
		shown->values[k] = record->items[1 + k];
	}
	return true;
}

static bool trace_open(struct trace *trace, struct check_spec *spec, const struct check *check,
		       int *ret_error)
{
	*trace = (struct trace){ .spec = spec };
	*ret_error = check_steps(check, &trace->steps, &trace->count);
	return *ret_error == 0 && trace->count > 0;
}

/* --- Text --- */

static void print_value(const struct trace *trace, const char *name, tla_value v, bool is_one,
			FILE *out)
{
	char *text = check_value_text(trace->spec, v);

	fprintf(out, "%s%s = ", is_one ? "" : "/\\ ", name);
	if (text)
		check_layout(out, text);
	fputc('\n', out);
	free(text);
}

/* What is the same as in the state before is left out where before is given. */
static void print_shown(const struct trace *trace, const struct shown *shown,
			const struct shown *before, FILE *out)
{
	for (uint32_t k = 0; k < shown->count; k++)
		if (!before || before->count != shown->count ||
		    shown->values[k] != before->values[k])
			print_value(trace, shown->names[k], shown->values[k], shown->count == 1,
				    out);
}

/* "2: <Name line 1, col 2 to line 3, col 4 of module M>"; without a name where none leads there. */
static void print_head(const struct trace *trace, size_t i, FILE *out)
{
	struct tla_move move;
	char at[512];

	if (i == 0)
		fputs("1: <Initial predicate>\n", out);
	else if (!find_move(trace, i, &move))
		fprintf(out, "%zu:\n", i + 1);
	else
		fprintf(out, "%zu: <%s%s %s>\n", i + 1,
			move.name ? check_name(trace->spec, move.name) : "Action", move.args,
			check_span(trace->spec, move.span, at, sizeof(at)));
}

/* One message a state. *inout_before: what was shown before, then this. */
static bool say_state(const struct trace *trace, size_t i, struct shown *inout_before)
{
	const struct check_options *options = trace->spec->options;
	bool is_alone = options->explore.no_trace;
	enum check_code code = is_alone ? SAY_STATE_ALONE : SAY_STATE;
	struct shown shown;
	FILE *out;

	if (!show(trace, i, &shown))
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
	shown_free(inout_before);
	*inout_before = shown;
	return true;
}

void check_trace_say(struct check_spec *spec, const struct check *check)
{
	struct shown before = { 0 };
	struct trace trace;
	int error;

	if (!trace_open(&trace, spec, check, &error)) {
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
	shown_free(&before);
}

void check_trace_last(struct check_spec *spec, const struct check *check, FILE *out)
{
	struct shown shown;
	struct trace trace;
	int error;

	if (!out || !trace_open(&trace, spec, check, &error) ||
	    !show(&trace, trace.count - 1, &shown))
		return;
	print_shown(&trace, &shown, NULL, out);
	shown_free(&shown);
}

/* --- As a value --- */

/* <<number, state>>, on the heap. */
static tla_value numbered_state(const struct trace *trace, size_t i)
{
	struct tla_eval *eval = &trace->spec->runner->eval;
	tla_value pair[2] = { tla_int((int64_t)i + 1), TLA_NONE };
	struct shown shown;
	tla_value *names;

	if (!show(trace, i, &shown))
		return TLA_NONE;
	names = tla_alloc(eval->heap, (shown.count + 1u) * sizeof(*names));
	for (uint32_t k = 0; names && k < shown.count; k++)
		names[k] = tla_new_string(eval, shown.names[k], strlen(shown.names[k]));
	pair[1] = names ? tla_record(eval->heap, names, shown.values, shown.count) : TLA_NONE;
	shown_free(&shown);
	return pair[1] ? tla_tuple(eval->heap, pair, 2) : TLA_NONE;
}

/* <<<<number, state>>, action, <<number, state>>>> */
static tla_value edge(const struct trace *trace, size_t to, const tla_value *states)
{
	struct tla_eval *eval = &trace->spec->runner->eval;
	struct tla_move move = { 0 };
	tla_value words[3] = { states[to - 1], TLA_NONE, states[to] };

	(void)find_move(trace, to, &move); /* not found: no name, no place */
	words[1] = check_action_value(trace->spec, eval, move.name, move.span);
	return words[1] ? tla_store(eval->keeper, eval->heap, tla_tuple(eval->heap, words, 3))
			: TLA_NONE;
}

/* Stored one by one: finding moves and showing states cut the heap. */
static bool fill(const struct trace *trace, tla_value *states, tla_value *edges)
{
	struct tla_eval *eval = &trace->spec->runner->eval;
	bool is_done = true;

	for (size_t i = 0; is_done && i < trace->count; i++) {
		tla_value v = numbered_state(trace, i);

		states[i] = v ? tla_store(eval->keeper, eval->heap, v) : TLA_NONE;
		is_done = states[i] != TLA_NONE;
	}
	for (size_t i = 1; is_done && i < trace->count; i++) {
		edges[i - 1] = edge(trace, i, states);
		is_done = edges[i - 1] != TLA_NONE;
	}
	return is_done;
}

tla_value check_trace_value(struct check_spec *spec, const struct check *check)
{
	struct tla_eval *eval = &spec->runner->eval;
	tla_value names[2], values[2], *words, v = TLA_NONE;
	struct trace trace;
	int error;

	if (!trace_open(&trace, spec, check, &error))
		return TLA_NONE;
	words = calloc(2 * trace.count, sizeof(*words));
	if (words && fill(&trace, words, words + trace.count)) {
		names[0] = tla_new_string(eval, "action", 6);
		names[1] = tla_new_string(eval, "state", 5);
		values[0] = tla_set_new(eval->heap, words + trace.count, trace.count - 1);
		values[1] = tla_set_new(eval->heap, words, trace.count);
		v = tla_record(eval->heap, names, values, 2);
		v = v ? tla_store(eval->keeper, eval->heap, v) : TLA_NONE;
	}
	free(words);
	tla_runner_cut(spec->runner);
	return v;
}

/* --- JSON --- */

static json_t *json_of(const struct check_spec *spec, tla_value v);

static json_t *json_text(const struct check_spec *spec, tla_value v)
{
	char *text = check_value_text(spec, v);
	json_t *json = text ? json_string(text) : NULL;

	free(text);
	return json;
}

static json_t *json_items(const struct check_spec *spec, const struct tla_obj *obj)
{
	json_t *list = json_array();

	if (obj->kind == TLA_INTERVAL)
		for (int64_t i = tla_int_of(obj->items[0]); i <= tla_int_of(obj->items[1]); i++)
			(void)json_array_append_new(list, json_integer(i));
	else
		for (uint32_t i = 0; i < obj->count; i++)
			(void)json_array_append_new(list, json_of(spec, obj->items[i]));
	return list;
}

/* The keys of a function are the texts of its arguments. */
static json_t *json_function(const struct check_spec *spec, const struct tla_obj *fcn)
{
	json_t *object = json_object();

	for (uint32_t i = 0; i < fcn->count; i++) {
		tla_value arg = tla_fcn_domain_at(fcn, i);
		char *key = tla_is_string(arg) ? strdup(tla_world_string_text(&spec->model->world,
									      tla_id_of(arg)))
					       : check_value_text(spec, arg);

		if (key)
			(void)json_object_set_new(object, key, json_of(spec, fcn->items[1 + i]));
		free(key);
	}
	return object;
}

static json_t *json_of(const struct check_spec *spec, tla_value v)
{
	if (tla_is_int(v))
		return json_integer(tla_int_of(v));
	if (tla_is_bool(v))
		return json_boolean(v == TLA_TRUE);
	if (tla_is_string(v))
		return json_string(tla_world_string_text(&spec->model->world, tla_id_of(v)));
	if (tla_is_finite(v) || tla_is_kind(v, TLA_TUPLE))
		return json_items(spec, tla_obj(v));
	if (tla_is_kind(v, TLA_FCN))
		return json_function(spec, tla_obj(v));
	return json_text(spec, v); /* model values, sets that are not evaluated */
}

static json_t *json_shown(const struct trace *trace, size_t i)
{
	json_t *object = json_object();
	struct shown shown;

	if (!show(trace, i, &shown))
		return object;
	for (uint32_t k = 0; k < shown.count; k++)
		(void)json_object_set_new(object, shown.names[k],
					  json_of(trace->spec, shown.values[k]));
	shown_free(&shown);
	return object;
}

static json_t *json_move(const struct trace *trace, size_t to)
{
	const struct tla_sources *sources = &trace->spec->model->spec->sources;
	struct tla_place from_place, to_place;
	struct tla_move move;
	char module[256];

	if (to == 0 || !find_move(trace, to, &move))
		return json_null();
	from_place = tla_place_of(sources, move.span.begin);
	to_place = tla_place_last(sources, move.span);
	return json_pack("{s:s, s:{s:i, s:i, s:i, s:i, s:s}}", "name",
			 check_name(trace->spec, move.name), "location", "beginLine",
			 (int)from_place.line, "beginColumn", (int)from_place.column, "endLine",
			 (int)to_place.line, "endColumn", (int)to_place.column, "module",
			 check_module_of(from_place.file, module, sizeof(module)));
}

/* A list of {state: {variable: value, ...}, action: {name, location}}; empty without a trace. */
json_t *check_trace_json(struct check_spec *spec, const struct check *check)
{
	json_t *list = json_array();
	struct trace trace;
	int error;

	if (!trace_open(&trace, spec, check, &error))
		return list;
	for (size_t i = 0; i < trace.count; i++)
		(void)json_array_append_new(list,
					    json_pack("{s:o, s:o}", "state", json_shown(&trace, i),
						      "action", json_move(&trace, i)));
	return list;
}

/* TLC's shape: states with their numbers, actions between two of them. */
static json_t *json_counterexample(const struct trace *trace)
{
	json_t *states = json_array(), *actions = json_array(), *vars = json_array();
	const struct tla_world *world = &trace->spec->model->world;

	for (size_t i = 0; i < trace->count; i++) {
		json_t *state = json_pack("[i, o]", (int)i + 1, json_shown(trace, i));

		(void)json_array_append(states, state);
		if (i > 0)
			(void)json_array_append_new(
				actions, json_pack("[O, o, O]", json_array_get(states, i - 1),
						   json_move(trace, i), state));
		json_decref(state);
	}
	for (uint32_t k = 0; k < world->var_count; k++)
		(void)json_array_append_new(
			vars, json_string(tla_world_string_text(world, world->vars[k])));
	return json_pack("{s:{s:o, s:o}, s:o}", "counterexample", "action", actions, "state",
			 states, "vars", vars);
}

static void dump_json(const struct trace *trace, FILE *out)
{
	json_t *whole = json_counterexample(trace);

	if (!whole || json_dumpf(whole, out, JSON_COMPACT) < 0)
		(void)app_failed(CHECK_NAME, "no memory for the trace as JSON");
	json_decref(whole);
	fputc('\n', out);
}

/* --- TLA+ --- */

static void write_shown(const struct trace *trace, size_t i, FILE *out)
{
	struct shown shown;

	fprintf(out, "<<%zu, [", i + 1);
	if (show(trace, i, &shown)) {
		for (uint32_t k = 0; k < shown.count; k++) {
			char *text = check_value_text(trace->spec, shown.values[k]);

			fprintf(out, "%s%s |-> %s", k ? ", " : "", shown.names[k],
				text ? text : "");
			free(text);
		}
		shown_free(&shown);
	}
	fputs("]>>", out);
}

static void write_move(const struct trace *trace, size_t to, FILE *out)
{
	const struct tla_sources *sources = &trace->spec->model->spec->sources;
	struct tla_place from_place, to_place;
	struct tla_move move = { 0 };
	char module[256];

	(void)find_move(trace, to, &move); /* not found: no name, no place */
	from_place = tla_place_of(sources, move.span.begin);
	to_place = tla_place_last(sources, move.span);
	fprintf(out,
		"[name |-> \"%s\", location |-> [beginLine |-> %u, beginColumn |-> %u, endLine |-> "
		"%u, endColumn |-> %u, module |-> \"%s\"]]",
		check_name(trace->spec, move.name), from_place.line, from_place.column,
		to_place.line, to_place.column,
		check_module_of(from_place.file, module, sizeof(module)));
}

/* A module named as its file, whose CounterExample is a record as TLC's. */
static void dump_tla(const struct trace *trace, const char *path, FILE *out)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');

	fprintf(out,
		"---- MODULE %.*s ----\nLOCAL INSTANCE TLC\n\nCounterExample ==\n  [action |-> {",
		dot ? (int)(dot - name) : (int)strlen(name), name);
	for (size_t i = 1; i < trace->count; i++) {
		fputs(i > 1 ? ",\n    <<" : "<<", out);
		write_shown(trace, i - 1, out);
		fputs(", ", out);
		write_move(trace, i, out);
		fputs(", ", out);
		write_shown(trace, i, out);
		fputs(">>", out);
	}
	fputs("},\n   state |-> {", out);
	for (size_t i = 0; i < trace->count; i++) {
		fputs(i ? ",\n    " : "", out);
		write_shown(trace, i, out);
	}
	fputs("}]\n====\n", out);
}

static int dump_to(const struct trace *trace, const struct check_dump *dump)
{
	FILE *out = fopen(dump->path, "we");
	bool is_written;

	if (!out)
		return app_failed(CHECK_NAME, "cannot write %s: %s", dump->path, strerror(errno));
	if (dump->is_json)
		dump_json(trace, out);
	else
		dump_tla(trace, dump->path, out);
	is_written = !ferror(out);
	if (fclose(out) == 0 && is_written)
		return APP_OK;
	return app_failed(CHECK_NAME, "cannot write %s: %s", dump->path, strerror(errno));
}

/* No trace, no file: an old one would be taken for this search's. */
int check_trace_dump(struct check_spec *spec, const struct check *check)
{
	struct trace trace;
	int error, code = APP_OK;

	if (spec->options->dump_count == 0 || !trace_open(&trace, spec, check, &error))
		return APP_OK;
	for (uint32_t i = 0; i < spec->options->dump_count && code == APP_OK; i++)
		code = dump_to(&trace, &spec->options->dumps[i]);
	return code;
}
