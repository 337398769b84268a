/* SPDX-License-Identifier: MIT */
/*
 * Going through sets, unevaluated ones included, and making them explicit.
 *
 * Invariant: elements come in the order in which TLC enumerates them, on which depends which state
 * is found first. An unevaluated set is an odometer: each place counts through one factor, the last
 * place turns fastest; for SUBSET the places are ascending positions of the elements chosen, small
 * subsets first. Unions and the like go through their operands and ask for membership.
 */
#include "fcn.h"
#include "order.h"
#include "print.h"
#include "set.h"

#include <string.h>

static int cannot_enumerate(struct tla_heap *heap, tla_value set)
{
	char text[TLA_BRIEF_BYTES];

	tla_fail(heap,
		 tla_is_set(set) ? "Attempted to enumerate the elements of the infinite set:\n%s"
				 : "Attempted to enumerate the elements of a value that is not a "
				   "set:\n%s",
		 tla_brief(heap, set, text));
	return -1;
}

static uint32_t place_count(const struct tla_obj *set)
{
	switch ((enum tla_kind)set->kind) {
	case TLA_SUBSET:
		return 0;
	case TLA_FCNS:
		return (uint32_t)tla_set_count(tla_obj(set->items[0]));
	default:
		return set->count;
	}
}

static tla_value explicit_part(struct tla_heap *heap, tla_value part)
{
	part = tla_explicit(heap, part);
	if (part && !tla_is_finite(part))
		cannot_enumerate(heap, part);
	return part && tla_is_finite(part) ? part : TLA_NONE;
}

static tla_value *with_room(struct tla_heap *heap, tla_value *items, size_t count);

/* The elements of a set as they are gone through: a SET that is not in normal form where that is
 * not ascending. For this file only. */
static tla_value listed(struct tla_heap *heap, tla_value set)
{
	struct tla_obj *list;
	tla_value *items = NULL, v;
	struct tla_iter iter;
	uint32_t count = 0;
	int step;

	if (tla_is_enumerable(set) && tla_is_ascending(set))
		return explicit_part(heap, set);
	if (tla_iter_init(heap, &iter, set))
		return TLA_NONE;
	while ((step = tla_iter_next(heap, &iter, &v)) == 1) {
		items = with_room(heap, items, count);
		if (!items)
			return TLA_NONE;
		items[count++] = v;
	}
	list = step == 0 ? tla_obj_new(heap, TLA_SET, count, count) : NULL;
	if (!list)
		return TLA_NONE;
	if (count > 0)
		memcpy(list->items, items, count * sizeof *items);
	return tla_of(list);
}

/* A copy of the set whose parts are explicit, so that they can be indexed. */
static struct tla_obj *with_explicit_parts(struct tla_heap *heap, const struct tla_obj *set)
{
	uint32_t first = set->kind == TLA_RCDS, part_count = first + set->count;
	struct tla_obj *copy;

	if (set->kind == TLA_SUBSET || set->kind == TLA_FCNS)
		part_count = set->kind == TLA_SUBSET ? 1 : 2;
	copy = tla_obj_new(heap, (enum tla_kind)set->kind, set->count, part_count);
	if (!copy)
		return NULL;
	for (uint32_t i = 0; i < part_count; i++) {
		bool is_sorted = i < first || set->kind == TLA_SUBSET ||
				 (set->kind == TLA_FCNS && i == 0);

		copy->items[i] = is_sorted ? explicit_part(heap, set->items[i])
					   : listed(heap, set->items[i]);
		if (!copy->items[i])
			return NULL;
	}
	return copy;
}

/* The set that place i of the odometer goes through. */
static const struct tla_obj *factor_of(const struct tla_obj *set, uint32_t i)
{
	switch ((enum tla_kind)set->kind) {
	case TLA_FCNS:
		return tla_obj(set->items[1]);
	case TLA_RCDS:
		return tla_obj(set->items[i + 1]);
	default:
		return tla_obj(set->items[i]);
	}
}

static int odometer_init(struct tla_heap *heap, struct tla_iter *iter, const struct tla_obj *set)
{
	struct tla_obj *own = with_explicit_parts(heap, set);
	uint64_t room;

	if (!own)
		return -1;
	iter->set = own;
	iter->place_count = place_count(own);
	room = own->kind == TLA_SUBSET ? tla_set_count(tla_obj(own->items[0])) : iter->place_count;
	if (room > TLA_EXPLICIT_COUNT_MAX)
		return cannot_enumerate(heap, tla_of(own));
	iter->places = tla_alloc(heap, (room + 1) / 2 * 8);
	if (!iter->places)
		return -1;
	memset(iter->places, 0, room * sizeof *iter->places);
	return 0;
}

/* Of CUP both operands; of CAP the first that can be gone through; of the others the first. */
static int parts_init(struct tla_heap *heap, struct tla_iter *iter, const struct tla_obj *set)
{
	uint32_t count = set->kind == TLA_CUP ? 2 : 1;
	uint32_t first = set->kind == TLA_CAP && !tla_is_enumerable(set->items[0]);

	iter->set = set;
	iter->part_idx = first;
	iter->parts = tla_alloc(heap, 2 * sizeof *iter->parts);
	if (!iter->parts)
		return -1;
	for (uint32_t i = first; i < first + count; i++)
		if (tla_iter_init(heap, &iter->parts[i], set->items[i]))
			return -1;
	return 0;
}

int tla_iter_init(struct tla_heap *heap, struct tla_iter *iter, tla_value set)
{
	*iter = (struct tla_iter){ 0 };
	if (!tla_is_enumerable(set))
		return cannot_enumerate(heap, set);
	switch ((enum tla_kind)tla_obj(set)->kind) {
	case TLA_CUP:
	case TLA_CAP:
	case TLA_DIFF:
	case TLA_PRED:
		return parts_init(heap, iter, tla_obj(set));
	case TLA_SUBSET:
	case TLA_FCNS:
	case TLA_RCDS:
	case TLA_CROSS:
		return odometer_init(heap, iter, tla_obj(set));
	default:
		break;
	}
	iter->set = tla_obj(set);
	return 0;
}

/* Turn the odometer by one; false: it went round. */
static bool turn(struct tla_iter *iter)
{
	for (uint32_t i = iter->place_count; i-- > 0;) {
		if (++iter->places[i] < tla_set_count(factor_of(iter->set, i)))
			return true;
		iter->places[i] = 0;
	}
	return false;
}

/* The next choice of place_count out of n positions; then of one more; false: all were had. */
static bool turn_subset(struct tla_iter *iter)
{
	uint64_t n = tla_set_count(tla_obj(iter->set->items[0]));
	uint32_t k = iter->place_count, i = k;

	while (i-- > 0) {
		if (iter->places[i] >= n - k + i)
			continue;
		iter->places[i]++;
		for (uint32_t j = i + 1; j < k; j++)
			iter->places[j] = iter->places[j - 1] + 1;
		return true;
	}
	if (k == n)
		return false;
	iter->place_count = k + 1;
	for (uint32_t j = 0; j <= k; j++)
		iter->places[j] = j;
	return true;
}

static bool has_empty_factor(const struct tla_iter *iter)
{
	for (uint32_t i = 0; i < iter->place_count; i++)
		if (tla_set_count(factor_of(iter->set, i)) == 0)
			return true;
	return false;
}

/* What the odometer shows. */
static tla_value shown(struct tla_heap *heap, const struct tla_iter *iter)
{
	const struct tla_obj *set = iter->set;
	tla_value *items = tla_alloc(heap, ((size_t)iter->place_count + !iter->place_count) * 8);

	if (!items)
		return TLA_NONE;
	for (uint32_t i = 0; i < iter->place_count; i++)
		items[i] = tla_set_at(set->kind == TLA_SUBSET ? tla_obj(set->items[0])
							      : factor_of(set, i),
				      iter->places[i]);
	if (set->kind == TLA_SUBSET)
		return tla_set_sorted(heap, items, iter->place_count);
	if (set->kind == TLA_CROSS)
		return tla_tuple(heap, items, iter->place_count);
	return tla_fcn(heap, set->items[0], items);
}

/* Whether an element of the operand that is gone through is in the set: 1, 0, -1. */
static int is_taken(struct tla_heap *heap, const struct tla_iter *iter, tla_value v)
{
	const struct tla_obj *set = iter->set;
	int is_member;

	switch ((enum tla_kind)set->kind) {
	case TLA_CAP:
		return tla_member(heap, v, set->items[!iter->part_idx]);
	case TLA_DIFF:
		is_member = tla_member(heap, v, set->items[1]);
		return is_member < 0 ? -1 : !is_member;
	case TLA_PRED:
		return heap->hooks.holds(heap->hooks.eval, tla_of(set), v);
	default:
		return 1;
	}
}

static int next_of_parts(struct tla_heap *heap, struct tla_iter *iter, tla_value *ret_v)
{
	for (;;) {
		struct tla_iter *part = &iter->parts[iter->part_idx];
		struct tla_mark mark = tla_heap_mark(heap);
		int step = tla_iter_next(heap, part, ret_v);

		if (step == 0 && iter->set->kind == TLA_CUP && iter->part_idx == 0) {
			iter->part_idx = 1;
			continue;
		}
		if (step != 1)
			return step;
		step = is_taken(heap, iter, *ret_v);
		iter->next += step == 1;
		if (step != 0)
			return step;
		/* The predicate left nothing behind. */
		if (iter->set->kind == TLA_PRED && !part->parts)
			tla_heap_cut(heap, mark);
	}
}

int tla_iter_next(struct tla_heap *heap, struct tla_iter *iter, tla_value *ret_v)
{
	if (iter->parts)
		return next_of_parts(heap, iter, ret_v);
	if (iter->set->kind <= TLA_INTERVAL) {
		if (iter->next == tla_set_count(iter->set))
			return 0;
		*ret_v = tla_set_at(iter->set, iter->next++);
		return 1;
	}
	if (iter->next == 0) {
		if (iter->set->kind != TLA_SUBSET && has_empty_factor(iter))
			return 0;
	} else if (!(iter->set->kind == TLA_SUBSET ? turn_subset(iter) : turn(iter))) {
		return 0;
	}
	iter->next++;
	*ret_v = shown(heap, iter);
	return *ret_v ? 1 : -1;
}

static void rewind_parts(struct tla_iter *iter)
{
	if (iter->set->kind == TLA_CUP) {
		iter->part_idx = 0;
		tla_iter_rewind(&iter->parts[1]);
	}
	tla_iter_rewind(&iter->parts[iter->part_idx]);
}

void tla_iter_rewind(struct tla_iter *iter)
{
	iter->next = 0;
	if (iter->parts) {
		rewind_parts(iter);
		return;
	}
	if (iter->set->kind == TLA_SUBSET)
		iter->place_count = 0;
	for (uint32_t i = 0; i < iter->place_count; i++)
		iter->places[i] = 0;
}

static int64_t power(int64_t base, uint64_t exponent)
{
	int64_t product = 1;

	for (uint64_t i = 0; i < exponent && product; i++)
		if (__builtin_mul_overflow(product, base, &product))
			return INT64_MAX;
	return product;
}

static int64_t product(struct tla_heap *heap, const tla_value *sets, uint32_t count)
{
	int64_t all = 1;

	for (uint32_t i = 0; i < count; i++) {
		int64_t one = tla_cardinality(heap, sets[i]);

		if (one < 0)
			return -1;
		if (__builtin_mul_overflow(all, one, &all))
			return INT64_MAX;
	}
	return all;
}

static int64_t cardinality_of_fcns(struct tla_heap *heap, const struct tla_obj *set)
{
	int64_t from = tla_cardinality(heap, set->items[0]);
	int64_t to = from < 0 ? -1 : tla_cardinality(heap, set->items[1]);

	return to < 0 ? -1 : power(to, (uint64_t)from);
}

/* Of an unevaluated set that has to be made explicit to be counted. */
static int64_t count_explicit(struct tla_heap *heap, tla_value set)
{
	set = tla_explicit(heap, set);
	return set ? (int64_t)tla_set_count(tla_obj(set)) : -1;
}

int64_t tla_cardinality(struct tla_heap *heap, tla_value set)
{
	const struct tla_obj *obj = tla_obj(set);
	int64_t count;

	if (!tla_is_enumerable(set))
		return cannot_enumerate(heap, set);
	switch ((enum tla_kind)obj->kind) {
	case TLA_SET:
	case TLA_INTERVAL:
		return (int64_t)tla_set_count(obj);
	case TLA_SUBSET:
		count = tla_cardinality(heap, obj->items[0]);
		return count < 0 ? -1 : count > 62 ? INT64_MAX : (int64_t)1 << count;
	case TLA_FCNS:
		return cardinality_of_fcns(heap, obj);
	case TLA_RCDS:
		return product(heap, obj->items + 1, obj->count);
	case TLA_CROSS:
		return product(heap, obj->items, obj->count);
	default:
		return count_explicit(heap, set);
	}
}

/* The elements of an odometer come in order: nothing to sort. */
static tla_value explicit_odometer(struct tla_heap *heap, tla_value set)
{
	int64_t count = tla_cardinality(heap, set), k = 0;
	char text[TLA_BRIEF_BYTES];
	struct tla_iter iter;
	tla_value *items;
	int step;

	if (count > TLA_EXPLICIT_COUNT_MAX)
		return tla_fail(heap,
				"Attempted to construct a set with too many elements (>%d):\n%s",
				TLA_EXPLICIT_COUNT_MAX, tla_brief(heap, set, text));
	if (count < 0 || tla_iter_init(heap, &iter, set))
		return TLA_NONE;
	items = tla_alloc(heap, (size_t)count * sizeof *items);
	if (!items)
		return TLA_NONE;
	while ((step = tla_iter_next(heap, &iter, &items[k])) == 1)
		k++;
	return step < 0 ? TLA_NONE : tla_set_new(heap, items, (size_t)k);
}

/* Room for one more item: the array, moved where it was full. NULL: failed. */
static tla_value *with_room(struct tla_heap *heap, tla_value *items, size_t count)
{
	tla_value *larger;

	if (count < 16 ? count > 0 : (count & (count - 1)) != 0)
		return items;
	larger = tla_alloc(heap, (count < 16 ? 16 : 2 * count) * sizeof *larger);
	if (larger && count > 0)
		memcpy(larger, items, count * sizeof *larger);
	return larger;
}

/* {x \in S : P} where S can be gone through after all. */
static tla_value explicit_pred(struct tla_heap *heap, tla_value pred)
{
	tla_value *items = NULL, v;
	struct tla_iter iter;
	size_t kept = 0;
	int step;

	if (tla_iter_init(heap, &iter, tla_obj(pred)->items[0]))
		return TLA_NONE;
	while ((step = tla_iter_next(heap, &iter, &v)) == 1) {
		int holds = heap->hooks.holds(heap->hooks.eval, pred, v);

		if (holds < 0)
			return TLA_NONE;
		if (!holds)
			continue;
		items = with_room(heap, items, kept);
		if (!items)
			return TLA_NONE;
		items[kept++] = v;
	}
	return step == 0 ? tla_set_new(heap, items, kept) : TLA_NONE;
}

/* A union, intersection or difference of operands that are made explicit. */
static tla_value explicit_pair(struct tla_heap *heap, const struct tla_obj *pair)
{
	tla_value a = pair->items[0], b = pair->items[1];

	if (tla_is_enumerable(a))
		a = tla_explicit(heap, a);
	if (a && (pair->kind == TLA_CUP || (pair->kind == TLA_CAP && !tla_is_finite(a))))
		b = tla_explicit(heap, b);
	if (!a || !b)
		return TLA_NONE;
	if (pair->kind == TLA_CUP)
		return tla_cup(heap, a, b);
	return pair->kind == TLA_CAP ? tla_cap(heap, a, b) : tla_diff(heap, a, b);
}

static tla_value explicit_lambda(struct tla_heap *heap, tla_value lambda)
{
	tla_value domain = tla_explicit(heap, tla_obj(lambda)->items[0]), *values;
	uint64_t count;

	if (!domain)
		return TLA_NONE;
	if (!tla_is_finite(domain)) {
		cannot_enumerate(heap, domain);
		return TLA_NONE;
	}
	count = tla_set_count(tla_obj(domain));
	values = tla_alloc(heap, count * sizeof *values);
	for (uint64_t i = 0; values && i < count; i++) {
		values[i] = heap->hooks.apply(heap->hooks.eval, lambda,
					      tla_set_at(tla_obj(domain), i));
		if (!values[i])
			return TLA_NONE;
	}
	return values ? tla_fcn(heap, domain, values) : TLA_NONE;
}

tla_value tla_explicit(struct tla_heap *heap, tla_value v)
{
	const struct tla_obj *obj = tla_obj(v);

	if (!tla_is_object(v) || obj->kind <= TLA_FCN)
		return v;
	switch ((enum tla_kind)obj->kind) {
	case TLA_CUP:
	case TLA_CAP:
	case TLA_DIFF:
		return tla_is_enumerable(v) ? explicit_pair(heap, obj) : v;
	case TLA_PRED:
		return tla_is_enumerable(v) ? explicit_pred(heap, v) : v;
	case TLA_LAMBDA:
		return explicit_lambda(heap, v);
	default:
		return tla_is_enumerable(v) ? explicit_odometer(heap, v) : v;
	}
}

/* A copy of a tuple or function with nothing unevaluated inside. */
static tla_value plain_fcn(struct tla_heap *heap, const struct tla_obj *fcn)
{
	tla_value *values = tla_alloc(heap, fcn->count * sizeof *values);

	for (uint32_t i = 0; values && i < fcn->count; i++) {
		values[i] = tla_plain(heap, tla_fcn_values(fcn)[i]);
		if (!values[i])
			return TLA_NONE;
	}
	if (!values)
		return TLA_NONE;
	return fcn->kind == TLA_TUPLE ? tla_tuple(heap, values, fcn->count)
				      : tla_fcn(heap, fcn->items[0], values);
}

tla_value tla_plain(struct tla_heap *heap, tla_value v)
{
	if (tla_is_plain(v))
		return v;
	v = tla_explicit(heap, v);
	if (!v || tla_is_plain(v) || tla_obj(v)->kind > TLA_FCN)
		return v;
	return plain_fcn(heap, tla_obj(v));
}
