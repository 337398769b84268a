/* SPDX-License-Identifier: MIT */
/*
 * Functions. Invariant: what leaves this file is in normal form: over 1..n, the empty set included,
 * a TUPLE; else an FCN whose domain is an explicit set.
 */
#include "fcn.h"

#include "order.h"
#include "print.h"
#include "set.h"

#include <string.h>

static bool all_plain(const tla_value *values, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (!tla_is_plain(values[i]))
			return false;
	return true;
}

tla_value tla_tuple(struct tla_heap *heap, const tla_value *items, uint32_t count)
{
	struct tla_obj *tuple = tla_obj_new(heap, TLA_TUPLE, count, count);

	if (!tuple)
		return TLA_NONE;
	tuple->is_plain = all_plain(items, count);
	if (count > 0) /* of none there may be no array */
		memcpy(tuple->items, items, count * sizeof *items);
	return tla_of(tuple);
}

static bool is_one_to_n(const struct tla_obj *domain)
{
	return domain->kind == TLA_INTERVAL ? domain->items[0] == tla_int(1) : domain->count == 0;
}

tla_value tla_fcn(struct tla_heap *heap, tla_value domain, const tla_value *values)
{
	uint64_t count = tla_set_count(tla_obj(domain));
	struct tla_obj *fcn;

	if (count > UINT32_MAX)
		return tla_fail(heap, "A function over %llu elements is too large.",
				(unsigned long long)count);
	if (is_one_to_n(tla_obj(domain)))
		return tla_tuple(heap, values, (uint32_t)count);
	fcn = tla_obj_new(heap, TLA_FCN, (uint32_t)count, count + 1);
	if (!fcn)
		return TLA_NONE;
	fcn->is_plain = all_plain(values, (uint32_t)count);
	fcn->items[0] = domain;
	memcpy(fcn->items + 1, values, count * sizeof *values);
	return tla_of(fcn);
}

/* Sort pairs by their arguments, of which none is there twice; few, as a rule. */
static void sort_pairs(tla_value *args, tla_value *values, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++) {
		tla_value arg = args[i], value = values[i];
		uint32_t j = i;

		for (; j > 0 && tla_compare(args[j - 1], arg) > 0; j--) {
			args[j] = args[j - 1];
			values[j] = values[j - 1];
		}
		args[j] = arg;
		values[j] = value;
	}
}

tla_value tla_record(struct tla_heap *heap, const tla_value *names, const tla_value *values,
		     uint32_t field_count)
{
	tla_value *args = tla_alloc(heap, 2 * (size_t)field_count * sizeof *args), domain;

	if (!args)
		return TLA_NONE;
	memcpy(args, names, field_count * sizeof *args);
	memcpy(args + field_count, values, field_count * sizeof *args);
	sort_pairs(args, args + field_count, field_count);
	domain = tla_set_new(heap, args, field_count);
	if (domain && tla_set_count(tla_obj(domain)) != field_count)
		return tla_fail(heap, "A field is named twice in a record.");
	return domain ? tla_fcn(heap, domain, args + field_count) : TLA_NONE;
}

tla_value tla_lambda(struct tla_heap *heap, tla_value domain, void *closure)
{
	struct tla_obj *lambda = tla_obj_new(heap, TLA_LAMBDA, 0, 2);

	if (!lambda)
		return TLA_NONE;
	lambda->items[0] = domain;
	lambda->items[1] = (uintptr_t)closure;
	return tla_of(lambda);
}

tla_value tla_single(struct tla_heap *heap, tla_value arg, tla_value value)
{
	tla_value domain = tla_set_new(heap, &arg, 1);

	return domain ? tla_fcn(heap, domain, &value) : TLA_NONE;
}

static tla_value not_a_function(struct tla_heap *heap, const char *what, tla_value v)
{
	char text[TLA_BRIEF_BYTES];

	return tla_fail(heap, "Attempted to %s a value that is not a function:\n%s", what,
			tla_brief(heap, v, text));
}

tla_value tla_override(struct tla_heap *heap, tla_value f, tla_value g)
{
	tla_value domain, *values;
	uint64_t count;

	if (!tla_is_fcn(f) || !tla_is_fcn(g))
		return not_a_function(heap, "apply @@ to", tla_is_fcn(f) ? g : f);
	f = tla_explicit(heap, f);
	g = f ? tla_explicit(heap, g) : TLA_NONE;
	domain = g ? tla_cup(heap, tla_domain(heap, f), tla_domain(heap, g)) : TLA_NONE;
	if (!domain)
		return TLA_NONE;
	count = tla_set_count(tla_obj(domain));
	values = tla_alloc(heap, count * sizeof *values);
	for (uint64_t i = 0; values && i < count; i++) {
		tla_value arg = tla_set_at(tla_obj(domain), i);
		int64_t at = tla_position(heap, tla_obj(f), arg);

		if (at >= 0)
			values[i] = tla_fcn_values(tla_obj(f))[at];
		else
			values[i] = tla_apply(heap, g, arg);
		if (!values[i])
			return TLA_NONE;
	}
	return values ? tla_fcn(heap, domain, values) : TLA_NONE;
}

tla_value tla_domain(struct tla_heap *heap, tla_value fcn)
{
	if (!tla_is_fcn(fcn))
		return not_a_function(heap, "apply DOMAIN to", fcn);
	if (tla_obj(fcn)->kind == TLA_TUPLE)
		return tla_interval(heap, 1, tla_obj(fcn)->count);
	return tla_obj(fcn)->items[0];
}

static int64_t position_in_interval(tla_value arg, int64_t lo, int64_t hi)
{
	if (!tla_is_int(arg) || tla_int_of(arg) < lo || tla_int_of(arg) > hi)
		return -1;
	return tla_int_of(arg) - lo;
}

int64_t tla_position(struct tla_heap *heap, const struct tla_obj *fcn, tla_value arg)
{
	const struct tla_obj *domain;
	int64_t lo = 0, hi;

	if (fcn->kind == TLA_TUPLE)
		return position_in_interval(arg, 1, fcn->count);
	domain = tla_obj(fcn->items[0]);
	if (domain->kind == TLA_INTERVAL)
		return position_in_interval(arg, tla_int_of(domain->items[0]),
					    tla_int_of(domain->items[1]));
	arg = tla_plain(heap, arg);
	hi = domain->count;
	while (arg && lo < hi) {
		int64_t middle = lo + (hi - lo) / 2;
		int order = tla_compare(arg, domain->items[middle]);

		if (order == 0)
			return middle;
		if (order < 0)
			hi = middle;
		else
			lo = middle + 1;
	}
	return -1;
}

static tla_value outside(struct tla_heap *heap, tla_value fcn, tla_value arg)
{
	char x[TLA_BRIEF_BYTES], y[TLA_BRIEF_BYTES];

	if (tla_is_kind(fcn, TLA_TUPLE))
		return tla_fail(
			heap, "Attempted to access index %s of tuple\n%s\nwhich is out of bounds.",
			tla_brief(heap, arg, x), tla_brief(heap, fcn, y));
	if (tla_is_record(fcn))
		return tla_fail(heap, "Attempted to access nonexistent field %s of record\n%s",
				tla_brief(heap, arg, x), tla_brief(heap, fcn, y));
	return tla_fail(heap,
			"Attempted to apply function:\n%s\nto argument %s, which is not in the "
			"domain of the function.",
			tla_brief(heap, fcn, y), tla_brief(heap, arg, x));
}

static tla_value apply_lambda(struct tla_heap *heap, tla_value fcn, tla_value arg)
{
	int is_member = tla_member(heap, arg, tla_obj(fcn)->items[0]);

	if (is_member == 1)
		return heap->hooks.apply(heap->hooks.eval, fcn, arg);
	return is_member ? TLA_NONE : outside(heap, fcn, arg);
}

tla_value tla_apply(struct tla_heap *heap, tla_value fcn, tla_value arg)
{
	int64_t at;

	if (!tla_is_fcn(fcn))
		return not_a_function(heap, "apply", fcn);
	if (tla_obj(fcn)->kind == TLA_LAMBDA)
		return apply_lambda(heap, fcn, arg);
	at = tla_position(heap, tla_obj(fcn), arg);
	return at < 0 ? outside(heap, fcn, arg) : tla_fcn_values(tla_obj(fcn))[at];
}

tla_value tla_field(struct tla_heap *heap, tla_value rcd, tla_value name, uint32_t *hint)
{
	const struct tla_obj *fcn = tla_obj(rcd), *names;
	int64_t at;

	if (!tla_is_kind(rcd, TLA_FCN)) {
		if (tla_is_kind(rcd, TLA_LAMBDA))
			return tla_apply(heap, rcd, name);
		return tla_is_kind(rcd, TLA_TUPLE) ? outside(heap, rcd, name)
						   : not_a_function(heap, "select a field of", rcd);
	}
	names = tla_obj(fcn->items[0]);
	/* Records of one type have their fields in the same places. */
	if (names->kind == TLA_SET && *hint < names->count && names->items[*hint] == name)
		return fcn->items[*hint + 1];
	at = tla_position(heap, fcn, name);
	if (at < 0)
		return outside(heap, rcd, name);
	*hint = (uint32_t)at;
	return tla_fcn_values(fcn)[at];
}

tla_value tla_replace(struct tla_heap *heap, const struct tla_obj *fcn, uint64_t position,
		      tla_value value)
{
	uint32_t before = fcn->kind == TLA_FCN, item_count = fcn->count + before;
	struct tla_obj *copy = tla_obj_new(heap, (enum tla_kind)fcn->kind, fcn->count, item_count);

	if (!copy)
		return TLA_NONE;
	memcpy(copy->items, fcn->items, item_count * sizeof(tla_value));
	copy->items[position + before] = value;
	copy->is_plain = fcn->is_plain ? tla_is_plain(value)
				       : all_plain(copy->items + before, fcn->count);
	return tla_of(copy);
}

const struct tla_obj *tla_as_sequence(struct tla_heap *heap, tla_value v)
{
	if (tla_is_kind(v, TLA_LAMBDA))
		v = tla_explicit(heap, v);
	return v && tla_is_kind(v, TLA_TUPLE) ? tla_obj(v) : NULL;
}
