/* SPDX-License-Identifier: MIT */
/*
 * Operators of TLC and Randomization in C, but for those that ask something of the checker
 * (natives_ask.c).
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

static tla_value print_t(struct tla_eval *eval, const tla_value *args)
{
	char *text = tla_text_of(eval, args[0]);

	if (text && eval->print)
		eval->print(eval->print_context, text);
	return text ? TLA_TRUE : TLA_NONE;
}

/* Both arguments, two blanks between them. */
static tla_value print_value(struct tla_eval *eval, const tla_value *args)
{
	const char *first = tla_text_of(eval, args[0]);
	const char *second = first ? tla_text_of(eval, args[1]) : NULL;
	size_t n_bytes = second ? strlen(first) + strlen(second) + 3 : 0;
	char *text = second ? tla_alloc(eval->heap, (n_bytes + 7) / 8 * 8) : NULL;

	if (!text)
		return TLA_NONE;
	(void)snprintf(text, n_bytes, "%s  %s", first, second); /* sized to fit */
	if (eval->print)
		eval->print(eval->print_context, text);
	return args[1];
}

static tla_value assert_that(struct tla_eval *eval, const tla_value *args)
{
	char text[TLA_BRIEF_BYTES];

	if (args[0] == TLA_TRUE)
		return TLA_TRUE;
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

/* The same of a set that is too large to be made: what is chosen twice is chosen again. */
static tla_value pick_from_large(struct tla_eval *eval, tla_value set, uint64_t count)
{
	tla_value *items = tla_alloc(eval->heap, (count + 1) * sizeof *items), v;
	uint64_t all = tla_pick_count(set), missing = count;

	for (v = tla_set_empty(); items && v && missing > 0;) {
		uint64_t have = count - missing;

		for (uint64_t i = 0; i < have; i++)
			items[i] = tla_set_at(tla_obj(v), i);
		for (uint64_t i = have; i < count; i++)
			if (!(items[i] = tla_pick(eval->heap, set, draw(eval, all))))
				return TLA_NONE;
		v = tla_set_new(eval->heap, items, count);
		missing = v ? count - tla_set_count(tla_obj(v)) : 0;
	}
	return items ? v : TLA_NONE;
}

enum { MADE_COUNT_MAX = 1000000 };

static tla_value random_subset(struct tla_eval *eval, const tla_value *args)
{
	const struct tla_obj *set;
	int64_t count;

	if (!tla_need_int(eval, "RandomSubset", args[0], &count))
		return TLA_NONE;
	if (count < 0)
		return tla_fail(eval->heap, "RandomSubset needs a number from 0, not %lld.",
				(long long)count);
	if (tla_pick_count(args[1]) > MADE_COUNT_MAX && count < MADE_COUNT_MAX / 2)
		return pick_from_large(eval, args[1], (uint64_t)count);
	set = tla_need_set(eval, "RandomSubset", args[1]);
	if (!set)
		return TLA_NONE;
	/* As TLC: all of a set that has no more. */
	if ((uint64_t)count > tla_set_count(set))
		count = (int64_t)tla_set_count(set);
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

const struct tla_native tla_natives_tlc[] = {
	{ "TLC", ":>", 2, map_one, NULL, TLA_CONSTANT },
	{ "TLC", "@@", 2, at_at, NULL, TLA_CONSTANT },
	{ "TLC", "Print", 2, print_value, NULL, TLA_STATE },
	{ "TLC", "PrintT", 1, print_t, NULL, TLA_STATE },
	{ "TLC", "Assert", 2, assert_that, NULL, TLA_CONSTANT },
	{ "TLC", "JavaTime", 0, java_time, NULL, TLA_STATE },
	{ "TLC", "Permutations", 1, permutations, NULL, TLA_CONSTANT },
	{ "TLC", "SortSeq", 2, sort_seq, NULL, TLA_CONSTANT },
	{ "TLC", "RandomElement", 1, random_element, NULL, TLA_STATE },
	{ "TLC", "Any", 0, any, NULL, TLA_CONSTANT },
	{ "TLC", "ToString", 1, to_string, NULL, TLA_CONSTANT },
	{ "TLC", "TLCEval", 1, tlc_eval, NULL, TLA_CONSTANT },
	{ "Randomization", "RandomSubset", 2, random_subset, NULL, TLA_CONSTANT },
	{ "Randomization", "RandomSetOfSubsets", 3, random_subsets, NULL, TLA_CONSTANT },
	{ 0 },
};
