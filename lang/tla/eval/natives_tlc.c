/* SPDX-License-Identifier: MIT */
/*
 * Operators of TLC, TLCExt and Randomization in C: what specifications ask of the checker itself.
 *
 * Registers are a worker's own; those set before there are states are every worker's until it sets
 * them itself.
 */
#include "natives.h"

#include "../value/fcn.h"
#include "../value/order.h"
#include "../value/print.h"
#include "../value/set.h"
#include "nodes.h"
#include "world.h"

#include <string.h>
#include <time.h>

static tla_value any(struct tla_eval *eval, const tla_value *args)
{
	(void)eval;
	(void)args;
	return tla_infinite(TLA_ANY);
}

static tla_value map_one(struct tla_eval *eval, const tla_value *args)
{
	return tla_single(eval->heap, args[0], args[1]);
}

static tla_value at_at(struct tla_eval *eval, const tla_value *args)
{
	return tla_override(eval->heap, args[0], args[1]);
}

static void print(struct tla_eval *eval, tla_value v)
{
	char *text = eval->print ? tla_text_of(eval, v) : NULL;

	if (text)
		eval->print(eval->print_context, text);
}

static tla_value print_t(struct tla_eval *eval, const tla_value *args)
{
	print(eval, args[0]);
	return TLA_TRUE;
}

static tla_value print_value(struct tla_eval *eval, const tla_value *args)
{
	print(eval, tla_tuple(eval->heap, args, 2));
	return args[1];
}

static tla_value assert_that(struct tla_eval *eval, const tla_value *args)
{
	char text[TLA_BRIEF_BYTES];

	if (args[0] == TLA_TRUE)
		return TLA_TRUE;
	if (args[0] != TLA_FALSE)
		return tla_fail_kind(eval, "Assert", "a Boolean", args[0]);
	eval->failure = TLA_FAILURE_ASSERT;
	return tla_fail(
		eval->heap,
		"The first argument of Assert evaluated to FALSE; the second argument was:\n%s",
		tla_brief(eval->heap, args[1], text));
}

static tla_value to_string(struct tla_eval *eval, const tla_value *args)
{
	char *text = tla_text_of(eval, args[0]);

	return text ? tla_new_string(eval, text, strlen(text)) : TLA_NONE;
}

static tla_value java_time(struct tla_eval *eval, const tla_value *args)
{
	(void)eval;
	(void)args;
	return tla_int(time(NULL) & INT32_MAX);
}

static tla_value tlc_eval(struct tla_eval *eval, const tla_value *args)
{
	return tla_explicit(eval->heap, args[0]);
}

/* The next permutation of positions in lexicographic order; false: that was the last. */
static bool permute(uint32_t *at, uint32_t count)
{
	uint32_t i = count, j = count;

	while (i > 1 && at[i - 2] > at[i - 1])
		i--;
	if (i <= 1)
		return false;
	while (at[j - 1] < at[i - 2])
		j--;
	for (uint32_t swap = at[i - 2];; swap = at[i - 2]) {
		at[i - 2] = at[j - 1];
		at[j - 1] = swap;
		break;
	}
	for (uint32_t lo = i - 1, hi = count - 1; lo < hi; lo++, hi--) {
		uint32_t swap = at[lo];

		at[lo] = at[hi];
		at[hi] = swap;
	}
	return true;
}

enum { PERMUTED_MAX = 10 };

/* All functions from a set onto itself. */
static tla_value permutations(struct tla_eval *eval, const tla_value *args)
{
	tla_value set = tla_explicit(eval->heap, args[0]), values[PERMUTED_MAX], *all;
	uint32_t at[PERMUTED_MAX], count, total = 1, k = 0;

	if (!set || !tla_is_finite(set))
		return set ? tla_fail_kind(eval, "Permutations", "a finite set", set) : TLA_NONE;
	if (tla_set_count(tla_obj(set)) > PERMUTED_MAX)
		return tla_fail(eval->heap, "Permutations of more than %d elements are too many.",
				PERMUTED_MAX);
	count = (uint32_t)tla_set_count(tla_obj(set));
	for (uint32_t i = 0; i < count; i++) {
		at[i] = i;
		total *= i + 1;
	}
	all = tla_alloc(eval->heap, total * sizeof *all);
	do {
		for (uint32_t i = 0; i < count; i++)
			values[i] = tla_set_at(tla_obj(set), at[i]);
		if (!all || !(all[k++] = tla_fcn(eval->heap, set, values)))
			return TLA_NONE;
	} while (permute(at, count));
	return tla_set_new(eval->heap, all, k);
}

/* Insertion sort: stable, and few comparisons where the sequence is nearly sorted. */
static tla_value sort_seq(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *s = tla_need_sequence(eval, "SortSeq", args[0]);
	tla_value *items = s ? tla_alloc(eval->heap, (s->count + 1) * sizeof *items) : NULL;

	for (uint32_t i = 0; items && i < s->count; i++) {
		uint32_t j = i;

		for (; j > 0; j--) {
			tla_value pair[] = { s->items[i], items[j - 1] };
			int before = tla_test(eval, args[1], pair, 2);

			if (before < 0)
				return TLA_NONE;
			if (!before)
				break;
			items[j] = items[j - 1];
		}
		items[j] = s->items[i];
	}
	return items ? tla_tuple(eval->heap, items, s->count) : TLA_NONE;
}

/* --- Chance --- */

static uint64_t draw(struct tla_eval *eval, uint64_t below)
{
	eval->random = eval->random * 6364136223846793005u + 1442695040888963407u;
	return (eval->random >> 20) % below;
}

static tla_value random_element(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *set = tla_need_set(eval, "RandomElement", args[0]);

	if (set && tla_set_count(set) == 0)
		return tla_fail(eval->heap, "RandomElement of the empty set.");
	return set ? tla_set_at(set, draw(eval, tla_set_count(set))) : TLA_NONE;
}

/* count of the elements, each choice as likely: the first of a partial shuffle. */
static tla_value pick(struct tla_eval *eval, const struct tla_obj *set, uint64_t count)
{
	uint64_t all = tla_set_count(set);
	tla_value *items = tla_alloc(eval->heap, (all + 1) * sizeof *items);

	for (uint64_t i = 0; items && i < all; i++)
		items[i] = tla_set_at(set, i);
	for (uint64_t i = 0; items && i < count; i++) {
		uint64_t j = i + draw(eval, all - i);
		tla_value swap = items[i];

		items[i] = items[j];
		items[j] = swap;
	}
	return items ? tla_set_new(eval->heap, items, count) : TLA_NONE;
}

static tla_value random_subset(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *set = tla_need_set(eval, "RandomSubset", args[1]);
	int64_t count;

	if (!set || !tla_need_int(eval, "RandomSubset", args[0], &count))
		return TLA_NONE;
	if (count < 0 || (uint64_t)count > tla_set_count(set))
		return tla_fail(eval->heap, "RandomSubset of %lld of %llu elements.",
				(long long)count, (unsigned long long)tla_set_count(set));
	return pick(eval, set, (uint64_t)count);
}

/* Each element with probability n / |S|. */
static tla_value toss(struct tla_eval *eval, const struct tla_obj *set, uint64_t n)
{
	uint64_t all = tla_set_count(set);
	tla_value *items = tla_alloc(eval->heap, (all + 1) * sizeof *items);
	size_t kept = 0;

	for (uint64_t i = 0; items && i < all; i++)
		if (draw(eval, all) < n)
			items[kept++] = tla_set_at(set, i);
	return items ? tla_set_new(eval->heap, items, kept) : TLA_NONE;
}

static tla_value random_subsets(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *set = tla_need_set(eval, "RandomSetOfSubsets", args[2]);
	tla_value *items;
	int64_t k, n;

	if (!set || !tla_need_int(eval, "RandomSetOfSubsets", args[0], &k) ||
	    !tla_need_int(eval, "RandomSetOfSubsets", args[1], &n))
		return TLA_NONE;
	if (k < 0 || n < 0 || (uint64_t)n > tla_set_count(set))
		return tla_fail(eval->heap,
				"RandomSetOfSubsets of %lld sets of %lld of %llu elements.",
				(long long)k, (long long)n, (unsigned long long)tla_set_count(set));
	items = tla_alloc(eval->heap, ((size_t)k + 1) * sizeof *items);
	for (int64_t i = 0; items && i < k; i++) {
		items[i] = toss(eval, set, (uint64_t)n);
		if (!items[i])
			return TLA_NONE;
	}
	return items ? tla_set_new(eval->heap, items, (size_t)k) : TLA_NONE;
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
	tla_value fields[8];

	for (uint32_t i = 0; i < count; i++) {
		fields[i] = text_value(eval, names[i]);
		if (!fields[i] || !values[i])
			return TLA_NONE;
	}
	return tla_record(eval->heap, fields, values, count);
}

static tla_value config(struct tla_eval *eval)
{
	static const char *const names[] = { "mode", "deadlock", "worker", "depth", "seed" };
	const struct tla_world *world = eval->world;
	tla_value values[] = { text_value(eval, world->mode ? world->mode : "bfs"),
			       tla_bool(world->checks_deadlock),
			       tla_int(world->worker_count ? world->worker_count : 1), tla_int(-1),
			       tla_int((int32_t)world->seed) };

	return record(eval, names, values, 5);
}

static tla_value revision(struct tla_eval *eval)
{
	static const char *const names[] = { "count", "timestamp", "date", "tag" };
	tla_value values[] = { tla_int(INT32_MAX), tla_int(time(NULL) & INT32_MAX),
			       text_value(eval, "unknown"), text_value(eval, "unknown") };

	return record(eval, names, values, 4);
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
	/* The Java property that lets TLC evaluate \cdot. */
	if (!strcmp(name, "-Dtlc2.tool.impl.Tool.cdot"))
		return text_value(eval, "true");
	return TLA_NONE;
}

static bool is_register(tla_value v)
{
	return tla_is_int(v) && (uint64_t)tla_int_of(v) < TLA_REGISTERS;
}

/* TLA_NONE, without a failure: it was never set, or nobody knows the name. */
static tla_value look(struct tla_eval *eval, tla_value key)
{
	const char *name;
	tla_value v;

	if (is_register(key)) {
		v = eval->registers[tla_int_of(key)];
		return v || !eval->world->registers ? v : eval->world->registers[tla_int_of(key)];
	}
	if (!tla_is_string(key))
		return TLA_NONE;
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

	return v ? v
		 : tla_fail(eval->heap, "TLCGet(%s) was undefined.",
			    tla_brief(eval->heap, args[0], text));
}

static tla_value tlc_get_or(struct tla_eval *eval, const tla_value *args)
{
	tla_value v = look(eval, args[0]);

	return v || eval->heap->has_failed ? v : args[1];
}

static tla_value tlc_set(struct tla_eval *eval, const tla_value *args)
{
	tla_value v;

	if (!is_register(args[0]))
		return tla_fail_kind(eval, "TLCSet", "a register from 0 to 99", args[0]);
	v = tla_store(eval->keeper, eval->heap, args[1]);
	if (!v)
		return TLA_NONE;
	eval->registers[tla_int_of(args[0])] = v;
	if (eval->level == 0 && eval->world->registers)
		eval->world->registers[tla_int_of(args[0])] = v;
	return TLA_TRUE;
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

	return v ? v : tla_fail(eval->heap, "TLCExt!%s is not known here.", name);
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

static tla_value no_op(struct tla_eval *eval, const tla_value *args)
{
	(void)eval;
	return args[0];
}

/* TLC asks its user; whoever is not there agrees. */
static tla_value pick_successor(struct tla_eval *eval, const tla_value *args)
{
	if (args[0] != TLA_TRUE && args[0] != TLA_FALSE)
		return tla_fail_kind(eval, "PickSuccessor", "a Boolean", args[0]);
	return TLA_TRUE;
}

/* A model value that the configuration names: no other has its place in the order. */
static tla_value model_value(struct tla_eval *eval, const tla_value *args)
{
	const char *name = tla_need_string(eval, "TLCModelValue", args[0]);
	const struct tla_world *world = eval->world;

	for (uint32_t i = 0; name && i < world->model_count; i++)
		if (!strcmp(tla_world_model_text(world, i), name))
			return tla_model(i);
	return name ? tla_fail(eval->heap, "The configuration has no model value %s.", name)
		    : TLA_NONE;
}

static tla_value fingerprint(struct tla_eval *eval, const tla_value *args)
{
	tla_value v = tla_plain(eval->heap, args[0]);

	return v ? tla_int((int32_t)tla_hash(v)) : TLA_NONE;
}

const struct tla_native tla_natives_tlc[] = {
	{ "TLC", ":>", 2, map_one, NULL, TLA_CONSTANT },
	{ "TLC", "@@", 2, at_at, NULL, TLA_CONSTANT },
	{ "TLC", "Print", 2, print_value, NULL, TLA_STATE },
	{ "TLC", "PrintT", 1, print_t, NULL, TLA_STATE },
	{ "TLC", "Assert", 2, assert_that, NULL, TLA_CONSTANT },
	{ "TLC", "JavaTime", 0, java_time, NULL, TLA_STATE },
	{ "TLC", "TLCGet", 1, tlc_get, NULL, TLA_STATE },
	{ "TLC", "TLCSet", 2, tlc_set, NULL, TLA_STATE },
	{ "TLC", "Permutations", 1, permutations, NULL, TLA_CONSTANT },
	{ "TLC", "SortSeq", 2, sort_seq, NULL, TLA_CONSTANT },
	{ "TLC", "RandomElement", 1, random_element, NULL, TLA_STATE },
	{ "TLC", "Any", 0, any, NULL, TLA_CONSTANT },
	{ "TLC", "ToString", 1, to_string, NULL, TLA_CONSTANT },
	{ "TLC", "TLCEval", 1, tlc_eval, NULL, TLA_CONSTANT },
	{ "TLCExt", "AssertError", 2, NULL, assert_error, TLA_STATE },
	{ "TLCExt", "TLCGetOrDefault", 2, tlc_get_or, NULL, TLA_STATE },
	{ "TLCExt", "Trace", 0, trace, NULL, TLA_STATE },
	{ "TLCExt", "CounterExample", 0, counter_example, NULL, TLA_STATE },
	{ "TLCExt", "ToTrace", 1, no_op, NULL, TLA_STATE },
	{ "TLCExt", "PickSuccessor", 1, pick_successor, NULL, TLA_ACTION },
	{ "TLCExt", "TLCModelValue", 1, model_value, NULL, TLA_CONSTANT },
	{ "TLCExt", "TLCFP", 1, fingerprint, NULL, TLA_CONSTANT },
	{ "Randomization", "RandomSubset", 2, random_subset, NULL, TLA_CONSTANT },
	{ "Randomization", "RandomSetOfSubsets", 3, random_subsets, NULL, TLA_CONSTANT },
	{ 0 },
};
