/* SPDX-License-Identifier: MIT */
/*
 * Folds, and what is searched for in sets and sequences, in C: their definitions in the modules say
 * what they mean, but go through all subsets or all functions.
 *
 * Where an operator does not commute the order counts, and it is TLC's: MapThenFoldSet applies it
 * from the element chosen last back to the first, as the recursion says; the folds of
 * FiniteSetsExt, Functions and FoldSeq go from the smallest element on.
 */
#include "natives.h"

#include "../value/fcn.h"
#include "../value/order.h"
#include "../value/set.h"
#include "nodes.h"

#include <string.h>

static tla_value call2(struct tla_eval *eval, tla_value op, tla_value a, tla_value b)
{
	tla_value args[] = { a, b };

	return tla_call(eval, op, args, 2);
}

/* op(f(item), acc) over items from the last to the first; f TLA_NONE: the items themselves. */
static tla_value fold_back(struct tla_eval *eval, tla_value op, tla_value f, const tla_value *items,
			   uint64_t count, tla_value acc)
{
	while (acc && count-- > 0) {
		tla_value item = f ? tla_call(eval, f, &items[count], 1) : items[count];

		acc = item ? call2(eval, op, item, acc) : TLA_NONE;
	}
	return acc;
}

/* The same from the first to the last. */
static tla_value fold_on(struct tla_eval *eval, tla_value op, const tla_value *items,
			 uint64_t count, tla_value acc)
{
	for (uint64_t i = 0; acc && i < count; i++)
		acc = call2(eval, op, items[i], acc);
	return acc;
}

/* A set's elements, ascending. NULL: failed. */
static const tla_value *elements(struct tla_eval *eval, const struct tla_obj *set)
{
	uint64_t count = tla_set_count(set);
	tla_value *items;

	if (set->kind == TLA_SET)
		return set->items;
	items = tla_alloc(eval->heap, (count + 1) * sizeof *items);
	for (uint64_t i = 0; items && i < count; i++)
		items[i] = tla_set_at(set, i);
	return items;
}

static tla_value fold_set(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *set = tla_need_set(eval, "FoldSet", args[2]);
	const tla_value *items = set ? elements(eval, set) : NULL;

	return items ? fold_on(eval, args[0], items, tla_set_count(set), args[1]) : TLA_NONE;
}

/* MapThenFoldSet(op, base, f, choose, S): elements in the order that choose takes them. */
static tla_value map_then_fold(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *set = tla_need_set(eval, "MapThenFoldSet", args[4]);
	tla_value left = set ? tla_of(set) : TLA_NONE, *taken;
	uint64_t count = set ? tla_set_count(set) : 0;

	taken = set ? tla_alloc(eval->heap, (count + 1) * sizeof *taken) : NULL;
	for (uint64_t i = 0; taken && i < count; i++) {
		taken[i] = tla_call(eval, args[3], &left, 1);
		if (!taken[i])
			return TLA_NONE;
		if (tla_member(eval->heap, taken[i], left) != 1)
			return tla_fail_kind(eval, "The choice of MapThenFoldSet",
					     "an element of its set", taken[i]);
		left = tla_diff(eval->heap, left,
				tla_set_new(eval->heap, (tla_value[]){ taken[i] }, 1));
		if (!left)
			return TLA_NONE;
	}
	return taken ? fold_back(eval, args[0], args[2], taken, count, args[1]) : TLA_NONE;
}

static tla_value sum_of(struct tla_eval *eval, tla_value f, tla_value v, bool is_product)
{
	const struct tla_obj *set = tla_need_set(eval, is_product ? "ProductSet" : "SumSet", v);
	int64_t sum = is_product, one;

	for (uint64_t i = 0; set && i < tla_set_count(set); i++) {
		tla_value item = tla_set_at(set, i);

		if (f)
			item = tla_call(eval, f, &item, 1);
		if (!item || !tla_need_int(eval, "A sum or product", item, &one))
			return TLA_NONE;
		sum = is_product ? sum * one : sum + one;
		if (sum != (int32_t)sum)
			return tla_fail(eval->heap, "Overflow: a sum or product is outside of "
						    "-2^31..2^31-1.");
	}
	return set ? tla_int(sum) : TLA_NONE;
}

static tla_value sum_set(struct tla_eval *eval, const tla_value *args)
{
	return sum_of(eval, TLA_NONE, args[0], false);
}

static tla_value product_set(struct tla_eval *eval, const tla_value *args)
{
	return sum_of(eval, TLA_NONE, args[0], true);
}

static tla_value map_then_sum(struct tla_eval *eval, const tla_value *args)
{
	return sum_of(eval, args[0], args[1], false);
}

static tla_value quantify(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *set = tla_need_set(eval, "Quantify", args[0]);
	int64_t count = 0;

	for (uint64_t i = 0; set && i < tla_set_count(set); i++) {
		tla_value item = tla_set_at(set, i);
		int holds = tla_test(eval, args[1], &item, 1);

		if (holds < 0)
			return TLA_NONE;
		count += holds;
	}
	return set ? tla_int(count) : TLA_NONE;
}

/* The least or greatest of a set of integers. */
static tla_value extreme(struct tla_eval *eval, const char *where, tla_value v, bool is_max)
{
	const struct tla_obj *set = tla_need_set(eval, where, v);
	int64_t ignored;

	if (!set)
		return TLA_NONE;
	if (tla_set_count(set) == 0)
		return tla_fail(eval->heap, "%s of the empty set.", where);
	/* Ascending; atoms of other kinds come after integers. */
	for (uint64_t i = 0; i < tla_set_count(set); i++)
		if (!tla_need_int(eval, where, tla_set_at(set, i), &ignored))
			return TLA_NONE;
	return tla_set_at(set, is_max ? tla_set_count(set) - 1 : 0);
}

static tla_value max_of(struct tla_eval *eval, const tla_value *args)
{
	return extreme(eval, "Max", args[0], true);
}

static tla_value min_of(struct tla_eval *eval, const tla_value *args)
{
	return extreme(eval, "Min", args[0], false);
}

enum { SUBSETS_MAX = TLA_EXPLICIT_COUNT_MAX };

/* The next choice of k of n positions, ascending; false: that was the last. */
static bool next_choice(uint32_t *at, uint32_t k, uint64_t n)
{
	for (uint32_t i = k; i-- > 0;) {
		if (at[i] >= n - k + i)
			continue;
		at[i]++;
		for (uint32_t j = i + 1; j < k; j++)
			at[j] = at[j - 1] + 1;
		return true;
	}
	return false;
}

/* n over k, or more than SUBSETS_MAX. */
static uint64_t choices(uint64_t n, uint64_t k)
{
	uint64_t count = 1;

	for (uint64_t i = 1; i <= k && count <= SUBSETS_MAX; i++)
		count = count * (n - k + i) / i;
	return count;
}

static tla_value k_subset(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *set = tla_need_set(eval, "kSubset", args[1]);
	tla_value *all, *one;
	uint64_t n, made = 0;
	uint32_t *at;
	int64_t k;

	if (!set || !tla_need_int(eval, "kSubset", args[0], &k))
		return TLA_NONE;
	n = tla_set_count(set);
	if (k < 0 || (uint64_t)k > n)
		return tla_set_empty();
	if (choices(n, (uint64_t)k) > SUBSETS_MAX)
		return tla_fail(eval->heap, "kSubset has more than %d elements.", SUBSETS_MAX);
	all = tla_alloc(eval->heap, choices(n, (uint64_t)k) * sizeof *all);
	one = tla_alloc(eval->heap, ((size_t)k + 1) * sizeof *one);
	at = tla_alloc(eval->heap, ((size_t)k + 2) / 2 * 8);
	if (!all || !one || !at)
		return TLA_NONE;
	for (uint32_t i = 0; i < k; i++)
		at[i] = i;
	do {
		for (uint32_t i = 0; i < k; i++)
			one[i] = tla_set_at(set, at[i]);
		all[made] = tla_set_new(eval->heap, one, (size_t)k);
		if (!all[made++])
			return TLA_NONE;
	} while (next_choice(at, (uint32_t)k, n));
	return tla_set_new(eval->heap, all, made);
}

/* --- Functions --- */

static const struct tla_obj *function(struct tla_eval *eval, const char *where, tla_value v)
{
	tla_value fcn = tla_explicit(eval->heap, v);

	if (fcn && tla_is_fcn(fcn))
		return tla_obj(fcn);
	if (fcn)
		tla_fail_kind(eval, where, "a function", fcn);
	return NULL;
}

static tla_value fold_function(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *fcn = function(eval, "FoldFunction", args[2]);

	return fcn ? fold_on(eval, args[0], tla_fcn_values(fcn), fcn->count, args[1]) : TLA_NONE;
}

/* The values of a function at a set's elements. NULL: failed. */
static tla_value *values_at(struct tla_eval *eval, tla_value fcn, const struct tla_obj *set)
{
	tla_value *values = tla_alloc(eval->heap, (tla_set_count(set) + 1) * sizeof *values);

	for (uint64_t i = 0; values && i < tla_set_count(set); i++) {
		values[i] = tla_apply(eval->heap, fcn, tla_set_at(set, i));
		if (!values[i])
			return NULL;
	}
	return values;
}

static tla_value fold_function_on(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *set = tla_need_set(eval, "FoldFunctionOnSet", args[3]);
	tla_value *values = set ? values_at(eval, args[2], set) : NULL;

	return values ? fold_on(eval, args[0], values, tla_set_count(set), args[1]) : TLA_NONE;
}

static tla_value range_of(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *fcn = function(eval, "Range", args[0]);
	tla_value *items = fcn ? tla_alloc(eval->heap, (fcn->count + 1u) * sizeof *items) : NULL;

	if (!items)
		return TLA_NONE;
	memcpy(items, tla_fcn_values(fcn), fcn->count * sizeof *items);
	return tla_set_new(eval->heap, items, fcn->count);
}

/* --- SequencesExt --- */

static tla_value fold_left(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *s = tla_need_sequence(eval, "FoldLeft", args[2]);
	tla_value acc = args[1];

	for (uint32_t i = 0; s && acc && i < s->count; i++)
		acc = call2(eval, args[0], acc, s->items[i]);
	return s ? acc : TLA_NONE;
}

static tla_value fold_right(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *s = tla_need_sequence(eval, "FoldRight", args[1]);

	return s ? fold_back(eval, args[0], TLA_NONE, s->items, s->count, args[2]) : TLA_NONE;
}

static tla_value set_to_seq(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *set = tla_need_set(eval, "SetToSeq", args[0]);
	const tla_value *items = set ? elements(eval, set) : NULL;

	return items ? tla_tuple(eval->heap, items, (uint32_t)tla_set_count(set)) : TLA_NONE;
}

static tla_value reverse(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *s = tla_need_sequence(eval, "Reverse", args[0]);
	tla_value *items = s ? tla_alloc(eval->heap, (s->count + 1u) * sizeof *items) : NULL;

	for (uint32_t i = 0; items && i < s->count; i++)
		items[i] = s->items[s->count - 1 - i];
	return items ? tla_tuple(eval->heap, items, s->count) : TLA_NONE;
}

const struct tla_native tla_natives_fold[] = {
	{ "Folds", "MapThenFoldSet", 5, map_then_fold, NULL, TLA_CONSTANT },
	{ "FiniteSetsExt", "FoldSet", 3, fold_set, NULL, TLA_CONSTANT },
	{ "FiniteSetsExt", "SumSet", 1, sum_set, NULL, TLA_CONSTANT },
	{ "FiniteSetsExt", "ProductSet", 1, product_set, NULL, TLA_CONSTANT },
	{ "FiniteSetsExt", "MapThenSumSet", 2, map_then_sum, NULL, TLA_CONSTANT },
	{ "FiniteSetsExt", "Quantify", 2, quantify, NULL, TLA_CONSTANT },
	{ "FiniteSetsExt", "kSubset", 2, k_subset, NULL, TLA_CONSTANT },
	{ "FiniteSetsExt", "Max", 1, max_of, NULL, TLA_CONSTANT },
	{ "FiniteSetsExt", "Min", 1, min_of, NULL, TLA_CONSTANT },
	{ "Functions", "FoldFunction", 3, fold_function, NULL, TLA_CONSTANT },
	{ "Functions", "FoldFunctionOnSet", 4, fold_function_on, NULL, TLA_CONSTANT },
	{ "Functions", "Range", 1, range_of, NULL, TLA_CONSTANT },
	{ "SequencesExt", "FoldLeft", 3, fold_left, NULL, TLA_CONSTANT },
	{ "SequencesExt", "FoldRight", 3, fold_right, NULL, TLA_CONSTANT },
	{ "SequencesExt", "SetToSeq", 1, set_to_seq, NULL, TLA_CONSTANT },
	{ "SequencesExt", "Reverse", 1, reverse, NULL, TLA_CONSTANT },
	{ 0 },
};
