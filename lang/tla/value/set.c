/* SPDX-License-Identifier: MIT */
/*
 * Making finite sets, and their algebra. Invariant: what leaves this file is in normal form; merges
 * of sorted elements keep them sorted, so only tla_set_new() sorts.
 */
#include "set.h"

#include "order.h"
#include "print.h"
#include "sort.h"

#include <string.h>

static struct tla_obj empty_set = {
	.kind = TLA_SET, .is_stored = true, .is_plain = true, .hash = 1
};

tla_value tla_set_empty(void)
{
	return tla_of(&empty_set);
}

tla_value tla_interval(struct tla_heap *heap, int64_t lo, int64_t hi)
{
	struct tla_obj *set;

	if (lo > hi)
		return tla_set_empty();
	set = tla_obj_new(heap, TLA_INTERVAL, 0, 2);
	if (!set)
		return TLA_NONE;
	set->is_plain = true;
	set->items[0] = tla_int(lo);
	set->items[1] = tla_int(hi);
	return tla_of(set);
}

tla_value tla_enumerated(struct tla_heap *heap, tla_value set)
{
	struct tla_obj *copy;

	if (!tla_is_kind(set, TLA_INTERVAL) || tla_obj(set)->count > 0)
		return set;
	copy = tla_obj_new(heap, TLA_INTERVAL, 1, 2);
	if (!copy)
		return TLA_NONE;
	copy->is_plain = true;
	copy->hash = tla_obj(set)->hash;
	memcpy(copy->items, tla_obj(set)->items, 2 * sizeof copy->items[0]);
	return tla_of(copy);
}

/* Ascending and distinct, so integers at both ends and no gap mean consecutive integers. */
static bool is_interval(const tla_value *items, size_t count)
{
	return tla_is_int(items[0]) && tla_is_int(items[count - 1]) &&
	       tla_int_of(items[count - 1]) - tla_int_of(items[0]) == (int64_t)count - 1;
}

tla_value tla_set_sorted(struct tla_heap *heap, const tla_value *items, size_t count)
{
	struct tla_obj *set;

	if (count == 0)
		return tla_set_empty();
	if (is_interval(items, count))
		return tla_enumerated(heap, tla_interval(heap, tla_int_of(items[0]),
							 tla_int_of(items[count - 1])));
	if (count > UINT32_MAX)
		return tla_fail(heap, "A set of %zu elements is too large.", count);
	set = tla_obj_new(heap, TLA_SET, (uint32_t)count, count);
	if (!set)
		return TLA_NONE;
	set->is_plain = true;
	memcpy(set->items, items, count * sizeof *items);
	return tla_of(set);
}

tla_value tla_set_new(struct tla_heap *heap, tla_value *items, size_t count)
{
	int64_t kept;

	for (size_t i = 0; i < count; i++) {
		items[i] = tla_plain(heap, items[i]);
		if (!items[i])
			return TLA_NONE;
	}
	kept = tla_sort(heap, items, count);
	return kept < 0 ? TLA_NONE : tla_set_sorted(heap, items, (size_t)kept);
}

tla_value tla_set_booleans(struct tla_heap *heap)
{
	return tla_set_sorted(heap, (tla_value[]){ TLA_FALSE, TLA_TRUE }, 2);
}

static tla_value unevaluated(struct tla_heap *heap, enum tla_kind kind, uint32_t count,
			     const tla_value *items, uint32_t item_count)
{
	struct tla_obj *obj = tla_obj_new(heap, kind, count, item_count);

	if (!obj)
		return TLA_NONE;
	memcpy(obj->items, items, item_count * sizeof *items);
	return tla_of(obj);
}

static tla_value not_a_set(struct tla_heap *heap, const char *what, tla_value v)
{
	char text[TLA_BRIEF_BYTES];

	return tla_fail(heap, "Attempted to %s a set, but got the value:\n%s", what,
			tla_brief(heap, v, text));
}

tla_value tla_subset(struct tla_heap *heap, tla_value set)
{
	if (!tla_is_set(set))
		return not_a_set(heap, "apply SUBSET to", set);
	return unevaluated(heap, TLA_SUBSET, 0, &set, 1);
}

tla_value tla_fcns(struct tla_heap *heap, tla_value domain, tla_value range)
{
	if (!tla_is_set(domain) || !tla_is_set(range))
		return not_a_set(heap, "make [S -> T] of", tla_is_set(domain) ? range : domain);
	return unevaluated(heap, TLA_FCNS, 0, (tla_value[]){ domain, range }, 2);
}

tla_value tla_seqs(struct tla_heap *heap, tla_value set)
{
	if (!tla_is_set(set))
		return not_a_set(heap, "apply Seq to", set);
	return unevaluated(heap, TLA_SEQS, 0, &set, 1);
}

tla_value tla_cross(struct tla_heap *heap, const tla_value *factors, uint32_t factor_count)
{
	for (uint32_t i = 0; i < factor_count; i++)
		if (!tla_is_set(factors[i]))
			return not_a_set(heap, "make a Cartesian product of", factors[i]);
	return unevaluated(heap, TLA_CROSS, factor_count, factors, factor_count);
}

tla_value tla_pred(struct tla_heap *heap, tla_value set, void *closure)
{
	return unevaluated(heap, TLA_PRED, 0, (tla_value[]){ set, (uintptr_t)closure }, 2);
}

tla_value tla_rcds(struct tla_heap *heap, const tla_value *names, const tla_value *sets,
		   uint32_t field_count)
{
	struct tla_obj *rcds = tla_obj_new(heap, TLA_RCDS, field_count, field_count + 1);
	tla_value *sorted = tla_alloc(heap, field_count * sizeof *sorted);

	if (!rcds || !sorted)
		return TLA_NONE;
	memcpy(sorted, names, field_count * sizeof *sorted);
	rcds->items[0] = tla_set_new(heap, sorted, field_count);
	if (!rcds->items[0])
		return TLA_NONE;
	if (tla_set_count(tla_obj(rcds->items[0])) != field_count)
		return tla_fail(heap, "A field is named twice in a set of records.");
	for (uint32_t i = 0; i < field_count; i++) {
		const struct tla_obj *all = tla_obj(rcds->items[0]);
		uint32_t at = 0;

		if (!tla_is_set(sets[i]))
			return not_a_set(heap, "make a set of records with a field from", sets[i]);
		while (tla_set_at(all, at) != names[i])
			at++;
		rcds->items[at + 1] = sets[i];
	}
	return tla_of(rcds);
}

bool tla_is_enumerable(tla_value set)
{
	const struct tla_obj *obj = tla_obj(set);

	if (!tla_is_object(set))
		return false;
	switch ((enum tla_kind)obj->kind) {
	case TLA_SET:
	case TLA_INTERVAL:
		return true;
	case TLA_SUBSET:
	case TLA_PRED:
	case TLA_DIFF:
		return tla_is_enumerable(obj->items[0]);
	case TLA_FCNS:
	case TLA_CUP:
		return tla_is_enumerable(obj->items[0]) && tla_is_enumerable(obj->items[1]);
	case TLA_CAP:
		return tla_is_enumerable(obj->items[0]) || tla_is_enumerable(obj->items[1]);
	case TLA_RCDS:
	case TLA_CROSS:
		for (uint32_t i = 0; i < obj->count; i++)
			if (!tla_is_enumerable(obj->items[i + (obj->kind == TLA_RCDS)]))
				return false;
		return true;
	default:
		return false;
	}
}

bool tla_is_ascending(tla_value set)
{
	const struct tla_obj *obj = tla_obj(set);
	uint32_t first = 0, count = obj->count;

	switch ((enum tla_kind)obj->kind) {
	case TLA_CUP:
	case TLA_CAP:
	case TLA_DIFF:
	case TLA_PRED:
		return false;
	case TLA_FCNS: /* the domain is sorted anyway */
		first = 1;
		count = 1;
		break;
	case TLA_RCDS:
		first = 1;
		break;
	case TLA_CROSS:
		break;
	default:
		return true;
	}
	for (uint32_t i = first; i < first + count; i++)
		if (!tla_is_ascending(obj->items[i]))
			return false;
	return true;
}

/* The elements of a set in an array, its own where it has one. */
static const tla_value *elements(struct tla_heap *heap, tla_value set, size_t *ret_count)
{
	const struct tla_obj *obj = tla_obj(set);
	size_t count = tla_set_count(obj);
	tla_value *items;

	*ret_count = count;
	if (obj->kind == TLA_SET)
		return obj->items;
	items = tla_alloc(heap, count * sizeof *items);
	for (size_t i = 0; items && i < count; i++)
		items[i] = tla_set_at(obj, i);
	return items;
}

enum keep { KEEP_LEFT = 1, KEEP_BOTH = 2, KEEP_RIGHT = 4 };

/* Those elements of two finite sets that are in the left one only, in both, in the right one only.
 */
static tla_value merge_sets(struct tla_heap *heap, tla_value a, tla_value b, unsigned keep)
{
	size_t a_count, b_count, i = 0, j = 0, k = 0;
	const tla_value *x = elements(heap, a, &a_count);
	const tla_value *y = elements(heap, b, &b_count);
	tla_value *items = tla_alloc(heap, (a_count + b_count) * sizeof *items);

	if (!x || !y || !items)
		return TLA_NONE;
	while (i < a_count || j < b_count) {
		int order = i == a_count ? 1 : j == b_count ? -1 : tla_compare(x[i], y[j]);
		tla_value v = order <= 0 ? x[i] : y[j];

		if (keep & (order < 0 ? KEEP_LEFT : order > 0 ? KEEP_RIGHT : KEEP_BOTH))
			items[k++] = v;
		i += order <= 0;
		j += order >= 0;
	}
	/* Often nothing changed: then the sets themselves are the answer. */
	if (k == a_count && (keep & KEEP_LEFT) && (keep != (KEEP_LEFT | KEEP_RIGHT)))
		return tla_enumerated(heap, a);
	return tla_set_sorted(heap, items, k);
}

/* False: the heap has failed. */
static bool are_sets(struct tla_heap *heap, const char *what, tla_value a, tla_value b)
{
	if (tla_is_set(a) && tla_is_set(b))
		return true;
	not_a_set(heap, what, tla_is_set(a) ? b : a);
	return false;
}

/* Where one is not explicit nothing is evaluated, as in TLC: the explicit one then comes first. */
tla_value tla_cup(struct tla_heap *heap, tla_value a, tla_value b)
{
	bool is_finite = tla_is_finite(a);

	if (!are_sets(heap, "take the union of", a, b))
		return TLA_NONE;
	if (is_finite && tla_is_finite(b) && a != tla_set_empty())
		return merge_sets(heap, a, b, KEEP_LEFT | KEEP_BOTH | KEEP_RIGHT);
	if (a == tla_set_empty() || (!is_finite && b == tla_set_empty()))
		return is_finite ? b : a;
	if (!is_finite && tla_is_finite(b))
		return unevaluated(heap, TLA_CUP, 0, (tla_value[]){ b, a }, 2);
	return unevaluated(heap, TLA_CUP, 0, (tla_value[]){ a, b }, 2);
}

/* The elements of a finite set that are, or are not, in one that cannot be gone through. */
static tla_value select_members(struct tla_heap *heap, tla_value from, tla_value set, int wanted)
{
	const struct tla_obj *obj = tla_obj(from);
	tla_value *items = tla_alloc(heap, tla_set_count(obj) * sizeof *items);
	size_t kept = 0;

	for (uint64_t i = 0; items && i < tla_set_count(obj); i++) {
		int is_member = tla_member(heap, tla_set_at(obj, i), set);

		if (is_member < 0)
			return TLA_NONE;
		if (is_member == wanted)
			items[kept++] = tla_set_at(obj, i);
	}
	return items ? tla_set_sorted(heap, items, kept) : TLA_NONE;
}

tla_value tla_cap(struct tla_heap *heap, tla_value a, tla_value b)
{
	if (!are_sets(heap, "take the intersection of", a, b))
		return TLA_NONE;
	if (tla_is_finite(a) && tla_is_finite(b))
		return merge_sets(heap, a, b, KEEP_BOTH);
	if (tla_is_finite(a))
		return select_members(heap, a, b, 1);
	if (tla_is_finite(b))
		return select_members(heap, b, a, 1);
	return unevaluated(heap, TLA_CAP, 0, (tla_value[]){ a, b }, 2);
}

tla_value tla_diff(struct tla_heap *heap, tla_value a, tla_value b)
{
	if (!are_sets(heap, "take the difference of", a, b))
		return TLA_NONE;
	if (tla_is_finite(a) && tla_is_finite(b))
		return merge_sets(heap, a, b, KEEP_LEFT);
	if (tla_is_finite(a))
		return select_members(heap, a, b, 0);
	return unevaluated(heap, TLA_DIFF, 0, (tla_value[]){ a, b }, 2);
}

/* All elements of all these explicit sets, one set after the other. */
static tla_value *gather(struct tla_heap *heap, const tla_value *sets, size_t set_count,
			 size_t *ret_count)
{
	size_t count = 0, k = 0;
	tla_value *items;

	for (size_t i = 0; i < set_count; i++)
		count += tla_set_count(tla_obj(sets[i]));
	items = tla_alloc(heap, count * sizeof *items);
	for (size_t i = 0; items && i < set_count; i++)
		for (uint64_t j = 0; j < tla_set_count(tla_obj(sets[i])); j++)
			items[k++] = tla_set_at(tla_obj(sets[i]), j);
	*ret_count = count;
	return items;
}

tla_value tla_union(struct tla_heap *heap, tla_value sets)
{
	tla_value all = tla_explicit(heap, sets), *each, *items;
	size_t count, set_count;

	if (!all || !tla_is_finite(all))
		return not_a_set(heap, "apply UNION to", sets);
	set_count = tla_set_count(tla_obj(all));
	each = tla_alloc(heap, set_count * sizeof *each);
	for (size_t i = 0; each && i < set_count; i++) {
		each[i] = tla_set_at(tla_obj(all), i);
		if (!tla_is_set(each[i]))
			return not_a_set(heap, "apply UNION to a set with elements that are",
					 each[i]);
		/* Infinite ones are left: a union with Nat is for membership only. */
		if (!tla_is_enumerable(each[i]))
			return set_count == 1 ? each[i]
					      : tla_fail(heap, "TLC cannot take the UNION of a set "
							       "with infinite elements.");
		each[i] = tla_explicit(heap, each[i]);
		if (!each[i])
			return TLA_NONE;
	}
	items = each ? gather(heap, each, set_count, &count) : NULL;
	return items ? tla_set_new(heap, items, count) : TLA_NONE;
}
