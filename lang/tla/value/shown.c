/* SPDX-License-Identifier: MIT */
/*
 * What TLC shows of sets and functions that are not evaluated: small ones with their elements,
 * large ones as they are.
 *
 * Invariant: what is returned equals what was given.
 */
#include "fcn.h"
#include "print.h"
#include "set.h"

enum {
	SUBSET_COUNT_MAX = 6,  /* of the set that SUBSET is of */
	OTHER_COUNT_MAX = 1999 /* elements */
};

/* -1: the heap has failed. */
static int is_small(struct tla_heap *heap, tla_value set)
{
	bool is_subset = tla_obj(set)->kind == TLA_SUBSET;
	int64_t count = tla_cardinality(heap, is_subset ? tla_obj(set)->items[0] : set);

	return count < 0 ? -1 : count <= (is_subset ? SUBSET_COUNT_MAX : OTHER_COUNT_MAX);
}

/* The same with its items, from `first` on, as they are shown. */
static tla_value show_items(struct tla_heap *heap, tla_value v, uint32_t first, uint32_t count)
{
	const struct tla_obj *obj = tla_obj(v);
	struct tla_obj *copy = tla_obj_new(heap, (enum tla_kind)obj->kind, obj->count,
					   first + count);

	for (uint32_t i = 0; copy && i < first + count; i++) {
		copy->items[i] = i < first ? obj->items[i] : tla_shown(heap, obj->items[i]);
		if (!copy->items[i])
			return TLA_NONE;
	}
	return copy ? tla_of(copy) : TLA_NONE;
}

/* SUBSET S, [S -> T], [a: S], S \X T. */
static tla_value show_product(struct tla_heap *heap, tla_value set)
{
	const struct tla_obj *obj = tla_obj(set);
	int small = is_small(heap, set);

	if (small)
		return small < 0 ? TLA_NONE : tla_explicit(heap, set);
	if (obj->kind == TLA_RCDS)
		return show_items(heap, set, 1, obj->count);
	return show_items(heap, set, 0,
			  obj->kind == TLA_CROSS  ? obj->count
			  : obj->kind == TLA_FCNS ? 2
						  : 1);
}

/* As it is where it cannot be evaluated. */
static tla_value show_lambda(struct tla_heap *heap, tla_value lambda)
{
	tla_value fcn;

	if (!tla_is_enumerable(tla_obj(lambda)->items[0]))
		return lambda;
	fcn = tla_explicit(heap, lambda);
	if (!fcn) {
		tla_heap_clear(heap);
		return lambda;
	}
	return tla_shown(heap, fcn);
}

static tla_value show_object(struct tla_heap *heap, tla_value v)
{
	const struct tla_obj *obj = tla_obj(v);

	switch ((enum tla_kind)obj->kind) {
	case TLA_TUPLE:
		return show_items(heap, v, 0, obj->count);
	case TLA_FCN:
		return show_items(heap, v, 1, obj->count);
	case TLA_SUBSET:
	case TLA_FCNS:
	case TLA_RCDS:
	case TLA_CROSS:
		return show_product(heap, v);
	case TLA_CUP:
	case TLA_CAP:
	case TLA_DIFF:
	case TLA_PRED:
		if (tla_is_enumerable(v))
			return tla_enumerated(heap, tla_explicit(heap, v));
		(void)tla_cardinality(heap, v); /* which says that it cannot be */
		return TLA_NONE;
	case TLA_LAMBDA:
		return show_lambda(heap, v);
	default:
		return v;
	}
}

tla_value tla_shown(struct tla_heap *heap, tla_value v)
{
	return tla_is_plain(v) ? v : show_object(heap, v);
}
