/* SPDX-License-Identifier: MIT */
/*
 * Operators of the standard modules in C, found by module and name. A definition in the module's
 * text that
 * can be evaluated as it stands needs none; those here have no such definition, or a slow one.
 */
#include "../value/fcn.h"
#include "../value/order.h"
#include "../value/print.h"
#include "../value/set.h"
#include "compile.h"
#include "eval.h"
#include "nodes.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static tla_value nat(struct tla_eval *eval, const tla_value *args)
{
	(void)eval;
	(void)args;
	return tla_infinite(TLA_NAT);
}

static tla_value integers(struct tla_eval *eval, const tla_value *args)
{
	(void)eval;
	(void)args;
	return tla_infinite(TLA_INTEGERS);
}

static tla_value reals(struct tla_eval *eval, const tla_value *args)
{
	(void)eval;
	(void)args;
	return tla_infinite(TLA_REALS);
}

static tla_value any(struct tla_eval *eval, const tla_value *args)
{
	(void)eval;
	(void)args;
	return tla_infinite(TLA_ANY);
}

/* --- Sequences --- */

/* NULL: failed. */
static const struct tla_obj *sequence(struct tla_eval *eval, const char *where, tla_value v)
{
	const struct tla_obj *seq = tla_as_sequence(eval->heap, v);

	if (!seq)
		tla_fail_kind(eval, where, "a sequence", v);
	return seq;
}

static tla_value seq(struct tla_eval *eval, const tla_value *args)
{
	return tla_seqs(eval->heap, args[0]);
}

static tla_value len(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *s;

	if (tla_is_string(args[0]))
		return tla_int((int64_t)strlen(eval->heap->hooks.string_text(
			eval->heap->hooks.names, tla_id_of(args[0]))));
	s = sequence(eval, "Len", args[0]);
	return s ? tla_int(s->count) : TLA_NONE;
}

static tla_value append(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *s = sequence(eval, "Append", args[0]);
	struct tla_obj *longer;

	if (!s)
		return TLA_NONE;
	longer = tla_obj_new(eval->heap, TLA_TUPLE, s->count + 1, s->count + 1);
	if (!longer)
		return TLA_NONE;
	memcpy(longer->items, s->items, s->count * sizeof s->items[0]);
	longer->items[s->count] = args[1];
	longer->is_plain = s->is_plain && tla_is_plain(args[1]);
	return tla_of(longer);
}

/* Strings are sequences of characters to \o and to it alone, as in TLC. */
static tla_value concat_strings(struct tla_eval *eval, tla_value a, tla_value b)
{
	const struct tla_hooks *hooks = &eval->heap->hooks;
	const char *x = hooks->string_text(hooks->names, tla_id_of(a));
	const char *y = hooks->string_text(hooks->names, tla_id_of(b));
	size_t n_bytes = strlen(x) + strlen(y);
	char *both = tla_alloc(eval->heap, (n_bytes / 8 + 1) * 8);

	if (!both)
		return TLA_NONE;
	(void)snprintf(both, n_bytes + 1, "%s%s", x, y);
	return tla_new_string(eval, both, n_bytes);
}

static tla_value concat(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *a, *b;
	struct tla_obj *both;

	if (tla_is_string(args[0]) && tla_is_string(args[1]))
		return concat_strings(eval, args[0], args[1]);
	a = sequence(eval, "\\o", args[0]);
	b = a ? sequence(eval, "\\o", args[1]) : NULL;
	if (!b)
		return TLA_NONE;
	both = tla_obj_new(eval->heap, TLA_TUPLE, a->count + b->count, a->count + b->count);
	if (!both)
		return TLA_NONE;
	memcpy(both->items, a->items, a->count * sizeof a->items[0]);
	memcpy(both->items + a->count, b->items, b->count * sizeof b->items[0]);
	both->is_plain = a->is_plain && b->is_plain;
	return tla_of(both);
}

static tla_value head(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *s = sequence(eval, "Head", args[0]);

	if (s && s->count == 0)
		return tla_fail(eval->heap, "Attempted to apply Head to the empty sequence.");
	return s ? s->items[0] : TLA_NONE;
}

static tla_value tail(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *s = sequence(eval, "Tail", args[0]);

	if (s && s->count == 0)
		return tla_fail(eval->heap, "Attempted to apply Tail to the empty sequence.");
	return s ? tla_tuple(eval->heap, s->items + 1, s->count - 1) : TLA_NONE;
}

static tla_value subseq(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *s = sequence(eval, "SubSeq", args[0]);
	int64_t from, to;

	if (!s)
		return TLA_NONE;
	if (!tla_is_int(args[1]) || !tla_is_int(args[2]))
		return tla_fail_kind(eval, "SubSeq", "two integers",
				     tla_is_int(args[1]) ? args[2] : args[1]);
	from = tla_int_of(args[1]);
	to = tla_int_of(args[2]);
	if (from > to)
		return tla_tuple(eval->heap, NULL, 0);
	if (from < 1 || to > s->count)
		return tla_fail(eval->heap,
				"SubSeq from %lld to %lld leaves a sequence of length %u.",
				(long long)from, (long long)to, s->count);
	return tla_tuple(eval->heap, s->items + from - 1, (uint32_t)(to - from + 1));
}

/* 1, 0, or -1: the truth of an operator's value. */
static int test(struct tla_eval *eval, tla_value op, const tla_value *args, uint32_t arg_count)
{
	tla_value v = tla_call(eval, op, args, arg_count);

	if (v == TLA_TRUE || v == TLA_FALSE)
		return v == TLA_TRUE;
	if (v)
		tla_fail_kind(eval, "A test", "a Boolean", v);
	return -1;
}

static tla_value select_seq(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *s = sequence(eval, "SelectSeq", args[0]);
	tla_value *items = s ? tla_alloc(eval->heap, (s->count + 1) * sizeof *items) : NULL;
	uint32_t kept = 0;

	for (uint32_t i = 0; items && i < s->count; i++) {
		int holds = test(eval, args[1], &s->items[i], 1);

		if (holds < 0)
			return TLA_NONE;
		if (holds)
			items[kept++] = s->items[i];
	}
	return items ? tla_tuple(eval->heap, items, kept) : TLA_NONE;
}

/* --- FiniteSets --- */

static tla_value is_finite(struct tla_eval *eval, const tla_value *args)
{
	if (!tla_is_set(args[0]))
		return tla_fail_kind(eval, "IsFiniteSet", "a set", args[0]);
	return tla_bool(tla_is_enumerable(args[0]));
}

static tla_value cardinality(struct tla_eval *eval, const tla_value *args)
{
	int64_t count;

	if (!tla_is_set(args[0]))
		return tla_fail_kind(eval, "Cardinality", "a finite set", args[0]);
	count = tla_cardinality(eval->heap, args[0]);
	if (count > INT32_MAX)
		return tla_fail(eval->heap, "The cardinality of a set is beyond 2^31-1.");
	return count < 0 ? TLA_NONE : tla_int(count);
}

/* --- TLC --- */

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
	size_t n_bytes = tla_print(eval->heap, v, (char[1]){ 0 }, 1) + 1;
	char *text = tla_alloc(eval->heap, (n_bytes + 7) / 8 * 8);

	if (text && eval->print) {
		tla_print(eval->heap, v, text, n_bytes);
		eval->print(eval->print_context, text);
	}
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
	eval->has_assert_failed = true;
	return tla_fail(
		eval->heap,
		"The first argument of Assert evaluated to FALSE; the second argument was:\n%s",
		tla_brief(eval->heap, args[1], text));
}

static tla_value to_string(struct tla_eval *eval, const tla_value *args)
{
	size_t n_bytes = tla_print(eval->heap, args[0], (char[1]){ 0 }, 1) + 1;
	char *text = tla_alloc(eval->heap, (n_bytes + 7) / 8 * 8);

	if (!text)
		return TLA_NONE;
	tla_print(eval->heap, args[0], text, n_bytes);
	return tla_new_string(eval, text, n_bytes - 1);
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
	const struct tla_obj *s = sequence(eval, "SortSeq", args[0]);
	tla_value *items = s ? tla_alloc(eval->heap, (s->count + 1) * sizeof *items) : NULL;

	for (uint32_t i = 0; items && i < s->count; i++) {
		uint32_t j = i;

		for (; j > 0; j--) {
			tla_value pair[] = { s->items[i], items[j - 1] };
			int before = test(eval, args[1], pair, 2);

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

static tla_value random_element(struct tla_eval *eval, const tla_value *args)
{
	tla_value set = tla_explicit(eval->heap, args[0]);
	uint64_t count;

	if (!set || !tla_is_finite(set))
		return set ? tla_fail_kind(eval, "RandomElement", "a finite set", set) : TLA_NONE;
	count = tla_set_count(tla_obj(set));
	if (count == 0)
		return tla_fail(eval->heap, "RandomElement of the empty set.");
	eval->random = eval->random * 6364136223846793005u + 1442695040888963407u;
	return tla_set_at(tla_obj(set), (eval->random >> 33) % count);
}

static tla_value tlc_get(struct tla_eval *eval, const tla_value *args)
{
	tla_value v = TLA_NONE;
	char text[TLA_BRIEF_BYTES];

	if (tla_is_int(args[0]) && (uint64_t)tla_int_of(args[0]) < TLA_REGISTERS)
		v = eval->registers[tla_int_of(args[0])];
	else if (tla_is_string(args[0]) && eval->report)
		v = eval->report(
			eval, eval->report_context,
			eval->heap->hooks.string_text(eval->heap->hooks.names, tla_id_of(args[0])));
	if (!v)
		tla_fail(eval->heap, "TLCGet(%s) was undefined.",
			 tla_brief(eval->heap, args[0], text));
	return v;
}

static tla_value tlc_set(struct tla_eval *eval, const tla_value *args)
{
	tla_value v;

	if (!tla_is_int(args[0]) || (uint64_t)tla_int_of(args[0]) >= TLA_REGISTERS)
		return tla_fail_kind(eval, "TLCSet", "a register from 0 to 99", args[0]);
	v = tla_store(eval->keeper, eval->heap, args[1]);
	if (!v)
		return TLA_NONE;
	eval->registers[tla_int_of(args[0])] = v;
	return TLA_TRUE;
}

static const struct tla_native natives[] = {
	{ "Naturals", "Nat", 0, nat, NULL, TLA_CONSTANT },
	{ "Naturals", "+", 2, NULL, tla_ev_add, TLA_CONSTANT },
	{ "Naturals", "-", 2, NULL, tla_ev_sub, TLA_CONSTANT },
	{ "Naturals", "*", 2, NULL, tla_ev_mul, TLA_CONSTANT },
	{ "Naturals", "^", 2, NULL, tla_ev_pow, TLA_CONSTANT },
	{ "Naturals", "<", 2, NULL, tla_ev_less, TLA_CONSTANT },
	{ "Naturals", ">", 2, NULL, tla_ev_greater, TLA_CONSTANT },
	{ "Naturals", "\\leq", 2, NULL, tla_ev_leq, TLA_CONSTANT },
	{ "Naturals", "\\geq", 2, NULL, tla_ev_geq, TLA_CONSTANT },
	{ "Naturals", "%", 2, NULL, tla_ev_mod, TLA_CONSTANT },
	{ "Naturals", "\\div", 2, NULL, tla_ev_div, TLA_CONSTANT },
	{ "Naturals", "..", 2, NULL, tla_ev_range, TLA_CONSTANT },
	{ "Integers", "Int", 0, integers, NULL, TLA_CONSTANT },
	{ "Integers", "-.", 1, NULL, tla_ev_neg, TLA_CONSTANT },
	{ "Reals", "Real", 0, reals, NULL, TLA_CONSTANT },
	{ "Sequences", "Seq", 1, seq, NULL, TLA_CONSTANT },
	{ "Sequences", "Len", 1, len, NULL, TLA_CONSTANT },
	{ "Sequences", "\\o", 2, concat, NULL, TLA_CONSTANT },
	{ "Sequences", "Append", 2, append, NULL, TLA_CONSTANT },
	{ "Sequences", "Head", 1, head, NULL, TLA_CONSTANT },
	{ "Sequences", "Tail", 1, tail, NULL, TLA_CONSTANT },
	{ "Sequences", "SubSeq", 3, subseq, NULL, TLA_CONSTANT },
	{ "Sequences", "SelectSeq", 2, select_seq, NULL, TLA_CONSTANT },
	{ "FiniteSets", "IsFiniteSet", 1, is_finite, NULL, TLA_CONSTANT },
	{ "FiniteSets", "Cardinality", 1, cardinality, NULL, TLA_CONSTANT },
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
};

const struct tla_native *tla_native_find(const char *module, const char *name)
{
	for (size_t i = 0; i < sizeof natives / sizeof natives[0]; i++)
		if (!strcmp(natives[i].module, module) && !strcmp(natives[i].name, name))
			return &natives[i];
	return NULL;
}
