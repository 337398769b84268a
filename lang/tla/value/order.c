/* SPDX-License-Identifier: MIT */
/*
 * Order, equality and hash. Invariant: on normal forms compare() is 0 exactly when equal() is 1,
 * and then the hashes agree.
 */
#include "order.h"

#include "print.h"
#include "set.h"

#include <string.h>

/* Values that TLC compares with each other have one rank; model values go with everything. */
enum rank { RANK_MODEL, RANK_BOOL, RANK_INT, RANK_STRING, RANK_SET, RANK_FCN };

static enum rank rank_of(tla_value v)
{
	switch (tla_tag(v)) {
	case TLA_INT:
		return RANK_INT;
	case TLA_STRING:
		return RANK_STRING;
	case TLA_BOOL:
		return RANK_BOOL;
	case TLA_MODEL:
		return RANK_MODEL;
	default:
		return tla_is_set(v) ? RANK_SET : RANK_FCN;
	}
}

static int compare_words(tla_value a, tla_value b)
{
	return (a > b) - (a < b);
}

static int compare_sets(const struct tla_obj *a, const struct tla_obj *b)
{
	int order = compare_words(tla_set_count(a), tla_set_count(b));

	if (!order && a->kind == TLA_INTERVAL && b->kind == TLA_INTERVAL)
		return tla_compare(a->items[0], b->items[0]);
	for (uint64_t i = 0; !order && i < tla_set_count(a); i++)
		order = tla_compare(tla_set_at(a, i), tla_set_at(b, i));
	return order;
}

static bool same_domain(const struct tla_obj *a, const struct tla_obj *b)
{
	return a->kind == b->kind && (a->kind == TLA_TUPLE || a->items[0] == b->items[0]);
}

/* The domains first, then the values. */
static int compare_fcns(const struct tla_obj *a, const struct tla_obj *b)
{
	const tla_value *x = tla_fcn_values(a), *y = tla_fcn_values(b);
	int order = compare_words(a->count, b->count);

	if (!same_domain(a, b))
		for (uint32_t i = 0; !order && i < a->count; i++)
			order = tla_compare(tla_fcn_domain_at(a, i), tla_fcn_domain_at(b, i));
	for (uint32_t i = 0; !order && i < a->count; i++)
		order = tla_compare(x[i], y[i]);
	return order;
}

/* Items that are values. A closure, which is not one, comes last in its object. */
static uint32_t value_count(const struct tla_obj *obj)
{
	switch (obj->kind) {
	case TLA_SUBSET:
	case TLA_SEQS:
	case TLA_PRED:
	case TLA_LAMBDA:
		return 1;
	case TLA_RCDS:
		return obj->count + 1;
	case TLA_CROSS:
		return obj->count;
	default:
		return 2;
	}
}

static bool has_closure(const struct tla_obj *obj)
{
	return obj->kind == TLA_PRED || obj->kind == TLA_LAMBDA;
}

/* Unevaluated ones have no order of their contents: any that keeps the same ones together will do.
 */
static int compare_unevaluated(const struct tla_obj *a, const struct tla_obj *b)
{
	int order = (a->kind > b->kind) - (a->kind < b->kind);

	if (!order)
		order = compare_words(value_count(a), value_count(b));
	if (!order && has_closure(a))
		order = compare_words(a->items[1], b->items[1]);
	for (uint32_t i = 0; !order && i < value_count(a); i++)
		order = tla_compare(a->items[i], b->items[i]);
	return order;
}

int tla_compare_slow(tla_value a, tla_value b)
{
	const struct tla_obj *x = tla_obj(a), *y = tla_obj(b);
	int order = (int)rank_of(a) - (int)rank_of(b);

	if (order || a == b)
		return order;
	if (!tla_is_object(a) || !tla_is_object(b)) /* infinite sets before all others */
		return tla_is_object(a) == tla_is_object(b) ? compare_words(a, b)
							    : tla_is_object(a) - tla_is_object(b);
	if (x->kind <= TLA_INTERVAL && y->kind <= TLA_INTERVAL)
		return compare_sets(x, y);
	if (x->kind == TLA_TUPLE || x->kind == TLA_FCN)
		if (y->kind == TLA_TUPLE || y->kind == TLA_FCN)
			return compare_fcns(x, y);
	return compare_unevaluated(x, y);
}

static int unequal_kinds(struct tla_heap *heap, tla_value a, tla_value b)
{
	char x[TLA_BRIEF_BYTES], y[TLA_BRIEF_BYTES];

	tla_fail(heap, "Attempted to check equality of %s with:\n%s", tla_brief(heap, a, x),
		 tla_brief(heap, b, y));
	return -1;
}

/* The type of a model value: the letter before `_`, or 0. A heap without names looks at none: what
 * it holds was looked at where it was made. */
static char model_type(const struct tla_heap *heap, tla_value v)
{
	const char *text = heap->hooks.model_text
				   ? heap->hooks.model_text(heap->hooks.names, tla_id_of(v))
				   : "";

	return text[0] && text[1] == '_' && text[2] ? text[0] : '\0';
}

static int unequal_types(struct tla_heap *heap, const char *what, tla_value a, tla_value b)
{
	const struct tla_hooks *hooks = &heap->hooks;

	tla_fail(heap, "Attempted to %s the differently-typed model values %s and %s", what,
		 hooks->model_text(hooks->names, tla_id_of(a)),
		 hooks->model_text(hooks->names, tla_id_of(b)));
	return -1;
}

/* One of them is a model value, and they are not the same. */
static int equal_models(struct tla_heap *heap, tla_value a, tla_value b)
{
	tla_value other = tla_tag(a) == TLA_MODEL ? b : a;
	char type = model_type(heap, tla_tag(a) == TLA_MODEL ? a : b), other_type;

	if (tla_tag(other) != TLA_MODEL)
		return type ? unequal_kinds(heap, a, b) : 0;
	other_type = model_type(heap, other);
	return type && other_type && type != other_type
		       ? unequal_types(heap, "check equality of", a, b)
		       : 0;
}

static int equal_sets(struct tla_heap *heap, const struct tla_obj *a, const struct tla_obj *b)
{
	int is_equal = tla_set_count(a) == tla_set_count(b);

	if (a->kind == TLA_INTERVAL && b->kind == TLA_INTERVAL)
		return is_equal && a->items[0] == b->items[0];
	for (uint64_t i = 0; is_equal == 1 && i < tla_set_count(a); i++)
		is_equal = tla_equal(heap, tla_set_at(a, i), tla_set_at(b, i));
	return is_equal;
}

static int equal_fcns(struct tla_heap *heap, const struct tla_obj *a, const struct tla_obj *b)
{
	const tla_value *x = tla_fcn_values(a), *y = tla_fcn_values(b);
	int is_equal = a->count == b->count;

	if (!same_domain(a, b))
		for (uint32_t i = 0; is_equal == 1 && i < a->count; i++)
			is_equal = tla_equal(heap, tla_fcn_domain_at(a, i),
					     tla_fcn_domain_at(b, i));
	for (uint32_t i = 0; is_equal == 1 && i < a->count; i++)
		is_equal = tla_equal(heap, x[i], y[i]);
	return is_equal;
}

/* Not the same word, both objects or infinite sets, of one rank. */
static int equal_objects(struct tla_heap *heap, tla_value a, tla_value b)
{
	if (tla_tag(a) == TLA_INFINITE || tla_tag(b) == TLA_INFINITE)
		return unequal_kinds(heap, a, b);
	if (tla_obj(a)->is_stored && tla_obj(b)->is_stored)
		return 0;
	a = tla_explicit(heap, a);
	b = a ? tla_explicit(heap, b) : TLA_NONE;
	if (!b)
		return -1;
	if (tla_obj(a)->hash && tla_obj(b)->hash && tla_obj(a)->hash != tla_obj(b)->hash)
		return 0;
	if (tla_obj(a)->kind <= TLA_INTERVAL)
		return equal_sets(heap, tla_obj(a), tla_obj(b));
	return equal_fcns(heap, tla_obj(a), tla_obj(b));
}

int tla_equal_slow(struct tla_heap *heap, tla_value a, tla_value b)
{
	if (a == b)
		return 1;
	if (tla_tag(a) == TLA_MODEL || tla_tag(b) == TLA_MODEL)
		return equal_models(heap, a, b);
	if (rank_of(a) != rank_of(b))
		return unequal_kinds(heap, a, b);
	return equal_objects(heap, a, b);
}

static uint64_t hash_object(const struct tla_obj *obj)
{
	uint64_t hash = tla_mix(obj->kind, obj->kind == TLA_INTERVAL ? 0 : obj->count);
	uint32_t count = obj->kind == TLA_FCN        ? obj->count + 1
			 : obj->kind == TLA_INTERVAL ? 2
						     : obj->count;

	for (uint32_t i = 0; i < count; i++)
		hash = tla_mix(hash, tla_hash(obj->items[i]));
	return hash | 1; /* 0 means: not computed */
}

uint64_t tla_hash(tla_value v)
{
	struct tla_obj *obj = tla_obj(v);

	if (!tla_is_object(v))
		return tla_mix(v, 0);
	if (!obj->hash)
		obj->hash = hash_object(obj);
	return obj->hash;
}

bool tla_is_uniform(struct tla_heap *heap, tla_value set)
{
	const struct tla_obj *obj = tla_obj(set);
	uint32_t i = 0;

	if (obj->kind == TLA_INTERVAL)
		return true;
	for (tla_value typed = TLA_NONE; i < obj->count && tla_tag(obj->items[i]) == TLA_MODEL;
	     i++) {
		char type = model_type(heap, obj->items[i]);

		if (type && typed && model_type(heap, typed) != type)
			return unequal_types(heap, "compare", obj->items[i], typed) == 0;
		typed = type ? obj->items[i] : typed;
	}
	/* Sorted: one rank after the other. */
	return i >= obj->count || rank_of(obj->items[i]) == rank_of(obj->items[obj->count - 1]) ||
	       unequal_kinds(heap, obj->items[i], obj->items[obj->count - 1]) == 0;
}
