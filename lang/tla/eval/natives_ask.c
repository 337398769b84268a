/* SPDX-License-Identifier: MIT */
/*
 * Operators of TLC and TLCExt in C that ask something of the checker, or tell it something: its
 * registers, what it knows of the search, the trace.
 *
 * Registers are a worker's own; those set before there are states are every worker's until it sets
 * them itself. What only the program knows its hooks answer (tla_eval's report and set).
 */
#include "natives.h"

#include "../value/fcn.h"
#include "../value/order.h"
#include "../value/print.h"
#include "../value/set.h"
#include "nodes.h"
#include "world.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* --- Registers --- */

/* Of a number that has no place of its own, or of a name: "s:..." as TLC has it. */
static bool is_named(const struct tla_eval *eval, tla_value key)
{
	const char *name;

	if (tla_is_int(key))
		return tla_int_of(key) >= TLA_REGISTERS;
	if (!tla_is_string(key))
		return false;
	name = eval->heap->hooks.string_text(eval->heap->hooks.names, tla_id_of(key));
	return !strncmp(name, "s:", 2) || !strncmp(name, "-D", 2);
}

static bool is_numbered(tla_value key)
{
	return tla_is_int(key) && tla_int_of(key) >= 0 && tla_int_of(key) < TLA_REGISTERS;
}

tla_value tla_register(const struct tla_registers *registers, tla_value key)
{
	if (is_numbered(key))
		return registers->numbered[tla_int_of(key)];
	for (uint32_t i = 0; i < registers->named_count; i++)
		if (registers->named[i].key == key)
			return registers->named[i].value;
	return TLA_NONE;
}

/* false: there is no room. */
static bool put(struct tla_registers *registers, tla_value key, tla_value v)
{
	uint32_t i = 0;

	if (is_numbered(key)) {
		registers->numbered[tla_int_of(key)] = v;
		return true;
	}
	while (i < registers->named_count && registers->named[i].key != key)
		i++;
	if (i == TLA_REGISTERS_NAMED)
		return false;
	registers->named[i].key = key;
	registers->named[i].value = v;
	registers->named_count += i == registers->named_count;
	return true;
}

/* Stored, so that it outlives the evaluation; so is the key, unless it is a word anyway. */
static tla_value set_register(struct tla_eval *eval, tla_value key, tla_value value)
{
	tla_value v = tla_store(eval->keeper, eval->heap, value);

	if (!v)
		return TLA_NONE;
	if (!put(&eval->registers, key, v) ||
	    (eval->level == 0 && eval->world->registers && !put(eval->world->registers, key, v)))
		return tla_fail(eval->heap, "TLCSet has room for %d registers with names.",
				TLA_REGISTERS_NAMED);
	return TLA_TRUE;
}

/* --- What the checker knows --- */

static tla_value text_value(struct tla_eval *eval, const char *text)
{
	return tla_new_string(eval, text, strlen(text));
}

/* [name |-> value, ...]; a value that could not be made is TLA_NONE. */
static tla_value record(struct tla_eval *eval, const char *const *names, const tla_value *values,
			uint32_t count)
{
	tla_value fields[12];

	for (uint32_t i = 0; i < count; i++) {
		fields[i] = text_value(eval, names[i]);
		if (!fields[i] || !values[i])
			return TLA_NONE;
	}
	return tla_record(eval->heap, fields, values, count);
}

static tla_value number_text(struct tla_eval *eval, int64_t number)
{
	char text[32];

	(void)snprintf(text, sizeof text, "%lld", (long long)number); /* fits */
	return text_value(eval, text);
}

/* TLC's numbers end at 2^31. */
static tla_value walk_number(int64_t number)
{
	return tla_int(number < INT32_MAX ? number : INT32_MAX);
}

static tla_value config_of_walks(struct tla_eval *eval)
{
	static const char *const names[] = { "mode",   "deadlock", "worker",  "seed", "depth",
					     "traces", "aril",     "install", "sched" };
	const struct tla_world *world = eval->world;
	tla_value values[] = { text_value(eval, world->mode),
			       tla_bool(world->checks_deadlock),
			       tla_int(world->worker_count ? world->worker_count : 1),
			       number_text(eval, world->seed),
			       walk_number(world->walk_depth),
			       walk_number(world->walk_count),
			       number_text(eval, world->walk_first),
			       text_value(eval, "nodewise"),
			       text_value(eval, "random") };

	return record(eval, names, values, 9);
}

static tla_value config(struct tla_eval *eval)
{
	static const char *const names[] = { "mode", "deadlock",    "worker",
					     "seed", "fingerprint", "install" };
	const struct tla_world *world = eval->world;
	tla_value values[] = { text_value(eval, "bfs"),
			       tla_bool(world->checks_deadlock),
			       tla_int(world->worker_count ? world->worker_count : 1),
			       number_text(eval, world->seed),
			       text_value(eval, "0"),
			       text_value(eval, "nodewise") };

	return world->mode ? config_of_walks(eval) : record(eval, names, values, 6);
}

static tla_value revision(struct tla_eval *eval)
{
	static const char *const names[] = { "count", "timestamp", "date", "tag", "calver" };
	tla_value values[] = { tla_int(INT32_MAX), tla_int(time(NULL) & INT32_MAX),
			       text_value(eval, "unknown"), text_value(eval, "unknown"),
			       text_value(eval, "unknown") };

	return record(eval, names, values, 5);
}

/* A Java property; TLC gives its name where it is not set. That one lets TLC evaluate \cdot. */
static tla_value property(struct tla_eval *eval, const char *name)
{
	return text_value(eval, strcmp(name, "-Dtlc2.tool.impl.Tool.cdot") ? name : "true");
}

/* A name that needs no search; TLA_NONE without a failure: the program may know it. */
static tla_value known(struct tla_eval *eval, const char *name)
{
	if (!strcmp(name, "level"))
		return tla_int(eval->level);
	if (!strcmp(name, "config"))
		return config(eval);
	if (!strcmp(name, "revision"))
		return revision(eval);
	return !strncmp(name, "-D", 2) ? property(eval, name) : TLA_NONE;
}

/* TLA_NONE, without a failure: it was never set, or nobody knows the name. */
static tla_value look(struct tla_eval *eval, tla_value key)
{
	tla_value v = TLA_NONE;
	const char *name;

	if (is_numbered(key) || is_named(eval, key)) {
		v = tla_register(&eval->registers, key);
		if (!v && eval->world->registers)
			v = tla_register(eval->world->registers, key);
	}
	if (v || !tla_is_string(key))
		return v;
	name = eval->heap->hooks.string_text(eval->heap->hooks.names, tla_id_of(key));
	v = known(eval, name);
	if (!v && !eval->heap->has_failed && eval->report)
		v = eval->report(eval, eval->report_context, name);
	return v;
}

static tla_value tlc_get(struct tla_eval *eval, const tla_value *args)
{
	char text[TLA_BRIEF_BYTES];
	tla_value v = look(eval, args[0]);

	if (v || eval->heap->has_failed)
		return v;
	return tla_fail(eval->heap, "TLCGet(%s) was undefined.",
			tla_brief(eval->heap, args[0], text));
}

static tla_value tlc_get_or(struct tla_eval *eval, const tla_value *args)
{
	bool is_register = is_numbered(args[0]) || is_named(eval, args[0]);
	tla_value v = is_register ? look(eval, args[0]) : TLA_NONE;

	return v || eval->heap->has_failed ? v : args[1];
}

static tla_value tlc_set(struct tla_eval *eval, const tla_value *args)
{
	const char *name;
	int is_done = 0;

	if (is_numbered(args[0]) || is_named(eval, args[0]))
		return set_register(eval, args[0], args[1]);
	if (tla_is_string(args[0]) && eval->set) {
		name = eval->heap->hooks.string_text(eval->heap->hooks.names, tla_id_of(args[0]));
		is_done = eval->set(eval, eval->report_context, name, args[1]);
	}
	if (is_done < 0)
		return TLA_NONE;
	return is_done ? TLA_TRUE
		       : tla_fail_kind(eval, "TLCSet", "a register, a number from 0 or \"s:name\"",
				       args[0]);
}

/* --- TLCExt --- */

/* AssertError(err, exp): whether exp fails with that message. */
static tla_value assert_error(struct tla_eval *eval, const struct tla_code *code,
			      struct tla_frame *frame)
{
	tla_value wanted = tla_eval(eval, code->args[0], frame);
	const char *text = wanted ? tla_need_string(eval, "AssertError", wanted) : NULL;
	uint32_t failed_count = eval->failed_count;
	tla_value v = text ? tla_eval(eval, code->args[1], frame) : TLA_NONE;
	bool is_same;

	if (!text)
		return TLA_NONE;
	if (v)
		return TLA_FALSE;
	is_same = !strcmp(eval->heap->error, text);
	eval->failed_count = failed_count;
	eval->failure = TLA_FAILURE;
	tla_heap_clear(eval->heap);
	return tla_bool(is_same);
}

static tla_value ask(struct tla_eval *eval, const char *name)
{
	tla_value v = eval->report ? eval->report(eval, eval->report_context, name) : TLA_NONE;

	if (v || eval->heap->has_failed)
		return v;
	return tla_fail(eval->heap, "TLCExt!%s is not known here.", name);
}

static tla_value trace(struct tla_eval *eval, const tla_value *args)
{
	(void)args;
	return ask(eval, "Trace");
}

static tla_value counter_example(struct tla_eval *eval, const tla_value *args)
{
	(void)args;
	return ask(eval, "CounterExample");
}

/* The states of a counterexample, <<number, state>> each, in the order of their numbers. */
static tla_value to_trace(struct tla_eval *eval, const tla_value *args)
{
	tla_value name = text_value(eval, "state"), states;
	const struct tla_obj *set;
	tla_value *items;
	uint32_t hint = 0;

	states = name ? tla_field(eval->heap, args[0], name, &hint) : TLA_NONE;
	set = states ? tla_need_set(eval, "ToTrace", states) : NULL;
	items = set ? tla_alloc(eval->heap, (tla_set_count(set) + 1) * sizeof *items) : NULL;
	for (uint64_t i = 0; items && i < tla_set_count(set); i++) {
		const struct tla_obj *pair = tla_as_sequence(eval->heap, tla_set_at(set, i));

		/* Sets are in the order of their elements, so the numbers are. */
		if (!pair || pair->count != 2)
			return tla_fail_kind(eval, "ToTrace", "a CounterExample", args[0]);
		items[i] = pair->items[1];
	}
	return items ? tla_tuple(eval->heap, items, (uint32_t)tla_set_count(set)) : TLA_NONE;
}

/* TLC asks its user. */
static tla_value pick_successor(struct tla_eval *eval, const tla_value *args)
{
	if (args[0] != TLA_TRUE && args[0] != TLA_FALSE)
		return tla_fail_kind(eval, "PickSuccessor", "a Boolean", args[0]);
	return args[0] == TLA_TRUE ? TLA_TRUE : ask(eval, "PickSuccessor");
}

static tla_value model_value(struct tla_eval *eval, const tla_value *args)
{
	const char *name = tla_need_string(eval, "TLCModelValue", args[0]);
	tla_value v = name ? tla_world_model(eval->world, name) : TLA_NONE;

	if (v || !name)
		return v;
	return tla_fail(eval->heap,
			"TLCModelValue has room for %d values that are not in the "
			"configuration.",
			TLA_MODELS_MORE);
}

static tla_value fingerprint(struct tla_eval *eval, const tla_value *args)
{
	tla_value v = tla_plain(eval->heap, args[0]);

	return v ? tla_int((int32_t)tla_hash(v)) : TLA_NONE;
}

const struct tla_native tla_natives_ask[] = {
	{ "TLC", "TLCGet", 1, tlc_get, NULL, TLA_STATE },
	{ "TLC", "TLCSet", 2, tlc_set, NULL, TLA_STATE },
	{ "TLCExt", "AssertError", 2, NULL, assert_error, TLA_STATE },
	{ "TLCExt", "TLCGetOrDefault", 2, tlc_get_or, NULL, TLA_STATE },
	{ "TLCExt", "Trace", 0, trace, NULL, TLA_STATE },
	{ "TLCExt", "CounterExample", 0, counter_example, NULL, TLA_STATE },
	{ "TLCExt", "ToTrace", 1, to_trace, NULL, TLA_STATE },
	{ "TLCExt", "PickSuccessor", 1, pick_successor, NULL, TLA_ACTION },
	{ "TLCExt", "TLCModelValue", 1, model_value, NULL, TLA_CONSTANT },
	{ "TLCExt", "TLCEvalDefinition", 1, NULL, NULL, TLA_CONSTANT }, /* compiled away */
	{ "TLCExt", "TLCFP", 1, fingerprint, NULL, TLA_CONSTANT },
	{ 0 },
};
