/* SPDX-License-Identifier: MIT */
/*
 * The one order of values, their equality and their hash.
 *
 * The order is TLC's where TLC has one (integers; strings and model values by symbol; sets and
 * functions by size, then item by item) and puts kinds that TLC refuses to compare one after the
 * other, so that sorting cannot fail. Equality is as strict as TLC's: comparing a string with a set
 * is an error.
 */
#ifndef TLA_ORDER_H
#define TLA_ORDER_H

#include "heap.h"

/* Below, equal to or above zero. Both in normal form (unevaluated ones: by kind and items). */
int tla_compare_slow(tla_value a, tla_value b);

static inline int tla_compare(tla_value a, tla_value b)
{
	if (a == b)
		return 0;
	if (tla_tag(a) == tla_tag(b) && tla_tag(a) != TLA_OBJECT)
		return (int64_t)a < (int64_t)b ? -1 : 1;
	return tla_compare_slow(a, b);
}

/* 1, 0; or -1 and the heap's error: values that cannot be compared. */
int tla_equal_slow(struct tla_heap *heap, tla_value a, tla_value b);

static inline int tla_equal(struct tla_heap *heap, tla_value a, tla_value b)
{
	if (tla_tag(a) == tla_tag(b) && tla_tag(a) != TLA_OBJECT && tla_tag(a) != TLA_MODEL)
		return a == b;
	return tla_equal_slow(heap, a, b);
}

/* Of the contents: equal values have equal hashes. Kept in objects. Normal forms only. */
uint64_t tla_hash(tla_value v);

__extension__ typedef unsigned __int128 tla_u128;

/* The mixer that hashes are made with. */
static inline uint64_t tla_mix(uint64_t a, uint64_t b)
{
	tla_u128 product = (tla_u128)(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xe7037ed1a0b428dbu);

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/*
 * Whether TLC would compare all elements of this set with each other when it sorts them: it would
 * not those of {1, "a"}. False: the heap's error says which two it would not.
 */
bool tla_is_uniform(struct tla_heap *heap, tla_value set);

#endif /* TLA_ORDER_H */
