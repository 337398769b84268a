/* SPDX-License-Identifier: MIT */
/*
 * Membership and inclusion. Invariant: no set is made explicit to be asked for one element, but for
 * the element itself where it has to be compared.
 */
#include "fcn.h"
#include "order.h"
#include "print.h"
#include "set.h"

static int not_comparable(struct tla_heap *heap, tla_value v, tla_value set)
{
	char x[TLA_BRIEF_BYTES], y[TLA_BRIEF_BYTES];

	tla_fail(heap, "Attempted to check if the value:\n%s\nis an element of:\n%s",
		 tla_brief(heap, v, x), tla_brief(heap, set, y));
	return -1;
}

/* The answer for a value of the wrong kind: a model value is in no set of others. */
static int wrong_kind(struct tla_heap *heap, tla_value v, tla_value set)
{
	return tla_tag(v) == TLA_MODEL ? 0 : not_comparable(heap, v, set);
}

/* Not found: an error where TLC could not have compared v with the elements. */
static int not_found(struct tla_heap *heap, tla_value v, const struct tla_obj *set)
{
	tla_value last = set->items[set->count - 1];

	/* Model values come first in a set and can be compared with everything. */
	if (tla_tag(last) == TLA_MODEL || tla_tag(v) == TLA_MODEL)
		return tla_tag(v) == TLA_MODEL ? (tla_equal(heap, v, last) < 0 ? -1 : 0) : 0;
	if (tla_tag(v) == tla_tag(last) && tla_is_set(v) == tla_is_set(last))
		return 0;
	return tla_equal(heap, v, last) < 0 ? -1 : 0;
}

static int member_of_set(struct tla_heap *heap, tla_value v, const struct tla_obj *set)
{
	uint32_t lo = 0, hi = set->count;

	v = tla_plain(heap, v);
	if (!v)
		return -1;
	while (lo < hi) {
		uint32_t middle = lo + (hi - lo) / 2;
		int order = tla_compare(v, set->items[middle]);

		if (order == 0)
			return 1;
		if (order < 0)
			hi = middle;
		else
			lo = middle + 1;
	}
	return set->count == 0 ? 0 : not_found(heap, v, set);
}

static int member_of_fcns(struct tla_heap *heap, tla_value v, tla_value fcns)
{
	const struct tla_obj *set = tla_obj(fcns), *fcn;
	int is_member;

	if (!tla_is_fcn(v))
		return wrong_kind(heap, v, fcns);
	v = tla_explicit(heap, v);
	if (!v)
		return -1;
	is_member = tla_equal(heap, tla_domain(heap, v), set->items[0]);
	fcn = tla_obj(v);
	for (uint32_t i = 0; is_member == 1 && i < fcn->count; i++)
		is_member = tla_member(heap, tla_fcn_values(fcn)[i], set->items[1]);
	return is_member;
}

static int member_of_rcds(struct tla_heap *heap, tla_value v, tla_value rcds)
{
	const struct tla_obj *set = tla_obj(rcds);
	int is_member = 1;

	if (!tla_is_fcn(v))
		return wrong_kind(heap, v, rcds);
	v = tla_explicit(heap, v);
	if (!v)
		return -1;
	if (!tla_is_record(v))
		return 0;
	if (tla_obj(v)->items[0] != set->items[0])
		is_member = tla_equal(heap, tla_obj(v)->items[0], set->items[0]);
	for (uint32_t i = 0; is_member == 1 && i < set->count; i++)
		is_member = tla_member(heap, tla_fcn_values(tla_obj(v))[i], set->items[i + 1]);
	return is_member;
}

static int member_of_cross(struct tla_heap *heap, tla_value v, tla_value cross)
{
	const struct tla_obj *set = tla_obj(cross), *tuple = tla_as_sequence(heap, v);
	int is_member;

	if (!tuple)
		return wrong_kind(heap, v, cross);
	is_member = tuple->count == set->count;
	for (uint32_t i = 0; is_member == 1 && i < set->count; i++)
		is_member = tla_member(heap, tuple->items[i], set->items[i]);
	return is_member;
}

static int member_of_seqs(struct tla_heap *heap, tla_value v, tla_value seqs)
{
	const struct tla_obj *tuple = tla_as_sequence(heap, v);
	int is_member = 1;

	if (!tuple)
		return tla_is_fcn(v) ? 0 : wrong_kind(heap, v, seqs);
	for (uint32_t i = 0; is_member == 1 && i < tuple->count; i++)
		is_member = tla_member(heap, tuple->items[i], tla_obj(seqs)->items[0]);
	return is_member;
}

static int member_of_pair(struct tla_heap *heap, tla_value v, const struct tla_obj *pair)
{
	int in_first = tla_member(heap, v, pair->items[0]);
	int in_second;

	if (in_first < 0 || (pair->kind == TLA_CUP ? in_first : !in_first))
		return in_first;
	in_second = tla_member(heap, v, pair->items[1]);
	return pair->kind == TLA_DIFF && in_second >= 0 ? !in_second : in_second;
}

static int member_of_pred(struct tla_heap *heap, tla_value v, tla_value pred)
{
	int is_member = tla_member(heap, v, tla_obj(pred)->items[0]);

	return is_member == 1 ? heap->hooks.holds(heap->hooks.eval, pred, v) : is_member;
}

static int member_of_infinite(struct tla_heap *heap, tla_value v, tla_value set)
{
	enum tla_infinite which = (enum tla_infinite)tla_id_of(set);

	if (which == TLA_ANY)
		return 1;
	if (which == TLA_STRINGS ? !tla_is_string(v) : !tla_is_int(v))
		return wrong_kind(heap, v, set);
	if (which == TLA_STRINGS)
		return 1;
	return which != TLA_NAT || tla_int_of(v) >= 0;
}

static int member_of_interval(struct tla_heap *heap, tla_value v, tla_value set)
{
	if (!tla_is_int(v))
		return wrong_kind(heap, v, set);
	return tla_int_of(v) >= tla_int_of(tla_obj(set)->items[0]) &&
	       tla_int_of(v) <= tla_int_of(tla_obj(set)->items[1]);
}

int tla_member(struct tla_heap *heap, tla_value v, tla_value set)
{
	if (tla_tag(set) == TLA_INFINITE)
		return member_of_infinite(heap, v, set);
	if (!tla_is_set(set))
		return not_comparable(heap, v, set);
	switch ((enum tla_kind)tla_obj(set)->kind) {
	case TLA_SET:
		return member_of_set(heap, v, tla_obj(set));
	case TLA_INTERVAL:
		return member_of_interval(heap, v, set);
	case TLA_SUBSET:
		return tla_is_set(v) ? tla_is_subset(heap, v, tla_obj(set)->items[0])
				     : wrong_kind(heap, v, set);
	case TLA_FCNS:
		return member_of_fcns(heap, v, set);
	case TLA_RCDS:
		return member_of_rcds(heap, v, set);
	case TLA_CROSS:
		return member_of_cross(heap, v, set);
	case TLA_SEQS:
		return member_of_seqs(heap, v, set);
	case TLA_PRED:
		return member_of_pred(heap, v, set);
	default:
		return member_of_pair(heap, v, tla_obj(set));
	}
}

/* Two sorted arrays in one pass. */
static int is_subset_sorted(const struct tla_obj *a, const struct tla_obj *b)
{
	uint32_t j = 0;

	for (uint32_t i = 0; i < a->count; i++, j++) {
		int order = 1;

		while (j < b->count && (order = tla_compare(a->items[i], b->items[j])) > 0)
			j++;
		if (order != 0)
			return 0;
	}
	return 1;
}

int tla_is_subset(struct tla_heap *heap, tla_value a, tla_value b)
{
	struct tla_iter iter;
	tla_value v;
	int step, is_member = 1;

	if (a == b)
		return 1;
	if (tla_is_kind(a, TLA_SUBSET) && tla_is_kind(b, TLA_SUBSET))
		return tla_is_subset(heap, tla_obj(a)->items[0], tla_obj(b)->items[0]);
	if (tla_is_kind(a, TLA_SET) && tla_is_kind(b, TLA_SET) && tla_obj(a)->count > 0 &&
	    tla_obj(b)->count > 0 && is_subset_sorted(tla_obj(a), tla_obj(b)))
		return 1; /* else look again, element by element: comparing may be an error */
	if (tla_iter_init(heap, &iter, a))
		return -1;
	while (is_member == 1 && (step = tla_iter_next(heap, &iter, &v)) != 0)
		is_member = step < 0 ? -1 : tla_member(heap, v, b);
	return is_member;
}
