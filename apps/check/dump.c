/* SPDX-License-Identifier: MIT */
/*
 * Counterexamples for programs: as values, as JSON, as TLA+, in the shapes that TLC dumps.
 */
#include "check/trace.h"

#include "tla/eval/pack.h"
#include "tla/value/fcn.h"
#include "tla/value/set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- As a value --- */

/* <<number, state>>, on the heap. */
static tla_value numbered_state(const struct check_trace *trace, size_t i)
{
	struct tla_eval *eval = &trace->spec->runner->eval;
	tla_value pair[2] = { tla_int((int64_t)i + 1), TLA_NONE };
	struct check_shown shown;
	tla_value *names;

	if (!check_trace_show(trace, i, &shown))
		return TLA_NONE;
	names = tla_alloc(eval->heap, (shown.count + 1u) * sizeof(*names));
	for (uint32_t k = 0; names && k < shown.count; k++)
		names[k] = tla_new_string(eval, shown.names[k], strlen(shown.names[k]));
	pair[1] = names ? tla_record(eval->heap, names, shown.values, shown.count) : TLA_NONE;
	check_shown_free(&shown);
	return pair[1] ? tla_tuple(eval->heap, pair, 2) : TLA_NONE;
}

/* <<<<number, state>>, action, <<number, state>>>> */
static tla_value edge(const struct check_trace *trace, size_t to, const tla_value *states)
{
	struct tla_eval *eval = &trace->spec->runner->eval;
	struct tla_move move = { 0 };
	tla_value words[3] = { states[to - 1], TLA_NONE, states[to] };

	(void)check_trace_move(trace, to, &move); /* not found: no name, no place */
	words[1] = check_action_value(trace->spec, eval, move.name, move.span);
	return words[1] ? tla_store(eval->keeper, eval->heap, tla_tuple(eval->heap, words, 3))
			: TLA_NONE;
}

/* Stored one by one: finding moves and showing states cut the heap. */
static bool fill(const struct check_trace *trace, tla_value *states, tla_value *edges)
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
	struct check_trace trace;
	int error;

	if (!check_trace_open(&trace, spec, check, &error))
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

static json_t *json_shown(const struct check_trace *trace, size_t i)
{
	json_t *object = json_object();
	struct check_shown shown;

	if (!check_trace_show(trace, i, &shown))
		return object;
	for (uint32_t k = 0; k < shown.count; k++)
		(void)json_object_set_new(object, shown.names[k],
					  json_of(trace->spec, shown.values[k]));
	check_shown_free(&shown);
	return object;
}

static json_t *json_move(const struct check_trace *trace, size_t to)
{
	const struct tla_sources *sources = &trace->spec->model->spec->sources;
	struct tla_place from_place, to_place;
	struct tla_move move;
	char module[256];

	if (to == 0 || !check_trace_move(trace, to, &move))
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
	struct check_trace trace;
	int error;

	if (!check_trace_open(&trace, spec, check, &error))
		return list;
	for (size_t i = 0; i < trace.count; i++)
		(void)json_array_append_new(list,
					    json_pack("{s:o, s:o}", "state", json_shown(&trace, i),
						      "action", json_move(&trace, i)));
	return list;
}

/* TLC's shape: states with their numbers, actions between two of them. */
static json_t *json_counterexample(const struct check_trace *trace)
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

static void dump_json(const struct check_trace *trace, FILE *out)
{
	json_t *whole = json_counterexample(trace);

	if (!whole || json_dumpf(whole, out, JSON_COMPACT) < 0)
		(void)app_failed(CHECK_NAME, "no memory for the trace as JSON");
	json_decref(whole);
	fputc('\n', out);
}

/* --- TLA+ --- */

static void write_record(const struct check_trace *trace, size_t i, FILE *out)
{
	struct check_shown shown;

	fputc('[', out);
	if (check_trace_show(trace, i, &shown)) {
		for (uint32_t k = 0; k < shown.count; k++) {
			char *text = check_value_text(trace->spec, shown.prints[k]);

			fprintf(out, "%s%s |-> %s", k ? ", " : "", shown.names[k],
				text ? text : "");
			free(text);
		}
		check_shown_free(&shown);
	}
	fputc(']', out);
}

static void write_shown(const struct check_trace *trace, size_t i, FILE *out)
{
	fprintf(out, "<<%zu, ", i + 1);
	write_record(trace, i, out);
	fputs(">>", out);
}

static void write_move(const struct check_trace *trace, size_t to, FILE *out)
{
	const struct tla_sources *sources = &trace->spec->model->spec->sources;
	struct tla_place from_place, to_place;
	struct tla_move move = { 0 };
	char module[256];

	(void)check_trace_move(trace, to, &move); /* not found: no name, no place */
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
static void dump_tla(const struct check_trace *trace, const char *path, FILE *out)
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

/* TLC's: a module whose Trace is the sequence of states. */
static void dump_plain(const struct check_trace *trace, const char *path, FILE *out)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *dot = strrchr(name, '.');

	fprintf(out, "---- MODULE %.*s ----\nLOCAL INSTANCE TLC\n\nTrace ==\n    <<",
		dot ? (int)(dot - name) : (int)strlen(name), name);
	for (size_t i = 0; i < trace->count; i++) {
		fputs(i ? ",\n      " : "", out);
		write_record(trace, i, out);
	}
	fputs(">>\n====\n", out);
}

/* [counterexample |-> ..., vars |-> the names], as TLC reads it back. */
static void dump_tlc(const struct check_trace *trace, tla_value counterexample, FILE *out)
{
	struct tla_eval *eval = &trace->spec->runner->eval;
	tla_value names[2] = { tla_new_string(eval, "counterexample", 14),
			       tla_new_string(eval, "vars", 4) };
	tla_value values[2] = { counterexample, TLA_NONE }, *vars, whole;
	struct tla_bytes bytes = { 0 };
	struct check_shown shown;

	if (!check_trace_show(trace, 0, &shown))
		return;
	vars = tla_alloc(eval->heap, (shown.count + 1u) * sizeof(*vars));
	for (uint32_t k = 0; vars && k < shown.count; k++)
		vars[k] = tla_new_string(eval, shown.names[k], strlen(shown.names[k]));
	values[1] = vars ? tla_set_new(eval->heap, vars, shown.count) : TLA_NONE;
	whole = values[1] ? tla_record(eval->heap, names, values, 2) : TLA_NONE;
	if (whole && tla_pack(eval, whole, true, &bytes))
		(void)fwrite(bytes.at, 1, bytes.count, out); /* ferror() is looked at */
	else
		(void)app_failed(CHECK_NAME, "no memory for the trace");
	check_shown_free(&shown);
	tla_runner_cut(trace->spec->runner);
}

static int dump_to(const struct check_trace *trace, tla_value counterexample,
		   const struct check_dump *dump)
{
	FILE *out = fopen(dump->path, "we");
	char *said = NULL;
	bool is_written;

	if (!out)
		return app_failed(CHECK_NAME, "cannot write %s: %s", dump->path, strerror(errno));
	if (dump->format == CHECK_DUMP_JSON)
		dump_json(trace, out);
	else if (dump->format == CHECK_DUMP_TLA)
		dump_tla(trace, dump->path, out);
	else if (dump->format == CHECK_DUMP_PLAIN)
		dump_plain(trace, dump->path, out);
	else
		dump_tlc(trace, counterexample, out);
	is_written = !ferror(out);
	if (fclose(out) == 0 && is_written) {
		if (asprintf(&said, "\"CounterExample written: %s\"", dump->path) >= 0)
			check_say_value(trace->spec->say, said);
		free(said);
		return APP_OK;
	}
	return app_failed(CHECK_NAME, "cannot write %s: %s", dump->path, strerror(errno));
}

/* No trace, no file: an old one would be taken for this search's. */
int check_trace_dump(struct check_spec *spec, const struct check *check)
{
	struct check_trace trace;
	tla_value counterexample = TLA_NONE;
	int error, code = APP_OK;

	for (uint32_t i = 0; i < spec->options->dump_count; i++)
		if (spec->options->dumps[i].format == CHECK_DUMP_TLC)
			counterexample = check_trace_value(spec, check);
	if (spec->options->dump_count == 0 || !check_trace_open(&trace, spec, check, &error))
		return APP_OK;
	for (uint32_t i = 0; i < spec->options->dump_count && code == APP_OK; i++)
		code = dump_to(&trace, counterexample, &spec->options->dumps[i]);
	return code;
}
