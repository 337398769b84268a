/* SPDX-License-Identifier: MIT */
/*
 * Any one element of a set that is too large to be made: which are chosen at random.
 *
 * Invariant: two numbers below the count are two elements.
 */
#include "fcn.h"
#include "set.h"

enum { PICK_BITS_MAX = 60 };

/* a times b, or 0 where that is too large or one of them is 0. */
static uint64_t times(uint64_t a, uint64_t b)
{
	uint64_t product;

	return __builtin_mul_overflow(a, b, &product) || product >> PICK_BITS_MAX ? 0 : product;
}

static uint64_t power(uint64_t base, uint64_t exponent)
{
	uint64_t product = 1;

	if (base == 1)
		return 1;
	while (exponent-- > 0 && product > 0)
		product = times(product, base);
	return product;
}

uint64_t tla_pick_count(tla_value set)
{
	const struct tla_obj *obj = tla_is_object(set) ? tla_obj(set) : NULL;
	uint64_t count = 1;

	if (!obj)
		return 0;
	switch ((enum tla_kind)obj->kind) {
	case TLA_SET:
	case TLA_INTERVAL:
		return tla_set_count(obj);
	case TLA_SUBSET:
		count = tla_pick_count(obj->items[0]);
		return count > 0 && count < PICK_BITS_MAX ? (uint64_t)1 << count : 0;
	case TLA_FCNS:
		return power(tla_pick_count(obj->items[1]), tla_pick_count(obj->items[0]));
	case TLA_RCDS:
	case TLA_CROSS:
		for (uint32_t i = 0; i < obj->count; i++)
			count = times(count,
				      tla_pick_count(obj->items[i + (obj->kind == TLA_RCDS)]));
		return count;
	default:
		return 0;
	}
}

/* The elements that the number's bits name. */
static tla_value pick_subset(struct tla_heap *heap, tla_value set, uint64_t idx)
{
	tla_value items[PICK_BITS_MAX];
	uint32_t count = 0;

	for (uint64_t i = 0; idx > 0; i++, idx /= 2) {
		if (idx % 2 == 0)
			continue;
		items[count] = tla_pick(heap, set, i);
		if (!items[count++])
			return TLA_NONE;
	}
	return tla_set_new(heap, items, count);
}

/* The number's digits, one a value; sets: one for all, or one each. */
static bool pick_each(struct tla_heap *heap, const tla_value *sets, bool is_one, uint64_t count,
		      uint64_t idx, tla_value *ret_items)
{
	for (uint64_t i = 0; i < count; i++) {
		tla_value set = sets[is_one ? 0 : i];
		uint64_t base = tla_pick_count(set);

		ret_items[i] = tla_pick(heap, set, idx % base);
		idx /= base;
		if (!ret_items[i])
			return false;
	}
	return true;
}

tla_value tla_pick(struct tla_heap *heap, tla_value set, uint64_t idx)
{
	const struct tla_obj *obj = tla_obj(set);
	bool is_fcns = obj->kind == TLA_FCNS;
	tla_value domain = is_fcns ? tla_explicit(heap, obj->items[0]) : TLA_NONE, *items;
	uint64_t count;

	if (obj->kind == TLA_SET || obj->kind == TLA_INTERVAL)
		return tla_set_at(obj, idx);
	if (obj->kind == TLA_SUBSET)
		return pick_subset(heap, obj->items[0], idx);
	if (is_fcns && !domain)
		return TLA_NONE;
	count = is_fcns ? tla_set_count(tla_obj(domain)) : obj->count;
	items = tla_alloc(heap, (count + 1) * sizeof *items);
	if (!items ||
	    !pick_each(heap, obj->items + (obj->kind != TLA_CROSS), is_fcns, count, idx, items))
		return TLA_NONE;
	if (obj->kind == TLA_CROSS)
		return tla_tuple(heap, items, (uint32_t)count);
	return tla_fcn(heap, is_fcns ? domain : obj->items[0], items);
}
